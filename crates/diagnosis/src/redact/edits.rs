//! Values of environment variables in edits and in lists of variables: that they change is shown, not to what.

use std::borrow::Cow;

use regex::Captures;

use super::{Fitting, Marking, Stage, group, names, values};

/// A value in quotes of JSON, which may be within JSON itself.
macro_rules! quoted {
    () => {
        r#"\\*"(?P<secret>(?:[^"\\]|\\[^"])*)\\*""#
    };
}

/// Both sides of an edit of a variable, and of whatever has a path; an operation of a patch; a value that stands before
/// its name, or with something between.
const PATTERNS: [&str; 7] = [
    r#"/env/[0-9]+/value: (?P<secret>"(?:[^"\\]|\\.)*") -> "#,
    r#"/env/[0-9]+/value: [^ ]{1,20} -> (?P<secret>"(?:[^"\\]|\\.)*")"#,
    r#"(?:^|\s)(?P<path>/[^\s:"]+): "(?P<secret>(?:[^"\\]|\\.)+)" -> "#,
    r#"(?:^|\s)(?P<path>/[^\s:"]+): (?:[^\s"]{1,40}|"(?:[^"\\]|\\.)*") -> "(?P<secret>(?:[^"\\]|\\.)+)""#,
    concat!(
        r#"\\*"path\\*"[ \t]{0,8}:[ \t]{0,8}\\*"(?P<path>/[^\s"\\]+)\\*"[ \t]{0,8},[ \t]{0,8}\\*"value\\*"[ \t]{0,8}:[ \t]{0,8}"#,
        quoted!()
    ),
    r#""value"[ \t]{0,8}:[ \t]{0,8}"(?P<secret>(?:[^"\\]|\\.)+)"[ \t]{0,8},[ \t]{0,8}"(?:name|key)"[ \t]{0,8}:[ \t]{0,8}"(?P<name>[^"]{1,253})""#,
    r#"(?i)<[^<>\n]{0,200}?\b(?:key|name|id)[ \t]*=[ \t]*["'](?P<name>[A-Za-z0-9_.:-]{1,128})["'][^<>\n]{0,200}?\bvalue[ \t]*=[ \t]*["'](?P<secret>[^"'<>\n]+)["']"#,
];

/// Parts of an object whose members a person names.
const NAMED: [&str; 4] = ["annotations", "labels", "data", "stringData"];

pub(super) const STAGE: Stage = Stage { patterns: &PATTERNS, redact };

fn redact<'t>(marks: &Marking<'_>, text: Cow<'t, str>, patterns: &Fitting<'_>) -> Cow<'t, str> {
    marks.replace_all(text, patterns, is_secret)
}

fn is_secret(found: &Captures<'_>) -> bool {
    let (name, path, secret) = (group(found, "name"), group(found, "path"), group(found, "secret"));
    if name.is_empty() && path.is_empty() {
        return true;
    }
    let is_told = if path.is_empty() { names::is_secret(name) } else { is_path_of_one(path) };
    is_told && !values::is_harmless(secret)
}

/// Whether the last name of a path is a secret's, or one of those that a person chose.
fn is_path_of_one(path: &str) -> bool {
    let mut parts = path.split('/').skip(1);
    let last = path.rsplit('/').next().unwrap_or_default();
    // Within a name, a slash is written `~1`.
    let is_one = |it: &str| it.split("~1").any(names::is_secret);
    is_one(last) || parts.any(|it| NAMED.contains(&it)) && parts.any(is_one)
}
