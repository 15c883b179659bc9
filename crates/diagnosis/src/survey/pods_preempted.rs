//! Pods had to go for others of a higher priority.
//!
//! ## What it looks for
//! Recent events of the scheduler that a pod was preempted, by the workload that lost it; with who took the place, where
//! that pod is there. A notice; a warning where the workload has not got it back.
//!
//! ## What it does not see
//! Whether the priorities are as they are meant. Evictions for other reasons.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Pod;
use types::{AnyFault, ClusterFault, Fault, Finding, Severity, Subject};

use super::cluster;
use super::scene::{Scene, name, namespace, subject};
use super::words::listed;
use crate::Root;

/// The scheduler's word.
const REASON: &str = "Preempted";
/// What the scheduler says before the uid of who took the place.
const BY: &str = "reempted by pod ";

/// What one workload lost.
#[derive(Default)]
struct Lost {
    pods: BTreeSet<String>,
    to: BTreeSet<String>,
}

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let by_uid: BTreeMap<&str, &Pod> = scene
        .all
        .pods
        .iter()
        .filter_map(|it| Some((it.metadata.uid.as_deref()?, &**it)))
        .collect();
    let mut lost: BTreeMap<Subject, Lost> = BTreeMap::new();
    let events = scene.all.events.iter();
    for event in events.filter(|it| it.reason.as_deref() == Some(REASON) && scene.is_recent(it)) {
        let about = &event.involved_object;
        let (Some(space), Some(pod)) = (&about.namespace, &about.name) else { continue };
        let lost = lost.entry(owner(space, pod, scene)).or_default();
        lost.pods.insert(pod.clone());
        let taker = event.message.as_deref().and_then(uid).and_then(|it| by_uid.get(it));
        lost.to.extend(taker.map(|it| shown(it, scene)));
    }
    lost.into_iter().map(|(about, lost)| told(about, &lost, scene)).collect()
}

fn told(about: Subject, lost: &Lost, scene: &Scene<'_>) -> Finding {
    let is_short = scene.workload_findings.iter().any(|it| {
        it.subject == about && it.fault == AnyFault::Workload(Fault::Unschedulable)
    });
    let severity = if is_short { Severity::Warning } else { Severity::Notice };
    let takers: Vec<_> = lost.to.iter().cloned().collect();
    let to = match takers.as_slice() {
        [] => "pods of a higher priority".to_owned(),
        takers => listed(takers),
    };
    let pods: Vec<_> = lost.pods.iter().cloned().collect();
    let many = if pods.len() == 1 { "A pod" } else { "Pods" };
    let back = if is_short { ", and there is no other place for them" } else { "" };
    let cause = format!("{many} of it had to make room for {to}{back}.");
    let fault = cluster(ClusterFault::PodsPreempted);
    let finding = Finding::new(about, severity, fault, cause).sure(0.9);
    finding.clue("events[Preempted]", &listed(&pods))
}

/// The uid in the scheduler's words: `Preempted by pod 3f0c… on node node-1`.
fn uid(message: &str) -> Option<&str> {
    message.split_once(BY)?.1.split(' ').next()
}

fn shown(pod: &Pod, scene: &Scene<'_>) -> String {
    let spec = pod.spec.as_ref();
    let class = spec.and_then(|it| it.priority_class_name.as_deref()).unwrap_or_default();
    let root = scene.root_of(pod);
    if class.is_empty() { root.to_string() } else { format!("{root} (class {class})") }
}

/// The workload that had a pod of this name, which may be gone.
fn owner(space: &str, pod: &str, scene: &Scene<'_>) -> Subject {
    let mut pods = scene.pods(space).iter();
    if let Some(pod) = pods.find(|it| name(&it.metadata) == pod) {
        return scene.root_of(pod);
    }
    let here = scene.all.workloads.iter().filter(|it| namespace(it.metadata()) == space);
    let root = here.filter(|it| may_have(it, pod)).min_by_key(|it| (it.kind(), name(it.metadata())));
    root.map_or_else(
        || Subject::new("Pod", space, pod),
        |it| subject(it.kind().as_str(), it.metadata()),
    )
}

/// Whether a workload names its pods like this.
fn may_have(root: &Root, pod: &str) -> bool {
    let own = name(root.metadata());
    let Some((begin, _)) = pod.rsplit_once('-') else { return false };
    match root {
        Root::Pod(_) => false,
        Root::Deployment(_) | Root::CronJob(_) => {
            begin.rsplit_once('-').is_some_and(|it| it.0 == own)
        }
        Root::ReplicaSet(_) | Root::StatefulSet(_) | Root::DaemonSet(_) | Root::Job(_) => {
            begin == own
        }
    }
}
