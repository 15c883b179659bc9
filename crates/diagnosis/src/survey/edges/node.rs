//! A node that is down, in trouble or cordoned explains the workloads whose failing pods it has or keeps away.

use k8s_openapi::api::core::v1::{Node, Pod};
use types::{AnyFault, Fault, Finding, Subject};

use super::{failing, is_evicted};
use crate::node_state::{condition, is_cordoned, is_down};
use crate::scheduling;
use crate::survey::scene::{Scene, subject};

/// What a node in trouble may do to its pods. A missing image or a crash has another cause, wherever it runs.
const EXPLAINED: [Fault; 12] = [
    Fault::NodeDown,
    Fault::Unknown,
    Fault::Unschedulable,
    Fault::ReadinessProbeFailing,
    Fault::LivenessProbeFailing,
    Fault::StartupProbeFailing,
    Fault::ImageNotPullable,
    Fault::ContainerCannotRun,
    Fault::Evicted,
    Fault::SandboxNotCreated,
    Fault::VolumeNotMounted,
    Fault::RolloutStuck,
];

/// The nodes that explain this finding.
pub(super) fn causes(finding: &Finding, scene: &Scene<'_>) -> Vec<Subject> {
    let is_explained =
        matches!(finding.fault, AnyFault::Workload(fault) if EXPLAINED.contains(&fault));
    let is_about_one = is_explained && !scene.all.nodes.is_empty();
    let pods = if is_about_one { failing(finding, scene) } else { vec![] };
    // Those that come in the place of what is cut off may start elsewhere, or wait.
    let is_cut_off = finding.fault == AnyFault::Workload(Fault::NodeDown);
    let mut nodes: Vec<Subject> = vec![];
    let mut waiting: Vec<&Pod> = vec![];
    for pod in pods {
        match pod.spec.as_ref().and_then(|it| it.node_name.as_deref()) {
            Some(name) => match on_bad_node(pod, name, scene) {
                Some(node) => nodes.push(node),
                None if is_cut_off => {}
                // One that fails elsewhere as well has another cause.
                None => return vec![],
            },
            None if is_cut_off => {}
            None => waiting.push(pod),
        }
    }
    let lost_pods = !nodes.is_empty();
    for pod in waiting {
        let (kept_away, has_others) = keepers(pod, scene);
        // Where pods were lost, those that come for them may find no room elsewhere.
        if kept_away.is_empty() || (has_others && !lost_pods) {
            return vec![];
        }
        nodes.extend(kept_away);
    }
    nodes.sort();
    nodes.dedup();
    nodes
}

/// The node of a pod, where that is down, or evicted it because it ran short of something.
fn on_bad_node(pod: &Pod, name: &str, scene: &Scene<'_>) -> Option<Subject> {
    let node = scene.all.nodes.iter().find(|it| it.metadata.name.as_deref() == Some(name))?;
    let is_bad = is_down(node) || (is_evicted(pod) && is_short(node)) || has_no_network(node);
    is_bad.then(|| subject("Node", &node.metadata))
}

/// The nodes that would suit this pod were they not in trouble, and whether others would suit it, too.
fn keepers(pod: &Pod, scene: &Scene<'_>) -> (Vec<Subject>, bool) {
    let Some(spec) = &pod.spec else { return (vec![], true) };
    let mut kept_away = vec![];
    let mut has_others = false;
    for node in &scene.all.nodes {
        let taints = scheduling::untolerated(spec, node);
        let suits =
            scheduling::selects(spec, node) && taints.iter().all(|it| scheduling::is_lifecycle(it));
        if !suits {
            continue;
        }
        if is_down(node) || is_cordoned(node) || !taints.is_empty() {
            kept_away.push(subject("Node", &node.metadata));
        } else {
            has_others = true;
        }
    }
    (kept_away, has_others)
}

fn is_short(node: &Node) -> bool {
    let pressures = ["MemoryPressure", "DiskPressure", "PIDPressure"];
    pressures.iter().any(|it| is_true(node, it))
}

fn has_no_network(node: &Node) -> bool {
    is_true(node, "NetworkUnavailable")
}

fn is_true(node: &Node, type_: &str) -> bool {
    condition(node, type_).is_some_and(|it| it.status == "True")
}
