//! Many patterns of which hardly any fits a text.
//!
//! Each is compiled when a text first holds a word that it cannot fit without: a program has a few things to say, and a
//! compiled pattern, with what it keeps for its next search, takes a tenth of a megabyte that is never given back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::Regex;
use regex_syntax::hir::{Hir, HirKind};

use super::{ascii, of_any_case, pattern};

/// Letters that a word must have to be looked for.
const MIN_WORD: usize = 3;
/// The same where a text is short, and each pattern that it is tried with takes time.
const MIN_PART: usize = 2;
/// Words that are looked for instead of one pattern.
const MAX_WORDS: usize = 40;

/// What says of a part of a pattern whether the case of its letters matters, and what stands for it where it does not.
const CASES: [(&str, &str); 4] = [("(?i:", "(?:"), ("(?-i:", "(?:"), ("(?-i)", ""), ("(?i)", "")];

/// Patterns in an order.
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
    compile: fn(&str) -> Option<Regex>,
    compiled: OnceLock<Option<Regex>>,
}

impl Sieve {
    /// Patterns that fit whatever the case of their letters.
    pub(crate) fn new(patterns: impl IntoIterator<Item = &'static str>) -> Self {
        Self::of(patterns, of_any_case, (MIN_WORD, AhoCorasickKind::ContiguousNFA))
    }

    /// Patterns that say themselves where the case of their letters does not matter, for texts that are many: what
    /// looks for their words is faster, and takes more room.
    pub(crate) fn keeping_case(patterns: impl IntoIterator<Item = &'static str>) -> Self {
        Self::of(patterns, pattern, (MIN_PART, AhoCorasickKind::DFA))
    }

    fn of(
        patterns: impl IntoIterator<Item = &'static str>,
        compile: fn(&str) -> Option<Regex>,
        (least, kind): (usize, AhoCorasickKind),
    ) -> Self {
        let lazy = |text| Lazy { text, compile, compiled: OnceLock::new() };
        let patterns: Vec<_> = patterns.into_iter().map(lazy).collect();
        let mut wordless = vec![];
        let mut meant: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (i, it) in patterns.iter().enumerate() {
            match words(it.text, least) {
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
            .kind(Some(kind))
            .build(meant.keys());
        Self { patterns, words: built.ok(), meant: meant.into_values().collect(), wordless }
    }

    /// The patterns that may fit this text, in their order, with their place in it.
    pub(crate) fn may_fit(&self, text: &str) -> impl Iterator<Item = (usize, &Regex)> {
        self.fitting(text).into_iter().filter_map(|it| Some((it, self.get(it)?)))
    }

    /// The places of the patterns that may fit.
    fn fitting(&self, text: &str) -> Vec<usize> {
        let Some(words) = &self.words else { return (0..self.patterns.len()).collect() };
        let mut is_seen = vec![false; self.meant.len()];
        let mut fits = vec![false; self.patterns.len()];
        let mut left = is_seen.len();
        self.wordless.iter().for_each(|it| mark(&mut fits, *it));
        for found in words.find_overlapping_iter(text) {
            let word = found.pattern().as_usize();
            let Some(seen) = is_seen.get_mut(word).filter(|it| !**it) else { continue };
            *seen = true;
            self.meant.get(word).into_iter().flatten().for_each(|it| mark(&mut fits, *it));
            left -= 1;
            if left == 0 {
                break;
            }
        }
        fits.iter().enumerate().filter(|it| *it.1).map(|it| it.0).collect()
    }

    /// The patterns that every text is tried with.
    #[cfg(test)]
    pub(crate) fn wordless(&self) -> impl Iterator<Item = &str> {
        self.wordless.iter().map(|it| self.patterns[*it].text)
    }

    /// The patterns that are none.
    #[cfg(test)]
    pub(crate) fn broken(&self) -> Vec<&str> {
        let broken = self.patterns.iter().filter(|it| (it.compile)(it.text).is_none());
        broken.map(|it| it.text).collect()
    }

    fn get(&self, place: usize) -> Option<&Regex> {
        let it = self.patterns.get(place)?;
        it.compiled.get_or_init(|| (it.compile)(it.text)).as_ref()
    }
}

fn mark(all: &mut [bool], place: usize) {
    if let Some(it) = all.get_mut(place) {
        *it = true;
    }
}

/// Words of which every text that this pattern fits has one, whatever their case. `None` where there are none, or only
/// words that are in every second text.
fn words(pattern: &str, least: usize) -> Option<BTreeSet<String>> {
    // Letters of either case are classes, which hide the word.
    let plain = CASES.iter().fold(ascii(pattern), |text, it| text.replace(it.0, it.1));
    let words = needed(&regex_syntax::parse(&plain).ok()?)?;
    (least <= shortest(&words) && words.len() <= MAX_WORDS).then_some(words)
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
        words(pattern, MIN_WORD).map(|it| it.into_iter().collect())
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
