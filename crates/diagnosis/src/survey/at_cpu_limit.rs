//! A container uses all the CPU that its limit allows, so that the kernel makes it wait.
//!
//! ## What it looks for
//! Where a metrics server tells what containers use, and somebody asks for notices: a container that uses at least 95 %
//! of its CPU limit in two pods of its workload, or in the only one. A notice: a measurement of some seconds decides
//! nothing.
//!
//! ## What it does not see
//! Jobs and pods of nobody, which may well use all that they get; what was started in the last five minutes, since most
//! programs work hardest at their start. A limit as large as the node, and one that is too small to be measured. What
//! is held back in short bursts and uses little on average.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Container, Node, Pod};
use types::{ClusterFault, Finding, Kind, Severity, Subject};

use super::cluster;
use super::scene::{Scene, is_over, name};
use super::words::quoted;
use crate::Usage;
use crate::confidence;
use crate::outline::cpu;
use crate::root::placed;

/// The resource.
const CPU: &str = "cpu";
/// From how much of its limit on a container is held back by it, in percent.
const NEARLY_ALL: u64 = 95;
/// Below so many thousandths the rounding of a measurement is more than what is left to the limit.
const LEAST_MILLIS: u64 = 10;
/// How long a container starts, in seconds.
const START_SECS: i64 = 300;
/// Pods that are shown.
const MAX_SHOWN: usize = 3;
/// The kinds whose pods serve as long as they are there.
const LASTING: [Kind; 4] = [Kind::Deployment, Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet];

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let mut found: BTreeMap<(Subject, &str), Vec<Full<'_>>> = BTreeMap::new();
    for (namespace, used) in scene.all.usage.iter().flatten() {
        for (usage, full) in used.iter().filter_map(|it| Some((it, full(namespace, it, scene)?))) {
            let of = (scene.root_of(full.pod), usage.container.as_str());
            found.entry(of).or_default().push(full);
        }
    }
    found.into_iter().filter_map(|(of, pods)| told(of, pods, scene)).collect()
}

/// A container of a pod that uses up its limit.
struct Full<'s> {
    pod: &'s Pod,
    used: u64,
    /// As it is written.
    limit: &'s str,
}

fn full<'s>(namespace: &str, usage: &Usage, scene: &Scene<'s>) -> Option<Full<'s>> {
    let pod = scene.pod(namespace, &usage.pod).filter(|it| !is_over(it))?;
    let path = Kind::Pod.pod_spec_path()?;
    let container = placed(pod.spec.as_ref()?, &path).find(|it| it.1.name == usage.container)?.1;
    let limit = limit(container)?;
    let (millis, used) = (limit.1, usage.cpu_millis);
    let is_full = millis.saturating_mul(NEARLY_ALL) <= used.saturating_mul(100);
    let is_limit = LEAST_MILLIS <= millis && is_full && millis < cpu_of_node(pod, scene)?;
    let started = is_limit.then(|| started_secs(pod, &usage.container, scene)).flatten()?;
    (START_SECS <= started).then_some(Full { pod, used, limit: limit.0 })
}

/// The limit of a container's CPU, as it is written and in thousandths.
fn limit(container: &Container) -> Option<(&str, u64)> {
    let amount = container.resources.as_ref()?.limits.as_ref()?.get(CPU)?;
    Some((&amount.0, cpu(Some(amount))))
}

/// What the pod's node has for all of its pods, in thousandths.
fn cpu_of_node(pod: &Pod, scene: &Scene<'_>) -> Option<u64> {
    let node = pod.spec.as_ref()?.node_name.as_deref()?;
    let is_it = |it: &&Arc<Node>| name(&it.metadata) == node;
    let status = scene.all.nodes.iter().find(is_it)?.status.as_ref()?;
    let amounts = status.allocatable.as_ref().or(status.capacity.as_ref())?;
    amounts.get(CPU).map(|it| cpu(Some(it)))
}

/// How long the container has been running, in seconds.
fn started_secs(pod: &Pod, container: &str, scene: &Scene<'_>) -> Option<i64> {
    let status = pod.status.as_ref()?;
    let sidecars = status.init_container_statuses.iter().flatten();
    let mut all = status.container_statuses.iter().flatten().chain(sidecars);
    let own = all.find(|it| it.name == container)?;
    let started = own.state.as_ref()?.running.as_ref()?.started_at.as_ref()?.0;
    Some(scene.age_secs(Some(started)))
}

fn told(
    (root, container): (Subject, &str),
    mut pods: Vec<Full<'_>>,
    scene: &Scene<'_>,
) -> Option<Finding> {
    let kind = LASTING.into_iter().find(|it| it.as_str() == root.kind)?;
    let workload = scene.workload(&root.kind, &root.namespace, &root.name)?;
    pods.sort_by_key(|it| name(&it.pod.metadata));
    pods.dedup_by_key(|it| name(&it.pod.metadata));
    pods.sort_by_key(|it| Reverse(it.used));
    let all = scene.pods_of(&root).iter().filter(|it| !is_over(it)).count();
    let most = pods.first().filter(|_| 1 < pods.len() || all == 1)?;
    let n_pods = if all == 1 { String::new() } else { format!(" ({} of {all} pods)", pods.len()) };
    let limit = quoted(most.limit, scene);
    let cause = format!(
        "Container {container} uses {}m of its limit of {limit} of CPU{n_pods}: it is probably slowed down.",
        most.used
    );
    let fault = cluster(ClusterFault::AtCpuLimit);
    let finding = Finding::new(root, Severity::Notice, fault, cause).sure(confidence::PARTLY);
    let finding = pods.iter().take(MAX_SHOWN).fold(finding, |finding, it| {
        let fact =
            |what| format!("pods[{}].containers[{container}].{what}", name(&it.pod.metadata));
        let limit = quoted(it.limit, scene);
        finding.clue(fact("cpu_used"), &format!("{}m", it.used)).clue(fact("cpu_limit"), &limit)
    });
    // What something else put into the pods has no place in the template.
    let path = kind.pod_spec_path()?;
    let of_template = workload.pod_spec().and_then(|spec| {
        let (path, _) = placed(spec, &path).find(|it| it.1.name == container)?;
        Some(path.child("resources").child("limits").child(CPU).to_string())
    });
    Some(Finding { field: of_template, container: Some(container.to_owned()), ..finding })
}
