//! A path that a server lists among those that it answers, in its own log.

use jiff::{SignedDuration, Timestamp};
use types::{ContainerFacts, ProbeFacts, ProbeKind};

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

/// Whether the path lies in the folder of one that the container is known to answer, under the name that is asked for:
/// then the log only says again what its own probes do.
pub(crate) fn is_beside_answered(
    container: &ContainerFacts,
    probe: &ProbeFacts,
    (path, now): (&str, Timestamp),
) -> bool {
    let last = |it: &str| it.rsplit_once('/').map(|it| it.1.to_owned());
    let folder = |it: &str| it.rsplit_once('/').map(|it| it.0.to_owned());
    let is_beside = |it: &&ProbeFacts| {
        it.kind != probe.kind
            && (&it.port, &it.host, &it.scheme) == (&probe.port, &probe.host, &probe.scheme)
            && it.path.as_deref().and_then(folder) == folder(path)
    };
    let mut beside = container.probes.iter().filter(is_beside);
    // Until its startup probe succeeds, a container is asked by no other.
    probe.kind != ProbeKind::Startup
        && probe.path.as_deref().and_then(last) == last(path)
        && beside.any(|it| is_answered(container, it, now))
}

/// Whether the probe is known to succeed: one that restarts its container has had the time to do that.
fn is_answered(container: &ContainerFacts, probe: &ProbeFacts, now: Timestamp) -> bool {
    let patience = probe.initial_delay() + probe.period() * (probe.tries() + 1);
    let has_run =
        |since: Timestamp| SignedDuration::from_secs(patience.into()) < now.duration_since(since);
    probe.failure.is_none()
        && match probe.kind {
            ProbeKind::Startup => true,
            ProbeKind::Readiness => container.ready,
            ProbeKind::Liveness => container.state.running_since.is_some_and(has_run),
        }
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
