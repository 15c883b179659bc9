//! What runs beside a workload's pods on their nodes, of other namespaces: from the caches, nothing is asked for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diagnosis::{NodeMate, PodOutline, is_quiet};
use k8s_openapi::api::core::v1::Pod;
use types::{Kind, ObjectRef};

use super::caches::Caches;

/// Nodes whose pods are looked at, the first by name: each has a hundred pods or more, and they are looked at again
/// and again.
const MAX_NODES: usize = 10;

/// The workloads of other namespaces with pods on the nodes of these pods.
pub(super) fn of(caches: &Caches, subject: &ObjectRef, pods: &[Arc<Pod>]) -> Vec<NodeMate> {
    let nodes: BTreeSet<&str> = pods.iter().filter_map(|it| node_of(it)).collect();
    let nodes: BTreeSet<&str> = nodes.into_iter().take(MAX_NODES).collect();
    if nodes.is_empty() {
        return vec![];
    }
    let is_there = |it: &Arc<PodOutline>| {
        it.namespace != subject.namespace && it.node.as_deref().is_some_and(|it| nodes.contains(it))
    };
    let mut found = caches.pods.all_outlined(is_there);
    // One that was put off its node holds no room there any more, so that its outline names none.
    let was_there = |it: &Arc<Pod>| {
        it.metadata.namespace.as_deref() != Some(subject.namespace.as_str())
            && phase(it) == "Failed"
            && named_node(it).is_some_and(|it| nodes.contains(it))
    };
    found.extend(caches.pods.restless().into_iter().filter(was_there));
    let mut by_root: BTreeMap<ObjectRef, Vec<Arc<Pod>>> = BTreeMap::new();
    for pod in found {
        // An owner that the caches do not hold yet comes with the next look.
        if let Some(root) = caches.root_of_pod(&pod).ok().filter(|it| has_replicas(it.kind)) {
            by_root.entry(root).or_default().push(pod);
        }
    }
    by_root.into_iter().filter_map(|(root, pods)| mate(caches, &root, pods)).collect()
}

fn mate(caches: &Caches, root: &ObjectRef, pods: Vec<Arc<Pod>>) -> Option<NodeMate> {
    let restless = pods.iter().filter(|it| !is_quiet(it));
    let warnings = restless.flat_map(|it| {
        let name = it.metadata.name.as_deref().unwrap_or_default();
        caches.events_about(Kind::Pod, &root.namespace, name)
    });
    let warnings = warnings.filter(|it| it.type_.as_deref() == Some("Warning")).collect();
    Some(NodeMate { root: caches.root(root)?, warnings, pods })
}

/// Whether a workload of this kind has replicas that can be missing.
fn has_replicas(kind: Kind) -> bool {
    match kind {
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet => true,
        Kind::Pod
        | Kind::Job
        | Kind::CronJob
        | Kind::Node
        | Kind::Service
        | Kind::PersistentVolumeClaim
        | Kind::ConfigMap => false,
    }
}

fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|it| it.phase.as_deref()).unwrap_or_default()
}

fn named_node(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref()
}

/// The node that the pod holds room of.
fn node_of(pod: &Pod) -> Option<&str> {
    named_node(pod).filter(|_| !matches!(phase(pod), "Succeeded" | "Failed"))
}
