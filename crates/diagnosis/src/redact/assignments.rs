//! Values that stand behind a name which says that they are secret.

use std::borrow::Cow;

use regex::{Captures, Regex};

use super::values::{self, Place, Value};
use super::{Fitting, Marking, Stage, addresses, between, drawn, group, names};

/// A value before a colon is the next part of an error message, unless it is as long as this.
const MIN_SECRET_BEFORE_COLON: usize = 16;
/// A value whose name is given to other things, too, is as long as this.
const MIN_WEAK: usize = 12;
/// What stands between the values of a list.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// What may stand between a name, a separator and a value.
macro_rules! space {
    () => {
        r"[ \t\x{a0}\x{3000}]*"
    };
}

/// A quote before or behind a name, as it is or as other formats write it.
macro_rules! quote {
    () => {
        r#"(?:\\*["'`]|\\+u002[27]|&quot;|&apos;|&#3[49];|%2[27])?"#
    };
}

/// A secret's name and what may stand between it and its value. Parts of words are enough for one: a letter of it may
/// be wrong.
///
/// In order: a name with a separator; a Kubernetes `env` entry in JSON, in YAML and as Go prints it, and what else has
/// its name for a value; two arguments in a JSON list; two arguments in quotes; two arguments on a command line, or on
/// two lines of one; a value below its name; a default in a block of that name; words of other languages.
const PATTERNS: [&str; 8] = [
    concat!(
        r"(?P<name>[A-Za-z0-9_.-]*(?i:pas|pw|sec|ecr|cre|cet|ret|tok|oke|ken|tkn|swo|wor|ord|api|key|sig|ses|auth|jwt|cookie|pin|dsn|conn|dockerc|hmac|otp|csrf|xsrf|senha|psk|sid|nonce|salt|code|seed|ticket|assertion|bind)[A-Za-z0-9_.-]*)",
        "(?P<quote>",
        quote!(),
        ")",
        space!(),
        r"(?P<separator>=>|->|:=|={1,2}|:|\||\x{ff1a}|\x{ff1d}|\\+u003[dDaA]|%3[dDaA])",
        space!(),
        r"(?P<wrap>(?:\{",
        space!(),
        quote!(),
        "(?i:value|secret|data|default|text|string)",
        quote!(),
        space!(),
        "[:=]",
        space!(),
        r"|\[[ \t\r\n]{0,40}|[A-Za-z_][A-Za-z0-9_:.]{0,40}\(|\(\*?[A-Za-z0-9_.]{1,40}\) ?(?:\((?:0x[0-9a-f]{1,16}|len=[0-9]{1,9})\) ?)?){0,4})"
    ),
    concat!(
        r#"(?i:\\*["']?(?:name|key|id|field|property|header|param|parameter)\\*["']?)[ \t]{0,8}:[ \t]{0,8}\\*["']?(?P<name>[A-Za-z0-9_.-]+)\\*["']?"#,
        r#"(?:,[ \t]{0,8}\\*["'][A-Za-z_]{1,32}\\*["'][ \t]{0,8}:[ \t]{0,8}(?:\\*["'][^"'\\\n]{0,59}\\*["']|[a-z0-9.]{1,16})){0,3}"#,
        r#"(?:[ \t]{0,8},|[ \t]{0,8}\r?\n|[ \t])[ \t]{0,40}(?i:\\*["']?value\\*["']?)[ \t]{0,8}(?P<separator>:)[ \t]{0,8}"#
    ),
    r#"\\*["']-{0,2}(?P<name>[A-Za-z0-9_.-]+)\\*["'][ \t]{0,8}(?P<separator>,)[ \t\r\n]{0,40}(?P<listed>\b|[\\"'])"#,
    r#"["']--?(?P<name>[A-Za-z0-9_.-]+)["'](?P<separator>[ \t]{1,8})(?P<listed>["'])"#,
    r"(?:^|\s)--?(?P<name>[A-Za-z0-9_.-]+)(?P<separator>[ \t]{1,8}(?:\\\r?\n[ \t]{0,40})?)\b",
    concat!(
        r"(?P<name>[A-Za-z0-9_.-]*(?i:pass|pwd|secret|token|credential|key)[A-Za-z0-9_.-]*)(?P<separator>:)",
        r"(?P<below>[ \t]*\r?\n[ \t]*)\b"
    ),
    concat!(
        r#"["'](?P<name>[A-Za-z0-9_.-]*(?i:pass|pwd|secret|token|credential|key)[A-Za-z0-9_.-]*)["'][ \t]*\{[^{}]{0,400}?"#,
        r"\b(?i:default|value)[ \t]*(?P<separator>=)[ \t]*"
    ),
    concat!(
        r"(?P<foreign>(?i:mot de passe|kennwort|wachtwoord)|[Cc]ontraseña|CONTRASEÑA|[Пп]ароль|ПАРОЛЬ|パスワード|密码|비밀번호)",
        "(?P<quote>",
        quote!(),
        ")",
        space!(),
        r"(?P<separator>=>|=|:|\x{ff1a}|\x{ff1d})",
        space!()
    ),
];

/// The places of the patterns that do not begin with the name.
const ENTRY: usize = 1;
const FOREIGN: usize = 7;

/// Last words of names that say by themselves that a secret follows.
const TOLD: [&str; 7] = ["token", "key", "secret", "apikey", "credential", "credentials", "pw"];
/// Letters of a tag, at most (<https://github.com/opencontainers/distribution-spec>), and of a version.
const MAX_TAG: usize = 128;
const MAX_VERSION: usize = 24;

/// Endings of files of programs: what stands behind one is the number of a line.
const SOURCES: [&str; 16] = [
    ".java", ".kt", ".scala", ".go", ".py", ".js", ".mjs", ".ts", ".tsx", ".rs", ".rb", ".cs",
    ".php", ".c", ".cpp", ".swift",
];

pub(super) const STAGE: Stage = Stage { patterns: &PATTERNS, redact };

fn redact<'t>(marks: &Marking<'_>, text: Cow<'t, str>, patterns: &Fitting<'_>) -> Cow<'t, str> {
    let mut text = text;
    for (place, pattern) in patterns {
        if let Some(replaced) = replace(marks, &text, (*place, pattern)) {
            text = replaced.into();
        }
    }
    text
}

fn replace(marks: &Marking<'_>, text: &str, pattern: (usize, &Regex)) -> Option<String> {
    let mut res = String::new();
    let mut copied = 0;
    for it in named(text, pattern).filter(|it| it.is_secret) {
        res.push_str(between(text, copied, it.start));
        res.push_str(&marks.mark(it.value.text));
        copied = it.start + it.value.text.len();
    }
    if copied == 0 {
        return None;
    }
    res.push_str(between(text, copied, text.len()));
    Some(res)
}

/// A secret's name was read, and behind it this.
struct Named<'t> {
    /// Where the value begins.
    start: usize,
    value: Value<'t>,
    is_secret: bool,
}

impl<'t> Named<'t> {
    /// The value that begins there.
    fn at(text: &'t str, begin: usize) -> Self {
        let value = values::read(between(text, begin, text.len()));
        Self { start: begin + value.start, value, is_secret: false }
    }

    fn end(&self) -> usize {
        self.start + self.value.text.len()
    }
}

/// What stands behind the names of secrets. The value is read by hand from where the pattern ends: it may end far away,
/// and when it is none, the search goes on at its beginning. So what is none must not be long, else it would be read
/// again from each name in it.
fn named<'t>(
    text: &'t str,
    (place, pattern): (usize, &'t Regex),
) -> impl Iterator<Item = Named<'t>> {
    let leads = !matches!(place, ENTRY | FOREIGN);
    let mut from = 0;
    // The next value of a list.
    let mut next: Option<(usize, bool)> = None;
    std::iter::from_fn(move || {
        if let Some((begin, is_chosen)) = next.take() {
            let mut it = Named::at(text, begin);
            it.is_secret = is_of_list(it.value, is_chosen);
            from = from.max(it.end());
            next = next_of_list(text, it.end()).map(|it| (it, is_chosen));
            return Some(it);
        }
        loop {
            let seen = pattern.find_at(text, from)?;
            // To look at the name alone costs far less, and most are none.
            let (before, name) = first_name(seen.as_str());
            if leads && !may_tell(name) {
                from = seen.start() + (before + name.len()).max(1);
                continue;
            }
            let found = pattern.captures_at(text, seen.start())?;
            let whole = found.get(0)?;
            let wrap = found.name("wrap").filter(|it| !it.is_empty());
            let is_wrapped =
                wrap.is_some() && values::is_quoted(between(text, whole.end(), text.len()));
            let listed = found.name("listed").map(|it| it.start());
            let bare = wrap.filter(|_| !is_wrapped).map(|it| it.start());
            let begin = listed.or(bare).unwrap_or(whole.end());
            // A match is never empty: it holds a name.
            from = begin.max(whole.start() + 1);
            let name = group(&found, "name");
            let is_told = name.is_empty() || names::is_secret(name);
            let before = between(text, 0, whole.start());
            if !is_told && !names::is_weak(name) || before.ends_with("://") {
                continue;
            }
            let mut it = Named::at(text, begin);
            let is_bare = whole.as_str().strip_suffix(':') == Some(name);
            if is_bare && is_image(before, name, it.value.text) {
                continue;
            }
            let behind = between(text, it.end(), text.len());
            let is_member = group(&found, "separator") == "," && names_a_member(behind);
            let is_list = is_wrapped && group(&found, "wrap").contains('[');
            let is_chosen = names::is_password(name);
            it.is_secret = match (is_told, is_list) {
                (true, true) => is_of_list(it.value, is_chosen),
                (true, false) => !is_member && is_secret(&found, it.value),
                (false, _) => drawn::is_drawn(it.value.text) && MIN_WEAK <= it.value.text.len(),
            };
            if it.is_secret {
                from = it.end();
            }
            if is_list {
                next = next_of_list(text, it.end()).map(|it| (it, is_chosen));
            }
            return Some(it);
        }
    })
}

/// Whether this is the last part of an image's name with its tag: `shop/auth-service:9f8e7d6`, `auth-proxy:v1.4.2`.
fn is_image(before: &str, name: &str, tag: &str) -> bool {
    let is_part = |it: char| matches!(it, 'a'..='z' | '0'..='9' | '.' | '_' | '-');
    let is_tag = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '_' | '-');
    let says = name.rsplit(['-', '_', '.']).next().unwrap_or_default();
    if !name.chars().all(is_part) || !tag.chars().all(is_tag) || names::is_password(name) {
        return false;
    }
    let path = before.rsplit(|it: char| it.is_whitespace() || "\"'`(,=".contains(it)).next();
    let is_path = path.is_some_and(|it| it.ends_with('/') && 1 < it.len() && !it.contains("://"));
    is_version(tag) || is_path && tag.len() <= MAX_TAG && !TOLD.contains(&says)
}

/// `1.4`, `v0.10.0`, `1.25-alpine`
fn is_version(tag: &str) -> bool {
    let tag = tag.strip_prefix('v').unwrap_or(tag);
    let number = tag.split('-').next().unwrap_or_default();
    let is_number =
        |it: &str| (1..=4).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit());
    number.contains('.') && number.split('.').all(is_number) && tag.len() <= MAX_VERSION
}

/// The name that what a pattern fits begins with, and how much stands before it.
fn first_name(text: &str) -> (usize, &str) {
    let rest = text.trim_start_matches(['\\', '"', '\'', '-', ' ', '\t', '\r', '\n']);
    let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '.' | '-');
    let name = between(rest, 0, rest.find(|it| !is_part(it)).unwrap_or(rest.len()));
    (text.len() - rest.len(), name)
}

fn may_tell(name: &str) -> bool {
    names::is_secret(name) || names::is_weak(name)
}

/// Whether a value of a list under a secret's name is one: lists of names of secrets are called so, too.
fn is_of_list(value: Value<'_>, is_chosen: bool) -> bool {
    !value.text.is_empty()
        && !values::is_harmless(value.text)
        && (is_chosen || drawn::is_drawn(value.text))
}

/// Where the next value of a list begins, behind the one that ends there.
fn next_of_list(text: &str, end: usize) -> Option<usize> {
    let behind = between(text, end, text.len()).trim_start_matches('\\');
    let behind = behind.strip_prefix(['"', '\'', '`'])?.trim_start_matches(SPACE);
    let behind = behind.strip_prefix(',')?.trim_start_matches(SPACE);
    values::is_quoted(behind).then_some(text.len() - behind.len())
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

/// Whether a name in a list is an option, or one of those that variables and headers have, and no plain word.
fn is_argument(found: &Captures<'_>) -> bool {
    let name = group(found, "name");
    let whole = found.get(0).map_or("", |it| it.as_str());
    whole.trim_start_matches(['\\', '"', '\'']).starts_with('-')
        || name.contains('_')
        || name.bytes().any(|it| it.is_ascii_uppercase())
}

/// Whether the value behind a secret's name is one: names and colons also stand in error messages.
fn is_secret(found: &Captures<'_>, value: Value<'_>) -> bool {
    let (name, separator) = (group(found, "name"), group(found, "separator"));
    let text = value.text;
    if text.is_empty() || values::is_harmless(text) || values::is_userinfo(text) {
        return false;
    }
    let is_line =
        !text.trim_start_matches(|it: char| it.is_ascii_digit()).starts_with(char::is_alphanumeric)
            && text.starts_with(|it: char| it.is_ascii_digit());
    if is_line && SOURCES.iter().any(|it| name.ends_with(it))
        || names::is_address(name) && addresses::is_open(text)
    {
        return false;
    }
    let random = values::looks_random(text);
    if found.name("below").is_some() {
        return value.place == Place::EndOfLine && drawn::is_drawn(text);
    }
    match (value.place, separator) {
        // A table, or two sides of something.
        (_, "|" | "->") => {
            let is_bare = group(found, "quote").is_empty() && value.place != Place::Quoted;
            is_bare && random && (names::is_one(name) || drawn::is_drawn(text))
        }
        // What a test says that went well.
        (_, ":") if name == "PASS" => drawn::is_drawn(text),
        (Place::Quoted, ",") if !is_argument(found) => random && !text.contains('-'),
        (Place::Quoted, _) => true,
        (Place::BeforeColon, ":") => {
            random && MIN_SECRET_BEFORE_COLON <= text.len() && !values::is_function(text)
        }
        // `volume "token" : secret "x" not found` has quotes around the name alone.
        (place, ":") if group(found, "quote").is_empty() => random || place == Place::EndOfLine,
        (_, ":" | ",") => random,
        // Between two arguments stands white space alone.
        (place, it) if it.trim().is_empty() => random || place == Place::EndOfLine,
        (Place::EndOfLine | Place::BeforeColon | Place::Inside, _) => true,
    }
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
        for (place, pattern) in PATTERNS.iter().enumerate() {
            let Some(compiled) = crate::patterns::pattern(pattern) else { continue };
            let read: usize = named(&text, (place, &compiled)).map(|it| it.value.read).sum();
            assert!(read <= 300 * LENGTH, "{read} letters of {LENGTH}: {seed:?}, {pattern}");
        }
    }
}
