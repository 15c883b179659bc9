//! A Service by itself: what it asks for, what it gets, what is wrong with that, and what was probably meant.
//!
//! The same rules that a scan asks of every Service, and beside what they say the facts that a fix is made from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::SignedDuration;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use types::{Clue, Finding, LabelSlip, Severity, Subject, SwappedLabels, TrafficFacts};

use super::scene::{Scene, has_labels, is_over, is_ready, name, namespace};
use super::service_without_endpoints::Swap;
use super::slip::{Slip, near_values};
use super::{service_port_mismatch, service_without_endpoints};
use crate::near_miss::near_miss;
use crate::{Objects, Redactor, Root, Snapshot};

mod ports;
mod surplus;

/// How long pods have to be ready before traffic is led to them.
const STEADY: SignedDuration = SignedDuration::from_secs(30);

/// The facts of this Service among the objects of its namespace.
pub(crate) fn facts(service: &Service, objects: &Objects, redactor: &Redactor) -> TrafficFacts {
    let mut services = objects.services.clone().unwrap_or_default();
    services.retain(|it| it.metadata.name != service.metadata.name);
    services.push(service.clone());
    let snapshot = Snapshot {
        pods: objects.namespace_pods.clone(),
        workloads: objects.workloads.clone(),
        services: Some(services),
        endpoint_slices: objects.endpoint_slices.clone(),
        ..Snapshot::at(objects.taken_at, objects.cluster.clone())
    };
    let scene = Scene::new(&snapshot, vec![], redactor);
    let spec = service.spec.as_ref();
    let selector = spec.and_then(|it| it.selector.clone()).unwrap_or_default();
    let pods = taken(&selector, namespace(&service.metadata), &scene);
    let findings = findings(service, &scene);
    TrafficFacts {
        ports: ports::facts(service, (&pods, objects.taken_at), &findings),
        pods: count(pods.len()),
        endpoints: objects.endpoint_slices.as_ref().map(|it| endpoints(service, it)),
        slip: slip_facts(service, (&selector, pods.is_empty()), (&scene, &objects.replica_sets)),
        swapped: pods.is_empty().then(|| swapped(service, &selector, &scene)).flatten(),
        surplus: pods
            .is_empty()
            .then(|| surplus::facts(service, &selector, (&scene, &objects.replica_sets)))
            .flatten(),
        selector,
        findings,
    }
}

/// What is its own trouble: not a workload's, and no mere notice.
fn findings(service: &Service, scene: &Scene<'_>) -> Vec<Finding> {
    let found = service_without_endpoints::of_service(service, scene).into_iter();
    let found = found.chain(service_port_mismatch::of_service(service, scene));
    let own = found.filter(|it| it.caused_by.is_empty() && it.severity != Severity::Notice);
    let redacted = |it: Finding| {
        let clue = |it: &Clue| Clue::new(it.fact.clone(), &scene.redact(&it.value));
        Finding { cause: scene.redact(&it.cause), clues: it.clues.iter().map(clue).collect(), ..it }
    };
    own.map(redacted).collect()
}

/// The pods that a selector takes and that have not ended; none for a selector that asks for nothing.
fn taken<'a>(
    selector: &BTreeMap<String, String>,
    namespace: &str,
    scene: &Scene<'a>,
) -> Vec<&'a Pod> {
    if selector.is_empty() {
        return vec![];
    }
    scene.pods_with(namespace, selector).into_iter().filter(|it| !is_over(it)).collect()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The endpoints that are ready on each of its ports, one for each pod however many addresses it has.
fn endpoints(service: &Service, slices: &[EndpointSlice]) -> u32 {
    let ports = service.spec.iter().flat_map(|it| it.ports.iter().flatten());
    let wanted: Vec<&str> = ports.map(|it| it.name.as_deref().unwrap_or_default()).collect();
    let has_all = |slice: &&EndpointSlice| {
        let has = |wanted: &&str| {
            let mut ports = slice.ports.iter().flatten();
            ports.any(|it| it.name.as_deref().unwrap_or_default() == *wanted && it.port.is_some())
        };
        wanted.iter().all(has)
    };
    let endpoints = slices.iter().filter(has_all).flat_map(|it| it.endpoints.iter().flatten());
    let ready = endpoints.filter(|it| {
        // What is not said is as good as yes.
        it.conditions.as_ref().and_then(|it| it.ready) != Some(false)
    });
    let names: BTreeSet<&str> = ready
        .filter_map(|it| {
            let pod = it.target_ref.as_ref().and_then(|it| it.name.as_deref());
            pod.or(it.addresses.first().map(String::as_str))
        })
        .collect();
    count(names.len())
}

/// The slip, where changing it takes pods of just one workload. A selector that does take pods may be another
/// Service's.
fn slip_facts(
    service: &Service,
    (selector, is_empty): (&BTreeMap<String, String>, bool),
    (scene, replica_sets): (&Scene<'_>, &[Arc<ReplicaSet>]),
) -> Option<LabelSlip> {
    let (space, own) = (namespace(&service.metadata), name(&service.metadata));
    let slip = if is_empty {
        service_without_endpoints::slip_of(service, scene)?
    } else {
        service_port_mismatch::slip_of_twin(service, scene)?
    };
    let (meant_key, meant_value) = slip.meant.clone()?;
    let mut meant = selector.clone();
    meant.remove(&slip.key);
    // A key that is there with another value would be lost.
    if meant.insert(meant_key.clone(), meant_value.clone()).is_some() {
        return None;
    }
    let pods = taken(&meant, space, scene);
    let roots: BTreeSet<Subject> = pods.iter().map(|it| scene.root_of(it)).collect();
    let workload = roots.first().filter(|_| roots.len() == 1)?;
    Some(LabelSlip {
        workload: workload.to_string(),
        pods: count(pods.len()),
        ready: count(pods.iter().filter(|it| is_ready(it)).count()),
        settled: pods.iter().all(|it| is_steady(it, scene)) && is_rolled_out(workload, scene),
        near: is_empty && is_near(&slip, service, scene),
        formerly: is_empty && is_relabelled(workload, selector, replica_sets),
        meant_so: meant_key == slip.key && is_called(own, &slip.value),
        served: is_served(service, &pods, scene),
        agreed: is_empty
            && is_agreed((&slip.key, &meant_key), &slip.value, service, (workload, &pods)),
        key: slip.key,
        value: slip.value,
        meant_key,
        meant_value,
    })
}

/// Whether pods have this value under another key than the one asked for, where Service and workload are called the
/// same, and the pods have all its ports.
fn is_agreed(
    (wrong, meant): (&str, &str),
    value: &str,
    service: &Service,
    (workload, pods): (&Subject, &[&Pod]),
) -> bool {
    let has_ports = |it: &&Pod| service_without_endpoints::has_all(it, service);
    wrong != meant
        && name(&service.metadata) == value
        && workload.name == value
        && pods.iter().all(has_ports)
}

/// The two labels whose values changed places.
fn swapped(
    service: &Service,
    selector: &BTreeMap<String, String>,
    scene: &Scene<'_>,
) -> Option<SwappedLabels> {
    let Swap { keys, workload } = service_without_endpoints::swap_of(service, scene)?;
    let meant = service_without_endpoints::swapped(selector, &keys)?;
    let pods = taken(&meant, namespace(&service.metadata), scene);
    Some(SwappedLabels {
        keys,
        pods: count(pods.len()),
        ready: count(pods.iter().filter(|it| is_ready(it)).count()),
        settled: pods.iter().all(|it| is_steady(it, scene)) && is_rolled_out(&workload, scene),
        workload: workload.to_string(),
    })
}

/// Whether a Service of this name is called for who has this label: `cart`, `cart-internal`, `till-prod` for `prod`.
pub(super) fn is_called(own: &str, value: &str) -> bool {
    own.strip_prefix(value).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        || own.strip_suffix(value).is_some_and(|rest| rest.ends_with('-'))
}

/// Whether of these values that are near just this one is what the Service is called, by its name or by the same label.
fn is_what_it_is_called(service: &Service, (key, meant): (&str, &str), near: &[&str]) -> bool {
    let label = service.metadata.labels.as_ref().and_then(|it| it.get(key)).map(String::as_str);
    let names = [Some(name(&service.metadata)), label];
    let is_own = |value: &&&str| names.contains(&Some(**value));
    near.iter().filter(is_own).eq([&meant])
}

fn is_steady(pod: &Pod, scene: &Scene<'_>) -> bool {
    let conditions = pod.status.iter().flat_map(|it| it.conditions.iter().flatten());
    let ready = conditions.into_iter().find(|it| it.type_ == "Ready" && it.status == "True");
    let since = ready.and_then(|it| it.last_transition_time.as_ref());
    since.is_some_and(|it| STEADY <= scene.all.taken_at.duration_since(it.0))
}

/// Whether no other version of a workload is on its way, as far as it says.
fn is_rolled_out(workload: &Subject, scene: &Scene<'_>) -> bool {
    let root = scene.workload(&workload.kind, &workload.namespace, &workload.name);
    let Some(Root::Deployment(it)) = root else { return true };
    let Some(status) = &it.status else { return false };
    let wanted = it.spec.as_ref().and_then(|it| it.replicas).unwrap_or(1);
    let all = status.replicas.unwrap_or(0);
    status.observed_generation == it.metadata.generation
        && all == wanted
        && status.updated_replicas.unwrap_or(0) == all
}

/// Whether what is meant is a letter or two away, and nothing else that pods have is near, or nothing that has the
/// ports.
fn is_near(slip: &Slip, service: &Service, scene: &Scene<'_>) -> bool {
    let Some((meant_key, meant_value)) = &slip.meant else { return false };
    let selector = service.spec.as_ref().and_then(|it| it.selector.as_ref());
    let mut others = selector.cloned().unwrap_or_default();
    others.remove(&slip.key);
    let pods = scene.pods_with(namespace(&service.metadata), &others);
    let labels: BTreeSet<(&str, &str)> = pods
        .iter()
        .flat_map(|it| it.metadata.labels.iter().flatten())
        .map(|it| (it.0.as_str(), it.1.as_str()))
        .collect();
    if *meant_key == slip.key {
        let near = near_values((&slip.key, &slip.value), &labels);
        let by_ports = || service_without_endpoints::told(service, &slip.key, &near, scene);
        near == [meant_value.as_str()]
            || is_what_it_is_called(service, (meant_key, meant_value), &near)
            || by_ports().is_some_and(|it| it.is_sure && it.value == *meant_value)
    } else {
        let keys = labels.iter().filter(|it| it.1 == slip.value).map(|it| it.0);
        let near: BTreeSet<_> = keys.filter_map(|it| near_miss(&slip.key, [it])).collect();
        near.iter().eq([meant_key])
    }
}

/// Whether an earlier revision of this Deployment had all the labels that are asked for.
fn is_relabelled(
    workload: &Subject,
    selector: &BTreeMap<String, String>,
    replica_sets: &[Arc<ReplicaSet>],
) -> bool {
    let is_owned = |it: &ReplicaSet| {
        let mut owners = it.metadata.owner_references.iter().flatten();
        it.metadata.namespace.as_deref().unwrap_or_default() == workload.namespace
            && owners.any(|it| it.kind == workload.kind && it.name == workload.name)
    };
    let had = |it: &ReplicaSet| {
        let template = it.spec.as_ref().and_then(|it| it.template.as_ref());
        let labels = template.and_then(|it| it.metadata.as_ref()?.labels.as_ref());
        has_labels(labels, selector)
    };
    workload.kind == "Deployment" && replica_sets.iter().any(|it| is_owned(it) && had(it))
}

/// Whether another Service takes one of these pods.
fn is_served(service: &Service, pods: &[&Pod], scene: &Scene<'_>) -> bool {
    let others = scene.all.services.iter().flatten().filter(|it| {
        it.metadata.namespace == service.metadata.namespace
            && it.metadata.name != service.metadata.name
    });
    others.filter_map(|it| it.spec.as_ref()?.selector.as_ref()).any(|selector| {
        !selector.is_empty()
            && pods.iter().any(|it| has_labels(it.metadata.labels.as_ref(), selector))
    })
}

#[cfg(test)]
mod tests {
    use super::is_called;

    #[test]
    fn a_service_is_called_for_whom_its_name_begins_or_ends_with() {
        for (own, value, expected) in [
            ("cart", "cart", true),
            ("cart-internal", "cart", true),
            ("till-prod", "prod", true),
            ("till-prod", "stage", false),
            ("cartier", "cart", false),
            ("postcart", "cart", false),
            ("cart", "cart-web", false),
        ] {
            assert_eq!(is_called(own, value), expected, "{own} {value}");
        }
    }
}
