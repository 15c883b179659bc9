//! What the two probes that kill have in common.

mod held;
mod unseen;

use types::{Clue, ContainerFacts, Diagnosis, Evidence, Fault, ProbeFacts, ProbeKind};

use super::{ended_recently, probe_reading, running_for, wording};
use crate::confidence;
use crate::stopped;
use crate::suspicion::PATIENCE;

/// Lines at the end of a log that tell of its end.
const LAST_LINES: usize = 20;

/// Times of ends are told in whole seconds.
const SLACK_SECS: i64 = 2;

pub(super) use held::is_starting;
pub(super) use unseen::{diagnose as diagnose_unseen, window};

/// The container that is killed by this probe, or never starts because it cannot be asked.
pub(super) fn diagnose(evidence: &Evidence, kind: ProbeKind, fault: Fault) -> Option<Diagnosis> {
    let (container, probe, failure) = evidence.containers.iter().find_map(|container| {
        let probe = container.probes.iter().find(|it| it.kind == kind)?;
        let failure = probe.failure.as_ref()?;
        let killed = was_killed(container, evidence) && !ended_too_soon(container, probe);
        let unasked = kind == ProbeKind::Startup && is_unasked(container, failure, evidence);
        let holds = || kind == ProbeKind::Startup && held::holds(container, probe, evidence);
        (killed || unasked || holds()).then_some((container, probe, failure))
    })?;
    let read = probe_reading::read(container, probe);
    let fact = |name: &str| wording::fact(container, &format!("probes[{}].{name}", word(kind)));
    let mut clues = vec![];
    clues.extend(probe_reading::fields(evidence, container, probe, &read));
    clues.push(Clue::new(fact("action"), &probe.action));
    clues.push(Clue::new(fact("failure"), failure));
    clues.extend(wording::last_exit(container));
    let needed = needed(container, probe, evidence);
    clues.extend(needed.iter().flat_map(|it| it.clues(container)));
    let more = needed.map(|it| it.words).unwrap_or_default();
    clues.extend(wording::rollout(evidence, &probe_reading::CHANGES));
    let named = wording::named(container);
    let gave_up = was_killed(container, evidence);
    let ends = if gave_up {
        "the kubelet kills the container for it"
    } else {
        "the container does not count as started"
    };
    let is_waited_for = kind == ProbeKind::Startup && held::is_waited_for(container, evidence);
    let waits = if is_waited_for { "; the containers after it wait for that" } else { "" };
    let is_sure = gave_up || !is_waited_for || probe_reading::is_wrong_question(probe);
    Some(Diagnosis {
        fault,
        container: Some(container.name.clone()),
        cause: format!(
            "The {} probe of {named} fails, and {ends}: {}{more}{waits}.",
            word(kind),
            read.words
        ),
        clues,
        confidence: if is_sure { confidence::SEEN } else { confidence::LIKELY },
    })
}

/// What does not answer it by the last lines of the run that was killed: a probe may ask for more than the program
/// itself.
fn needed<'e>(
    container: &'e ContainerFacts,
    probe: &ProbeFacts,
    evidence: &Evidence,
) -> Option<probe_reading::Needed<'e>> {
    let logs = [&container.previous_log, &container.log];
    let log = logs.into_iter().find(|it| !it.is_empty()).map_or(&[][..], Vec::as_slice);
    let last = log.get(log.len().saturating_sub(LAST_LINES)..)?;
    probe_reading::needed((container, last), probe, evidence)
        .filter(|_| probe_reading::is_unwell(probe))
}

/// Whether the kubelet cannot even ask, so that the container neither starts nor is killed.
fn is_unasked(container: &ContainerFacts, failure: &str, evidence: &Evidence) -> bool {
    let waits = running_for(container, evidence).is_some_and(|it| PATIENCE < it);
    failure.contains("errored and resulted in unknown state") && !container.ready && waits
}

/// The probe's name as the manifest has it.
pub(super) fn word(kind: ProbeKind) -> &'static str {
    match kind {
        ProbeKind::Startup => "startup",
        ProbeKind::Liveness => "liveness",
        ProbeKind::Readiness => "readiness",
    }
}

/// Whether the container was restarted a moment ago, and not for memory.
fn was_killed(container: &ContainerFacts, evidence: &Evidence) -> bool {
    0 < container.restarts
        && container.state.last_exit.as_deref() != Some("OOMKilled")
        && ended_recently(container, evidence)
}

/// Whether its last life was shorter than the kubelet takes to have asked so often in vain, and ended as that of no
/// container does that is stopped: then it ended by itself, and a failure of the probe tells of how it began.
fn ended_too_soon(container: &ContainerFacts, probe: &ProbeFacts) -> bool {
    let asked = probe.period().saturating_mul(probe.tries().saturating_sub(1));
    let earliest = i64::from(probe.initial_delay().saturating_add(asked));
    let life = container.state.began_at.zip(container.state.exited_at);
    !stopped::may_be(container.state.exit_code)
        && life.is_some_and(|(began, ended)| {
            ended.duration_since(began).as_secs() + SLACK_SECS < earliest
        })
}

/// The port of the probe, when the container declares ports and this is not one of them.
pub(super) fn undeclared_port<'a>(
    container: &ContainerFacts,
    probe: &'a ProbeFacts,
) -> Option<&'a str> {
    let port = probe.port.as_deref()?;
    let declared =
        container.ports.iter().any(|(name, number)| name == port || number.to_string() == port);
    (!container.ports.is_empty() && !declared).then_some(port)
}
