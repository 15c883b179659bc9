//! A pod that has a node and does not get to its containers: what its newest news is.

use types::{EventFacts, Evidence, PodFacts};

use crate::suspicion::{PATIENCE, RECENT};

/// Reasons of events that say that a pod went on.
const WENT_ON: [&str; 8] = [
    "Pulling",
    "Pulled",
    "Created",
    "Started",
    "SuccessfulAttachVolume",
    "SuccessfulMountVolume",
    "AddedInterface",
    "SandboxChanged",
];

/// The newest of these events about a stalled pod, unless the pod went on since.
pub(super) fn last_news<'a>(evidence: &'a Evidence, reasons: &[&str]) -> Option<&'a EventFacts> {
    let pod = evidence.pods.iter().find(|it| is_stalled(it, evidence))?;
    let about = format!("/{}", pod.name);
    let own = || evidence.events.iter().filter(|it| it.object.ends_with(&about));
    let failed = own()
        .filter(|it| reasons.contains(&it.reason.as_str()))
        .filter(|it| it.last_seen.is_none_or(|at| evidence.taken_at.duration_since(at) < RECENT))
        .max_by_key(|it| it.last_seen)?;
    // A sandbox that is made anew is no news where it is the sandbox that cannot be made.
    let is_again =
        |it: &EventFacts| it.reason == "SandboxChanged" && failed.reason.contains("Sand");
    let went_on = own()
        .filter(|it| !is_again(it))
        .any(|it| WENT_ON.contains(&it.reason.as_str()) && failed.last_seen < it.last_seen);
    (!went_on).then_some(failed)
}

/// All of these events about the same pod as this one.
pub(super) fn others<'a>(
    evidence: &'a Evidence,
    event: &'a EventFacts,
) -> impl Iterator<Item = &'a EventFacts> {
    evidence.events.iter().filter(|it| it.object == event.object)
}

/// Whether the pod has had a node for a while, and none of its containers has run yet.
fn is_stalled(pod: &PodFacts, evidence: &Evidence) -> bool {
    let age = pod.created_at.map(|at| evidence.taken_at.duration_since(at));
    let ran = evidence.containers.iter().any(|it| {
        let state = &it.state;
        it.pod == pod.name && (state.running_since.is_some() || state.exit_code.is_some())
    });
    pod.current
        && pod.scheduled
        && !pod.ready
        && !pod.terminating
        && pod.phase == "Pending"
        && age.is_none_or(|it| PATIENCE < it)
        && !ran
}
