//! Who calls, and what he may do: bearer tokens with roles, from a file.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::problem::Failure;
use crate::review::{ReviewError, Reviewer, Verdict};

/// A token shorter than this can be guessed.
const MIN_TOKEN_CHARS: usize = 16;
/// A token longer than this is none: those of a cluster have some 2 KiB.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// More callers than this want an identity provider, not a file.
const MAX_TOKENS: usize = 256;

/// What a caller may do; each role includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// See.
    Read,
    /// Order fixes, and take an order of one's own back: what a machine needs. Whoever orders may not say yes to it.
    Order,
    /// Say yes and no to fixes, take them back, and accept findings: what a person needs.
    Act,
    /// Change the mode and the memory.
    Admin,
}

impl Role {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "read" => Some(Self::Read),
            "order" => Some(Self::Order),
            "act" => Some(Self::Act),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Order => "order",
            Self::Act => "act",
            Self::Admin => "admin",
        })
    }
}

/// One who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name beside the token; `anonymous` where no tokens are set.
    pub name: String,
    /// What he may do.
    pub role: Role,
}

/// Why a tokens file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// It cannot be read.
    #[error("tokens file {path} cannot be read")]
    Read {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line is not `role name token`.
    #[error(
        "tokens file {path}, line {line}: {reason}; a line is `role name token` with role read, order, act or admin"
    )]
    Line {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it. Never the token.
        reason: String,
    },
    /// It holds no token at all: then nobody could call.
    #[error("tokens file {path} holds no token; add a line `role name token`")]
    Empty {
        /// The file.
        path: String,
    },
}

/// The tokens that are accepted.
#[derive(Debug, Default)]
pub struct Tokens {
    entries: Vec<(Caller, SecretString)>,
    /// Who knows the others, where somebody is asked.
    reviewer: Option<Arc<dyn Reviewer>>,
}

impl Tokens {
    /// The same, and whoever brings another token is asked for there.
    #[must_use]
    pub fn and_ask(self, reviewer: Arc<dyn Reviewer>) -> Self {
        Self { reviewer: Some(reviewer), ..self }
    }

    /// No tokens: every caller is `anonymous` and may do everything.
    pub fn none() -> Self {
        Self::default()
    }

    /// The tokens of a file: a line `role name token` each, `#` for comments.
    pub fn load(path: &Path) -> Result<Self, TokensError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|source| TokensError::Read { path: shown.clone(), source })?;
        Self::parse(&text, &shown)
    }

    pub(crate) fn parse(text: &str, path: &str) -> Result<Self, TokensError> {
        let mut entries: Vec<(Caller, SecretString)> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let refused =
                |reason| TokensError::Line { path: path.to_owned(), line: index + 1, reason };
            let (caller, token) = entry(line).map_err(refused)?;
            let same = |it: &&(Caller, SecretString)| it.1.expose_secret() == token.expose_secret();
            if let Some((other, _)) = entries.iter().find(same) {
                return Err(refused(format!("its token is that of `{}` above", other.name)));
            }
            entries.push((caller, token));
        }
        match entries.len() {
            0 => Err(TokensError::Empty { path: path.to_owned() }),
            n if MAX_TOKENS < n => Err(TokensError::Line {
                path: path.to_owned(),
                line: n,
                reason: format!("more than {MAX_TOKENS} tokens"),
            }),
            _ => Ok(Self { entries, reviewer: None }),
        }
    }

    /// Whether callers are authenticated.
    pub fn is_set(&self) -> bool {
        !self.entries.is_empty() || self.reviewer.is_some()
    }

    /// The caller behind this token. Every entry is compared, in time that does not depend on the bytes.
    fn caller(&self, token: &str) -> Option<&Caller> {
        self.entries.iter().fold(None, |found, (caller, known)| {
            let same = known.expose_secret().as_bytes().ct_eq(token.as_bytes());
            if bool::from(same) { Some(caller) } else { found }
        })
    }

    /// The caller of this request, if he has at least this role. A token of the file is never asked for elsewhere.
    async fn authenticate(&self, header: Option<String>, needed: Role) -> Result<Caller, Failure> {
        if !self.is_set() {
            return Ok(Caller { name: "anonymous".to_owned(), role: Role::Admin });
        }
        let token = header
            .as_deref()
            .and_then(|it| it.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
            .map(|(_, token)| token.trim())
            .filter(|it| !it.is_empty() && it.len() <= MAX_TOKEN_BYTES);
        let token = token.ok_or_else(unauthorized)?;
        if let Some(caller) = self.caller(token) {
            return enough(caller.clone(), needed);
        }
        let Some(reviewer) = &self.reviewer else { return Err(unauthorized()) };
        match reviewer.review(token, needed).await {
            Ok(Verdict::Allowed(caller)) => enough(caller, needed),
            Ok(Verdict::Forbidden(name)) => {
                Err(forbidden(&format!("`{name}` may not do what needs role {needed}"), needed))
            }
            Ok(Verdict::Unknown) => Err(unauthorized()),
            Err(error) => Err(unknown(&error)),
        }
    }
}

impl Caller {
    /// Whether he may do what needs this role, where that is known only when the request is looked at.
    pub fn needs(&self, needed: Role) -> Result<(), Failure> {
        if needed <= self.role {
            return Ok(());
        }
        let detail = format!("`{}` has role {} and this needs {needed}", self.name, self.role);
        Err(forbidden(&detail, needed))
    }
}

fn enough(caller: Caller, needed: Role) -> Result<Caller, Failure> {
    caller.needs(needed).map(|()| caller)
}

fn forbidden(detail: &str, needed: Role) -> Failure {
    Failure::new(403, "forbidden", detail, format!("use a token with role {needed}"))
}

fn unauthorized() -> Failure {
    let next = "send `Authorization: Bearer TOKEN` with a token of the tokens file";
    Failure::new(401, "unauthorized", "no valid token was sent", next)
}

fn unknown(error: &ReviewError) -> Failure {
    let next = "try again; a token of the tokens file is known without asking";
    Failure::new(503, "authentication-unavailable", error.to_string(), next)
}

/// One line of the file.
fn entry(line: &str) -> Result<(Caller, SecretString), String> {
    let mut words = line.split_whitespace();
    let (Some(role), Some(name), Some(token), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err("it has not three words".to_owned());
    };
    let role = Role::parse(role).ok_or("its first word is no role")?;
    if token.chars().count() < MIN_TOKEN_CHARS {
        return Err(format!("its token is shorter than {MIN_TOKEN_CHARS} characters"));
    }
    Ok((Caller { name: name.to_owned(), role }, SecretString::from(token)))
}

/// An answer of an extractor that is still on its way.
type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, Failure>>>>;

/// The caller of this request, if he has at least this role.
fn caller_with(request: &HttpRequest, needed: Role) -> Extracted<Caller> {
    let tokens = request.app_data::<web::Data<Tokens>>().cloned();
    let header = request.headers().get(header::AUTHORIZATION);
    let header = header.and_then(|it| it.to_str().ok()).map(str::to_owned);
    Box::pin(async move {
        let Some(tokens) = tokens else {
            return Err(Failure::new(
                500,
                "no-authentication",
                "the service was put together without authentication",
                "this is a bug: report it",
            ));
        };
        tokens.authenticate(header, needed).await
    })
}

/// Handler argument: a caller who may see. Refuses with 401 or 403.
#[derive(Debug, Clone)]
pub struct Reader(pub Caller);
/// Handler argument: a caller who may order fixes. Refuses with 401 or 403.
#[derive(Debug, Clone)]
pub struct Orderer(pub Caller);
/// Handler argument: a caller who may also say yes to fixes. Refuses with 401 or 403.
#[derive(Debug, Clone)]
pub struct Actor(pub Caller);
/// Handler argument: a caller who may change the mode and the memory. Refuses with 401 or 403.
#[derive(Debug, Clone)]
pub struct Admin(pub Caller);

impl FromRequest for Reader {
    type Error = Failure;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = caller_with(request, Role::Read);
        Box::pin(async move { caller.await.map(Self) })
    }
}

impl FromRequest for Orderer {
    type Error = Failure;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = caller_with(request, Role::Order);
        Box::pin(async move { caller.await.map(Self) })
    }
}

impl FromRequest for Actor {
    type Error = Failure;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = caller_with(request, Role::Act);
        Box::pin(async move { caller.await.map(Self) })
    }
}

impl FromRequest for Admin {
    type Error = Failure;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = caller_with(request, Role::Admin);
        Box::pin(async move { caller.await.map(Self) })
    }
}

impl Deref for Reader {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl Deref for Orderer {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl Deref for Actor {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl Deref for Admin {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

#[cfg(test)]
mod tests;
