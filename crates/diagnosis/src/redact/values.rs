//! Where a value ends, and whether it looks like a secret.

use super::{between, mark_at_start};

/// As much of a value as is looked at to decide what it is; a longer one is no word of prose.
const MAX_LOOK: usize = 256;

/// Words that stand where a secret would, and are none.
const HARMLESS: [&str; 36] = [
    "true",
    "false",
    "yes",
    "no",
    "null",
    "nil",
    "none",
    "<nil>",
    "<none>",
    "undefined",
    "empty",
    "redacted",
    "[redacted]",
    "<redacted>",
    "hidden",
    "required",
    "missing",
    "invalid",
    "expired",
    "unset",
    "denied",
    "unauthorized",
    "forbidden",
    "failed",
    "unknown",
    "malformed",
    "revoked",
    "wrong",
    "absent",
    "not",
    "is",
    "or",
    "and",
    "must",
    "cannot",
    "x509",
];

/// How values begin that are read from somewhere else.
const REFERENCES: [&str; 4] = ["$(", "${", "{{", "<set to the key"];

/// A value as it stands in a text, from the separator on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value<'t> {
    /// Bytes from the beginning of the text to the value: an opening quote, with its backslashes.
    pub(super) start: usize,
    /// The value without its quotes.
    pub(super) text: &'t str,
    /// What stands around it.
    pub(super) place: Place,
    /// Bytes that were looked at to find that out.
    pub(super) read: usize,
}

/// What stands around a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Quotes.
    Quoted,
    /// Nothing more on its line.
    EndOfLine,
    /// A colon after it.
    BeforeColon,
    /// Something else after it.
    Inside,
}

/// Quotes that are more than a letter, or another one at the end.
const QUOTES: [(&str, &str); 13] = [
    ("&quot;", "&quot;"),
    ("&apos;", "&apos;"),
    ("&#34;", "&#34;"),
    ("&#39;", "&#39;"),
    ("%22", "%22"),
    ("%27", "%27"),
    ("\\u0022", "\\u0022"),
    ("\\u0027", "\\u0027"),
    ("\u{201c}", "\u{201d}"),
    ("\u{201e}", "\u{201c}"),
    ("\u{2018}", "\u{2019}"),
    ("\u{ab}", "\u{bb}"),
    ("\u{300c}", "\u{300d}"),
];

/// Lines that one value in quotes may go on for.
const MAX_LINES: usize = 20;

/// The value that a text begins with. Of one that refers to another its beginning is enough.
pub(super) fn read(text: &str) -> Value<'_> {
    if let Some(value) = block(text).or_else(|| enclosed(text)) {
        return value;
    }
    let slashes = text.bytes().take_while(|it| *it == b'\\').count();
    let quote = text.as_bytes().get(slashes).filter(|it| b"\"'`".contains(it));
    let start = quote.map_or(0, |_| slashes + 1);
    if let Some(reference) = reference(between(text, start, text.len())) {
        let read = start + reference.len();
        return Value { start, text: reference, place: Place::Inside, read };
    }
    quote.map_or_else(|| bare(text), |it| quoted(text, slashes, *it))
}

/// Whether a value in quotes stands here.
pub(super) fn is_quoted(text: &str) -> bool {
    let slashes = text.bytes().take_while(|it| *it == b'\\').count();
    let is_letter = text.as_bytes().get(slashes).is_some_and(|it| b"\"'`".contains(it));
    let rest = between(text, slashes.saturating_sub(1), text.len());
    is_letter || QUOTES.iter().any(|it| rest.starts_with(it.0))
}

/// A value in quotes that are more than a letter. It ends with its line when it was cut off.
fn enclosed(text: &str) -> Option<Value<'_>> {
    let slashes = text.bytes().take_while(|it| *it == b'\\').count();
    let before = slashes.saturating_sub(1);
    let rest = between(text, before, text.len());
    let (open, close) = QUOTES.iter().find(|it| rest.starts_with(it.0))?;
    let start = before + open.len();
    let line = between(text, start, text.len());
    let line = between(line, 0, line.find('\n').unwrap_or(line.len()));
    let value = between(line, 0, line.find(close).unwrap_or(line.len())).trim_end_matches('\\');
    if let Some(reference) = reference(value) {
        return Some(Value { start, text: reference, place: Place::Inside, read: start });
    }
    Some(Value { start, text: value, place: Place::Quoted, read: start + line.len() })
}

/// A block of lines below a `|` or a `>`, as YAML has it, without what its lines begin with.
fn block(text: &str) -> Option<Value<'_>> {
    let head = text.strip_prefix(['|', '>'])?;
    let head = head.trim_start_matches(|it: char| matches!(it, '+' | '-') || it.is_ascii_digit());
    let lines = head.trim_start_matches([' ', '\t', '\r']).strip_prefix('\n')?;
    let indent = lines.bytes().take_while(|it| b" \t".contains(it)).count();
    let mut end = text.len() - lines.len();
    let start = end + indent;
    for line in lines.split_inclusive('\n').take(MAX_BLOCK) {
        let own = line.bytes().take_while(|it| b" \t".contains(it)).count();
        if indent == 0 || own < indent || line.trim().is_empty() {
            break;
        }
        end += line.len();
    }
    let value = between(text, start, end).trim_end();
    (!value.is_empty()).then_some(Value { start, text: value, place: Place::Quoted, read: end })
}

/// Lines of a block that are looked at.
const MAX_BLOCK: usize = 200;

/// How a value begins that refers to another.
fn reference(value: &str) -> Option<&str> {
    REFERENCES.iter().find(|it| value.starts_with(**it)).map(|it| between(value, 0, it.len()))
}

/// A value in quotes, which inside other quotes stand behind backslashes themselves. It ends at the same
/// quote with no more backslashes, or with its line when it was cut off.
fn quoted(text: &str, slashes: usize, quote: u8) -> Value<'_> {
    let start = slashes + 1;
    let mut end = text.len();
    let mut run = 0;
    for (at, byte) in text.bytes().enumerate().skip(start) {
        // Outside other quotes, an even number of backslashes stands for backslashes alone.
        let bare_quote = if slashes == 0 { run % 2 == 0 } else { run <= slashes };
        if byte == quote && bare_quote {
            end = at - run.min(slashes);
            break;
        }
        if byte == b'\n' {
            end = last_line(text, at, quote).unwrap_or(at);
            break;
        }
        run = if byte == b'\\' { run + 1 } else { 0 };
    }
    Value { start, text: between(text, start, end), place: Place::Quoted, read: end }
}

/// Where a value in quotes ends that goes on below: each line of it is one word, and at once behind the last stands
/// the quote.
fn last_line(text: &str, at: usize, quote: u8) -> Option<usize> {
    let mut start = at + 1;
    for _ in 0..MAX_LINES {
        let rest = between(text, start, text.len());
        let word = rest.find(|it: char| !it.is_ascii_graphic() || "\"'`=:,".contains(it))?;
        match rest.as_bytes().get(word) {
            Some(it) if *it == quote && word != 0 => return Some(start + word),
            Some(b'\n') if word != 0 => start += word + 1,
            _ => return None,
        }
    }
    None
}

/// A value without quotes: up to white space or a quote, or to a comma, semicolon or ampersand that
/// another name follows, without the punctuation of the sentence around it.
fn bare(text: &str) -> Value<'_> {
    let mark = mark_at_start(text).unwrap_or(0);
    let ends = |at: usize, it: char| match it {
        '"' | '\'' | '`' => true,
        ',' | ';' | '&' => mark <= at && begins_with_name(between(text, at + 1, text.len())),
        it => it.is_whitespace(),
    };
    let end = text.char_indices().find(|it| ends(it.0, it.1)).map_or(text.len(), |it| it.0);
    let punctuation = ['.', ',', ';', ':', ')', '}', ']', '>', '\\'];
    let word = between(text, mark.min(end), end);
    let value = between(text, 0, mark.min(end) + word.trim_end_matches(punctuation).len());
    let rest = between(text, end, text.len()).trim_start_matches([' ', '\t', '\r']);
    let place = if rest.is_empty() || rest.starts_with('\n') {
        Place::EndOfLine
    } else if word.ends_with(':') {
        Place::BeforeColon
    } else {
        Place::Inside
    };
    Value { start: 0, text: value, place, read: text.len() - rest.len() }
}

/// Whether a name and a separator stand here: the next of several assignments.
fn begins_with_name(text: &str) -> bool {
    let name =
        text.bytes().take(64).take_while(|it| it.is_ascii_alphanumeric() || b"_-.".contains(it));
    let length = name.count();
    0 < length && matches!(text.as_bytes().get(length), Some(b'=' | b':'))
}

/// Whether a value stands where a secret would and is none.
pub(super) fn is_harmless(value: &str) -> bool {
    let lower = value.get(..16.min(value.len())).unwrap_or(value).to_ascii_lowercase();
    value.trim_matches(['*', 'x', 'X', '.', '-']).is_empty()
        || HARMLESS.contains(&&*lower)
        || reference(value).is_some()
        || begins_marked(value)
}

/// Whether a value begins with a mark and has no more to hide behind it.
pub(super) fn begins_marked(value: &str) -> bool {
    mark_at_start(value).is_some_and(|length| {
        !between(value, length, value.len()).contains(|it: char| it.is_alphanumeric())
    })
}

/// Whether a value is the marked password of an address, with its host.
pub(super) fn is_userinfo(value: &str) -> bool {
    mark_at_start(value).is_some_and(|it| between(value, it, value.len()).starts_with('@'))
}

/// Whether a value is a place in a program, such as `strconv.ParseInt`.
pub(super) fn is_function(value: &str) -> bool {
    let is_part = |it: &str| {
        !it.is_empty()
            && it.len() <= 32
            && it.bytes().all(|it| it.is_ascii_alphabetic() || it == b'_')
    };
    let value = value.trim_end_matches("()");
    value.contains('.') && value.split('.').all(is_part)
}

/// Whether a word looks drawn by chance: no word of prose has digits, or capitals inside.
pub(super) fn looks_random(value: &str) -> bool {
    let mut inside = value.bytes().take(MAX_LOOK);
    let first = inside.next().is_some_and(|it| it.is_ascii_digit());
    let (mut digit, mut capital, mut small) = (first, false, false);
    for byte in inside {
        digit |= byte.is_ascii_digit();
        capital |= byte.is_ascii_uppercase();
        small |= byte.is_ascii_lowercase();
    }
    MAX_LOOK < value.len() || (4 <= value.len() && (digit || (capital && small)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, value: &str) {
        assert_eq!(read(text).text, value, "{text}");
    }

    #[test]
    fn a_value_ends_where_its_quote_ends() {
        check(r#""two words" more"#, "two words");
        check(r#""a\"b" more"#, r#"a\"b"#);
        check(r#""a\\" more"#, r"a\\");
        check(r"'it' more", "it");
        check("\"cut off\nnext", "cut off");
        check(r#"\"inner\",\"next\""#, "inner");
    }

    #[test]
    fn a_bare_value_ends_before_the_next_name() {
        check("a,b,host=db", "a,b");
        check("a&b=c", "a");
        check("a;Database=shop", "a");
        check("abc).", "abc");
    }
}
