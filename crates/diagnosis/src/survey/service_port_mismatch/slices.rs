//! Endpoints that somebody keeps by hand for a Service, and whose port has another name than the Service's.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{AnyFault, Fault, Finding, Severity};

use super::target;
use crate::confidence;
use crate::near_miss::near_miss;
use crate::survey::scene::{Scene, name, subject};
use crate::survey::words::entry;

/// Says who keeps a slice, and the one that copies what stands in an Endpoints object.
const KEPT_BY: &str = "endpointslice.kubernetes.io/managed-by";
const COPIES: &str = "endpointslicemirroring-controller.k8s.io";

/// A port of a slice that the Service does not have by that name.
struct Stray {
    whose: String,
    name: String,
    number: Option<i32>,
}

/// The findings of a Service without a selector: ports of it that no slice has by name, while one has another instead.
/// A port that nobody has at all may be for another day.
pub(super) fn of_service(service: &Service, scene: &Scene<'_>) -> Vec<Finding> {
    let Some(spec) = &service.spec else { return vec![] };
    let is_by_hand = spec.selector.as_ref().is_none_or(BTreeMap::is_empty);
    let is_leaving = service.metadata.deletion_timestamp.is_some();
    // Who asks one without an address of its own gets addresses, and takes his own port.
    let is_headless = spec.cluster_ip.as_deref() == Some("None");
    if !is_by_hand || is_leaving || is_headless || spec.type_.as_deref() == Some("ExternalName") {
        return vec![];
    }
    let slices = slices(service, scene);
    let has = |wanted: &str| {
        let mut ports = slices.iter().flat_map(|it| it.ports.iter().flatten());
        ports.any(|it| it.name.as_deref().unwrap_or_default() == wanted)
    };
    let stray = stray(service, &slices);
    let ports = spec.ports.iter().flatten().enumerate();
    let missing: Vec<_> = ports.filter(|it| !has(own_name(it.1))).collect();
    let found = missing.iter().filter_map(|(index, port)| {
        let near = near_miss(own_name(port), stray.iter().map(|it| it.name.as_str()));
        let by_name = stray.iter().find(|it| near.as_ref() == Some(&it.name));
        let leads = |it: &&Stray| it.number.map(IntOrString::Int) == Some(target(port));
        let only = stray.first().filter(|_| stray.len() == 1 && missing.len() == 1);
        let other = by_name.or_else(|| stray.iter().find(leads)).or(only)?;
        Some(told(service, (*index, port), other))
    });
    found.collect()
}

fn told(service: &Service, (index, port): (usize, &ServicePort), other: &Stray) -> Finding {
    let Stray { whose, name, number } = other;
    let number = number.map_or_else(|| "one".to_owned(), |it| it.to_string());
    let cause = format!(
        "Its port {} {}, and {whose} has {number} {}: they are matched by their names, so nobody answers there.",
        port.port,
        match own_name(port) {
            "" => "has no name".to_owned(),
            name => format!("is named {name}"),
        },
        if name.is_empty() { "without a name".to_owned() } else { format!("by the name {name}") },
    );
    let about = subject("Service", &service.metadata);
    let fault = AnyFault::Workload(Fault::ServicePortMismatch);
    let field = format!("/spec/ports/{index}/name");
    let finding = Finding::new(about, Severity::Critical, fault, cause).at(field.clone());
    let shown = |it: &str| if it.is_empty() { "none".to_owned() } else { it.to_owned() };
    let finding = finding.clue(field, &shown(own_name(port)));
    finding
        .clue(format!("{whose}.ports"), &format!("{number} ({})", shown(name)))
        .sure(confidence::WORDED)
}

/// The slices of a Service that have somebody ready.
fn slices<'a>(service: &Service, scene: &Scene<'a>) -> Vec<&'a EndpointSlice> {
    let has_ready = |it: &&EndpointSlice| {
        let mut behind = it.endpoints.iter().flatten();
        // Nothing said means ready.
        behind.any(|it| it.conditions.as_ref().and_then(|it| it.ready) != Some(false))
    };
    let own = scene.slices_of(&service.metadata);
    let mut slices: Vec<_> = own.filter(has_ready).collect();
    slices.sort_by_key(|it| name(&it.metadata));
    slices
}

/// What slices have and the Service has not, by name.
fn stray(service: &Service, slices: &[&EndpointSlice]) -> Vec<Stray> {
    let ports = service.spec.iter().flat_map(|it| it.ports.iter().flatten());
    let names: Vec<&str> = ports.map(own_name).collect();
    let of = |slice: &&EndpointSlice| {
        let is_copy = entry(slice.metadata.labels.as_ref(), KEPT_BY) == Some(COPIES);
        let whose = if is_copy {
            format!("Endpoints {}", name(&service.metadata))
        } else {
            format!("EndpointSlice {}", name(&slice.metadata))
        };
        let ports = slice.ports.iter().flatten();
        let stray = ports.filter(|it| !names.contains(&it.name.as_deref().unwrap_or_default()));
        let stray = stray.map(|it| Stray {
            whose: whose.clone(),
            name: it.name.clone().unwrap_or_default(),
            number: it.port,
        });
        stray.collect::<Vec<_>>()
    };
    slices.iter().flat_map(of).collect()
}

fn own_name(port: &ServicePort) -> &str {
    port.name.as_deref().unwrap_or_default()
}
