//! A claim that is not bound or not there explains the workloads whose pods mount it.

use k8s_openapi::api::core::v1::Pod;
use types::{AnyFault, Fault, Finding, Subject};

use super::{failing, unschedulable};
use crate::survey::scene::{Scene, name, subject};

/// What a scheduler says of a pod that waits for a volume.
const MARKS: [&str; 6] = [
    "unbound immediate PersistentVolumeClaims",
    "persistentvolumeclaim \"",
    "didn't find available persistent volumes to bind",
    "didn't match PersistentVolume's node affinity",
    "had volume node affinity conflict",
    "unavailable due to one or more pvc(s) bound to non-existent pv(s)",
];

/// The claims that the failing pods of this finding wait for.
pub(super) fn causes(finding: &Finding, scene: &Scene<'_>) -> Vec<Subject> {
    let waits_for_room = AnyFault::Workload(Fault::Unschedulable);
    if finding.fault != waits_for_room {
        return vec![];
    }
    let pods = failing(finding, scene);
    let waiting = pods.iter().filter(|it| {
        unschedulable(it).is_some_and(|said| MARKS.iter().any(|mark| said.contains(mark)))
    });
    let mut claims: Vec<_> = waiting.flat_map(|it| claims(it)).collect();
    claims.sort();
    claims.dedup();
    let volumes: Vec<_> = claims.iter().filter_map(|it| volume(it, scene)).collect();
    claims.into_iter().chain(volumes).collect()
}

/// The volume that a claim is bound to.
fn volume(claim: &Subject, scene: &Scene<'_>) -> Option<Subject> {
    let mut claims = scene.all.claims.iter().flatten();
    let claim = claims.find(|it| subject("PersistentVolumeClaim", &it.metadata) == *claim)?;
    let volume = claim.spec.as_ref()?.volume_name.clone()?;
    Some(Subject::new("PersistentVolume", "", volume))
}

/// The claims that a pod mounts.
pub(in crate::survey) fn claims(pod: &Pod) -> Vec<Subject> {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    let volumes = pod.spec.iter().flat_map(|it| it.volumes.iter().flatten());
    let names = volumes.filter_map(|it| {
        let named = it.persistent_volume_claim.as_ref().map(|it| it.claim_name.clone());
        // A generic ephemeral volume is a claim with the pod's name before its own.
        let made = it.ephemeral.as_ref();
        named.or_else(|| made.map(|_| format!("{}-{}", name(&pod.metadata), it.name)))
    });
    names.map(|it| Subject::new("PersistentVolumeClaim", namespace, it)).collect()
}
