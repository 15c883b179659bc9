//! What runs on the nodes of the subject's pods, of other namespaces: a fix that takes more of a node than it has
//! shows there.
//!
//! A node with a hundred pods always has some coming and going, so that a loss alone says nothing: it counts where the
//! node explains it. A container that passes a memory limit of its own, a program that answers with an error and a
//! rollout are trouble that a pod brings along.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerStatus, Event, Node, Pod};
use types::{NodeMateFacts, StrainFacts, StrainKind};

use super::events::last_seen;
use super::neighbours::{counted, is_ready};
use crate::node_state::{pressures, since, unready};
use crate::{NodeMate, Objects};

/// More workloads than this are not compared.
const MAX_NODE_MATES: usize = 100;
/// What the kubelet says when it evicts a pod for what the pod itself wrote, on a node that has room enough
/// (<https://github.com/kubernetes/kubernetes/blob/v1.33.0/pkg/kubelet/eviction/helpers.go>).
const TOO_MUCH: [&str; 3] =
    ["exceeds the limit", "exceeds the total limit", "exceeded its local ephemeral storage limit"];
/// What the kubelet says of a probe that was not answered in time.
const LATE: [&str; 3] = ["deadline exceeded", "timed out", "timeout"];

/// The workloads of other namespaces beside the subject's pods.
pub(super) fn facts(objects: &Objects) -> Vec<NodeMateFacts> {
    let mut facts: Vec<_> = objects.node_mates.iter().filter_map(|it| mate(it, objects)).collect();
    facts.sort_by(|a, b| {
        let rank = |it: &NodeMateFacts| it.strains.is_empty();
        (rank(a), &a.workload.object).cmp(&(rank(b), &b.workload.object))
    });
    facts.truncate(MAX_NODE_MATES);
    facts
}

fn mate(mate: &NodeMate, objects: &Objects) -> Option<NodeMateFacts> {
    // What is over was replaced, and is no witness of how steady the others are.
    let alive: Vec<_> = mate.pods.iter().filter(|it| !is_over(it)).collect();
    let workload = counted(&mate.root, &alive, objects.taken_at)?;
    let nodes = objects.nodes.as_deref().unwrap_or_default();
    let mut strains: Vec<_> =
        mate.pods.iter().flat_map(|it| strains(it, &mate.warnings, nodes)).collect();
    // The latest of each kind: what was before a fix does not hide what came after it.
    strains.sort_by(|a, b| (a.kind, b.at, &a.node).cmp(&(b.kind, a.at, &b.node)));
    strains.dedup_by_key(|it| it.kind);
    Some(NodeMateFacts { workload, strains })
}

/// What befell this pod that its node explains; nothing of one that is ready, done or about to go.
fn strains(pod: &Pod, warnings: &[Arc<Event>], nodes: &[Arc<Node>]) -> Vec<StrainFacts> {
    let phase = phase(pod);
    let node_name = pod.spec.as_ref().and_then(|it| it.node_name.as_deref());
    let Some(name) = node_name.filter(|_| phase != "Succeeded" && !is_ready(pod)) else {
        return vec![];
    };
    if pod.metadata.deletion_timestamp.is_some() {
        return vec![];
    }
    let node = nodes.iter().find(|it| it.metadata.name.as_deref() == Some(name));
    let lost_at = condition(pod, "Ready").and_then(|it| it.1);
    // Both have to be of the same time: the later trouble of a pod does not follow from the earlier one of its node.
    let with_pod = |at: Option<Timestamp>| Some(at?.min(lost_at?));
    let found = [
        (StrainKind::Evicted, evicted_at(pod)),
        (StrainKind::KilledForMemory, killed_at(pod)),
        (StrainKind::AnswersLate, with_pod(late_at(pod, warnings))),
        (StrainKind::NodeUnderPressure, with_pod(node.and_then(|it| pressed_since(it)))),
        (StrainKind::NodeNotReady, with_pod(node.and_then(|it| down_since(it)))),
    ];
    let strain = |(kind, at): (StrainKind, Option<Timestamp>)| {
        Some(StrainFacts { kind, at: at?, node: name.to_owned() })
    };
    found.into_iter().filter_map(strain).collect()
}

fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|it| it.phase.as_deref()).unwrap_or_default()
}

fn is_over(pod: &Pod) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

/// Whether this condition of the pod is true, and since when it is as it is.
fn condition(pod: &Pod, name: &str) -> Option<(bool, Option<Timestamp>)> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let found = conditions.iter().find(|it| it.type_ == name)?;
    Some((found.status == "True", found.last_transition_time.as_ref().map(|it| it.0)))
}

/// When the kubelet put it off its node, for the sake of the node.
fn evicted_at(pod: &Pod) -> Option<Timestamp> {
    let status = pod.status.as_ref()?;
    if phase(pod) != "Failed" || status.reason.as_deref() != Some("Evicted") {
        return None;
    }
    let words = status.message.as_deref().unwrap_or_default();
    if TOO_MUCH.iter().any(|it| words.contains(it)) {
        return None;
    }
    let disrupted = condition(pod, "DisruptionTarget").filter(|it| it.0).and_then(|it| it.1);
    let unready = || condition(pod, "Ready").and_then(|it| it.1);
    // One that was turned away before it began has no conditions.
    let began = || status.start_time.as_ref().map(|it| it.0);
    disrupted.or_else(unready).or_else(began)
}

/// When the kernel last killed a container of it that has no memory limit: then it was the node that had too little.
fn killed_at(pod: &Pod) -> Option<Timestamp> {
    let is_unlimited = |name: &str| {
        let container = pod.spec.as_ref()?.containers.iter().find(|it| it.name == name)?;
        let limits = container.resources.as_ref().and_then(|it| it.limits.as_ref());
        Some(!limits.is_some_and(|it| it.contains_key("memory")))
    };
    let end = |it: &ContainerStatus| {
        let states = [it.state.as_ref(), it.last_state.as_ref()].into_iter().flatten();
        let ends = states.filter_map(|it| it.terminated.as_ref());
        let killed = ends.filter(|it| it.reason.as_deref() == Some("OOMKilled"));
        killed.filter_map(|it| it.finished_at.as_ref().map(|it| it.0)).max()
    };
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    statuses.iter().filter(|it| is_unlimited(&it.name) == Some(true)).filter_map(end).max()
}

/// When a probe of it was last not answered in time.
fn late_at(pod: &Pod, warnings: &[Arc<Event>]) -> Option<Timestamp> {
    let is_late = |it: &&Arc<Event>| {
        let message = it.message.as_deref().unwrap_or_default().to_lowercase();
        let about = &it.involved_object;
        (&about.namespace, &about.name) == (&pod.metadata.namespace, &pod.metadata.name)
            && it.reason.as_deref() == Some("Unhealthy")
            && LATE.iter().any(|word| message.contains(word))
    };
    warnings.iter().filter(is_late).filter_map(|it| last_seen(it)).max()
}

/// Since when the node runs out of something, by the newest of its conditions.
fn pressed_since(node: &Node) -> Option<Timestamp> {
    pressures(node).filter_map(since).max()
}

/// Since when the node is not ready, or unheard of.
fn down_since(node: &Node) -> Option<Timestamp> {
    since(unready(node)?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(NOW + second).unwrap()
    }

    /// A pod on `node-1` that lost readiness at this second, with what else its status says.
    fn unready(second: i64, status: &Value) -> Value {
        let mut pod = json!({"metadata": {"namespace": "other", "name": "quiet-1"},
            "spec": {"nodeName": "node-1", "containers": [{"name": "app"}]},
            "status": {"phase": "Running",
                "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": at(second)}]}});
        for (key, value) in status.as_object().unwrap() {
            pod["status"][key] = value.clone();
        }
        pod
    }

    /// A container that ended for this reason at this second.
    fn ended(reason: &str, second: i64) -> Value {
        json!({"containerStatuses": [{"name": "app", "image": "i", "imageID": "", "ready": false, "restartCount": 1,
            "lastState": {"terminated": {"exitCode": 137, "reason": reason, "finishedAt": at(second)}}}]})
    }

    /// That a probe failed with this message at this second.
    fn warned(message: &str, second: i64) -> Value {
        json!({"metadata": {}, "reason": "Unhealthy", "message": message, "lastTimestamp": at(second),
            "involvedObject": {"kind": "Pod", "namespace": "other", "name": "quiet-1"}})
    }

    /// A condition of `node-1` that is so since this second.
    fn node(type_: &str, status: &str, second: i64) -> Value {
        json!({"metadata": {"name": "node-1"}, "status": {"conditions": [
            {"type": type_, "status": status, "lastTransitionTime": at(second)}]}})
    }

    /// What befell the pod, and when, in the light of a warning and of its node.
    #[track_caller]
    fn check(pod: &Value, warning: &Value, node: &Value, expected: &[(StrainKind, i64)]) {
        let read = serde_json::from_value::<Pod>(pod.clone()).unwrap();
        let warnings: Vec<Arc<Event>> =
            serde_json::from_value(warning.clone()).ok().map(Arc::new).into_iter().collect();
        let nodes: Vec<Arc<Node>> =
            serde_json::from_value(node.clone()).ok().map(Arc::new).into_iter().collect();
        let found = strains(&read, &warnings, &nodes);
        let found: Vec<_> = found.iter().map(|it| (it.kind, it.at)).collect();
        let expected: Vec<_> = expected.iter().map(|it| (it.0, at(it.1))).collect();
        assert_eq!(found, expected, "{pod:#}");
    }

    const NOTHING: Value = Value::Null;

    #[test]
    fn to_be_put_off_a_node_is_of_the_node() {
        let evicted = json!({"phase": "Failed", "reason": "Evicted"});
        check(&unready(7, &evicted), &NOTHING, &NOTHING, &[(StrainKind::Evicted, 7)]);
        let disrupted = json!({"phase": "Failed", "reason": "Evicted", "conditions": [
            {"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet", "lastTransitionTime": at(5)}]});
        check(&unready(7, &disrupted), &NOTHING, &NOTHING, &[(StrainKind::Evicted, 5)]);
        let turned_away =
            json!({"phase": "Failed", "reason": "Evicted", "startTime": at(3), "conditions": []});
        check(&unready(7, &turned_away), &NOTHING, &NOTHING, &[(StrainKind::Evicted, 3)]);
        check(&unready(7, &json!({"phase": "Failed"})), &NOTHING, &NOTHING, &[]);
    }

    #[test]
    fn to_be_put_off_a_node_for_what_one_wrote_oneself_is_not_of_the_node() {
        let evicted =
            |words: &str| json!({"phase": "Failed", "reason": "Evicted", "message": words});
        let low =
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi. ";
        check(&unready(7, &evicted(low)), &NOTHING, &NOTHING, &[(StrainKind::Evicted, 7)]);
        for own in [
            "Usage of EmptyDir volume \"cache\" exceeds the limit \"1Mi\". ",
            "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ",
            "Container app exceeded its local ephemeral storage limit \"1Mi\". ",
        ] {
            check(&unready(7, &evicted(own)), &NOTHING, &NOTHING, &[]);
        }
    }

    #[test]
    fn to_be_killed_for_memory_is_of_the_node_only_without_a_limit_of_ones_own() {
        let mut pod = unready(7, &ended("OOMKilled", 6));
        check(&pod, &NOTHING, &NOTHING, &[(StrainKind::KilledForMemory, 6)]);
        pod["spec"]["containers"][0]["resources"] = json!({"limits": {"memory": "64Mi"}});
        check(&pod, &NOTHING, &NOTHING, &[]);
        check(&unready(7, &ended("Error", 6)), &NOTHING, &NOTHING, &[]);
    }

    #[test]
    fn to_answer_late_is_of_the_node_and_to_answer_wrong_is_not() {
        let running = unready(7, &json!({}));
        let late = "Readiness probe failed: Get \"http://10.0.0.1/\": context deadline exceeded";
        check(&running, &warned(late, 9), &NOTHING, &[(StrainKind::AnswersLate, 7)]);
        check(&running, &warned(late, 5), &NOTHING, &[(StrainKind::AnswersLate, 5)]);
        let wrong = "Readiness probe failed: HTTP probe failed with statuscode: 503";
        check(&running, &warned(wrong, 9), &NOTHING, &[]);
        let mut of_another = warned(late, 9);
        of_another["involvedObject"]["name"] = json!("quiet-2");
        check(&running, &of_another, &NOTHING, &[]);
    }

    #[test]
    fn a_node_in_need_explains_what_is_lost_there_and_one_that_is_well_does_not() {
        let running = unready(7, &json!({}));
        let pressed = [(StrainKind::NodeUnderPressure, 4)];
        check(&running, &NOTHING, &node("MemoryPressure", "True", 4), &pressed);
        check(&running, &NOTHING, &node("MemoryPressure", "False", 4), &[]);
        check(&running, &NOTHING, &node("Ready", "Unknown", 8), &[(StrainKind::NodeNotReady, 7)]);
        check(&running, &NOTHING, &node("Ready", "True", 8), &[]);
        let mut elsewhere = node("MemoryPressure", "True", 4);
        elsewhere["metadata"]["name"] = json!("node-2");
        check(&running, &NOTHING, &elsewhere, &[]);
    }

    #[test]
    fn what_is_ready_done_or_about_to_go_suffers_nothing() {
        let pressed = node("MemoryPressure", "True", 4);
        let mut ready = unready(7, &json!({}));
        ready["status"]["conditions"][0]["status"] = json!("True");
        check(&ready, &NOTHING, &pressed, &[]);
        check(&unready(7, &json!({"phase": "Succeeded"})), &NOTHING, &pressed, &[]);
        let mut going = unready(7, &json!({}));
        going["metadata"]["deletionTimestamp"] = json!(at(6));
        check(&going, &NOTHING, &pressed, &[]);
    }
}
