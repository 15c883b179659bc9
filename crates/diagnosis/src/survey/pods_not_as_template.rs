//! Pods run another template than the one of their owner, and nothing will change that.
//!
//! ## What it looks for
//! A StatefulSet or DaemonSet with `OnDelete` whose pods were not all made from its newest template, a StatefulSet whose
//! `partition` keeps its first pods at an earlier one, and a ReplicaSet of nobody with pods of another image. A notice,
//! or a warning where the pods that are in trouble are the ones left behind. What was killed for its memory under a limit
//! that its template does not have is told so, with the limit range that gave it.
//!
//! ## What it does not see
//! A rollout on its way, which replaces its pods by itself, and one that is paused. Since when they are left behind.

use k8s_openapi::api::apps::v1::{DaemonSet, ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::Pod;
use types::{ClusterFault, Finding, Severity, Subject};

mod lowered;

use super::cluster;
use super::edges::failing;
use super::scene::{Scene, controller, is_over, name, namespace, subject};
use super::words::entry;
use crate::Root;

pub(super) use lowered::named;

/// Tells the revisions of a set apart.
const REVISION: &str = "controller-revision-hash";
/// What replaces no pod by itself.
const ON_DELETE: &str = "OnDelete";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let mut found: Vec<_> =
        scene.all.workloads.iter().filter_map(|it| of_root(it, scene)).collect();
    found.sort_by(|a, b| a.subject.cmp(&b.subject));
    found
}

fn of_root(root: &Root, scene: &Scene<'_>) -> Option<Finding> {
    match root {
        Root::StatefulSet(it) => of_stateful_set(it, scene),
        Root::DaemonSet(it) => of_daemon_set(it, scene),
        Root::ReplicaSet(it) => of_replica_set(it, scene),
        Root::Pod(_) | Root::Deployment(_) | Root::Job(_) | Root::CronJob(_) => None,
    }
}

/// How many pods are left behind of how many, and why.
struct Left {
    old: i32,
    all: i32,
    why: String,
    field: &'static str,
    value: String,
}

fn of_stateful_set(set: &StatefulSet, scene: &Scene<'_>) -> Option<Finding> {
    let (spec, status) = (set.spec.as_ref()?, set.status.as_ref()?);
    let newest = status.update_revision.as_deref()?;
    let is_seen = status.observed_generation == set.metadata.generation;
    let (all, new) = (status.replicas, status.updated_replicas.unwrap_or(0));
    if !is_seen || status.current_revision.as_deref() == Some(newest) || all <= new {
        return None;
    }
    let strategy = spec.update_strategy.as_ref()?;
    let partition = strategy.rolling_update.as_ref().and_then(|it| it.partition).unwrap_or(0);
    let left = if strategy.type_.as_deref() == Some(ON_DELETE) {
        on_delete(all - new, all)
    } else if 0 < partition && all - new <= partition {
        Left {
            old: all - new,
            all,
            why: format!("the partition keeps those before number {partition} as they are"),
            field: "/spec/updateStrategy/rollingUpdate/partition",
            value: partition.to_string(),
        }
    } else {
        return None;
    };
    let about = subject("StatefulSet", &set.metadata);
    let is_old =
        |it: &Pod| entry(it.metadata.labels.as_ref(), REVISION).is_some_and(|it| it != newest);
    Some(told(about, &left, is_old, scene))
}

fn on_delete(old: i32, all: i32) -> Left {
    Left {
        old,
        all,
        why: "with OnDelete they stay until somebody deletes them".to_owned(),
        field: "/spec/updateStrategy/type",
        value: ON_DELETE.to_owned(),
    }
}

fn of_daemon_set(set: &DaemonSet, scene: &Scene<'_>) -> Option<Finding> {
    let (spec, status) = (set.spec.as_ref()?, set.status.as_ref()?);
    let is_seen = status.observed_generation == set.metadata.generation;
    let (all, new) =
        (status.current_number_scheduled, status.updated_number_scheduled.unwrap_or(0));
    let kind = spec.update_strategy.as_ref().and_then(|it| it.type_.as_deref());
    if !is_seen || kind != Some(ON_DELETE) || all <= new {
        return None;
    }
    // Which revision is the newest one is not said: only where none is of it, all are old.
    let is_old = |_: &Pod| new == 0;
    Some(told(subject("DaemonSet", &set.metadata), &on_delete(all - new, all), is_old, scene))
}

fn of_replica_set(set: &ReplicaSet, scene: &Scene<'_>) -> Option<Finding> {
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
        old: count(old),
        all: count(pods.len()),
        why: "a ReplicaSet leaves the pods that it has made as they are".to_owned(),
        field: "/spec/template",
        value: "another image than that of its pods".to_owned(),
    };
    (0 < old).then(|| told(subject("ReplicaSet", &set.metadata), &left, is_old, scene))
}

fn told(
    about: Subject,
    left: &Left,
    is_old: impl Fn(&Pod) -> bool,
    scene: &Scene<'_>,
) -> Finding {
    let trouble = scene.workload_findings.iter().find(|it| it.subject == about);
    let failing = trouble.map(|it| failing(it, scene)).unwrap_or_default();
    let is_stale = !failing.is_empty() && failing.iter().all(|it| is_old(it));
    let Left { old, all, why, field, value } = left;
    let begin = if is_stale { "The pods that are in trouble are" } else { "There are pods" };
    let cause = format!("{begin} of an earlier template ({old} of {all}): {why}.");
    let severity = if is_stale { Severity::Warning } else { Severity::Notice };
    let fault = cluster(ClusterFault::PodsNotAsTemplate);
    let finding = Finding::new(about, severity, fault, cause).clue(*field, value).at(*field);
    finding.clue("pods of the newest template", &format!("{} of {all}", all - old)).sure(0.9)
}
