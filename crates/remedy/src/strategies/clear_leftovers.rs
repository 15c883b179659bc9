//! Clear away finished pods that a workload left behind which is well again.
//!
//! ## When it helps
//! Pods were put off their node, or ended with it, their owner has made others, and all that is left of the trouble
//! is the pods that are over.
//!
//! ## When it does not
//! Replicas are missing: then what is over says why, and stays. Nor for jobs, whose logs are wanted.
//!
//! ## Risk
//! Ask: what a pod that is over says is gone with it. Bound: at most three pods, each over (`Failed` for a reason that
//! is not its own, or `Succeeded` since an hour, by when its last container ended) and none of them of a job, through the Eviction API. There is nothing to
//! undo. Verified by the workload's health over time. Attack: a pod that runs, or of a workload that misses
//! replicas, is not cleared away.

use jiff::SignedDuration;
use types::{Action, Diagnosis, Evidence, Fault, FixPlan, Kind, PodFacts, Risk, Strategy};

use crate::place;

/// Pods that one plan clears away: a plan has at most three steps.
const MAX_PODS: usize = 3;
/// How long ago a pod that succeeded has to have ended: until then somebody may still want to read it.
pub(crate) const OLD: SignedDuration = SignedDuration::from_hours(1);

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let makes_others = matches!(
        evidence.subject.kind,
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet
    );
    if diagnosis.fault != Fault::Evicted || !makes_others || !place::is_whole(evidence) {
        return vec![];
    }
    let leftovers = evidence.pods.iter().filter(|it| is_leftover(it, evidence)).take(MAX_PODS);
    let steps: Vec<_> =
        leftovers.map(|it| place::on_pod(evidence, it, None, Action::Evict)).collect();
    if steps.is_empty() {
        return vec![];
    }
    vec![FixPlan {
        strategy: Strategy::ClearLeftovers,
        risk: Risk::Ask,
        because: "The workload has all its replicas again; these pods are over.".to_owned(),
        steps,
    }]
}

/// Whether a pod is over, and old enough to go.
pub(crate) fn is_leftover(pod: &PodFacts, evidence: &Evidence) -> bool {
    let is_old = || pod.ended_at.is_some_and(|at| OLD <= evidence.taken_at.duration_since(at));
    place::is_over(pod) && !pod.uid.is_empty() && (pod.phase == "Failed" || is_old())
}
