//! The body of every error: RFC 9457, with the seed's `error` member.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What went wrong, where, and what to do next. Served as `application/problem+json`.
///
/// Source: RFC 9457 "Problem Details for HTTP APIs"; the member `error` is the seed's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A name for this kind of problem: `about:blank#pod-not-found`.
    #[serde(rename = "type")]
    pub type_: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// The HTTP status code.
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// The same as `detail`: where the seed's clients look.
    pub error: String,
    /// What to do next; empty when nothing can be done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub next: String,
}

impl Problem {
    /// A problem of this status, with a stable code in kebab case, what happened and what to do next.
    pub fn new(
        status: u16,
        code: &str,
        detail: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        let detail = detail.into();
        Self {
            type_: format!("about:blank#{code}"),
            title: code.replace('-', " "),
            status,
            error: detail.clone(),
            detail,
            next: next.into(),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}
