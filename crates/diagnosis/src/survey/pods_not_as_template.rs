//! Pods run another template than the one of their owner, and nothing will change that.
//!
//! ## What it looks for
//! A StatefulSet or DaemonSet with `OnDelete` whose pods were not all made from its newest template, a StatefulSet
//! whose `partition` keeps its first pods at an earlier one, and a ReplicaSet of nobody with pods of another image.
//! A notice; where the pods that are in trouble are the ones left behind, that is said with their trouble. What was
//! killed for its memory under a lower limit than that of its template is told so. A notice too where something on the
//! way gave all pods of a workload another image than its template's, or lower limits or requests; of pods that were
//! changed since they were made only another image tells, for limits and requests may be changed in place on purpose.
//!
//! ## What it does not see
//! A rollout on its way, which replaces its pods by itself, and one that is paused. Since when they are left behind.
//! Pods that a vertical autoscaler changes, and images from a mirror. Before Kubernetes 1.33 nothing tells pods that
//! were changed since they were made from those that were made so.

use k8s_openapi::api::apps::v1::{DaemonSet, ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::Pod;
use types::{ClusterFault, Finding, Severity, Subject};

mod changed;
mod lowered;

use super::cluster;
use super::edges::failing;
use super::scene::{Scene, controller, is_over, name, namespace, subject};
use super::words::entry;
use crate::Root;
use crate::confidence;

/// Tells the revisions of a set apart.
const REVISION: &str = "controller-revision-hash";
/// What replaces no pod by itself.
const ON_DELETE: &str = "OnDelete";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let left = scene.all.workloads.iter().filter_map(|it| of_root(it, scene));
    let mut found: Vec<_> = left.filter(|it| !it.is_stale).map(Left::told).collect();
    found.extend(changed::told(scene));
    found.sort_by(|a, b| a.subject.cmp(&b.subject));
    found
}

/// The finding with what its pods have to do with the template: they are of an earlier one, or were made with less.
pub(super) fn named(finding: Finding, scene: &Scene<'_>) -> Finding {
    let about = &finding.subject;
    let root = scene.workload(&about.kind, &about.namespace, &about.name);
    let left = root.and_then(|it| of_root(it, scene)).filter(|it| it.is_stale);
    let Some(left) = left else { return lowered::named(finding, scene) };
    let cause = finding.cause.strip_suffix('.').unwrap_or(&finding.cause);
    let cause = format!("{cause}; these pods are of an earlier template, and {}.", left.why);
    Finding { cause, ..finding }.clue(left.field, &left.value)
}

fn of_root(root: &Root, scene: &Scene<'_>) -> Option<Left> {
    match root {
        Root::StatefulSet(it) => of_stateful_set(it, scene),
        Root::DaemonSet(it) => of_daemon_set(it, scene),
        Root::ReplicaSet(it) => of_replica_set(it, scene),
        Root::Pod(_) | Root::Deployment(_) | Root::Job(_) | Root::CronJob(_) | Root::Service(_) => {
            None
        }
    }
}

/// How many pods are left behind of how many, and why.
struct Left {
    about: Subject,
    old: i32,
    all: i32,
    why: String,
    field: &'static str,
    value: String,
    /// Whether the pods that are in trouble are those.
    is_stale: bool,
}

impl Left {
    fn of(about: Subject, (old, all): (i32, i32)) -> Self {
        Self {
            about,
            old,
            all,
            why: "with OnDelete they stay until somebody deletes them".to_owned(),
            field: "/spec/updateStrategy/type",
            value: ON_DELETE.to_owned(),
            is_stale: false,
        }
    }

    /// The same, with whether those that are in trouble are all old.
    fn among(self, scene: &Scene<'_>, is_old: impl Fn(&Pod) -> bool) -> Self {
        let trouble = scene.workload_findings.iter().find(|it| it.subject == self.about);
        let failing = trouble.map(|it| failing(it, scene)).unwrap_or_default();
        let is_stale = !failing.is_empty() && failing.iter().all(|it| is_old(it));
        Self { is_stale, ..self }
    }

    fn told(self) -> Finding {
        let Self { about, old, all, why, field, value, is_stale: _ } = self;
        let cause = format!("There are pods of an earlier template ({old} of {all}): {why}.");
        let fault = cluster(ClusterFault::PodsNotAsTemplate);
        let finding = Finding::new(about, Severity::Notice, fault, cause).sure(confidence::WORDED);
        let finding = finding.clue(field, &value).at(field);
        finding.clue("pods of the newest template", &format!("{} of {all}", all - old))
    }
}

fn of_stateful_set(set: &StatefulSet, scene: &Scene<'_>) -> Option<Left> {
    let (spec, status) = (set.spec.as_ref()?, set.status.as_ref()?);
    let newest = status.update_revision.as_deref()?;
    let is_seen = status.observed_generation == set.metadata.generation;
    let (all, new) = (status.replicas, status.updated_replicas.unwrap_or(0));
    if !is_seen || status.current_revision.as_deref() == Some(newest) || all <= new {
        return None;
    }
    let strategy = spec.update_strategy.as_ref()?;
    let partition = strategy.rolling_update.as_ref().and_then(|it| it.partition).unwrap_or(0);
    let left = Left::of(subject("StatefulSet", &set.metadata), (all - new, all));
    let left = if strategy.type_.as_deref() == Some(ON_DELETE) {
        left
    } else if 0 < partition && all - new <= partition {
        Left {
            why: format!("the partition keeps those before number {partition} as they are"),
            field: "/spec/updateStrategy/rollingUpdate/partition",
            value: partition.to_string(),
            ..left
        }
    } else {
        return None;
    };
    let hash = |it: &Pod| entry(it.metadata.labels.as_ref(), REVISION).map(str::to_owned);
    Some(left.among(scene, |it| hash(it).is_some_and(|it| it != newest)))
}

fn of_daemon_set(set: &DaemonSet, scene: &Scene<'_>) -> Option<Left> {
    let (spec, status) = (set.spec.as_ref()?, set.status.as_ref()?);
    let is_seen = status.observed_generation == set.metadata.generation;
    let (all, new) =
        (status.current_number_scheduled, status.updated_number_scheduled.unwrap_or(0));
    let kind = spec.update_strategy.as_ref().and_then(|it| it.type_.as_deref());
    if !is_seen || kind != Some(ON_DELETE) || all <= new {
        return None;
    }
    let left = Left::of(subject("DaemonSet", &set.metadata), (all - new, all));
    // Which revision is the newest one is not said: only where none is of it, all are old.
    Some(left.among(scene, |_| new == 0))
}

fn of_replica_set(set: &ReplicaSet, scene: &Scene<'_>) -> Option<Left> {
    let wanted = &set.spec.as_ref()?.template.as_ref()?.spec.as_ref()?.containers;
    let is_old = |pod: &Pod| {
        let containers = pod.spec.iter().flat_map(|it| &it.containers);
        let mut pairs = containers.filter_map(|it| {
            let of_template = wanted.iter().find(|other| other.name == it.name)?;
            Some((&it.image, &of_template.image))
        });
        pairs.any(|(has, wanted)| has != wanted)
    };
    let own = ("ReplicaSet", name(&set.metadata));
    let pods = scene.pods(namespace(&set.metadata)).iter();
    let pods = pods.filter(|it| controller(&it.metadata) == Some(own) && !is_over(it));
    let pods: Vec<_> = pods.collect();
    let old = pods.iter().filter(|it| is_old(it)).count();
    let count = |it: usize| i32::try_from(it).unwrap_or(i32::MAX);
    let left = Left {
        why: "a ReplicaSet leaves the pods that it has made as they are".to_owned(),
        field: "/spec/template",
        value: "another image than that of its pods".to_owned(),
        ..Left::of(subject("ReplicaSet", &set.metadata), (count(old), count(pods.len())))
    };
    (0 < old).then(|| left.among(scene, is_old))
}
