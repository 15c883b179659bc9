//! The one name that was probably meant.

use std::collections::BTreeSet;

/// How many edits away a name may be.
const MAX_EDITS: usize = 2;
/// Names shorter than this are too alike by chance.
const MIN_CHARS: usize = 4;
/// In names shorter than this two edits make another word: `dark` is not `bank`.
const SHORT: usize = 6;

/// The one candidate that is one or two edits away from `name`; `None` when there is none or more than one.
pub(crate) fn near_miss<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let same = same_letters(name, &candidates).or_else(|| same_words(name, &candidates));
    if same.is_some() {
        return same;
    }
    let length = name.chars().count();
    if length < MIN_CHARS {
        return short_miss(name, candidates);
    }
    let most = if length < SHORT { 1 } else { MAX_EDITS };
    let mut near: Vec<_> = candidates
        .into_iter()
        // Every edit changes the length by one at most.
        .filter(|it| it.chars().count().abs_diff(length) <= most)
        .filter(|it| may_be_near(name, it, most))
        .map(|it| (strsim::osa_distance(name, it), it))
        .filter(|it| 0 < it.0 && it.0 <= most)
        .collect();
    near.sort_unstable();
    near.dedup();
    match near.as_slice() {
        [only] => Some(only.1.to_owned()),
        [best, next, ..] if best.0 < next.0 => Some(best.1.to_owned()),
        _ => None,
    }
}

/// The one candidate that differs in nothing but case and in what stands between the words: `log-level` for
/// `LOG_LEVEL`.
fn same_letters(name: &str, candidates: &[&str]) -> Option<String> {
    // Without letters, `1-1` and `11` are two numbers.
    if !name.chars().any(char::is_alphabetic) || letters(name).count() < MIN_CHARS {
        return None;
    }
    let same = candidates.iter().filter(|it| **it != name && written_alike(it, name));
    only(same)
}

/// Whether nothing but case differs, and what stands between the words.
pub(crate) fn written_alike(left: &str, right: &str) -> bool {
    if left.is_ascii() && right.is_ascii() {
        // Thousands of names are compared, and nearly all of them are of these letters.
        return plain_letters(left).eq(plain_letters(right));
    }
    letters(left).eq(letters(right))
}

fn plain_letters(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(|it| !b"-_.".contains(it)).map(|it| it.to_ascii_lowercase())
}

/// The one candidate that has the same words in another order: `crawler-sa` for `sa-crawler`.
fn same_words(name: &str, candidates: &[&str]) -> Option<String> {
    // There are thousands of candidates: words that changed places are as long as before.
    let mut as_long = candidates.iter().filter(|it| it.len() == name.len()).peekable();
    as_long.peek().filter(|_| name.chars().any(char::is_alphabetic))?;
    only(as_long.filter(|it| may_be_near(name, it, 0) && are_of_same_words(name, it)))
}

/// Whether two names have the same words in another order.
pub(crate) fn are_of_same_words(left: &str, right: &str) -> bool {
    fn words(it: &str) -> Vec<&str> {
        it.split(['-', '_', '.']).collect()
    }
    fn sorted(it: &str) -> Vec<&str> {
        let mut words = words(it);
        words.sort_unstable();
        words
    }
    words(left) != words(right) && sorted(left) == sorted(right)
}

/// The one of these, however often it is named.
fn only<'a>(all: impl Iterator<Item = &'a &'a str>) -> Option<String> {
    let all: BTreeSet<&str> = all.copied().collect();
    let mut all = all.into_iter();
    all.next().filter(|_| all.next().is_none()).map(str::to_owned)
}

fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|it| !"-_.".contains(*it)).flat_map(char::to_lowercase)
}

/// Of short names too many are alike by chance: one counts only when it is the only one that is near, one edit away
/// with the same first letter, and not another number. Of two letters one is half: they count when nothing but their
/// case differs, or one of them was left out.
fn short_miss<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let letters = |it: &str| it.to_lowercase().chars().collect::<Vec<_>>();
    let wanted = letters(name);
    let is_near = |it: &&str| {
        let other = letters(it);
        let distance = strsim::osa_distance(name, it);
        let begins_alike = wanted.first() == other.first();
        let is_same_length = wanted.len() == other.len();
        let mut pairs = wanted.iter().zip(&other).filter(|it| it.0 != it.1);
        let is_number = pairs.any(|it| it.0.is_ascii_digit() || it.1.is_ascii_digit());
        let is_ending = !is_same_length
            && [&wanted, &other].iter().any(|it| it.last().is_some_and(char::is_ascii_digit));
        let is_half = wanted.len() < 3 && is_same_length && wanted != other;
        let is_one_letter = wanted.len() < 2 || other.len() < 2;
        distance == 1
            && begins_alike
            && !is_number
            && !is_ending
            && !is_half
            && (!is_one_letter || wanted == other)
    };
    let mut near: Vec<_> = candidates.into_iter().filter(is_near).collect();
    near.sort_unstable();
    near.dedup();
    match near.as_slice() {
        [only] => Some((*only).to_owned()),
        _ => None,
    }
}

/// Whether two names can be so few edits apart: an edit takes one letter away and adds one at most. Thousands of names
/// are compared, and this is far cheaper than the distance.
fn may_be_near(a: &str, b: &str, most: usize) -> bool {
    if !a.is_ascii() || !b.is_ascii() {
        return true;
    }
    let mut surplus = [0_i32; 128];
    for (text, one) in [(a, 1), (b, -1)] {
        for letter in text.bytes() {
            if let Some(count) = surplus.get_mut(usize::from(letter)) {
                *count += one;
            }
        }
    }
    let apart: u32 = surplus.iter().map(|it| it.unsigned_abs()).sum();
    usize::try_from(apart).is_ok_and(|it| it <= 2 * most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_another_order_are_the_same_name() {
        assert_eq!(
            near_miss("sa-crawler", ["crawler-sa", "web-sa"]).as_deref(),
            Some("crawler-sa")
        );
        assert_eq!(near_miss("sa-crawler", ["crawler-sb"]), None);
        assert_eq!(near_miss("1-2", ["2-1"]), None);
    }

    #[test]
    fn a_slip_of_the_finger_is_seen() {
        let names = ["api-settings", "web-settings"];

        assert_eq!(near_miss("api-setings", names).as_deref(), Some("api-settings"));
        assert_eq!(near_miss("api-settigns", names).as_deref(), Some("api-settings"));
    }

    #[test]
    fn another_case_is_no_other_name() {
        assert_eq!(near_miss("log_level", ["LOG_LEVEL", "PORT"]).as_deref(), Some("LOG_LEVEL"));
        assert_eq!(near_miss("log-level", ["LOG_LEVEL"]).as_deref(), Some("LOG_LEVEL"));
        assert_eq!(near_miss("databaseUrl", ["DATABASE_URL"]).as_deref(), Some("DATABASE_URL"));
        // Two that are the same letters, and the name itself.
        assert_eq!(near_miss("log_level", ["LOG_LEVEL", "LOGLEVEL"]), None);
        assert_eq!(near_miss("log_level", ["log_level"]), None);
    }

    #[test]
    fn two_that_are_equally_near_are_none() {
        assert_eq!(near_miss("cache-x", ["cache-1", "cache-2"]), None);
    }

    #[test]
    fn of_short_names_only_the_one_that_is_hardly_another_is_meant() {
        assert_eq!(near_miss("apj", ["api", "web"]).as_deref(), Some("api"));
        assert_eq!(near_miss("db", ["dB"]).as_deref(), Some("dB"));
        assert_eq!(near_miss("dbb", ["db"]).as_deref(), Some("db"));
        assert_eq!(near_miss("we", ["web"]).as_deref(), Some("web"));
        // Two that are near, another first letter, another number, half another name.
        assert_eq!(near_miss("apj", ["api", "app"]), None);
        assert_eq!(near_miss("cat", ["bat"]), None);
        assert_eq!(near_miss("v1", ["v2"]), None);
        assert_eq!(near_miss("db1", ["db2"]), None);
        assert_eq!(near_miss("db", ["db2"]), None);
        assert_eq!(near_miss("db", ["dc"]), None);
    }

    #[test]
    fn letters_that_are_no_ascii_are_compared_as_well() {
        assert_eq!(near_miss("größe-a", ["größe-b"]).as_deref(), Some("größe-b"));
        assert!(may_be_near("abcdef", "abcdxy", 2));
        assert!(!may_be_near("abcdef", "abcxyz", 2));
    }

    #[test]
    fn another_name_is_no_slip() {
        assert_eq!(near_miss("api-settings", ["billing"]), None);
        assert_eq!(near_miss("a", ["b"]), None);
        assert_eq!(near_miss("dark", ["bank"]), None);
        assert_eq!(near_miss("dark", ["park"]).as_deref(), Some("park"));
    }
}
