//! What causes a workload's trouble beyond the workload: one kind of cause a file.

mod claim;
mod config_map;
mod host;
mod job;
mod lookup;
mod node;
mod policy;
mod quota;
mod service_account;
mod webhook;

use k8s_openapi::api::core::v1::Pod;
use types::{Finding, Subject};

use super::scene::{Scene, is_ready};
pub(super) use claim::claims;
pub(super) use host::causes as awaited;
pub(super) use job::{named as with_job, waits_for_work};

/// What one kind of cause says about a finding.
type Edge = fn(&Finding, &Scene<'_>) -> Vec<Subject>;

/// The nearest causes first: of several that have a finding, the first one explains it.
const ALL: &[Edge] = &[
    quota::causes,
    claim::causes,
    config_map::causes,
    webhook::causes,
    service_account::causes,
    lookup::causes,
    policy::causes,
    host::causes,
    job::causes,
    node::causes,
];

/// The finding with the objects beyond the workload that cause it. They explain it only where they have a finding
/// themselves.
pub(super) fn with_causes(finding: Finding, scene: &Scene<'_>) -> Finding {
    causes(&finding, scene).into_iter().fold(finding, Finding::because_of)
}

/// The objects beyond the workload that may cause a finding about it.
pub(super) fn causes(finding: &Finding, scene: &Scene<'_>) -> Vec<Subject> {
    ALL.iter().flat_map(|edge| edge(finding, scene)).collect()
}

/// The pods of a workload that are not ready and not done, those on their way out among them; evicted ones as well,
/// and those that ended with their node.
pub(super) fn failing<'a>(finding: &Finding, scene: &Scene<'a>) -> Vec<&'a Pod> {
    let pods = scene.pods_of(&finding.subject).iter().copied();
    pods.filter(|it| !is_ready(it) && (!is_done(it) || is_evicted(it))).collect()
}

/// Whether a pod has ended for good.
fn is_done(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|it| it.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

fn is_evicted(pod: &Pod) -> bool {
    let reason = pod.status.as_ref().and_then(|it| it.reason.as_deref());
    matches!(reason, Some("Evicted" | "Terminated" | "NodeShutdown"))
}

/// What the scheduler says about a pod that it found no node for.
pub(super) fn unschedulable(pod: &Pod) -> Option<&str> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let refused = conditions.iter().find(|it| it.type_ == "PodScheduled" && it.status == "False");
    refused.and_then(|it| it.message.as_deref())
}
