//! What a metrics server tells of containers that use nearly all that their limit allows.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Container, Node, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use types::{AnyFault, ClusterFault, Finding, Kind, Severity, Subject};

use super::cluster;
use super::scene::{Scene, is_over, name};
use super::words::quoted;
use crate::Usage;
use crate::root::placed;

/// From how much of its limit on a container has used it up, in percent.
const NEARLY_ALL: u64 = 95;
/// How long a container starts, in seconds.
const START_SECS: i64 = 300;
/// Pods that are shown.
const MAX_SHOWN: usize = 3;
/// The kinds whose pods serve as long as they are there.
const LASTING: [Kind; 4] = [Kind::Deployment, Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet];

/// A resource that has limits, and the words about one that is used up.
pub(super) struct Measured {
    /// Its name in a manifest.
    pub(super) resource: &'static str,
    /// The fault.
    pub(super) fault: ClusterFault,
    /// An amount as a number.
    pub(super) number: fn(Option<&Quantity>) -> u64,
    /// How much of it a container uses.
    pub(super) used: fn(&Usage) -> u64,
    /// A number as it is shown.
    pub(super) shown: fn(u64) -> String,
    /// Limits below this are told of nobody.
    pub(super) least: u64,
    /// Whether a container uses it up because it was told to.
    pub(super) is_meant: fn(&Container) -> bool,
    /// `of CPU`
    pub(super) of: &'static str,
    /// What comes of it.
    pub(super) so: &'static str,
    /// How sure that is.
    pub(super) sure: f64,
}

/// The containers that use up their limit, in the only pod of their workload or in at least two.
pub(super) fn used_up(measured: &Measured, scene: &Scene<'_>) -> Vec<Finding> {
    let mut found: BTreeMap<(Subject, &str), Vec<Full<'_>>> = BTreeMap::new();
    for (namespace, used) in scene.all.usage.iter().flatten() {
        let full = |it| full(namespace, it, (measured, scene));
        for (usage, full) in used.iter().filter_map(|it| Some((it, full(it)?))) {
            let of = (scene.root_of(full.pod), usage.container.as_str());
            found.entry(of).or_default().push(full);
        }
    }
    let told = |(of, pods)| told(of, pods, (measured, scene));
    found.into_iter().filter_map(told).collect()
}

/// A container of a pod that uses up its limit.
struct Full<'s> {
    pod: &'s Pod,
    used: u64,
    /// As it is written.
    limit: &'s str,
}

fn full<'s>(
    namespace: &str,
    usage: &Usage,
    (measured, scene): (&Measured, &Scene<'s>),
) -> Option<Full<'s>> {
    let pod = scene.pod(namespace, &usage.pod).filter(|it| !is_over(it))?;
    let path = Kind::Pod.pod_spec_path()?;
    let container = placed(pod.spec.as_ref()?, &path).find(|it| it.1.name == usage.container)?.1;
    let written = container.resources.as_ref()?.limits.as_ref()?.get(measured.resource)?;
    let (limit, used) = ((measured.number)(Some(written)), (measured.used)(usage));
    let is_full = limit.saturating_mul(NEARLY_ALL) <= used.saturating_mul(100);
    let is_limit = measured.least <= limit && is_full && limit < of_node(pod, measured, scene)?;
    let is_told = is_limit && !(measured.is_meant)(container);
    let started = is_told.then(|| started_secs(pod, &usage.container, scene)).flatten()?;
    (START_SECS <= started).then_some(Full { pod, used, limit: &written.0 })
}

/// What the pod's node has for all of its pods.
fn of_node(pod: &Pod, measured: &Measured, scene: &Scene<'_>) -> Option<u64> {
    let node = pod.spec.as_ref()?.node_name.as_deref()?;
    let is_it = |it: &&Arc<Node>| name(&it.metadata) == node;
    let status = scene.all.nodes.iter().find(is_it)?.status.as_ref()?;
    let amounts = status.allocatable.as_ref().or(status.capacity.as_ref())?;
    amounts.get(measured.resource).map(|it| (measured.number)(Some(it)))
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
    (measured, scene): (&Measured, &Scene<'_>),
) -> Option<Finding> {
    let Measured { resource, of, so, .. } = measured;
    let kind = LASTING.into_iter().find(|it| it.as_str() == root.kind)?;
    let workload = scene.workload(&root.kind, &root.namespace, &root.name)?;
    pods.sort_by_key(|it| name(&it.pod.metadata));
    pods.dedup_by_key(|it| name(&it.pod.metadata));
    pods.sort_by_key(|it| Reverse(it.used));
    let all = scene.pods_of(&root).iter().filter(|it| !is_over(it)).count();
    let most = pods.first().filter(|_| 1 < pods.len() || all == 1)?;
    let n_pods = if all == 1 { String::new() } else { format!(" ({} of {all} pods)", pods.len()) };
    let (used, limit) = ((measured.shown)(most.used), quoted(most.limit, scene));
    let cause =
        format!("Container {container} uses {used} of its limit of {limit} {of}{n_pods}: {so}.");
    let fault: AnyFault = cluster(measured.fault);
    let finding = Finding::new(root, Severity::Notice, fault, cause).sure(measured.sure);
    let finding = pods.iter().take(MAX_SHOWN).fold(finding, |finding, it| {
        let pod = name(&it.pod.metadata);
        let fact = |what| format!("pods[{pod}].containers[{container}].{resource}_{what}");
        let limit = quoted(it.limit, scene);
        finding.clue(fact("used"), &(measured.shown)(it.used)).clue(fact("limit"), &limit)
    });
    // What something else put into the pods has no place in the template.
    let path = kind.pod_spec_path()?;
    let of_template = workload.pod_spec().and_then(|spec| {
        let (path, _) = placed(spec, &path).find(|it| it.1.name == container)?;
        Some(path.child("resources").child("limits").child(resource).to_string())
    });
    Some(Finding { field: of_template, container: Some(container.to_owned()), ..finding })
}
