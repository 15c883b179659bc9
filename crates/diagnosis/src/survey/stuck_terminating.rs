//! An object is being deleted and does not go.
//!
//! ## What it looks for
//! A pod, a claim, a volume, a Service, an Ingress, a workload, a Job of a CronJob, a node or a namespace whose time to
//! go is long past: the finalizers that it waits for, the node that is down, the pod that still uses the claim or the
//! node, or what the namespace says of its content.
//!
//! ## What it does not see
//! Whether the one who set a finalizer still runs, and the ReplicaSets of Deployments. A long grace period that is not
//! over is meant, and a node that is emptied first has a quarter of an hour.

use k8s_openapi::api::core::v1::{Namespace, Node, PersistentVolume, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::edges;
use super::scene::{Scene, controller, is_over, name, subject};
use super::words::{listed, quoted};
use crate::Root;
use crate::confidence;
use crate::node_state::is_down;

/// How long after its time an object may still be there, in seconds.
const PATIENCE_SECS: i64 = 120;
/// What is given back to a cloud: its controller may take minutes, and tries again.
const OF_CLOUDS: [&str; 4] =
    ["load-balancer-cleanup", "elbv2.k8s.aws", "ingress.k8s.aws", "networking.gke.io"];
/// The time that has, in seconds.
const CLOUD_PATIENCE_SECS: i64 = 900;
/// The same of a node: its pods are evicted one by one first, and its machine is shut down.
const NODE_PATIENCE_SECS: i64 = 900;
/// Keeps an owner until what it owns is gone.
const OWNED_FIRST: &str = "foregroundDeletion";
/// Keeps a claim while a pod uses it.
const CLAIM_IN_USE: &str = "kubernetes.io/pvc-protection";
/// Keeps a volume while a claim is bound to it.
const VOLUME_IN_USE: &str = "kubernetes.io/pv-protection";
/// What a namespace says, the telling conditions first.
const CONDITIONS: [&str; 5] = [
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceFinalizersRemaining",
    "NamespaceContentRemaining",
];

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let mut pods: Vec<_> = scene.all.pods.iter().filter_map(|it| of_pod(it, scene)).collect();
    let claims = scene.all.claims.iter().flatten();
    let claims = claims.filter_map(|it| of_claim(&it.metadata, scene));
    let volumes = scene.all.volumes.iter().flatten().filter_map(|it| of_volume(it, scene));
    let services = scene.all.services.iter().flatten();
    let services = services.filter_map(|it| by_finalizers("Service", &it.metadata, scene));
    let ingresses = scene.all.ingresses.iter().flatten();
    let ingresses = ingresses.filter_map(|it| by_finalizers("Ingress", &it.metadata, scene));
    let mut nodes: Vec<_> = scene.all.nodes.iter().filter_map(|it| of_node(it, scene)).collect();
    pods.sort_by(|a, b| a.subject.cmp(&b.subject));
    nodes.sort_by(|a, b| a.subject.cmp(&b.subject));
    let workloads = of_workloads(&pods, scene);
    let mut found = pods;
    found.extend(claims.chain(volumes).chain(services).chain(ingresses).chain(workloads));
    found.extend(nodes);
    let namespaces = scene.all.namespaces.iter().flatten();
    let namespaces: Vec<_> = namespaces.filter_map(|it| of_namespace(it, &found, scene)).collect();
    found.extend(namespaces);
    found
}

/// Since when an object should be gone, where that is long enough ago.
fn overdue(metadata: &ObjectMeta, scene: &Scene<'_>) -> Option<jiff::Timestamp> {
    let at = metadata.deletion_timestamp.as_ref()?.0;
    let grace = metadata.deletion_grace_period_seconds.unwrap_or(0).max(0);
    let late = scene.age_secs(Some(at));
    (grace.saturating_add(PATIENCE_SECS) <= late).then_some(at)
}

fn of_pod(pod: &Pod, scene: &Scene<'_>) -> Option<Finding> {
    let at = overdue(&pod.metadata, scene)?;
    let about = subject("Pod", &pod.metadata);
    let node = pod.spec.as_ref().and_then(|it| it.node_name.as_deref());
    let nodes = &scene.all.nodes;
    let found =
        node.and_then(|name| nodes.iter().find(|it| it.metadata.name.as_deref() == Some(name)));
    if let Some(node) = found.filter(|it| is_down(it)) {
        let node = subject("Node", &node.metadata);
        let cause =
            format!("It should be gone since {at}, but its {node} is down and does not let it go.");
        return Some(finding(about, cause).because_of(node));
    }
    if let (Some(node), None, false) = (node, found, nodes.is_empty()) {
        let cause = format!("It should be gone since {at}, but its node {node} does not exist.");
        return Some(finding(about, cause).clue("spec.nodeName", node));
    }
    if let Some(it) = by_finalizers("Pod", &pod.metadata, scene) {
        return Some(it);
    }
    let event =
        scene.events(&about).iter().find(|it| it.reason.as_deref() == Some("FailedKillPod"));
    let message = event.and_then(|it| it.message.as_deref()).map(|it| quoted(it, scene));
    let why = message.as_ref().map(|it| format!(": {it}")).unwrap_or_default();
    let cause = format!("It should be gone since {at}, but its containers do not end{why}.");
    Some(finding(about, cause).clue("metadata.deletionTimestamp", &at).sure(confidence::LIKELY))
}

fn of_claim(metadata: &ObjectMeta, scene: &Scene<'_>) -> Option<Finding> {
    let at = overdue(metadata, scene)?;
    let about = subject("PersistentVolumeClaim", metadata);
    let keeps = finalizers(metadata).iter().all(|it| it == CLAIM_IN_USE);
    let pods = scene.pods(&about.namespace).iter();
    // A pod that is done keeps its claim as long as its object is there.
    let mut users: Vec<_> =
        pods.filter(|it| edges::claims(it).contains(&about)).map(|it| scene.root_of(it)).collect();
    users.sort();
    users.dedup();
    if !keeps || users.is_empty() {
        return by_finalizers("PersistentVolumeClaim", metadata, scene);
    }
    let names: Vec<_> = users.iter().map(ToString::to_string).collect();
    let cause = format!("It was deleted at {at}, but is still used by {}.", listed(&names));
    let finding = finding(about, cause).at("/metadata/finalizers");
    Some(finding.clue("/metadata/finalizers", CLAIM_IN_USE))
}

fn of_volume(volume: &PersistentVolume, scene: &Scene<'_>) -> Option<Finding> {
    let at = overdue(&volume.metadata, scene)?;
    let about = subject("PersistentVolume", &volume.metadata);
    let keeps = finalizers(&volume.metadata).iter().all(|it| it == VOLUME_IN_USE);
    let claim = volume.spec.as_ref().and_then(|it| it.claim_ref.as_ref());
    let phase = volume.status.as_ref().and_then(|it| it.phase.as_deref());
    let (Some(claim), true, Some("Bound")) = (claim, keeps, phase) else {
        return by_finalizers("PersistentVolume", &volume.metadata, scene);
    };
    let word = |it: &Option<String>| it.clone().unwrap_or_default();
    let claim = Subject::new("PersistentVolumeClaim", word(&claim.namespace), word(&claim.name));
    let cause = format!("It was deleted at {at}, but {claim} is still bound to it.");
    let finding = finding(about, cause).at("/metadata/finalizers");
    Some(finding.clue("/metadata/finalizers", VOLUME_IN_USE).because_of(claim))
}

/// Workloads, and the Jobs of CronJobs.
fn of_workloads(pods: &[Finding], scene: &Scene<'_>) -> Vec<Finding> {
    let roots = scene.all.workloads.iter().filter(|it| !matches!(it, Root::Pod(_)));
    let roots = roots.map(|it| (it.kind().as_str(), it.metadata()));
    let jobs = scene.all.jobs.iter().filter(|it| controller(&it.metadata).is_some());
    let jobs = jobs.map(|it| ("Job", &it.metadata));
    let all = roots.chain(jobs);
    let mut found: Vec<_> = all.filter_map(|it| of_owner(it.0, it.1, pods, scene)).collect();
    found.sort_by(|a, b| a.subject.cmp(&b.subject));
    found.dedup_by(|a, b| a.subject == b.subject);
    found
}

/// An owner, with the pods of it that have to go first and do not.
fn of_owner(
    kind: &str,
    metadata: &ObjectMeta,
    stuck: &[Finding],
    scene: &Scene<'_>,
) -> Option<Finding> {
    let finding = by_finalizers(kind, metadata, scene)?;
    let about = finding.subject.clone();
    if !finalizers(metadata).iter().any(|it| it == OWNED_FIRST) {
        return Some(finding);
    }
    // A pod that has its time to end has to be waited for.
    let goes = |it: &Pod| it.metadata.deletion_timestamp.is_some();
    let mut own = scene.pods_of(&about).iter();
    if own.any(|it| goes(it) && overdue(&it.metadata, scene).is_none()) {
        return None;
    }
    let is_of_it = |it: &Subject| {
        let pod = scene.pod(&it.namespace, &it.name).filter(|_| it.namespace == about.namespace);
        pod.is_some_and(|it| {
            let owner = controller(&it.metadata);
            owner == Some((kind, about.name.as_str())) || scene.root_of(it) == about
        })
    };
    let owned = stuck.iter().map(|it| &it.subject).filter(|it| is_of_it(it));
    Some(owned.cloned().fold(finding, Finding::because_of))
}

/// A node waits for whoever takes care of its machine; what still runs on it is told.
fn of_node(node: &Node, scene: &Scene<'_>) -> Option<Finding> {
    let at = overdue(&node.metadata, scene)?;
    if scene.age_secs(Some(at)) < NODE_PATIENCE_SECS {
        return None;
    }
    let finding = by_finalizers("Node", &node.metadata, scene)?;
    let is_on_it = |it: &&std::sync::Arc<Pod>| {
        let on = it.spec.as_ref().and_then(|it| it.node_name.as_deref());
        // Those of a DaemonSet and of the node itself go with it.
        let stays = controller(&it.metadata).is_some_and(|it| matches!(it.0, "DaemonSet" | "Node"));
        on == Some(name(&node.metadata)) && !stays && !is_over(it)
    };
    let left = scene.all.pods.iter().filter(is_on_it);
    let mut left: Vec<_> = left.map(|it| subject("Pod", &it.metadata).to_string()).collect();
    left.sort();
    if left.is_empty() {
        return Some(finding);
    }
    let left = listed(&left);
    let is_emptied = finalizers(&node.metadata).iter().any(|it| it.starts_with("karpenter.sh/"));
    let finding = if is_emptied {
        let cause = format!("It was deleted at {at}, and is still being emptied: {left}.");
        Finding { cause, severity: Severity::Notice, ..finding }
    } else {
        finding
    };
    Some(finding.clue("pods", &left))
}

/// It waits for whoever set its finalizers.
fn by_finalizers(kind: &str, metadata: &ObjectMeta, scene: &Scene<'_>) -> Option<Finding> {
    let at = overdue(metadata, scene)?;
    let names = finalizers(metadata);
    let is_of_cloud = names.iter().any(|it| OF_CLOUDS.iter().any(|part| it.contains(part)));
    let has_time = is_of_cloud && scene.age_secs(Some(at)) < CLOUD_PATIENCE_SECS;
    if names.is_empty() || has_time {
        return None;
    }
    let names = scene.redact(&listed(names));
    let cause = format!(
        "It was deleted at {at}, but waits for its finalizers: whoever set {names} does not remove them."
    );
    let finding = finding(subject(kind, metadata), cause).at("/metadata/finalizers");
    Some(finding.clue("/metadata/finalizers", &names))
}

/// What is left in a namespace. An object of it that does not go has its own finding, and is the cause.
fn of_namespace(namespace: &Namespace, stuck: &[Finding], scene: &Scene<'_>) -> Option<Finding> {
    let at = overdue(&namespace.metadata, scene)?;
    let about = subject("Namespace", &namespace.metadata);
    let conditions = namespace.status.iter().flat_map(|it| it.conditions.iter().flatten());
    let conditions: Vec<_> = conditions.filter(|it| it.status == "True").collect();
    let told: Vec<_> = CONDITIONS
        .iter()
        .filter_map(|type_| conditions.iter().find(|it| it.type_ == *type_))
        .map(|it| (it, quoted(it.message.as_deref().unwrap_or_default(), scene)))
        .collect();
    let words: Vec<_> = told.iter().take(2).map(|it| it.1.as_str()).collect();
    let cause = match words.as_slice() {
        [] => format!("It was deleted at {at}, and does not go."),
        words => format!("It was deleted at {at}, and does not go: {}.", words.join("; ")),
    };
    let finding = told.iter().fold(finding(about.clone(), cause), |finding, (it, message)| {
        finding.clue(format!("status.conditions[{}]", it.type_), message)
    });
    let inside = stuck.iter().filter(|it| it.subject.namespace == about.name);
    Some(inside.fold(finding, |finding, it| finding.because_of(it.subject.clone())))
}

fn finalizers(metadata: &ObjectMeta) -> &[String] {
    metadata.finalizers.as_deref().unwrap_or_default()
}

fn finding(about: Subject, cause: String) -> Finding {
    Finding::new(about, Severity::Warning, cluster(ClusterFault::StuckTerminating), cause)
}
