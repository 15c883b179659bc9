//! Tables of what programs and clusters write, each row with what it means.

use std::sync::OnceLock;

use regex::Regex;

use super::pattern;

/// A row of a table: its pattern, and what it means with `{}` for the group `what`; perhaps more.
pub(crate) trait Row: Copy + 'static {
    /// The pattern, and what it means.
    fn texts(self) -> (&'static str, &'static str);
}

impl Row for (&'static str, &'static str) {
    fn texts(self) -> (&'static str, &'static str) {
        self
    }
}

impl<T: Copy + 'static> Row for (&'static str, &'static str, T) {
    fn texts(self) -> (&'static str, &'static str) {
        (self.0, self.1)
    }
}

/// A table whose patterns are compiled when the first text is read. Order is rank.
pub(crate) struct Meanings<R: Row> {
    rows: &'static [R],
    /// What is kept of the group.
    cut: fn(&str) -> String,
    compiled: OnceLock<Vec<Option<Regex>>>,
}

impl<R: Row> Meanings<R> {
    pub(crate) const fn new(rows: &'static [R], cut: fn(&str) -> String) -> Self {
        Self { rows, cut, compiled: OnceLock::new() }
    }

    /// The first row that a text matches, with its rank and what it means.
    pub(crate) fn find(&self, text: &str) -> Option<(usize, String, R)> {
        let mut rows = self.compiled().iter().zip(self.rows).enumerate();
        rows.find_map(|(rank, (pattern, row))| {
            let found = pattern.as_ref()?.captures(text)?;
            let what = found.name("what").map_or("", |it| it.as_str());
            Some((rank, row.texts().1.replace("{}", &(self.cut)(what)), *row))
        })
    }

    fn compiled(&self) -> &[Option<Regex>] {
        self.compiled.get_or_init(|| self.rows.iter().map(|it| pattern(it.texts().0)).collect())
    }

    /// The patterns that are none.
    #[cfg(test)]
    pub(crate) fn broken(&self) -> Vec<&'static str> {
        let rows = self.rows.iter().zip(self.compiled()).filter(|it| it.1.is_none());
        rows.map(|it| it.0.texts().0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_row_that_matches_tells_with_what_is_kept_of_the_group() {
        static TABLE: Meanings<(&str, &str, u8)> = Meanings::new(
            &[("no (?P<what>[a-z]+) here", "it lacks {}", 1), ("no", "it lacks something", 2)],
            str::to_uppercase,
        );

        let find = |text| TABLE.find(text).map(|(rank, words, row)| (rank, words, row.2));
        assert_eq!(find("no disk here"), Some((0, "it lacks DISK".to_owned(), 1)));
        assert_eq!(find("no disk"), Some((1, "it lacks something".to_owned(), 2)));
        assert_eq!(find("yes"), None);
        assert_eq!(TABLE.broken(), Vec::<&str>::new());
    }

    #[test]
    fn what_is_no_pattern_is_passed_over_and_told() {
        static TABLE: Meanings<(&str, &str)> =
            Meanings::new(&[("(", "broken"), ("a", "whole")], str::to_owned);

        assert_eq!(TABLE.find("a").map(|it| it.1).as_deref(), Some("whole"));
        assert_eq!(TABLE.broken(), ["("]);
    }
}
