//! Ports that a program may not have, or that another one has.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::Container;
use regex::Regex;
use types::{FieldPath, SpotTopic};

use super::Spot;
use crate::evidence::failing::Failing;
use crate::log::reading::Trouble;
use crate::patterns::pattern;

/// The ports below this one are for root.
const FIRST_FREE: u16 = 1024;

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
    let found = PORT.as_ref()?.captures_iter(reading.line).last()?;
    let port = found.name("port").or_else(|| found.name("named"))?.as_str();
    let number: i32 = port.parse().ok()?;
    let shown =
        if reading.about.is_some() { String::new() } else { format!("; it is port {port}") };
    if let Some((path, name)) = declared_by_another(failing, number) {
        let words = format!("{shown}; container {name} of the same pod declares it");
        return Some(Spot::new(SpotTopic::InUse, path, port, words));
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

/// Where another container declares this port, and its name.
fn declared_by_another<'a>(failing: &Failing<'a>, port: i32) -> Option<(FieldPath, &'a str)> {
    let path = failing.objects.root.kind().pod_spec_path()?.child("containers");
    let others = failing.spec.containers.iter().enumerate();
    others.filter(|it| it.1.name != failing.container.name).find_map(|(at, other)| {
        let mut ports = other.ports.iter().flatten().enumerate();
        let place = ports.find(|it| it.1.container_port == port)?.0;
        let path = path.index(at).child("ports").index(place).child("containerPort");
        Some((path, other.name.as_str()))
    })
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
