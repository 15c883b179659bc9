//! It is not healthy, and the facts do not say why.
//!
//! ## What it looks for
//! An owner that reports a failure, a pod that failed, or a pod that is not ready for minutes.
//!
//! ## What it does not see
//! The cause: it is asked last, when no other analyzer answered.

use jiff::SignedDuration;
use types::{Clue, Diagnosis, Evidence, Fault, Kind, PodFacts};

use super::{probe_kills, wording};
use crate::redact::shortened;

/// How long a pod may take before its silence is trouble.
pub(super) const LONG: SignedDuration = SignedDuration::from_mins(5);
/// Characters of what a pod's status says that are quoted.
const MAX_SAID: usize = 240;

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let workload = &evidence.workload;
    let is_well = workload.desired <= workload.ready || probe_kills::is_starting(evidence);
    if is_well && workload.failed_condition.is_none() {
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
    if let Some(overdue) = stuck.and_then(|it| overdue(it, evidence)) {
        return Some(overdue);
    }
    let said = stuck.and_then(told);
    let cause = match &said {
        Some(said) => format!("It is not healthy; all that is said of it is \"{said}\"."),
        None => "It is not healthy, and the facts do not say why.".to_owned(),
    };
    Some(Diagnosis {
        fault: Fault::Unknown,
        container: None,
        cause,
        clues,
        confidence: if said.is_some() { 0.5 } else { 0.3 },
    })
}

/// A pod that nothing owns has had the time that it may take.
fn overdue(pod: &PodFacts, evidence: &Evidence) -> Option<Diagnosis> {
    let is_over = evidence.is_bare_pod() && pod.reason.as_deref() == Some("DeadlineExceeded");
    let field = wording::pod_field(evidence, "activeDeadlineSeconds").filter(|_| is_over)?;
    let mut clues = vec![Clue::new(field, "is over")];
    let message = pod.message.as_ref();
    clues.extend(message.map(|it| Clue::new(format!("pods[{}].message", pod.name), it)));
    Some(Diagnosis {
        fault: Fault::Unknown,
        container: None,
        cause: "It was ended because it took longer than its activeDeadlineSeconds allows."
            .to_owned(),
        clues,
        confidence: 0.9,
    })
}

/// What the pod's own status says, on one line.
fn told(pod: &PodFacts) -> Option<String> {
    let reason = pod.reason.as_deref().filter(|it| !it.is_empty());
    let message = pod.message.as_deref().filter(|it| !it.trim().is_empty());
    let said: Vec<_> = reason.into_iter().chain(message).collect();
    let said: String = shortened(&said.join(": "), MAX_SAID);
    (!said.is_empty()).then(|| said.trim().trim_end_matches('.').to_owned())
}
