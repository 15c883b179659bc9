//! Secrets of Kubernetes that are printed whole, of which every member is one; rows of a table that has a column of
//! them.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{Fitting, Marking, Stage, between, group, inside_mark, names, values};

/// What a row has in the columns that are named; what says that this is a Secret.
const PATTERNS: [&str; 2] = [
    r"(?i)\b(?:insert|replace)[ \t]+into[ \t]+[^\s(]{1,128}[ \t]{0,8}\((?P<columns>[^()\n]{1,2000})\)\s{0,8}values\s{0,8}(?P<secret>\([^\n;]{1,4000})",
    r#"(?:^|[\s{,"'])kind\\*["']?[ \t]{0,8}:[ \t]{0,8}\\*["']?Secret(?:[\s\\"',]|$)"#,
];

/// The members of a Secret in JSON, and each of them; a line of one in YAML.
const OBJECT: [&str; 3] = [
    r#"\\*"(?:data|stringData)\\*"[ \t\r\n]{0,40}:[ \t\r\n]{0,40}\{(?P<members>[^{}]{1,65536})\}"#,
    r#"\\*"[ \t]{0,8}:[ \t]{0,8}\\*"(?P<secret>[^"\\]{1,65536})\\*""#,
    r#"^[ \t]*(?:\\*["']?[A-Za-z0-9_.-]{1,253}\\*["']?:[ \t]*)?["']?(?P<secret>[^\s"'][^\r\n"']*)"#,
];

static PARTS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| OBJECT.iter().filter_map(|it| crate::patterns::pattern(it)).collect());

pub(super) const STAGE: Stage = Stage { patterns: &PATTERNS, redact };

fn redact<'t>(marks: &Marking<'_>, mut text: Cow<'t, str>, patterns: &Fitting<'_>) -> Cow<'t, str> {
    for (place, pattern) in patterns {
        let redacted = match place {
            0 => marks.replace(&text, pattern, is_row),
            _ if pattern.is_match(&text) => object(marks, &text),
            _ => None,
        };
        text = redacted.map_or(text, Cow::from);
    }
    text
}

/// The text with every member of a Secret marked.
fn object(marks: &Marking<'_>, text: &str) -> Option<String> {
    let [members, member, line] = &PARTS[..] else { return None };
    let mut spots = in_json(text, (members, member));
    spots.extend(in_yaml(text, line));
    spots.sort_unstable();
    let mut res = String::new();
    let mut copied = 0;
    for (start, end) in spots {
        let secret = between(text, start, end);
        let is_open = values::is_harmless(secret) || inside_mark(text, start) || start < copied;
        if !is_open {
            res.push_str(between(text, copied, start));
            res.push_str(&marks.mark(secret));
            copied = end;
        }
    }
    if copied == 0 {
        return None;
    }
    res.push_str(between(text, copied, text.len()));
    Some(res)
}

fn is_row(found: &Captures<'_>) -> bool {
    group(found, "columns")
        .split(',')
        .any(|it| names::is_secret(it.trim_matches([' ', '"', '`', '\'', '[', ']'])))
}

/// Where the members of objects stand that are written in JSON.
fn in_json(text: &str, (members, member): (&Regex, &Regex)) -> Vec<(usize, usize)> {
    let all = members.captures_iter(text).filter_map(|it| it.name("members"));
    let each = all.flat_map(|all| {
        let each = member.captures_iter(all.as_str()).filter_map(|it| it.name("secret"));
        each.map(move |it| (all.start() + it.start(), all.start() + it.end())).collect::<Vec<_>>()
    });
    each.collect()
}

/// Where the members of objects stand that are written in YAML: what is further in than `data:`, up to what is not.
fn in_yaml(text: &str, pattern: &Regex) -> Vec<(usize, usize)> {
    let mut spots = vec![];
    let mut within: Option<usize> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let words = line.trim();
        let indent = line.len() - line.trim_start().len();
        if matches!(words, "data:" | "stringData:") {
            within = Some(indent);
        } else if within.is_some_and(|it| it < indent) {
            let found = pattern.captures(line).and_then(|it| it.name("secret"));
            let found =
                found.filter(|it| !matches!(it.as_str().trim(), "|" | ">" | "|-" | ">-" | "|+"));
            spots.extend(found.map(|it| (start + it.start(), start + it.end())));
        } else if !words.is_empty() {
            within = None;
        }
        start += line.len();
    }
    spots
}

#[test]
fn every_part_is_a_pattern() {
    assert_eq!(PARTS.len(), OBJECT.len());
}
