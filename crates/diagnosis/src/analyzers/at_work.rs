//! A program that is still at the work with which it begins, by its own account: it counts how far it is.

use std::sync::LazyLock;

use jiff::SignedDuration;
use regex::Regex;

use super::log_line::{Class, Line};
use crate::patterns::pattern;

/// How long a program that counts on may take: one that stopped to count looks the same from here.
pub(super) const PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// Lines from the end, none of which may complain.
const LAST_LINES: usize = 5;

/// `warmed 3 of 8 partitions`, `step 2/7`.
static COUNTS: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"\b(?P<done>\d{1,9}) ?(?:/|of|out of) ?(?P<all>\d{1,9})\b"));
/// `42 %`.
static SHARES: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"\b(?P<done>\d{1,2})(?:\.\d{1,3})? ?%"));
/// Words of those who count how far they are.
static WORKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:load|warm|index|migrat|download|import|restor|recover|replay|sync|build|compil|progress|complet|copy|copi|process|pars|fetch|unpack|extract|verif|appl|prepar|init|step|phase|stage|batch|partition|chunk|shard|segment|scan|train|cach|buffer|bootstrap|hydrat|preload|prefetch)[a-z]*\b",
    )
});

/// Whether the last that a log says is how far the program is, and nothing just before complains.
pub(super) fn is_at_work(log: &[String]) -> bool {
    let lines = log.iter().rev().flat_map(|it| it.lines().rev());
    let lines: Vec<Line<'_>> = lines.map(Line::of).filter(Line::says).take(LAST_LINES).collect();
    let complains = lines.iter().any(|it| Class::Complaint <= it.class());
    !complains && lines.first().is_some_and(|it| tells_how_far(&it.text))
}

fn tells_how_far(text: &str) -> bool {
    let number = |found: &regex::Captures<'_>, name| found.name(name)?.as_str().parse::<u32>().ok();
    let counts = COUNTS.as_ref().and_then(|it| it.captures(text)).is_some_and(|found| {
        number(&found, "done").zip(number(&found, "all")).is_some_and(|(done, all)| done < all)
    });
    let is_share = || SHARES.as_ref().is_some_and(|it| it.is_match(text));
    WORKS.as_ref().is_some_and(|it| it.is_match(text)) && (counts || is_share())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(log: &[&str], expected: bool) {
        let log: Vec<_> = log.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(is_at_work(&log), expected, "{log:?}");
    }

    #[test]
    fn who_counts_how_far_it_is_works() {
        check(&["INFO warmed 3 of 8 partitions"], true);
        check(&["2026-11-28 12:40:01 INFO replaying segment 41/310"], true);
        check(&["loading model: 42%"], true);
        check(&["step fetch: 2 of 7", ""], true);
    }

    #[test]
    fn who_is_done_or_complains_or_counts_something_else_does_not() {
        check(&["INFO warmed 8 of 8 partitions"], false);
        check(&["INFO warmed 3 of 8 partitions", "listening on :8080"], false);
        check(&["ERROR cannot open partition 4", "INFO warmed 3 of 8 partitions"], false);
        check(&["cpu 42%"], false);
        check(&["GET /items 200 3/7"], false);
        check(&[], false);
    }

    #[test]
    fn every_pattern_is_one() {
        assert!(COUNTS.is_some() && SHARES.is_some() && WORKS.is_some());
    }
}
