//! The snapshot with what the rules look up in it.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Pod, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use types::{Clue, Finding, Subject};

use super::policy_blocks_needs::Block;
use crate::suspicion::RECENT;
use crate::{Redactor, Root, Snapshot};

/// How long pods may start before it is trouble that nobody says anything about, in seconds: what fails to
/// start is told by its own rules, and the last of those waits as long.
const START_SECS: i64 = 300;

/// The snapshot with what the rules look up in it.
pub(super) struct Scene<'a> {
    /// The objects.
    pub(super) all: &'a Snapshot,
    /// What the workloads' own rules found.
    pub(super) workload_findings: Vec<Finding>,
    redactor: &'a Redactor,
    pods: BTreeMap<&'a str, Vec<&'a Pod>>,
    named_pods: BTreeMap<(&'a str, &'a str), &'a Pod>,
    /// The pods by their root owners.
    owned_pods: BTreeMap<Subject, Vec<&'a Pod>>,
    jobs: BTreeMap<(&'a str, &'a str), &'a Job>,
    services: BTreeMap<(&'a str, &'a str), &'a Service>,
    workloads: BTreeMap<(&'a str, &'a str, &'a str), &'a Root>,
    events: BTreeMap<(&'a str, &'a str, &'a str), Vec<&'a Event>>,
    /// What policies keep workloads from, once somebody asked for it.
    pub(super) blocks: OnceCell<BTreeMap<Subject, Block>>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        all: &'a Snapshot,
        workload_findings: Vec<Finding>,
        redactor: &'a Redactor,
    ) -> Self {
        let mut pods: BTreeMap<_, Vec<&Pod>> = BTreeMap::new();
        let mut named_pods: BTreeMap<_, &Pod> = BTreeMap::new();
        for pod in &all.pods {
            pods.entry(namespace(&pod.metadata)).or_default().push(pod);
            named_pods.insert(key(&pod.metadata), pod);
        }
        let services = all.services.iter().flatten();
        let mut events: BTreeMap<_, Vec<&Event>> = BTreeMap::new();
        for event in &all.events {
            let about = &event.involved_object;
            let word = |it: &'a Option<String>| it.as_deref().unwrap_or_default();
            let key = (word(&about.kind), word(&about.namespace), word(&about.name));
            events.entry(key).or_default().push(event);
        }
        for events in events.values_mut() {
            events.sort_by_key(|it| std::cmp::Reverse(last_seen(it)));
        }
        let mut scene = Self {
            all,
            workload_findings,
            redactor,
            pods,
            named_pods,
            owned_pods: BTreeMap::new(),
            jobs: all.jobs.iter().map(|it| (key(&it.metadata), &**it)).collect(),
            services: services.map(|it| (key(&it.metadata), it)).collect(),
            workloads: all
                .workloads
                .iter()
                .map(|it| ((it.kind().as_str(), namespace(it.metadata()), name(it.metadata())), it))
                .collect(),
            events,
            blocks: OnceCell::new(),
        };
        for pod in &all.pods {
            scene.owned_pods.entry(scene.root_of(pod)).or_default().push(pod);
        }
        scene
    }

    /// The pods of a namespace.
    pub(super) fn pods(&self, namespace: &str) -> &[&'a Pod] {
        self.pods.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// The pod of this name.
    pub(super) fn pod(&self, namespace: &str, name: &str) -> Option<&'a Pod> {
        self.named_pods.get(&(namespace, name)).copied()
    }

    /// The pods whose root owner this is, those that are over among them.
    pub(super) fn pods_of(&self, root: &Subject) -> &[&'a Pod] {
        self.owned_pods.get(root).map_or(&[], Vec::as_slice)
    }

    /// The job of this name.
    pub(super) fn job(&self, namespace: &str, name: &str) -> Option<&'a Job> {
        self.jobs.get(&(namespace, name)).copied()
    }

    /// The pods of a namespace with these labels, all of them.
    pub(super) fn pods_with(
        &self,
        namespace: &str,
        labels: &BTreeMap<String, String>,
    ) -> Vec<&'a Pod> {
        let has = |it: &&&Pod| has_labels(it.metadata.labels.as_ref(), labels);
        self.pods(namespace).iter().filter(has).copied().collect()
    }

    /// The Service of this name.
    pub(super) fn service(&self, namespace: &str, name: &str) -> Option<&'a Service> {
        self.services.get(&(namespace, name)).copied()
    }

    /// The names of the Services of a namespace.
    pub(super) fn service_names(&self, namespace: &str) -> Vec<String> {
        let services = self.services.keys().filter(|it| it.0 == namespace);
        services.map(|it| it.1.to_owned()).collect()
    }

    /// The root owner of this kind and name.
    pub(super) fn workload(&self, kind: &str, namespace: &str, name: &str) -> Option<&'a Root> {
        self.workloads.get(&(kind, namespace, name)).copied()
    }

    /// The events about an object, newest first.
    pub(super) fn events<'s>(&'s self, subject: &'s Subject) -> &'s [&'a Event] {
        let key = (subject.kind.as_str(), subject.namespace.as_str(), subject.name.as_str());
        self.events.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The root owner of a pod, as far as the snapshot knows it.
    pub(super) fn root_of(&self, pod: &Pod) -> Subject {
        let namespace = namespace(&pod.metadata);
        let Some(owner) = controller(&pod.metadata) else {
            return Subject::new("Pod", namespace, name(&pod.metadata));
        };
        let (kind, owner) = owner;
        let above = match kind {
            "ReplicaSet" => owner.rsplit_once('-').map(|it| ("Deployment", it.0)),
            "Job" => self.job(namespace, owner).and_then(|it| controller(&it.metadata)),
            _ => None,
        };
        let above = above.filter(|it| self.workload(it.0, namespace, it.1).is_some());
        let (kind, name) = above.unwrap_or((kind, owner));
        Subject::new(kind, namespace, name)
    }

    /// Whether an object was made less than this many seconds ago; one of unknown age was not.
    pub(super) fn is_new(&self, metadata: &ObjectMeta, secs: i64) -> bool {
        let created = metadata.creation_timestamp.as_ref().map(|it| it.0);
        created.is_some() && self.age_secs(created) < secs
    }

    /// Whether an event tells of now; one of unknown age does.
    pub(super) fn is_recent(&self, event: &Event) -> bool {
        let secs = RECENT.as_secs();
        last_seen(event).is_none_or(|it| self.age_secs(Some(it)) < secs)
    }

    /// Whether one of these pods is young and their workloads' own rules find nothing wrong with them.
    pub(super) fn are_starting(&self, pods: &[&Pod]) -> bool {
        let is_young = |it: &&Pod| self.is_new(&it.metadata, START_SECS);
        let is_in_trouble = |pod: &&Pod| {
            let root = self.root_of(pod);
            self.workload_findings.iter().any(|it| it.subject == root)
        };
        pods.iter().any(is_young) && !pods.iter().any(is_in_trouble)
    }

    /// A text without secrets.
    pub(super) fn redact(&self, text: &str) -> String {
        self.redactor.redact(text)
    }

    /// A text about this object without secrets, to be cut.
    pub(super) fn redact_about(&self, about: &Subject, text: &str) -> String {
        self.redactor.within(&about.namespace).redact(text)
    }

    /// The finding without what the workloads of its namespace hide.
    pub(super) fn apart(&self, finding: Finding) -> Finding {
        let hide = |it: &str| self.redactor.told_apart(&finding.subject.namespace, it);
        let clue = |it: &Clue| Clue { value: hide(&it.value), ..it.clone() };
        let clues = finding.clues.iter().map(clue).collect();
        Finding { cause: hide(&finding.cause), clues, ..finding }
    }

    /// How long ago this was, in seconds; 0 when it is not known.
    pub(super) fn age_secs(&self, at: Option<Timestamp>) -> i64 {
        at.map_or(0, |it| self.all.taken_at.duration_since(it).as_secs())
    }
}

/// The namespace of an object; empty for one that has none.
pub(super) fn namespace(metadata: &ObjectMeta) -> &str {
    metadata.namespace.as_deref().unwrap_or_default()
}

/// The name of an object.
pub(super) fn name(metadata: &ObjectMeta) -> &str {
    metadata.name.as_deref().unwrap_or_default()
}

/// Namespace and name of an object.
fn key(metadata: &ObjectMeta) -> (&str, &str) {
    (namespace(metadata), name(metadata))
}

/// The object of this kind with this metadata.
pub(super) fn subject(kind: &str, metadata: &ObjectMeta) -> Subject {
    Subject::new(kind, namespace(metadata), name(metadata))
}

/// Whether an object has all these labels.
pub(super) fn has_labels(
    labels: Option<&BTreeMap<String, String>>,
    wanted: &BTreeMap<String, String>,
) -> bool {
    wanted.iter().all(|(key, value)| labels.and_then(|it| it.get(key)) == Some(value))
}

/// Whether a selector takes an object with these labels; an empty one takes everything.
pub(crate) fn selects(selector: &LabelSelector, labels: Option<&BTreeMap<String, String>>) -> bool {
    let by_labels = selector.match_labels.as_ref().is_none_or(|it| has_labels(labels, it));
    let by_expressions = selector.match_expressions.iter().flatten().all(|it| {
        let value = labels.and_then(|labels| labels.get(&it.key));
        let values = it.values.as_deref().unwrap_or_default();
        match it.operator.as_str() {
            "In" => value.is_some_and(|it| values.contains(it)),
            "NotIn" => value.is_none_or(|it| !values.contains(it)),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    });
    by_labels && by_expressions
}

/// Whether a pod's condition `Ready` is true.
pub(super) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|it| it.conditions.iter().flatten());
    conditions.into_iter().any(|it| it.type_ == "Ready" && it.status == "True")
}

/// Whether a pod is done: it serves nobody any more.
pub(super) fn is_over(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|it| it.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed")) || pod.metadata.deletion_timestamp.is_some()
}

/// Whether a workload has done its work: nobody needs to look at what it was given.
pub(super) fn is_done(root: &Root) -> bool {
    match root {
        Root::Job(it) => it.status.as_ref().is_some_and(|it| it.completion_time.is_some()),
        Root::Pod(it) => is_over(it),
        Root::Deployment(_)
        | Root::ReplicaSet(_)
        | Root::StatefulSet(_)
        | Root::DaemonSet(_)
        | Root::CronJob(_)
        | Root::Service(_) => false,
    }
}

/// When an event was last seen.
pub(super) fn last_seen(event: &Event) -> Option<Timestamp> {
    let series = event.series.as_ref().and_then(|it| it.last_observed_time.as_ref());
    let micro = series.or(event.event_time.as_ref()).map(|it| it.0);
    let plain = event.last_timestamp.as_ref().or(event.first_timestamp.as_ref()).map(|it| it.0);
    plain.max(micro).or(event.metadata.creation_timestamp.as_ref().map(|it| it.0))
}

/// Kind and name of the owner that controls an object.
pub(super) fn controller(metadata: &ObjectMeta) -> Option<(&str, &str)> {
    let mut owners = metadata.owner_references.iter().flatten();
    owners.find(|it| it.controller == Some(true)).map(|it| (it.kind.as_str(), it.name.as_str()))
}

/// Whether a namespace is one of the cluster's own.
pub(super) fn is_system(namespace: &str) -> bool {
    namespace.starts_with("kube-")
}
