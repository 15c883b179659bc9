//! The ports that a container says it listens at, or that its command has it listen at.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use k8s_openapi::api::core::v1::Container;
use regex::Regex;

use super::spots::LISTENS;
use crate::patterns::pattern;

/// More ports than this say nothing of any one.
const MAX_PORTS: usize = 5;
/// Smaller numbers are seconds, workers and versions.
const LEAST: u16 = 80;

/// How programs say where they listen. What follows the number tells a port from an address, a date and a time.
static SAID: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?x)
        (?:\b(?:[Ll]isten(?:ing|s)?|LISTENING|[Ss]erving|accept(?:ing)?\ connections)\b[^\n]{0,60}?
        |\b(?:[Ss]tarted|[Rr]unning|[Bb]ound)\b[^\n]{0,40}?\b(?:on|at|to)\b[^\n]{0,20}?)
        (?:\bport(?:\(s\))?\s*[:=]?\s*|(?P<alone>localhost|127\.0\.0\.1|\[::1\])?:|\b(?:on|at)\s+)
        (?P<port>[0-9]{2,5})(?:[^.\w:-]|\.\s|\.?$)",
    )
});

/// These ports, by the log of its present run and by its command.
pub(super) fn facts(container: &Container, log: &[String]) -> Vec<u16> {
    let said = log.iter().filter_map(|it| said(it));
    let words = [&container.command, &container.args].map(|it| it.as_deref().unwrap_or_default());
    let words = words.concat().join(" ");
    let told = LISTENS.iter().flat_map(|it| it.captures_iter(&words));
    let told = told.filter_map(|it| it.name("port")?.as_str().parse().ok());
    let ports: BTreeSet<u16> = said.chain(told).collect();
    ports.into_iter().take(MAX_PORTS).collect()
}

/// The port that a line names; none that only the pod itself can ask.
fn said(line: &str) -> Option<u16> {
    told(line).filter(|it| it.0.is_none()).map(|it| it.1)
}

/// The address and the port that a line names where only the pod itself can ask.
pub(crate) fn listens_alone(line: &str) -> Option<(&str, u16)> {
    let (host, port) = told(line)?;
    Some((host?, port))
}

fn told(line: &str) -> Option<(Option<&str>, u16)> {
    let found = SAID.as_ref()?.captures(line)?;
    let port = found.name("port")?.as_str().parse().ok().filter(|it| LEAST <= *it)?;
    Some((found.name("alone").map(|it| it.as_str()), port))
}

#[test]
fn a_port_that_is_listened_at_is_told_from_other_numbers() {
    for (line, port) in [
        ("listening on 8080", 8080),
        ("Listening on port 8080.", 8080),
        ("server listening on :8080", 8080),
        ("listening on 0.0.0.0:8080", 8080),
        ("Listening on 10.1.2.3:9000", 9000),
        (r#"{"msg":"listening","addr":"0.0.0.0:8080"}"#, 8080),
        ("Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)", 8000),
        ("Serving HTTP on 0.0.0.0 port 8000 (http://0.0.0.0:8000/) ...", 8000),
        ("Tomcat started on port(s): 8081 (http)", 8081),
        ("Listening at: http://0.0.0.0:8000 (1)", 8000),
    ] {
        assert_eq!(said(line), Some(port), "{line}");
    }
    for line in [
        "listening on 127.0.0.1:8080",
        "Listening at http://localhost:3000",
        "started at 12:30:45",
        "started on 2026-11-27",
        "started worker pid:4821",
        "connecting to db:5432",
        "listening on 10.100.200.300",
        "listening for 1000 clients",
    ] {
        assert_eq!(said(line), None, "{line}");
    }
}
