//! Lines that are made of members: JSON, also when it was cut, and `key=value`.

mod json;
mod pairs;

use std::borrow::Cow;

use super::super::last_words;
use super::{Level, level_of};

/// Members that are read; a line that has more is read as far.
const MAX_MEMBERS: usize = 64;
/// Members beside the message that are told where none of them is an error.
const MAX_BESIDE: usize = 4;
/// Characters of such a member: longer ones are no values but texts of their own.
const MAX_VALUE: usize = 120;
/// What holds the message.
const MESSAGE: [&str; 10] = [
    "msg",
    "message",
    "@m",
    "@message",
    "text",
    "event",
    "renderedmessage",
    "short_message",
    "textpayload",
    "log",
];
/// What holds an error, as a name or as a part of one.
const ERROR: [&str; 12] = [
    "error",
    "err",
    "exception",
    "cause",
    "reason",
    "stack",
    "stacktrace",
    "trace",
    "failure",
    "detail",
    "details",
    "errors",
];
/// What holds the level.
const LEVEL: [&str; 10] = [
    "level",
    "lvl",
    "severity",
    "loglevel",
    "levelname",
    "@l",
    "s",
    "priority",
    "severitytext",
    "log_level",
];
/// What stands before what another program wrote to its standard error.
const STDERR: [&str; 3] = ["stderr: \"", "stderr=\"", "stderr:\""];
/// When, where and by whom it is said; not what.
const FRAME: [&str; 41] = [
    "time",
    "ts",
    "t",
    "timestamp",
    "@timestamp",
    "@t",
    "date",
    "datetime",
    "$date",
    "level",
    "lvl",
    "severity",
    "s",
    "level_name",
    "logger",
    "name",
    "caller",
    "source",
    "file",
    "line",
    "func",
    "function",
    "pid",
    "tid",
    "thread",
    "host",
    "hostname",
    "app",
    "service",
    "version",
    "v",
    "id",
    "c",
    "ctx",
    "component",
    "module",
    "target",
    "span",
    "channel",
    "type",
    "sequence",
];

/// A name, with the names of what it stands in, and what it has.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    /// `err.message`
    path: String,
    value: String,
}

/// The members of a line, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Members(Vec<Member>);

impl Members {
    /// The members of this line; `None` where it is made of none.
    pub(super) fn of(line: &str) -> Option<Self> {
        let members = json::members(line).or_else(|| pairs::members(line)).map(Self)?;
        (!members.0.is_empty()).then_some(members)
    }

    /// The level that it names.
    pub(super) fn level(&self) -> Option<Level> {
        let levels = self.0.iter().filter(|it| LEVEL.contains(&it.name().as_str()));
        levels.filter(|it| !it.is_error()).find_map(|it| match it.value.parse::<u32>() {
            Ok(number) => Some(of_number(number)),
            Err(_) => level_of(&it.value),
        })
    }

    /// Its message, and the error beside it; without one, what else it tells.
    pub(super) fn said(&self) -> String {
        let mut parts: Vec<String> = vec![];
        let mut add = |text: &str| {
            let text = innermost(text);
            let is_new = !text.is_empty() && parts.iter().all(|it| !it.contains(&text));
            if is_new {
                parts.retain(|it| !text.contains(it.as_str()));
                parts.push(text);
            }
        };
        let message = self.0.iter().find(|it| it.is_message());
        let mut errors = self.0.iter().filter(|it| it.is_error() && !it.is_place()).peekable();
        if let Some(message) = message {
            add(&message.value);
        }
        let has_error = errors.peek().is_some();
        errors.for_each(|it| add(&it.value));
        if parts.is_empty() && message.is_none() {
            return String::new();
        }
        // Beside an error only what it was about.
        let is_told = |it: &&Member| !has_error || it.is_address();
        let beside: Vec<_> = self
            .beside()
            .filter(is_told)
            .take(MAX_BESIDE)
            .map(|it| format!("{}={}", it.path, it.value))
            .collect();
        match (parts.join(": "), beside.is_empty()) {
            (said, true) => said,
            (said, false) => format!("{said} ({})", beside.join(", ")),
        }
    }

    /// What stands beside the message and is neither when, where nor by whom.
    fn beside(&self) -> impl Iterator<Item = &Member> {
        let is_told = |it: &&Member| {
            let names = !FRAME.contains(&it.name().as_str());
            let is_value = !it.value.is_empty() && it.value.chars().count() <= MAX_VALUE;
            names
                && is_value
                && !it.is_message()
                && it.path.split('.').all(|it| !it.starts_with('$'))
        };
        self.0.iter().filter(is_told)
    }
}

impl Member {
    /// The last part of its name.
    fn name(&self) -> String {
        self.path.rsplit('.').next().unwrap_or_default().to_lowercase()
    }

    fn is_message(&self) -> bool {
        !self.is_error() && MESSAGE.contains(&self.name().as_str())
    }

    /// Whether it, or what it stands in, is named for an error.
    fn is_error(&self) -> bool {
        let path = self.path.to_lowercase();
        path.split(['.', '_', '@']).any(|it| ERROR.contains(&it)) && self.name() != "trace_id"
    }

    /// Whether it is a host with a port.
    fn is_address(&self) -> bool {
        let parts = self.value.rsplit_once(':');
        parts.is_some_and(|(host, port)| {
            host.contains(char::is_alphanumeric) && port.parse::<u16>().is_ok()
        })
    }

    /// Whether it says where an error is, or of what type, and not what.
    fn is_place(&self) -> bool {
        let place =
            ["type", "code", "name", "file", "line", "column", "id", "errno", "syscall", "status"];
        self.path.contains('.') && place.contains(&self.name().as_str())
            || self.value.is_empty()
            || self.value.bytes().all(|it| it.is_ascii_digit())
    }
}

/// What a text of several lines says: a trace its innermost cause.
fn innermost(text: &str) -> String {
    let text = quoted(text.trim());
    let text = text.trim();
    if !text.contains('\n') {
        return text.to_owned();
    }
    last_words::of_lines(text.lines()).unwrap_or_default()
}

/// What another program wrote that a text quotes, where it does: `{ stdout: "", stderr: "Host key verification
/// failed." }`.
fn quoted(text: &str) -> Cow<'_, str> {
    let Some(rest) = STDERR.iter().find_map(|it| Some(text.split_once(it)?.1)) else {
        return Cow::Borrowed(text);
    };
    let is_end = |at: &usize| !rest.get(..*at).is_some_and(|it| it.ends_with('\\'));
    let end = rest.match_indices('"').map(|it| it.0).find(is_end);
    let said = end.and_then(|it| rest.get(..it)).unwrap_or(rest);
    // What was escaped twice is so still.
    let said = said.replace("\\r", "").replace("\\n", "; ");
    let said = said.trim_matches(|it: char| it.is_whitespace() || it == ';');
    if said.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(said.to_owned()) }
}

/// Levels as numbers: of syslog from 0 to 7, of others from 10 to 60 or from 100 to 600. Nobody has an emergency: 0
/// is how much is told where that can be raised.
fn of_number(number: u32) -> Level {
    match number {
        1..=2 | 60..=99 | 500.. => Level::Fatal,
        3 | 50..=59 | 400..=499 => Level::Error,
        4 | 40..=49 | 300..=399 => Level::Warning,
        0 | 5..=39 | 100..=299 => Level::Quiet,
    }
}
