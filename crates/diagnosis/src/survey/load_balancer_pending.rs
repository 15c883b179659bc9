//! A Service waits for a load balancer that cannot be made.
//!
//! ## What it looks for
//! A Service of type `LoadBalancer` without an address: a warning that is recent, or the last thing that anybody said
//! of it, says why it cannot be made (`AllocationFailed` where a pool has no address left); or for minutes nothing
//! says that anybody makes one.
//!
//! ## What it does not see
//! Whether a controller that once took it up is merely slow: load balancers of clouds take minutes.

use k8s_openapi::api::core::v1::{Event, Service};
use types::{ClusterFault, Finding, Severity};

use super::cluster;
use super::scene::{Scene, subject};
use super::words::quoted;
use crate::confidence;

/// How long a load balancer may take of which nobody says anything, in seconds.
const PATIENCE_SECS: i64 = 180;
/// How long one may take that a controller has taken up.
const TAKEN_UP_SECS: i64 = 900;
/// What a controller says that takes it up: those of clouds, of k3s and of `MetalLB`.
const TAKEN_UP: [&str; 6] = [
    "EnsuringLoadBalancer",
    "UpdatingLoadBalancer",
    "EnsuredLoadBalancer",
    "AppliedDaemonSet",
    "IPAllocated",
    "nodeAssigned",
];
/// How warnings begin of those who keep what stands behind a Service, or route to it: they make no load balancer.
const OF_OTHERS: [&str; 6] = [
    "FailedToUpdateEndpoint",
    "FailedToCreateEndpoint",
    "FailedToListPods",
    "TopologyAware",
    "FailedToStartServiceHealth",
    "ClusterIP",
];
/// Words of the service controller of a cloud and of `MetalLB`, which mean nothing else.
const FAILED: [&str; 3] =
    ["SyncLoadBalancerFailed", "CreatingLoadBalancerFailed", "AllocationFailed"];

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.services.iter().flatten().filter_map(|it| of_service(it, scene)).collect()
}

fn of_service(service: &Service, scene: &Scene<'_>) -> Option<Finding> {
    let wants_one = service.spec.as_ref()?.type_.as_deref() == Some("LoadBalancer");
    if !wants_one || has_address(service) || service.metadata.deletion_timestamp.is_some() {
        return None;
    }
    failed(service, scene).or_else(|| unserved(service, scene))
}

/// What those said who make load balancers, newest first.
fn told<'a>(service: &Service, scene: &Scene<'a>) -> Vec<&'a Event> {
    let about = subject("Service", &service.metadata);
    let is_of_it = |it: &&Event| {
        let reason = it.reason.as_deref().unwrap_or_default();
        if warns(it) {
            !OF_OTHERS.iter().any(|it| reason.starts_with(it))
        } else {
            TAKEN_UP.contains(&reason)
        }
    };
    scene.events(&about).iter().copied().filter(is_of_it).collect()
}

fn warns(event: &Event) -> bool {
    event.type_.as_deref() == Some("Warning")
}

/// A controller says why it cannot be made.
fn failed(service: &Service, scene: &Scene<'_>) -> Option<Finding> {
    let about = subject("Service", &service.metadata);
    let told = told(service, scene);
    let recent = told.iter().copied().find(|it| warns(it) && scene.is_recent(it));
    // Some say it once and then wait for a change.
    let event = recent.or_else(|| told.first().copied().filter(|it| warns(it)))?;
    let reason = event.reason.as_deref().unwrap_or_default();
    let message = quoted(event.message.as_deref().unwrap_or_default(), scene);
    let fault = cluster(ClusterFault::LoadBalancerPending);
    let cause = format!("Its load balancer cannot be made: {message}.");
    let fact = format!("events[{}].message", quoted(reason, scene));
    let sure = if recent.is_some() && FAILED.contains(&reason) {
        confidence::WORDED
    } else {
        confidence::GUESSED
    };
    let finding = Finding::new(about, Severity::Warning, fault, cause).sure(sure);
    Some(finding.clue(fact, &message).clue("status.loadBalancer", "none").at("/spec/type"))
}

/// Nobody says anything.
fn unserved(service: &Service, scene: &Scene<'_>) -> Option<Finding> {
    let about = subject("Service", &service.metadata);
    let is_taken_up = !told(service, scene).is_empty();
    let patience = if is_taken_up { TAKEN_UP_SECS } else { PATIENCE_SECS };
    service.metadata.creation_timestamp.as_ref()?;
    if scene.is_new(&service.metadata, patience) {
        return None;
    }
    let class = service.spec.as_ref().and_then(|it| it.load_balancer_class.as_deref());
    let others = scene.all.services.iter().flatten().filter(|it| has_address(it)).count();
    let (why, sure) = match (is_taken_up, others, class) {
        (true, _, _) => (
            "a controller has taken it up and does not come to an end".to_owned(),
            confidence::GUESSED,
        ),
        (false, _, Some(class)) => {
            (format!("nobody makes those of class {class}"), confidence::GUESSED)
        }
        (false, 0, None) => {
            let words =
                "no Service has one, so probably nothing in this cluster makes load balancers";
            (words.to_owned(), confidence::FOLLOWS)
        }
        (false, _, None) => (
            "other Services have one, and nobody has taken this one up".to_owned(),
            confidence::GUESSED,
        ),
    };
    let fault = cluster(ClusterFault::LoadBalancerPending);
    let cause = format!("Its load balancer gets no address: {why}.");
    let finding = Finding::new(about, Severity::Warning, fault, cause).sure(sure);
    let field = if class.is_some() { "/spec/loadBalancerClass" } else { "/spec/type" };
    let finding = finding.clue("status.loadBalancer", "none");
    Some(finding.clue("Services with an address", &others).at(field))
}

fn has_address(service: &Service) -> bool {
    let status = service.status.as_ref().and_then(|it| it.load_balancer.as_ref());
    status.is_some_and(|it| it.ingress.iter().flatten().next().is_some())
}
