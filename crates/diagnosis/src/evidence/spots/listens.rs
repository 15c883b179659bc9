//! Where a program was told to listen, while a probe finds nobody.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use types::{FieldPath, SpotTopic};

use super::Spot;
use crate::evidence::failing::Failing;
use crate::patterns::pattern;

/// Variables whose whole use is to say where to listen.
const VARIABLES: [&str; 8] = [
    "PORT",
    "HTTP_PORT",
    "SERVER_PORT",
    "LISTEN_PORT",
    "LISTEN_ADDR",
    "LISTEN_ADDRESS",
    "BIND_ADDRESS",
    "ASPNETCORE_URLS",
];

/// The pod itself.
const HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "::1"];
/// Options that say at which host to listen, and nothing else.
const HOST_OPTIONS: [&str; 9] = [
    "--host",
    "--hostname",
    "--bind",
    "--bind-address",
    "--bind_ip",
    "--address",
    "--listen-address",
    "--http-host",
    "--server.address",
];
/// Variables that do.
const HOST_VARIABLES: [&str; 8] = [
    "HOST",
    "BIND_HOST",
    "LISTEN_HOST",
    "SERVER_HOST",
    "SERVER_ADDRESS",
    "HTTP_HOST",
    "UVICORN_HOST",
    "FLASK_RUN_HOST",
];

/// An address of the pod alone, with its port.
static LOOPBACK: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"(?P<host>127\.0\.0\.1|localhost|\[::1\]):(?P<port>[0-9]{2,5})\b"));
/// The ways in which a command says at which port to listen.
pub(in crate::evidence) static LISTENS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?x)
        (?:^|\s)(?:-p|--?port|--http[-.]port|--listen(?:[-.](?:port|address|addr))?|--addr|--address|--bind|-b|-l)
        (?:\s+|=)(?:[\w.*\[\]-]*:)?(?P<port>[0-9]{2,5})\b",
    )
});

/// It listens where only its own pod can ask.
pub(super) fn at_loopback(failing: &Failing<'_>) -> Option<Spot> {
    let asked = asked(failing)?;
    let pattern = LOOPBACK.as_ref()?;
    let texts = failing.telling_words().into_iter().map(|(path, text)| (path, "", text));
    let values = failing.variables().into_iter().filter(|it| VARIABLES.contains(&it.1));
    texts.chain(values).find_map(|(path, variable, text)| {
        let mut all = pattern.captures_iter(text);
        let found = all.find(|it| it.name("port").is_some_and(|it| it.as_str() == asked))?;
        let host = found.name("host")?.as_str();
        let words = format!(
            "; the template has it listen at {host}:{asked}, where nobody but the pod itself can ask"
        );
        let value = (variable.to_owned(), text.to_owned());
        Some(Spot { topic: SpotTopic::Loopback, path, value, words, key: None, shown: None })
    })
    .or_else(|| host_of_loopback(failing, &asked))
}

/// An option of the command, or a variable, that gives the host alone.
fn host_of_loopback(failing: &Failing<'_>, asked: &str) -> Option<Spot> {
    let texts = failing.telling_words();
    let options = texts.iter().enumerate().find_map(|(at, (path, text))| {
        let (name, inline) = text.split_once('=').map_or((*text, None), |it| (it.0, Some(it.1)));
        let is_option = HOST_OPTIONS.contains(&name);
        let next = texts.get(at.checked_add(1)?);
        let (path, host) = match inline {
            Some(host) => (path, host),
            None => next.map(|it| (&it.0, it.1))?,
        };
        (is_option && HOSTS.contains(&host)).then(|| (path.clone(), "", host))
    });
    let variables = failing.variables().into_iter();
    let mut variables =
        variables.filter(|it| HOST_VARIABLES.contains(&it.1) && HOSTS.contains(&it.2));
    let (path, variable, host) = options.or_else(|| variables.next())?;
    let words = format!(
        "; the template has it listen at {host}, where nobody but the pod itself can ask for port {asked}"
    );
    let value = (variable.to_owned(), host.to_owned());
    Some(Spot { topic: SpotTopic::Loopback, path, value, words, key: None, shown: None })
}

/// It listens at another port than the probe asks.
pub(super) fn elsewhere(failing: &Failing<'_>) -> Option<Spot> {
    let asked = asked(failing)?;
    let mut told: Vec<(FieldPath, String, String)> = vec![];
    for (name, list) in [("command", &failing.container.command), ("args", &failing.container.args)]
    {
        let list = list.as_deref().unwrap_or_default();
        let words = list.join(" ");
        let found = LISTENS.as_ref()?.captures_iter(&words).filter_map(|it| it.name("port"));
        for port in found.map(|it| it.as_str()) {
            let at = list.iter().rposition(|it| it.contains(port))?;
            told.push((failing.path.child(name).index(at), list.get(at)?.clone(), port.to_owned()));
        }
    }
    for (path, name, value) in failing.variables() {
        let port = value.rsplit(':').next().filter(|it| it.parse::<u16>().is_ok());
        if let Some(port) = port.filter(|_| VARIABLES.contains(&name)) {
            told.push((path, value.to_owned(), port.to_owned()));
        }
    }
    let ports: BTreeSet<_> = told.iter().map(|it| it.2.clone()).collect();
    if ports.len() != 1 || ports.contains(&asked) {
        return None;
    }
    let (path, value, port) = told.into_iter().next()?;
    let words = format!("; the template has it listen at {port}");
    Some(Spot::new(SpotTopic::Listens, path, &value, words))
}

/// The number of the port that a probe asks in vain.
fn asked(failing: &Failing<'_>) -> Option<String> {
    let mut refused = failing.facts.probes.iter().filter(|it| {
        it.host.is_none() && it.failure.as_deref().is_some_and(|it| it.contains("refused"))
    });
    let port = refused.next()?.port.as_deref()?;
    let mut ports = failing.container.ports.iter().flatten();
    let named = ports.find(|it| it.name.as_deref() == Some(port));
    let is_number = || port.parse::<u16>().is_ok().then(|| port.to_owned());
    named.map(|it| it.container_port.to_string()).or_else(is_number)
}

#[test]
fn every_pattern_is_one() {
    assert!(LOOPBACK.is_some());
    assert!(LISTENS.is_some());
}
