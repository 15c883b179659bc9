//! Values that a program shows because it cannot read them: `invalid value "…" for DB_PASSWORD`.

use std::borrow::Cow;

use regex::Regex;

use super::{Fitting, Marking, Stage, between, drawn, mark_at_start, names, values};

/// What complains, parts of the names of secrets, what is in quotes, and what stands alone.
const PATTERNS: [&str; 4] = [
    r"(?i)invalid|pars(?:e|ing)|convert|decod|reject|malformed|unmarshal|unsupported|must |cannot|could not|unexpected|illegal|bad |wrong|fail|error|not allowed|not match|too short|too long|denied|refused|has value|expected|unknown",
    r"[A-Za-z0-9_.-]*(?i:pas|pw|sec|cre|tok|api|key|auth|pin|jwt|dsn|conn|sig)[A-Za-z0-9_.-]*",
    r#"\\*"(?P<double>[^"\\\n]{1,512})\\*"|'(?P<single>[^'\n]{1,512})'|`(?P<back>[^`\n]{1,512})`|“(?P<high>[^”\n]{1,512})”"#,
    r#"(?:^|[\s:=(\[])(?P<word>[^\s"'`()\[\]<>{},;=]{8,512})"#,
];

/// Words before something in quotes that was read and is shown.
const SLOTS: [&str; 22] = [
    "value",
    "argument",
    "parsing",
    "parse",
    "convert",
    "converting",
    "decode",
    "decoding",
    "near",
    "got",
    "received",
    "str",
    "string",
    "input_value",
    "input",
    "text",
    "bytes",
    "characters",
    "contain",
    "provided",
    "unmarshal",
    "content",
];

/// Words before the name of something, which is no value.
const NAMED: [&str; 48] = [
    "user",
    "role",
    "database",
    "db",
    "host",
    "server",
    "file",
    "path",
    "field",
    "type",
    "flag",
    "key",
    "keys",
    "variable",
    "var",
    "env",
    "option",
    "parameter",
    "param",
    "property",
    "setting",
    "column",
    "table",
    "configmap",
    "namespace",
    "pod",
    "pods",
    "container",
    "volume",
    "image",
    "service",
    "account",
    "serviceaccount",
    "scheme",
    "method",
    "algorithm",
    "named",
    "called",
    "kind",
    "resource",
    "function",
    "module",
    "class",
    "group",
    "reference",
    "index",
    "label",
    "schema",
];

/// Types, as programs name them.
const TYPES: [&str; 16] = [
    "int", "integer", "string", "str", "bool", "boolean", "number", "float", "bytes", "array",
    "object", "list", "map", "url", "duration", "date",
];

/// Words between `for` and the name of what a value is for.
const KINDS: [&str; 12] = [
    "flag",
    "field",
    "key",
    "variable",
    "option",
    "env",
    "parameter",
    "argument",
    "setting",
    "property",
    "environment",
    "the",
];

/// Letters of the name of a secret.
const MAX_NAME: usize = 128;
/// Bytes beside something in quotes that are looked at.
const BESIDE: usize = 64;

pub(super) const STAGE: Stage = Stage { patterns: &PATTERNS, redact };

fn redact<'t>(marks: &Marking<'_>, text: Cow<'t, str>, patterns: &Fitting<'_>) -> Cow<'t, str> {
    let [(0, complaint), (1, named), (2, quoted), (3, alone)] = patterns else { return text };
    let mut res = String::new();
    let mut copied = 0;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let tells = complaint.is_match(line).then(|| tells(line, named)).flatten();
        let secrets = tells.map(|it| secrets(line, it, (quoted, alone)));
        for (at, secret) in secrets.into_iter().flatten() {
            res.push_str(between(&text, copied, start + at));
            res.push_str(&marks.mark(secret));
            copied = start + at + secret.len();
        }
        start += line.len();
    }
    if copied == 0 {
        return text;
    }
    res.push_str(between(&text, copied, text.len()));
    res.into()
}

/// What a line tells by a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tells {
    /// That it is about one secret.
    One,
    /// No more than that there are secrets.
    Prose,
}

/// Whether this line names a secret.
fn tells(line: &str, named: &Regex) -> Option<Tells> {
    let mut tells = None;
    for name in named.find_iter(line).map(|it| it.as_str()) {
        if MAX_NAME < name.len() || !names::is_secret(name) || drawn::is_drawn(name) {
            continue;
        }
        if names::is_one(name) {
            return Some(Tells::One);
        }
        tells = Some(Tells::Prose);
    }
    tells
}

/// The secrets in a line, with their places.
fn secrets<'l>(line: &'l str, tells: Tells, patterns: (&Regex, &Regex)) -> Vec<(usize, &'l str)> {
    let mut found = vec![];
    for it in patterns.0.captures_iter(line) {
        let groups = ["double", "single", "back", "high"];
        let Some(text) = groups.iter().find_map(|name| it.name(name)) else { continue };
        let whole = it.get(0).unwrap_or(text);
        let (before, behind) =
            (between(line, 0, whole.start()), between(line, whole.end(), line.len()));
        if is_quoted_secret(text.as_str(), before, behind, tells) {
            found.push((text.start(), text.as_str()));
        }
    }
    if tells == Tells::One {
        // What is in quotes was found in its order.
        let is_free = |at: usize| {
            let last = found.partition_point(|(start, _)| *start <= at).checked_sub(1);
            let last = last.and_then(|it| found.get(it));
            last.is_none_or(|(start, it): &(usize, &str)| start + it.len() <= at)
        };
        let words = patterns.1.captures_iter(line).filter_map(|it| it.name("word"));
        let alone = words.filter_map(|it| {
            let text = it.as_str().trim_end_matches(['.', ':', '!', '?']);
            let before = word_before(between(line, 0, it.start()));
            // Codes of errors stand between colons, parts of addresses between other signs.
            (drawn::is_drawn(text)
                && !text.contains([':', '%', '&'])
                && !NAMED.contains(&&*before)
                && !names::is_secret(text))
            .then_some((it.start(), text))
        });
        let alone: Vec<_> = alone.filter(|it| is_free(it.0)).collect();
        found.extend(alone);
    }
    found.sort_unstable();
    found
}

/// Whether what is in quotes in a complaint is the value that it is about.
fn is_quoted_secret(text: &str, before: &str, behind: &str, tells: Tells) -> bool {
    let is_marked = text.contains(super::MARK) || mark_at_start(text).is_some();
    let is_drawn = drawn::is_drawn(text);
    let is_name = !is_drawn && text.split([' ', '<', '>', '=']).any(names::is_secret);
    let is_other = text.starts_with('/')
        || text.contains("://")
        || values::is_function(text)
        || TYPES.contains(&text);
    if is_marked || is_name || is_other || values::is_harmless(text) || is_for_another(behind) {
        return false;
    }
    let word = word_before(before);
    if NAMED.contains(&&*word) {
        return false;
    }
    let before = near_end(before).trim_end();
    let is_last = before.ends_with(':') && behind.len() <= BESIDE && behind.trim().len() <= 1;
    let is_slot = SLOTS.contains(&&*word) || names::is_one(&word) || before.ends_with("data in");
    is_drawn || tells == Tells::One && (is_slot || is_last)
}

/// The word before, in small letters where it is no name.
fn word_before(before: &str) -> String {
    let near = near_end(before).trim_end_matches([' ', '\t', ':', '=', '(', '[']);
    let near = near.trim_end_matches(['"', '\'', '>', '\\']);
    let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '.' | '-');
    let word = near.rsplit(|it| !is_part(it)).next().unwrap_or_default();
    if names::is_secret(word) { word.to_owned() } else { word.to_lowercase() }
}

/// The end of what stands before something, as far as it is looked at.
fn near_end(before: &str) -> &str {
    let start = before.ceil_char_boundary(before.len().saturating_sub(BESIDE));
    between(before, start, before.len())
}

/// Whether what follows says that the value is for something that is no secret.
fn is_for_another(behind: &str) -> bool {
    let near = between(behind, 0, behind.floor_char_boundary(BESIDE));
    let Some(rest) = near.trim_start().strip_prefix("for ") else { return false };
    let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '.' | '-');
    let mut names =
        rest.split(|it| !is_part(it)).filter(|it| !it.is_empty() && !KINDS.contains(it));
    names.next().is_some_and(|it| !names::is_secret(it))
}
