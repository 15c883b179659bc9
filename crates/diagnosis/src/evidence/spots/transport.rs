//! A program that speaks TLS to a server which does not, or the other way.

use types::{FieldPath, SpotTopic};

use super::{Spot, named, service_ports, sources};
use crate::evidence::failing::Failing;
use crate::log::last_words;
use crate::quoting::stands_alone;

/// What programs say that speak TLS to a server which does not.
const PLAIN: [&str; 12] = [
    "unsupported or unrecognized ssl message",
    "unrecognized ssl message, plaintext connection",
    "wrong version number",
    "wrong_version_number",
    "first record does not look like a tls handshake",
    "server gave http response to https client",
    "ssl_error_rx_record_too_long",
    "err_ssl_packet_length_too_long",
    "ssl routines::packet length too long",
    "not an ssl/tls record",
    "received corrupt message of type invalidcontenttype",
    "record layer failure",
];
/// What servers with TLS say to those who do not speak it, and what comes of it.
const SECURE: [&str; 4] = [
    "client sent an http request to an https server",
    "plain http request was sent to https port",
    "combination of host and port requires tls",
    r#"malformed http response "\x15\x03"#,
];

/// How variables are called that say where a server is.
const ADDRESSES: [&str; 12] = [
    "URL", "URI", "ENDPOINT", "ADDR", "ADDRESS", "HOST", "SERVER", "BASE", "UPSTREAM", "BACKEND",
    "TARGET", "ORIGIN",
];

/// The one variable or word of the command that says how to call the server.
pub(super) fn other(failing: &Failing<'_>) -> Option<Spot> {
    let lines = last_words::around(failing.log());
    let said = |marks: &[&str]| {
        lines.iter().any(|line| {
            let line = line.to_lowercase();
            marks.iter().any(|it| line.contains(it))
        })
    };
    let (scheme, why) = if said(&PLAIN) {
        ("https://", "which answers without TLS there")
    } else if said(&SECURE) {
        ("http://", "which answers only with TLS there")
    } else {
        return None;
    };
    let variables = failing.variables().into_iter();
    let texts = failing.telling_words().into_iter().map(|(path, text)| (path, "", text));
    let called = variables.chain(texts).filter_map(|it| Some((host(failing, it.2, scheme)?, it)));
    let called: Vec<(&str, (FieldPath, &str, &str))> = called.collect();
    let hosts = hosts(failing, &lines);
    let is_named = |host: &str| failing.log().iter().any(|it| stands_alone(it, host));
    let named: Vec<_> = called.iter().filter(|it| is_named(it.0)).collect();
    // A command may repeat what a variable says, and is told where no variable is.
    let of_variables: Vec<_> = named.iter().filter(|it| !it.1.1.is_empty()).collect();
    let (host, (path, name, value)) =
        match (of_variables.as_slice(), named.as_slice(), called.as_slice()) {
            ([only], ..) => **only,
            ([], [only], _) => *only,
            // Where another server is named, it is that one.
            ([], [], [only]) if hosts.is_empty() => only,
            _ => return referred(failing, &lines, (&hosts, scheme, why)),
        };
    let who = if name.is_empty() { "its command" } else { *name };
    let words = format!("; {who} calls {host} with {scheme}, {why}");
    Some(Spot::of_text(path, (name, value), words))
}

/// The one variable that is read from a ConfigMap or a Secret and says how to call the server. What it says is not
/// known: the lines name it, or it is called after the server, or no other one says where anything is.
fn referred(
    failing: &Failing<'_>,
    lines: &[&str],
    (hosts, scheme, why): (&[String], &str, &str),
) -> Option<Spot> {
    let names = named::referred(failing);
    let upper = |it: &str| it.to_uppercase().replace(['-', '.'], "_");
    let is_address = |it: &&String| {
        let last = upper(it).rsplit('_').next().unwrap_or_default().to_owned();
        ADDRESSES.contains(&last.as_str())
    };
    let of_host = |it: &&String| {
        let mut labels = hosts.iter().map(|it| upper(it.split('.').next().unwrap_or_default()));
        labels.any(|label| stands_alone(&upper(it).replace('_', " "), &label.replace('_', " ")))
    };
    let said = lines.iter().filter_map(|it| named::in_text(failing, it));
    // A word in small letters is part of a path, and no variable.
    let is_variable = |it: &&String| is_address(it) || it.contains(|it: char| it.is_uppercase());
    let said = said.into_iter().find_map(|said| names.iter().find(|it| *it == said));
    let said = said.filter(is_variable);
    let all: Vec<_> = names.iter().filter(is_address).collect();
    let called: Vec<_> = all.iter().copied().filter(of_host).collect();
    let name = match (said, called.as_slice(), all.as_slice()) {
        (Some(said), ..) => said,
        (None, [only], _) | (None, [], [only]) => only,
        (None, ..) => return None,
    };
    let mut own = failing.container.env.iter().flatten().enumerate();
    let spot = match own.find(|it| it.1.name == *name) {
        Some((at, variable)) => sources::of_variable(failing, at, variable)?,
        None => sources::of_all(failing, name)?,
    };
    let host = hosts.first().map_or("a server", String::as_str);
    let words = format!("; {name} probably says to call {host} with {scheme}, {why}{}", spot.words);
    Some(Spot { topic: SpotTopic::Variable, words, ..spot })
}

/// The hosts of the cluster that these lines name.
fn hosts(failing: &Failing<'_>, lines: &[&str]) -> Vec<String> {
    let is_part = |it: char| it.is_ascii_alphanumeric() || "-.".contains(it);
    let words = lines.iter().flat_map(|it| it.split(move |it| !is_part(it)));
    let hosts = words.map(|it| it.trim_matches(['.', '-'])).filter(|it| is_host(failing, it));
    let mut found: Vec<String> = vec![];
    for host in hosts {
        if found.iter().all(|it| it != host) {
            found.push(host.to_owned());
        }
    }
    found
}

fn is_host(failing: &Failing<'_>, host: &str) -> bool {
    !host.is_empty()
        && (host.contains(".svc") || service_ports::service(failing.objects, host).is_some())
}

/// The host of the cluster that a text calls so.
fn host<'t>(failing: &Failing<'_>, text: &'t str, scheme: &str) -> Option<&'t str> {
    let rest = text.split_once(scheme)?.1;
    let authority = rest.split(['/', '?', '#', ' ', ',', '"', '\'']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |it| it.1);
    let host = host.split(':').next().filter(|it| !it.is_empty())?;
    is_host(failing, host).then_some(host)
}
