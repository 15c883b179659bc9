//! Secrets that are told in words, in SQL and in XML.

use std::borrow::Cow;

use regex::Captures;

use super::{Fitting, Marking, Stage, drawn, group, names, values};

/// In order: a sentence that tells one; a name and its value side by side; the same of names that prose has too; a pair
/// of user and password; a statement that sets a password, and other names of secrets before a quoted one, with each
/// kind of quote; one in brackets; an element of XML, one with its name in another, one with an attribute; what a
/// database is told; below a line that ends with the word; what a model of data says of its field; a secret that was
/// given.
const PATTERNS: [&str; 16] = [
    r"(?i)\b(?:password|passwd|passphrase|api[ -]?key|secret|token)[ \t]{1,8}(?:(?:is |was )?(?:set |changed )?to|is|was)[ \t]{0,8}:?[ \t]{1,8}(?P<shaped>(?P<secret>[^\s,;<>]{1,512}))",
    r"(?i)\b(?:passwd|pwd|api[ -]?key|(?:encryption|signing|access)[ -]key|(?:otp|access|auth|login|recovery|backup|verification) code)[ \t]{0,8}:?[ \t]{1,8}(?P<shaped>(?P<secret>[^\s,;<>:=/][^\s,;<>:=]{1,512}))",
    r#"(?i)\b(?:password|passphrase|pw|bind_?pw|passcode)[ \t\x{a0}]{1,8}(?P<word>(?P<secret>[^\s,;<>:=/"'(\[{][^\s,;<>=]{3,512}))"#,
    r#"(?i)\b(?:token|secret)[ \t\x{a0}]{1,8}["'`(]?(?P<drawn>(?P<secret>[^\s,;<>:=/"'`(\[{][^\s,;<>:="'`)]{7,512}))"#,
    r"(?i)\bcredentials?[ \t]{0,8}:?[ \t]{1,8}[^\s:]{1,64}:(?P<secret>[^\s,;<>]{1,512})",
    r"(?i)\b(?:password|passwd|passphrase|user\b[^\n]{0,200}\bidentified[ \t]{1,8}by)[ \t]{1,8}'(?P<shaped>(?P<secret>[^'\n]{1,512}))'",
    r#"(?i)\b(?:password|passwd|passphrase|user\b[^\n]{0,200}\bidentified[ \t]{1,8}by)[ \t]{1,8}\\?"(?P<shaped>(?P<secret>[^"\\\n]{1,512}))\\?""#,
    r"(?i)\b(?:password|passwd|passphrase)[ \t]{1,8}\((?P<shaped>(?P<secret>[^()\s]{1,512}))\)",
    r"<(?P<name>[A-Za-z0-9_.:-]{1,128})(?:[ \t][^<>\n]{0,256})?>(?P<secret>[^<>\n]{1,512})</",
    r"<(?:key|name)>(?P<name>[A-Za-z0-9_.:-]{1,128})</[a-z]{1,8}>\s{0,40}<[a-z]{1,16}>(?P<secret>[^<>\n]{1,512})</",
    r#"<(?P<name>[A-Za-z0-9_.:-]{1,128})[ \t][^<>\n]{0,256}?(?i:value)[ \t]{0,8}=[ \t]{0,8}["']?(?P<secret>[^"'<>\s]{1,512})"#,
    r#"(?i)\bpragma[ \t]{1,8}(?:hex|re|hexre)?key[ \t]{0,8}=[ \t]{0,8}["']?(?:x')?(?P<secret>[^"';\n]{1,512})"#,
    r"(?i)\b(?:password|passphrase|secret|token|api[ -]key)\b[^\n]{0,120}[:.]?[ \t]*\r?\n[ \t]*(?:\r?\n[ \t]*)?(?P<below>(?P<secret>[A-Za-z0-9+/=_~.-]{8,128}))[ \t]*(?:\r?\n|\z)",
    r#"(?:^|\n)[ \t]{0,40}(?P<name>[A-Za-z0-9_.]{1,128})\r?\n[ \t]{1,40}[^\n]{0,400}\binput(?:_value)?=['"](?P<secret>[^'"\n]{1,512})"#,
    r"(?i)\b(?:password|secret|token|key)[ \t]{1,8}(?:provided|supplied|received|given|used|entered)[ \t]{0,8}:[ \t]{0,8}(?P<shaped>(?P<secret>[^\s,;<>]{4,512}))",
    r#"(?i)\benc(?:oded|rypted)?\((?P<coded>['"]?(?P<secret>[^'"()\s]{8,512}))['"]?\)"#,
];

pub(super) const STAGE: Stage = Stage { patterns: &PATTERNS, redact };

fn redact<'t>(marks: &Marking<'_>, text: Cow<'t, str>, patterns: &Fitting<'_>) -> Cow<'t, str> {
    marks.replace_all(text, patterns, is_secret)
}

/// Whether it is one: "the password is required" tells none, and `<name>` is no secret's element.
fn is_secret(found: &Captures<'_>) -> bool {
    let is_told = found.name("name").is_none_or(|it| names::is_secret(it.as_str()));
    let if_there = |name: &str, is: fn(&str) -> bool| {
        let text = group(found, name);
        text.is_empty() || is(text)
    };
    is_told
        && !values::is_harmless(group(found, "secret").trim())
        && if_there("shaped", values::looks_random)
        && if_there("coded", values::looks_random)
        && if_there("word", is_word)
        && if_there("drawn", drawn::is_drawn)
        && if_there("below", drawn::is_drawn)
}

/// Whether this is no word that stands behind the word for a secret in prose: a name, an algorithm, a path.
fn is_word(text: &str) -> bool {
    let text = text.trim_end_matches(['.', ')', ']', ':', '"', '\'']);
    values::looks_random(text)
        && !drawn::is_term(text)
        && !drawn::is_uuid(text)
        && !values::is_function(text)
        && !text.ends_with(':')
}
