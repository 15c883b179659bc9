//! The one variable that names a host, for a program that does not say which one it calls in vain.

use k8s_openapi::api::core::v1::Service;
use types::SpotTopic;

use super::Spot;
use crate::evidence::failing::Failing;
use crate::log::line::is_loud;
use crate::quoting::stands_alone;

/// How the names of variables end that hold a host without a scheme.
const HOSTS: [&str; 8] =
    ["HOST", "HOSTNAME", "ADDR", "ADDRESS", "SERVER", "SERVERS", "ENDPOINT", "BROKERS"];
/// Lines from the end in which a complaint about a host is looked for.
const LAST: usize = 20;
/// How long a host is that no line has by chance.
const LONG: usize = 4;
/// What such a complaint says.
const LOOKED_UP: [&str; 8] = [
    "lookup",
    "look up",
    "resolve",
    "resolution",
    "unknown host",
    "unknownhost",
    "no such host",
    "not known",
];
/// Hosts that are no other pod.
const OWN: [&str; 4] = ["localhost", "127.0.0.1", "0.0.0.0", "::1"];

/// The only variable with a host that may be a Service: a short name, or one of the cluster.
pub(super) fn only(failing: &Failing<'_>) -> Option<Spot> {
    failing.reading.as_ref().filter(|it| it.lacks_host())?;
    let named = failing.variables().into_iter().filter_map(|(path, name, value)| {
        let is_host = HOSTS.iter().any(|it| name.to_uppercase().ends_with(it));
        let address = address_in(value).or_else(|| bare(value).filter(|_| is_host))?;
        Some((path, name, value, address))
    });
    let all: Vec<_> = named.collect();
    let [(path, name, value, address)] = all.as_slice() else { return None };
    let host = address.split(':').next().unwrap_or_default();
    let is_of_cluster = !host.contains('.') || host.contains(".svc") || is_service(failing, host);
    let is_own = OWN.contains(&host) || host.parse::<std::net::IpAddr>().is_ok();
    if let Some(spot) = port_beside(failing, name, host).filter(|_| !address.contains(':')) {
        return Some(spot);
    }
    let words = format!("; of its variables only {name} names a host, {address}");
    let value = ((*name).to_owned(), (*value).to_owned());
    (is_of_cluster && !is_own).then(|| Spot {
        topic: SpotTopic::Needs,
        path: path.clone(),
        value,
        words,
        key: None,
        shown: None,
    })
}

/// The variable with the port that belongs to one with a host (`DB_PORT` to `DB_HOST`), where the Service of that
/// name has no such port.
fn port_beside(failing: &Failing<'_>, name: &str, host: &str) -> Option<Spot> {
    let stem = name.rsplit_once('_')?.0;
    let (path, name, value) =
        failing.variables().into_iter().find(|it| it.1 == format!("{stem}_PORT"))?;
    let port: i32 = value.parse().ok()?;
    let is_it = |it: &&Service| it.metadata.name.as_deref() == host.split('.').next();
    let service = failing.objects.services.iter().flatten().find(is_it)?;
    let ports = service.spec.as_ref()?.ports.as_ref()?;
    let has: Vec<_> = ports.iter().map(|it| it.port.to_string()).collect();
    let is_missing = !has.is_empty() && ports.iter().all(|it| it.port != port);
    let words = format!(
        "; Service {host} has no port {value}, which {name} names, but {}",
        has.join(" and ")
    );
    let value = (name.to_owned(), value.to_owned());
    is_missing.then(|| Spot {
        topic: SpotTopic::Needs,
        path: path.clone(),
        value,
        words,
        key: None,
        shown: None,
    })
}

/// The one variable with a host of which a complaint before the last words says that it cannot be looked up.
pub(super) fn unresolved(failing: &Failing<'_>) -> Option<Spot> {
    if failing.reading.is_some() {
        return None;
    }
    let lines = failing.log().iter().flat_map(|it| it.lines()).rev().take(LAST);
    let is_complaint = |line: &&str| {
        let lower = line.to_lowercase();
        is_loud(line) && LOOKED_UP.iter().any(|it| lower.contains(it))
    };
    let lines: Vec<&str> = lines.filter(is_complaint).collect();
    let named = failing.variables().into_iter().filter_map(|(path, name, value)| {
        let address = address_in(value).or_else(|| bare(value))?;
        let host = address.split(':').next()?.to_owned();
        let is_name = host.contains(|it: char| it.is_ascii_alphabetic()) && LONG <= host.len();
        // Behind a single slash stands a part of a path.
        let hosts = |line: &&str| {
            let unpathed = line.replace("://", " ");
            let parts = unpathed.split_whitespace().map(|it| it.split('/').next());
            parts.flatten().any(|it| stands_alone(it, &host))
        };
        let is_shown = is_name && lines.iter().any(hosts);
        is_shown.then_some((path, name, value, host))
    });
    let all: Vec<_> = named.collect();
    let [(path, name, value, host)] = all.as_slice() else { return None };
    let words = format!("; it cannot look up {host}, which the template names in {name}");
    Some(Spot::of_text(path, (name, value), words))
}

fn is_service(failing: &Failing<'_>, host: &str) -> bool {
    let name = host.split('.').next();
    failing.objects.services.iter().flatten().any(|it| it.metadata.name.as_deref() == name)
}

/// The host of a URL, with its port where it has one.
pub(crate) fn address_in(value: &str) -> Option<String> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    bare(authority.rsplit_once('@').map_or(authority, |it| it.1))
}

/// A host by itself, with its port where it has one.
fn bare(text: &str) -> Option<String> {
    let is_part = |it: char| it.is_ascii_alphanumeric() || "-.:_".contains(it);
    let begins = text.starts_with(|it: char| it.is_ascii_alphanumeric());
    (begins && text.chars().all(is_part)).then(|| text.to_owned())
}

#[test]
fn a_host_is_found_in_a_url() {
    let found = |it| address_in(it).unwrap_or_default();
    assert_eq!(found("postgres://shop:x@db:5432/shop?a=b"), "db:5432");
    assert_eq!(found("http://api"), "api");
    assert_eq!(found("jdbc:mysql://db:3306/x"), "db:3306");
    // Several hosts, none, no URL.
    assert_eq!(found("mongodb://a:1,b:2/x"), "");
    assert_eq!(found("sqlite:///x"), "");
    assert_eq!(found("db:5432"), "");
}
