//! What a node says of itself, for the rules about pods and those about nodes alike.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Node, NodeCondition};

/// How long a new node may take until it is ready: its network is set up by pods.
const JOINING: SignedDuration = SignedDuration::from_secs(180);

/// The conditions by which a node says what it runs out of
/// (<https://kubernetes.io/docs/reference/node/node-status/#condition>).
const PRESSURES: [&str; 3] = ["MemoryPressure", "DiskPressure", "PIDPressure"];

/// Taints by which autoscalers say that they take a node away
/// (<https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md>,
/// <https://karpenter.sh/docs/concepts/disruption/>).
const LEAVING: [&str; 2] = ["ToBeDeletedByClusterAutoscaler", "karpenter.sh/disrupted"];

/// A condition of a node.
pub(crate) fn condition<'n>(node: &'n Node, type_: &str) -> Option<&'n NodeCondition> {
    node.status.as_ref()?.conditions.as_ref()?.iter().find(|it| it.type_ == type_)
}

/// The condition that says that a node is not ready; `None` of one that is, and of one that does not say.
pub(crate) fn unready(node: &Node) -> Option<&NodeCondition> {
    condition(node, "Ready").filter(|it| it.status != "True")
}

/// Whether a node is known not to be ready.
pub(crate) fn is_down(node: &Node) -> bool {
    unready(node).is_some()
}

/// Since when a node is as a condition of it says.
pub(crate) fn since(condition: &NodeCondition) -> Option<Timestamp> {
    condition.last_transition_time.as_ref().map(|it| it.0)
}

/// The conditions by which a node says that it runs out of something now.
pub(crate) fn pressures(node: &Node) -> impl Iterator<Item = &NodeCondition> {
    let conditions = node.status.iter().flat_map(|it| it.conditions.iter().flatten());
    conditions.filter(|it| PRESSURES.contains(&it.type_.as_str()) && it.status == "True")
}

/// Whether a node that is not ready yet, or not any more, is so in the course of things: it has just joined, or it is
/// being deleted, or an autoscaler empties it for that.
pub(crate) fn comes_or_goes(node: &Node, now: Timestamp) -> bool {
    let created = node.metadata.creation_timestamp.as_ref().map(|it| it.0);
    let is_new = created.is_some_and(|it| now.duration_since(it) < JOINING);
    is_new || node.metadata.deletion_timestamp.is_some() || is_emptied(node)
}

/// Whether an autoscaler empties it, to take it away.
pub(crate) fn is_emptied(node: &Node) -> bool {
    let mut taints = node.spec.iter().flat_map(|it| it.taints.iter().flatten());
    taints.any(|it| LEAVING.contains(&it.key.as_str()))
}

/// Whether somebody keeps new pods away from it.
pub(crate) fn is_cordoned(node: &Node) -> bool {
    node.spec.as_ref().and_then(|it| it.unschedulable) == Some(true)
}
