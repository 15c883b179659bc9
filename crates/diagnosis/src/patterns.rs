//! Patterns over what programs and clusters write.

mod meanings;
mod sieve;

use regex::{Regex, RegexBuilder};

pub(crate) use self::meanings::Meanings;
pub(crate) use self::sieve::Sieve;

/// What each pattern may keep for its next search, in bytes: there are more than a hundred, most are searched for
/// seldom, and what they keep is never given back.
const SCRATCH: usize = 128 << 10;

/// Bytes that one compiled pattern may take: the longest of ours takes a tenth of it.
const MAX_PATTERN: usize = 4 << 20;

/// A bound of a repetition from which on it is left out.
const MANY: usize = 60;

/// The pattern, with words of ASCII letters: `\w`, `\d`, `\s` and the bounds of words know those of all scripts
/// otherwise, which makes a compiled pattern many times larger and its search slower. What is matched is UTF-8 all
/// the same. `None` of what is no pattern.
pub(crate) fn pattern(text: &str) -> Option<Regex> {
    RegexBuilder::new(&ascii(text)).dfa_size_limit(SCRATCH).build().ok()
}

/// The same, whatever the case of its letters.
pub(crate) fn of_any_case(text: &str) -> Option<Regex> {
    RegexBuilder::new(&ascii(text))
        .case_insensitive(true)
        .size_limit(MAX_PATTERN)
        .dfa_size_limit(SCRATCH)
        .build()
        .ok()
}

fn ascii(text: &str) -> String {
    let mut res = String::with_capacity(2 * text.len());
    let (mut letters, mut in_class) = (text.chars(), false);
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                let escaped = letters.next().unwrap_or_default();
                res.push_str(&class(escaped, in_class));
                continue;
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '{' if !in_class => {
                if let Some((least, rest)) = without_bound(letters.as_str()) {
                    res.push_str(&format!("{{{least},}}"));
                    letters = rest.chars();
                    continue;
                }
            }
            _ => {}
        }
        res.push(letter);
    }
    res
}

/// The least of a repetition that has a high bound, and what follows: in `{1,120}` of letters of all scripts the
/// letter is compiled a hundred and twenty times, half a megabyte. Lines are cut before they are read, and what is
/// found after.
fn without_bound(repetition: &str) -> Option<(usize, &str)> {
    let (bounds, rest) = repetition.split_once('}')?;
    let (least, most) = bounds.split_once(',')?;
    let most: usize = most.parse().ok()?;
    (MANY <= most).then_some((least.parse().ok()?, rest))
}

/// What stands for an escaped letter.
fn class(escaped: char, in_class: bool) -> String {
    let members = match escaped {
        'b' if !in_class => return r"(?-u:\b)".to_owned(),
        'w' => "0-9A-Za-z_",
        'd' => "0-9",
        's' => r"\x20\t\r\n\x0B\x0C",
        other => return format!("\\{other}"),
    };
    if in_class { members.to_owned() } else { format!("[{members}]") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_of_ascii_letters_and_the_rest_is_as_it_was() {
        assert_eq!(ascii(r"\bport (\d+)[^\s\]]"), r"(?-u:\b)port ([0-9]+)[^\x20\t\r\n\x0B\x0C\]]");
        assert_eq!(ascii(r"[\w.-]+\.\w"), r"[0-9A-Za-z_.-]+\.[0-9A-Za-z_]");

        assert_eq!(ascii(r"[^\n]{1,120}x{0,59}y{3}\{1,99}"), r"[^\n]{1,}x{0,59}y{3}\{1,99}");
        assert_eq!(ascii(r"[{1,99}]{2,60}?"), r"[{1,99}]{2,}?");

        let found = pattern(r"\bhost ([\w.-]+): (.)").unwrap();
        assert_eq!(found.captures("kein host db.shop: é").unwrap()[2], *"é");
        assert!(of_any_case("ERROR").unwrap().is_match("error"));
        assert!(pattern("(").is_none());
    }
}
