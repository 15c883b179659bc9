//! A pod was resized while it runs, and its node does not do it.
//!
//! ## What it looks for
//! Running pods of which the kubelet says that their resize is infeasible: the node has less than what is asked for, or
//! the pod is of a kind that is not resized. The pod goes on with what it had, and nothing but another resize or
//! another node ends that. One that has waited for room on its node for ten minutes is a notice: room may come
//! (<https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/>).
//!
//! ## What it does not see
//! Resizes that are under way, and what would be enough.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, Pod, PodCondition};
use types::{ClusterFault, Finding, Kind, Severity, Subject};

use super::cluster;
use super::scene::{Scene, is_over, name};
use super::words::quoted;
use crate::confidence;
use crate::outline::{cpu, memory};
use crate::root::placed;

/// The condition of a pod whose resize is not made.
const PENDING: &str = "PodResizePending";
/// How long a resize may wait for room before that is told, in seconds.
const PATIENCE_SECS: i64 = 600;

/// How likely it is that the resize will be made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Prospect {
    /// Never on this node.
    Infeasible,
    /// When others leave the node.
    Deferred,
}

/// A pod that waits for its resize.
struct Waiting<'s> {
    pod: &'s Pod,
    condition: &'s PodCondition,
}

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let mut found: BTreeMap<(Subject, Prospect), Vec<Waiting<'_>>> = BTreeMap::new();
    for pod in scene.all.pods.iter().filter(|it| !is_over(it)) {
        let Some((prospect, condition)) = waits(pod, scene) else { continue };
        found.entry((scene.root_of(pod), prospect)).or_default().push(Waiting { pod, condition });
    }
    found.into_iter().filter_map(|(of, pods)| told(of, &pods, scene)).collect()
}

fn waits<'s>(pod: &'s Pod, scene: &Scene<'_>) -> Option<(Prospect, &'s PodCondition)> {
    let mut conditions = pod.status.as_ref()?.conditions.iter().flatten();
    let condition = conditions.find(|it| it.type_ == PENDING && it.status == "True")?;
    let since = condition.last_transition_time.as_ref().map(|it| it.0);
    match condition.reason.as_deref()? {
        "Infeasible" => Some((Prospect::Infeasible, condition)),
        "Deferred" if PATIENCE_SECS <= scene.age_secs(since) => {
            Some((Prospect::Deferred, condition))
        }
        _ => None,
    }
}

fn told(
    (root, prospect): (Subject, Prospect),
    pods: &[Waiting<'_>],
    scene: &Scene<'_>,
) -> Option<Finding> {
    let Waiting { pod, condition } = pods.iter().min_by_key(|it| name(&it.pod.metadata))?;
    let (severity, how) = match prospect {
        Prospect::Infeasible => (Severity::Warning, "cannot be resized in place"),
        Prospect::Deferred => (Severity::Notice, "waits for room to be resized in place"),
    };
    let node = pod.spec.as_ref().and_then(|it| it.node_name.as_deref()).unwrap_or_default();
    let others = match pods.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let message = quoted(condition.message.as_deref().unwrap_or_default(), scene);
    let asked = asked(pod, &message);
    let asks =
        asked.as_ref().map(|it| format!("; its container {} asks for {} {}", it.0, it.2, it.1));
    let cause = format!(
        "Pod {}{others} {how} on node {node}, and goes on with what it had: {message}{}.",
        name(&pod.metadata),
        asks.unwrap_or_default()
    );
    let fault = cluster(ClusterFault::ResizePending);
    let fact = |what: &str| format!("pods[{}].{what}", name(&pod.metadata));
    let finding = Finding::new(root, severity, fault, cause).sure(confidence::READ);
    let finding = finding.clue(
        fact(&format!("conditions[{PENDING}].reason")),
        condition.reason.as_deref().unwrap_or_default(),
    );
    let Some((container, resource, amount)) = asked else { return Some(finding) };
    let path = format!("containers[{container}].resources.requests.{resource}");
    Some(Finding { container: Some(container), ..finding.clue(fact(&path), &amount) })
}

/// The container that asks for most of the resource that the message names, that resource, and how much of it.
fn asked(pod: &Pod, message: &str) -> Option<(String, &'static str, String)> {
    let resource =
        ["cpu", "memory"].into_iter().find(|it| message.contains(&format!(": {it},")))?;
    let amount = |it: &Container| {
        let requests = it.resources.as_ref()?.requests.as_ref()?;
        requests.get(resource).cloned()
    };
    let size = |it: &Container| match resource {
        "cpu" => cpu(amount(it).as_ref()),
        _ => memory(amount(it).as_ref()),
    };
    let path = Kind::Pod.pod_spec_path()?;
    let (_, most) = placed(pod.spec.as_ref()?, &path).max_by_key(|it| size(it.1))?;
    Some((most.name.clone(), resource, amount(most)?.0))
}
