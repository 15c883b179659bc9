//! An init container runs and does not come to its end, so the pod's containers wait.
//!
//! ## What it looks for
//! An init container that has run for a minute and whose log or command says that it waits for something; or one
//! that has run for ten minutes and says nothing of it; or one whose command does nothing but sleep. The host that
//! it waits for is named, and what is known of it.
//!
//! ## What it does not see
//! Init containers that fail: those crash. Sidecars (`restartPolicy: Always`), which are meant to go on. A long
//! migration is told from a wait only by what it writes, and by a command that does nothing but ask.

use std::sync::LazyLock;

use jiff::SignedDuration;
use regex::Regex;
use types::{Clue, ContainerFacts, ContainerRole, Diagnosis, Evidence, Fault};

use super::{log_reading, running_for, spot, wording};
use crate::patterns::pattern;
use crate::suspicion::PATIENCE;

/// How long an init container may work in silence.
const LONG: SignedDuration = SignedDuration::from_mins(10);
/// How long one may be silent that waits, and then has other work.
const SILENT: SignedDuration = SignedDuration::from_mins(5);
/// Lines from the end in which a wait is looked for.
const LAST: usize = 15;

/// How programs say what they wait for, and that it does not answer.
static WAITS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let all = [
        r"(?i)\bwait(?:ing|s)? (?:for|on|until)\b[ :'\x22]+(?:(?:the|a|service|host|database|db|server|to connect to|connection to) +)*['\x22]*(?P<host>[a-z0-9][a-z0-9._-]*(?::\d{1,5})?)",
        r"(?i)\bwait(?:ing|s)? (?:for|on|until)\b[ :'\x22]+(?:(?:the|a) +)*(?P<host>[a-z0-9][a-z0-9._-]*(?::\d{1,5})?)",
        r"(?i)(?P<host>\b[a-z0-9][a-z0-9._-]*(?::\d{1,5})?)['\x22]?,? (?:(?:is|was|still|currently) )*not (?:yet )?(?:available|ready|reachable|up|responding|resolvable|listening)\b",
        r"(?i)(?P<host>\b[a-z0-9][a-z0-9._-]*(?::\d{1,5})?)['\x22]?,? (?:is|was) (?:(?:still|currently) )?(?:unavailable|unreachable|down|offline)\b",
        r"(?i)(?P<host>\b[a-z0-9][a-z0-9._-]*:\d{1,5})['\x22]?,? (?:(?:is|was|still|currently) )*(?:unavailable|unreachable|down|offline|closed)\b",
        r"(?i)\b(?:cannot|can't|could not|couldn't|unable to|failed to|not able to) (?:reach|resolve|connect to)(?: (?:the|service|host|server|at)\b)* ['\x22]?(?P<host>[a-z0-9][a-z0-9._-]*(?::\d{1,5})?)",
        r"(?i)\b(?:retrying|retry|no answer from|no route to|no response from)(?: (?:to|connect to|connection to))? ['\x22]?(?P<host>[a-z0-9][a-z0-9._-]*:\d{1,5})",
    ];
    all.iter().filter_map(|it| pattern(it)).collect()
});
/// How programs say that they wait for a job.
static JOBS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let all = [
        r"(?i)\bwait(?:ing|s)? (?:for|on|until)[ :'\x22]+(?:the |a |kubernetes )*jobs?(?:\.batch)?[ /:'\x22]+(?P<job>[a-z0-9][a-z0-9.-]*)",
        r"(?i)\bjob(?:\.batch)?[ /'\x22]+(?P<job>[a-z0-9][a-z0-9.-]*)['\x22]? (?:(?:is|has|was|still) )*(?:not (?:yet )?(?:complete|finished|done|ready|succeeded)|still running|pending)",
    ];
    all.iter().filter_map(|it| pattern(it)).collect()
});
/// How a script fills the time while it waits.
static IDLE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:wait|retry|sleep|try(?:ing)? again|attempt|not (?:yet )?(?:ready|available|up)|unavailable|refused|timed out)|^[.\s]*$",
    )
});
/// What a script says once it need not wait any more.
static WENT_ON: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:is|are) (?:now |already )?(?:up|ready|available|reachable)\b|\bconnected\b|\bconnection (?:established|succeeded)|\bmigrat|\bappl(?:ying|ied)\b|\bsucceeded\b|\bopen$|\b(?:start|runn|load|copy|seed|download|install)ing\b",
    )
});
/// Words that stand where a host may, and are none.
const NO_HOSTS: [&str; 16] = [
    "it",
    "it's",
    "service",
    "services",
    "server",
    "host",
    "database",
    "dependency",
    "dependencies",
    "connection",
    "the",
    "port",
    "still",
    "is",
    "response",
    "to",
];

/// Words that stand where the name of a job may.
const NO_JOBS: [&str; 14] = [
    "to",
    "is",
    "has",
    "in",
    "on",
    "of",
    "for",
    "from",
    "queue",
    "queues",
    "worker",
    "workers",
    "completion",
    "with",
];

/// What an init container waits for, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wait {
    /// Its log says it.
    Said(String),
    /// Its command asks these, and its log names none.
    Asked(Vec<String>),
    /// Its log names a job that has to end first.
    Job(String),
    /// Its command does nothing else: somebody paused it to look.
    Asleep(String),
}

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let is_init = |it: &&ContainerFacts| it.role == ContainerRole::Init && !it.sidecar && !it.ready;
    let waiting = evidence.containers.iter().filter(is_init).find_map(|it| {
        let running = running_for(it, evidence)?;
        let wait = wait(it);
        let patience = match wait {
            // It may well be at that other work, in silence.
            Some(Wait::Asked(_)) if it.works_after => SILENT,
            Some(Wait::Asked(_) | Wait::Said(_) | Wait::Job(_) | Wait::Asleep(_)) => PATIENCE,
            None => LONG,
        };
        (patience < running).then_some((it, wait, running))
    });
    let (container, wait, running) = waiting?;
    let mut clues = vec![Clue::new(wording::fact(container, "running_secs"), &running.as_secs())];
    let last = container.log.iter().rev().find(|it| !it.trim().is_empty());
    clues.extend(last.map(|it| Clue::new(wording::fact(container, "log"), it)));
    let is_in_command = match &wait {
        Some(Wait::Asked(_)) => true,
        Some(Wait::Said(host)) => container.waits_for.iter().any(|it| is_host(it, host)),
        Some(Wait::Job(_) | Wait::Asleep(_)) | None => false,
    };
    let spot = spot::clue(container, log_reading::why(&container.log).as_ref());
    if let Some(spot) = spot.or_else(|| spot::needs(container)) {
        clues.push(spot);
    } else if let Some(Wait::Asleep(sleep)) = &wait {
        let field = wording::field(evidence, container, script(container));
        clues.extend(field.map(|it| Clue::new(it, sleep)));
    } else if is_in_command {
        let field = wording::field(evidence, container, script(container));
        clues.extend(field.map(|it| Clue::new(it, "asks until it gets an answer")));
    }
    let who = wording::named_at_start(container);
    let (words, needs) = words(wait.as_ref(), evidence);
    clues.extend(needs.iter().map(|it| Clue::new(wording::fact(container, "needs"), it)));
    let named = needs.iter().find_map(|it| wording::named_in(evidence, container, it));
    clues.extend(named);
    if let Some(Wait::Job(job)) = &wait {
        clues.push(Clue::new(wording::fact(container, "waits_for"), &format!("Job {job}")));
    }
    clues.extend(wording::rollout(evidence, &["initContainers", "command", "args", "env"]));
    let cause = if let Some(words) = words {
        format!("{who} does not come to its end: {words}.")
    } else {
        let minutes = running.as_mins();
        format!("{who} has run for {minutes} minutes and does not come to its end.")
    };
    Some(Diagnosis {
        fault: Fault::InitNotDone,
        container: Some(container.name.clone()),
        cause,
        clues,
        confidence: match wait {
            Some(Wait::Said(_) | Wait::Job(_) | Wait::Asleep(_)) => 0.9,
            Some(Wait::Asked(_)) => 0.8,
            None => 0.5,
        },
    })
}

/// Whether both addresses are of one host, by its first name.
fn is_host(one: &str, other: &str) -> bool {
    let host = |it: &str| it.split([':', '.']).next().unwrap_or_default().to_lowercase();
    host(one) == host(other)
}

/// What it waits for as the end of a sentence, and the addresses.
fn words(wait: Option<&Wait>, evidence: &Evidence) -> (Option<String>, Vec<String>) {
    match wait {
        None => (None, vec![]),
        Some(Wait::Job(job)) => (Some(format!("it waits for Job {job}")), vec![]),
        Some(Wait::Asleep(sleep)) => {
            (Some(format!("its command does nothing but sleep ({sleep})")), vec![])
        }
        Some(Wait::Said(host)) => {
            let more = wording::about_host(evidence, host);
            (Some(format!("it waits for {host}{more}")), vec![host.clone()])
        }
        Some(Wait::Asked(hosts)) => {
            // Which of several does not answer yet, nobody says.
            let more = match hosts.as_slice() {
                [only] => wording::about_host(evidence, only),
                _ => String::new(),
            };
            let words = format!("its command waits for {}{more}", hosts.join(", then "));
            (Some(words), hosts.clone())
        }
    }
}

/// The field that holds the script.
fn script(container: &ContainerFacts) -> &'static str {
    let has_arguments = container.sets.iter().any(|it| it == "args");
    if has_arguments { "args" } else { "command" }
}

/// What it waits for: the host that does not answer, the one that its log names, or the one that its command asks.
fn wait(container: &ContainerFacts) -> Option<Wait> {
    if let Some(sleep) = &container.sleeps {
        return Some(Wait::Asleep(sleep.clone()));
    }
    if has_gone_on(&container.log) {
        return None;
    }
    let asked = &container.waits_for;
    let reading = log_reading::read(&container.log);
    if let Some(job) = container.log.iter().rev().take(LAST).find_map(|it| job_in(it)) {
        return Some(Wait::Job(job));
    }
    let by_log = reading.as_ref().and_then(|it| it.address()).map(ToOwned::to_owned);
    let said = by_log.or_else(|| said(&container.log));
    match (said, asked.as_slice()) {
        (None, []) => None,
        (None, asked) => Some(Wait::Asked(asked.to_vec())),
        (Some(said), []) => Some(Wait::Said(said)),
        (Some(said), [only]) if !is_told_by(only, &said) => Some(Wait::Asked(vec![only.clone()])),
        (Some(said), asked) => {
            // The command knows the port.
            let whole = asked.iter().find(|it| is_told_by(it, &said));
            Some(Wait::Said(whole.cloned().unwrap_or(said)))
        }
    }
}

/// The addresses that its command waits for, where its log tells of nothing but a wait.
pub(super) fn only_waits<'c>(container: &'c ContainerFacts, log: &[String]) -> &'c [String] {
    let is_idle = |it: &String| IDLE.as_ref().is_some_and(|idle| idle.is_match(it));
    if log.iter().rev().take(LAST).all(is_idle) { &container.waits_for } else { &[] }
}

/// Whether what a log names is the host of this address.
fn is_told_by(address: &str, said: &str) -> bool {
    let host = |it: &str| it.rsplit_once(':').map_or(it, |it| it.0).to_lowercase();
    let first = |it: &str| it.split('.').next().unwrap_or_default().to_owned();
    first(&host(address)) == first(&host(said))
}

/// The host that the last lines say is waited for.
pub(crate) fn said(log: &[String]) -> Option<String> {
    log.iter().rev().take(LAST).find_map(|it| host_in(it))
}

fn host_in(line: &str) -> Option<String> {
    WAITS.iter().find_map(|it| host(it, line))
}

/// The job that a line says is waited for.
fn job_in(line: &str) -> Option<String> {
    let found = JOBS.iter().find_map(|it| it.captures(line))?;
    let job = found.name("job")?.as_str().trim_end_matches(['.', '-']).to_lowercase();
    (!job.is_empty() && !NO_JOBS.contains(&job.as_str())).then_some(job)
}

/// Whether the last that it says of a wait is that it is over.
fn has_gone_on(log: &[String]) -> bool {
    let goes_on = |it: &str| WENT_ON.as_ref().is_some_and(|went_on| went_on.is_match(it));
    let mut lines = log.iter().rev().take(LAST);
    lines.find_map(|it| match (host_in(it), goes_on(it)) {
        (Some(_), _) => Some(false),
        (None, true) => Some(true),
        (None, false) => None,
    }) == Some(true)
}

fn host(pattern: &Regex, line: &str) -> Option<String> {
    let found = pattern.captures(line)?.name("host")?.as_str();
    let host = found.trim_end_matches(['.', '-']);
    (!NO_HOSTS.contains(&host.to_lowercase().as_str())).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<&str>) {
        assert_eq!(said(&[line.to_owned()]).as_deref(), expected, "{line}");
    }

    #[test]
    fn every_pattern_is_one() {
        assert_eq!((WAITS.len(), JOBS.len()), (7, 2));
        assert!(IDLE.is_some() && WENT_ON.is_some());
    }

    #[test]
    fn what_is_waited_for_is_read() {
        check("waiting for dbb", Some("dbb"));
        check("Waiting for postgres:5432...", Some("postgres:5432"));
        check("still waiting for the database db.shop.svc:5432", Some("db.shop.svc:5432"));
        check("wait for service redis", Some("redis"));
        // The usual names are also what others are called by.
        check("waiting for db:5432", Some("db:5432"));
        check("Waiting for database:3306...", Some("database:3306"));
        check("waiting for server:8080", Some("server:8080"));
        check("waiting for db to be ready", Some("db"));
        check("waiting for the database to be ready", None);
        check("mq:5672 not available, retrying", Some("mq:5672"));
        check("users is unavailable - sleeping", Some("users"));
        check("Postgres is not ready yet", Some("Postgres"));
        check("cannot reach mq:5672, trying again in 2 s", Some("mq:5672"));
        check("retrying mq:5672", Some("mq:5672"));
        check("waiting...", None);
        check("The service is unavailable", None);
        check("database is not ready", None);
        check("shutting down", None);
        check("going offline", None);
        check("sleeping", None);
        check("copied 12 of 40 files", None);
    }

    #[test]
    fn a_job_that_has_to_end_first_is_read() {
        let job = |it: &str| job_in(it).unwrap_or_default();

        assert_eq!(job("waiting for job migrate to complete"), "migrate");
        assert_eq!(job("Waiting for job.batch/db-init..."), "db-init");
        assert_eq!(job("job \"seed-2\" is not complete yet"), "seed-2");
        assert_eq!(job("waiting for jobs in queue"), "");
        assert_eq!(job("waiting for job to finish"), "");
        assert_eq!(job("job migrate is complete"), "");
    }

    #[test]
    fn what_went_on_does_not_wait_any_more() {
        let log = |lines: &[&str]| lines.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();

        assert!(has_gone_on(&log(&["waiting for db", "db is up", "row 1"])));
        assert!(has_gone_on(&log(&["db:5432 not available", "applying 001_init.sql"])));
        assert!(!has_gone_on(&log(&["db is up", "waiting for mq"])));
        assert!(!has_gone_on(&log(&["mq is not ready"])));
        assert!(!has_gone_on(&log(&[])));
    }
}
