//! Keys that no prefix tells: secret access keys of AWS, and long keys drawn by chance behind the word for one.

use std::borrow::Cow;

use regex::Captures;

use super::{Fitting, Marking, Stage, group};

/// In order: forty letters of base64 behind a word or a key id that tells whose they are, and before one; a long
/// word of letters and digits behind a word for a key; hexadecimal digits there.
const PATTERNS: [&str; 4] = [
    r"(?:(?i:aws|amazon|secret)|\b(?:AKIA|ASIA)[A-Z0-9]{16})[^\n]{0,100}?[^A-Za-z0-9/+=](?P<cloud>(?P<secret>[A-Za-z0-9/+]{40}))(?:[^A-Za-z0-9/+=]|$)",
    r"(?:^|[^A-Za-z0-9/+=:@_.-])(?P<cloud>(?P<secret>[A-Za-z0-9/+]{40}))[^A-Za-z0-9/+=_.-](?:[^\n]{0,100}?[^A-Za-z0-9/+=\n])?(?:(?i:aws|amazon|secret)\b|(?:AKIA|ASIA)[A-Z0-9]{16}\b)",
    r#"(?i)\b(?:token|secret|key|apikey|credential)s?[ \t]{1,8}["'(\[]?(?P<drawn>(?P<secret>[A-Za-z0-9_+/=~-]{20,512}))"#,
    r#"(?i)\b(?:token|secret)[ \t]{1,8}["'(\[]?(?P<hex>(?P<secret>[0-9a-f]{32,512}))\b"#,
];

pub(super) const STAGE: Stage = Stage { patterns: &PATTERNS, redact };

fn redact<'t>(marks: &Marking<'_>, text: Cow<'t, str>, patterns: &Fitting<'_>) -> Cow<'t, str> {
    marks.replace_all(text, patterns, is_secret)
}

/// Paths, hashes of commits and names of objects are as long: none has small letters, capitals and digits together.
fn is_secret(found: &Captures<'_>) -> bool {
    let (cloud, drawn, hex) = (group(found, "cloud"), group(found, "drawn"), group(found, "hex"));
    let n = |text: &str, is: fn(&u8) -> bool| text.bytes().filter(is).count();
    let is_mixed = |text: &str, least: usize| {
        [u8::is_ascii_lowercase as fn(&u8) -> bool, u8::is_ascii_uppercase, u8::is_ascii_digit]
            .into_iter()
            .all(|it| least <= n(text, it))
    };
    is_mixed(cloud, 1) && !cloud.starts_with('/')
        || is_mixed(drawn, 2) && !drawn.starts_with('/')
        || n(hex, u8::is_ascii_digit) != 0 && n(hex, u8::is_ascii_alphabetic) != 0
}
