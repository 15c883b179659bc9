//! The rollout missed its deadline, and no container says why.
//!
//! ## What it looks for
//! A Deployment that reports `ProgressDeadlineExceeded` and misses pods, asked when no other analyzer answered.
//!
//! ## What it does not see
//! The cause. A rollout that was paused on purpose is not stuck.

use types::{Clue, Diagnosis, Evidence, Fault};

use super::wording;
use crate::confidence;

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let workload = &evidence.workload;
    let gave_up = workload.failed_condition.as_deref() == Some("ProgressDeadlineExceeded");
    let whole = workload.desired <= workload.ready && workload.desired <= workload.updated;
    if !gave_up || whole || workload.paused {
        return None;
    }
    let message = workload.failed_message.as_deref().unwrap_or_default();
    let (ready, desired) = (workload.ready, workload.desired);
    let mut clues = vec![
        Clue::new("workload.failed_condition", &format!("ProgressDeadlineExceeded {message}")),
        Clue::new("workload.ready", &format!("{ready} of {desired}")),
    ];
    let waiting = evidence.pods.iter().find(|it| it.current && !it.ready && !it.terminating);
    clues.extend(waiting.map(|it| Clue::new(format!("pods[{}].phase", it.name), &it.phase)));
    clues.extend(evidence.containers.iter().filter(|it| !it.ready).flat_map(wording::waiting));
    let rollout = wording::rollout(evidence, &[]);
    let began = if rollout.is_empty() { "" } else { ", which an earlier revision did" };
    clues.extend(rollout);
    let cause = if waiting.is_some() {
        format!(
            "The rollout missed its deadline: {ready} of {desired} pods are ready, and the new ones do not become \
             ready{began}."
        )
    } else {
        format!(
            "The rollout missed its deadline: it has no new pod, with {ready} of {desired} ready."
        )
    };
    Some(Diagnosis {
        fault: Fault::RolloutStuck,
        container: None,
        cause,
        clues,
        confidence: confidence::BARE,
    })
}
