//! A route names a Gateway, a listener, a Service or a port that is not there or does not take it.
//!
//! ## What it looks for
//! Of each `HTTPRoute`, `GRPCRoute`, `TLSRoute` and `TCPRoute`: a parent Gateway that is not there, a listener of that
//! name or port that is not there, listeners that take no routes of this namespace or of these hosts, a backend Service
//! or port that is not there. Near misses that exist are named. What none of that explains is told in the words of the
//! conditions `Accepted` and `ResolvedRefs`.
//!
//! ## What it does not see
//! Parents and backends of other kinds, and whether a grant lets the route use a Service of another namespace, beyond
//! what the controller says.

mod backends;
mod parents;

use serde_json::Value;
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::gateway_not_ready::of_gateway;
use super::json::{list, subject, text, trouble};
use super::scene::Scene;
use super::words::quoted;
use crate::confidence;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.routes.iter().flatten().flat_map(|it| of_route(it, scene)).collect()
}

fn of_route(route: &Value, scene: &Scene<'_>) -> Vec<Finding> {
    let mut found = parents::survey_route(route, scene);
    let is_parented = found.is_empty();
    let backends = backends::survey_route(route, scene);
    let is_backed = backends.is_empty();
    found.extend(backends);
    // What was seen in the objects themselves is not told again in the words of a condition.
    let mut wanted = vec![];
    wanted.extend(is_parented.then_some("Accepted"));
    wanted.extend((is_parented && is_backed).then_some("ResolvedRefs"));
    for parent in list(route, "/status/parents") {
        let Some(finding) = of_status(route, parent, &wanted, scene) else { continue };
        if found.iter().all(|it| it.field != finding.field) {
            found.push(finding);
        }
    }
    found
}

fn of_status(route: &Value, parent: &Value, wanted: &[&str], scene: &Scene<'_>) -> Option<Finding> {
    let name = text(parent, "/parentRef/name");
    // A controller may leave behind what it said of a parent that the route names no more.
    if !list(route, "/spec/parentRefs").iter().any(|it| text(it, "/name") == name) {
        return None;
    }
    let trouble = trouble(route, list(parent, "/conditions"), wanted, scene)?;
    let (reason, message) = (quoted(trouble.reason, scene), quoted(trouble.message, scene));
    let space = match text(parent, "/parentRef/namespace") {
        "" => text(route, "/metadata/namespace"),
        other => other,
    };
    let gateway = Subject::new("Gateway", space, name);
    let (what, field) = match trouble.condition {
        "Accepted" => ("does not accept it", "/spec/parentRefs"),
        _ => ("cannot resolve what it names", "/spec/rules"),
    };
    let cause = format!("The controller of {gateway} {what}: {reason}, {message}.");
    let fact = format!("status.parents[{name}].{}", trouble.condition);
    let finding =
        finding(route, cause).clue(fact, trouble.status).at(field).sure(confidence::WORDED);
    let mut gateways = scene.all.gateways.iter().flatten();
    let object = gateways.find(|it| subject("Gateway", it) == gateway);
    let is_cause = object.is_some_and(|it| !of_gateway(it, scene).is_empty());
    Some(if is_cause { finding.because_of(gateway) } else { finding })
}

/// Shorthand for the parts of this rule.
fn finding(route: &Value, cause: String) -> Finding {
    // Objects of a list need not say of which kind they are.
    let kind = match text(route, "/kind") {
        "" => "HTTPRoute",
        kind => kind,
    };
    let about = subject(kind, route);
    Finding::new(about, Severity::Critical, cluster(ClusterFault::RouteNotAccepted), cause)
}
