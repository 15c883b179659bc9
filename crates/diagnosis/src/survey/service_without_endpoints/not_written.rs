//! Pods are ready, and the controller says why they do not get into the endpoints.

use k8s_openapi::api::core::v1::Service;
use types::Finding;

use super::finding;
use crate::confidence;
use crate::survey::scene::{Scene, subject};
use crate::survey::words::quoted;

/// How the controller's warnings begin.
const REASONS: [&str; 3] = ["FailedToUpdateEndpoint", "FailedToCreateEndpoint", "FailedToListPods"];

/// A Service that has ready pods and no ready address, where a recent warning says why. A write that failed once and
/// then succeeded has left its warning too: the addresses are there then.
pub(super) fn of_service(service: &Service, scene: &Scene<'_>) -> Option<Finding> {
    let about = subject("Service", &service.metadata);
    let event = scene.events(&about).iter().find(|it| {
        let reason = it.reason.as_deref().unwrap_or_default();
        it.type_.as_deref() == Some("Warning")
            && REASONS.iter().any(|it| reason.starts_with(it))
            && scene.is_recent(it)
    })?;
    scene.all.endpoint_slices.as_ref()?;
    let slices = scene.slices_of(&service.metadata);
    let mut behind = slices.flat_map(|it| it.endpoints.iter().flatten());
    // Nothing said means ready.
    if behind.any(|it| it.conditions.as_ref().and_then(|it| it.ready) != Some(false)) {
        return None;
    }
    let message = quoted(event.message.as_deref().unwrap_or_default(), scene);
    let reason = quoted(event.reason.as_deref().unwrap_or_default(), scene);
    let cause = format!("Its ready pods do not get into its endpoints: {message}.");
    let finding = finding(about, cause).clue(format!("events[{reason}].message"), &message);
    Some(finding.clue("endpoints.ready", "0").sure(confidence::FOLLOWS))
}
