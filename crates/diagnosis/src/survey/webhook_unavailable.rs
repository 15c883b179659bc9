//! A webhook's Service is missing or has nobody ready behind it, or the API server cannot call it.
//!
//! ## What it looks for
//! The Service that a webhook names, its port, and its pods or endpoints. What an event or a workload's own words
//! say about a call that failed tells of what cannot be seen in objects: a certificate, a time limit, a wrong port.
//! With the policy `Fail` nothing that it is asked about can be made or changed; with `Ignore` it goes unchecked.
//!
//! ## What it does not see
//! A webhook that is asked by URL, unless a call failed, and one that answers with a denial: then it works.

mod call;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, Service};
use serde_json::Value;
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::mend::edited;
use super::port_meant::{self, Asked, port_meant};
use super::scene::{Scene, is_over, is_ready, name, namespace};
use super::words::{entry, listed};
use crate::Webhook;
use crate::confidence;
use crate::near_miss::near_miss;

pub(super) use call::called;

/// The port that a webhook asks where it names none.
const DEFAULT_PORT: i32 = 443;
/// Says whose slice it is.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let failures = call::failures(scene);
    // Ten webhooks of one configuration that ask one Service are one trouble.
    let mut alike: BTreeMap<_, Vec<&Webhook>> = BTreeMap::new();
    for webhook in scene.all.webhooks.iter().flatten() {
        let own = webhook.service.is_none().then_some(&webhook.name);
        let key = (&webhook.kind, &webhook.configuration, &webhook.service, own);
        alike.entry(key).or_default().push(webhook);
    }
    let found = alike.values().filter_map(|webhooks| {
        let trouble = webhooks.first().and_then(|it| of_service(it, scene));
        let trouble = trouble.or_else(|| {
            let failed = |it: &&Webhook| call::trouble(it, failures.of(it)?, scene);
            webhooks.iter().find_map(failed)
        })?;
        Some(told(webhooks, trouble))
    });
    found.collect()
}

/// What keeps a webhook from answering.
struct Trouble {
    cause: String,
    field: String,
    clues: Vec<(String, String)>,
    causes: Vec<Subject>,
    /// The member of `service` that is wrong, what it says, and what was meant.
    meant: Option<(&'static str, Value, Value)>,
    sure: f64,
}

fn told(webhooks: &[&Webhook], trouble: Trouble) -> Finding {
    let closed: Vec<_> = webhooks.iter().filter(|it| it.fails_closed).collect();
    let (severity, comes_of_it) = if closed.is_empty() {
        (Severity::Warning, "so what it should check goes unchecked")
    } else {
        (Severity::Critical, "so what it is asked about is refused")
    };
    let first = webhooks.first().copied();
    let about = first.map(|it| Subject::new(&*it.kind, "", &*it.configuration));
    let about = about.unwrap_or_else(|| Subject::new("", "", ""));
    let cause = format!("{}; {comes_of_it}.", trouble.cause);
    let finding = Finding::new(about, severity, cluster(ClusterFault::WebhookUnavailable), cause);
    let names: Vec<_> = webhooks.iter().map(|it| it.name.clone()).collect();
    let policy = if closed.is_empty() { "Ignore" } else { "Fail" };
    let finding = finding.clue("webhooks", &listed(&names)).clue("failurePolicy", policy);
    let finding = finding.at(trouble.field).sure(trouble.sure);
    let clues = trouble.clues.into_iter();
    let finding = clues.fold(finding, |it, (fact, value)| it.clue(fact, &value));
    let finding = trouble.causes.into_iter().fold(finding, Finding::because_of);
    let Some((member, from, to)) = trouble.meant else { return finding };
    webhooks.iter().fold(finding, |finding, it| {
        let field = format!("/webhooks/{}/clientConfig/service/{member}", it.index);
        edited(finding, &field, from.clone(), Some(to.clone()))
    })
}

/// What can be seen in the Service, its pods and its endpoints.
fn of_service(webhook: &Webhook, scene: &Scene<'_>) -> Option<Trouble> {
    scene.all.services.as_ref()?;
    let (space, wanted, port) = webhook.service.as_ref()?;
    let field = format!("/webhooks/{}/clientConfig/service", webhook.index);
    let about = Subject::new("Service", space.clone(), wanted.clone());
    let trouble = |cause: String, member: &str, value: &str| Trouble {
        cause,
        field: format!("{field}/{member}"),
        clues: vec![(format!("{field}/{member}"), value.to_owned())],
        causes: vec![],
        meant: None,
        sure: confidence::SAID,
    };
    let Some(service) = scene.service(space, wanted) else {
        let names = scene.service_names(space);
        let near = near_miss(wanted, names.iter().map(String::as_str));
        let begin = format!("There is no Service {wanted} in namespace {space}");
        let elsewhere = near.is_none().then(|| elsewhere(space, wanted, scene)).flatten();
        if let Some(other) = elsewhere {
            let cause = format!("{begin}; namespace {other} has one, which was probably meant");
            let meant = Some(("namespace", space.as_str().into(), other.into()));
            return Some(Trouble { meant, ..trouble(cause, "namespace", space) });
        }
        let words = near.as_ref().map(|it| format!("; there is {it}, which was probably meant"));
        let cause = format!("{begin}{}", words.unwrap_or_default());
        let meant = near.map(|it| ("name", wanted.as_str().into(), it.into()));
        return Some(Trouble { meant, ..trouble(cause, "name", wanted) });
    };
    let spec = service.spec.as_ref()?;
    let ports: Vec<_> = spec.ports.iter().flatten().map(|it| it.port).collect();
    if !ports.is_empty() && !ports.contains(port) {
        let shown: Vec<_> = ports.iter().map(ToString::to_string).collect();
        let meant = port_meant(service, Asked::Number((*port).into()));
        let which = port_meant::words(service, meant);
        let cause = format!("{about} has no port {port}; it has {}{which}", listed(&shown));
        // The API server writes the default down, a manifest mostly lacks it.
        let from = if *port == DEFAULT_PORT { Value::Null } else { (*port).into() };
        let meant = meant.map(|it| ("port", from, it.port.into()));
        return Some(Trouble { meant, ..trouble(cause, "port", &port.to_string()) });
    }
    let (why, causes) = unanswered(service, scene)?;
    let cause = format!("Nobody answers behind {about}: {why}");
    Some(Trouble { causes, sure: confidence::READ, ..trouble(cause, "name", wanted) })
}

/// Which other namespace has a Service of that name, where that is only one.
fn elsewhere(space: &str, wanted: &str, scene: &Scene<'_>) -> Option<String> {
    let named = scene.all.services.iter().flatten().filter(|it| name(&it.metadata) == wanted);
    let spaces: Vec<_> = named.map(|it| namespace(&it.metadata)).collect();
    let near = near_miss(space, spaces.iter().copied());
    let only = match spaces.as_slice() {
        [only] => Some((*only).to_owned()),
        _ => None,
    };
    near.or(only)
}

/// Why nobody answers behind a Service, and which workloads are to blame.
fn unanswered(service: &Service, scene: &Scene<'_>) -> Option<(String, Vec<Subject>)> {
    let spec = service.spec.as_ref()?;
    let space = namespace(&service.metadata);
    let about = Subject::new("Service", space, name(&service.metadata));
    let Some(selector) = spec.selector.as_ref().filter(|it| !it.is_empty()) else {
        return (spec.type_.as_deref() != Some("ExternalName") && has_no_endpoint(service, scene))
            .then(|| ("it has no ready endpoint".to_owned(), vec![]));
    };
    let pods = scene.pods_with(space, selector);
    let pods: Vec<&Pod> = pods.into_iter().filter(|it| !is_over(it)).collect();
    if pods.iter().any(|it| is_ready(it)) || scene.are_starting(&pods) {
        return None;
    }
    let mut here = scene.all.workloads.iter().filter(|it| namespace(it.metadata()) == space);
    let meant = here.find(|it| it.takes(selector));
    if let (true, Some(root)) = (pods.is_empty(), meant) {
        let root_name = Subject::from(&root.object_ref());
        return Some(if root.desired() == Some(0) {
            (format!("{root_name} is scaled to 0"), vec![root_name])
        } else {
            (format!("{root_name} has no pod"), vec![root_name])
        });
    }
    if pods.is_empty() {
        return Some(("its selector takes no pod".to_owned(), vec![about]));
    }
    let mut roots: Vec<_> = pods.iter().map(|it| scene.root_of(it)).collect();
    roots.sort();
    roots.dedup();
    let names: Vec<_> = roots.iter().map(ToString::to_string).collect();
    Some((format!("none of the pods of {} is ready", listed(&names)), roots))
}

/// Whether slices were read, and none of this Service has an endpoint that is ready.
pub(super) fn has_no_endpoint(service: &Service, scene: &Scene<'_>) -> bool {
    let Some(slices) = &scene.all.endpoint_slices else { return false };
    let own = slices.iter().filter(|it| {
        namespace(&it.metadata) == namespace(&service.metadata)
            && entry(it.metadata.labels.as_ref(), SERVICE_NAME) == Some(name(&service.metadata))
    });
    let mut endpoints = own.flat_map(|it| it.endpoints.iter().flatten());
    !endpoints.any(|it| it.conditions.as_ref().and_then(|it| it.ready) != Some(false))
}
