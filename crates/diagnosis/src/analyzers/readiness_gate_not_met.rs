//! A pod and its containers are ready, and a readiness gate of it is not met.
//!
//! ## What it looks for
//! A pod whose containers have been ready for a while, with a readiness gate whose condition nobody has ever set, or
//! whose condition is not true for minutes.
//!
//! ## What it does not see
//! Who should set the condition: a gate is only a name. A condition that changes back and forth.

use jiff::SignedDuration;
use types::{Clue, Diagnosis, Evidence, Fault, GateFacts, PodFacts};

use super::wording;
use crate::confidence;
use crate::suspicion::PATIENCE;

/// How long whoever has set the condition once may take to make it true: a load balancer asks a target several times.
const LONG: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let waiting = |it: &&PodFacts| it.current && !it.ready && !it.terminating;
    let (pod, gate) = evidence.pods.iter().filter(waiting).find_map(|pod| {
        let late = pod.unmet_gates.iter().filter(|it| is_late(it, evidence));
        Some((pod, late.min_by_key(|it| it.said.is_some())?))
    })?;
    let name = &gate.condition;
    let how = match &gate.said {
        Some(said) => format!("its readiness gate {name} is not met: {said}"),
        None => format!(
            "its readiness gate {name} is not met: nobody has set this condition, so whoever should is perhaps not there"
        ),
    };
    let mut clues = vec![];
    clues.extend(gate.path.clone().map(|it| Clue::new(it, name)));
    let said = gate.said.as_deref().unwrap_or("not set");
    clues.push(Clue::new(format!("pods[{}].conditions[{name}]", pod.name), said));
    clues.extend(wording::rollout(evidence, &["readinessGates"]));
    Some(Diagnosis {
        fault: Fault::ReadinessGateNotMet,
        container: None,
        cause: format!("The containers are ready, and the pod is not: {how}."),
        clues,
        confidence: if gate.said.is_none() { confidence::SAID } else { confidence::FOLLOWS },
    })
}

/// Whether whoever should set the condition had time enough for it.
fn is_late(gate: &GateFacts, evidence: &Evidence) -> bool {
    let patience = if gate.said.is_none() { PATIENCE } else { LONG };
    gate.since.is_some_and(|it| patience < evidence.taken_at.duration_since(it))
}
