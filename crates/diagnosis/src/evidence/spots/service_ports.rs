//! A program that calls a Service at a port that it does not have.

use k8s_openapi::api::core::v1::{Service, ServiceSpec};
use types::{FieldPath, SpotTopic};

use super::Spot;
use crate::Objects;
use crate::evidence::failing::Failing;
use crate::survey::has_port;

/// A call that nobody takes: the Service, how the program names it, and the port.
struct Call<'a> {
    service: &'a Service,
    host: String,
    port: u16,
}

/// The one variable or word of the command that names the port.
pub(super) fn wrong(failing: &Failing<'_>) -> Option<Spot> {
    let Call { service, host, port } = call(failing)?;
    let variables = failing.variables().into_iter();
    let texts = failing.telling_words().into_iter().map(|(path, text)| (path, "", text));
    let all: Vec<(FieldPath, &str, &str)> = variables.chain(texts).collect();
    let name = service.metadata.name.as_deref()?;
    let with_port = |it: &&(FieldPath, &str, &str)| {
        [host.as_str(), name].iter().any(|host| names(it.2, host, port))
    };
    // Of a port that stands by itself the name says whose it is, or there is only one.
    let alone = |it: &&(FieldPath, &str, &str)| it.2 == port.to_string() && !it.1.is_empty();
    let (path, variable, value) =
        only(all.iter().filter(with_port)).or_else(|| only(all.iter().filter(alone)))?.clone();
    let ports = service.spec.iter().flat_map(|it| it.ports.iter().flatten());
    let ports: Vec<_> = ports.map(|it| it.port.to_string()).collect();
    let said = if variable.is_empty() {
        String::new()
    } else {
        format!("; the template says so in {variable}")
    };
    let words = format!("{said}; Service {name} has no port {port}, but {}", ports.join(" and "));
    Some(Spot {
        topic: SpotTopic::Needs,
        path,
        value: (variable.to_owned(), value.to_owned()),
        words,
        key: None,
        shown: None,
    })
}

fn only<'a, T>(mut found: impl Iterator<Item = &'a T>) -> Option<&'a T> {
    found.next().filter(|_| found.next().is_none())
}

/// Whether a text has this host with this port.
fn names(text: &str, host: &str, port: u16) -> bool {
    addresses(text).any(|it| it.1 == port && (it.0 == host || is_below(it.0, host)))
}

/// Whether a host is this name with the namespace behind it.
fn is_below(host: &str, name: &str) -> bool {
    host.strip_prefix(name).is_some_and(|it| it.starts_with('.'))
}

/// The Service that is called in vain: by the address of the trouble, or by what else the same line names.
fn call<'a>(failing: &Failing<'a>) -> Option<Call<'a>> {
    let needed = failing.needed()?;
    let line =
        failing.reading.as_ref().filter(|it| it.address().is_some()).map_or("", |it| it.line);
    let called = addresses(&needed).chain(addresses(line));
    called.into_iter().find_map(|(host, port)| {
        let service = service(failing.objects, host)?;
        let is_open = has_port(service, Some(i32::from(port)));
        (!is_open).then(|| Call { service, host: host.to_owned(), port })
    })
}

/// The Service of the namespace with this name or address.
pub(in crate::evidence) fn service<'a>(objects: &'a Objects, host: &str) -> Option<&'a Service> {
    let namespace = objects.root.metadata().namespace.as_deref();
    let mut labels = host.split('.');
    let name = labels.next();
    let is_here = labels.next().is_none_or(|it| Some(it) == namespace);
    let has_address = |it: &ServiceSpec| {
        it.cluster_ip.iter().chain(it.cluster_ips.iter().flatten()).any(|it| it == host)
    };
    let is_it = |it: &&Service| {
        let is_named = is_here && it.metadata.name.as_deref() == name;
        it.metadata.namespace.as_deref() == namespace
            && (is_named || it.spec.as_ref().is_some_and(has_address))
    };
    objects.services.iter().flatten().find(is_it)
}

/// The hosts with ports in a text.
fn addresses(text: &str) -> impl Iterator<Item = (&str, u16)> {
    let is_part = |it: char| it.is_ascii_alphanumeric() || "-.:".contains(it);
    let words = text.split(move |it| !is_part(it));
    words.filter_map(|it| {
        let (host, port) = it.trim_matches([':', '.']).rsplit_once(':')?;
        let host = host.rsplit(':').next().unwrap_or(host);
        Some((host, port.parse().ok()?)).filter(|it| !it.0.is_empty())
    })
}

#[test]
fn hosts_with_ports_are_found_in_a_text() {
    let found = |it| addresses(it).map(|it| format!("{}:{}", it.0, it.1)).collect::<Vec<_>>();

    assert_eq!(
        found("Get \"http://api:8080/v1\": dial tcp 10.0.0.9:8080: i/o timeout"),
        ["api:8080", "10.0.0.9:8080"]
    );
    assert_eq!(found("--backend=api.shop.svc:90,x"), ["api.shop.svc:90"]);
    assert!(found("at 12:30 it ended; see http://api/x").iter().all(|it| !it.starts_with("api")));
}
