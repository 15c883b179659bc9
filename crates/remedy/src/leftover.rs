//! Pods that are over and that may go. The plan and the guard both ask it.

use jiff::SignedDuration;
use types::{Evidence, PodFacts};

use crate::place;

/// How long ago a pod that succeeded has to have ended: until then somebody may still want to read it.
const OLD: SignedDuration = SignedDuration::from_hours(1);

/// Whether this pod is over, was put off, and counts in a quota that has nothing left.
pub(crate) fn fills_a_quota(pod: &PodFacts, evidence: &Evidence) -> bool {
    let is_known = evidence.leftovers.iter().any(|it| it.own && it.name == pod.name);
    is_known && pod.phase == "Failed" && is_leftover(pod, evidence)
}

/// Whether a pod is over, and old enough to go.
pub(crate) fn is_leftover(pod: &PodFacts, evidence: &Evidence) -> bool {
    let is_old = || pod.ended_at.is_some_and(|at| OLD <= evidence.taken_at.duration_since(at));
    place::is_over(pod) && !pod.uid.is_empty() && (pod.phase == "Failed" || is_old())
}
