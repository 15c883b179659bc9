//! Processes that are killed below a first one that lives on: no container ends, and only the log tells.

use std::sync::LazyLock;

use regex::Regex;
use types::{Clue, ContainerFacts, Diagnosis, Evidence, Fault};

use crate::analyzers::{running_for, wording};
use crate::confidence;
use crate::patterns::pattern;

/// Deaths in the last lines of its log from which on they are no accident.
const AGAIN: usize = 2;
/// The share of its limit that is in use where that alone speaks for it, in percent.
const NEARLY_ALL: u64 = 80;

/// Whom a process manager calls its own, and how that one ended. Of the many who say so: gunicorn, uwsgi, php-fpm,
/// nginx, celery, unicorn, `PostgreSQL`, Spark.
static KILLED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:worker|child|children|subprocess|process|executor|pid)\b.*(?:\bSIGKILL\b|\bsignal:? 9\b|\bexit(?:ed with)? (?:code|status):? 137\b)",
    )
});
/// Who kills it himself says that it took too long.
static IN_TIME: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"(?i)\btime(?:d|s)?[ -]?out\b|\btoo long\b"));

/// A container that runs, does not become ready, and says again and again that a process of it was killed.
pub(super) fn killed(evidence: &Evidence) -> Option<Diagnosis> {
    let (container, line) =
        evidence.containers.iter().find_map(|it| Some((it, last_killed(it, evidence)?)))?;
    let name = &container.name;
    let mut clues = vec![Clue::new(wording::fact(container, "log"), line)];
    let limit = match (&container.memory_limit, &container.given_memory_limit) {
        (Some(limit), _) => {
            clues.push(Clue::new(wording::fact(container, "memory_limit"), limit));
            format!("memory limit of {limit}")
        }
        (None, Some(given)) => {
            clues.extend(wording::given_limit(evidence, container));
            wording::given(given)
        }
        (None, None) => return None,
    };
    let is_full = container.memory_used.is_some_and(|used| is_nearly_all(used, container));
    clues.extend(
        container.memory_used.map(|it| Clue::new(wording::fact(container, "memory_used"), &it)),
    );
    clues.extend(wording::rollout(evidence, &["resources", "image"]));
    Some(Diagnosis {
        fault: Fault::OomKilled,
        container: Some(name.clone()),
        cause: format!(
            "By its log, processes of container {name} are killed again and again while it runs on: they probably need more \
             memory than its {limit}."
        ),
        clues,
        confidence: if is_full { confidence::LIKELY } else { confidence::PARTLY },
    })
}

/// The newest line that tells of a process that was killed, where more than one does and nobody says that it took
/// too long.
fn last_killed<'e>(container: &'e ContainerFacts, evidence: &Evidence) -> Option<&'e str> {
    let is_limited = container.memory_limit.is_some() || container.given_memory_limit.is_some();
    if container.ready || !is_limited || running_for(container, evidence).is_none() {
        return None;
    }
    let finds =
        |it: &LazyLock<Option<Regex>>, line: &str| it.as_ref().is_some_and(|it| it.is_match(line));
    let lines = || container.log.iter().flat_map(|it| it.lines());
    let killed: Vec<&str> = lines().filter(|it| finds(&KILLED, it)).collect();
    let is_late = lines().any(|it| finds(&IN_TIME, it));
    killed.last().copied().filter(|_| AGAIN <= killed.len() && !is_late)
}

fn is_nearly_all(used: u64, container: &ContainerFacts) -> bool {
    let given = container.given_memory_limit.as_ref().map(|it| &it.amount);
    let limit = container.memory_limit.as_ref().or(given).and_then(types::Quantity::units);
    limit.is_some_and(|it| it / 100 * NEARLY_ALL <= used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: bool) {
        assert_eq!(KILLED.as_ref().unwrap().is_match(line), expected, "{line}");
    }

    #[test]
    fn a_process_that_was_killed_is_known_by_what_its_parent_says() {
        for line in [
            "[ERROR] Worker (pid:17) was sent SIGKILL! Perhaps out of memory?",
            "DAMN ! worker 1 (pid: 17) died, killed by signal 9 :( trying respawn ...",
            "WARNING: [pool www] child 17 exited on signal 9 (SIGKILL) after 3.2 seconds from start",
            "[alert] 1#1: worker process 17 exited on signal 9",
            "WorkerLostError: Worker exited prematurely: signal 9 (SIGKILL) Job: 3.",
            "ERROR -- : reaped #<Process::Status: pid 17 SIGKILL (signal 9)> worker=0",
            "LOG:  server process (PID 17) was terminated by signal 9: Killed",
            "ExecutorLostFailure: Executor 3 lost: the executor exited with exit code 137",
        ] {
            check(line, true);
        }
    }

    #[test]
    fn other_ends_and_other_numbers_are_not_that() {
        for line in [
            "[INFO] Booting worker with pid: 17",
            "worker process 17 exited with code 0",
            "worker process 17 exited on signal 11",
            "child 17 exited on signal 91",
            "signal 9 received",
            "GET /worker 200 137",
        ] {
            check(line, false);
        }
    }

    #[test]
    fn who_ends_what_takes_too_long_says_so() {
        let is_late = |line: &str| IN_TIME.as_ref().unwrap().is_match(line);

        assert!(is_late("[CRITICAL] WORKER TIMEOUT (pid:17)"));
        assert!(is_late(
            "[pool www] child 17, script 'x.php' execution timed out (31 sec), terminating"
        ));
        assert!(!is_late("[ERROR] Worker (pid:17) was sent SIGKILL! Perhaps out of memory?"));
    }
}
