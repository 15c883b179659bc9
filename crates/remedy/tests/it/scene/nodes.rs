//! Nodes that would take the pods of the shop.

use types::{Evidence, Kind, ObjectRef, StrayTaint};

use super::{evidence, quantity};

/// `<kind> shop/web` that waits, because its only node has one taint too many.
pub(crate) fn tainted(kind: Kind) -> Evidence {
    let mut evidence = evidence(kind);
    evidence.pods[0].unschedulable = Some(
        "0/1 nodes are available: 1 node(s) had untolerated taint {maintenance: yes}.".to_owned(),
    );
    evidence.nodes.as_mut().unwrap().stray = vec![taint("node1", 1, "NoSchedule")];
    evidence
}

/// The taint `maintenance=yes` at this place of a node.
pub(crate) fn taint(node: &str, index: usize, effect: &str) -> StrayTaint {
    let node = ObjectRef {
        uid: format!("uid-{node}"),
        resource_version: "5".to_owned(),
        ..ObjectRef::named(Kind::Node, "", node)
    };
    StrayTaint {
        node,
        index,
        key: "maintenance".to_owned(),
        value: Some("yes".to_owned()),
        effect: effect.to_owned(),
        added_at: None,
    }
}

pub(crate) fn unschedulable(kind: Kind, request: &str) -> Evidence {
    let mut evidence = evidence(kind);
    evidence.containers[0].memory_request = Some(quantity(request));
    evidence.pods[0].unschedulable =
        Some("0/1 nodes are available: 1 Insufficient memory.".to_owned());
    evidence
}
