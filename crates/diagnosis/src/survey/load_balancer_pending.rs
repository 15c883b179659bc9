//! A Service waits for a load balancer that cannot be made.
//!
//! ## What it looks for
//! A Service of type `LoadBalancer` without an address: a recent event says why it cannot be made, or for minutes
//! nothing says that anybody makes one.
//!
//! ## What it does not see
//! Whether a controller that once took it up is merely slow: load balancers of clouds take minutes.

use k8s_openapi::api::core::v1::Service;
use types::{ClusterFault, Finding, Severity};

use super::cluster;
use super::scene::{Scene, subject};
use super::words::quoted;

/// How long a load balancer may take of which nobody says anything, in seconds.
const PATIENCE_SECS: i64 = 180;
/// How long one may take that a controller has taken up.
const TAKEN_UP_SECS: i64 = 900;
/// What a controller says that takes it up.
const TAKEN_UP: [&str; 4] =
    ["EnsuringLoadBalancer", "UpdatingLoadBalancer", "EnsuredLoadBalancer", "AppliedDaemonSet"];
/// Words of the service controller.
const FAILED: [&str; 2] = ["SyncLoadBalancerFailed", "CreatingLoadBalancerFailed"];

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

/// A controller says why it cannot be made.
fn failed(service: &Service, scene: &Scene<'_>) -> Option<Finding> {
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

/// Nobody says anything.
fn unserved(service: &Service, scene: &Scene<'_>) -> Option<Finding> {
    let about = subject("Service", &service.metadata);
    let reasons = scene.events(&about).iter().filter_map(|it| it.reason.as_deref());
    let is_taken_up = reasons.into_iter().any(|it| TAKEN_UP.contains(&it));
    let patience = if is_taken_up { TAKEN_UP_SECS } else { PATIENCE_SECS };
    service.metadata.creation_timestamp.as_ref()?;
    if scene.is_new(&service.metadata, patience) {
        return None;
    }
    let class = service.spec.as_ref().and_then(|it| it.load_balancer_class.as_deref());
    let others = scene.all.services.iter().flatten().filter(|it| has_address(it)).count();
    let (why, sure) = match (is_taken_up, others, class) {
        (true, _, _) => {
            ("a controller has taken it up and does not come to an end".to_owned(), 0.7)
        }
        (false, _, Some(class)) => (format!("nobody makes those of class {class}"), 0.75),
        (false, 0, None) => {
            let words =
                "no Service has one, so probably nothing in this cluster makes load balancers";
            (words.to_owned(), 0.85)
        }
        (false, _, None) => {
            ("other Services have one, and nobody has taken this one up".to_owned(), 0.7)
        }
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
