//! A Service waits for a load balancer that cannot be made.
//!
//! ## What it looks for
//! A Service of type `LoadBalancer` without an address, and a recent event that says why it cannot be made.
//!
//! ## What it does not see
//! One that merely waits: load balancers of clouds take minutes, and a cluster without a controller for them says
//! nothing.

use k8s_openapi::api::core::v1::Service;
use types::{ClusterFault, Finding, Severity};

use super::cluster;
use super::scene::{Scene, subject};
use super::words::quoted;

/// Words of the service controller.
const FAILED: [&str; 2] = ["SyncLoadBalancerFailed", "CreatingLoadBalancerFailed"];

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.services.iter().flatten().filter_map(|it| of_service(it, scene)).collect()
}

fn of_service(service: &Service, scene: &Scene<'_>) -> Option<Finding> {
    let wants_one = service.spec.as_ref()?.type_.as_deref() == Some("LoadBalancer");
    let status = service.status.as_ref().and_then(|it| it.load_balancer.as_ref());
    let has_one = status.is_some_and(|it| it.ingress.iter().flatten().next().is_some());
    if !wants_one || has_one {
        return None;
    }
    let about = subject("Service", &service.metadata);
    let events = scene.events(&about).iter();
    let event = events.copied().find(|it| {
        it.reason.as_deref().is_some_and(|it| FAILED.contains(&it)) && scene.is_recent(it)
    })?;
    let message = quoted(event.message.as_deref().unwrap_or_default(), scene);
    let fault = cluster(ClusterFault::LoadBalancerPending);
    let cause = format!("Its load balancer cannot be made: {message}.");
    let fact = format!("events[{}].message", event.reason.as_deref().unwrap_or_default());
    let finding = Finding::new(about, Severity::Warning, fault, cause);
    Some(
        finding.clue(fact, &message).clue("status.loadBalancer", "none").at("/spec/type").sure(0.9),
    )
}
