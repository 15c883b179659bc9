//! Credentials in HTTP headers.

use std::borrow::Cow;

use regex::Captures;

use super::{Fitting, Marking, Stage, group, values};

/// A header with its scheme; a scheme alone; a header without a scheme; a cookie that is set; cookies.
const PATTERNS: [&str; 5] = [
    r#"(?i)authorization["']?\s{0,4}[:=]\s{0,4}\[?["']?(?:bearer|basic|digest|token|apikey|negotiate|aws4-hmac-sha256)\s{1,4}(?P<secret>\[redacted:[0-9a-f]{8}\]|[^\s"'\\\]][^\r\n"'\\\]]*)"#,
    r"(?i)\b(?:bearer|basic)\s{1,4}(?P<shaped>(?P<secret>[A-Za-z0-9._~+/=-]{8,}))",
    r#"(?i)authorization["']?\s{0,4}[:=]\s{0,4}["']?(?P<shaped>(?P<secret>[^\s"':,]{16,}))"#,
    r#"(?i)\bset-cookie["']?\s{0,4}:\s{0,4}["']?(?P<secret>[^\s"'=]{1,200}=[^\r\n"';]*)"#,
    r#"(?i)(?:^|[^A-Za-z0-9-])cookie["']?\s{0,4}:\s{0,4}["']?(?P<secret>[^\s"'=]{1,200}=[^\r\n"']*)"#,
];

pub(super) const STAGE: Stage = Stage { patterns: &PATTERNS, redact };

fn redact<'t>(marks: &Marking<'_>, text: Cow<'t, str>, patterns: &Fitting<'_>) -> Cow<'t, str> {
    marks.replace_all(text, patterns, is_secret)
}

/// What only its shape tells from prose ("Bearer authentication failed") has to look drawn by chance.
fn is_secret(found: &Captures<'_>) -> bool {
    let shaped = group(found, "shaped");
    shaped.is_empty() || values::looks_random(shaped)
}
