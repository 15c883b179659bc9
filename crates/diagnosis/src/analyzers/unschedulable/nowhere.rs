//! A pod whose template names a node that is not there.

use types::{Clue, Diagnosis, Evidence, Fault};

use super::super::wording;
use crate::confidence;

/// The template names a node that is not there. Such a pod is deleted before it is a minute old, and the next one made.
pub(super) fn told(evidence: &Evidence) -> Option<Diagnosis> {
    let workload = &evidence.workload;
    let demand = workload.demands.iter().find(|it| it.exists == Some(false))?;
    // The pods of the revision before serve on.
    let is_held_up = workload.rolling_out || workload.failed_condition.is_some();
    if workload.paused || workload.desired <= workload.ready && !is_held_up {
        return None;
    }
    let near = demand.near_miss.as_ref();
    let near = near.map(|it| format!("; there is {it}, which was probably meant"));
    let total = evidence.nodes.as_ref().map_or(0, |it| it.total);
    let mut clues = vec![
        Clue::new(demand.path.clone(), &demand.value),
        Clue::new("nodes.total", &total),
        Clue::new(format!("Node {}", demand.value), "not found"),
    ];
    clues.extend(wording::rollout(evidence, &["nodeName"]));
    Some(Diagnosis {
        fault: Fault::Unschedulable,
        container: None,
        cause: format!(
            "No node can take the pod: it wants the node {} by name, and there is no such node{}.",
            demand.value,
            near.unwrap_or_default()
        ),
        clues,
        confidence: confidence::SAID,
    })
}
