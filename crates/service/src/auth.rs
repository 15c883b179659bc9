//! Who calls, and what he may do: bearer tokens with roles, from a file.

use std::fmt;
use std::future::{Ready, ready};
use std::ops::Deref;
use std::path::Path;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::problem::Failure;

/// A token shorter than this can be guessed.
const MIN_TOKEN_CHARS: usize = 16;
/// More callers than this want an identity provider, not a file.
const MAX_TOKENS: usize = 256;

/// What a caller may do; each role includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// See.
    Read,
    /// Order and approve fixes.
    Act,
    /// Change the mode and the memory.
    Admin,
}

impl Role {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "read" => Some(Self::Read),
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
        "tokens file {path}, line {line}: {reason}; a line is `role name token` with role read, act or admin"
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
}

impl Tokens {
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
            _ => Ok(Self { entries }),
        }
    }

    /// Whether callers are authenticated.
    pub fn is_set(&self) -> bool {
        !self.entries.is_empty()
    }

    /// The caller behind this token. Every entry is compared, in time that does not depend on the bytes.
    fn caller(&self, token: &str) -> Option<&Caller> {
        self.entries.iter().fold(None, |found, (caller, known)| {
            let same = known.expose_secret().as_bytes().ct_eq(token.as_bytes());
            if bool::from(same) { Some(caller) } else { found }
        })
    }

    fn authenticate(&self, request: &HttpRequest) -> Result<Caller, Failure> {
        if !self.is_set() {
            return Ok(Caller { name: "anonymous".to_owned(), role: Role::Admin });
        }
        request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|it| it.to_str().ok())
            .and_then(|it| it.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
            .and_then(|(_, token)| self.caller(token.trim()))
            .cloned()
            .ok_or_else(|| {
                Failure::new(
                    401,
                    "unauthorized",
                    "no valid token was sent",
                    "send `Authorization: Bearer TOKEN` with a token of the tokens file",
                )
            })
    }
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

/// The caller of this request, if he has at least this role.
fn caller_with(request: &HttpRequest, needed: Role) -> Result<Caller, Failure> {
    let Some(tokens) = request.app_data::<web::Data<Tokens>>() else {
        return Err(Failure::new(
            500,
            "no-authentication",
            "the service was put together without authentication",
            "this is a bug: report it",
        ));
    };
    let caller = tokens.authenticate(request)?;
    if caller.role < needed {
        return Err(Failure::new(
            403,
            "forbidden",
            format!("`{}` has role {} and this needs {needed}", caller.name, caller.role),
            format!("use a token with role {needed}"),
        ));
    }
    Ok(caller)
}

/// Handler argument: a caller who may see. Refuses with 401 or 403.
#[derive(Debug, Clone)]
pub struct Reader(pub Caller);
/// Handler argument: a caller who may order and approve fixes. Refuses with 401 or 403.
#[derive(Debug, Clone)]
pub struct Actor(pub Caller);
/// Handler argument: a caller who may change the mode and the memory. Refuses with 401 or 403.
#[derive(Debug, Clone)]
pub struct Admin(pub Caller);

impl FromRequest for Reader {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(caller_with(request, Role::Read).map(Self))
    }
}

impl FromRequest for Actor {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(caller_with(request, Role::Act).map(Self))
    }
}

impl FromRequest for Admin {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(caller_with(request, Role::Admin).map(Self))
    }
}

impl Deref for Reader {
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
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const FILE: &str = "# people\nread dashboard aaaaaaaaaaaaaaaaaaaa\nact reflexion bbbbbbbbbbbbbbbbbbbb\nadmin ana cccccccccccccccccccc\n";

    #[track_caller]
    fn check(header: Option<&str>, needed: Role, status: Option<u16>) {
        let tokens = web::Data::new(Tokens::parse(FILE, "tokens").unwrap());
        let mut request = TestRequest::default().app_data(tokens);
        if let Some(header) = header {
            request = request.insert_header(("Authorization", header));
        }
        let answer = caller_with(&request.to_http_request(), needed);
        assert_eq!(answer.err().map(|it| it.0.status), status);
    }

    #[test]
    fn a_token_opens_what_its_role_allows_and_no_more() {
        check(Some("Bearer aaaaaaaaaaaaaaaaaaaa"), Role::Read, None);
        check(Some("Bearer aaaaaaaaaaaaaaaaaaaa"), Role::Act, Some(403));
        check(Some("Bearer bbbbbbbbbbbbbbbbbbbb"), Role::Act, None);
        check(Some("Bearer bbbbbbbbbbbbbbbbbbbb"), Role::Admin, Some(403));
        check(Some("Bearer cccccccccccccccccccc"), Role::Admin, None);
    }

    /// RFC 9110, 11.1: the scheme is case-insensitive.
    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        check(Some("bearer aaaaaaaaaaaaaaaaaaaa"), Role::Read, None);
        check(Some("BEARER  aaaaaaaaaaaaaaaaaaaa"), Role::Read, None);
        check(Some("bearer AAAAAAAAAAAAAAAAAAAA"), Role::Read, Some(401));
    }

    #[test]
    fn one_token_is_one_caller() {
        let text = "read a aaaaaaaaaaaaaaaaaaaa\n\nadmin b aaaaaaaaaaaaaaaaaaaa";
        let error = Tokens::parse(text, "tokens").unwrap_err().to_string();

        assert!(error.contains("line 3: its token is that of `a` above"), "{error}");
        assert!(!error.contains("aaaaaaaaaaaaaaaaaaaa"), "{error}");
    }

    #[test]
    fn nothing_or_something_wrong_opens_nothing() {
        check(None, Role::Read, Some(401));
        check(Some("Bearer "), Role::Read, Some(401));
        check(Some("Bearer aaaaaaaaaaaaaaaaaaa"), Role::Read, Some(401));
        check(Some("Basic aaaaaaaaaaaaaaaaaaaa"), Role::Read, Some(401));
        check(Some("aaaaaaaaaaaaaaaaaaaa"), Role::Read, Some(401));
    }

    #[test]
    fn a_bad_file_is_refused_without_showing_the_token() {
        for text in ["", "read x short", "root x aaaaaaaaaaaaaaaaaaaa", "read aaaaaaaaaaaaaaaaaaaa"]
        {
            let error = Tokens::parse(text, "tokens").unwrap_err().to_string();
            assert!(!error.contains("aaaaaaaaaaaaaaaaaaaa"), "{error}");
        }
    }
}
