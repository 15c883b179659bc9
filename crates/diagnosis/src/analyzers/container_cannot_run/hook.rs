//! A `postStart` hook that fails, or that does not come to its end.

use jiff::SignedDuration;
use types::{
    Clue, ContainerFacts, ContainerRole, Diagnosis, EventFacts, Evidence, Fault, PodFacts,
};

use super::super::wording;
use crate::confidence;
use crate::suspicion::{ORDINARY_WAITS, RECENT};

/// What the kubelet says of a hook that failed.
const FAILED: &str = "FailedPostStartHook";
/// How long a hook may take after its container was started.
const PATIENCE: SignedDuration = SignedDuration::from_secs(90);
/// How long a pod may take of which the kubelet says nothing at all: its events may come late.
const SILENCE: SignedDuration = SignedDuration::from_secs(180);
/// What the kubelet says of a pod that gets to its containers.
const NEWS: [&str; 5] = ["Pulling", "Pulled", "Created", "Started", "AlreadyPresent"];

/// A container that is killed each time because its hook fails. One that ends by itself makes its hook fail as well.
pub(super) fn failing(evidence: &Evidence) -> Option<Diagnosis> {
    let failed = |container: &ContainerFacts| {
        let is_news = |it: &EventFacts| {
            it.last_seen.is_none_or(|at| evidence.taken_at.duration_since(at) < RECENT)
        };
        about(&container.pod, evidence).any(|it| it.reason == FAILED && is_news(it))
    };
    let container = evidence.containers.iter().find(|it| {
        let was_killed = it.state.exit_code.is_none_or(|it| matches!(it, 0 | 137 | 143));
        has_hook(it) && !it.ready && was_killed && failed(it)
    })?;
    let mut clues = field(evidence, container, "fails");
    clues.push(Clue::new("events[FailedPostStartHook].object", &container.pod));
    clues.extend(wording::last_exit(container));
    clues.extend(wording::rollout(evidence, &["lifecycle", "image"]));
    let who = wording::named_at_start(container);
    let cause = format!("{who} is killed each time it starts: its postStart hook fails.");
    Some(diagnosis(container, cause, clues, confidence::SEEN))
}

/// A container that was started and does not count as started, because its hook goes on and on. The kubelet starts one
/// after the other, and waits for each hook.
pub(super) fn endless(evidence: &Evidence) -> Option<Diagnosis> {
    let pod = evidence.pods.iter().find(|it| {
        it.current && it.scheduled && !it.ready && !it.terminating && it.phase == "Pending"
    })?;
    // Somebody says why it does not get there.
    if about(&pod.name, evidence).any(|it| it.type_ == "Warning" && is_of_kubelet(it)) {
        return None;
    }
    let (container, is_told) = held(pod, evidence)?;
    let mut clues = field(evidence, container, "goes on");
    if is_told {
        clues.push(Clue::new("events[Started].object", &pod.name));
    }
    clues.extend(wording::waiting(container));
    clues.extend(wording::rollout(evidence, &["lifecycle", "image"]));
    let who = wording::named_at_start(container);
    let cause = if is_told {
        format!(
            "{who} was started, and counts as such only after its postStart hook, which does not come to its end."
        )
    } else {
        format!(
            "{who} does not get to run, and nobody says why: its postStart hook has probably not come to its end."
        )
    };
    Some(diagnosis(
        container,
        cause,
        clues,
        if is_told { confidence::FOLLOWS } else { confidence::SYMPTOM },
    ))
}

/// The container whose hook the pod waits for, and whether the kubelet has told that it started it.
fn held<'e>(pod: &PodFacts, evidence: &'e Evidence) -> Option<(&'e ContainerFacts, bool)> {
    let all = || evidence.containers.iter().filter(|it| it.pod == pod.name);
    let mut apps: Vec<_> = all().filter(|it| it.role == ContainerRole::App).collect();
    apps.sort_by_key(|it| it.index);
    let waits = |it: &&&ContainerFacts| {
        let waiting = it.state.waiting.as_deref().unwrap_or_default();
        ORDINARY_WAITS.contains(&waiting) && it.state.exit_code.is_none()
    };
    if apps.iter().filter(waits).count() < apps.len() {
        return None;
    }
    let before = all().filter(|it| {
        let has_run = it.state.exit_code.is_some() || it.state.running_since.is_some();
        it.role == ContainerRole::Init && has_run
    });
    let started: Vec<_> = about(&pod.name, evidence).filter(|it| it.reason == "Started").collect();
    let since = |at: Option<jiff::Timestamp>, patience: SignedDuration| {
        at.is_some_and(|it| patience < evidence.taken_at.duration_since(it))
    };
    if let Some(at) = started.len().checked_sub(before.count() + 1) {
        let newest = started.iter().filter_map(|it| it.last_seen).max();
        let last = apps.get(at).copied().filter(|it| has_hook(it) && since(newest, PATIENCE))?;
        return Some((last, true));
    }
    let is_silent = !about(&pod.name, evidence).any(|it| NEWS.contains(&it.reason.as_str()));
    let first = apps.into_iter().find(|it| has_hook(it));
    first.filter(|_| is_silent && since(pod.created_at, SILENCE)).map(|it| (it, false))
}

/// Whether it is no news of a scheduler, which has done its work.
fn is_of_kubelet(event: &EventFacts) -> bool {
    event.reason != "FailedScheduling"
}

fn has_hook(container: &ContainerFacts) -> bool {
    container.sets.iter().any(|it| it == "lifecycle")
}

/// The events about a pod.
fn about<'e>(pod: &str, evidence: &'e Evidence) -> impl Iterator<Item = &'e EventFacts> {
    let about = format!("/{pod}");
    evidence.events.iter().filter(move |it| it.object.ends_with(&about))
}

fn field(evidence: &Evidence, container: &ContainerFacts, how: &str) -> Vec<Clue> {
    let field = wording::field(evidence, container, "lifecycle");
    field.map(|it| Clue::new(format!("{it}/postStart"), how)).into_iter().collect()
}

fn diagnosis(
    container: &ContainerFacts,
    cause: String,
    clues: Vec<Clue>,
    confidence: f64,
) -> Diagnosis {
    let fault = Fault::ContainerCannotRun;
    Diagnosis { fault, container: Some(container.name.clone()), cause, clues, confidence }
}
