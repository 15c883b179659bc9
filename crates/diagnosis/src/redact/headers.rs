//! Credentials in HTTP headers and on the command lines of clients.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{Marking, compiled, group, values};

/// A header with its scheme; a scheme alone; a header without a scheme; cookies; `redis-cli -a`; `mysql -p`;
/// a line of a Redis configuration; `curl -u`.
const PATTERNS: [&str; 8] = [
    r#"(?i)authorization["']?\s{0,4}[:=]\s{0,4}["']?(?:bearer|basic|digest|token|apikey|negotiate|aws4-hmac-sha256)\s{1,4}(?P<secret>[^\s"'\\][^\r\n"'\\]*)"#,
    r"(?i)\b(?:bearer|basic)\s{1,4}(?P<shaped>(?P<secret>[A-Za-z0-9._~+/=-]{8,}))",
    r#"(?i)authorization["']?\s{0,4}[:=]\s{0,4}["']?(?P<shaped>(?P<secret>[^\s"':,]{16,}))"#,
    r#"(?i)\b(?:set-)?cookie["']?\s{0,4}:\s{0,4}["']?(?P<secret>[^\s"'=]{1,200}=[^\r\n"']*)"#,
    r"\bredis-cli\b[^\r\n|;]{0,200}?\s(?:-a|--pass)[ =](?P<secret>\S+)",
    r"\bmysql(?:dump|admin|import)?\b[^\r\n|;]{0,200}?\s-p(?P<secret>[^\s=-]\S*)",
    r#"(?:^|[\s"'])(?:requirepass|masterauth)[ \t]{1,8}(?P<secret>\S+)"#,
    r"(?:\s|^)(?:-u|--user|--proxy-user)[ =][^\s:/]{1,200}:(?P<secret>\S+)",
];

static HEADERS: LazyLock<Vec<Regex>> = LazyLock::new(|| compiled(&PATTERNS));

pub(super) fn redact(marks: &Marking<'_>, text: &str) -> String {
    HEADERS.iter().fold(text.to_owned(), |text, it| marks.replace(&text, it, is_secret))
}

/// What only its shape tells from prose ("Bearer authentication failed") has to look drawn by chance.
fn is_secret(found: &Captures<'_>) -> bool {
    let shaped = group(found, "shaped");
    shaped.is_empty() || values::looks_random(shaped)
}

#[test]
fn every_pattern_is_one() {
    assert_eq!(HEADERS.len(), PATTERNS.len());
}
