//! What stands beside the subject and must not suffer from a fix.

use k8s_openapi::api::core::v1::Pod;
use types::NeighbourFacts;

use crate::{Objects, Root};

/// More neighbours than this are not compared.
const MAX_NEIGHBOURS: usize = 50;

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
    facts.sort_by(|a, b| a.object.cmp(&b.object));
    facts.truncate(MAX_NEIGHBOURS);
    facts
}

fn neighbour(root: &Root, objects: &Objects) -> Option<NeighbourFacts> {
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
        // What runs to its end, or alone, says little about its neighbourhood.
        Root::Job(_) | Root::CronJob(_) | Root::Pod(_) => return None,
    };
    let own = objects.all_pods.iter().filter(|it| belongs(it, root));
    Some(NeighbourFacts {
        object: root.object_ref(),
        desired: u32::try_from(desired).unwrap_or(0),
        ready: u32::try_from(ready).unwrap_or(0),
        restarts: own.map(|it| restarts(it)).fold(0, u32::saturating_add),
    })
}

/// Whether the pod hangs on this owner, directly or through a ReplicaSet of it.
fn belongs(pod: &Pod, root: &Root) -> bool {
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

fn restarts(pod: &Pod) -> u32 {
    let statuses = pod.status.iter().flat_map(|it| it.container_statuses.iter().flatten());
    statuses.map(|it| u32::try_from(it.restart_count).unwrap_or(0)).fold(0, u32::saturating_add)
}
