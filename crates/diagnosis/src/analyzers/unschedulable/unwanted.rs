//! A `DaemonSet` that selects nodes by a label that none has, while one has nearly the same.

use types::{Clue, Diagnosis, Evidence, Fault, Kind, ReferenceFacts, ReferenceKind};

use super::super::wording;
use crate::confidence;

/// No pod is wanted at all, and its controller counts that as success. A label that merely no node has says
/// nothing: it may be waiting for the first node of its kind.
pub(super) fn told(evidence: &Evidence) -> Option<Diagnosis> {
    let workload = &evidence.workload;
    let is_it = evidence.subject.kind == Kind::DaemonSet;
    if !is_it || workload.desired != 0 || workload.rolling_out {
        return None;
    }
    let (slip, near) = evidence.references.iter().find_map(|it| near_label(it))?;
    let beside = slip.key.as_deref().unwrap_or_default();
    let (wanted, meant) = if slip.kind == ReferenceKind::NodeLabelKey {
        (format!("{}={beside}", slip.name), format!("{near}={beside}"))
    } else {
        (format!("{beside}={}", slip.name), format!("{beside}={near}"))
    };
    let mut clues = vec![
        Clue::new(slip.path.clone(), &wanted),
        Clue::new("workload.desired", &workload.desired),
    ];
    clues.extend(wording::rollout(evidence, &["nodeSelector", "affinity"]));
    Some(Diagnosis {
        fault: Fault::Unschedulable,
        container: None,
        cause: format!(
            "It runs nowhere: no node has the label {wanted}; there is {meant}, which was probably meant."
        ),
        clues,
        confidence: confidence::WORDED,
    })
}

fn near_label(reference: &ReferenceFacts) -> Option<(&ReferenceFacts, &str)> {
    let is_label =
        matches!(reference.kind, ReferenceKind::NodeLabelKey | ReferenceKind::NodeLabelValue);
    let is_lost = is_label && reference.exists == Some(false);
    let near = reference.near_miss.as_deref().filter(|_| is_lost)?;
    Some((reference, near))
}
