//! What the last lines of a log say that a program waits for, and whether it still does.

use std::sync::LazyLock;

use regex::Regex;

use crate::patterns::pattern;

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

/// The host that the last lines say is waited for.
pub(crate) fn host_of(log: &[String]) -> Option<String> {
    log.iter().rev().take(LAST).find_map(|it| host_in(it))
}

fn host_in(line: &str) -> Option<String> {
    WAITS.iter().find_map(|it| host(it, line))
}

/// The job that the last lines say is waited for.
pub(crate) fn job_of(log: &[String]) -> Option<String> {
    log.iter().rev().take(LAST).find_map(|it| job_in(it))
}

/// Whether the last lines tell of nothing but a wait.
pub(crate) fn is_idle(log: &[String]) -> bool {
    let is_idle = |it: &String| IDLE.as_ref().is_some_and(|idle| idle.is_match(it));
    log.iter().rev().take(LAST).all(is_idle)
}

fn job_in(line: &str) -> Option<String> {
    let found = JOBS.iter().find_map(|it| it.captures(line))?;
    let job = found.name("job")?.as_str().trim_end_matches(['.', '-']).to_lowercase();
    (!job.is_empty() && !NO_JOBS.contains(&job.as_str())).then_some(job)
}

/// Whether the last that it says of a wait is that it is over.
pub(crate) fn has_gone_on(log: &[String]) -> bool {
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
        assert_eq!(host_of(&[line.to_owned()]).as_deref(), expected, "{line}");
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
