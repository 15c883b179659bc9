//! Callers whose token somebody else knows: an API server that is asked who they are and what they may do.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use crate::auth::{Caller, Role};

/// An answer that is still on its way.
pub type Reviewed<'a> = Pin<Box<dyn Future<Output = Result<Verdict, ReviewError>> + Send + 'a>>;

/// What is known of a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// He may do what he asks for.
    Allowed(Caller),
    /// He is known, by this name, and may not.
    Forbidden(String),
    /// Nobody knows the token.
    Unknown,
}

/// Nobody can say now: then nobody is let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("who calls cannot be found out now: {0}")]
pub struct ReviewError(pub String);

/// Who knows tokens that stand in no file.
pub trait Reviewer: Debug + Send + Sync + 'static {
    /// Whether the caller with this token may do what needs this role.
    fn review<'a>(&'a self, token: &'a str, needed: Role) -> Reviewed<'a>;
}
