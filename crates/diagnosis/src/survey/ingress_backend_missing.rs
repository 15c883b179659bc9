//! An Ingress names a Service or a port that is not there.
//!
//! ## What it looks for
//! The default backend and every path: a Service of that name in the namespace, with that port by number or name.
//! The near miss that exists is named, or the one Service with that port whose name goes on. A Service whose own
//! finding says why nobody answers is the cause.
//!
//! ## What it does not see
//! A backend that is another resource than a Service; whether a controller for the class runs.

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::api::networking::v1::{Ingress, IngressBackend, ServiceBackendPort};
use serde_json::{Value, json};
use types::kind_words::OF_SERVICES;
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::mend::{edited, gather, mended};
use super::port_meant::{self, Asked, port_meant};
use super::scene::{Scene, namespace, subject};
use crate::evidence::continued;
use crate::near_miss::near_miss;
use crate::same_words::of_same_words;

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
        gather(&mut found, finding);
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
        let near = near_miss(&wanted.name, names.iter().map(String::as_str));
        let name = &wanted.name;
        let open = with_port(&names, wanted.port.as_ref(), (space, scene));
        let same = || of_same_words(name, open.iter().copied(), OF_SERVICES);
        let alike = continued(name, &open).or_else(same);
        let cause = match (&near, alike) {
            (Some(near), _) => {
                format!("There is no Service {name}; there is {near}, which was probably meant.")
            }
            (None, Some(alike)) => {
                format!("There is no Service {name}; there is {alike}, which may have been meant.")
            }
            (None, None) => format!("There is no Service {name} in this namespace."),
        };
        let field = format!("{field}/service/name");
        let finding = finding(cause).clue(field.clone(), &wanted.name).at(field);
        let meant = near.or_else(|| alike.map(ToOwned::to_owned));
        return Some(mended(finding, wanted.name.as_str().into(), meant.map(Value::from)));
    };
    let port = wanted.port.as_ref()?;
    if has_port(service, port) {
        // Whether anybody answers there is the Service's trouble; this one hangs on it.
        return None;
    }
    let ports = ports(service);
    let asked = match (&port.name, port.number) {
        (Some(name), _) => Asked::Name(name),
        (None, number) => Asked::Number(number.unwrap_or(0).into()),
    };
    let meant = port_meant(service, asked);
    let cause = format!(
        "Service {} has no port {}; it has {}{}.",
        wanted.name,
        words(port),
        ports.join(", "),
        port_meant::words(service, meant),
    );
    let field = format!("{field}/service/port");
    let finding = finding(cause).clue(field.clone(), &words(port)).at(field);
    let finding = meant.iter().fold(finding, |it, meant| mended_port(it, asked, meant));
    Some(finding.clue(
        format!("{}.ports", Subject::new("Service", space, &*wanted.name)),
        &ports.join(", "),
    ))
}

/// The finding with the port that was meant: by its name, where one was asked for and it has one.
fn mended_port(finding: Finding, asked: Asked<'_>, meant: &ServicePort) -> Finding {
    let field = finding.field.clone().unwrap_or_default();
    let number = Value::from(meant.port);
    match (asked, &meant.name) {
        (Asked::Number(from), _) => {
            edited(finding, &format!("{field}/number"), from.into(), Some(number))
        }
        (Asked::Name(from), Some(name)) => {
            edited(finding, &format!("{field}/name"), from.into(), Some(name.as_str().into()))
        }
        (Asked::Name(from), None) => {
            mended(finding, json!({"name": from}), Some(json!({"number": number})))
        }
    }
}

/// The Services that have the port that is asked for.
fn with_port<'n>(
    names: &'n [String],
    port: Option<&ServiceBackendPort>,
    (space, scene): (&str, &Scene<'_>),
) -> Vec<&'n str> {
    let has = |it: &&str| {
        scene.service(space, it).is_some_and(|it| port.is_none_or(|port| has_port(it, port)))
    };
    names.iter().map(String::as_str).filter(has).collect()
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
