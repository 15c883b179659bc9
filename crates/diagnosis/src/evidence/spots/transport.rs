//! A program that speaks TLS to a server which does not, or the other way.

use types::FieldPath;

use super::{Look, Spot, service_ports};
use crate::analyzers::last_words;
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

/// The one variable or word of the command that says how to call the server.
pub(super) fn other(look: &Look<'_>) -> Option<Spot> {
    let lines = last_words::around(look.log());
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
    let variables = look.variables().into_iter();
    let texts = look.texts().into_iter().map(|(path, text)| (path, "", text));
    let called = variables.chain(texts).filter_map(|it| Some((host(look, it.2, scheme)?, it)));
    let called: Vec<(&str, (FieldPath, &str, &str))> = called.collect();
    let is_named = |host: &str| look.log().iter().any(|it| stands_alone(it, host));
    let named: Vec<_> = called.iter().filter(|it| is_named(it.0)).collect();
    // A command may repeat what a variable says, and is told where no variable is.
    let of_variables: Vec<_> = named.iter().filter(|it| !it.1.1.is_empty()).collect();
    let (host, (path, name, value)) =
        match (of_variables.as_slice(), named.as_slice(), called.as_slice()) {
            ([only], ..) => **only,
            ([], [only], _) => *only,
            ([], [], [only]) => only,
            _ => return None,
        };
    let who = if name.is_empty() { "its command" } else { *name };
    let words = format!("; {who} calls {host} with {scheme}, {why}");
    Some(Spot::of_text(path, (name, value), words))
}

/// The host of the cluster that a text calls so.
fn host<'t>(look: &Look<'_>, text: &'t str, scheme: &str) -> Option<&'t str> {
    let rest = text.split_once(scheme)?.1;
    let authority = rest.split(['/', '?', '#', ' ', ',', '"', '\'']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |it| it.1);
    let host = host.split(':').next().filter(|it| !it.is_empty())?;
    (host.contains(".svc") || service_ports::service(look, host).is_some()).then_some(host)
}
