//! Ports that a program may not have, or that another one has.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::Container;
use regex::Regex;
use types::{FieldPath, SpotTopic};

use super::{Look, Spot};
use crate::analyzers::log_reading::Trouble;
use crate::patterns::pattern;

/// The ports below this one are for root.
const FIRST_FREE: u16 = 1024;

static PORT: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r":(?P<port>[0-9]{2,5})\b|\bport (?P<named>[0-9]{2,5})\b"));

/// A port that is for root, while the template names another user.
pub(super) fn denied(look: &Look<'_>) -> Option<Spot> {
    let port: u16 = look.about(Trouble::Denied)?.strip_prefix("port ")?.parse().ok()?;
    let (path, user) = look.user().filter(|it| it.1 != 0)?;
    if FIRST_FREE <= port {
        return None;
    }
    let words = format!(
        "; ports below {FIRST_FREE} are for root or need the capability NET_BIND_SERVICE, and it runs as user {user}"
    );
    Some(Spot::new(SpotTopic::Denied, path, &user.to_string(), words))
}

/// A port that another container of the same pod has, or another pod on the node whose network it shares.
pub(super) fn in_use(look: &Look<'_>) -> Option<Spot> {
    let reading = look.reading.as_ref().filter(|it| it.trouble == Trouble::InUse)?;
    let found = PORT.as_ref()?.captures_iter(reading.line).last()?;
    let port = found.name("port").or_else(|| found.name("named"))?.as_str();
    let number: i32 = port.parse().ok()?;
    let shown =
        if reading.about.is_some() { String::new() } else { format!("; it is port {port}") };
    if let Some((path, name)) = declared_by_another(look, number) {
        let words = format!("{shown}; container {name} of the same pod declares it");
        return Some(Spot::new(SpotTopic::InUse, path, port, words));
    }
    if look.spec.host_network == Some(true) {
        let path = look.objects.root.kind().pod_spec_path()?.child("hostNetwork");
        let words = format!("{shown}; it shares the network of its node");
        return Some(Spot::new(SpotTopic::InUse, path, "true", words));
    }
    let (path, twin) = same_program(look)?;
    let words = format!("{shown}; container {} of the same pod runs the same image", twin.name);
    Some(Spot::new(SpotTopic::InUse, path, &look.facts.image, words))
}

/// Where another container declares this port, and its name.
fn declared_by_another<'a>(look: &Look<'a>, port: i32) -> Option<(FieldPath, &'a str)> {
    let path = look.objects.root.kind().pod_spec_path()?.child("containers");
    let others = look.spec.containers.iter().enumerate();
    others.filter(|it| it.1.name != look.container.name).find_map(|(at, other)| {
        let mut ports = other.ports.iter().flatten().enumerate();
        let place = ports.find(|it| it.1.container_port == port)?.0;
        let path = path.index(at).child("ports").index(place).child("containerPort");
        Some((path, other.name.as_str()))
    })
}

/// Another container of the same image, and where this one names it.
fn same_program<'a>(look: &Look<'a>) -> Option<(FieldPath, &'a Container)> {
    let is_twin = |it: &&Container| {
        it.name != look.container.name
            && it.image == look.container.image
            && it.command == look.container.command
            && it.args == look.container.args
    };
    let twin = look.spec.containers.iter().find(is_twin)?;
    Some((look.path.child("image"), twin))
}

#[test]
fn the_pattern_is_one() {
    assert!(PORT.is_some());
}
