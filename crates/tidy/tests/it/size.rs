//! Files that fit in a head, under names that say something.

use crate::tree::{check, rust};

/// A longer file has a seam that nobody looked for.
const MAX_LINES: usize = 400;

/// A longer line of a comment is read twice, or not at all. Code is held to less by its formatter.
const MAX_COMMENT: usize = 120;

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
fn no_line_of_a_comment_is_longer_than_an_eye_can_follow() {
    let mut offenders = Vec::new();
    for file in rust() {
        for (at, line) in file.text.lines().enumerate() {
            // An address has no place to break.
            let is_long = MAX_COMMENT < line.chars().count() && !line.contains("https://");
            if is_long && line.trim_start().starts_with("//") {
                offenders.push(format!("{}:{}", file.path, at + 1));
            }
        }
    }
    check(&format!("a comment of more than {MAX_COMMENT} columns"), &offenders);
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
