//! A Service without a selector for which nobody keeps endpoints, and that somebody asks all the same.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, Service};
use types::{AnyFault, Fault, Finding, Severity, Subject};

use super::{PATIENCE_SECS, strayed};
use crate::confidence;
use crate::survey::scene::{Scene, name, namespace, subject};
use crate::survey::webhook_unavailable::has_no_endpoint;

/// What takes its pods.
const SELECTOR: &str = "/spec/selector";
/// How a variable's name ends that holds a host and nothing else.
const OF_HOSTS: [&str; 9] =
    ["HOST", "HOSTNAME", "ADDR", "ADDRESS", "URL", "URI", "SERVER", "ENDPOINT", "SERVICE"];
/// What stands in the name of a variable of which nothing is to be kept.
const OF_SECRETS: [&str; 5] = ["PASS", "SECRET", "TOKEN", "KEY", "CRED"];
/// The longest host and scheme that are kept.
const MAX_HOST: usize = 253;
const MAX_SCHEME: usize = 16;

/// The finding of a Service that a template names and that has nobody behind it. One that nobody names may be there for
/// its name alone.
pub(super) fn of_service(service: &Service, scene: &Scene<'_>) -> Option<Finding> {
    let spec = service.spec.as_ref()?;
    let is_by_hand = spec.selector.as_ref().is_none_or(BTreeMap::is_empty);
    let is_alias = spec.type_.as_deref() == Some("ExternalName");
    let is_leaving = service.metadata.deletion_timestamp.is_some();
    if !is_by_hand || is_alias || is_leaving || scene.is_new(&service.metadata, PATIENCE_SECS) {
        return None;
    }
    if !has_no_endpoint(service, scene) {
        return None;
    }
    if let Some(found) = strayed::of_service(service, scene) {
        return Some(found);
    }
    let (user, fact, value) = user(service, scene)?;
    let fault = AnyFault::Workload(Fault::ServiceWithoutEndpoints);
    let cause = format!(
        "It has no selector and no ready endpoint, so nobody answers; {user} asks it, by its {fact}."
    );
    let about = subject("Service", &service.metadata);
    let finding = Finding::new(about, Severity::Warning, fault, cause).sure(confidence::FOLLOWS);
    let finding = finding.clue(SELECTOR, "none").at(SELECTOR);
    Some(finding.clue(format!("{user} {fact}"), &scene.redact(&value)))
}

/// The first workload whose template names a Service, with where it does, and in which words.
fn user(service: &Service, scene: &Scene<'_>) -> Option<(Subject, String, String)> {
    let mut roots: Vec<_> =
        scene.all.workloads.iter().filter(|it| it.desired() != Some(0)).collect();
    roots.sort_by_key(|it| Subject::from(&it.object_ref()));
    roots.into_iter().find_map(|root| {
        let own = namespace(root.metadata()) == namespace(&service.metadata);
        let spec = root.pod_spec()?;
        let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
        let (fact, value) = containers.into_iter().find_map(|it| named(it, service, own))?;
        Some((Subject::from(&root.object_ref()), fact, value))
    })
}

/// As much of a variable's value as may be the address of a Service of the cluster, without names and passwords of
/// users: `db:5432`, `http://db`, and `db` where the variable is called after a host. This is what may be kept of
/// it.
pub fn service_address(variable: &str, value: &str) -> Option<String> {
    let name = variable.to_uppercase();
    if OF_SECRETS.iter().any(|word| name.contains(word)) {
        return None;
    }
    let (scheme, rest) = value.split_once("://").map_or((None, value), |it| (Some(it.0), it.1));
    let authority = rest.split(['/', '?', '#', ',', ' ']).next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |it| it.1);
    let (host, port) = authority.split_once(':').map_or((authority, None), |it| (it.0, Some(it.1)));
    let port = port.filter(|it| it.parse::<u16>().is_ok());
    let labels: Vec<_> = host.split('.').collect();
    let is_label = |it: &&str| {
        !it.is_empty()
            && it.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
    };
    // A name outside the cluster mostly has more labels, or no `svc` for its third; of a pod it is the fourth.
    let is_inside = labels.len() < 3 || [2, 3].iter().any(|it| labels.get(*it) == Some(&"svc"));
    let begins = host.starts_with(|it: char| it.is_ascii_lowercase());
    if host.len() > MAX_HOST || !labels.iter().all(is_label) || !is_inside || !begins {
        return None;
    }
    let scheme = scheme
        .filter(|it| it.len() < MAX_SCHEME && it.bytes().all(|it| it.is_ascii_alphanumeric()));
    match (scheme, port) {
        (_, Some(port)) => Some(format!("{host}:{port}")),
        (Some(scheme), None) => Some(format!("{scheme}://{host}")),
        // A bare word is one that was called a host, and nothing else.
        (None, None) => (host == value && is_of_host(variable)).then(|| host.to_owned()),
    }
}

pub(in crate::survey) fn is_of_host(variable: &str) -> bool {
    let name = variable.to_uppercase();
    OF_HOSTS.iter().any(|word| name.ends_with(word))
}

/// What of a container names a Service.
fn named(container: &Container, service: &Service, own: bool) -> Option<(String, String)> {
    let mut variables = container.env.iter().flatten();
    let variable = variables.find_map(|it| {
        let value = it.value.as_deref()?;
        let is_host = is_of_host(&it.name);
        let is_named =
            asks(value, key(service), own) || own && is_host && value == name(&service.metadata);
        is_named.then(|| (format!("variable {}", it.name), value.to_owned()))
    });
    let words = container.command.iter().flatten().chain(container.args.iter().flatten());
    let mut words = words.filter(|it| asks(it, key(service), own));
    variable.or_else(|| words.next().map(|it| ("command".to_owned(), it.clone())))
}

fn key(service: &Service) -> (&str, &str) {
    (name(&service.metadata), namespace(&service.metadata))
}

/// Whether a text has the address of a Service: `db:5432`, `http://db/`, `db.shop.svc`.
/// The Service is called so in this namespace; `own` says whether who writes it is in the same one.
pub(in crate::survey) fn asks(text: &str, (name, space): (&str, &str), own: bool) -> bool {
    let whole = format!("{name}.{space}");
    let is_part = |it: char| it.is_ascii_alphanumeric() || "-._".contains(it);
    let mut begins = text.match_indices(name).map(|it| it.0);
    begins.any(|at| {
        let (before, rest) =
            (text.get(..at).unwrap_or_default(), text.get(at..).unwrap_or_default());
        if before.chars().next_back().is_some_and(is_part) {
            return false;
        }
        let host: String = rest.chars().take_while(|it| is_part(*it)).collect();
        let after = rest.get(host.len()..).unwrap_or_default();
        let has_port = after
            .strip_prefix(':')
            .is_some_and(|it| it.starts_with(|it: char| it.is_ascii_digit()));
        let is_address = has_port || before.ends_with("://") || before.ends_with('@');
        let is_whole = host == whole || host.starts_with(&format!("{whole}.svc"));
        is_whole || own && host == name && is_address
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_value_the_address_is_kept_and_nothing_of_its_user() {
        for (variable, value, kept) in [
            ("DB", "db:5432", Some("db:5432")),
            ("DATABASE_URL", "postgres://shop:hunter2@db:5432/shop?a=b", Some("db:5432")),
            (
                "API",
                "http://api.shop.svc.cluster.local/v1",
                Some("http://api.shop.svc.cluster.local"),
            ),
            ("DB_HOST", "db", Some("db")),
            (
                "PEER",
                "http://db-0.db.shop.svc.cluster.local:80/x",
                Some("db-0.db.shop.svc.cluster.local:80"),
            ),
            ("MODE", "db", None),
            ("DB_PASSWORD", "hunter:80", None),
            ("SERVER_NAME", "hunter", None),
            ("URL", "https://pay.example.com/hook", None),
            ("SERVER_KEY", "sk_live_0123456789", None),
            ("ENDPOINT", "10.0.0.7:80", None),
            ("GREETING", "hello world", None),
        ] {
            assert_eq!(service_address(variable, value).as_deref(), kept, "{variable}={value}");
        }
    }

    #[test]
    fn a_text_has_the_address_of_a_service_or_a_word_that_is_alike() {
        for text in [
            "db:5432",
            "postgres://u@db/shop",
            "http://db:80/x",
            "db.shop",
            "tcp db.shop.svc.cluster.local:1",
        ] {
            assert!(asks(text, ("db", "shop"), true), "{text}");
        }
        for text in ["db", "my-db:5432", "db.shops:1", "db-1:5432", "a db: it", "/var/db"] {
            assert!(!asks(text, ("db", "shop"), true), "{text}");
        }
        assert!(!asks("db:5432", ("db", "shop"), false));
        assert!(asks("db.shop:5432", ("db", "shop"), false));
    }
}
