//! How much of the cluster is healthy, counted from the caches.

use std::collections::BTreeSet;

use diagnosis::Root;
use k8s_openapi::api::core::v1::Pod;

use super::Census;
use super::caches::Caches;
use super::changes::key;

/// Counts the root owners, and those that have fewer ready replicas than they want.
pub(super) fn take(caches: &Caches) -> Census {
    // What is quiet is healthy: it need not be looked at.
    let mut unhealthy = BTreeSet::new();
    for pod in caches.pods.restless().iter().filter(|it| is_failing(it)) {
        if let Ok(root) = caches.root_of_pod(pod) {
            unhealthy.insert(key(&root));
        }
    }
    let workloads = caches.restless_workloads();
    unhealthy.extend(workloads.iter().filter(|it| is_short(it)).map(|it| key(&it.object_ref())));
    Census { unhealthy: unhealthy.len(), workloads: caches.n_workloads() }
}

/// Whether fewer replicas are ready than are wanted.
fn is_short(root: &Root) -> bool {
    let short = |ready: Option<i32>, wanted: Option<i32>| ready.unwrap_or(0) < wanted.unwrap_or(1);
    match root {
        Root::Deployment(it) => short(
            it.status.as_ref().and_then(|it| it.ready_replicas),
            it.spec.as_ref().and_then(|it| it.replicas),
        ),
        Root::ReplicaSet(it) => short(
            it.status.as_ref().and_then(|it| it.ready_replicas),
            it.spec.as_ref().and_then(|it| it.replicas),
        ),
        Root::StatefulSet(it) => short(
            it.status.as_ref().and_then(|it| it.ready_replicas),
            it.spec.as_ref().and_then(|it| it.replicas),
        ),
        Root::DaemonSet(it) => {
            it.status.as_ref().is_some_and(|it| it.number_ready < it.desired_number_scheduled)
        }
        // Their pods tell: a job that runs is not short of anything.
        Root::Pod(_) | Root::Job(_) | Root::CronJob(_) | Root::Service(_) => false,
    }
}

/// Whether the pod is neither ready, nor done, nor on its way out, nor simply new.
fn is_failing(pod: &Pod) -> bool {
    let Some(status) = &pod.status else { return false };
    let phase = status.phase.as_deref().unwrap_or_default();
    let ready =
        status.conditions.iter().flatten().any(|it| it.type_ == "Ready" && it.status == "True");
    pod.metadata.deletion_timestamp.is_none() && phase != "Succeeded" && !ready
}
