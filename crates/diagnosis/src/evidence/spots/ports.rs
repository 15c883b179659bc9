//! Ports that a program may not have, or that another one has.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use k8s_openapi::api::core::v1::{Container, EnvVar, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use regex::Regex;
use types::{ContainerRole, FieldPath, SpotTopic};

use super::{LISTENS, Spot};
use crate::evidence::failing::Failing;
use crate::log::reading::Trouble;
use crate::patterns::pattern;

/// The ports below this one are for root.
const FIRST_FREE: u16 = 1024;

/// Variables whose whole use is to say at which port to listen.
const VARIABLES: [&str; 6] =
    ["PORT", "HTTP_PORT", "SERVER_PORT", "LISTEN_PORT", "LISTEN_ADDR", "LISTEN_ADDRESS"];

static PORT: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r":(?P<port>[0-9]{2,5})\b|\bport (?P<named>[0-9]{2,5})\b"));

/// A port that is for root, while the template names another user.
pub(super) fn denied(failing: &Failing<'_>) -> Option<Spot> {
    let port: u16 = failing.about(Trouble::Denied)?.strip_prefix("port ")?.parse().ok()?;
    let (path, user) = failing.user().filter(|it| it.1 != 0)?;
    if FIRST_FREE <= port {
        return None;
    }
    let words = format!(
        "; ports below {FIRST_FREE} are for root or need the capability NET_BIND_SERVICE, and it runs as user {user}"
    );
    Some(Spot::new(SpotTopic::Denied, path, &user.to_string(), words))
}

/// A port that another container of the same pod has, or another pod on the node whose network it shares.
pub(super) fn in_use(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::InUse)?;
    let found = PORT.as_ref()?.captures_iter(reading.line).last();
    let said = found.and_then(|it| it.name("port").or_else(|| it.name("named")));
    let Some(port) = said.map(|it| it.as_str()) else { return unsaid(failing) };
    let number: i32 = port.parse().ok()?;
    let shown =
        if reading.about.is_some() { String::new() } else { format!("; it is port {port}") };
    if let Some(holder) = holder(failing, number) {
        let words = format!("{shown}; {}", holder.words);
        return Some(Spot::new(SpotTopic::InUse, holder.path, &holder.value, words));
    }
    // The number may as well be of the time.
    if let Some(spot) = unsaid(failing).filter(|_| reading.about.is_none()) {
        return Some(spot);
    }
    if failing.spec.host_network == Some(true) {
        let path = failing.objects.root.kind().pod_spec_path()?.child("hostNetwork");
        let words = format!("{shown}; it shares the network of its node");
        return Some(Spot::new(SpotTopic::InUse, path, "true", words));
    }
    let (path, twin) = same_program(failing)?;
    let words = format!("{shown}; container {} of the same pod runs the same image", twin.name);
    Some(Spot::new(SpotTopic::InUse, path, &failing.facts.image, words))
}

/// The same, of a program that does not say which port: the one of its own that another container has.
fn unsaid(failing: &Failing<'_>) -> Option<Spot> {
    let own = failing.container;
    let declared = own.ports.iter().flatten().map(|it| it.container_port);
    let asked = probes(own).filter_map(|it| asked(it.1));
    let told = failing.facts.listens.iter().map(|it| i32::from(*it));
    let own: BTreeSet<i32> = declared.chain(asked).chain(told).collect();
    let mut held = own.into_iter().filter_map(|it| Some((it, holder(failing, it)?)));
    let (port, holder) = held.next().filter(|_| held.next().is_none())?;
    let words = format!("; it is probably port {port}, its own: {}", holder.words);
    Some(Spot::new(SpotTopic::InUse, holder.path, &holder.value, words))
}

/// What of another container says that it has a port.
struct Holder {
    path: FieldPath,
    value: String,
    /// As the end of a sentence.
    words: String,
}

/// The other container of the pod that has this port, by the plainest of its words: all of them share one network.
fn holder(failing: &Failing<'_>, port: i32) -> Option<Holder> {
    let kind = failing.objects.root.kind();
    let sidecars = failing.spec.init_containers.iter().flatten().enumerate();
    let sidecars = sidecars.filter(|it| it.1.restart_policy.as_deref() == Some("Always"));
    let sidecars = sidecars.map(|(at, it)| (it, kind.container_path(ContainerRole::Init, at)));
    let own = failing.spec.containers.iter().enumerate();
    let own = own.map(|(at, it)| (it, kind.container_path(ContainerRole::App, at)));
    let mut others: Vec<_> = own.chain(sidecars).filter_map(|it| Some((it.0, it.1?))).collect();
    others.retain(|it| it.0.name != failing.container.name);
    let by = |rule: fn(&Container, &FieldPath, i32) -> Option<Holder>| {
        others.iter().find_map(|(it, path)| rule(it, path, port))
    };
    by(declares).or_else(|| by(is_set)).or_else(|| by(is_told)).or_else(|| by(is_asked))
}

fn declares(other: &Container, path: &FieldPath, port: i32) -> Option<Holder> {
    let place = other.ports.iter().flatten().position(|it| it.container_port == port)?;
    Some(Holder {
        path: path.child("ports").index(place).child("containerPort"),
        value: port.to_string(),
        words: format!("container {} of the same pod declares it", other.name),
    })
}

/// A variable whose whole use is to say where to listen.
fn is_set(other: &Container, path: &FieldPath, port: i32) -> Option<Holder> {
    let port = port.to_string();
    let is_it = |it: &EnvVar| {
        let value = it.value.as_deref().unwrap_or_default();
        VARIABLES.contains(&it.name.as_str())
            && (value == port || value.strip_suffix(&port).is_some_and(|it| it.ends_with(':')))
    };
    let (at, variable) = other.env.iter().flatten().enumerate().find(|it| is_it(it.1))?;
    Some(Holder {
        path: path.child("env").index(at).child("value"),
        value: variable.value.clone().unwrap_or_default(),
        words: format!(
            "container {} of the same pod listens there, by its variable {}",
            other.name, variable.name
        ),
    })
}

/// An argument that says where to listen.
fn is_told(other: &Container, path: &FieldPath, port: i32) -> Option<Holder> {
    let wanted = port.to_string();
    let lists = [("command", &other.command), ("args", &other.args)];
    lists.into_iter().find_map(|(field, list)| {
        let words = list.as_deref().unwrap_or_default().join(" ");
        let mut told = LISTENS.as_ref()?.captures_iter(&words);
        let told = told.find(|it| it.name("port").is_some_and(|it| it.as_str() == wanted))?;
        Some(Holder {
            path: path.child(field),
            value: told.get(0)?.as_str().trim().to_owned(),
            words: format!(
                "container {} of the same pod listens there, by its {field}",
                other.name
            ),
        })
    })
}

/// A probe, which is asked of the container that has it.
fn is_asked(other: &Container, path: &FieldPath, port: i32) -> Option<Holder> {
    let (field, _) = probes(other).find(|it| asked(it.1) == Some(port))?;
    Some(Holder {
        path: path.child(field),
        value: port.to_string(),
        words: format!("the {field} of container {} of the same pod asks there", other.name),
    })
}

fn probes(container: &Container) -> impl Iterator<Item = (&'static str, &Probe)> {
    let all = [
        ("readinessProbe", &container.readiness_probe),
        ("livenessProbe", &container.liveness_probe),
        ("startupProbe", &container.startup_probe),
    ];
    all.into_iter().filter_map(|(field, it)| Some((field, it.as_ref()?)))
}

/// The port of the pod that a probe asks by its number; a name is one of a declared port.
fn asked(probe: &Probe) -> Option<i32> {
    let http = probe.http_get.as_ref().map(|it| (it.host.as_ref(), &it.port));
    let tcp = || probe.tcp_socket.as_ref().map(|it| (it.host.as_ref(), &it.port));
    if let Some(it) = &probe.grpc {
        return Some(it.port);
    }
    match http.or_else(tcp)? {
        (None, IntOrString::Int(port)) => Some(*port),
        (_, IntOrString::Int(_) | IntOrString::String(_)) => None,
    }
}

/// Another container of the same image, and where this one names it.
fn same_program<'a>(failing: &Failing<'a>) -> Option<(FieldPath, &'a Container)> {
    let is_twin = |it: &&Container| {
        it.name != failing.container.name
            && it.image == failing.container.image
            && it.command == failing.container.command
            && it.args == failing.container.args
    };
    let twin = failing.spec.containers.iter().find(is_twin)?;
    Some((failing.path.child("image"), twin))
}

#[test]
fn the_pattern_is_one() {
    assert!(PORT.is_some());
}
