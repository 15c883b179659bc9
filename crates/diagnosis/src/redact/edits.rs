//! Values of environment variables in edits and in lists of variables: that they change is shown, not to what.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{Marking, compiled, group, names, values};

/// Both sides of an edit; a value that stands before its name.
const PATTERNS: [&str; 3] = [
    r#"/env/[0-9]+/value: (?P<secret>"(?:[^"\\]|\\.)*") -> "#,
    r#"/env/[0-9]+/value: [^ ]{1,20} -> (?P<secret>"(?:[^"\\]|\\.)*")"#,
    r#""value"[ \t]{0,8}:[ \t]{0,8}"(?P<secret>(?:[^"\\]|\\.)+)"[ \t]{0,8},[ \t]{0,8}"name"[ \t]{0,8}:[ \t]{0,8}"(?P<name>[^"]{1,253})""#,
];

static EDITS: LazyLock<Vec<Regex>> = LazyLock::new(|| compiled(&PATTERNS));

pub(super) fn redact(marks: &Marking<'_>, text: &str) -> String {
    EDITS.iter().fold(text.to_owned(), |text, it| marks.replace(&text, it, is_secret))
}

fn is_secret(found: &Captures<'_>) -> bool {
    let name = group(found, "name");
    name.is_empty() || (names::is_secret(name) && !values::is_harmless(group(found, "secret")))
}

#[test]
fn every_pattern_is_one() {
    assert_eq!(EDITS.len(), PATTERNS.len());
}
