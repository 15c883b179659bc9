//! The pods of the subject.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, PodCondition};
use types::PodFacts;

use crate::evidence::{cut_off, gates, revisions, workload};
use crate::outline::own_scheduler;
use crate::redact::cut;
use crate::{Objects, Redactor, Root};

/// More pods than this say nothing new.
const MAX_PODS: usize = 50;
/// Gates of one pod that are named.
const MAX_GATES: usize = 10;
/// Characters of a message that are kept.
const MAX_CHARS: usize = 500;

/// Facts of the pods: those that fail first, then the newest.
pub(super) fn facts(
    objects: &Objects,
    current: Option<&str>,
    redactor: &Redactor,
) -> Vec<PodFacts> {
    let of = |pod: &Arc<Pod>| pod_facts(objects, pod, is_current(objects, pod, current), redactor);
    let mut facts: Vec<_> = objects.pods.iter().map(of).collect();
    facts.sort_by(|a, b| (a.ready, b.created_at, &a.name).cmp(&(b.ready, a.created_at, &b.name)));
    facts.truncate(MAX_PODS);
    facts
}

/// How many pods are of the newest revision and stay: of all of them, also those that are not shown.
pub(super) fn n_updated(objects: &Objects) -> u32 {
    let current = revisions::current_hash(objects);
    let is_updated = |it: &&Arc<Pod>| {
        it.metadata.deletion_timestamp.is_none() && is_current(objects, it, current.as_deref())
    };
    u32::try_from(objects.pods.iter().filter(is_updated).count()).unwrap_or(u32::MAX)
}

/// Whether the pod belongs to the newest revision of the template.
fn is_current(objects: &Objects, pod: &Pod, current: Option<&str>) -> bool {
    let label = |name: &str| pod.metadata.labels.as_ref()?.get(name).map(String::as_str);
    // Who replaces his pods by hand means those that run, of whatever revision.
    if workload::is_on_delete(&objects.root) {
        return true;
    }
    match &objects.root {
        Root::Deployment(_) => current.is_none() || label("pod-template-hash") == current,
        Root::StatefulSet(it) if workload::is_kept_back(it, pod) => true,
        Root::StatefulSet(_) | Root::DaemonSet(_) => {
            current.is_none() || label("controller-revision-hash") == current
        }
        Root::CronJob(_) => {
            let newest = objects
                .jobs
                .iter()
                .max_by_key(|it| it.metadata.creation_timestamp.as_ref().map(|it| it.0));
            let uid = newest.and_then(|it| it.metadata.uid.as_deref());
            let owners = pod.metadata.owner_references.iter().flatten();
            owners.into_iter().any(|it| Some(it.uid.as_str()) == uid)
        }
        Root::Pod(_) | Root::ReplicaSet(_) | Root::Job(_) | Root::Service(_) => true,
    }
}

fn pod_facts(objects: &Objects, pod: &Arc<Pod>, current: bool, redactor: &Redactor) -> PodFacts {
    let word = |it: &Option<String>| it.clone().unwrap_or_default();
    let status = pod.status.as_ref();
    let refused = condition(pod, "PodScheduled").filter(|it| it.status == "False");
    let containers = status.iter().flat_map(|it| it.container_statuses.iter().flatten());
    let message = status.and_then(|it| it.message.as_deref()).map(|it| redactor.redact(it));
    let gates = pod.spec.iter().flat_map(|it| it.scheduling_gates.iter().flatten());
    let node = pod.spec.as_ref().and_then(|it| it.node_name.clone());
    PodFacts {
        name: word(&pod.metadata.name),
        uid: word(&pod.metadata.uid),
        resource_version: word(&pod.metadata.resource_version),
        phase: status.and_then(|it| it.phase.clone()).unwrap_or_default(),
        reason: status.and_then(|it| it.reason.clone()),
        message: message.map(|it| cut(&it, MAX_CHARS).to_owned()),
        gates: gates.take(MAX_GATES).map(|it| it.name.clone()).collect(),
        unmet_gates: gates::facts(objects, pod, redactor),
        ready: is_ready(pod),
        ready_since: ready_since(pod),
        unready_since: since(condition(pod, "Ready"), "False"),
        restarts: containers.map(|it| u32::try_from(it.restart_count).unwrap_or(0)).sum(),
        scheduled: node.is_some(),
        unschedulable: refused.and_then(|it| it.message.clone()),
        scheduler: unknown_scheduler(objects, pod).filter(|_| node.is_none()),
        node,
        cut_off: cut_off::is_cut_off(objects, pod),
        current,
        terminating: pod.metadata.deletion_timestamp.is_some(),
        created_at: pod.metadata.creation_timestamp.as_ref().map(|it| it.0),
        prepared_at: since(condition(pod, "PodReadyToStartContainers"), "True"),
        ended_at: ended_at(pod),
    }
}

/// When the last of the pod's containers ended; `None` where one has not, or where that is not told.
fn ended_at(pod: &Pod) -> Option<Timestamp> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    let ended = statuses.iter().map(|it| {
        let state = it.state.as_ref()?.terminated.as_ref()?;
        state.finished_at.as_ref().map(|it| it.0)
    });
    ended.collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// The scheduler that the pod names, where it is not the cluster's own and none of its pods has a node.
fn unknown_scheduler(objects: &Objects, pod: &Pod) -> Option<String> {
    let name = own_scheduler(pod)?;
    let works = objects.all_pods.schedulers().contains(&name);
    (!works).then_some(name)
}

/// A condition of the pod.
pub(super) fn condition<'a>(pod: &'a Pod, type_: &str) -> Option<&'a PodCondition> {
    pod.status.as_ref()?.conditions.as_ref()?.iter().find(|it| it.type_ == type_)
}

/// Since when the pod is ready; `None` while it is not.
pub(super) fn ready_since(pod: &Pod) -> Option<Timestamp> {
    since(condition(pod, "Ready"), "True")
}

/// Since when this condition has this status; `None` while it has another.
fn since(condition: Option<&PodCondition>, status: &str) -> Option<Timestamp> {
    let holds = condition.filter(|it| it.status == status)?;
    holds.last_transition_time.as_ref().map(|it| it.0)
}

/// Whether its condition `Ready` is true.
pub(super) fn is_ready(pod: &Pod) -> bool {
    condition(pod, "Ready").is_some_and(|it| it.status == "True")
}
