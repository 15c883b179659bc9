//! A pod is kept from being scheduled, on purpose.
//!
//! ## What it looks for
//! A pod without a node whose spec names scheduling gates, for longer than an ordinary start takes.
//!
//! ## What it does not see
//! Who has to lift the gate: a gate is only a name.

use types::{Clue, Diagnosis, Evidence, Fault};

use crate::confidence;
use crate::suspicion::PATIENCE;

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let pod = evidence.pods.iter().find(|it| {
        let age = it.created_at.map(|at| evidence.taken_at.duration_since(at));
        let is_late = age.is_none_or(|it| PATIENCE < it);
        it.current && !it.scheduled && !it.terminating && !it.gates.is_empty() && is_late
    })?;
    let gates = pod.gates.join(", ");
    let mut clues = vec![Clue::new(format!("pods[{}].gates", pod.name), &gates)];
    let of_template = evidence.workload.demands.iter();
    let of_template = of_template.filter(|it| it.path.contains("/schedulingGates/"));
    clues.extend(of_template.map(|it| Clue::new(it.path.clone(), &it.value)));
    Some(Diagnosis {
        fault: Fault::SchedulingGated,
        container: None,
        cause: format!(
            "The pod is not scheduled until somebody lifts its scheduling gates on purpose: {gates}."
        ),
        clues,
        confidence: confidence::SAID,
    })
}
