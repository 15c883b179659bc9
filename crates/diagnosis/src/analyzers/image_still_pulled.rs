//! The image is still being pulled, for longer than a rollout or a pod usually takes.
//!
//! ## What it looks for
//! A pod of the newest template whose newest event is `Pulling`, and the container with that image waits. Events are
//! gone after an hour, mostly: then a pod whose sandbox is ready (`PodReadyToStartContainers`), whose next container
//! waits for nothing but to be made, and of which no event says that anything failed. Asked only when no other
//! analyzer answered: once the rollout missed its deadline, or the pod is five minutes old.
//!
//! ## What it does not see
//! How far the pull is: nobody tells. Without its event, whether it is the pull that takes so long, or a runtime that
//! hangs. A job, which may take as long as it likes.

use jiff::Timestamp;
use types::{
    Clue, ContainerFacts, ContainerRole, Diagnosis, EventFacts, Evidence, Fault, Kind, PodFacts,
};

use super::unknown::LONG;
use super::wording;
use crate::confidence;
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
    let (pod, pull) =
        waiting().filter(|it| it.scheduled && (gave_up || is_old(it))).find_map(|pod| {
            pulled(pod, evidence).or_else(|| unsaid(pod, evidence)).map(|it| (pod, it))
        })?;
    Some(diagnosis(pod, &pull, evidence, gave_up))
}

/// What is being pulled.
struct Pull<'e> {
    container: &'e ContainerFacts,
    since: Timestamp,
    /// Whether an event says so; else nothing else is left.
    is_said: bool,
}

fn diagnosis(pod: &PodFacts, pull: &Pull<'_>, evidence: &Evidence, gave_up: bool) -> Diagnosis {
    let (container, since) = (pull.container, pull.since);
    let image = &container.image;
    let late = if gave_up { ", and the rollout missed its deadline meanwhile" } else { "" };
    let (fact, cause, confidence) = if pull.is_said {
        let cause = format!(
            "Image {image} of {} is still being pulled since {since}{late}: it is large, or comes slowly.",
            wording::named(container)
        );
        (format!("events[{PULLING}].last_seen"), cause, confidence::LIKELY)
    } else {
        let cause = format!(
            "Image {image} of {} is probably still being pulled{late}: the pod's sandbox is ready since {since}, and \
             nothing says that anything failed since.",
            wording::named(container)
        );
        (format!("pods[{}].prepared_at", pod.name), cause, confidence::PARTLY)
    };
    let mut clues =
        vec![Clue::new(wording::fact(container, "image"), image), Clue::new(fact, &since)];
    clues.extend(wording::waiting(container));
    clues.extend(pod.node.as_ref().map(|it| Clue::new(format!("pods[{}].node", pod.name), it)));
    let workload = &evidence.workload;
    if let Some(message) = workload.failed_message.as_ref().filter(|_| gave_up) {
        clues.push(Clue::new(
            "workload.failed_condition",
            &format!("ProgressDeadlineExceeded {message}"),
        ));
    }
    clues.extend(wording::rollout(evidence, &["image"]));
    let container = Some(container.name.clone());
    Diagnosis { fault: Fault::ImageNotPullable, container, cause, clues, confidence }
}

/// The events of this pod.
fn events<'e>(pod: &PodFacts, evidence: &'e Evidence) -> impl Iterator<Item = &'e EventFacts> {
    let about = format!("/{}", pod.name);
    evidence.events.iter().filter(move |it| it.object.ends_with(&about))
}

fn waits_ordinarily(container: &ContainerFacts) -> bool {
    let waiting = container.state.waiting.as_deref().unwrap_or_default();
    !container.image.is_empty() && ORDINARY_WAITS.contains(&waiting)
}

/// The container of this pod whose image is being pulled, as its newest event says.
fn pulled<'e>(pod: &PodFacts, evidence: &'e Evidence) -> Option<Pull<'e>> {
    let own = || events(pod, evidence);
    let pulling = own().filter(|it| it.reason == PULLING).max_by_key(|it| it.last_seen)?;
    let since = pulling.last_seen?;
    // Of two events in the same second nobody knows which came first.
    if own().any(|it| AFTER.contains(&it.reason.as_str()) && Some(since) <= it.last_seen) {
        return None;
    }
    let is_it = |it: &&ContainerFacts| {
        waits_ordinarily(it) && pulling.message.contains(&format!("\"{}\"", it.image))
    };
    let container = evidence.containers.iter().find(is_it)?;
    Some(Pull { container, since, is_said: true })
}

/// The container whose turn it is in this pod: once a sandbox is ready the kubelet has nothing left to do but to pull
/// its image and to make it, and a container that cannot be made says so.
fn unsaid<'e>(pod: &PodFacts, evidence: &'e Evidence) -> Option<Pull<'e>> {
    let since = pod.prepared_at?;
    let is_other = |it: &EventFacts| it.type_ == "Warning" || AFTER.contains(&it.reason.as_str());
    if events(pod, evidence).any(|it| is_other(it) || it.reason == PULLING) {
        return None;
    }
    let of = |role| evidence.containers.iter().filter(move |it| it.role == role);
    let in_turn = of(ContainerRole::Init).chain(of(ContainerRole::App));
    let container = in_turn.into_iter().find(|it| !had_its_turn(it))?;
    let is_it = container.pod == pod.name
        && container.state.last_exit.is_none()
        && waits_ordinarily(container);
    is_it.then_some(Pull { container, since, is_said: false })
}

/// Whether the kubelet goes on to the next container: this one runs and may stay, or came to its end.
fn had_its_turn(container: &ContainerFacts) -> bool {
    let state = &container.state;
    match container.role {
        ContainerRole::Init if !container.sidecar => {
            state.exit_code == Some(0) && state.waiting.is_none() && state.running_since.is_none()
        }
        ContainerRole::Init | ContainerRole::App => state.running_since.is_some(),
    }
}
