//! The readiness probe fails: the pod runs and gets no traffic.
//!
//! ## What it looks for
//! A container that runs, is not ready for longer than its probe's own patience, and a recent failure of the probe. Where
//! no event is left of it: a container that has run for minutes and that nothing else keeps from being ready. One that
//! counts how far it is with the work that it begins with has ten minutes for that. And a probe that is first asked when
//! the rollout has been given up.
//!
//! ## What it does not see
//! A dependency that is down, unless the program says so in its last lines: then it is named.

mod unasked;
mod unseen;

use jiff::SignedDuration;
use types::{Clue, ContainerFacts, Diagnosis, Evidence, Fault, ProbeFacts, ProbeKind};

use super::{at_work, init_not_done, probe_reading, running_for, wording};

/// A start that takes no longer than this many times the probe's own patience is slow, not broken.
const SLOW_START: i64 = 2;
/// Lines of its log that tell of now: it goes on writing.
const LAST_LINES: usize = 5;
/// What a start may always take, in seconds: a probe with a short period says nothing about the application.
const MIN_START_SECS: i64 = 30;

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    seen(evidence).or_else(|| unseen::silent(evidence)).or_else(|| unasked::late(evidence))
}

fn seen(evidence: &Evidence) -> Option<Diagnosis> {
    let (container, probe, failure) = evidence.containers.iter().find_map(|container| {
        let probe = container.probes.iter().find(|it| it.kind == ProbeKind::Readiness)?;
        let failure = probe.failure.as_ref()?;
        is_overdue(container, probe, evidence).then_some((container, probe, failure))
    })?;
    let read = probe_reading::read(container, probe);
    let mut clues = vec![];
    clues.extend(probe_reading::fields(evidence, container, probe, &read));
    clues.push(Clue::new(wording::fact(container, "probes[readiness].action"), &probe.action));
    clues.push(Clue::new(wording::fact(container, "probes[readiness].failure"), failure));
    let more = needed(container, probe, evidence).map(|(address, more, line)| {
        clues.extend(line.map(|it| Clue::new(wording::fact(container, "log"), it)));
        clues.push(Clue::new(wording::fact(container, "needs"), &address));
        more
    });
    clues.extend(wording::rollout(evidence, &probe_reading::CHANGES));
    Some(Diagnosis {
        fault: Fault::ReadinessProbeFailing,
        container: Some(container.name.clone()),
        cause: format!(
            "{} runs, but its readiness probe fails: {}{}.",
            wording::whom(container),
            read.words,
            more.unwrap_or_default()
        ),
        clues,
        confidence: 0.85,
    })
}

/// What does not answer it by its own last lines: the address, the end of a sentence about it, and the line.
fn needed<'e>(
    container: &'e ContainerFacts,
    probe: &ProbeFacts,
    evidence: &Evidence,
) -> Option<(String, String, Option<&'e str>)> {
    let first = container.log.len().saturating_sub(LAST_LINES);
    let last = container.log.get(first..)?;
    if let Some(told) = probe_reading::needed(last, probe, evidence) {
        return Some(told);
    }
    let said = init_not_done::said(last).filter(|it| it.contains(':'));
    let refused = probe.failure.as_ref().is_some_and(|it| it.contains("connection refused"));
    // In silence it waits as long as nothing listens yet.
    let asked = init_not_done::only_waits(container, last).first();
    let asked = asked.filter(|_| refused || !last.is_empty());
    let (address, who) = match (said, asked) {
        (_, Some(asked)) => (asked.clone(), "its command waits for"),
        (Some(said), None) => (said, "by its log, it waits for"),
        (None, None) => return None,
    };
    let line = last.last().map(String::as_str);
    let more = format!("; {who} {address}{}", wording::about_host(evidence, &address));
    Some((address, more, line))
}

/// Whether the container has run for longer than a slow start takes.
fn is_overdue(container: &ContainerFacts, probe: &ProbeFacts, evidence: &Evidence) -> bool {
    let Some(running) = running_for(container, evidence) else { return false };
    let own =
        i64::from(probe.initial_delay()) + i64::from(probe.period()) * i64::from(probe.tries());
    // Where the kubelet still waits for the startup probe, the readiness probe was not asked yet.
    let patience = SignedDuration::from_secs((own * SLOW_START).max(MIN_START_SECS));
    let is_at_work = container.restarts == 0 && at_work::is_at_work(&container.log);
    let patience = if is_at_work { patience.max(at_work::PATIENCE) } else { patience };
    !container.ready && patience < running
}
