//! A path that a server lists among those that it answers, in its own log.

use types::{ContainerFacts, ProbeFacts};

use crate::near::{TYPO_DISTANCE, distance};

/// Letters of the last name of a path from which on it tells.
const MIN_NAME: usize = 4;
/// The longest path that is looked at.
const MAX_PATH: usize = 100;

/// The one path that a line of the log lists among others, with the last name of the path that is asked for and is
/// not there, or in its folder and a letter or two away.
pub(crate) fn path<'a>(container: &'a ContainerFacts, probe: &ProbeFacts) -> Option<&'a str> {
    let is_missed = probe.failure.as_deref().is_some_and(|it| it.contains("statuscode: 404"));
    let asked = probe.path.as_deref().filter(|_| is_missed && probe.host.is_none())?;
    let (folder, name) = asked.rsplit_once('/').filter(|it| MIN_NAME <= it.1.len())?;
    let is_meant = |it: &&str| {
        let Some((of, own)) = it.rsplit_once('/') else { return false };
        *it != asked && (own == name || of == folder && distance(own, name) <= TYPO_DISTANCE)
    };
    let lines = container.log.iter().chain(&container.previous_log);
    let lists = lines.map(|it| paths(it)).filter(|it| 1 < it.len() && !it.contains(&asked));
    let mut found: Vec<&str> = lists.flatten().filter(is_meant).collect();
    found.sort_unstable();
    found.dedup();
    let [only] = found.as_slice() else { return None };
    Some(only)
}

/// Whether a line of the log lists this path among others, and not the one that is asked for and is not there.
pub(super) fn holds(container: &ContainerFacts, probe: &ProbeFacts, path: &str) -> bool {
    let asked = probe.path.as_deref().unwrap_or_default();
    let mut lines = container.log.iter().chain(&container.previous_log).map(|it| paths(it));
    lines.any(|it| 1 < it.len() && it.contains(&path) && !it.contains(&asked))
}

/// The words of a line that are plain paths.
fn paths(line: &str) -> Vec<&str> {
    let is_end = |it: char| it.is_whitespace() || ",;|\"'`()[]{}".contains(it);
    let is_letter = |it: char| it.is_ascii_alphanumeric() || "/-_.".contains(it);
    let is_path =
        |it: &&str| it.starts_with('/') && it.len() <= MAX_PATH && it.chars().all(is_letter);
    line.split(is_end).filter(is_path).collect()
}
