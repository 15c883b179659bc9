//! Pods that are cut off: their node is not ready, and what else is known of them is from before.
//!
//! The node controller sets the condition `Ready` of each such pod that was ready to `False` and leaves the rest of
//! its status as the kubelet wrote it last, `ready: true` of its containers as well
//! (<https://github.com/kubernetes/kubernetes/blob/v1.33.0/pkg/controller/util/node/controller_utils.go>).

use std::collections::BTreeMap;

use jiff::SignedDuration;
use k8s_openapi::api::core::v1::{ContainerStatus, Node, NodeCondition, Pod};
use types::DownNode;

use super::pods::{condition, is_ready};
use crate::node_state::{comes_or_goes, since, unready};
use crate::redact::shortened;
use crate::suspicion::ORDINARY_WAITS;
use crate::{Objects, Redactor};

/// Nodes that are told.
const MAX_NODES: usize = 20;
/// Characters of what a node says that are kept.
const MAX_CHARS: usize = 300;
/// Two clocks tell when a node and its pods were given up: they differ by less than this.
const SLACK: SignedDuration = SignedDuration::from_secs(60);
/// How long a node that still speaks has to be not ready.
const SETTLED: SignedDuration = SignedDuration::from_secs(60);

/// Whether nobody has heard of this pod since its node is not ready.
pub(super) fn is_cut_off(objects: &Objects, pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|it| it.phase.as_deref()).unwrap_or_default();
    if matches!(phase, "Succeeded" | "Failed") || is_ready(pod) {
        return false;
    }
    let Some((node, said)) = down_node(objects, pod) else { return false };
    if comes_or_goes(node, objects.taken_at) {
        return false;
    }
    let is_silent = said.status == "Unknown";
    // A kubelet that is restarted says so for seconds.
    let is_new = |at| objects.taken_at.duration_since(at) < SETTLED;
    if !is_silent && since(said).is_some_and(is_new) {
        return false;
    }
    if let Some(until) = &pod.metadata.deletion_timestamp {
        return is_silent || until.0 < objects.taken_at;
    }
    let never_began = is_silent && phase == "Pending" && statuses(pod).all(waits_in_order);
    never_began || has_lost_readiness(pod, said) && statuses(pod).all(|it| it.ready)
}

/// The nodes that cut pods off, by name.
pub(super) fn nodes(objects: &Objects, redactor: &Redactor) -> Vec<DownNode> {
    let cut_off = objects.pods.iter().filter(|it| is_cut_off(objects, it));
    let down = cut_off.filter_map(|it| down_node(objects, it));
    let told = down.map(|(node, said)| {
        let name = node.metadata.name.clone().unwrap_or_default();
        let text = |it: &Option<String>| {
            let text = redactor.redact(it.as_deref().unwrap_or_default());
            shortened(&text, MAX_CHARS)
        };
        let (reason, message): (String, String) = (text(&said.reason), text(&said.message));
        let (ready, since) = (said.status.clone(), since(said));
        (name.clone(), DownNode { name, ready, reason, message, since })
    });
    let by_name: BTreeMap<String, DownNode> = told.collect();
    by_name.into_values().take(MAX_NODES).collect()
}

/// The node of a pod with what it says, where that is not ready.
fn down_node<'o>(objects: &'o Objects, pod: &Pod) -> Option<(&'o Node, &'o NodeCondition)> {
    let name = pod.spec.as_ref()?.node_name.as_ref()?;
    let mut nodes = objects.nodes.iter().flatten();
    let node = nodes.find(|it| it.metadata.name.as_ref() == Some(name))?;
    Some((node, unready(node)?))
}

/// Whether the pod is not ready since its node is not, as far as the times are told.
fn has_lost_readiness(pod: &Pod, said: &NodeCondition) -> bool {
    let Some(ready) = condition(pod, "Ready") else { return false };
    let lost_at = ready.last_transition_time.as_ref().map(|it| it.0);
    lost_at.zip(since(said)).is_none_or(|(lost_at, since)| since.duration_since(lost_at) <= SLACK)
}

/// The statuses of those of its containers that stay.
fn statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    pod.status.iter().flat_map(|it| it.container_statuses.iter().flatten())
}

/// Whether a container has not begun, and nothing speaks against it.
fn waits_in_order(status: &ContainerStatus) -> bool {
    let state = status.state.as_ref();
    let waiting = state.and_then(|it| it.waiting.as_ref());
    let is_ordinary = waiting.is_none_or(|it| {
        it.reason.as_deref().is_none_or(|reason| ORDINARY_WAITS.contains(&reason))
    });
    let has_run = state.is_some_and(|it| it.running.is_some() || it.terminated.is_some());
    let ran_before = status.last_state.as_ref().is_some_and(|it| it.terminated.is_some());
    is_ordinary && !has_run && !ran_before
}
