//! What a container said before its last end: its log, or what it left as its termination message where the log tells
//! of no error.

use types::ContainerFacts;

use super::last_words;
use super::line::{Class, Line};
use super::reading;

/// How an end is called that a container came to by itself; of any other the message is the runtime's.
const OWN: &str = "Error";

/// What it left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left<'f> {
    /// The lines.
    pub(crate) lines: &'f [String],
    /// Whether they are its termination message, and not its log.
    pub(crate) is_message: bool,
}

/// What says most of its last end.
pub(crate) fn of(facts: &ContainerFacts) -> Left<'_> {
    let logs = [facts.previous_log.as_slice(), facts.log.as_slice()];
    let log = logs.into_iter().find(|it| !it.is_empty()).unwrap_or_default();
    let message = message(facts);
    let is_message = !message.is_empty() && (log.is_empty() || says_more(message, log));
    Left { lines: if is_message { message } else { log }, is_message }
}

/// Every line that it left, its termination message last.
pub(crate) fn all(facts: &ContainerFacts) -> impl DoubleEndedIterator<Item = &String> {
    facts.log.iter().chain(&facts.previous_log).chain(message(facts))
}

/// Its termination message as one text of maybe several lines; empty where it ended well or left none of its own.
pub(crate) fn message(facts: &ContainerFacts) -> &[String] {
    let state = &facts.state;
    let is_own = state.last_exit.as_deref().is_none_or(|it| it == OWN);
    let failed = state.exit_code.is_some_and(|it| it != 0);
    let is_said = state.exit_message.as_ref().is_some_and(|it| !it.trim().is_empty());
    if is_own && failed && is_said { state.exit_message.as_slice() } else { &[] }
}

/// Whether a message tells of an error, or just anything, where this log tells of none.
fn says_more(message: &[String], log: &[String]) -> bool {
    if is_end_of(message, log) {
        return false;
    }
    let (Some(words), Some(logged)) = (last_words::of(message), last_words::of(log)) else {
        return true;
    };
    let class = |it: &str| Line::of(it).class();
    let is_error = |it: &str| Class::Error <= class(it);
    match (reading::why(message), reading::why(log)) {
        (Some(_), None) => true,
        (Some(_), Some(it)) => !logged.is_sure && !is_error(it.line),
        (None, Some(it)) => words.is_sure && !logged.is_sure && !is_error(it.line),
        (None, None) => {
            let is_as_bad = class(logged.line) <= class(words.line);
            words.is_sure && !logged.is_sure
                || !logged.is_sure && is_as_bad && !is_record(&words.text, message)
        }
    }
}

/// Whether the message is the end of the log itself (`FallbackToLogsOnError`): the log says it with what stands above.
fn is_end_of(message: &[String], log: &[String]) -> bool {
    let lines = |it: &[String]| -> Vec<String> {
        let all = it.iter().flat_map(|it| it.lines()).map(|it| it.trim().to_owned());
        all.filter(|it| !it.is_empty()).collect()
    };
    let log = lines(log);
    lines(message).last().is_none_or(|it| log.contains(it))
}

/// Whether it is written for a program to read, as results of a step are.
fn is_record(words: &str, message: &[String]) -> bool {
    let text = message.first().map_or("", |it| it.trim_start());
    text.starts_with(['{', '[']) && Line::of(words).class() < Class::Complaint
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A container with such a log that left this message.
    fn container(log: &str, message: &str, change: &serde_json::Value) -> ContainerFacts {
        let log: Vec<_> = log.lines().collect();
        let mut all = serde_json::json!({
            "name": "app", "role": "app", "index": 0, "image": "shop:1", "pod": "web-1", "ready": false, "restarts": 3,
            "previous_log": log, "exit_code": 1, "last_exit": "Error", "exit_message": message,
        });
        for (name, value) in change.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        serde_json::from_value(all).unwrap()
    }

    #[track_caller]
    fn check(log: &str, message: &str, change: &serde_json::Value, is_message: bool) {
        let facts = container(log, message, change);
        assert_eq!(of(&facts).is_message, is_message, "{message:?} beside {log:?}");
        assert!(!of(&facts).lines.is_empty());
    }

    #[test]
    fn a_message_is_what_was_said_last_where_the_log_tells_of_no_error() {
        let none = serde_json::json!({});
        for (log, message) in [
            (
                "edge-gateway 5.1 starting",
                "tls: certificate for edge.example.com expired 2026-11-01",
            ),
            ("INFO starting\nINFO listening at :80", "licence for tenant acme is used up"),
            ("INFO starting", "DATABASE_URL is not set"),
            ("starting", "2026-11-24T03:00:00Z ERROR quota of tenant acme is used up"),
            ("WARN metrics:9090 connection refused, going on", "FATAL: DATABASE_URL is not set"),
            ("", "dial tcp: lookup db on 10.96.0.10:53: no such host"),
        ] {
            check(log, message, &none, true);
        }
    }

    #[test]
    fn a_log_that_tells_of_an_error_is_what_was_said_last() {
        let none = serde_json::json!({});
        for (log, message) in [
            ("ERROR: connection to db:5432 refused", "shutting down"),
            ("FATAL: DATABASE_URL is not set", "could not start"),
            ("starting\nFATAL: DATABASE_URL is not set", "FATAL: DATABASE_URL is not set\n"),
            ("starting", r#"[{"key":"StartedAt","value":"2026-11-24T03:00:00Z","type":3}]"#),
        ] {
            check(log, message, &none, false);
        }
    }

    #[test]
    fn a_message_of_the_runtime_or_of_a_good_end_is_nothing_it_said() {
        let message = "FATAL: DATABASE_URL is not set";
        for change in [
            serde_json::json!({"exit_code": 0, "last_exit": "Completed"}),
            serde_json::json!({"exit_code": 128, "last_exit": "StartError"}),
            serde_json::json!({"exit_code": 137, "last_exit": "ContainerStatusUnknown"}),
        ] {
            check("starting", message, &change, false);
            assert_eq!(all(&container("starting", message, &change)).count(), 1);
        }
    }
}
