//! A rollout that nobody sees: it is paused before its first pod, or counts its pods only long after they are ready.
//!
//! ## What it looks for
//! A Deployment that is paused, has pods, and none of them of its template. All pods ready of a workload that are not
//! available for minutes, since `minReadySeconds` says so. Both are notices: somebody may have meant it. A warning
//! where that is an hour or more and keeps pods from being made or replaced: a StatefulSet that makes one after the
//! other has fewer than it wants, or a DaemonSet has replaced only some.
//!
//! ## What it does not see
//! A rollout that is paused half way, to look at the first pods; one that is paused and whose template is what runs. A
//! Deployment cannot wait for longer than its `progressDeadlineSeconds`: the API server wants `minReadySeconds` to be
//! less.

use types::{AnyFault, Fault, Finding, Severity, Subject};

use super::scene::Scene;
use crate::Root;
use crate::confidence;

/// How long, in seconds, a pod may have to be ready before that is no ordinary care.
const LONG_SECS: i32 = 300;
/// The same from which on it is no care any more, where pods are missed for it. No document names a number: Kubernetes
/// calls the rollout of a Deployment stuck after 600 seconds without a step, and this is six times as long for each
/// pod.
const BEYOND_SECS: i32 = 3600;
const PAUSED: &str = "/spec/paused";
const READY: &str = "/spec/minReadySeconds";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let there = scene.all.workloads.iter().filter(|it| it.metadata().deletion_timestamp.is_none());
    let mut found: Vec<_> = there
        .filter_map(|it| paused(it, scene).or_else(|| unmade(it)).or_else(|| slow(it)))
        .collect();
    found.sort_by(|a, b| a.subject.cmp(&b.subject));
    found
}

/// What was changed since it was paused runs nowhere.
fn paused(root: &Root, scene: &Scene<'_>) -> Option<Finding> {
    let Root::Deployment(it) = root else { return None };
    let (spec, status) = (it.spec.as_ref()?, it.status.as_ref()?);
    let is_seen = it.metadata.generation.unwrap_or(0) <= status.observed_generation.unwrap_or(0);
    let pods = status.replicas.filter(|it| 0 < *it)?;
    let is_old = status.updated_replicas.unwrap_or(0) == 0;
    if spec.paused != Some(true) || spec.replicas == Some(0) || !is_seen || !is_old {
        return None;
    }
    if is_told(root, scene) {
        return None;
    }
    let cause = "It is paused, and what was changed in its template since is not rolled out: none of its pods is of it.";
    let finding = finding(root, cause.to_owned()).clue(PAUSED, "true").at(PAUSED);
    Some(finding.clue("status.updatedReplicas", &format!("0 of {pods}")))
}

/// Whether its own trouble is told with that.
fn is_told(root: &Root, scene: &Scene<'_>) -> bool {
    let about = Subject::from(&root.object_ref());
    let mut own = scene.workload_findings.iter().filter(|it| it.subject == about);
    own.any(|it| it.clues.iter().any(|it| it.fact == PAUSED))
}

/// Numbers of a status.
struct Counted {
    ready: i32,
    available: i32,
    wanted: i32,
}

/// Its pods are ready and do not count.
fn slow(root: &Root) -> Option<Finding> {
    let (secs, counted) = counted(root)?;
    let Counted { ready, available, wanted } = counted;
    if secs < LONG_SECS || wanted == 0 || ready < wanted || wanted <= available {
        return None;
    }
    let cause = format!(
        "All its pods are ready, and {available} of {wanted} count: each has to be ready for {secs} seconds before the \
         rollout goes on."
    );
    let severity = if is_beyond(root, secs) { Severity::Warning } else { Severity::Notice };
    let finding = Finding { severity, ..finding(root, cause) };
    let finding = finding.clue(READY, &secs).at(READY);
    Some(finding.clue("status.availableReplicas", &format!("{available} of {wanted}")))
}

/// A StatefulSet that makes its pods one after the other, and the next one only when those that are there count.
fn unmade(root: &Root) -> Option<Finding> {
    let Root::StatefulSet(it) = root else { return None };
    let (spec, status) = (it.spec.as_ref()?, it.status.as_ref()?);
    let secs = spec.min_ready_seconds.filter(|it| BEYOND_SECS <= *it)?;
    let (wanted, made) = (spec.replicas.unwrap_or(1), status.replicas);
    let (ready, available) =
        (status.ready_replicas.unwrap_or(0), status.available_replicas.unwrap_or(0));
    let is_ordered = spec.pod_management_policy.as_deref().is_none_or(|it| it == "OrderedReady");
    let is_seen = it.metadata.generation.unwrap_or(0) <= status.observed_generation.unwrap_or(0);
    let waits = 0 < made && made < wanted && made <= ready && available < ready;
    if !is_ordered || !is_seen || !waits {
        return None;
    }
    let last = i64::from(secs) * i64::from(wanted - made) / 3600;
    let cause = format!(
        "{made} of its {wanted} pods are made, though all that are there are ready: it makes the next one only when \
         those before count, and each has to be ready for {secs} seconds for that (minReadySeconds); the last one is \
         made in about {last} hours at this pace."
    );
    let finding = Finding { severity: Severity::Warning, ..finding(root, cause) };
    let finding = finding.clue(READY, &secs).at(READY);
    let finding = finding.clue("status.replicas", &format!("{made} of {wanted}"));
    Some(finding.clue("status.availableReplicas", &format!("{available} of {ready} ready")))
}

/// Whether it replaces its pods at a pace that is beyond care: a DaemonSet has no deadline for that.
fn is_beyond(root: &Root, secs: i32) -> bool {
    let Root::DaemonSet(it) = root else { return false };
    let status = it.status.as_ref();
    let updated = status.and_then(|it| it.updated_number_scheduled).unwrap_or(0);
    BEYOND_SECS <= secs && status.is_some_and(|it| updated < it.desired_number_scheduled)
}

/// How long a pod has to be ready, and how many are.
fn counted(root: &Root) -> Option<(i32, Counted)> {
    let (secs, counted) = match root {
        Root::Deployment(it) => {
            let (spec, status) = (it.spec.as_ref()?, it.status.as_ref()?);
            let (ready, available) = (status.ready_replicas, status.available_replicas);
            (spec.min_ready_seconds, (ready, available, spec.replicas.unwrap_or(1)))
        }
        Root::StatefulSet(it) => {
            let (spec, status) = (it.spec.as_ref()?, it.status.as_ref()?);
            let (ready, available) = (status.ready_replicas, status.available_replicas);
            (spec.min_ready_seconds, (ready, available, spec.replicas.unwrap_or(1)))
        }
        Root::DaemonSet(it) => {
            let (spec, status) = (it.spec.as_ref()?, it.status.as_ref()?);
            let available = status.number_available;
            let wanted = status.desired_number_scheduled;
            (spec.min_ready_seconds, (Some(status.number_ready), available, wanted))
        }
        Root::ReplicaSet(_) | Root::Pod(_) | Root::Job(_) | Root::CronJob(_) | Root::Service(_) => {
            return None;
        }
    };
    let (ready, available, wanted) = counted;
    let counted = Counted { ready: ready.unwrap_or(0), available: available.unwrap_or(0), wanted };
    Some((secs?, counted))
}

fn finding(root: &Root, cause: String) -> Finding {
    let fault = AnyFault::Workload(Fault::RolloutStuck);
    let about = Subject::from(&root.object_ref());
    Finding::new(about, Severity::Notice, fault, cause).sure(confidence::LIKELY)
}
