//! Who owns whom, and since when pods are ready.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::clock::Moment;
use crate::fields::Fields;
use crate::store::{Change, ChangeKind, Store};

/// A resource's plural, a namespace and a name.
pub(super) type Place = (&'static str, String, String);

/// The objects of the cluster by their owners.
#[derive(Debug, Default)]
pub(super) struct Family {
    children: BTreeMap<String, BTreeSet<Place>>,
    ready: BTreeMap<String, Moment>,
    /// When a deployment last came nearer to its goal.
    pub(super) progress: BTreeMap<String, Moment>,
    /// How often in a row a controller failed to create something.
    pub(super) failures: BTreeMap<String, u32>,
    /// When a job's or a cron job's time began.
    pub(super) begun: BTreeMap<String, Moment>,
}

impl Family {
    pub(super) fn new(store: &Store) -> Self {
        let mut family = Self::default();
        for resource in crate::resources::ALL.iter().filter(|it| it.plural != "events") {
            for object in store.list(resource.plural, None).0 {
                family.add(resource.plural, &object);
                family.note_ready(resource.plural, &object, Moment::ZERO);
            }
        }
        family
    }

    /// Takes note of a change.
    pub(super) fn see(&mut self, change: &Change, now: Moment) {
        let owners = change.object.at("/metadata/ownerReferences");
        if let Some(previous) = &change.previous
            && (previous.at("/metadata/ownerReferences") != owners
                || change.kind == ChangeKind::Deleted)
        {
            self.remove(change.plural, previous);
        }
        if change.kind == ChangeKind::Deleted {
            let uid = change.object.uid();
            self.ready.remove(uid);
            self.progress.remove(uid);
            self.failures.remove(uid);
            self.begun.remove(uid);
            return;
        }
        self.add(change.plural, &change.object);
        self.note_ready(change.plural, &change.object, now);
    }

    fn note_ready(&mut self, plural: &str, object: &Value, now: Moment) {
        if plural != "pods" {
            return;
        }
        if is_ready(object) {
            self.ready.entry(object.uid().to_owned()).or_insert(now);
        } else {
            self.ready.remove(object.uid());
        }
    }

    fn add(&mut self, plural: &'static str, object: &Value) {
        for owner in object.list("/metadata/ownerReferences") {
            let place = (plural, object.namespace().to_owned(), object.name().to_owned());
            self.children.entry(owner.text("/uid").to_owned()).or_default().insert(place);
        }
    }

    fn remove(&mut self, plural: &'static str, object: &Value) {
        for owner in object.list("/metadata/ownerReferences") {
            let place = (plural, object.namespace().to_owned(), object.name().to_owned());
            let Some(children) = self.children.get_mut(owner.text("/uid")) else { continue };
            children.remove(&place);
            if children.is_empty() {
                self.children.remove(owner.text("/uid"));
            }
        }
    }

    /// All that an object owns.
    pub(super) fn places(&self, owner: &str) -> Vec<Place> {
        self.children.get(owner).into_iter().flatten().cloned().collect()
    }

    /// What an object controls of one resource.
    pub(super) fn of(&self, store: &Store, owner: &Value, plural: &str) -> Vec<Arc<Value>> {
        let places = self.children.get(owner.uid()).into_iter().flatten();
        places
            .filter(|it| it.0 == plural)
            .filter_map(|it| store.get(it.0, &it.1, &it.2))
            .filter(|it| it.controller().is_some_and(|it| it.text("/uid") == owner.uid()))
            .collect()
    }

    /// Since when a pod is ready.
    pub(super) fn ready_since(&self, pod: &Value) -> Option<Moment> {
        self.ready.get(pod.uid()).copied()
    }
}

/// Whether a pod says that it is ready.
pub(super) fn is_ready(pod: &Value) -> bool {
    pod.condition("Ready").is_some_and(|it| it.text("/status") == "True")
}

/// Whether a pod counts: it has not ended, and nobody wants it to.
pub(super) fn is_active(pod: &Value) -> bool {
    !pod.is_going() && !matches!(pod.text("/status/phase"), "Succeeded" | "Failed")
}
