//! Pods had to go for others of a higher priority.
//!
//! ## What it looks for
//! Recent events of the scheduler that a pod was preempted, by the workload that lost it; with who took the place,
//! where that pod is there. A notice; where the workload finds no other place, it is said with that trouble.
//!
//! ## What it does not see
//! Whether the priorities are as they are meant. Evictions for other reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Event, Pod};
use types::{AnyFault, ClusterFault, Fault, Finding, Severity, Subject};

use super::cluster;
use super::scene::{Scene, name, namespace, subject};
use super::words::listed;
use crate::Root;
use crate::confidence;

/// The scheduler's word.
const REASON: &str = "Preempted";
/// What the scheduler says before the uid of who took the place.
const BY: &str = "reempted by pod ";
/// Where it is said.
const FACT: &str = "events[Preempted]";
/// The trouble of who finds no other place.
const NO_PLACE: AnyFault = AnyFault::Workload(Fault::Unschedulable);

/// What one workload lost.
#[derive(Default)]
pub(super) struct Lost {
    pods: BTreeSet<String>,
    to: BTreeSet<String>,
}

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let is_short = |it: &Subject| {
        scene.workload_findings.iter().any(|own| own.subject == *it && own.fault == NO_PLACE)
    };
    let lost = lost(scene).into_iter().filter(|it| !is_short(&it.0));
    lost.map(|(about, lost)| told(about, &lost)).collect()
}

/// The finding about pods without a place, with who has the one that they had.
pub(super) fn named(finding: Finding, lost: &BTreeMap<Subject, Lost>) -> Finding {
    let Some(lost) = lost.get(&finding.subject).filter(|_| finding.fault == NO_PLACE) else {
        return finding;
    };
    let cause = finding.cause.strip_suffix('.').unwrap_or(&finding.cause);
    let cause = format!("{cause}; a pod of it had to make room for {}.", lost.takers());
    Finding { cause, ..finding }.clue(FACT, &lost.pods())
}

/// What each workload lost to pods of a higher priority.
pub(super) fn lost(scene: &Scene<'_>) -> BTreeMap<Subject, Lost> {
    let mut lost: BTreeMap<Subject, Lost> = BTreeMap::new();
    let is_it = |it: &&Arc<Event>| it.reason.as_deref() == Some(REASON) && scene.is_recent(it);
    let mut takers: Option<BTreeMap<&str, &Pod>> = None;
    for event in scene.all.events.iter().filter(is_it) {
        let about = &event.involved_object;
        let (Some(space), Some(pod)) = (&about.namespace, &about.name) else { continue };
        let lost = lost.entry(owner(space, pod, scene)).or_default();
        lost.pods.insert(pod.clone());
        let uid = event.message.as_deref().and_then(uid);
        let pods = takers.get_or_insert_with(|| by_uid(scene));
        lost.to.extend(uid.and_then(|it| pods.get(it)).map(|it| shown(it, scene)));
    }
    lost
}

fn by_uid<'a>(scene: &Scene<'a>) -> BTreeMap<&'a str, &'a Pod> {
    let pods = scene.all.pods.iter();
    pods.filter_map(|it| Some((it.metadata.uid.as_deref()?, &**it))).collect()
}

impl Lost {
    fn takers(&self) -> String {
        let takers: Vec<_> = self.to.iter().cloned().collect();
        if takers.is_empty() { "pods of a higher priority".to_owned() } else { listed(&takers) }
    }

    fn pods(&self) -> String {
        listed(&self.pods.iter().cloned().collect::<Vec<_>>())
    }
}

fn told(about: Subject, lost: &Lost) -> Finding {
    let many = if lost.pods.len() == 1 { "A pod" } else { "Pods" };
    let cause = format!("{many} of it had to make room for {}.", lost.takers());
    let fault = cluster(ClusterFault::PodsPreempted);
    let finding = Finding::new(about, Severity::Notice, fault, cause).sure(confidence::WORDED);
    finding.clue(FACT, &lost.pods())
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
    if let Some(pod) = scene.pod(space, pod) {
        return scene.root_of(pod);
    }
    let here = scene.all.workloads.iter().filter(|it| namespace(it.metadata()) == space);
    let root =
        here.filter(|it| may_have(it, pod)).min_by_key(|it| (it.kind(), name(it.metadata())));
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
        Root::Pod(_) | Root::Service(_) => false,
        Root::Deployment(_) | Root::CronJob(_) => {
            begin.rsplit_once('-').is_some_and(|it| it.0 == own)
        }
        Root::ReplicaSet(_) | Root::StatefulSet(_) | Root::DaemonSet(_) | Root::Job(_) => {
            begin == own
        }
    }
}
