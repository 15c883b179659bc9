//! The readiness probe fails: the pod runs and gets no traffic.
//!
//! ## What it looks for
//! A container that runs, is not ready for longer than its probe's own patience, and a recent failure of the probe.
//! Where no event is left of it: a container that has run for minutes and that nothing else keeps from being ready.
//! One that counts how far it is with the work that it begins with has ten minutes for that. And a probe that is
//! first asked when the rollout has been given up.
//!
//! ## What it does not see
//! A dependency that is down, or another trouble of the program's own, unless it says so in its last lines: then that
//! is told.

mod unasked;

use jiff::SignedDuration;
use types::{Clue, ContainerFacts, Diagnosis, Evidence, Fault, ProbeFacts, ProbeKind};

use super::probe_reading::Needed;
use super::{init_not_done, probe_reading, running_for, wording};
use crate::confidence;
use crate::log::reading::{self, Reading};
use crate::log::{at_work, waits};

/// A start that takes no longer than this many times the probe's own patience is slow, not broken.
const SLOW_START: i64 = 2;
/// Lines of its log that tell of now: it goes on writing.
const LAST_LINES: usize = 5;
/// What a start may always take, in seconds: a probe with a short period says nothing about the application.
const MIN_START_SECS: i64 = 30;
/// How long a container has to run before the silence about it is trouble.
const LONG: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let probed = || {
        evidence.containers.iter().filter_map(|it| {
            Some((it, it.probes.iter().find(|it| it.kind == ProbeKind::Readiness)?))
        })
    };
    let is_seen = |it: &(&ContainerFacts, &ProbeFacts)| {
        it.1.failure.is_some() && is_overdue(it.0, it.1, evidence)
    };
    let is_unheard = |it: &(&ContainerFacts, &ProbeFacts)| is_unheard(it.0, it.1, evidence);
    let found = probed().find(is_seen).or_else(|| probed().find(is_unheard));
    let told = found.map(|(container, probe)| told(container, probe, evidence));
    told.or_else(|| unasked::late(evidence))
}

/// The diagnosis of this probe: by its failure, or by what the template says where no event is left of one.
fn told(container: &ContainerFacts, probe: &ProbeFacts, evidence: &Evidence) -> Diagnosis {
    let (read, how, confidence) = if probe.failure.is_some() {
        (probe_reading::read(container, probe), "fails:", confidence::FOLLOWS)
    } else {
        let how = "does not succeed, and no event is left that says why;";
        (probe_reading::unseen(container, probe), how, confidence::SYMPTOM)
    };
    let fact = |name: &str| wording::fact(container, &format!("probes[readiness].{name}"));
    let needed = needed(container, probe, evidence);
    let wedged = container.wedged.as_deref().filter(|_| needed.is_none());
    let own = own_words(container, probe).filter(|_| needed.is_none() && wedged.is_none());
    let mut clues = probe_reading::fields(evidence, container, probe, &read);
    clues.push(Clue::new(fact("action"), &probe.action));
    clues.extend(probe.failure.as_ref().map(|it| Clue::new(fact("failure"), it)));
    clues.extend(needed.iter().flat_map(|it| it.clues(container)));
    clues.extend(own.iter().map(|it| Clue::new(wording::fact(container, "log"), it.line)));
    clues.extend(wedged.map(|it| Clue::new(wording::fact(container, "wedged"), &it)));
    clues.extend(wording::rollout(evidence, &probe_reading::CHANGES));
    Diagnosis {
        fault: Fault::ReadinessProbeFailing,
        container: Some(container.name.clone()),
        cause: format!(
            "{} runs, but its readiness probe {how} {}{}{}{}.",
            wording::named_at_start(container),
            read.words,
            needed.map(|it| it.words).unwrap_or_default(),
            own.map(|it| format!("; by its log, {}", it.words())).unwrap_or_default(),
            wedged.map_or("", |_| "; by its log, a part of its process does not come back"),
        ),
        clues,
        confidence,
    }
}

/// What it says itself of its trouble, in its last lines. A server that calls the probe's question wrong is up,
/// whatever else it says.
fn own_words<'e>(container: &'e ContainerFacts, probe: &ProbeFacts) -> Option<Reading<'e>> {
    let first = container.log.len().saturating_sub(LAST_LINES);
    let last = container.log.get(first..).filter(|_| !probe_reading::is_wrong_question(probe))?;
    reading::read(last).filter(|it| it.address().is_none())
}

/// What does not answer it by its own last lines.
fn needed<'e>(
    container: &'e ContainerFacts,
    probe: &ProbeFacts,
    evidence: &Evidence,
) -> Option<Needed<'e>> {
    let first = container.log.len().saturating_sub(LAST_LINES);
    let last = container.log.get(first..)?;
    if let Some(told) = probe_reading::needed((container, last), probe, evidence) {
        return Some(told);
    }
    let said = waits::host_of(last).filter(|it| it.contains(':'));
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
    let words =
        format!("; {who} {address}{}", wording::about_needed(evidence, container, &address));
    Some(Needed { address, words, line })
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

/// Whether it has run for long, and is kept from being ready by this probe alone. Where a startup probe is set,
/// that one may be what is still waited for.
fn is_unheard(container: &ContainerFacts, probe: &ProbeFacts, evidence: &Evidence) -> bool {
    let is_alone = container.probes.iter().all(|it| it.kind != ProbeKind::Startup);
    let is_seen = container.probes.iter().any(|it| it.failure.is_some());
    let runs_long = running_for(container, evidence).is_some_and(|it| LONG < it);
    let pod = evidence.pods.iter().find(|it| it.name == container.pod);
    let counts = pod.is_some_and(|it| it.current && !it.terminating && it.phase == "Running");
    is_alone && !is_seen && runs_long && counts && is_overdue(container, probe, evidence)
}
