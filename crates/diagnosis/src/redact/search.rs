//! Which of many texts may be in another one, in one pass.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// Bytes of the beginning of each that are looked for: enough to tell them apart, and few to keep.
const MAX_BEGINNING: usize = 16;

/// The beginnings of texts.
pub(super) struct Search {
    /// `None` where they cannot be looked for at once: then every text may be there.
    beginnings: Option<AhoCorasick>,
    /// The places of the texts that each of them begins.
    begun: Vec<Vec<usize>>,
}

impl Search {
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut begun: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
        for (place, text) in texts.enumerate() {
            let bytes = text.as_bytes();
            begun.entry(bytes.get(..MAX_BEGINNING).unwrap_or(bytes)).or_default().push(place);
        }
        let built =
            AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(begun.keys());
        Self { beginnings: built.ok(), begun: begun.into_values().collect() }
    }

    /// The places, in their order, of the texts of which the beginning is there; all `n` where that is not known.
    pub(super) fn may_be_in(&self, text: &str, n: usize) -> Vec<usize> {
        let Some(beginnings) = &self.beginnings else { return (0..n).collect() };
        let mut left = self.begun.len();
        let mut is_there = vec![false; left];
        for found in beginnings.find_overlapping_iter(text) {
            let Some(seen) = is_there.get_mut(found.pattern().as_usize()) else { continue };
            left -= usize::from(!*seen);
            *seen = true;
            if left == 0 {
                break;
            }
        }
        let there = self.begun.iter().zip(is_there).filter(|it| it.1).flat_map(|it| it.0);
        let mut places: Vec<_> = there.copied().collect();
        places.sort_unstable();
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_text_is_found_also_where_it_overlaps_and_what_is_not_there_is_left_out() {
        let texts = ["sommerregen", "regenbogen", "winter", "regen", "0123456789abcdefXY"];
        let search = Search::of(texts.into_iter());
        let found = |text| search.may_be_in(text, texts.len());

        assert_eq!(found("a sommerregenbogen"), [0, 1, 3]);
        assert_eq!(found("winter"), [2]);
        assert_eq!(found("of the beginning alone: 0123456789abcdefZZ"), [4]);
        assert!(found("summer rain").is_empty());
    }
}
