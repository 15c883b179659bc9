//! A program that is still at the work with which it begins, by its own account: it counts how far it is. And one that
//! gathers without an end.

use std::sync::LazyLock;

use jiff::SignedDuration;
use regex::Regex;

use super::line::{Class, Line};
use crate::patterns::pattern;

/// How long a program that counts on may take: one that stopped to count looks the same from here.
pub(crate) const PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// Lines from the end, none of which may complain.
const LAST_LINES: usize = 5;

/// Lines in a row that have to be alike where one counts up.
const ALIKE: usize = 4;

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
pub(crate) fn is_at_work(log: &[String]) -> bool {
    let lines = log.iter().rev().flat_map(|it| it.lines().rev());
    let lines: Vec<Line<'_>> = lines.map(Line::of).filter(Line::says).take(LAST_LINES).collect();
    let complains = lines.iter().any(|it| Class::Complaint <= it.class());
    !complains && lines.first().is_some_and(|it| tells_how_far(&it.text))
}

/// Whether a line counts towards an end that it names.
fn tells_how_far(text: &str) -> bool {
    let number = |found: &regex::Captures<'_>, name| found.name(name)?.as_str().parse::<u32>().ok();
    let counts = COUNTS.as_ref().and_then(|it| it.captures(text)).is_some_and(|found| {
        number(&found, "done").zip(number(&found, "all")).is_some_and(|(done, all)| done <= all)
    });
    let is_share = || SHARES.as_ref().is_some_and(|it| it.is_match(text));
    WORKS.as_ref().is_some_and(|it| it.is_match(text)) && (counts || is_share())
}

/// Whether the last lines differ in a number alone that grows, and none says how far it will.
pub(crate) fn counts_up(log: &[String]) -> bool {
    let lines: Vec<&str> = log
        .iter()
        .rev()
        .flat_map(|it| it.lines().rev())
        .filter(|it| !it.trim().is_empty())
        .take(ALIKE)
        .collect();
    let Some(last) = lines.first() else { return false };
    let (form, _) = read(last);
    let numbers: Vec<Vec<u64>> =
        lines.iter().map(|it| read(it)).filter(|it| it.0 == form).map(|it| it.1).collect();
    let is_growing = |at: usize| {
        numbers.windows(2).all(|pair| match pair {
            [newer, older] => older.get(at) < newer.get(at),
            _ => false,
        })
    };
    let grows = numbers.first().is_some_and(|it| (0..it.len()).any(is_growing));
    numbers.len() == ALIKE && grows && !tells_how_far(&Line::of(last).text)
}

/// A line with its numbers taken out, its time aside.
fn read(line: &str) -> (String, Vec<u64>) {
    let text = Line::of(line).text.into_owned();
    let is_digit = |it: char| it.is_ascii_digit();
    let numbers = text.split(|it| !is_digit(it)).filter_map(|it| it.parse().ok()).collect();
    let form = text.split(is_digit).filter(|it| !it.is_empty()).collect::<Vec<_>>().join("#");
    (form, numbers)
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
        // The last part is told before it is done.
        check(&["INFO warmed 8 of 8 partitions"], true);
        check(&["step fetch: 2 of 7", ""], true);
    }

    #[test]
    fn who_goes_on_or_complains_or_counts_something_else_does_not() {
        check(&["INFO warmed 3 of 8 partitions", "listening on :8080"], false);
        check(&["ERROR cannot open partition 4", "INFO warmed 3 of 8 partitions"], false);
        check(&["cpu 42%"], false);
        check(&["GET /items 200 3/7"], false);
        check(&[], false);
    }

    #[track_caller]
    fn check_up(log: &[&str], expected: bool) {
        let log: Vec<_> = log.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(counts_up(&log), expected, "{log:?}");
    }

    #[test]
    fn who_counts_up_without_an_end_is_known() {
        let spooled = |it| format!("spooled {it} batches, consumer has taken 0");
        let log: Vec<_> = (3..8).map(spooled).collect();
        check_up(&log.iter().map(String::as_str).collect::<Vec<_>>(), true);
        check_up(
            &[
                "2026-11-28T12:40:01Z INFO queue holds 10",
                "2026-11-28T12:40:02Z INFO queue holds 200",
                "2026-11-28T12:40:03Z INFO queue holds 3000",
                "2026-11-28T12:40:04Z INFO queue holds 3001",
            ],
            true,
        );
    }

    #[test]
    fn who_tells_how_far_or_something_else_or_falls_does_not_count_up() {
        check_up(&["warmed 1 of 9", "warmed 2 of 9", "warmed 3 of 9", "warmed 4 of 9"], false);
        check_up(&["queue holds 1", "queue holds 2", "queue holds 3"], false);
        check_up(&["queue holds 1", "queue holds 2", "queue holds 3", "queue holds 3"], false);
        check_up(&["queue holds 4", "queue holds 3", "queue holds 2", "queue holds 1"], false);
        check_up(
            &["queue holds 1", "queue holds 2", "queue holds 3", "queue holds 4", "cache warmed"],
            false,
        );
        check_up(&["killed", "killed", "killed", "killed"], false);
        check_up(&[], false);
    }

    #[test]
    fn every_pattern_is_one() {
        assert!(COUNTS.is_some() && SHARES.is_some() && WORKS.is_some());
    }
}
