//! Give the probe up to twice the time it has, or four times where nobody listens yet; its handler stays.
//!
//! ## When it helps
//! The container starts or answers slower than the probe allows: it is killed before it is up, or the
//! answer comes after the timeout.
//!
//! ## When it does not
//! The container answers, and says no: then it is not about time. Nor where its log says that it waits for another
//! service, whatever the kubelet kills it for, or where the probe asks for a file or a program whose name is misspelt.
//!
//! ## Risk
//! Auto when nobody answered in time; Ask when the container answered with an error of its own, and when no event
//! is left of the probe's failures. Bound: `initialDelaySeconds`, `timeoutSeconds` and `failureThreshold`, each at
//! most an hour and at most doubled; but where nobody listens when the kubelet asks, all that is known is that the
//! start takes longer, and the first and the last get four times what they were. Undo: the former times. Verified
//! by the pods' health over time. Attack: huge times yield no edit, and no field beside the three is ever named.

use types::{
    ContainerFacts, Diagnosis, Edit, Evidence, FixPlan, ProbeFacts, ProbeKind, Risk, SpotTopic,
    Strategy,
};

use crate::place;
use crate::probe::{Answer, SURE, answer, failing_probes};

/// No probe is given more than an hour, in any of its fields.
const MAX_VALUE: u32 = 3600;
/// How many times as long an answer may take.
const TIMES: u32 = 2;
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
    let more = |name: &str, seen: Option<u32>, default: Option<u32>| -> Option<Edit> {
        let old = seen.or(default).filter(|it| 0 < *it)?;
        let new = old.checked_mul(times).filter(|it| *it <= MAX_VALUE)?;
        Some(place::edit(path.child(name), seen.map(Into::into), new))
    };
    let delay = more("initialDelaySeconds", probe.initial_delay_secs, None);
    let timeout = more("timeoutSeconds", probe.timeout_secs, Some(ProbeFacts::TIMEOUT));
    let threshold = more("failureThreshold", probe.failure_threshold, Some(ProbeFacts::TRIES));
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
