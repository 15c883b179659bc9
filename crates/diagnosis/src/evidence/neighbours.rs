//! What stands beside the subject and must not suffer from a fix.
//!
//! Beside a workload stand the other workloads of its namespace; beside a Service the other Services as well.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod, Service};
use serde_json::Value;
use types::NeighbourFacts;

use crate::root::spec_hash;
use crate::suspicion::RECENT;
use crate::{Objects, Root};

/// The annotation in which `kubectl apply` keeps what was declared.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// More neighbours than this are not compared.
const MAX_NEIGHBOURS: usize = 50;
/// How long a pod has to be ready before its neighbourhood may be judged by it.
const STEADY: SignedDuration = SignedDuration::from_secs(60);

/// The other workloads of the namespace.
pub(super) fn facts(objects: &Objects) -> Vec<NeighbourFacts> {
    let subject = objects.root.object_ref();
    let mut facts: Vec<_> = objects
        .workloads
        .iter()
        .filter(|it| it.metadata().namespace.as_deref() == Some(subject.namespace.as_str()))
        .filter(|it| !it.object_ref().is_same(&subject))
        .filter_map(|it| neighbour(it, objects))
        .collect();
    if matches!(objects.root, Root::Service(_)) {
        let services = objects.services.iter().flatten().filter_map(|it| beside(it, objects));
        facts.extend(services.filter(|it| !it.object.is_same(&subject)));
    }
    facts.sort_by(|a, b| a.object.cmp(&b.object));
    facts.truncate(MAX_NEIGHBOURS);
    facts
}

fn neighbour(root: &Root, objects: &Objects) -> Option<NeighbourFacts> {
    let own: Vec<_> = objects.namespace_pods.iter().filter(|it| belongs(it, root)).collect();
    let facts = counted(root, &own, objects.taken_at)?;
    let declared = declared(root, objects).filter(|_| facts.desired == 0);
    let is_whole = facts.desired <= facts.ready;
    let newest_pod_secs = newest(&own, objects.taken_at).filter(|_| !is_whole);
    Some(NeighbourFacts { declared, newest_pod_secs, ..facts })
}

/// Age of the newest of these pods.
fn newest(pods: &[&Arc<Pod>], now: Timestamp) -> Option<u64> {
    let made = pods.iter().filter_map(|it| it.metadata.creation_timestamp.as_ref());
    let age = now.duration_since(made.map(|it| it.0).max()?);
    // The clock of the API server may be ahead.
    u64::try_from(age.as_secs().max(0)).ok()
}

/// How a workload stands, with these of its pods as witnesses; `None` of what runs to its end, or alone, which says
/// little about its neighbourhood.
pub(super) fn counted(
    root: &Root,
    pods: &[&Arc<Pod>],
    taken_at: Timestamp,
) -> Option<NeighbourFacts> {
    let (desired, ready) = match root {
        Root::Deployment(it) => (
            it.spec.as_ref()?.replicas.unwrap_or(1),
            it.status.as_ref()?.ready_replicas.unwrap_or(0),
        ),
        Root::ReplicaSet(it) => (
            it.spec.as_ref()?.replicas.unwrap_or(1),
            it.status.as_ref()?.ready_replicas.unwrap_or(0),
        ),
        Root::StatefulSet(it) => (
            it.spec.as_ref()?.replicas.unwrap_or(1),
            it.status.as_ref()?.ready_replicas.unwrap_or(0),
        ),
        Root::DaemonSet(it) => {
            let status = it.status.as_ref()?;
            (status.desired_number_scheduled, status.number_ready)
        }
        Root::Job(_) | Root::CronJob(_) | Root::Pod(_) | Root::Service(_) => return None,
    };
    Some(NeighbourFacts {
        object: root.object_ref(),
        desired: u32::try_from(desired).unwrap_or(0),
        ready: u32::try_from(ready).unwrap_or(0),
        restarts: pods.iter().map(|it| restarts(it)).fold(0, u32::saturating_add),
        steady: pods.iter().all(|it| is_steady(it, taken_at)),
        generation: root.metadata().generation.unwrap_or(0),
        declared: None,
        newest_pod_secs: None,
    })
}

/// A Service of the namespace that takes pods by their labels: one that is ready is what it wants.
fn beside(service: &Service, objects: &Objects) -> Option<NeighbourFacts> {
    let selector = service.spec.as_ref()?.selector.as_ref().filter(|it| !it.is_empty())?;
    let root = Root::Service(Arc::new(service.clone()));
    let is_taken = |it: &&Arc<Pod>| {
        let labels = it.metadata.labels.as_ref();
        it.metadata.namespace == service.metadata.namespace
            && selector.iter().all(|(key, value)| labels.and_then(|it| it.get(key)) == Some(value))
    };
    let own: Vec<_> = objects.namespace_pods.iter().filter(is_taken).collect();
    let hash = u64::from_str_radix(&spec_hash(&root.template_json()), 16).unwrap_or(0);
    Some(NeighbourFacts {
        object: root.object_ref(),
        desired: 1,
        ready: u32::try_from(own.iter().filter(|it| is_ready(it)).count()).unwrap_or(u32::MAX),
        restarts: own.iter().map(|it| restarts(it)).fold(0, u32::saturating_add),
        steady: own.iter().all(|it| is_steady(it, objects.taken_at)),
        generation: i64::try_from(hash >> 1).unwrap_or(0),
        declared: None,
        newest_pod_secs: None,
    })
}

/// The replicas that its own declaration states, or the fewest that its autoscaler keeps: that one is switched off
/// by 0
/// (<https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation>).
fn declared(root: &Root, objects: &Objects) -> Option<u32> {
    let reference = root.object_ref();
    let mut scalers = objects.autoscalers.as_ref()?.iter().filter(|it| {
        let target = &it.spec.scale_target_ref;
        target.kind == reference.kind.as_str() && target.name == reference.name
    });
    if let Some(scaler) = scalers.next() {
        let fewest = scaler.spec.min_replicas.unwrap_or(1);
        let is_alone = scalers.next().is_none() && !belongs_to_keda(scaler);
        return u32::try_from(fewest).ok().filter(|it| 0 < *it && is_alone);
    }
    let text = root.annotation(LAST_APPLIED)?;
    let declaration: Value = serde_json::from_str(text).ok()?;
    let replicas = declaration.pointer("/spec/replicas")?.as_u64()?;
    u32::try_from(replicas).ok().filter(|it| 0 < *it)
}

/// Whether KEDA made this autoscaler: it scales to 0 by itself.
fn belongs_to_keda(scaler: &HorizontalPodAutoscaler) -> bool {
    let owners = scaler.metadata.owner_references.iter().flatten();
    owners.into_iter().any(|it| it.kind == "ScaledObject")
        || scaler.metadata.name.as_deref().is_some_and(|it| it.starts_with("keda-hpa-"))
}

/// Whether the pod hangs on this owner, directly or through a ReplicaSet of it.
pub(super) fn belongs(pod: &Pod, root: &Root) -> bool {
    let metadata = root.metadata();
    if pod.metadata.namespace != metadata.namespace {
        return false;
    }
    let owner =
        pod.metadata.owner_references.iter().flatten().find(|it| it.controller == Some(true));
    let Some(owner) = owner else { return false };
    if Some(&owner.uid) == metadata.uid.as_ref() {
        return true;
    }
    let hash = pod.metadata.labels.as_ref().and_then(|it| it.get("pod-template-hash"));
    let set = hash.and_then(|hash| owner.name.strip_suffix(hash.as_str())?.strip_suffix('-'));
    matches!(root, Root::Deployment(_)) && set.is_some() && set == metadata.name.as_deref()
}

pub(super) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|it| it.conditions.iter().flatten());
    conditions.into_iter().any(|it| it.type_ == "Ready" && it.status == "True")
}

/// Whether it is ready for a minute, and none of its containers ended lately.
pub(super) fn is_steady(pod: &Pod, now: Timestamp) -> bool {
    let conditions = pod.status.iter().flat_map(|it| it.conditions.iter().flatten());
    let ready = conditions.into_iter().find(|it| it.type_ == "Ready" && it.status == "True");
    let since = ready.and_then(|it| it.last_transition_time.as_ref());
    let lasts = since.is_some_and(|it| STEADY <= now.duration_since(it.0));
    lasts && !statuses(pod).any(|it| ended_lately(it, now))
}

fn ended_lately(container: &ContainerStatus, now: Timestamp) -> bool {
    let ended = container.last_state.as_ref().and_then(|it| it.terminated.as_ref());
    let at = ended.map(|it| it.finished_at.as_ref().map_or(now, |it| it.0));
    at.is_some_and(|at| now.duration_since(at) < RECENT)
}

fn statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    pod.status.iter().flat_map(|it| it.container_statuses.iter().flatten())
}

fn restarts(pod: &Pod) -> u32 {
    statuses(pod)
        .map(|it| u32::try_from(it.restart_count).unwrap_or(0))
        .fold(0, u32::saturating_add)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[track_caller]
    fn check(ready: &str, ready_for: i64, ended_before: Option<i64>, expected: bool) {
        let now = Timestamp::from_second(NOW).unwrap();
        let at = |ago: i64| Timestamp::from_second(NOW - ago).unwrap();
        let ended =
            ended_before.map(|it| json!({"terminated": {"exitCode": 1, "finishedAt": at(it)}}));
        let pod = json!({"status": {
            "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": at(ready_for)}],
            "containerStatuses": [{"name": "app", "image": "i", "imageID": "", "ready": true,
                "restartCount": 1, "lastState": ended}]}});
        assert_eq!(is_steady(&serde_json::from_value(pod).unwrap(), now), expected);
    }

    #[test]
    fn steady_is_what_was_ready_for_a_minute_and_did_not_end_lately() {
        check("True", 60, None, true);
        check("True", 59, None, false);
        check("False", 3600, None, false);
        check("True", 3600, Some(600), true);
        check("True", 599, Some(599), false);
    }
}
