//! The Services that a route sends its traffic to.

use k8s_openapi::api::core::v1::Service;
use serde_json::Value;
use types::Finding;

use super::finding;
use crate::survey::json::{list, text};
use crate::survey::mend::{gather, mended};
use crate::survey::port_meant::{self, Asked, port_meant};
use crate::survey::scene::Scene;
use crate::survey::words::{listed, meant, missing};

/// The backends of a route that are not there.
pub(super) fn survey_route(route: &Value, scene: &Scene<'_>) -> Vec<Finding> {
    if scene.all.services.is_none() {
        return vec![];
    }
    let rules = list(route, "/spec/rules").iter().enumerate();
    let backends = rules.flat_map(|(rule, it)| {
        let backends = list(it, "/backendRefs").iter().enumerate();
        backends.map(move |(index, it)| (format!("/spec/rules/{rule}/backendRefs/{index}"), it))
    });
    let mut found: Vec<Finding> = vec![];
    for (field, backend) in backends {
        let Some(finding) = of_backend(route, &field, backend, scene) else { continue };
        gather(&mut found, finding);
    }
    found
}

fn of_backend(route: &Value, field: &str, backend: &Value, scene: &Scene<'_>) -> Option<Finding> {
    let is_service =
        matches!(text(backend, "/kind"), "" | "Service") && text(backend, "/group").is_empty();
    if !is_service {
        return None;
    }
    let space = match text(backend, "/namespace") {
        "" => text(route, "/metadata/namespace"),
        other => other,
    };
    let wanted = text(backend, "/name");
    let Some(service) = scene.service(space, wanted) else {
        let names = scene.service_names(space);
        let meant = meant(wanted, names.iter().map(String::as_str));
        let cause = missing("Service", wanted, names.iter().map(String::as_str));
        let field = format!("{field}/name");
        let finding = finding(route, cause).clue(field.clone(), wanted).at(field);
        return Some(mended(finding, wanted.into(), meant));
    };
    let port = backend.pointer("/port").and_then(Value::as_i64)?;
    let ports = ports(service);
    if ports.iter().any(|it| i64::from(*it) == port) {
        return None;
    }
    let shown: Vec<_> = ports.iter().map(ToString::to_string).collect();
    let shown = listed(&shown);
    let meant = port_meant(service, Asked::Number(port));
    let which = port_meant::words(service, meant);
    let cause = format!("Service {wanted} has no port {port}; it has {shown}{which}.");
    let field = format!("{field}/port");
    let finding = finding(route, cause).clue(field.clone(), &port).at(field);
    let finding = mended(finding, port.into(), meant.map(|it| it.port.into()));
    Some(finding.clue(format!("Service {space}/{wanted}.ports"), &shown))
}

fn ports(service: &Service) -> Vec<i32> {
    service.spec.iter().flat_map(|it| it.ports.iter().flatten()).map(|it| it.port).collect()
}
