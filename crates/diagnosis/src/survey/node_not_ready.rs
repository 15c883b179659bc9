//! A node is not ready: its kubelet says so, or says nothing any more.
//!
//! ## What it looks for
//! The condition `Ready` with `False` or `Unknown`, with the kubelet's reason and since when. The workloads whose
//! failing pods are all on such a node hang on it.
//!
//! ## What it does not see
//! Why the machine is gone. A node that has just joined gets ready in its own time, and one that is being deleted may
//! be silent.

use k8s_openapi::api::core::v1::Node;
use types::{ClusterFault, Finding, Severity};

use super::cluster;
use super::scene::{Scene, is_over, name, subject};
use super::words::quoted;
use crate::node_state::{comes_or_goes, is_cordoned, since, unready};

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
    let ready = unready(node)?;
    if comes_or_goes(node, scene.all.taken_at) {
        return None;
    }
    let reason = ready.reason.as_deref().unwrap_or_default();
    let message = quoted(ready.message.as_deref().unwrap_or_default(), scene);
    let since = since(ready).map(|it| format!(" since {it}")).unwrap_or_default();
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
