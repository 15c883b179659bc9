//! What an address in a program's last words stands for in the cluster: a Service, or none where one should be.

mod pod;

use std::net::IpAddr;

use k8s_openapi::api::core::v1::Service;
use types::{AnyFault, Fault, Finding};

use super::scene::{Scene, is_over, is_ready, name, namespace};
use super::words::{is_of_log, listed};
use crate::near_miss::near_miss;

/// What a lookup says that nobody answered.
const UNANSWERED: [&str; 7] = [
    "i/o timeout",
    "temporary failure in name resolution",
    "eai_again",
    "try again",
    "server misbehaving",
    "could not resolve",
    "bad address",
];
/// What a lookup says that was told that there is no such name, or that does not tell the two apart.
const DENIED: [&str; 7] = [
    "no such host",
    "enotfound",
    "name or service not known",
    "name does not resolve",
    "unknownhostexception",
    "could not translate host name",
    "can't resolve",
];

/// An address as a program writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    host: String,
    port: Option<i32>,
}

/// What a host is.
pub(super) enum Place<'a> {
    /// This Service.
    Service(&'a Service),
    /// There is no such Service in this namespace.
    Missing(String, String),
    /// There is no such namespace; perhaps another one has such a Service.
    Misplaced(String, Option<String>),
    /// Something that is not in the cluster, as far as anybody knows.
    Unknown,
}

impl Address {
    /// `db:5432`, `[::1]:80`, `redis/10.0.0.7:6379`
    fn read(text: &str) -> Option<Self> {
        let text = text.rsplit_once("://").map_or(text, |it| it.1);
        let is_port = |it: &&(&str, &str)| it.1.parse::<u16>().is_ok() && !it.0.ends_with(':');
        let split = text.rsplit_once(':');
        let split = split.filter(|it| is_port(&it) && (!it.0.contains(':') || it.0.ends_with(']')));
        let (host, port) = split.map_or((text, None), |it| (it.0, it.1.parse().ok()));
        let host = host.split('/').next()?.trim_matches(['[', ']']).trim_end_matches('.');
        (!host.is_empty()).then(|| Self { host: host.to_lowercase(), port })
    }

    /// The host, in small letters.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The port, where one is named.
    pub(super) fn port(&self) -> Option<i32> {
        self.port
    }
}

/// The addresses that a workload needs by its own words.
pub(super) fn needs(finding: &Finding) -> Vec<Address> {
    let needs = finding.clues.iter().filter(|it| it.fact.ends_with("].needs"));
    needs.filter_map(|it| Address::read(&it.value)).collect()
}

/// Whether a line says that a name was not found, or that nobody answered who was asked for it.
pub(super) fn is_unresolved(line: &str) -> bool {
    let line = line.to_lowercase();
    let mut marks = DENIED.iter().chain(&UNANSWERED);
    marks.any(|it| line.contains(it)) && (!line.contains("i/o timeout") || line.contains("lookup "))
}

/// Whether a workload fails because nobody answered when it asked for a name. That there is no such name is an
/// answer, unless there is a Service of this name.
pub(super) fn is_lookup_unanswered(finding: &Finding, scene: &Scene<'_>) -> bool {
    let logs = finding.clues.iter().filter(|it| is_of_log(it));
    let said: Vec<_> = logs.map(|it| it.value.to_lowercase()).collect();
    let says = |marks: &[&str]| said.iter().any(|it| marks.iter().any(|mark| it.contains(mark)));
    // A connection times out with the same words as a lookup.
    let is_lookup = || said.iter().any(|it| !it.contains("i/o timeout") || it.contains("lookup "));
    let own = &finding.subject.namespace;
    let is_there = || {
        needs(finding).iter().any(|it| {
            it.host.parse::<IpAddr>().is_err() && matches!(place(it, own, scene), Place::Service(_))
        })
    };
    (says(&UNANSWERED) && is_lookup()) || (says(&DENIED) && is_there())
}

/// Whether an init container waits for nothing but Services whose pods are about to start: it will come to its end.
pub(super) fn waits_for_a_start(finding: &Finding, scene: &Scene<'_>) -> bool {
    let needs = needs(finding);
    let is_wait = finding.fault == AnyFault::Workload(Fault::InitNotDone);
    is_wait && !needs.is_empty() && needs.iter().all(|it| is_starting(it, finding, scene))
}

fn is_starting(address: &Address, finding: &Finding, scene: &Scene<'_>) -> bool {
    let place = place(address, &finding.subject.namespace, scene);
    let Place::Service(service) = place else { return false };
    let selector = service.spec.as_ref().and_then(|it| it.selector.as_ref());
    let Some(selector) = selector.filter(|it| !it.is_empty()) else { return false };
    let pods = scene.pods_with(namespace(&service.metadata), selector);
    let pods: Vec<_> = pods.into_iter().filter(|it| !is_over(it)).collect();
    // Who waits for itself waits for ever.
    let is_own = pods.iter().any(|it| scene.root_of(it) == finding.subject);
    !is_own && !pods.iter().any(|it| is_ready(it)) && scene.are_starting(&pods)
}

/// What stands behind an address, seen from this namespace.
pub(super) fn place<'a>(address: &Address, own: &str, scene: &Scene<'a>) -> Place<'a> {
    if scene.all.services.is_none() {
        return Place::Unknown;
    }
    if address.host.parse::<IpAddr>().is_ok() {
        return at(&address.host, scene).map_or(Place::Unknown, Place::Service);
    }
    let labels: Vec<_> = address.host.split('.').collect();
    match labels.as_slice() {
        ["localhost"] => Place::Unknown,
        [name] => in_namespace(own, name, scene),
        [name, space] => {
            // `db-0.db` is a pod of the headless Service `db`, unless `db` is a namespace.
            let headless = || scene.service(own, space).map_or(Place::Unknown, Place::Service);
            match of_another(name, space, scene) {
                Place::Unknown => headless(),
                found @ (Place::Service(_) | Place::Missing(..) | Place::Misplaced(..)) => found,
            }
        }
        [name, space, "svc", ..] | [_, name, space, "svc", ..] => {
            match of_another(name, space, scene) {
                Place::Unknown => of_no_space(name, space, own, scene),
                found @ (Place::Service(_) | Place::Missing(..) | Place::Misplaced(..)) => found,
            }
        }
        _ => Place::Unknown,
    }
}

/// A name of the cluster in a namespace that is not there: the Service of this name is here, or in one other namespace.
fn of_no_space<'a>(name: &str, space: &str, own: &str, scene: &Scene<'a>) -> Place<'a> {
    let Some(spaces) = &scene.all.namespaces else { return Place::Unknown };
    let is_there = |it: &str| spaces.iter().any(|space| self::name(&space.metadata) == it);
    // An agent that reads only a few namespaces does not know the others.
    if is_there(space) || !is_there(own) {
        return Place::Unknown;
    }
    if scene.service(own, name).is_some() {
        return Place::Misplaced(space.to_owned(), Some(own.to_owned()));
    }
    let all = scene.all.services.iter().flatten().map(|it| &it.metadata);
    let mut with = all.filter(|it| self::name(it) == name).map(namespace);
    let only = with.next().filter(|_| with.next().is_none());
    Place::Misplaced(space.to_owned(), only.map(ToOwned::to_owned))
}

/// The Service with this address.
fn at<'a>(address: &str, scene: &Scene<'a>) -> Option<&'a Service> {
    scene.all.services.iter().flatten().find(|it| {
        let spec = it.spec.iter();
        let mut addresses =
            spec.flat_map(|it| it.cluster_ip.iter().chain(it.cluster_ips.iter().flatten()));
        addresses.any(|it| it == address)
    })
}

fn in_namespace<'a>(space: &str, name: &str, scene: &Scene<'a>) -> Place<'a> {
    if let Some(service) = scene.service(space, name) {
        return Place::Service(service);
    }
    // A pod knows itself by its name.
    let is_pod = scene.pod(space, name).is_some();
    if is_pod { Place::Unknown } else { Place::Missing(space.to_owned(), name.to_owned()) }
}

fn of_another<'a>(name: &str, space: &str, scene: &Scene<'a>) -> Place<'a> {
    let spaces = scene.all.namespaces.iter().flatten();
    let spaces: Vec<_> = spaces.map(|it| self::name(&it.metadata)).collect();
    if spaces.contains(&space) || scene.service(space, name).is_some() {
        return in_namespace(space, name, scene);
    }
    // Any other name may be one of the world outside.
    let near = near_miss(space, spaces).filter(|it| scene.service(it, name).is_some());
    near.map_or(Place::Unknown, |it| Place::Misplaced(space.to_owned(), Some(it)))
}

/// The finding with what is known of the address that it needs.
pub(super) fn named(finding: Finding, scene: &Scene<'_>) -> Finding {
    // Which one was meant tells nothing of a host that it has from before a change.
    if finding.clues.iter().any(|it| it.fact.ends_with("].outdated")) {
        return finding;
    }
    let own = finding.subject.namespace.clone();
    let needs = needs(&finding);
    // Of several that are asked one after the other, the one that cannot answer is told.
    let is_wrong = |it: &&Address| match place(it, &own, scene) {
        Place::Missing(..) | Place::Misplaced(..) => true,
        Place::Service(service) => !has_port(service, it.port),
        Place::Unknown => false,
    };
    let wrong = needs.iter().find(is_wrong).or(needs.first());
    let Some(address) = wrong.cloned() else { return finding };
    if is_alias(&address.host, &finding, scene) {
        return finding;
    }
    let finding = match place(&address, &own, scene) {
        Place::Missing(space, name) => {
            // What somebody says that it waits for need not be a host.
            let is_host = address.port.is_some() || !finding.cause.contains(" it waits for ");
            let told = missing(finding.clone(), (&space, &name), scene);
            if !is_host && !told.is_guess {
                return finding;
            }
            told.finding
        }
        Place::Misplaced(space, meant) => {
            let words = format!("there is no namespace {space}");
            let fact = format!("Namespace {space}");
            let name = address.host.split('.').next().unwrap_or_default();
            let told = told(finding, &words, None).clue(fact, "not found");
            with_meant(told, name, meant)
        }
        Place::Service(service) => {
            let is_right = has_port(service, address.port);
            let finding = pod::with_server(with_port(finding, service, address.port));
            let finding = pod::with_alias(finding, service, scene);
            let finding = pod::with_ordinal(finding, &address.host, service, scene);
            if is_right {
                return finding;
            }
            finding
        }
        Place::Unknown => return pod::with_server(finding),
    };
    pod::at_variable(finding)
}

/// The namespace that has a Service of this name.
fn with_meant(finding: Finding, name: &str, meant: Option<String>) -> Finding {
    let Some(meant) = meant else { return finding };
    let cause = finding.cause.strip_suffix('.').unwrap_or(&finding.cause);
    let cause = format!("{cause}; Service {name} is in {meant}, which was probably meant.");
    Finding { cause, ..finding }
}

/// Whether the pods of a workload know this host from their own file of hosts.
fn is_alias(host: &str, finding: &Finding, scene: &Scene<'_>) -> bool {
    let of = &finding.subject;
    let root = scene.workload(&of.kind, &of.namespace, &of.name);
    let aliases = root.and_then(|it| it.pod_spec()?.host_aliases.as_ref());
    let mut names = aliases.into_iter().flatten().flat_map(|it| it.hostnames.iter().flatten());
    names.any(|it| it.eq_ignore_ascii_case(host))
}

/// A finding with the word that a Service is missing.
struct Missing {
    finding: Finding,
    /// Whether there is another one that was probably meant.
    is_guess: bool,
}

/// There is no such Service; perhaps one that is named alike, or one of the same name elsewhere.
fn missing(finding: Finding, (space, name): (&str, &str), scene: &Scene<'_>) -> Missing {
    let fact = format!("Service {space}/{name}");
    let names = scene.service_names(space);
    let near = near_miss(name, names.iter().map(String::as_str));
    let all = scene.all.services.iter().flatten().map(|it| &it.metadata);
    let mut others: Vec<_> = all.filter(|it| self::name(it) == name).map(namespace).collect();
    others.sort_unstable();
    let elsewhere = match others.as_slice() {
        [only] if near.is_none() => {
            format!(", but one in {only}, whose name is {name}.{only} from here")
        }
        _ => String::new(),
    };
    let is_guess = near.is_some() || !elsewhere.is_empty();
    let words = format!("there is no Service {name} in {space}{elsewhere}");
    Missing { finding: told(finding, &words, near).clue(fact, "not found"), is_guess }
}

/// The Service has other ports than the one that is asked for.
fn with_port(finding: Finding, service: &Service, port: Option<i32>) -> Finding {
    if has_port(service, port) {
        return finding;
    }
    let about = super::scene::subject("Service", &service.metadata);
    let ports = service.spec.iter().flat_map(|it| it.ports.iter().flatten());
    let ports: Vec<_> = ports.map(|it| it.port.to_string()).collect();
    let port = port.unwrap_or_default();
    let words = format!("{about} has no port {port}, but {}", listed(&ports));
    // The workload's own rule may have said so.
    let is_told = finding.cause.contains(" has no port ");
    let finding = if is_told { finding } else { told(finding, &words, None) };
    finding.clue(format!("{about}./spec/ports"), &listed(&ports))
}

/// Whether a Service takes what is sent to a port. Behind a headless one that is for its pods to say.
pub(crate) fn has_port(service: &Service, port: Option<i32>) -> bool {
    let Some(spec) = &service.spec else { return true };
    let is_plain =
        matches!(spec.type_.as_deref(), None | Some("ClusterIP" | "NodePort" | "LoadBalancer"));
    let is_headless = spec.cluster_ip.as_deref() == Some("None");
    let ports = spec.ports.as_deref().unwrap_or_default();
    let is_open = port.is_none_or(|port| ports.iter().any(|it| it.port == port));
    is_open || is_headless || !is_plain || ports.is_empty()
}

/// The cause with these words, and the name that was probably meant; a guess of the workload's own rule, which knows
/// no Services, stands behind them or is left out.
fn told(finding: Finding, words: &str, near: Option<String>) -> Finding {
    let whole = finding.cause.strip_suffix('.').unwrap_or(&finding.cause);
    let (begin, guess) = match whole.rsplit_once("; there is ") {
        Some((begin, guess)) if guess.ends_with("which was probably meant") => (begin, Some(guess)),
        _ => (whole, None),
    };
    let meant = near.map(|it| format!("; there is {it}, which was probably meant"));
    let meant = meant.or_else(|| guess.map(|it| format!("; there is {it}"))).unwrap_or_default();
    let cause = format!("{begin}; {words}{meant}.");
    Finding { cause, ..finding }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, host: &str, port: Option<i32>) {
        assert_eq!(Address::read(text), Some(Address { host: host.to_owned(), port }), "{text}");
    }

    #[test]
    fn an_address_is_read_however_a_program_writes_it() {
        check("db:5432", "db", Some(5432));
        check("DB.shop.svc.cluster.local.:5432", "db.shop.svc.cluster.local", Some(5432));
        check("db", "db", None);
        check("http://api:80", "api", Some(80));
        check("redis/10.0.0.7:6379", "redis", Some(6379));
        check("10.96.0.12:5432", "10.96.0.12", Some(5432));
        check("[fd00::1]:80", "fd00::1", Some(80));
        check("fd00::1", "fd00::1", None);
        assert_eq!(Address::read(":80"), None);
        assert_eq!(Address::read(""), None);
    }

    #[test]
    fn what_was_guessed_is_not_said_twice() {
        let cause =
            "it fails: the host dbb cannot be resolved; there is db, which was probably meant.";
        let fault = AnyFault::Workload(Fault::CrashLoopBackOff);
        let subject = types::Subject::new("Deployment", "shop", "web");
        let finding = Finding::new(subject, types::Severity::Critical, fault, cause.to_owned());

        let told = told(finding, "there is no Service dbb in shop", Some("db".to_owned()));

        assert_eq!(
            told.cause,
            "it fails: the host dbb cannot be resolved; there is no Service dbb in shop; there is db, which was \
             probably meant."
        );
    }
}
