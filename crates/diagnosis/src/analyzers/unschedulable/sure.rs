//! How sure it is what keeps a pod from every node.

use types::{Clue, Evidence};

use crate::confidence;

/// What the scheduler says of labels and taints of nodes.
const OF_NODES: [&str; 4] = ["affinity", "selector", "taint", "topology spread"];

/// How sure it is what keeps the pod. The scheduler counts nodes: which label or taint of theirs it means is read off
/// them, where they can be read.
pub(super) fn sure(message: &str, clues: &[Clue], evidence: &Evidence) -> f64 {
    let is_of_nodes = OF_NODES.iter().any(|it| message.contains(it));
    let is_placed = clues.iter().any(|it| it.fact.starts_with("/spec/"));
    match (is_of_nodes && evidence.nodes.is_none(), is_placed) {
        (false, _) => confidence::SAID,
        (true, true) => confidence::LIKELY,
        (true, false) => confidence::UNSEEN,
    }
}
