//! Errors on their way out: every one an RFC 9457 problem body with the seed's `error` member.

use std::fmt;

use actix_web::error::{JsonPayloadError, PathError, QueryPayloadError};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError, web};
use types::Problem;

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

/// How JSON bodies are read: at most [`MAX_BODY_BYTES`]; what does not fit is a problem body.
pub fn json_config() -> web::JsonConfig {
    web::JsonConfig::default().limit(MAX_BODY_BYTES).error_handler(|error, _| {
        let status = match &error {
            JsonPayloadError::OverflowKnownLength { .. } | JsonPayloadError::Overflow { .. } => 413,
            JsonPayloadError::ContentType => 415,
            JsonPayloadError::Deserialize(_)
            | JsonPayloadError::Serialize(_)
            | JsonPayloadError::Payload(_)
            | _ => 400,
        };
        let code = match status {
            413 => "body-too-large",
            415 => "not-json",
            _ => "bad-json",
        };
        let next = format!("send application/json of at most {MAX_BODY_BYTES} bytes; see /docs");
        Failure::new(status, code, error.to_string(), next).into()
    })
}

/// How path parameters are read: what does not fit is a problem body.
pub fn path_config() -> web::PathConfig {
    web::PathConfig::default().error_handler(|error: PathError, _| {
        Failure::new(400, "bad-path", error.to_string(), "see /docs").into()
    })
}

/// How query parameters are read: what does not fit is a problem body.
pub fn query_config() -> web::QueryConfig {
    web::QueryConfig::default().error_handler(|error: QueryPayloadError, _| {
        Failure::new(400, "bad-query", error.to_string(), "see /docs").into()
    })
}

/// The answer for a path that nobody serves.
///
/// For `default_service(web::to(not_found))`.
pub async fn not_found(request: actix_web::HttpRequest) -> Result<HttpResponse, Failure> {
    let detail = format!("there is no {} {}", request.method(), request.path());
    Err(Failure::new(404, "no-such-route", detail, "see /docs for what there is"))
}
