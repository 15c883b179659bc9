//! Files that fit in a head, under names that say something.

use crate::tree::{check, rust};

/// A longer file has a seam that nobody looked for.
const MAX_LINES: usize = 400;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 12] = [
    "utils",
    "util",
    "helpers",
    "helper",
    "manager",
    "handler",
    "processor",
    "engine",
    "common",
    "misc",
    "base",
    "mod",
];

#[test]
fn no_file_is_longer_than_a_head_can_hold() {
    let offenders: Vec<_> = rust()
        .into_iter()
        .filter(|it| MAX_LINES < it.text.lines().count())
        .map(|it| format!("{}: {} lines", it.path, it.text.lines().count()))
        .collect();
    check(&format!("a file of more than {MAX_LINES} lines"), &offenders);
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    let offenders: Vec<_> = rust()
        .into_iter()
        .filter(|it| {
            let name = it.path.rsplit('/').next().unwrap().trim_end_matches(".rs");
            EMPTY_NAMES.contains(&name)
        })
        .map(|it| it.path)
        .collect();
    check("a file name that says nothing", &offenders);
}
