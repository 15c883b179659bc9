//! Many patterns of which hardly any fits a text.
//!
//! Each is compiled when a text first holds a word that it cannot fit without: a program has a few things to say, and a
//! compiled pattern, with what it keeps for its next search, takes a tenth of a megabyte that is never given back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::Regex;
use regex_syntax::hir::{Hir, HirKind};

use super::{ascii, of_any_case};

/// Letters that a word must have to be looked for.
const MIN_WORD: usize = 3;
/// Words that are looked for instead of one pattern.
const MAX_WORDS: usize = 40;

/// What says of a part of a pattern whether the case of its letters matters, and what stands for it where it does not.
const CASES: [(&str, &str); 3] = [("(?i:", "(?:"), ("(?-i:", "(?:"), ("(?-i)", "")];

/// Patterns in an order, whatever the case of their letters.
pub(crate) struct Sieve {
    patterns: Vec<Lazy>,
    /// `None` where they cannot be looked for at once: then every pattern may fit.
    words: Option<AhoCorasick>,
    /// The patterns that each word may stand for.
    meant: Vec<Vec<usize>>,
    /// The patterns that have no word.
    wordless: Vec<usize>,
}

/// A pattern, and what it is once it is compiled; nothing of what is none.
struct Lazy {
    text: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Sieve {
    pub(crate) fn new(patterns: impl IntoIterator<Item = &'static str>) -> Self {
        let lazy = |text| Lazy { text, compiled: OnceLock::new() };
        let patterns: Vec<_> = patterns.into_iter().map(lazy).collect();
        let mut wordless = vec![];
        let mut meant: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (i, it) in patterns.iter().enumerate() {
            match words(it.text) {
                Some(words) => {
                    for word in words {
                        meant.entry(word).or_default().push(i);
                    }
                }
                None => wordless.push(i),
            }
        }
        let built = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(meant.keys());
        Self { patterns, words: built.ok(), meant: meant.into_values().collect(), wordless }
    }

    /// The patterns that may fit this text, in their order, with their place in it.
    pub(crate) fn may_fit(&self, text: &str) -> impl Iterator<Item = (usize, &Regex)> {
        let places: BTreeSet<usize> = match &self.words {
            Some(words) => {
                let seen = words.find_overlapping_iter(text);
                let seen = seen.filter_map(|it| self.meant.get(it.pattern().as_usize())).flatten();
                seen.chain(&self.wordless).copied().collect()
            }
            None => (0..self.patterns.len()).collect(),
        };
        places.into_iter().filter_map(|it| Some((it, self.get(it)?)))
    }

    /// The patterns that every text is tried with.
    #[cfg(test)]
    pub(crate) fn wordless(&self) -> impl Iterator<Item = &str> {
        self.wordless.iter().map(|it| self.patterns[*it].text)
    }

    fn get(&self, place: usize) -> Option<&Regex> {
        let it = self.patterns.get(place)?;
        it.compiled.get_or_init(|| of_any_case(it.text)).as_ref()
    }
}

/// Words of which every text that this pattern fits has one, whatever their case. `None` where there are none, or only
/// words that are in every second text.
fn words(pattern: &str) -> Option<BTreeSet<String>> {
    // Letters of either case are classes, which hide the word.
    let plain = CASES.iter().fold(ascii(pattern), |text, it| text.replace(it.0, it.1));
    let words = needed(&regex_syntax::parse(&plain).ok()?)?;
    (shortest(&words) >= MIN_WORD && words.len() <= MAX_WORDS).then_some(words)
}

fn needed(hir: &Hir) -> Option<BTreeSet<String>> {
    match hir.kind() {
        HirKind::Literal(it) => {
            let text = std::str::from_utf8(&it.0).ok()?;
            Some(BTreeSet::from([text.to_lowercase()]))
        }
        HirKind::Capture(it) => needed(&it.sub),
        HirKind::Repetition(it) if it.min > 0 => needed(&it.sub),
        HirKind::Concat(parts) => {
            // The word that says most: the longest, and of several ways to say it the fewest.
            let sets = parts.iter().filter_map(needed);
            sets.max_by_key(|it| (shortest(it), usize::MAX - it.len()))
        }
        HirKind::Alternation(ways) => {
            let sets: Option<Vec<_>> = ways.iter().map(needed).collect();
            Some(sets?.into_iter().flatten().collect())
        }
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

/// The letters of the word that has the fewest.
fn shortest(words: &BTreeSet<String>) -> usize {
    let letters = |it: &String| it.chars().filter(|it| it.is_alphanumeric()).count();
    words.iter().map(letters).min().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(pattern: &str) -> Option<Vec<String>> {
        words(pattern).map(|it| it.into_iter().collect())
    }

    #[test]
    fn a_word_is_one_that_no_fitting_text_lacks() {
        let some = |words: &[&str]| Some(words.iter().map(|it| (*it).to_owned()).collect());
        assert_eq!(words_of(r"\bport (\d+) is in use"), some(&[" is in use"]));
        assert_eq!(words_of(r"(?:open|read)ing (/\S+)"), some(&["open", "read"]));
        assert_eq!(words_of(r"(?:no )?Such file|eacces"), some(&["eacces", "such file"]));
        assert_eq!(words_of(r"(?:abc)+x"), some(&["abc"]));

        assert_eq!(words_of(r"(?-i)([A-Z]+) (?i:is not set)"), some(&[" is not set"]));

        // Not where it may be absent, or one way to say it has none.
        assert_eq!(words_of(r"(?:abc)*\d"), None);
        assert_eq!(words_of(r"(?:abcd|\d+)"), None);
        assert_eq!(words_of(r"a\d+"), None);
        assert_eq!(words_of("("), None);
    }

    #[test]
    fn only_what_may_fit_is_compiled_and_in_the_order_that_was_given() {
        let sieve = Sieve::new(["refused", r"^\d+$", "never said", "connection (refused|reset)"]);
        let places = |text: &str| sieve.may_fit(text).map(|it| it.0).collect::<Vec<_>>();

        assert_eq!(places("Connection REFUSED"), [0, 1, 3]);
        assert_eq!(places("all is well"), [1]);

        let compiled = |it: &Lazy| it.compiled.get().is_some();
        assert_eq!(
            sieve.patterns.iter().map(compiled).collect::<Vec<_>>(),
            [true, true, false, true]
        );
    }
}
