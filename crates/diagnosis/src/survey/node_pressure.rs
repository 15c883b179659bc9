//! A node runs short of something, reports a trouble of its own, or takes no new pods.
//!
//! ## What it looks for
//! The kubelet's conditions `MemoryPressure`, `DiskPressure`, `PIDPressure` and `NetworkUnavailable`; conditions of
//! others, such as the node problem detector, where their status is a bad one; recent events about the node that
//! tell of a trouble without a condition; a cordon, which is only a notice.
//!
//! ## What it does not see
//! A condition that nobody knows any more, because the node is not ready: that is told there.

use k8s_openapi::api::core::v1::{Event, Node, NodeCondition};
use types::{ClusterFault, Finding, Severity};

use super::cluster;
use super::node_not_ready::nodes;
use super::scene::{Scene, subject};
use super::words::quoted;
use crate::confidence;
use crate::node_state::{is_cordoned, is_down};

/// Conditions that are known to be bad when they are true, and what that means.
const KNOWN: [(&str, Severity, &str); 17] = [
    ("NetworkUnavailable", Severity::Critical, "its network is not set up"),
    ("KernelDeadlock", Severity::Critical, "its kernel hangs"),
    ("ReadonlyFilesystem", Severity::Critical, "a file system of it is read-only"),
    ("XfsShutdown", Severity::Critical, "a file system of it was shut down"),
    ("CperHardwareErrorFatal", Severity::Critical, "its hardware reports a fatal error"),
    ("CorruptDockerOverlay2", Severity::Critical, "its images are damaged on disk"),
    ("ContainerRuntimeUnhealthy", Severity::Critical, "its container runtime is not healthy"),
    ("DockerUnhealthy", Severity::Critical, "its container runtime is not healthy"),
    ("KubeletUnhealthy", Severity::Critical, "its kubelet is not healthy"),
    ("MemoryPressure", Severity::Warning, "it runs short of memory and evicts pods"),
    ("DiskPressure", Severity::Warning, "it runs short of disk space and evicts pods"),
    ("PIDPressure", Severity::Warning, "it runs short of process ids and evicts pods"),
    ("FrequentKubeletRestart", Severity::Warning, "its kubelet restarts again and again"),
    ("FrequentDockerRestart", Severity::Warning, "its container runtime restarts again and again"),
    (
        "FrequentContainerdRestart",
        Severity::Warning,
        "its container runtime restarts again and again",
    ),
    ("FrequentUnregisterNetDevice", Severity::Warning, "its network devices hang"),
    ("NTPProblem", Severity::Warning, "its clock is wrong"),
];
/// What the name of a condition ends with whose truth is good.
const GOOD: [&str; 10] = [
    "Ready",
    "Healthy",
    "Available",
    "Initialized",
    "Enabled",
    "Connected",
    "Synced",
    "Member",
    "Voter",
    "Succeeded",
];

/// Events about a node that tell of a trouble without a condition, and what that means.
const EVENTS: [(&str, Severity, &str); 7] = [
    ("CIDRNotAvailable", Severity::Critical, "the cluster has no addresses left for its pods"),
    (
        "SystemOOM",
        Severity::Warning,
        "its memory was used up as a whole, and its kernel ended a process",
    ),
    (
        "FreeDiskSpaceFailed",
        Severity::Warning,
        "its disk is nearly full, and there is nothing to remove",
    ),
    ("Ext4Error", Severity::Warning, "a file system of it has errors"),
    ("IOError", Severity::Warning, "a disk of it has errors"),
    ("TaskHung", Severity::Warning, "a task of its kernel hangs"),
    (KILLING, Severity::Notice, "its kernel ended a process for want of memory"),
];
/// The node problem detector's word for any process that the kernel ended for memory.
const KILLING: &str = "OOMKilling";
/// How the kernel says that it was the limit of a container and not the node: the workload's own rules tell that.
const OF_CONTAINER: &str = "memory cgroup out of memory";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let nodes = nodes(scene);
    nodes
        .into_iter()
        .flat_map(|it| {
            let trouble = of_conditions(it, scene).or_else(|| of_events(it, scene));
            trouble.into_iter().chain(cordon(it))
        })
        .collect()
}

/// The newest of the worst events of a trouble that no condition shows.
fn of_events(node: &Node, scene: &Scene<'_>) -> Option<Finding> {
    let about = subject("Node", &node.metadata);
    let recent = scene.events(&about).iter().filter(|it| scene.is_recent(it));
    let recent = recent.filter(|it| !is_of_container(it));
    let known = recent.filter_map(|it| {
        let known = EVENTS.iter().find(|known| it.reason.as_deref() == Some(known.0))?;
        Some((it, known))
    });
    let (event, known) = known.min_by_key(|it| it.1.1)?;
    let (reason, severity, words) = known;
    if is_down(node) {
        return None;
    }
    let message = quoted(event.message.as_deref().unwrap_or_default(), scene);
    let cause = format!("{}: {message}.", capital(words));
    let fault = cluster(ClusterFault::NodePressure);
    let finding = Finding::new(about.clone(), *severity, fault, cause).sure(confidence::FOLLOWS);
    Some(finding.clue(format!("events[{reason}].message"), &message))
}

fn is_of_container(event: &Event) -> bool {
    let message = event.message.as_deref().unwrap_or_default().to_lowercase();
    event.reason.as_deref() == Some(KILLING) && message.contains(OF_CONTAINER)
}

/// One thing that a condition says is wrong.
struct Trouble<'n> {
    severity: Severity,
    words: String,
    confidence: f64,
    condition: &'n NodeCondition,
}

fn of_conditions(node: &Node, scene: &Scene<'_>) -> Option<Finding> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    let mut troubles: Vec<_> = conditions.iter().filter_map(trouble).collect();
    troubles.sort_by_key(|it| it.severity);
    let first = troubles.first()?;
    let message = quoted(first.condition.message.as_deref().unwrap_or_default(), scene);
    let words: Vec<_> = troubles.iter().map(|it| it.words.as_str()).collect();
    let cause = match message.as_str() {
        "" => format!("{}.", capital(&words.join("; "))),
        message => format!("{}: {message}.", capital(&words.join("; "))),
    };
    let (severity, confidence) = (first.severity, first.confidence);
    let fault = cluster(ClusterFault::NodePressure);
    let finding = Finding::new(subject("Node", &node.metadata), severity, fault, cause);
    let finding = finding.sure(confidence);
    Some(troubles.iter().fold(finding, |finding, it| {
        let reason = it.condition.reason.as_deref().unwrap_or_default();
        let since = it.condition.last_transition_time.as_ref();
        let since = since.map(|it| format!(" since {}", it.0)).unwrap_or_default();
        let fact = format!("status.conditions[{}]", it.condition.type_);
        finding.clue(fact, &format!("{} {reason}{since}", it.condition.status))
    }))
}

fn trouble(condition: &NodeCondition) -> Option<Trouble<'_>> {
    let type_ = condition.type_.as_str();
    if type_ == "Ready" {
        return None;
    }
    let of = |severity, words: String, confidence| {
        Some(Trouble { severity, words, confidence, condition })
    };
    if let Some((_, severity, words)) = KNOWN.iter().find(|it| it.0 == type_) {
        let is_bad = condition.status == "True";
        return if is_bad { of(*severity, (*words).to_owned(), confidence::READ) } else { None };
    }
    let is_good = GOOD.iter().any(|it| type_.ends_with(it));
    let bad = if is_good { "False" } else { "True" };
    if condition.status != bad {
        return None;
    }
    // Nobody says what this one means: the name alone speaks.
    of(Severity::Warning, format!("it reports {type_} {}", condition.status), confidence::LIKELY)
}

fn cordon(node: &Node) -> Option<Finding> {
    if !is_cordoned(node) || is_down(node) {
        return None;
    }
    let cause = "It is cordoned: no new pods come to it.".to_owned();
    let fault = cluster(ClusterFault::NodePressure);
    let finding = Finding::new(subject("Node", &node.metadata), Severity::Notice, fault, cause);
    Some(finding.at("/spec/unschedulable").clue("/spec/unschedulable", "true"))
}

fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |it| it.to_uppercase().chain(chars).collect())
}
