//! Kills by a probe whose events are gone: events live for an hour, and many a loop outlives them.

use jiff::SignedDuration;
use types::{Clue, ContainerFacts, Diagnosis, Evidence, Fault, ProbeFacts, ProbeKind};

use super::word;
use crate::analyzers::{crash_loop, probe_reading, wording};
use crate::confidence;
use crate::stopped;

/// Restarts from which the time that a container lives says something.
const MIN_RESTARTS: u32 = 3;
/// Words with which programs tell that they were asked to end.
const ASKED: [&str; 6] =
    ["sigterm", "signal 15", "received signal", "signal: terminated", "shutting down", "graceful"];
/// What the kubelet and the program may take beside what the probe asks for, in seconds.
const SLACK_SECS: i64 = 45;

/// The container that this probe probably kills: each of its runs was ended from outside, not for memory, and no
/// sooner than the probe could do it.
pub(in crate::analyzers) fn diagnose(
    evidence: &Evidence,
    kind: ProbeKind,
    fault: Fault,
) -> Option<Diagnosis> {
    let (container, probe, ran) = evidence.containers.iter().find_map(|container| {
        let ran = ended_after(container, evidence)?;
        let probe = container.probes.iter().find(|it| it.kind == kind)?;
        fits(container, probe, ran).then_some((container, probe, ran))
    })?;
    let read = probe_reading::unseen(container, probe);
    let mut clues = vec![];
    clues.extend(probe_reading::fields(evidence, container, probe, &read));
    let fact = wording::fact(container, &format!("probes[{}].action", word(kind)));
    clues.push(Clue::new(fact, &probe.action));
    clues.extend(wording::last_exit(container));
    clues.push(Clue::new(wording::fact(container, "ran_secs"), &ran.as_secs()));
    clues.extend(wording::rollout(evidence, &probe_reading::CHANGES));
    let code = container.state.exit_code.unwrap_or_default();
    let cause = format!(
        "{} is ended from outside again and again (code {code}), {} s after its start and not for memory: its {} probe \
         probably fails, whose events are gone; {}.",
        wording::named_at_start(container),
        ran.as_secs(),
        word(kind),
        read.words
    );
    let container = Some(container.name.clone());
    Some(Diagnosis { fault, container, cause, clues, confidence: confidence::SYMPTOM })
}

/// How long the last run took, of a container that is ended from outside again and again.
fn ended_after(container: &ContainerFacts, evidence: &Evidence) -> Option<SignedDuration> {
    let state = &container.state;
    let is_plain = matches!(state.last_exit.as_deref(), Some("Error" | "Completed"));
    let is_seen = container.probes.iter().any(|it| it.failure.is_some());
    let loops = MIN_RESTARTS <= container.restarts && crash_loop::crashes(container, evidence);
    let ended = state.exit_code.is_some_and(stopped::by_signal) || was_asked(container);
    // What says itself why it ended was not ended by a probe.
    if !is_plain || is_seen || !loops || !ended || crash_loop::says_why(container) {
        return None;
    }
    Some(state.exited_at?.duration_since(state.began_at?))
}

/// Whether its last lines tell that it was asked to end.
fn was_asked(container: &ContainerFacts) -> bool {
    let lines = container.previous_log.iter().rev().take(5);
    lines.map(|it| it.to_lowercase()).any(|line| ASKED.iter().any(|it| line.contains(it)))
}

/// Whether a run of this length may have been ended by this probe.
fn fits(container: &ContainerFacts, probe: &ProbeFacts, ran: SignedDuration) -> bool {
    let startup = container.probes.iter().find(|it| it.kind == ProbeKind::Startup);
    let is_early =
        startup.is_some_and(|it| ran <= window(it) + SignedDuration::from_secs(SLACK_SECS));
    let may_be = window(probe) <= ran + SignedDuration::from_secs(1);
    match probe.kind {
        ProbeKind::Startup => may_be && is_early,
        // It is asked once the container has started.
        ProbeKind::Liveness => may_be && !is_early,
        ProbeKind::Readiness => false,
    }
}

/// How long a container lives at least that this probe kills.
pub(in crate::analyzers) fn window(probe: &ProbeFacts) -> SignedDuration {
    let (delay, period) = (i64::from(probe.initial_delay()), i64::from(probe.period()));
    let tries = i64::from(probe.tries()).saturating_sub(1);
    SignedDuration::from_secs(delay.saturating_add(period.saturating_mul(tries)))
}
