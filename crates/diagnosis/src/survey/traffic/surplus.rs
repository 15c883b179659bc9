//! The label of a selector that is too many: the pods of one workload have all the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Pod, Service};
use types::{Subject, SurplusLabel};

use super::super::slip::MADE;
use super::{count, is_called, is_relabelled, is_served, taken};
use crate::Root;
use crate::survey::scene::{Scene, is_ready, name, namespace};
use crate::survey::service_without_endpoints;

/// The label too many, where the one workload whose pods have all the others has it on itself, or where nobody has it.
pub(super) fn facts(
    service: &Service,
    selector: &BTreeMap<String, String>,
    (scene, replica_sets): (&Scene<'_>, &[Arc<ReplicaSet>]),
) -> Option<SurplusLabel> {
    let slip = service_without_endpoints::slip_of(service, scene)?;
    let mut others = selector.clone();
    others.remove(&slip.key).filter(|_| slip.meant.is_none())?;
    let label = (slip.key.as_str(), slip.value.as_str());
    let pods = taken(&others, namespace(&service.metadata), scene);
    let roots: BTreeSet<Subject> = pods.iter().map(|it| scene.root_of(it)).collect();
    let workload = roots.first().filter(|_| roots.len() == 1)?;
    let root = scene.workload(&workload.kind, &workload.namespace, &workload.name)?;
    let own = root.metadata().labels.as_ref().and_then(|it| it.get(&slip.key));
    let is_own = own == Some(&slip.value);
    let is_nobodys = || {
        !is_made(&slip.key)
            && !is_anybodys(label, namespace(&service.metadata), scene)
            && !is_meant_so(service, workload, &slip.value)
            && !is_served(service, &pods, scene)
            && pods.iter().any(|it| is_ready(it))
            && pods.iter().all(|it| has_its_ports(it, service))
    };
    (is_own || is_nobodys()).then(|| SurplusLabel {
        workload: workload.to_string(),
        pods: count(pods.len()),
        ready: count(pods.iter().filter(|it| is_ready(it)).count()),
        nobodys: !is_own,
        formerly: is_relabelled(workload, selector, replica_sets),
        key: slip.key,
        value: slip.value,
    })
}

/// Whether a controller makes it: it comes and goes with the pods that it tells apart.
fn is_made(key: &str) -> bool {
    MADE.contains(&key) || key.ends_with("pod-template-hash")
}

/// Whether a pod of the namespace has this label, or would: one that is scaled to nothing comes back.
fn is_anybodys((key, value): (&str, &str), space: &str, scene: &Scene<'_>) -> bool {
    let has = |labels: Option<&BTreeMap<String, String>>| {
        labels.and_then(|it| it.get(key)).is_some_and(|it| it == value)
    };
    let here = |it: &&Root| namespace(it.metadata()) == space;
    let workloads = || scene.all.workloads.iter().filter(here);
    scene.pods(space).iter().any(|it| has(it.metadata.labels.as_ref()))
        || workloads().any(|it| has(it.metadata().labels.as_ref()))
        || workloads().any(|it| has(it.template_metadata().and_then(|it| it.labels.as_ref())))
}

/// Whether the Service is called for who has this label, and the workload is not: `web-canary` says what it means.
fn is_meant_so(service: &Service, workload: &Subject, value: &str) -> bool {
    let own = name(&service.metadata);
    is_called(own, value) && workload.name != own && !is_called(&workload.name, value)
}

/// Whether the pod declares what each port of the Service leads to, or nothing at all.
fn has_its_ports(pod: &Pod, service: &Service) -> bool {
    let containers = pod.spec.iter().flat_map(|it| &it.containers);
    let declares_none = containers.into_iter().all(|it| it.ports.iter().flatten().next().is_none());
    declares_none || service_without_endpoints::has_all(pod, service)
}
