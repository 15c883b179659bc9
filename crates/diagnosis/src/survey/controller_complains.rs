//! A controller says again and again what is wrong with an object of which nothing else is known to be wrong.
//!
//! ## What it looks for
//! The newest recent warning about a Service, an Ingress, a Gateway, a route, a certificate or its issuer, a scaler of
//! KEDA or a server of Prometheus, if it was repeated over a minute or more, nothing went well since by the same
//! controller, and no other finding is about that object. It is quoted; how much it matters the controller knows.
//!
//! ## What it does not see
//! What was said once or long ago, that somebody else was faster in writing the object, and other warnings that ask for
//! nothing. Kinds whose conditions tell the same, such as autoscalers, claims and what Flux brings.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::json;
use super::scene::{Scene, last_seen, subject};
use super::words::quoted;
use crate::confidence;

/// How long an object may be new, in seconds: what belongs to it comes one after the other.
const START_SECS: i64 = 180;
/// Over how many seconds the same has to be said: a controller that tries again at once may succeed at once.
const LASTING_SECS: i64 = 60;
/// How reasons of warnings begin that ask for nothing.
const NOISE: [&str; 3] = ["TopologyAware", "Deprecated", POLICY_ENGINE];
/// An engine of policies writes this of each object that breaks one, whether it refuses that or only counts it.
const POLICY_ENGINE: &str = "PolicyViolation";
/// Words of warnings that two writers met, which the controller settles by itself.
const CONFLICTS: [&str; 2] = ["object has been modified", "operation cannot be fulfilled"];
/// A controller of Ingresses says this each time it looks at one.
const LOOKED_AT: &str = "Sync";

/// What controllers complain about, of objects that none of these findings speaks about.
pub(super) fn survey(found: &[Finding], scene: &Scene<'_>) -> Vec<Finding> {
    let is_told = |about: &Subject| {
        let told = found.iter().filter(|it| it.severity < Severity::Notice);
        told.into_iter().any(|it| it.subject == *about || it.caused_by.contains(about))
    };
    let objects = objects(scene).into_iter().filter(|it| !is_told(it));
    objects.filter_map(|it| complaint(it, scene)).collect()
}

/// The objects whose warnings no other rule reads, but those that are new or go.
fn objects(scene: &Scene<'_>) -> Vec<Subject> {
    let all = scene.all;
    let stays = |it: &ObjectMeta| it.deletion_timestamp.is_none() && !scene.is_new(it, START_SECS);
    let services = all.services.iter().flatten().map(|it| ("Service", &it.metadata));
    let ingresses = all.ingresses.iter().flatten().map(|it| ("Ingress", &it.metadata));
    let known = services.chain(ingresses).filter(|it| stays(it.1)).map(|it| subject(it.0, it.1));
    let added = [
        ("Gateway", &all.gateways),
        ("HTTPRoute", &all.routes),
        ("Certificate", &all.certificates),
        ("Issuer", &all.issuers),
        ("ScaledObject", &all.scaled_objects),
        ("Prometheus", &all.monitors),
    ];
    let added = added.into_iter().flat_map(|(kind, objects)| {
        let objects = objects.iter().flatten();
        objects.filter(|it| is_settled(it, scene)).map(move |it| {
            // Objects of a list need not say of which kind they are.
            let own = json::text(it, "/kind");
            json::subject(if own.is_empty() { kind } else { own }, it)
        })
    });
    known.chain(added).collect()
}

fn is_settled(object: &Value, scene: &Scene<'_>) -> bool {
    let created: Option<Timestamp> = json::text(object, "/metadata/creationTimestamp").parse().ok();
    let is_new = created.is_some_and(|it| scene.age_secs(Some(it)) < START_SECS);
    !is_new && object.pointer("/metadata/deletionTimestamp").is_none()
}

fn complaint(about: Subject, scene: &Scene<'_>) -> Option<Finding> {
    let events = scene.events(&about);
    let counts = |it: &&&Event| warns(it) && scene.is_recent(it) && !is_noise(it);
    let newest = *events.iter().find(counts)?;
    let same: Vec<_> =
        events.iter().filter(counts).filter(|it| it.reason == newest.reason).collect();
    let times: i32 = same.iter().map(|it| times(it)).fold(0, i32::saturating_add);
    let first = same.iter().filter_map(|it| first_seen(it)).min();
    let lasted = first.zip(last_seen(newest)).map(|(first, last)| last.duration_since(first));
    let is_passing = lasted.is_some_and(|it| it.as_secs() < LASTING_SECS);
    if times < 2 || is_passing || events.iter().any(|it| settles(it, newest)) {
        return None;
    }
    let message = quoted(newest.message.as_deref().unwrap_or_default(), scene);
    let reason = quoted(newest.reason.as_deref().unwrap_or_default(), scene);
    let who = match reporter(newest) {
        "" => "Its controller".to_owned(),
        who => quoted(who, scene),
    };
    let said = if message.is_empty() { &reason } else { &message };
    let cause = format!("{who} says again and again: {said}.");
    let fault = cluster(ClusterFault::ControllerComplains);
    let finding = Finding::new(about, Severity::Warning, fault, cause).sure(confidence::PARTLY);
    let finding = finding.clue(format!("events[{reason}].message"), said);
    Some(finding.clue(format!("events[{reason}].count"), &times))
}

fn warns(event: &Event) -> bool {
    event.type_.as_deref() == Some("Warning")
}

fn is_noise(event: &Event) -> bool {
    let reason = event.reason.as_deref().unwrap_or_default();
    let message = event.message.as_deref().unwrap_or_default().to_lowercase();
    NOISE.iter().any(|it| reason.starts_with(it)) || CONFLICTS.iter().any(|it| message.contains(it))
}

/// How often an event was seen.
fn times(event: &Event) -> i32 {
    let series = event.series.as_ref().and_then(|it| it.count);
    event.count.max(series).unwrap_or(1).max(1)
}

/// When an event was first seen.
fn first_seen(event: &Event) -> Option<Timestamp> {
    let first = event.first_timestamp.as_ref().map(|it| it.0);
    first.or(event.event_time.as_ref().map(|it| it.0)).or_else(|| last_seen(event))
}

/// Whether this tells that what the other event warned of went well since: that it is tried again does not.
fn settles(event: &Event, warning: &Event) -> bool {
    let reason = event.reason.as_deref().unwrap_or_default();
    let is_later = last_seen(event).zip(last_seen(warning)).is_some_and(|it| it.1 < it.0);
    let is_same = reporter(event) == reporter(warning);
    let message = event.message.as_deref().unwrap_or_default().to_lowercase();
    // cert-manager gives what it begins and what it ends the same reason.
    let is_done = message.contains("success") || !begins(reason);
    !warns(event) && is_later && is_same && reason != LOOKED_AT && is_done
}

/// Whether the first word of a reason says that something is being done: `EnsuringLoadBalancer`.
fn begins(reason: &str) -> bool {
    let rest = reason.get(1..).unwrap_or_default();
    let end = rest.find(char::is_uppercase).map_or(rest.len(), |it| it);
    rest.get(..end).is_some_and(|it| it.ends_with("ing"))
}

/// Who reports an event.
fn reporter(event: &Event) -> &str {
    let new = event.reporting_component.as_deref().filter(|it| !it.is_empty());
    let old = event.source.as_ref().and_then(|it| it.component.as_deref());
    new.or(old).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_it_is_tried_again_is_no_success() {
        assert!(begins("EnsuringLoadBalancer"));
        assert!(begins("Reconciling"));
        assert!(!begins("EnsuredLoadBalancer"));
        assert!(!begins("SuccessfullyReconciled"));
        assert!(!begins(""));
        assert!(!begins("é"));
    }
}
