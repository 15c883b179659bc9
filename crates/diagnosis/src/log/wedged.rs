//! That a part of a living process has died, or waits for ever: a thread, a worker, a consumer, an event loop. The
//! process goes on without it, and does not get it back before it is restarted.
//!
//! Told by form, as programs and runtimes write it. Not what is begun again by the program itself, not a deadlock of a
//! database, whose transaction is tried again, and not a setting that wants a restart.

use std::sync::LazyLock;

use regex::Regex;

use super::line::{Class, Line};
use super::reading;
use crate::patterns::pattern;

/// Lines beside one that tells of a deadlock which may say that it is one of a database.
const BESIDE: usize = 2;

/// Patterns of which each knows a form.
type Forms = LazyLock<Vec<Regex>>;

fn forms(texts: &[&str]) -> Vec<Regex> {
    texts.iter().filter_map(|it| pattern(it)).collect()
}

/// What runtimes and programs say of a part that is gone.
static DEAD: Forms = LazyLock::new(|| {
    forms(&[
        // Java and Python.
        r"(?i)\bexception in thread \S",
        r"(?i)\b(?:uncaught|unhandled) (?:exception|error|panic) (?:in|on|from|thrown by)(?: the| a| background| worker)* (?:thread|worker|task|consumer|event loop|actor|goroutine|coroutine|fiber|thread pool)\b",
        r"(?i)\bfound (?:one|\d{1,4}) java-level deadlocks?\b",
        // Rust, Ruby, gevent, .NET.
        r"\bthread '[^']{1,80}' (?:\(\d{1,9}\) )?panicked at\b",
        r"#<Thread:[^>]{1,200}> terminated with exception",
        r"(?i)<greenlet\b[^>]{1,200}> failed with\b",
        r"(?i)\bbackgroundservice (?:has )?failed\b",
        r"(?i)\bthread ?pool (?:(?:is |was )?(?:starved|exhausted|deadlocked)|starvation)\b",
        // In words: a part, perhaps its name, and what became of it.
        r"(?i)\b(?:worker|thread|consumer|producer|subscriber|event[ -]?loop|main loop|reactor|dispatcher|scheduler|poller|executor|goroutine|actor|coroutine|fiber)s?(?:[ -](?:thread|loop|pool|process)s?)?(?:[ -][\w.#/='\x22()\[\]-]{1,40}){0,2} (?:(?:has|have|is|are|was|were|got) )?(?:unexpectedly )?(?:died|crashed|deadlocked|hung|wedged|stuck|blocked forever|unresponsive|(?:exited|terminated|stopped|ended) unexpectedly|not (?:coming back|responding)|will not (?:be restarted|come back|recover))\b",
        r"(?i)\b(?:worker|thread|consumer|producer|subscriber|event[ -]?loop|main loop|reactor|dispatcher|scheduler|poller|executor|goroutine|actor|coroutine|fiber)s?(?:[ -][\w.#/='\x22()\[\]-]{1,40}){0,2} (?:(?:has|have) been|is|are) (?:dead|gone|blocked)(?:$|[.,;:!]| (?:for|since|after|and|until)\b)",
    ])
});

/// What says that parts of a process wait for each other.
static DEADLOCK: Forms = LazyLock::new(|| {
    forms(&[
        r"(?i)\bdeadlock(?:ed)?(?: (?:was|is|has been|condition))? (?:detected|found)\b|\b(?:detected|found) (?:a |an )?(?:possible |potential )?deadlock\b",
    ])
});

/// What says that it lasts until a restart.
static UNTIL: Forms = LazyLock::new(|| {
    forms(&[
        r"(?i)\b(?:until|unless)\b[^.;]{0,60}\b(?:re-?start(?:s|ed)?|rebooted)\b",
        r"(?i)\b(?:process|pod|container|service|server|application|app|program|instance) (?:must|has to|needs to) be restarted\b",
        r"(?i)\b(?:requires?|needs?) (?:a |an )?(?:(?:process|pod|container|service|server|application|full|manual) ){1,2}re-?start\b",
    ])
});

/// What is begun again by the program itself, in the same line or later.
static REVIVED: Forms = LazyLock::new(|| {
    forms(&[
        r"(?i)\b(?:restarting|respawn\w{0,4}|rebooting|spawning|booting|replac(?:ing|ed)|re-?creat(?:ing|ed)|will be (?:restarted|replaced)|resum(?:ing|ed)|recovered|retrying|reconnect\w{0,4})\b|\bstarting (?:a )?(?:new|another)\b",
    ])
});

/// What says later that it is there again.
static BACK: Forms = LazyLock::new(|| {
    forms(&[
        r"(?i)\b(?:worker|thread|consumer|producer|subscriber|event[ -]?loop|poller|scheduler|executor)s?\b[^.;]{0,40}\b(?:started|restarted|running|rejoined|joined)\b",
    ])
});

/// Whose deadlock or whose restart is not meant: a database has transactions, and settings take effect.
static OF_DATABASE: Forms = LazyLock::new(|| {
    forms(&[
        r"(?i)\b(?:transactions?|sql\w{0,10}|sqlstate|40p01|40001|psql\w{0,12}|psycopg\w{0,4}|pq|pg|postgres\w{0,4}|mysql\w{0,10}|mariadb|innodb|oracle|ora-\d{1,6}|jdbc|rows?|tables?|sharelock|exclusivelock|statements?|query|queries)\b|process \d{1,9} waits",
    ])
});
static OF_SETTING: Forms = LazyLock::new(|| {
    forms(&[
        r"(?i)\b(?:config\w{0,10}|settings?|options?|propert(?:y|ies)|parameters?|flags?|take effect|takes effect|upgrad\w{0,4}|updat\w{0,4}|chang(?:e|es|ed)|appl(?:y|ied)|licen[sc]e\w{0,2}|plugins?|features?)\b",
    ])
});

/// What tells of a call that is not answered, or not well.
static IN_VAIN: Forms = LazyLock::new(|| {
    forms(&[
        r"(?i)\b(?:connections?|connect|connecting|sockets?|hosts?|dial|upstream|getaddrinfo|dns|handshake|lookup|broker|endpoint|request to|call to|rpc)\b.{0,80}\b(?:refused|timed? ?out|timeout|reset|unreachable|fail(?:ed|ure)|closed|lost|unavailable|not found|no such host|deadline exceeded)\b",
        r"(?i)\b(?:ECONN[A-Z]{2,10}|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|EPIPE|broken pipe|no route to host|bad gateway|gateway time-?out|service unavailable|name resolution|unreachable)\b|(?:UnknownHost|NoRouteToHost|Connect|SocketTimeout|ConnectTimeout|ReadTimeout|Socket|HttpRequest)(?:Exception|Error)\b",
        r"(?i)\b(?:status|code|http|answer(?:s|ed)?|return(?:s|ed)?|respon(?:se|ded))\b[^.;]{0,20}\b50[234]\b|\b50[234] (?:bad|service|gateway)\b",
        r"(?i)\b(?:cannot|can't|could not|couldn't|unable to|failed to|not able to) (?:reach|resolve|connect|contact|dial)\b",
        r"(?i)\bwait(?:ing|s)? (?:for|on)\b[^.;]{0,40}[a-z0-9]:\d{2,5}\b",
    ])
});

fn fits(forms: &Forms, text: &str) -> bool {
    forms.iter().any(|it| it.is_match(text))
}

/// The last line by which a part of the process is gone and does not come back; `None` where a later line tells that it
/// is there again.
pub(crate) fn told(log: &[String]) -> Option<&str> {
    let lines: Vec<&str> = log.iter().flat_map(|it| it.lines()).collect();
    let at = (0..lines.len()).rev().find(|it| is_told(&lines, *it))?;
    let mut said = lines.iter().skip(at).enumerate();
    let is_back = said.any(|(after, it)| {
        !fits(&UNTIL, it) && (fits(&REVIVED, it) || 0 < after && fits(&BACK, it))
    });
    lines.get(at).filter(|_| !is_back).copied()
}

fn is_told(lines: &[&str], at: usize) -> bool {
    let Some(raw) = lines.get(at) else { return false };
    let line = Line::of(raw);
    if line.class() == Class::Quiet || line.goes_without() {
        return false;
    }
    let text = &line.text;
    let beside = || lines.iter().skip(at.saturating_sub(BESIDE)).take(2 * BESIDE + 1);
    fits(&DEAD, text)
        || fits(&UNTIL, text) && !fits(&OF_SETTING, text)
        || fits(&DEADLOCK, text) && !beside().any(|it| fits(&OF_DATABASE, it))
}

/// Whether any line tells of something that is called and does not answer as it should.
pub(crate) fn calls_in_vain(log: &[String]) -> bool {
    let names_host = |it: &String| {
        let read = reading::read(std::slice::from_ref(it));
        read.is_some_and(|it| it.address().is_some() || it.lacks_host())
    };
    log.iter().any(|it| it.lines().any(|it| fits(&IN_VAIN, it)) || names_host(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn every_pattern_is_one() {
        let all = [&DEAD, &DEADLOCK, &UNTIL, &REVIVED, &BACK, &OF_DATABASE, &OF_SETTING, &IN_VAIN];
        assert_eq!(all.map(|it| it.len()), [10, 1, 3, 1, 1, 1, 1, 5]);
    }

    #[test]
    fn a_part_that_died_is_known_in_the_words_of_its_runtime() {
        for line in [
            "Exception in thread \"kafka-consumer-1\" java.lang.NullPointerException: offset",
            "Exception in thread Thread-1 (poll):",
            "Unhandled exception in thread started by <function run at 0x7f>",
            "2026-11-24 03:00:00 ERROR uncaught exception in worker thread pool-2-thread-1",
            "Found one Java-level deadlock:",
            "thread 'ingest' panicked at src/ingest.rs:41:9:",
            "#<Thread:0x00007f run> terminated with exception (report_on_exception is true):",
            "<Greenlet at 0x7f: consume> failed with KeyError",
            "BackgroundService failed",
            "ERROR worker 3 died",
            "WARN consumer orders-0 is dead",
            "level=error msg=\"event loop is stuck\"",
            "{\"level\":\"error\",\"message\":\"worker thread exited unexpectedly\"}",
            "FATAL: potential deadlock detected: worker-1 and worker-2 wait for each other",
            "deadlock detected",
            "ERROR dispatcher will not be restarted",
            "nothing is consumed any more until the process restarts",
            "this instance serves nothing until it is restarted",
            "the process must be restarted",
        ] {
            assert_eq!(told(&log(&["listening on :8080", line])), Some(line));
        }
    }

    #[test]
    fn what_comes_back_or_is_meant_or_is_of_a_database_is_not() {
        for lines in [
            &["ERROR worker 3 died, restarting it"][..],
            &["ERROR worker 3 died", "INFO worker 3 started"],
            &["[CRITICAL] WORKER TIMEOUT (pid:12)", "Booting worker with pid: 13"],
            &["INFO thread 3 stuck in traffic"],
            &["DEBUG worker died"],
            &["ERROR: deadlock detected", "DETAIL: Process 7 waits for ShareLock on transaction 5"],
            &["psycopg2.errors.DeadlockDetected: deadlock detected"],
            &["Deadlock found when trying to get lock; try restarting transaction"],
            &["WARN setting pool.size does not take effect until the process restarts"],
            &["WARN the new configuration requires a full restart"],
            &["consumer moved 3 messages to the dead letter queue"],
            &["worker: job 17 is stuck, skipping it"],
            &["ERROR request failed", "GET /ready 503"],
            &[],
        ] {
            assert_eq!(told(&log(lines)), None, "{lines:?}");
        }
    }

    #[test]
    fn what_is_called_in_vain_is_known_in_any_line() {
        for line in [
            "Caused by: java.net.ConnectException: Connection refused",
            "dial tcp 10.0.0.7:5432: i/o timeout",
            "connect ECONNREFUSED 34.1.2.3:443",
            "payments answered 503",
            "HTTP 502 from the provider",
            "cannot reach payments",
            "waiting for mq:5672",
            "could not translate host name \"db\"",
            "upstream payments is unreachable",
            "rpc error: code = Unavailable desc = name resolution failed",
        ] {
            assert!(calls_in_vain(&log(&["listening on :8080", line])), "{line}");
        }
        let own = ["ERROR worker 3 died: index out of range", "GET /items 200", "waiting for lock"];
        assert!(!calls_in_vain(&log(&own)));
    }
}
