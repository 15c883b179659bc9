//! Values that stand behind a name which says that they are secret.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::values::{self, Place, Value};
use super::{Marking, between, compiled, group, names};

/// A value before a colon is the next part of an error message, unless it is as long as this.
const MIN_SECRET_BEFORE_COLON: usize = 16;

/// A secret's name and what may stand between it and its value.
///
/// In order: a name with `=` or `:`; a Kubernetes `env` entry in JSON, in YAML and as Go prints it; two
/// arguments in a JSON list; two arguments on a command line.
const PATTERNS: [&str; 4] = [
    r#"(?P<name>[A-Za-z0-9_.-]*(?i:pass|pwd|secret|token|credential|key|signature|session|auth|jwt|sig|cookie|pin|dsn|conn|dockerc)[A-Za-z0-9_.-]*)(?P<quote>\\*["'`]?)[ \t]{0,8}(?P<separator>=>|:=|={1,2}|:)[ \t]{0,8}"#,
    r#"(?i:\\*["']?name\\*["']?)[ \t]{0,8}:[ \t]{0,8}\\*["']?(?P<name>[A-Za-z0-9_.-]+)\\*["']?(?:[ \t]{0,8},|[ \t]{0,8}\r?\n|[ \t])[ \t]{0,40}(?i:\\*["']?value\\*["']?)[ \t]{0,8}(?P<separator>:)[ \t]{0,8}"#,
    r#"\\*["']-{0,2}(?P<name>[A-Za-z0-9_.-]+)\\*["'][ \t]{0,8}(?P<separator>,)[ \t\r\n]{0,40}(?P<listed>\b|[\\"'])"#,
    r"(?:^|\s)--?(?P<name>[A-Za-z0-9_.-]+)(?P<separator>[ \t]{1,8})\b",
];

static ASSIGNMENTS: LazyLock<Vec<Regex>> = LazyLock::new(|| compiled(&PATTERNS));

pub(super) fn redact(marks: &Marking<'_>, text: &str) -> String {
    ASSIGNMENTS.iter().fold(text.to_owned(), |text, it| replace(marks, &text, it))
}

fn replace(marks: &Marking<'_>, text: &str, pattern: &Regex) -> String {
    let mut res = String::with_capacity(text.len());
    let mut copied = 0;
    for it in named(text, pattern).filter(|it| it.is_secret) {
        res.push_str(between(text, copied, it.start));
        res.push_str(&marks.mark(it.value.text));
        copied = it.start + it.value.text.len();
    }
    res.push_str(between(text, copied, text.len()));
    res
}

/// A secret's name was read, and behind it this.
struct Named<'t> {
    /// Where the value begins.
    start: usize,
    value: Value<'t>,
    is_secret: bool,
}

/// What stands behind the names of secrets. The value is read by hand from where the pattern ends: it may end far away,
/// and when it is none, the search goes on at its beginning. So what is none must not be long, else it would be read
/// again from each name in it.
fn named<'t>(text: &'t str, pattern: &'t Regex) -> impl Iterator<Item = Named<'t>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let found = pattern.captures_at(text, from)?;
            let whole = found.get(0)?;
            let begin = found.name("listed").map_or(whole.end(), |it| it.start());
            // A match is never empty: it holds a name.
            from = begin.max(whole.start() + 1);
            if !names::is_secret(group(&found, "name")) {
                continue;
            }
            let value = values::read(between(text, begin, text.len()));
            let start = begin + value.start;
            let behind = between(text, start + value.text.len(), text.len());
            let is_member = group(&found, "separator") == "," && names_a_member(behind);
            let is_secret = !is_member && is_secret(&found, value);
            if is_secret {
                from = start + value.text.len();
            }
            return Some(Named { start, value, is_secret });
        }
    })
}

/// Whether what stands before this is the name of the next member of an object, and no argument:
/// `"password","name":"db"`.
fn names_a_member(behind: &str) -> bool {
    let quotes = behind.chars().take_while(|it| "\\\"'".contains(*it)).count();
    quotes != 0
        && behind
            .get(quotes..)
            .is_some_and(|it| it.trim_start_matches([' ', '\t']).starts_with(':'))
}

/// Whether the value behind a secret's name is one: names and colons also stand in error messages.
fn is_secret(found: &Captures<'_>, value: Value<'_>) -> bool {
    if value.text.is_empty() || values::is_harmless(value.text) {
        return false;
    }
    let random = values::looks_random(value.text);
    match value.place {
        Place::Quoted => true,
        Place::BeforeColon if group(found, "separator") == ":" => {
            random && MIN_SECRET_BEFORE_COLON <= value.text.len()
        }
        Place::EndOfLine | Place::BeforeColon | Place::Inside => match group(found, "separator") {
            // `volume "token" : secret "x" not found` has quotes around the name alone.
            ":" if group(found, "quote").is_empty() => random || value.place == Place::EndOfLine,
            ":" | "," => random,
            // Between two arguments stands white space alone.
            it if it.trim().is_empty() => random || value.place == Place::EndOfLine,
            _ => true,
        },
    }
}

#[test]
fn every_pattern_is_one() {
    assert_eq!(ASSIGNMENTS.len(), PATTERNS.len());
}

/// Each pattern takes time in proportion to the text: that is what its engine promises of a search, and none begins
/// before the end of the last. What is read by hand is counted here: a seed that is read from each of its
/// repetitions to the end would be read thousands of times over.
#[test]
fn of_a_long_hostile_text_no_letter_is_read_more_than_some_hundred_times() {
    const LENGTH: usize = 64 << 10;
    const SEEDS: [&str; 32] = [
        "auth:a,",
        "auth:a ",
        "token:",
        "token: ",
        "token:a:",
        "token:a: ",
        "token=not ",
        "token:1,",
        "password=",
        "token=\"${",
        "token=${",
        "token=$(",
        "token:'{{",
        "key={{",
        "key=<set to the key",
        "\\\"token\\\":",
        "name: token\n",
        "name: token value: ",
        "\"a\",",
        "\"token\",",
        "\"token\",${",
        "--token ",
        "--token ${",
        "--token -",
        "token=[redacted:",
        "token=[redacted:01234567]",
        "token=***",
        "token=xxx",
        "token=)",
        "token='",
        "token=`a",
        "cookie: ",
    ];
    for seed in SEEDS {
        let text = seed.repeat(LENGTH / seed.len());
        for pattern in ASSIGNMENTS.iter() {
            let read: usize = named(&text, pattern).map(|it| it.value.read).sum();
            assert!(read <= 300 * LENGTH, "{read} letters of {LENGTH}: {seed:?}, {pattern}");
        }
    }
}
