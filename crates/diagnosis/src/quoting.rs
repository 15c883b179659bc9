//! Whether a line shows a value, in quotes or by itself.

/// How short a word may be that a line quotes.
const MIN_QUOTED: usize = 2;
/// How long.
const MAX_QUOTED: usize = 64;
/// Of a value that is only digits so many: fewer are a number of anything.
const MIN_DIGITS: usize = 4;
/// Values that many lines have by themselves, and many variables: that a line shows one says nothing of either.
const COMMON: [&str; 16] = [
    "production",
    "development",
    "staging",
    "test",
    "local",
    "default",
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "none",
    "null",
    "enabled",
    "disabled",
];
const QUOTES: [char; 3] = ['"', '\'', '`'];

/// Whether the line has the value in quotes, or by itself where it is no word that any line may have.
pub(crate) fn shows(line: &str, value: &str) -> bool {
    let quoted = quoted(line).any(|it| it == value);
    quoted || is_data(value) && stands_alone(line, value)
}

/// The words of a line that stand in quotes, and those that look like flags.
pub(crate) fn quoted(line: &str) -> impl Iterator<Item = &str> {
    let of_sign = move |sign: char| {
        // What follows the last one is open.
        let inside = line.matches(sign).count().saturating_sub(1);
        line.split(sign).skip(1).take(inside)
    };
    let quoted = QUOTES.into_iter().flat_map(of_sign);
    let flags = line.split_whitespace().filter(|it| it.starts_with("--"));
    let flags = flags.map(|it| it.trim_matches(|it: char| ",;:.".contains(it)));
    quoted.chain(flags).filter(|it| (MIN_QUOTED..=MAX_QUOTED).contains(&it.chars().count()))
}

/// Whether a text has this word with neither letters nor digits beside it.
pub(crate) fn stands_alone(text: &str, word: &str) -> bool {
    let is_part = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || "-_".contains(it));
    let mut places = text.match_indices(word);
    !word.is_empty()
        && places.any(|(at, _)| {
            let before = text.get(..at).and_then(|it| it.chars().next_back());
            let after = text.get(at + word.len()..).and_then(|it| it.chars().next());
            !is_part(before) && !is_part(after)
        })
}

/// Whether a value is one that any line may have.
pub(crate) fn is_common(value: &str) -> bool {
    COMMON.iter().any(|it| it.eq_ignore_ascii_case(value))
}

/// Whether a value is no ordinary word: it has digits or signs, or a capital behind a small letter.
fn is_data(value: &str) -> bool {
    if value.chars().all(|it| it.is_ascii_digit()) {
        return MIN_DIGITS <= value.len();
    }
    let mut letters = value.chars().zip(value.chars().skip(1));
    if letters.any(|it| it.0.is_lowercase() && it.1.is_uppercase()) {
        return true;
    }
    let is_letter = |it: char| it.is_alphabetic() || "-_ ".contains(it);
    MIN_QUOTED < value.chars().count() && !value.chars().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_shows_is_seen() {
        assert!(shows("unknown log level \"verbos\" (use one of info)", "verbos"));
        assert!(shows("listen tcp: address 80a: missing port in address", "80a"));
        assert!(shows("listen tcp :8080: bind: address already in use", "8080"));
        assert!(shows("Saved cluster name Marina != configured name MarinaProd", "MarinaProd"));
        // Any line may have these.
        assert!(!shows("Saved cluster name Marina != other", "Marina"));
        assert!(!shows("starting in production", "production"));
        assert!(!shows("line 12 is wrong", "12"));
        assert!(!shows("address 80abc", "80a"));
    }

    #[test]
    fn words_in_quotes_and_flags_are_found() {
        let found: Vec<_> = quoted("error: 'a1' or \"b2\": unknown flag --prot.").collect();

        assert!(["a1", "b2", "--prot"].iter().all(|it| found.contains(it)), "{found:?}");
    }
}
