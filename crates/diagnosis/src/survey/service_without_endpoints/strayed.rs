//! A slice of endpoints that somebody made by hand for a Service, and that names another one which is not there.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use types::{Finding, Subject};

use super::{PATIENCE_SECS, finding};
use crate::confidence;
use crate::near_miss::near_miss;
use crate::survey::scene::{Scene, name, subject};
use crate::survey::slip::escaped;
use crate::survey::webhook_unavailable::has_no_endpoint;
use crate::survey::words::entry;

/// Names the Service of a slice.
const OF: &str = "kubernetes.io/service-name";
/// Says who keeps a slice, and how those end that Kubernetes itself keeps.
const KEPT_BY: &str = "endpointslice.kubernetes.io/managed-by";
const OWN: &str = "-controller.k8s.io";

/// The finding of a Service without a selector and without endpoints that a slice was meant for.
pub(super) fn of_service(service: &Service, scene: &Scene<'_>) -> Option<Finding> {
    let about = subject("Service", &service.metadata);
    let slices = scene.slices(&about.namespace);
    let mut slices: Vec<_> = slices.filter(|it| is_by_hand(it, scene)).collect();
    slices.sort_by_key(|it| name(&it.metadata));
    slices.into_iter().find_map(|it| told(&about, it, scene))
}

/// Whether somebody keeps it by hand, and somebody is ready in it.
fn is_by_hand(slice: &EndpointSlice, scene: &Scene<'_>) -> bool {
    let kept_by = entry(slice.metadata.labels.as_ref(), KEPT_BY);
    // Nothing said means ready.
    let is_ready = slice
        .endpoints
        .iter()
        .flatten()
        .any(|it| it.conditions.as_ref().and_then(|it| it.ready) != Some(false));
    is_ready
        && !kept_by.is_some_and(|it| it.ends_with(OWN))
        && slice.metadata.deletion_timestamp.is_none()
        && !scene.is_new(&slice.metadata, PATIENCE_SECS)
}

/// The finding, where the slice names nobody who is there, and this Service is the one that is nearly called so.
fn told(about: &Subject, slice: &EndpointSlice, scene: &Scene<'_>) -> Option<Finding> {
    let own = name(&slice.metadata);
    let wanted = entry(slice.metadata.labels.as_ref(), OF);
    let field = format!("EndpointSlice {own}./metadata/labels/{}", escaped(OF));
    let free = free(&about.namespace, scene);
    let begin = "It has no selector and no ready endpoint";
    let Some(wanted) = wanted else {
        let is_for = |it: &&&str| {
            own.strip_prefix(**it).is_some_and(|it| it.is_empty() || it.starts_with('-'))
        };
        let mut near = free.iter().filter(is_for);
        let only = near.next().filter(|_| near.next().is_none())?;
        let cause = format!(
            "{begin}: EndpointSlice {own} has no label {OF}, so that it is of no Service; {only} was probably meant."
        );
        return (*only == about.name)
            .then(|| finding(about.clone(), cause).clue(field, "none").sure(confidence::FOLLOWS));
    };
    if scene.service(&about.namespace, wanted).is_some() {
        return None;
    }
    let near = near_miss(wanted, free.iter().copied()).filter(|it| *it == about.name)?;
    let cause = format!(
        "{begin}: EndpointSlice {own} is labelled {OF}={wanted}, and there is no Service {wanted}; {near} was probably meant."
    );
    Some(finding(about.clone(), cause).clue(field, wanted).sure(confidence::READ))
}

/// The Services of a namespace whose endpoints somebody keeps by hand, and that have none.
fn free<'a>(space: &str, scene: &Scene<'a>) -> Vec<&'a str> {
    let services = scene.services(space);
    let is_free = |it: &&Service| {
        let Some(spec) = &it.spec else { return false };
        spec.selector.as_ref().is_none_or(BTreeMap::is_empty)
            && spec.type_.as_deref() != Some("ExternalName")
            && has_no_endpoint(it, scene)
    };
    services.filter(is_free).map(|it| name(&it.metadata)).collect()
}
