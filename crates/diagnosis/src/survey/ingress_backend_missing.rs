//! An Ingress names a Service or a port that is not there.
//!
//! ## What it looks for
//! The default backend and every path: a Service of that name in the namespace, with that port by number or name.
//! The near miss that exists is named. A Service whose own finding says why nobody answers is the cause.
//!
//! ## What it does not see
//! A backend that is another resource than a Service; whether a controller for the class runs.

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::{Ingress, IngressBackend, ServiceBackendPort};
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::scene::{Scene, namespace, subject};
use crate::near_miss::near_miss;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    if scene.all.services.is_none() {
        return vec![];
    }
    scene.all.ingresses.iter().flatten().flat_map(|it| of_ingress(it, scene)).collect()
}

fn of_ingress(ingress: &Ingress, scene: &Scene<'_>) -> Vec<Finding> {
    let Some(spec) = &ingress.spec else { return vec![] };
    let default = spec.default_backend.iter().map(|it| ("/spec/defaultBackend".to_owned(), it));
    let paths = spec.rules.iter().flatten().enumerate().flat_map(|(rule, it)| {
        let paths = it.http.iter().flat_map(|it| &it.paths).enumerate();
        paths.map(move |(path, it)| {
            (format!("/spec/rules/{rule}/http/paths/{path}/backend"), &it.backend)
        })
    });
    let mut found: Vec<Finding> = vec![];
    for (field, backend) in default.chain(paths) {
        let Some(finding) = of_backend(ingress, &field, backend, scene) else { continue };
        // Ten paths to one missing Service are one trouble.
        if found.iter().all(|it| it.cause != finding.cause) {
            found.push(finding);
        }
    }
    found
}

fn of_backend(
    ingress: &Ingress,
    field: &str,
    backend: &IngressBackend,
    scene: &Scene<'_>,
) -> Option<Finding> {
    let wanted = backend.service.as_ref()?;
    let about = subject("Ingress", &ingress.metadata);
    let space = namespace(&ingress.metadata);
    let finding = |cause: String| {
        let fault = cluster(ClusterFault::IngressBackendMissing);
        Finding::new(about.clone(), Severity::Critical, fault, cause)
    };
    let Some(service) = scene.service(space, &wanted.name) else {
        let names = scene.service_names(space);
        let cause = match near_miss(&wanted.name, names.iter().map(String::as_str)) {
            Some(near) => format!(
                "There is no Service {}; there is {near}, which was probably meant.",
                wanted.name
            ),
            None => format!("There is no Service {} in this namespace.", wanted.name),
        };
        let field = format!("{field}/service/name");
        return Some(finding(cause).clue(field.clone(), &wanted.name).at(field));
    };
    let port = wanted.port.as_ref()?;
    if has_port(service, port) {
        // Whether anybody answers there is the Service's trouble; this one hangs on it.
        return None;
    }
    let ports = ports(service);
    let cause = format!(
        "Service {} has no port {}; it has {}.",
        wanted.name,
        words(port),
        ports.join(", ")
    );
    let field = format!("{field}/service/port");
    let finding = finding(cause).clue(field.clone(), &words(port)).at(field);
    Some(finding.clue(
        format!("{}.ports", Subject::new("Service", space, &*wanted.name)),
        &ports.join(", "),
    ))
}

fn has_port(service: &Service, wanted: &ServiceBackendPort) -> bool {
    let ports = service.spec.iter().flat_map(|it| it.ports.iter().flatten());
    ports.into_iter().any(|it| match (&wanted.name, wanted.number) {
        (Some(name), _) => it.name.as_ref() == Some(name),
        (None, Some(number)) => it.port == number,
        (None, None) => true,
    })
}

fn words(port: &ServiceBackendPort) -> String {
    match (&port.name, port.number) {
        (Some(name), _) => name.clone(),
        (None, number) => number.unwrap_or(0).to_string(),
    }
}

fn ports(service: &Service) -> Vec<String> {
    let ports = service.spec.iter().flat_map(|it| it.ports.iter().flatten());
    ports
        .map(|it| match &it.name {
            Some(name) => format!("{} ({name})", it.port),
            None => it.port.to_string(),
        })
        .collect()
}
