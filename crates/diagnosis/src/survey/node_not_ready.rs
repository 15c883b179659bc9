//! A node is not ready: its kubelet says so, or says nothing any more.
//!
//! ## What it looks for
//! The condition `Ready` with `False` or `Unknown`, with the kubelet's reason and since when. The workloads whose
//! failing pods are all on such a node hang on it.
//!
//! ## What it does not see
//! Why the machine is gone. A node that has just joined gets ready in its own time, and one that is being deleted may
//! be silent.

use k8s_openapi::api::core::v1::{Node, NodeCondition};
use types::{ClusterFault, Finding, Severity};

use super::cluster;
use super::scene::{Scene, is_over, name, subject};
use super::words::quoted;

/// How long a new node may take until it is ready, in seconds: its network is set up by pods.
const JOINING_SECS: i64 = 180;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    nodes(scene).into_iter().filter_map(|it| of_node(it, scene)).collect()
}

/// The nodes, by name.
pub(super) fn nodes<'a>(scene: &Scene<'a>) -> Vec<&'a Node> {
    let mut nodes: Vec<&Node> = scene.all.nodes.iter().map(|it| &**it).collect();
    nodes.sort_by_key(|it| name(&it.metadata));
    nodes
}

fn of_node(node: &Node, scene: &Scene<'_>) -> Option<Finding> {
    let ready = condition(node, "Ready").filter(|it| it.status != "True")?;
    let created = node.metadata.creation_timestamp.as_ref().map(|it| it.0);
    let is_new = created.is_some() && scene.age_secs(created) < JOINING_SECS;
    if is_new || node.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let reason = ready.reason.as_deref().unwrap_or_default();
    let message = quoted(ready.message.as_deref().unwrap_or_default(), scene);
    let since = ready.last_transition_time.as_ref().map(|it| format!(" since {}", it.0));
    let since = since.unwrap_or_default();
    let cause = match (ready.status.as_str(), reason) {
        (_, "NodeStatusNeverUpdated") => "Its kubelet never reported.".to_owned(),
        ("Unknown", _) => {
            format!(
                "Its kubelet does not report{since}: the machine, its kubelet or its network is down."
            )
        }
        (_, _) if message.is_empty() => format!("It is not ready{since}."),
        (_, _) => format!("Its kubelet is not ready{since}: {message}."),
    };
    // Somebody took it out of service already, and nothing runs on it: that is in no hurry.
    let severity = if is_cordoned(node) && is_empty(node, scene) {
        Severity::Warning
    } else {
        Severity::Critical
    };
    let fault = cluster(ClusterFault::NodeNotReady);
    let finding = Finding::new(subject("Node", &node.metadata), severity, fault, cause)
        .clue("status.conditions[Ready].status", &ready.status)
        .clue("status.conditions[Ready].reason", reason)
        .clue("status.conditions[Ready].message", &message);
    Some(if is_cordoned(node) { finding.clue("spec.unschedulable", "true") } else { finding })
}

/// A condition of a node.
pub(super) fn condition<'n>(node: &'n Node, type_: &str) -> Option<&'n NodeCondition> {
    node.status.as_ref()?.conditions.as_ref()?.iter().find(|it| it.type_ == type_)
}

/// Whether a node is known not to be ready.
pub(super) fn is_down(node: &Node) -> bool {
    condition(node, "Ready").is_some_and(|it| it.status != "True")
}

/// Whether somebody keeps new pods away from it.
pub(super) fn is_cordoned(node: &Node) -> bool {
    node.spec.as_ref().and_then(|it| it.unschedulable) == Some(true)
}

/// Whether no pod is on it but those that every node has.
fn is_empty(node: &Node, scene: &Scene<'_>) -> bool {
    let on_it = |pod: &k8s_openapi::api::core::v1::Pod| {
        pod.spec.as_ref().and_then(|it| it.node_name.as_deref()) == Some(name(&node.metadata))
    };
    let mut pods = scene.all.pods.iter().filter(|it| on_it(it) && !is_over(it));
    pods.all(|it| {
        it.metadata.owner_references.iter().flatten().any(|owner| owner.kind == "DaemonSet")
    })
}
