//! The image is still being pulled, for longer than a rollout or a pod usually takes.
//!
//! ## What it looks for
//! A pod of the newest template whose newest event is `Pulling`, and the container with that image waits. Asked only
//! when no other analyzer answered: once the rollout missed its deadline, or the pod is five minutes old.
//!
//! ## What it does not see
//! How far the pull is: nobody tells. A pull whose event has expired, mostly after an hour. A job, which may take as
//! long as it likes.

use jiff::Timestamp;
use types::{Clue, ContainerFacts, Diagnosis, Evidence, Fault, Kind, PodFacts};

use super::unknown::LONG;
use super::wording;
use crate::suspicion::ORDINARY_WAITS;

/// What the kubelet says when it begins to pull.
const PULLING: &str = "Pulling";
/// What is said of a pod whose pull came to an end, one way or the other.
const AFTER: [&str; 8] =
    ["Pulled", "Failed", "BackOff", "Created", "Started", "Killing", "Unhealthy", "InspectFailed"];

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let workload = &evidence.workload;
    let gave_up = workload.failed_condition.as_deref() == Some("ProgressDeadlineExceeded");
    let is_job = matches!(evidence.subject.kind, Kind::Job | Kind::CronJob);
    let is_whole = workload.desired <= workload.ready && !gave_up;
    if is_job || is_whole || workload.paused {
        return None;
    }
    let waiting = || {
        evidence
            .pods
            .iter()
            .filter(|it| it.current && !it.ready && !it.terminating && it.phase != "Succeeded")
    };
    let is_old = |pod: &PodFacts| {
        pod.created_at.is_some_and(|at| LONG < evidence.taken_at.duration_since(at))
    };
    // One that got further shows what is wrong with them, or that nobody knows it.
    if waiting().any(|it| it.phase != "Pending" && (gave_up || is_old(it))) {
        return None;
    }
    let (pod, container, since) = waiting()
        .filter(|it| it.scheduled && (gave_up || is_old(it)))
        .find_map(|pod| pulled(pod, evidence).map(|it| (pod, it.0, it.1)))?;
    let image = &container.image;
    let late = if gave_up { ", and the rollout missed its deadline meanwhile" } else { "" };
    let mut clues = vec![
        Clue::new(wording::fact(container, "image"), image),
        Clue::new(format!("events[{PULLING}].last_seen"), &since),
    ];
    clues.extend(wording::waiting(container));
    clues.extend(pod.node.as_ref().map(|it| Clue::new(format!("pods[{}].node", pod.name), it)));
    if let Some(message) = workload.failed_message.as_ref().filter(|_| gave_up) {
        clues.push(Clue::new(
            "workload.failed_condition",
            &format!("ProgressDeadlineExceeded {message}"),
        ));
    }
    clues.extend(wording::rollout(evidence, &["image"]));
    Some(Diagnosis {
        fault: Fault::ImageNotPullable,
        container: Some(container.name.clone()),
        cause: format!(
            "Image {image} of {} is still being pulled since {since}{late}: it is large, or comes slowly.",
            wording::named(container)
        ),
        clues,
        confidence: 0.8,
    })
}

/// The container of this pod whose image is being pulled, and since when.
fn pulled<'e>(pod: &PodFacts, evidence: &'e Evidence) -> Option<(&'e ContainerFacts, Timestamp)> {
    let about = format!("/{}", pod.name);
    let own = || evidence.events.iter().filter(|it| it.object.ends_with(&about));
    let pulling = own().filter(|it| it.reason == PULLING).max_by_key(|it| it.last_seen)?;
    let since = pulling.last_seen?;
    // Of two events in the same second nobody knows which came first.
    if own().any(|it| AFTER.contains(&it.reason.as_str()) && Some(since) <= it.last_seen) {
        return None;
    }
    let container = evidence.containers.iter().find(|it| {
        let waiting = it.state.waiting.as_deref().unwrap_or_default();
        !it.image.is_empty()
            && ORDINARY_WAITS.contains(&waiting)
            && pulling.message.contains(&format!("\"{}\"", it.image))
    })?;
    Some((container, since))
}
