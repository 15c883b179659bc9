//! PEM blocks, whole or cut off at either end.

use std::sync::LazyLock;

use regex::Regex;

use super::{Marking, compiled};

/// A whole block; one whose end is missing; one whose beginning is missing. Lines may be broken by
/// `\n` in so many letters, as in JSON.
///
/// A body never holds two dashes in a row, so the search for an end stops at the next block.
const PATTERNS: [&str; 3] = [
    r"(?P<secret>-----BEGIN [A-Z0-9 ]{1,40}-----(?:[^-]|-[^-])*-----END [A-Z0-9 ]{1,40}-----)",
    r"(?P<secret>-----BEGIN [A-Z0-9 ]{1,40}-----(?:(?:\s|\\[rn])*[A-Za-z0-9+/=]{16,})*(?:(?:\s|\\[rn])*[A-Za-z0-9+/=]{1,15}\z)?)",
    r"(?P<secret>(?:[A-Za-z0-9+/=]{4,}(?:\s|\\[rn])+)+-----END [A-Z0-9 ]{1,40}-----)",
];

static BLOCKS: LazyLock<Vec<Regex>> = LazyLock::new(|| compiled(&PATTERNS));

pub(super) fn redact(marks: &Marking<'_>, text: &str) -> String {
    if !text.contains("-----") {
        return text.to_owned();
    }
    BLOCKS.iter().fold(text.to_owned(), |text, it| marks.replace(&text, it, |_| true))
}

#[test]
fn every_pattern_is_one() {
    assert_eq!(BLOCKS.len(), PATTERNS.len());
}
