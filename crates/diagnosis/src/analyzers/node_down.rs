//! The node of the pods is not ready, and nobody hears of them.
//!
//! ## What it looks for
//! A workload that misses replicas, with pods on a node whose condition `Ready` is not true: pods that were ready until
//! then, that were to start there, or that are deleted and do not go. Whatever else is known of them is from before.
//!
//! ## What it does not see
//! Why the machine is gone. Pods of the same workload on other nodes that fail for a reason of their own: that is told
//! instead. What was lost and runs elsewhere by now. A node that has just joined or is being deleted.

use crate::confidence;
use types::{Clue, Diagnosis, DownNode, Evidence, Fault, PodFacts};

/// Nodes that a sentence names.
const MAX_NAMED: usize = 3;
/// Pods of each kind that are shown.
const MAX_PODS: usize = 3;

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let nodes = evidence.nodes.as_ref().map(|it| it.cut_off.as_slice()).unwrap_or_default();
    let workload = &evidence.workload;
    let first = nodes.first()?;
    if workload.desired <= workload.ready || has_ended(evidence) || are_replaced(evidence) {
        return None;
    }
    let cut_off = evidence.pods.iter().filter(|it| it.cut_off).count();
    let lost = u32::try_from(cut_off).unwrap_or(u32::MAX);
    let pods = format!("{lost} of {} pods", workload.desired.max(lost));
    let (names, be) = (named(nodes), if nodes.len() == 1 { "is" } else { "are" });
    let begin = nodes.iter().filter_map(|it| it.since).min();
    let since = begin.map(|it| format!(" since {it}")).unwrap_or_default();
    let told = if nodes.iter().all(DownNode::is_silent) {
        let whose = if nodes.len() == 1 { "its kubelet says" } else { "their kubelets say" };
        format!("{whose} nothing of the {pods} there")
    } else {
        let said = nodes.iter().map(|it| &it.message).find(|it| !it.is_empty());
        let said = said.unwrap_or(&first.reason).trim_end_matches('.');
        format!("what is known of the {pods} there is from before ({said})")
    };
    Some(Diagnosis {
        fault: Fault::NodeDown,
        container: None,
        cause: format!("{names} {be} not ready{since}: {told}."),
        clues: clues(nodes, evidence),
        confidence: confidence::SAID,
    })
}

/// Whether this comes of the node as well: it is said of pods that are cut off, of those that come in their place and
/// find none, or that find their volume still attached there.
pub(super) fn explains(found: &Diagnosis, evidence: &Evidence) -> bool {
    let cut_off = |name: &str| evidence.pods.iter().any(|it| it.cut_off && it.name == name);
    let container = found.container.as_deref().and_then(|it| evidence.container(it));
    if let Some(container) = container {
        return cut_off(&container.pod);
    }
    let is_of_newest = evidence.pods.iter().any(|it| it.cut_off && it.current);
    let is_attached = || found.cause.contains("can be attached to one node only");
    let has_others = || evidence.pods.iter().any(is_in_trouble_elsewhere);
    match found.fault {
        Fault::Unschedulable => is_of_newest && !waits_for_longer(evidence),
        Fault::FailedCreate | Fault::SchedulingGated => false,
        Fault::VolumeNotMounted => is_attached() || !has_others(),
        Fault::ImageNotFound
        | Fault::ImageNotPullable
        | Fault::InvalidImageName
        | Fault::OomKilled
        | Fault::ConfigNotFound
        | Fault::ContainerCannotRun
        | Fault::LivenessProbeFailing
        | Fault::StartupProbeFailing
        | Fault::CrashLoopBackOff
        | Fault::ReadinessProbeFailing
        | Fault::ReadinessGateNotMet
        | Fault::Evicted
        | Fault::SandboxNotCreated
        | Fault::InitNotDone
        | Fault::RolloutStuck
        | Fault::JobFailed
        | Fault::NodeDown
        | Fault::ServiceWithoutEndpoints
        | Fault::ServicePortMismatch
        | Fault::Unknown => !has_others(),
    }
}

/// Whether as many pods as are wanted are somewhere else by now, and nothing is known against them: what is left on the
/// node is only not gone yet. A job goes on with any of its own.
fn are_replaced(evidence: &Evidence) -> bool {
    let is_batch = matches!(evidence.subject.kind, types::Kind::Job | types::Kind::CronJob);
    let lives = |it: &&PodFacts| {
        let is_over = matches!(it.phase.as_str(), "Succeeded" | "Failed") || it.terminating;
        !it.cut_off && !is_over && it.scheduled && (it.current || !is_batch)
    };
    let living = evidence.pods.iter().filter(lives).count();
    let wanted = usize::try_from(evidence.workload.desired).unwrap_or(usize::MAX);
    let is_of_now = |it: &PodFacts| it.cut_off && it.current;
    if is_batch {
        return 0 < living || !evidence.pods.iter().any(is_of_now);
    }
    wanted <= living
}

/// Whether a pod found no node before these were down.
fn waits_for_longer(evidence: &Evidence) -> bool {
    let nodes = evidence.nodes.iter().flat_map(|it| &it.cut_off);
    let Some(begin) = nodes.filter_map(|it| it.since).min() else { return false };
    let waiting = evidence.pods.iter().filter(|it| it.unschedulable.is_some());
    waiting.filter_map(|it| it.created_at).any(|it| it < begin)
}

/// Whether a pod fails on a node that is not down.
pub(super) fn is_in_trouble_elsewhere(pod: &PodFacts) -> bool {
    let is_over = pod.phase == "Succeeded" || pod.terminating;
    pod.scheduled && !pod.ready && !pod.cut_off && !is_over
}

/// Whether it is a job that has given up: no pod of it is wanted any more.
fn has_ended(evidence: &Evidence) -> bool {
    let is_job = matches!(evidence.subject.kind, types::Kind::Job | types::Kind::CronJob);
    is_job && evidence.workload.failed_condition.is_some()
}

/// `Node a`, `Nodes a, b and 2 more`
fn named(nodes: &[DownNode]) -> String {
    let names: Vec<_> = nodes.iter().take(MAX_NAMED).map(|it| it.name.as_str()).collect();
    let word = if nodes.len() == 1 { "Node" } else { "Nodes" };
    match nodes.len().saturating_sub(MAX_NAMED) {
        0 => format!("{word} {}", names.join(" and ")),
        more => format!("{word} {} and {more} more", names.join(", ")),
    }
}

fn clues(nodes: &[DownNode], evidence: &Evidence) -> Vec<Clue> {
    let mut clues = vec![];
    for node in nodes.iter().take(MAX_NAMED) {
        let fact = |member: &str| format!("nodes[{}].conditions[Ready].{member}", node.name);
        clues.push(Clue::new(fact("status"), &node.ready));
        clues.extend(node.since.map(|it| Clue::new(fact("lastTransitionTime"), &it)));
        for (member, said) in [("reason", &node.reason), ("message", &node.message)] {
            if !said.is_empty() {
                clues.push(Clue::new(fact(member), said));
            }
        }
    }
    let cut_off = || evidence.pods.iter().filter(|it| it.cut_off);
    for pod in cut_off().take(MAX_PODS) {
        let node = pod.node.as_deref().unwrap_or_default();
        clues.push(Clue::new(format!("pods[{}].node", pod.name), node));
    }
    for pod in cut_off().filter(|it| it.terminating).take(MAX_PODS) {
        let fact = format!("pods[{}].terminating", pod.name);
        clues.push(Clue::new(fact, "true, and nobody there lets it go"));
    }
    let waiting = evidence.pods.iter().find_map(|it| Some((it, it.unschedulable.as_ref()?)));
    clues.extend(
        waiting.map(|(pod, said)| Clue::new(format!("pods[{}].unschedulable", pod.name), said)),
    );
    clues
}
