//! Secrets that are known by their shape alone.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{Marking, compiled, group};

/// Letters in a row, without a hyphen, that no name of a pod has: a key of the model providers has them.
const MIN_RUN: usize = 24;

/// In order: JSON web tokens; AWS key ids; Google API keys and access tokens; GitHub; GitLab; Slack tokens; JSON
/// and DER in base64; webhooks; model providers; Stripe; npm, Docker Hub, Hugging Face, `DigitalOcean`; Vault;
/// `SendGrid`; Telegram; age.
const PATTERNS: [&str; 21] = [
    r"\b(?P<secret>eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,3})",
    r"\b(?P<secret>(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AIPA|ANPA|ANVA|AROA)[A-Z0-9]{16})\b",
    r"\b(?P<secret>AIza[A-Za-z0-9_-]{35})",
    r"\b(?P<secret>ya29\.[A-Za-z0-9_-]{20,})",
    r"\b(?P<secret>gh[opsur]_[A-Za-z0-9]{20,})",
    r"\b(?P<secret>github_pat_[A-Za-z0-9_]{20,})",
    r"\b(?P<secret>gl(?:pat|ptt|rt|soat|ft|dt)-[A-Za-z0-9_-]{16,})",
    r"\b(?P<secret>xox[abeoprs]-[A-Za-z0-9-]{10,})",
    r"\b(?P<secret>xapp-[A-Za-z0-9-]{10,})",
    r"\b(?P<secret>eyJ[A-Za-z0-9+/_-]{20,}={0,2})",
    r"\b(?P<secret>MII[A-Za-z0-9+/]{60,}={0,2})",
    r"discord(?:app)?\.com/api/webhooks/[0-9]{1,20}/(?P<secret>[A-Za-z0-9_-]{8,})",
    r"hooks\.slack\.com/(?:services|workflows)/(?P<secret>[A-Za-z0-9/_-]{8,})",
    r"\b(?P<key>(?P<secret>sk-[A-Za-z0-9_-]{20,}))",
    r"\b(?P<secret>(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9]{10,})",
    r"\b(?P<secret>(?:npm_|dckr_pat_|hf_|do[opr]_v1_)[A-Za-z0-9_-]{20,})",
    r"\b(?P<secret>hv[bs]\.[A-Za-z0-9_-]{20,})",
    r"\b(?P<secret>SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})",
    r"\b(?:bot)?(?P<secret>[0-9]{8,10}:AA[A-Za-z0-9_-]{30,})",
    r"\b(?P<secret>AGE-SECRET-KEY-1[A-Z0-9]{20,})",
    r"\b(?P<secret>AccountKey=[A-Za-z0-9+/]{20,}={0,2})",
];

static SHAPES: LazyLock<Vec<Regex>> = LazyLock::new(|| compiled(&PATTERNS));

pub(super) fn redact(marks: &Marking<'_>, text: &str) -> String {
    SHAPES.iter().fold(text.to_owned(), |text, it| marks.replace(&text, it, is_secret))
}

/// `sk-` also begins names of people's own; a key has capitals, or more letters in a row than a name.
fn is_secret(found: &Captures<'_>) -> bool {
    let key = group(found, "key");
    key.is_empty()
        || key.bytes().any(|it| it.is_ascii_uppercase())
        || key.split(['-', '_']).any(|it| MIN_RUN <= it.len())
}

#[test]
fn every_pattern_is_one() {
    assert_eq!(SHAPES.len(), PATTERNS.len());
}
