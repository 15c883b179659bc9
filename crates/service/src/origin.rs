//! Where a request may come from, and of which type its body has to be, before anybody looks at it.
//!
//! Without tokens a browser on this machine is all that stands between a web page and the service. A page can send
//! simple requests to any address, and by DNS even under a name of its own; it cannot choose its `Host` and
//! its `Origin`. With tokens the token is the proof: a page does not have it.

use std::net::{IpAddr, SocketAddr};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, ResponseError, web};

use crate::auth::Tokens;
use crate::problem::Failure;

/// Refuses foreign requests while no tokens are set, and bodies that are not JSON; for
/// `actix_web::middleware::from_fn`.
pub async fn check<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    match refusal(&request) {
        Some(failure) => {
            let response = failure.error_response().map_into_right_body();
            Ok(request.into_response(response))
        }
        None => Ok(next.call(request).await?.map_into_left_body()),
    }
}

fn refusal(request: &ServiceRequest) -> Option<Failure> {
    let tokens_set = request.app_data::<web::Data<Tokens>>().is_some_and(|it| it.is_set());
    if !tokens_set && let Some(detail) = foreign(request) {
        let next = "call it by 127.0.0.1, localhost or the address it listens on, and not from a web page of \
                    somebody else; or set a tokens file";
        return Some(Failure::new(403, "foreign-request", detail, next));
    }
    let changes = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    (changes && has_body(request) && !is_json(request)).then(|| {
        let next = "send the body with `Content-Type: application/json`, or none";
        Failure::new(415, "not-json", "the body is not declared as JSON", next)
    })
}

/// Why this request is not from this machine; what is absent was not sent by a browser.
fn foreign(request: &ServiceRequest) -> Option<&'static str> {
    let listening = request.app_config().local_addr();
    let hosts: Vec<_> = request.headers().get_all(header::HOST).collect();
    let is_ours = |it: &&header::HeaderValue| it.to_str().is_ok_and(|it| is_own(it, listening));
    if !hosts.iter().all(is_ours) {
        return Some("no tokens are set, and the Host of the request is not this machine");
    }
    let is_same = |origin: &header::HeaderValue| {
        let origin = origin.to_str().unwrap_or_default();
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        let host = hosts.first().and_then(|it| it.to_str().ok());
        authority.zip(host).is_some_and(|(authority, host)| authority.eq_ignore_ascii_case(host))
    };
    if request.headers().get_all(header::ORIGIN).all(is_same) {
        None
    } else {
        Some("no tokens are set, and the Origin of the request is another site")
    }
}

/// Whether this `Host` names us: the loopback, or where we listen. A name that is looked up can lead here from
/// anywhere; an address cannot.
fn is_own(host: &str, listening: SocketAddr) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    if name.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let bare = name.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(name);
    bare.parse::<IpAddr>()
        .is_ok_and(|it| it.is_loopback() || it == listening.ip() || listening.ip().is_unspecified())
}

fn has_body(request: &ServiceRequest) -> bool {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|it| it.to_str().ok()?.parse::<u64>().ok());
    request.headers().contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|it| 0 < it)
}

fn is_json(request: &ServiceRequest) -> bool {
    let Ok(Some(type_)) = request.mime_type() else { return false };
    type_.subtype() == "json" || type_.suffix().is_some_and(|it| it == "json")
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse};

    use super::*;

    /// The status of a request with these headers; 200 when it is let through.
    async fn status(tokens: Tokens, headers: &[(&'static str, &str)], body: &'static str) -> u16 {
        let app = App::new()
            .wrap(from_fn(check))
            .app_data(web::Data::new(tokens))
            .default_service(web::to(HttpResponse::Ok));
        let app = init_service(app).await;
        let mut request = TestRequest::post().uri("/");
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        if !body.is_empty() {
            request = request.insert_header(("Content-Length", body.len().to_string()));
        }
        call_service(&app, request.set_payload(body).to_request()).await.status().as_u16()
    }

    async fn tokenless(headers: &[(&'static str, &str)]) -> u16 {
        status(Tokens::none(), headers, "").await
    }

    #[actix_web::test]
    async fn without_tokens_only_this_machine_is_let_through() {
        for host in
            ["127.0.0.1", "127.0.0.1:9", "localhost:8080", "LOCALHOST", "[::1]", "[::1]:8080"]
        {
            assert_eq!(tokenless(&[("Host", host)]).await, 200, "{host}");
        }
        for host in ["evil.example", "evil.example:8080", "localhost.evil.example", "10.0.0.1", ""]
        {
            assert_eq!(tokenless(&[("Host", host)]).await, 403, "{host}");
        }
        assert_eq!(tokenless(&[]).await, 200);
    }

    #[actix_web::test]
    async fn without_tokens_a_page_of_another_site_is_refused() {
        let host = ("Host", "127.0.0.1:8080");
        assert_eq!(tokenless(&[host, ("Origin", "http://127.0.0.1:8080")]).await, 200);
        for origin in ["http://evil.example", "null", "http://127.0.0.1:3000", "file://", ""] {
            assert_eq!(tokenless(&[host, ("Origin", origin)]).await, 403, "{origin}");
        }
    }

    #[actix_web::test]
    async fn with_tokens_the_token_is_the_proof() {
        let tokens = Tokens::parse("admin ana cccccccccccccccccccc", "tokens").unwrap();
        let headers = [("Host", "agent.example"), ("Origin", "http://evil.example")];
        assert_eq!(status(tokens, &headers, "").await, 200);
    }

    #[actix_web::test]
    async fn a_body_has_to_be_json() {
        for (type_, expected) in [
            ("application/json", 200),
            ("application/json; charset=utf-8", 200),
            ("application/merge-patch+json", 200),
            ("text/plain", 415),
            ("application/x-www-form-urlencoded", 415),
        ] {
            let headers = [("Content-Type", type_)];
            assert_eq!(status(Tokens::none(), &headers, "{}").await, expected, "{type_}");
        }
        assert_eq!(status(Tokens::none(), &[], "{}").await, 415);
        assert_eq!(status(Tokens::none(), &[("Content-Type", "text/plain")], "").await, 200);
    }

    #[test]
    fn who_listens_everywhere_is_called_by_any_address_and_by_no_name() {
        let everywhere = "0.0.0.0:8080".parse().unwrap();
        assert!(is_own("10.0.0.1:8080", everywhere));
        assert!(!is_own("agent.example:8080", everywhere));
        assert!(is_own("10.0.0.1", "10.0.0.1:8080".parse().unwrap()));
    }
}
