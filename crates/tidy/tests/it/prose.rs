//! What a reader meets first in each file, and what he must never meet.

use crate::tree::{check, files, rust, top};

#[test]
fn every_file_begins_with_a_sentence_that_says_what_it_holds() {
    let offenders: Vec<_> =
        rust().into_iter().filter(|it| !it.text.starts_with("//! ")).map(|it| it.path).collect();
    check("a file without a first `//!` sentence", &offenders);
}

#[test]
fn nothing_is_left_to_do_in_a_comment() {
    let words =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("HA", "CK:"), concat!("XX", "X")];
    let mut offenders = Vec::new();
    for file in rust() {
        for (line, text) in file.text.lines().enumerate() {
            if words.iter().any(|it| text.contains(it)) {
                offenders.push(format!("{}:{}", file.path, line + 1));
            }
        }
    }
    check("unfinished words", &offenders);
}

#[test]
fn no_test_is_switched_off_and_none_sleeps() {
    let words =
        [concat!("#[ig", "nore"), concat!("#[should_", "panic"), concat!("thread::sl", "eep(")];
    let mut offenders = Vec::new();
    for file in rust() {
        for word in words.iter().filter(|it| file.text.contains(**it)) {
            offenders.push(format!("{} says {word}", file.path));
        }
    }
    check("a test that is switched off or sleeps", &offenders);
}

#[test]
fn every_decision_has_its_four_parts() {
    let mut offenders = Vec::new();
    for file in files("docs/adr", ".md") {
        for part in ["## Context", "## Decision", "## Consequence", "## What would change our mind"]
        {
            if !file.text.contains(part) {
                offenders.push(format!("{} lacks `{part}`", file.path));
            }
        }
    }
    check("a decision is incomplete", &offenders);
}

#[test]
fn what_the_readme_and_the_maps_name_is_there() {
    let mut offenders = Vec::new();
    for page in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = &files("", page).into_iter().find(|it| it.path == page).unwrap().text;
        for word in text.split(|it: char| it.is_whitespace() || "()`\"<>…".contains(it)) {
            let word = word.trim_end_matches(['.', ',', ':', ';']);
            let is_path =
                ["scripts/", "docs/", "deploy/", "crates/"].iter().any(|it| word.starts_with(it));
            // `x.rs` and `noun.rs` are names to be chosen.
            let is_made_up =
                ["*", "/x.", "noun", "topic", "NNNN"].iter().any(|it| word.contains(it));
            if is_path && !is_made_up && !top().join(word).exists() {
                offenders.push(format!("{page}: {word}"));
            }
        }
    }
    check("a page names what is not there", &offenders);
}
