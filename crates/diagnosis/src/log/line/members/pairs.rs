//! The members of a line of `key=value`.

use super::{LEVEL, MAX_MEMBERS, MESSAGE, Member};

/// The members; `None` where the line is another text that has an equals sign.
pub(super) fn members(line: &str) -> Option<Vec<Member>> {
    let mut rest = line.trim();
    let mut members = vec![];
    while members.len() < MAX_MEMBERS {
        let Some((word, after)) = word(rest) else { break };
        let Some((name, value)) = word.split_once('=').filter(|it| is_name(it.0)) else {
            rest = after;
            continue;
        };
        members.push(Member { path: name.to_owned(), value: bare(value) });
        rest = after;
    }
    let names = |all: &[&str]| {
        members
            .iter()
            .any(|it| all.contains(&it.path.to_lowercase().as_str()) && !it.value.is_empty())
    };
    // Both are there, and nothing stands before them.
    let is_line = names(&LEVEL) && (names(&MESSAGE) || 3 <= members.len());
    let first = line.split_whitespace().next().unwrap_or_default();
    let begins = first.split_once('=').is_some_and(|it| is_name(it.0));
    (is_line && begins).then_some(members)
}

fn is_name(text: &str) -> bool {
    let is_part = |it: char| it.is_alphanumeric() || "_.-@".contains(it);
    !text.is_empty() && text.chars().all(is_part)
}

/// The next word, whose quotes may hold spaces, and what follows.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let (mut quoted, mut escaped) = (false, false);
    for (at, sign) in text.char_indices() {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            other if other.is_whitespace() && !quoted => {
                return Some((text.get(..at)?, text.get(at..)?));
            }
            _ => {}
        }
    }
    (!text.is_empty()).then_some((text, ""))
}

/// A value without its quotes.
fn bare(value: &str) -> String {
    let Some(inside) = value.strip_prefix('"') else { return value.to_owned() };
    let inside = inside.strip_suffix('"').unwrap_or(inside);
    let mut res = String::new();
    let mut signs = inside.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => res.extend(match signs.next() {
                Some('n') => Some('\n'),
                Some('t') => Some('\t'),
                other => other,
            }),
            other => res.push(other),
        }
    }
    res
}
