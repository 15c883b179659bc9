//! A Service that stands for another one which is not there, or for an address.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::Service;
use serde_json::Value;
use types::{AnyFault, Fault, Finding, Severity};

use super::PATIENCE_SECS;
use crate::near_miss::near_miss;
use crate::survey::mend::mended;
use crate::survey::scene::{Scene, name, namespace, subject};

/// The field that names it.
const FIELD: &str = "/spec/externalName";

/// The finding of a Service whose external name is an address, or that of a Service of the cluster which is not there.
pub(super) fn of_service(service: &Service, scene: &Scene<'_>) -> Option<Finding> {
    let spec = service.spec.as_ref()?;
    let is_alias = spec.type_.as_deref() == Some("ExternalName");
    let is_leaving = service.metadata.deletion_timestamp.is_some();
    if !is_alias || is_leaving || scene.is_new(&service.metadata, PATIENCE_SECS) {
        return None;
    }
    let host = spec.external_name.as_deref()?.trim_end_matches('.');
    // Read as a name made of digits, which no name server has
    // (https://kubernetes.io/docs/concepts/services-networking/service/#externalname).
    let (why, meant) = if host.parse::<IpAddr>().is_ok() {
        let why = "an external name has to be a DNS name: nobody resolves an address as one";
        (why.to_owned(), None)
    } else {
        let (wanted, space) = inside(host)?;
        let (why, meant) = missing((wanted, space), namespace(&service.metadata), scene)?;
        let rest = host.strip_prefix(&format!("{wanted}.{space}."))?;
        (why, meant.map(|(name, space)| Value::from(format!("{name}.{space}.{rest}"))))
    };
    let fault = AnyFault::Workload(Fault::ServiceWithoutEndpoints);
    let cause = format!("It stands for {host}, and {why}.");
    let about = subject("Service", &service.metadata);
    let finding = Finding::new(about, Severity::Critical, fault, cause);
    let finding = finding.clue(FIELD, host).at(FIELD);
    Some(mended(finding, spec.external_name.as_deref().into(), meant))
}

/// Name and namespace of a Service of the cluster: `db.shop.svc.cluster.local`.
fn inside(host: &str) -> Option<(&str, &str)> {
    let labels: Vec<_> = host.split('.').collect();
    match labels.as_slice() {
        [name, space, "svc"] | [name, space, "svc", "cluster", "local"] => Some((name, space)),
        _ => None,
    }
}

/// Name and namespace of the Service that was meant, where one is there.
type Meant = Option<(String, String)>;

/// What is not there, and what was probably meant.
fn missing((wanted, space): (&str, &str), own: &str, scene: &Scene<'_>) -> Option<(String, Meant)> {
    if scene.service(space, wanted).is_some() {
        return None;
    }
    let spaces = scene.all.namespaces.as_ref()?;
    let names = || spaces.iter().map(|it| name(&it.metadata));
    let meant = |near: Option<&String>| {
        near.map(|it| format!("; there is {it}, which was probably meant")).unwrap_or_default()
    };
    if names().any(|it| it == space) {
        let services = scene.service_names(space);
        let near = near_miss(wanted, services.iter().map(String::as_str));
        let words = format!("there is no Service {wanted} in {space}{}", meant(near.as_ref()));
        return Some((words, near.map(|it| (it, space.to_owned()))));
    }
    let near = near_miss(space, names()).or_else(|| {
        let mut with = names().filter(|it| scene.service(it, wanted).is_some());
        let only = with.next().filter(|_| with.next().is_none());
        only.map(ToOwned::to_owned)
    });
    let near = near.or_else(|| scene.service(own, wanted).map(|_| own.to_owned()));
    let words = format!("there is no namespace {space}{}", meant(near.as_ref()));
    let found = near.filter(|it| scene.service(it, wanted).is_some());
    Some((words, found.map(|it| (wanted.to_owned(), it))))
}
