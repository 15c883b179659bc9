//! PEM blocks, whole or cut off at either end.

use std::borrow::Cow;

use regex::Captures;

use super::{Fitting, Marking, Stage, group};

/// A whole block; one whose end is missing; one whose beginning is missing, some lines of which may be marked already;
/// one of which both are, by two lines of the length that they have in a block; one in base64. Lines may be broken by
/// `\n` in so many letters, as in JSON.
///
/// A body never holds two dashes in a row, so the search for an end stops at the next block.
const PATTERNS: [&str; 5] = [
    r"(?P<secret>-----BEGIN [A-Z0-9 ]{1,40}-----(?:[^-]|-[^-])*-----END [A-Z0-9 ]{1,40}-----)",
    r"(?P<secret>-----BEGIN [A-Z0-9 ]{1,40}-----(?:(?:\s|\\[rn])*[A-Za-z0-9+/=]{16,})*(?:(?:\s|\\[rn])*[A-Za-z0-9+/=]{1,15}\z)?)",
    r"(?P<secret>(?:(?:[A-Za-z0-9+/=]{4,}|\[redacted:[0-9a-f]{8}\])(?:\s|\\[rn])+)+-----END [A-Z0-9 ]{1,40}-----)",
    r"(?P<body>(?P<secret>(?:\A|\n)[A-Za-z0-9+/]{1,64}\n(?:(?:[A-Za-z0-9+/]{64}|\[redacted:[0-9a-f]{8}\])\n){2,}(?:[A-Za-z0-9+/]{1,64}={0,2}(?:\n|\z))?))",
    r"\b(?P<secret>LS0tLS1CRUdJTi[A-Za-z0-9+/]{20,}={0,2})",
];

/// The place of the pattern for the inside of a block, and how long that is at least.
const BODY: usize = 3;
const MIN_BODY: usize = 130;

pub(super) const STAGE: Stage = Stage { patterns: &PATTERNS, redact };

fn redact<'t>(marks: &Marking<'_>, text: Cow<'t, str>, patterns: &Fitting<'_>) -> Cow<'t, str> {
    let is_long = MIN_BODY <= text.len() && text.contains('\n');
    let kept = patterns.iter().filter(|it| it.0 != BODY || is_long);
    marks.replace_all(text, &kept.copied().collect::<Vec<_>>(), is_secret)
}

/// A list of hashes has lines of one length as well, without capitals.
fn is_secret(found: &Captures<'_>) -> bool {
    let body = group(found, "body").as_bytes();
    body.is_empty()
        || body.iter().any(u8::is_ascii_uppercase) && body.iter().any(u8::is_ascii_lowercase)
}
