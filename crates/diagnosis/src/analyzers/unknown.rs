//! It is not healthy, and the facts do not say why.
//!
//! ## What it looks for
//! An owner that reports a failure, a pod that failed, or a pod that is not ready for minutes.
//!
//! ## What it does not see
//! The cause: it is asked last, when no other analyzer answered.

use jiff::SignedDuration;
use types::{Clue, Diagnosis, Evidence, Fault, Kind};

/// How long a pod may take before its silence is trouble.
const LONG: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let workload = &evidence.workload;
    if workload.desired <= workload.ready && workload.failed_condition.is_none() {
        return None;
    }
    let is_job = matches!(evidence.subject.kind, Kind::Job | Kind::CronJob);
    let stuck = evidence.pods.iter().find(|it| {
        let age = it.created_at.map(|at| evidence.taken_at.duration_since(at));
        let failed = it.phase == "Failed" && it.current && !is_job;
        !it.ready
            && !it.terminating
            && it.phase != "Succeeded"
            && (failed || (!is_job && age.is_some_and(|age| LONG < age)))
    });
    let mut clues = Vec::new();
    if let Some(condition) = &workload.failed_condition {
        let message = workload.failed_message.as_deref().unwrap_or_default();
        clues.push(Clue::new("workload.failed_condition", &format!("{condition} {message}")));
    }
    if let Some(pod) = stuck {
        let reason = pod.reason.as_deref().unwrap_or(&pod.phase);
        clues.push(Clue::new(format!("pods[{}].phase", pod.name), reason));
    }
    if clues.is_empty() {
        return None;
    }
    Some(Diagnosis {
        fault: Fault::Unknown,
        container: None,
        cause: "It is not healthy, and the facts do not say why.".to_owned(),
        clues,
        confidence: 0.3,
    })
}
