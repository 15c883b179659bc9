//! It is not healthy, and the facts do not say why.
//!
//! ## What it looks for
//! An owner that reports a failure, a pod that failed, or a pod that is not ready for minutes.
//!
//! ## What it does not see
//! The cause: it is asked last, when no other analyzer answered.

use jiff::SignedDuration;
use types::{Clue, Diagnosis, EventFacts, Evidence, Fault, Kind, PodFacts};

use super::{probe_kills, wording};
use crate::confidence;
use crate::redact::shortened;

/// How long a pod may take before its silence is trouble.
pub(super) const LONG: SignedDuration = SignedDuration::from_mins(5);
/// How long the kubelet may take from one step to the next.
const MOMENT: SignedDuration = SignedDuration::from_mins(1);
/// What is told of a pod that gets further.
const STEPS: [&str; 5] = ["SuccessfulAttachVolume", "Pulling", "Pulled", "Created", "Started"];
/// Characters of what a pod's status says that are quoted.
const MAX_SAID: usize = 240;

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let workload = &evidence.workload;
    let is_well = workload.desired <= workload.ready || probe_kills::is_starting(evidence);
    if is_well && workload.failed_condition.is_none() {
        return None;
    }
    let is_job = matches!(evidence.subject.kind, Kind::Job | Kind::CronJob);
    let on_its_way = |it: &PodFacts| got_further(it, evidence);
    let stuck = evidence.pods.iter().filter(|it| !on_its_way(it)).find(|it| {
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
        confidence: if said.is_some() { confidence::UNSEEN } else { confidence::BARE },
    })
}

/// Whether the kubelet got further with a pod a moment ago that has not begun yet: what it waited for has come.
fn got_further(pod: &PodFacts, evidence: &Evidence) -> bool {
    let about = format!("/{}", pod.name);
    let own = evidence.events.iter().filter(|it| it.object.ends_with(&about));
    let newest = own.filter(|it| it.last_seen.is_some()).max_by_key(|it| it.last_seen);
    let is_news = |it: &EventFacts| {
        it.last_seen.is_some_and(|at| evidence.taken_at.duration_since(at) < MOMENT)
    };
    let is_step = |it: &EventFacts| it.type_ == "Normal" && STEPS.contains(&it.reason.as_str());
    pod.phase == "Pending" && newest.is_some_and(|it| is_step(it) && is_news(it))
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
        confidence: confidence::WORDED,
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
