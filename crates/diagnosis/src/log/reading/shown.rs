//! The variable whose value a program could not read, by the line of its source that the trace shows.

use std::sync::LazyLock;

use regex::Regex;

use super::{Reading, Trouble};
use crate::patterns::pattern;

/// Lines above the words in which a trace shows its source.
const ABOVE: usize = 6;

/// How programs read a variable.
static READS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r#"(?:environ(?:\.get)?|[Gg]et_?[Ee]nv|ENV(?:\.fetch)?|LookupEnv|fetch_env!|env(?:::var)?)[\[(]["']([A-Z][A-Z0-9_]{2,})["']|process\.env\.([A-Z][A-Z0-9_]{2,})"#,
    )
});

impl Reading<'_> {
    /// The same, by the name of the variable, where the source above reads one and no other.
    pub(super) fn with_name(self, log: &[String]) -> Self {
        let is_it = self.trouble == Trouble::Malformed && self.detail() < 2;
        let name = || variable(log, self.line).or_else(|| field(log, self.about.as_deref()?));
        match is_it.then(name).flatten() {
            Some(name) => Self { about: Some(name), ..self },
            None => self,
        }
    }
}

fn variable(log: &[String], line: &str) -> Option<String> {
    let mut lines = log.iter().rev().flat_map(|it| it.lines().rev());
    lines.by_ref().find(|it| *it == line)?;
    let mut names = lines.take(ABOVE).flat_map(reads);
    let first = names.next()?;
    names.all(|it| it == first).then(|| first.to_owned())
}

/// The field of a model of settings, which stands by itself above what is said of it.
fn field(log: &[String], value: &str) -> Option<String> {
    let mut lines = log.iter().rev().flat_map(|it| it.lines().rev());
    lines.by_ref().find(|it| it.starts_with("  ") && it.contains(value))?;
    let name = lines.next()?;
    let is_part = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let is_name =
        name.starts_with(|it: char| it.is_ascii_alphabetic()) && name.chars().all(is_part);
    is_name.then(|| name.to_owned())
}

fn reads(line: &str) -> Vec<&str> {
    let found = READS.iter().flat_map(|it| it.captures_iter(line));
    found.filter_map(|it| Some(it.get(1).or(it.get(2))?.as_str())).collect()
}

#[test]
fn the_pattern_is_one() {
    assert!(READS.is_some());
    assert_eq!(reads("x = int(os.environ['SIZE'], f(process.env.PORT))"), ["SIZE", "PORT"]);
}
