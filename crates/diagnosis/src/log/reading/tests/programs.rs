//! What programs that many people run say in the end, in their documented words, and what is read from it.

use super::super::why;

/// Logs, each followed by what is read from it behind an arrow; where nothing is, nothing stands there.
const PAGES: [(&str, &str); 6] = [
    ("variables", include_str!("variables.txt")),
    ("values", include_str!("values.txt")),
    ("hosts", include_str!("hosts.txt")),
    ("servers", include_str!("servers.txt")),
    ("files", include_str!("files.txt")),
    ("starts", include_str!("starts.txt")),
];

#[track_caller]
fn check(page: &str) {
    let (name, text) = PAGES.iter().find(|it| it.0 == page).unwrap();
    let mut wrong = vec![];
    let mut log: Vec<String> = vec![];
    for line in text.lines().filter(|it| !it.starts_with("# ")) {
        let Some(expected) = line.strip_prefix("=>") else {
            log.push(line.to_owned());
            continue;
        };
        let words = why(&log).map(|it| it.words()).unwrap_or_default();
        if words != expected.trim() {
            wrong.push(format!(
                "{}\n  expected: {}\n  read:     {words}",
                log.join("\n"),
                expected
            ));
        }
        log.clear();
    }
    assert!(wrong.is_empty(), "{name}: {} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_variable_that_is_missing_is_named() {
    check("variables");
}

#[test]
fn a_value_that_cannot_be_read_is_named() {
    check("values");
}

#[test]
fn a_host_that_does_not_answer_is_named() {
    check("hosts");
}

#[test]
fn a_server_that_says_no_is_told_from_one_that_is_not_there() {
    check("servers");
}

#[test]
fn a_file_or_a_port_is_named() {
    check("files");
}

#[test]
fn a_program_that_does_not_even_start_says_why() {
    check("starts");
}
