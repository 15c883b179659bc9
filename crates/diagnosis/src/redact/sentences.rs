//! Secrets that are told in words, in SQL and in XML.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{Marking, compiled, group, names, values};

/// In order: a sentence that tells one; a name and its value side by side; a pair of user and password; a statement
/// that sets a password, and other names of secrets before a quoted one, with each kind of quote; one in brackets;
/// an element of XML.
const PATTERNS: [&str; 7] = [
    r"(?i)\b(?:password|passwd|passphrase|api[ -]?key|secret|token)[ \t]{1,8}(?:(?:is |was )?(?:set |changed )?to|is|was)[ \t]{0,8}:?[ \t]{1,8}(?P<shaped>(?P<secret>[^\s,;<>]{1,512}))",
    r"(?i)\b(?:passwd|pwd|api[ -]?key|(?:encryption|signing|access)[ -]key|(?:otp|access|auth|login) code)[ \t]{0,8}:?[ \t]{1,8}(?P<shaped>(?P<secret>[^\s,;<>:=/][^\s,;<>:=]{1,512}))",
    r"(?i)\bcredentials?[ \t]{0,8}:?[ \t]{1,8}[^\s:]{1,64}:(?P<secret>[^\s,;<>]{1,512})",
    r"(?i)\b(?:password|passwd|passphrase|user\b[^\n]{0,200}\bidentified[ \t]{1,8}by)[ \t]{1,8}'(?P<shaped>(?P<secret>[^'\n]{1,512}))'",
    r#"(?i)\b(?:password|passwd|passphrase|user\b[^\n]{0,200}\bidentified[ \t]{1,8}by)[ \t]{1,8}\\?"(?P<shaped>(?P<secret>[^"\\\n]{1,512}))\\?""#,
    r"(?i)\b(?:password|passwd|passphrase)[ \t]{1,8}\((?P<shaped>(?P<secret>[^()\s]{1,512}))\)",
    r"<(?P<name>[A-Za-z0-9_.:-]{1,128})(?:[ \t][^<>\n]{0,256})?>(?P<secret>[^<>\n]{1,512})</",
];

static TOLD: LazyLock<Vec<Regex>> = LazyLock::new(|| compiled(&PATTERNS));

pub(super) fn redact(marks: &Marking<'_>, text: &str) -> String {
    TOLD.iter().fold(text.to_owned(), |text, it| marks.replace(&text, it, is_secret))
}

/// Whether it is one: "the password is required" tells none, and `<name>` is no secret's element.
fn is_secret(found: &Captures<'_>) -> bool {
    let shaped = group(found, "shaped");
    let is_told = found.name("name").is_none_or(|it| names::is_secret(it.as_str()));
    is_told
        && !values::is_harmless(group(found, "secret").trim())
        && (shaped.is_empty() || values::looks_random(shaped))
}

#[test]
fn every_pattern_is_one() {
    assert_eq!(TOLD.len(), PATTERNS.len());
}
