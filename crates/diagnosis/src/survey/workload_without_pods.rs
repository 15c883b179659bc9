//! A workload wants pods, has none, and nobody says why.
//!
//! ## What it looks for
//! A Deployment, ReplicaSet or `StatefulSet` that wants replicas for minutes and has not a single pod, although its own
//! rules find nothing wrong: then whoever should make them does nothing. Where its status is about an older generation,
//! its controller has not even looked at it.
//!
//! ## What it does not see
//! Why a controller does nothing: it may be down, or wait for its turn. One that is paused, which is meant.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use types::{AnyFault, ClusterFault, Fault, Finding, Severity, Subject};

use super::scene::{Scene, last_seen};
use crate::Root;
use crate::confidence;

/// How long it may be without pods after it was made, in seconds.
const PATIENCE_SECS: i64 = 300;
/// News of it that are younger than this, in seconds, tell that somebody is at work.
const NEWS_SECS: i64 = 60;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.workloads.iter().filter_map(|it| of_workload(it, scene)).collect()
}

/// The findings without those of this rule about what another rule explains; what nothing suffers from explains
/// nothing.
pub(super) fn told_last(mut found: Vec<Finding>) -> Vec<Finding> {
    let unknown = AnyFault::Workload(Fault::Unknown);
    let overlap = AnyFault::Cluster(ClusterFault::SelectorsOverlap);
    let known = found.iter().filter(|it| it.fault != unknown && it.fault != overlap);
    let known = known.filter(|it| it.severity != Severity::Notice);
    let known: BTreeSet<_> = known.map(|it| it.subject.clone()).collect();
    found.retain(|it| it.fault != unknown || !known.contains(&it.subject));
    found
}

fn of_workload(root: &Root, scene: &Scene<'_>) -> Option<Finding> {
    let Told { observed, replicas } = told(root)?;
    let metadata = root.metadata();
    let wanted = root.desired().filter(|it| 0 < *it)?;
    let about = Subject::from(&root.object_ref());
    let is_at_work = scene.events(&about).iter().any(|it| {
        let seen = last_seen(it);
        seen.is_some() && scene.age_secs(seen) < NEWS_SECS
    });
    let is_known = scene.is_in_trouble(&about);
    if metadata.deletion_timestamp.is_some() || !is_old(metadata, scene) || is_at_work || is_known {
        return None;
    }
    if !scene.pods_of(&about).is_empty() {
        return None;
    }
    let generation = metadata.generation.unwrap_or(0);
    let finding = |cause: String| {
        let fault = AnyFault::Workload(Fault::Unknown);
        let finding = Finding::new(about.clone(), Severity::Critical, fault, cause);
        finding.clue("workload.desired", &wanted).clue("pods", "none")
    };
    let wants = if wanted == 1 { "1 pod".to_owned() } else { format!("{wanted} pods") };
    Some(if observed < generation {
        let cause = format!(
            "It wants {wants} and has none: its controller has not looked at it, and is perhaps not running."
        );
        let seen = format!("{observed}, and it is at {generation}");
        finding(cause).clue("status.observedGeneration", &seen).sure(confidence::LIKELY)
    } else if 0 < replicas {
        let cause = format!(
            "It wants {wants} and has none, while its status still counts {replicas}: its controller is perhaps not \
             running."
        );
        finding(cause).clue("status.replicas", &replicas).sure(confidence::GUESSED)
    } else {
        finding(format!("It wants {wants} and has none, and nobody says why."))
            .sure(confidence::SYMPTOM)
    })
}

/// What its controller last said of it.
struct Told {
    /// The generation that it has seen.
    observed: i64,
    /// The pods that it counts.
    replicas: i32,
}

/// What the controller said; `None` for kinds that make no pods by themselves or are paused.
fn told(root: &Root) -> Option<Told> {
    let (observed, replicas) = match root {
        Root::Deployment(it) => {
            if it.spec.as_ref().is_some_and(|it| it.paused == Some(true)) {
                return None;
            }
            let status = it.status.as_ref();
            (status.and_then(|it| it.observed_generation), status.and_then(|it| it.replicas))
        }
        Root::ReplicaSet(it) => {
            let status = it.status.as_ref();
            (status.and_then(|it| it.observed_generation), status.map(|it| it.replicas))
        }
        Root::StatefulSet(it) => {
            let status = it.status.as_ref();
            (status.and_then(|it| it.observed_generation), status.map(|it| it.replicas))
        }
        Root::Pod(_) | Root::DaemonSet(_) | Root::Job(_) | Root::CronJob(_) | Root::Service(_) => {
            return None;
        }
    };
    Some(Told { observed: observed.unwrap_or(0), replicas: replicas.unwrap_or(0) })
}

/// Whether it is known to be old enough.
fn is_old(metadata: &ObjectMeta, scene: &Scene<'_>) -> bool {
    metadata.creation_timestamp.is_some() && !scene.is_new(metadata, PATIENCE_SECS)
}
