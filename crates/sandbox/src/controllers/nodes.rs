//! Notices nodes that nobody hears of, and moves their pods.

use std::time::Duration;

use serde_json::{Value, json};

use super::Desk;
use crate::clock::Moment;
use crate::events::now;
use crate::fields::{Fields, put};
use crate::kubelet::DOWN;
use crate::store::Deletion;

/// A node is lost when nothing was heard of it for so long.
const GRACE: Duration = Duration::from_secs(40);
/// The longest a pod stays on a lost node when it does not say how long.
const PATIENCE: Duration = Duration::from_mins(5);
const TAINT: &str = "node.kubernetes.io/unreachable";

pub(super) fn reconcile(desk: &mut Desk<'_>, name: &str) -> Option<Moment> {
    let node = desk.world.store.get("nodes", "", name)?;
    let down = node.at("/metadata/annotations").get(DOWN).and_then(Value::as_str) == Some("true");
    let tainted = node.list("/spec/taints").iter().any(|it| it.text("/key") == TAINT);
    if !down {
        desk.family.begun.remove(node.uid());
        if tainted {
            taint(desk, &node, &[]);
        }
        return None;
    }
    let since = *desk.family.begun.entry(node.uid().to_owned()).or_insert(desk.now);
    if desk.now < since + GRACE {
        return Some(since + GRACE);
    }
    if !tainted {
        lose(desk, &node);
        taint(desk, &node, &["NoSchedule", "NoExecute"]);
    }
    if desk.now < since + GRACE + PATIENCE {
        return Some(since + GRACE + PATIENCE);
    }
    evict(desk, &node);
    None
}

fn lose(desk: &Desk<'_>, node: &Value) {
    let conditions: Vec<Value> = node
        .list("/status/conditions")
        .iter()
        .map(|it| {
            let mut it = it.clone();
            put(&mut it, &["status"], json!("Unknown"));
            put(&mut it, &["reason"], json!("NodeStatusUnknown"));
            put(&mut it, &["message"], json!("Kubelet stopped posting node status."));
            put(&mut it, &["lastTransitionTime"], json!(now()));
            it
        })
        .collect();
    let mut status = node.at("/status").clone();
    put(&mut status, &["conditions"], Value::Array(conditions));
    desk.report("nodes", node, status);
    let text = format!("Node {} status is now: NodeNotReady", node.name());
    desk.world.node.normal(node, "NodeNotReady", &text);
    for pod in pods_of(desk, node) {
        unready(desk, &pod);
    }
}

/// Nobody knows any more whether a pod of a lost node is ready.
fn unready(desk: &Desk<'_>, pod: &Value) {
    let mut conditions = pod.list("/status/conditions").to_vec();
    for condition in conditions.iter_mut().filter(|it| it.text("/type") == "Ready") {
        put(condition, &["status"], json!("False"));
        put(condition, &["lastTransitionTime"], json!(now()));
    }
    let mut status = pod.at("/status").clone();
    put(&mut status, &["conditions"], Value::Array(conditions));
    desk.report("pods", pod, status);
    desk.world.node.warning(pod, "NodeNotReady", "Node is not ready");
}

fn taint(desk: &Desk<'_>, node: &Value, effects: &[&str]) {
    let others = node.list("/spec/taints").iter().filter(|it| it.text("/key") != TAINT).cloned();
    let added = effects.iter().map(|it| json!({"key": TAINT, "effect": it, "timeAdded": now()}));
    let taints: Vec<Value> = others.chain(added).collect();
    drop(desk.world.store.written_by("kube-controller-manager").update(
        "nodes",
        "",
        node.name(),
        |it| {
            put(it, &["spec", "taints"], Value::Array(taints));
            Ok(())
        },
    ));
}

fn pods_of(desk: &Desk<'_>, node: &Value) -> Vec<std::sync::Arc<Value>> {
    let (pods, _) = desk.world.store.list("pods", None);
    pods.into_iter().filter(|it| it.text("/spec/nodeName") == node.name()).collect()
}

/// Removes the pods of a lost node, but those of daemon sets, which belong there.
fn evict(desk: &Desk<'_>, node: &Value) {
    for pod in pods_of(desk, node) {
        if pod.controller().is_some_and(|it| it.text("/kind") == "DaemonSet") {
            continue;
        }
        let text = format!("Marking for deletion Pod {}/{}", pod.namespace(), pod.name());
        desk.world.node.normal(&pod, "TaintManagerEviction", &text);
        let deletion = Deletion::default();
        drop(desk.world.store.delete("pods", pod.namespace(), pod.name(), &deletion));
    }
}
