//! A probe that speaks HTTP to a port that speaks TLS, or the other way round.

use types::{ContainerFacts, ProbeFacts};

use super::{Failure, at, status};

/// How the kubelet shows the first bytes of an answer: a TLS alert, and the settings of HTTP/2 without TLS.
const TLS_ALERT: &str = "\\x15\\x03";
const HTTP2_FRAME: &str = "\\x00\\x00";
/// What a server writes that gets plain HTTP at a port of TLS.
const GOT_HTTP: [&str; 4] = [
    "http request to an https server",
    "plain http request was sent to https port",
    "ssl_http_request",
    "ssl3_get_record:http request",
];

/// What the failure says of how both speak; `None` where it says nothing of that.
pub(super) fn read(container: &ContainerFacts, probe: &ProbeFacts) -> Option<Failure> {
    let message = probe.failure.as_deref().unwrap_or_default().to_lowercase();
    let is_https = probe.scheme.as_deref() == Some("HTTPS");
    let own = if is_https { "HTTPS" } else { "HTTP" };
    let other = if message.contains("http response to https client") {
        "answers plain HTTP"
    } else if message.contains("first record does not look like a tls handshake") {
        "answers without TLS"
    } else if message.contains("malformed http") && message.contains(TLS_ALERT) {
        "speaks TLS (HTTPS)"
    } else if message.contains("malformed http") && message.contains(HTTP2_FRAME) {
        "speaks HTTP/2, as gRPC does"
    } else if message.contains("malformed http") {
        "answers with something else"
    } else if !is_https && is_refused(&message) && got_http(container) {
        "speaks TLS (HTTPS)"
    } else {
        return None;
    };
    let words = format!("the probe speaks {own}, and {} {other}", at(probe));
    Some(Failure { scheme: Some(own), ..Failure::of(words, Some("httpGet/scheme")) })
}

/// How a server ends what it does not understand.
fn is_refused(message: &str) -> bool {
    let is_bad = status(message) == Some(400);
    is_bad || message.trim_end().ends_with("eof") || message.contains("connection reset")
}

/// Whether the container says that it got plain HTTP where it speaks TLS.
fn got_http(container: &ContainerFacts) -> bool {
    let lines = container.log.iter().chain(&container.previous_log).map(|it| it.to_lowercase());
    lines.into_iter().any(|line| GOT_HTTP.iter().any(|it| line.contains(it)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(scheme: &str, failure: &str, log: &str, expected: Option<&str>) {
        let container: ContainerFacts = serde_json::from_value(serde_json::json!({
            "name": "app", "role": "app", "index": 0, "image": "shop:1", "pod": "web-1", "ready": false, "restarts": 0,
            "ports": [["http", 8443]], "log": [log],
        }))
        .unwrap();
        let probe: ProbeFacts = serde_json::from_value(serde_json::json!({
            "kind": "readiness", "action": "GET :http/", "port": "http", "scheme": scheme, "failure": failure,
        }))
        .unwrap();
        let read = read(&container, &probe);
        assert_eq!(read.as_ref().map(|it| it.words.as_str()), expected);
        assert!(read.is_none_or(|it| it.scheme == Some(scheme)));
    }

    #[test]
    fn both_schemes_are_told() {
        check(
            "HTTPS",
            "Get \"https://10.0.0.1:8443/\": http: server gave HTTP response to HTTPS client",
            "",
            Some("the probe speaks HTTPS, and port http answers plain HTTP"),
        );
        check(
            "HTTPS",
            "Get \"https://10.0.0.1:8443/\": tls: first record does not look like a TLS handshake",
            "",
            Some("the probe speaks HTTPS, and port http answers without TLS"),
        );
        check(
            "HTTP",
            r#"net/http: HTTP/1.x transport connection broken: malformed HTTP response "\x15\x03\x01\x00\x02\x02""#,
            "",
            Some("the probe speaks HTTP, and port http speaks TLS (HTTPS)"),
        );
        check(
            "HTTP",
            r#"malformed HTTP response "\x00\x00\x06\x04\x00\x00""#,
            "",
            Some("the probe speaks HTTP, and port http speaks HTTP/2, as gRPC does"),
        );
        check(
            "HTTP",
            "HTTP probe failed with statuscode: 400",
            "http: TLS handshake error from 10.0.0.9:4: client sent an HTTP request to an HTTPS server",
            Some("the probe speaks HTTP, and port http speaks TLS (HTTPS)"),
        );
    }

    #[test]
    fn a_bad_request_or_a_handshake_of_others_is_no_other_scheme() {
        let log = "client sent an HTTP request to an HTTPS server";
        check("HTTP", "HTTP probe failed with statuscode: 400", "bad request: no host", None);
        check("HTTP", "HTTP probe failed with statuscode: 503", log, None);
        check("HTTPS", "HTTP probe failed with statuscode: 400", log, None);
    }
}
