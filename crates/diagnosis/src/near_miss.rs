//! The one name that was probably meant.

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
    let length = name.chars().count();
    if length < MIN_CHARS {
        return None;
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
    fn a_slip_of_the_finger_is_seen() {
        let names = ["api-settings", "web-settings"];

        assert_eq!(near_miss("api-setings", names).as_deref(), Some("api-settings"));
        assert_eq!(near_miss("api-settigns", names).as_deref(), Some("api-settings"));
    }

    #[test]
    fn two_that_are_equally_near_are_none() {
        assert_eq!(near_miss("cache-x", ["cache-1", "cache-2"]), None);
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
