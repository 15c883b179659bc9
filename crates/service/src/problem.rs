//! Errors on their way out: every one an RFC 9457 problem body with the seed's `error` member.

use std::fmt;

use actix_web::error::JsonPayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use types::Problem;

use crate::described::{Described, shown};
use crate::input;

/// The largest body that is read, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A problem as the error of an HTTP handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(pub Box<Problem>);

impl Failure {
    /// A failure of this status, with a stable code in kebab case, what happened and what to do next.
    pub fn new(
        status: u16,
        code: &str,
        detail: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self(Box::new(Problem::new(status, code, detail, next)))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failure {}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.content_type("application/problem+json");
        if self.0.status == 401 {
            response.insert_header(("WWW-Authenticate", "Bearer"));
        }
        if self.0.status == 503 {
            response.insert_header(("Retry-After", "5"));
        }
        response.json(&*self.0)
    }
}

/// How JSON bodies are read that no [`crate::input::Body`] reads: what does not fit is a problem body.
pub fn json_config() -> web::JsonConfig {
    web::JsonConfig::default().limit(MAX_BODY_BYTES).error_handler(|error, _| {
        let failure = match &error {
            JsonPayloadError::OverflowKnownLength { .. } | JsonPayloadError::Overflow { .. } => {
                input::too_large()
            }
            JsonPayloadError::ContentType => input::not_json(),
            JsonPayloadError::Deserialize(error) => {
                let (detail, next) = input::explain(error, "");
                Failure::new(400, "bad-json", detail, next)
            }
            JsonPayloadError::Serialize(_) | JsonPayloadError::Payload(_) | _ => {
                Failure::new(400, "bad-body", "the body cannot be read", "send it again")
            }
        };
        failure.into()
    })
}

/// How path parameters are read: what does not fit is a problem body that names the parameter.
pub fn path_config() -> web::PathConfig {
    web::PathConfig::default().error_handler(|_, request| {
        let (detail, next) = Described::explain(request, "path");
        Failure::new(400, "bad-path", detail, next).into()
    })
}

/// How query parameters are read: what does not fit is a problem body that names the parameter.
pub fn query_config() -> web::QueryConfig {
    web::QueryConfig::default().error_handler(|_, request| {
        let (detail, next) = Described::explain(request, "query");
        Failure::new(400, "bad-query", detail, next).into()
    })
}

/// The answer for a path that nobody serves, and for a method that a path is not served under.
///
/// For `default_service(web::to(not_found))`.
pub async fn not_found(request: HttpRequest) -> HttpResponse {
    let path = shown(request.path());
    let described = request.app_data::<web::Data<Described>>();
    let methods = described.map(|it| it.methods(request.path())).unwrap_or_default();
    if methods.is_empty() {
        let detail = format!("there is nothing under {path}");
        return Failure::new(404, "no-such-route", detail, "/docs lists what there is")
            .error_response();
    }
    let allowed = methods.join(", ");
    let detail = format!("{path} is not served under this method");
    let next = format!("use {allowed}");
    let mut response = Failure::new(405, "method-not-allowed", detail, next).error_response();
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}
