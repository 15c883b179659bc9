//! The Services of the namespace, and the workloads behind them.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::ServiceFacts;

use crate::Objects;

/// More Services than this are not told.
const MAX_SERVICES: usize = 100;
/// More targets of one Service than this are not told.
const MAX_TARGETS: usize = 20;

/// Facts of the Services, by name.
pub(super) fn facts(objects: &Objects) -> Vec<ServiceFacts> {
    let own = &objects.root.metadata().namespace;
    let here = objects.services.iter().flatten().filter(|it| it.metadata.namespace == *own);
    let mut facts: Vec<_> = here.filter_map(|it| service(it, objects)).collect();
    facts.sort_by(|a, b| a.name.cmp(&b.name));
    facts.truncate(MAX_SERVICES);
    facts
}

fn service(service: &Service, objects: &Objects) -> Option<ServiceFacts> {
    let spec = service.spec.as_ref()?;
    let selector = spec.selector.as_ref().filter(|it| !it.is_empty());
    let is_here = |it: &&crate::Root| it.metadata().namespace == service.metadata.namespace;
    let workloads = objects.workloads.iter().filter(is_here);
    let taken = workloads.filter(|it| selector.is_some_and(|selector| it.takes(selector)));
    let named = taken.map(|it| format!("{} {}", it.kind(), it.object_ref().name));
    let mut behind: Vec<_> = named.collect();
    behind.sort();
    let addresses = spec.cluster_ip.iter().chain(spec.cluster_ips.iter().flatten());
    let mut addresses: Vec<_> =
        addresses.filter(|it| !it.is_empty() && *it != "None").cloned().collect();
    addresses.dedup();
    Some(ServiceFacts {
        name: service.metadata.name.clone()?,
        addresses,
        selects: selector.is_some() && spec.type_.as_deref() != Some("ExternalName"),
        behind,
        targets: targets(spec),
    })
}

/// Where its ports lead; one without a target leads to the same number.
fn targets(spec: &ServiceSpec) -> Vec<String> {
    let target = |it: &ServicePort| match &it.target_port {
        None => it.port.to_string(),
        Some(IntOrString::Int(number)) => number.to_string(),
        Some(IntOrString::String(name)) => name.clone(),
    };
    let targets: BTreeSet<_> = spec.ports.iter().flatten().map(target).collect();
    targets.into_iter().take(MAX_TARGETS).collect()
}
