//! Where something that was hidden once is taken for the secret that it is.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{Hidden, MARK, values};

/// Bytes of a value that is looked for: a key of 4096 bits as PEM has three thousand.
const MAX_LENGTH: usize = 4096;
/// Characters of a value that is looked for: shorter ones are in every log.
const MIN_LENGTH: usize = 6;
/// Characters of one that is looked for inside words as well.
const LONG: usize = 12;

/// Words that are often a password and oftener none: whoever set one of them keeps no secret, and without them no log
/// could be read.
const COMMON: [&str; 26] = [
    "password",
    "passwort",
    "passwd",
    "secret",
    "postgres",
    "postgresql",
    "mariadb",
    "mongodb",
    "rabbitmq",
    "elastic",
    "grafana",
    "database",
    "default",
    "changeme",
    "change-me",
    "changeit",
    "example",
    "enabled",
    "disabled",
    "optional",
    "required",
    "anonymous",
    "kubernetes",
    "localhost",
    "minioadmin",
    "strict",
];

/// Where a secret is taken for one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Anywhere, also within a word.
    Anywhere,
    /// Where neither a letter nor a digit is next to it.
    Apart,
    /// Where it is a word of its own, and no part of a name.
    Word,
}

impl Place {
    pub(super) fn is_apart(self, next: Option<char>) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Apart => next.is_none_or(|it| !it.is_alphanumeric()),
            Self::Word => {
                next.is_none_or(|it| !it.is_alphanumeric() && !matches!(it, '-' | '_' | '/'))
            }
        }
    }
}

/// Where something that was hidden is taken for the secret that it is; `None` where it may be anything.
pub(super) fn place(hidden: &Hidden, names: &BTreeSet<&str>) -> Option<Place> {
    let text = hidden.text.trim();
    let n = text.chars().count();
    if n < MIN_LENGTH || MAX_LENGTH < text.len() || text.contains(MARK) {
        return None;
    }
    let host = text.rsplit_once(':').map_or(text, |it| it.0);
    if values::is_harmless(text) || is_setting(text) || names.contains(text) || names.contains(host)
    {
        return None;
    }
    let is_number = text.chars().all(|it| it.is_ascii_digit());
    if is_number || !values::looks_random(text) {
        let is_word = hidden.is_word && !COMMON.contains(&&*text.to_ascii_lowercase());
        return is_word.then_some(Place::Word);
    }
    Some(if n < LONG { Place::Apart } else { Place::Anywhere })
}

/// Whether it is an address, a path or an amount of time: something that names of secrets are also given to, and that
/// is in logs for its own sake. The password in an address is hidden for itself.
fn is_setting(text: &str) -> bool {
    let is_small = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    let host = text.rsplit_once(':').filter(|it| it.1.bytes().all(|it| it.is_ascii_digit()));
    let host = host.map_or(text, |it| it.0);
    let (_, last) = host.rsplit_once('.').unwrap_or_default();
    let is_host = 2 <= last.len()
        && last.bytes().all(|it| it.is_ascii_lowercase())
        && host.split('.').all(|it| !it.is_empty() && it.chars().all(is_small));
    let is_path = text.starts_with('/')
        && text.chars().all(|it| is_small(it) || matches!(it, '/' | '.' | '_'));
    text.contains("://") || host.parse::<IpAddr>().is_ok() || is_host || is_path || is_span(text)
}

/// `90s`, `1h30m`.
fn is_span(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let unit = rest.trim_start_matches(|it: char| it.is_ascii_digit());
        let behind = unit.trim_start_matches(|it: char| it.is_ascii_lowercase());
        let length = unit.len() - behind.len();
        if unit.len() == rest.len() || !(1..=2).contains(&length) {
            return false;
        }
        rest = behind;
    }
    true
}
