//! From characters to words, and from words to what they stand for.

use std::collections::BTreeMap;

/// A piece of a script. Words keep their quotes: they are taken away when they are expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Sign(String),
}

/// Signs, longest first.
const SIGNS: &[&str] = &[
    "2>&1", "1>&2", ">&2", ">&1", "2>>", "&>", "2>", "1>", "&&", "||", ">>", ";;", ";", "|", "&",
    "(", ")", "<", ">", "\n",
];

/// Splits a script; `None` when a quote stays open.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r']);
        rest = rest.strip_prefix("\\\n").unwrap_or(rest);
        if rest.starts_with('#') {
            rest = rest.find('\n').and_then(|it| rest.get(it..)).unwrap_or_default();
        }
        if rest.is_empty() {
            return Some(tokens);
        }
        if let Some(sign) = SIGNS.iter().find(|it| rest.starts_with(**it)) {
            rest = rest.get(sign.len()..)?;
            match *sign {
                // Both streams of a container end in the same log.
                "2>&1" | "1>&2" | ">&2" | ">&1" => {}
                sign => tokens.push(Token::Sign(sign.to_owned())),
            }
            continue;
        }
        let length = word_length(rest)?;
        tokens.push(Token::Word(rest.get(..length)?.to_owned()));
        rest = rest.get(length..)?;
    }
}

/// How far a word reaches, quotes and `$(...)` included.
fn word_length(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    while let Some((at, it)) = chars.next() {
        match it {
            '\\' => {
                chars.next();
            }
            '\'' | '`' => {
                chars.find(|inner| inner.1 == it)?;
            }
            '"' => {
                let mut escaped = false;
                chars.find(|(_, inner)| {
                    let ends = !escaped && *inner == '"';
                    escaped = !escaped && *inner == '\\';
                    ends
                })?;
            }
            '$' => {
                let skipped = enclosed(text.get(at + 1..)?)?;
                for _ in 0..text.get(at + 1..at + 1 + skipped)?.chars().count() {
                    chars.next();
                }
            }
            ' ' | '\t' | '\n' | '\r' | ';' | '|' | '&' | '(' | ')' | '<' | '>' => return Some(at),
            _ => {}
        }
    }
    Some(text.len())
}

/// The length of a `(...)` or `{...}` at the start of the text, brackets included.
pub(super) fn enclosed(text: &str) -> Option<usize> {
    let (open, close) = match text.chars().next() {
        Some('(') => ('(', ')'),
        Some('{') => ('{', '}'),
        Some(_) | None => return Some(0),
    };
    let mut depth = 0_usize;
    for (at, it) in text.char_indices() {
        if it == open {
            depth += 1;
        } else if it == close {
            depth -= 1;
            if depth == 0 {
                return Some(at + close.len_utf8());
            }
        }
    }
    None
}

/// The value of an expression such as `i+1`; what makes no sense is 0, as in a shell.
pub(super) fn arithmetic(text: &str, vars: &BTreeMap<String, String>) -> i64 {
    for signs in [["+", "-"], ["*", "/"]] {
        let found = signs.iter().filter_map(|it| text.rfind(it)).filter(|at| 0 < *at).max();
        let Some(at) = found else { continue };
        let (Some(left), Some(sign), Some(right)) =
            (text.get(..at), text.get(at..=at), text.get(at + 1..))
        else {
            return 0;
        };
        let (left, right) = (arithmetic(left, vars), arithmetic(right, vars));
        return match sign {
            "+" => left.saturating_add(right),
            "-" => left.saturating_sub(right),
            "*" => left.saturating_mul(right),
            _ => left.checked_div(right).unwrap_or(0),
        };
    }
    let text = text.trim().trim_start_matches('$');
    let value = vars.get(text).map_or(text, String::as_str);
    value.trim().parse().unwrap_or(0)
}
