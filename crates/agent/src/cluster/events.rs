//! Events: when they were last seen, and what they are about.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use types::{Kind, ObjectRef};

use super::caches::Caches;

/// When the event was last seen: there are four places where writers of events put that.
pub(crate) fn last_seen(event: &Event) -> Option<Timestamp> {
    let series = event.series.as_ref().and_then(|it| it.last_observed_time.as_ref());
    let micro = series.or(event.event_time.as_ref()).map(|it| it.0);
    let plain = event.last_timestamp.as_ref().or(event.first_timestamp.as_ref()).map(|it| it.0);
    let made = event.metadata.creation_timestamp.as_ref().map(|it| it.0);
    plain.max(micro).or(made)
}

impl Caches {
    /// The root owner of what the event is about.
    pub(crate) fn root_of_event(&self, event: &Event) -> Option<ObjectRef> {
        let about = &event.involved_object;
        let kind = Kind::parse(about.kind.as_deref()?)?;
        self.root_of_involved(kind, about.namespace.as_deref()?, about.name.as_deref()?)
    }

    fn root_of_involved(&self, kind: Kind, namespace: &str, name: &str) -> Option<ObjectRef> {
        match kind {
            Kind::Pod => self.root_of_named((&self.pods, kind), namespace, name),
            Kind::ReplicaSet => self.root_of_named((&self.replica_sets, kind), namespace, name),
            Kind::Job => self.root_of_named((&self.jobs, kind), namespace, name),
            Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::CronJob => {
                Some(ObjectRef::named(kind, namespace, name))
            }
            Kind::Node | Kind::Service | Kind::PersistentVolumeClaim | Kind::ConfigMap => None,
        }
    }

    /// The events about one object.
    pub(crate) fn events_about(&self, kind: Kind, namespace: &str, name: &str) -> Vec<Arc<Event>> {
        self.events.of_outlined(namespace, |it| it.kind == Some(kind) && *it.name == *name)
    }

    /// The events about this subject, its owned objects and its pods.
    pub(crate) fn events_of(&self, subject: &ObjectRef) -> Vec<Arc<Event>> {
        let namespace = subject.namespace.as_str();
        self.events.of_outlined(namespace, |it| {
            let root = it.kind.and_then(|kind| self.root_of_involved(kind, namespace, &it.name));
            root.is_some_and(|root| root.is_same(subject))
        })
    }

    /// The events that a survey reads: that all went well with a pod is no news.
    pub(super) fn events_of_note(&self) -> Vec<Arc<Event>> {
        self.events.all_outlined(|it| it.warns || it.kind != Some(Kind::Pod))
    }
}

/// The object that the event is about, as a person names it: `Pod/web-1`.
pub(crate) fn about(event: &Event) -> String {
    let about = &event.involved_object;
    let word = |it: &Option<String>| it.clone().unwrap_or_else(|| "?".to_owned());
    format!("{}/{}", word(&about.kind), word(&about.name))
}
