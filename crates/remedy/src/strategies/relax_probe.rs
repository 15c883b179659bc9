//! Give the probe more of the time it has: four times where that is little or nobody listens yet, else twice; its
//! handler stays.
//!
//! ## When it helps
//! The container starts or answers slower than the probe allows: it is killed before it is up, or the
//! answer comes after the timeout.
//!
//! ## When it does not
//! The container answers, and says no: then it is not about time. Nor where its log says that it waits for another
//! service, whatever the kubelet kills it for, or where the probe asks for a file or a program whose name is misspelt.
//! Nor where the command of the probe, or its script, is not in the image. Nor where one pod hangs that answered in
//! time before, in this very life: that is `restart_pod`'s. Nor on a sidecar on which it did not give up yet.
//!
//! ## Risk
//! Auto when nobody answered in time; Ask when the container answered with an error of its own, and when no event
//! is left of the probe's failures. Bound: `initialDelaySeconds`, `timeoutSeconds` and `failureThreshold`, each at
//! most an hour and at most doubled; but where nobody listens when the kubelet asks, all that is known is that the
//! start takes longer, and the first and the last get four times what they were. Of an answer that comes too late it is
//! as little known by how much: its time is given four times, up to 20 seconds. Undo: the former times. Verified
//! by the pods' health over time. Attack: huge times yield no edit, and no field beside the three is ever named.

use types::{
    ContainerFacts, Diagnosis, Edit, Evidence, FixPlan, ProbeFacts, ProbeKind, Risk, SpotTopic,
    Strategy,
};

use crate::probe::{Answer, SURE, answer, failing_probes};
use crate::{place, wedged};

/// No probe is given more than an hour, in any of its fields.
const MAX_VALUE: u32 = 3600;
/// How many times as long a probe may take where it is known to be answered.
const TIMES: u32 = 2;
/// How many times as long an answer may take that was not waited for: how late it would have come is not known.
const TIMES_FOR_AN_ANSWER: u32 = 4;
/// Up to so many seconds; what was given more than half of them is known to be slow, and gets twice as much.
const SHORT_ANSWER: u32 = 20;
/// How many times as long a start may take: it was cut off, so that how long it takes is not known.
const TIMES_FOR_A_START: u32 = 4;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let probes = failing_probes(diagnosis, evidence);
    let Some((container, probe)) = probes.first() else { return vec![] };
    // What asks for something else never gets it, however long it asks.
    let asks_nobody = container.spots.iter().any(|it| it.topic == SpotTopic::Probe)
        || is_undeclared(container, probe);
    if asks_nobody {
        return vec![];
    }
    // By its own log it has no answer because something else gives it none: more time for it mends nothing.
    if diagnosis.clues.iter().any(|it| it.fact.ends_with("].needs")) {
        return vec![];
    }
    if wedged::sign(diagnosis, evidence).is_some() || still_asks(container, probe) {
        return vec![];
    }
    let answer = answer(probe);
    let no_time = match (answer, probe.kind) {
        (Answer::No, _) | (Answer::Nobody | Answer::Troubled, ProbeKind::Readiness) => true,
        (Answer::TooLate | Answer::Nobody | Answer::Troubled, _) => false,
    };
    let edits = edits(evidence, container, probe, answer);
    if no_time || edits.is_empty() {
        return vec![];
    }

    let because = "The probe gives up before the container answers.";
    if !place::has_editable_template(evidence.subject.kind) {
        return vec![place::advice(Strategy::RelaxProbe, because, evidence, edits)];
    }
    // Whether this probe is to blame is a guess where nobody saw it fail.
    let is_guess = probe.failure.is_none() && diagnosis.confidence < SURE;
    let risk = if answer == Answer::Troubled || is_guess { Risk::Ask } else { Risk::Auto };
    let steps = place::in_template(evidence, edits);
    vec![FixPlan { strategy: Strategy::RelaxProbe, risk, because: because.to_owned(), steps }]
}

/// Whether it did not give up on the sidecar yet, and so took no time from it.
fn still_asks(container: &ContainerFacts, probe: &ProbeFacts) -> bool {
    container.sidecar && container.restarts == 0 && probe.kind == ProbeKind::Startup
}

/// Whether it asks at a name that the container gives none of its ports.
fn is_undeclared(container: &ContainerFacts, probe: &ProbeFacts) -> bool {
    let name = probe.port.as_deref().filter(|it| it.parse::<u16>().is_err());
    name.is_some_and(|name| container.ports.iter().all(|it| it.0 != name))
}

fn edits(
    evidence: &Evidence,
    container: &ContainerFacts,
    probe: &ProbeFacts,
    answer: Answer,
) -> Vec<Edit> {
    let Some(path) = place::container_path(evidence.subject.kind, container) else {
        return vec![];
    };
    let path = path.child(probe.kind.field());
    let times = if answer == Answer::Nobody { TIMES_FOR_A_START } else { TIMES };
    let more = |name: &str, (seen, default), by: fn(u32, u32) -> Option<u32>| -> Option<Edit> {
        let seen: Option<u32> = seen;
        let old = seen.or(default).filter(|it| 0 < *it)?;
        let new = by(old, times).filter(|it| *it <= MAX_VALUE)?;
        Some(place::edit(path.child(name), seen.map(Into::into), new))
    };
    let delay = (probe.initial_delay_secs, None);
    let delay = more("initialDelaySeconds", delay, u32::checked_mul);
    let timeout = (probe.timeout_secs, Some(ProbeFacts::TIMEOUT));
    let timeout = more("timeoutSeconds", timeout, |old, _| long_enough(old));
    let threshold = (probe.failure_threshold, Some(ProbeFacts::TRIES));
    let threshold = more("failureThreshold", threshold, u32::checked_mul);
    match (answer, probe.kind) {
        (Answer::TooLate, ProbeKind::Readiness) => timeout.into_iter().collect(),
        (Answer::TooLate, ProbeKind::Startup | ProbeKind::Liveness) => {
            [timeout, threshold].into_iter().flatten().collect()
        }
        (Answer::Nobody | Answer::Troubled | Answer::No, _) => {
            [delay, threshold].into_iter().flatten().collect()
        }
    }
}

/// How long an answer is waited for next, where none came in `old` seconds.
fn long_enough(old: u32) -> Option<u32> {
    let twice = old.checked_mul(TIMES)?;
    Some(twice.max(old.saturating_mul(TIMES_FOR_AN_ANSWER).min(SHORT_ANSWER)))
}
