//! What the last lines of a log say went wrong.
//!
//! A log alone is never a reason to call something broken: it is asked what it says once something is.

mod patterns;

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::last_words::{self, Words};
use super::log_line::{Class, Level, Line};
use crate::patterns::of_any_case;

/// Characters of what a trouble is about that are kept.
const MAX_ABOUT: usize = 120;
/// How the names of sources end.
const SOURCES: [&str; 20] = [
    "go", "py", "js", "mjs", "ts", "rb", "rs", "ex", "exs", "erl", "java", "kt", "scala", "c",
    "cc", "cpp", "h", "php", "cs", "clj",
];
/// The first port that anybody may bind, where the node says nothing else.
const FIRST_FREE_PORT: u16 = 1024;
/// Words of a line among which the name of a shell is looked for.
const MAX_SHELL_WORDS: usize = 4;
/// Bytes that one compiled pattern may take: the longest of ours takes a tenth of it.
const MAX_PATTERN: usize = 4 << 20;

/// What went wrong, as a program says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    Platform,
    Rejected,
    Barred,
    Database,
    Schema,
    Forbidden,
    Unresolved,
    Refused,
    Unanswered,
    Certificate,
    InUse,
    Denied,
    ReadOnly,
    DiskFull,
    Module,
    Command,
    File,
    Unset,
    Malformed,
    Flag,
    Argument,
    Config,
    Syntax,
    Memory,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading<'a> {
    /// The line.
    pub(crate) line: &'a str,
    /// What went wrong.
    pub(crate) trouble: Trouble,
    /// What it is about: a file, a variable, `host:port`.
    pub(crate) about: Option<String>,
}

static COMPILED: LazyLock<Vec<(Trouble, Regex)>> = LazyLock::new(|| {
    let build = |it: &str| of_any_case(it, MAX_PATTERN);
    patterns::PATTERNS.iter().filter_map(|it| Some((it.0, build(it.1)?))).collect()
});

/// Why a program ended: what its last words say, or another line of trouble where they say nothing that is known.
pub(crate) fn why(log: &[String]) -> Option<Reading<'_>> {
    let words = last_words::of(log);
    let own = words.as_ref().and_then(of_words);
    let other = read(log);
    let Some(own) = own else {
        // What it lived through is not why it ended, once it says what is.
        let is_sure = words.is_some_and(|it| it.is_sure);
        return other.filter(|it| !is_sure || it.may_be_why());
    };
    let names_more = |it: &Reading<'_>| own.about.is_none() && it.trouble == own.trouble;
    Some(other.filter(names_more).unwrap_or(own))
}

fn of_words<'l>(words: &Words<'l>) -> Option<Reading<'l>> {
    let reading = of_text(&words.text).or_else(|| of_text(words.line))?;
    Some(Reading { line: words.line, trouble: reading.trouble, about: reading.about })
}

/// What the last line that tells of trouble says; `None` where none does. What calls itself no trouble is read where
/// nothing else tells.
pub(crate) fn read(log: &[String]) -> Option<Reading<'_>> {
    let lines = log.iter().rev().flat_map(|it| it.lines().rev());
    let lines: Vec<_> = lines.filter_map(of_line).collect();
    let loud: Vec<_> = lines.iter().filter(|it| !it.is_quiet()).collect();
    let lines = if loud.is_empty() { lines.iter().collect() } else { loud };
    // Among the last words, those that name what they are about say more.
    let named = lines.iter().position(|it| it.about.is_some());
    let last = lines.first()?.trouble;
    let index = named.filter(|it| lines.get(*it).is_some_and(|it| it.trouble == last)).unwrap_or(0);
    lines.get(index).map(|it| (*it).clone())
}

fn of_line(line: &str) -> Option<Reading<'_>> {
    let said = Line::of(line).text;
    let reading = of_text(&said).or_else(|| of_text(line))?;
    Some(Reading { line, trouble: reading.trouble, about: reading.about })
}

fn of_text(text: &str) -> Option<Reading<'_>> {
    COMPILED.iter().find_map(|(trouble, it)| {
        let found = it.captures(text)?;
        let reading = Reading { line: text, trouble: *trouble, about: about(&found) };
        // Another pattern may find the host, or the last one tells of none.
        reading.address().is_none_or(is_address).then_some(reading)
    })
}

/// Whether this is an address, and neither a time of day nor a line of a source.
fn is_address(text: &str) -> bool {
    let host = text.rsplit_once(':').map_or(text, |it| it.0);
    let is_digits = host.chars().all(|it| it.is_ascii_digit() || it == ':');
    let is_number = is_digits && !host.contains("::");
    let ending = host.rsplit_once('.').map_or("", |it| it.1).to_lowercase();
    !is_number && !SOURCES.contains(&ending.as_str())
}

/// What the groups of a match name.
fn about(found: &Captures<'_>) -> Option<String> {
    let group = |name: &str| found.name(name).map(|it| it.as_str());
    let text = match (group("host"), group("port")) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, Some(port)) => format!("port {port}"),
        (None, None) => group("what").or(group("table"))?.to_owned(),
    };
    let text = text.trim_matches(|it: char| it.is_whitespace() || ",;‘’“”".contains(it));
    let text: String = text.chars().filter(|it| !it.is_control()).take(MAX_ABOUT).collect();
    (!text.is_empty()).then_some(text)
}

impl Reading<'_> {
    /// Whether its line calls itself no trouble at all.
    fn is_quiet(&self) -> bool {
        Line::of(self.line).level == Some(Level::Quiet)
    }

    /// Whether it may be why a program ended that says something else besides: its line calls itself an error, or it
    /// has no level and tells of something that is called.
    fn may_be_why(&self) -> bool {
        let line = Line::of(self.line);
        Class::Error <= line.class() || line.level.is_none() && self.address().is_some()
    }

    /// Whether it is about a port that not everybody may bind.
    pub(crate) fn is_of_low_port(&self) -> bool {
        let port = self.about.as_deref().and_then(|it| it.strip_prefix("port "));
        self.trouble == Trouble::Denied
            && port.and_then(|it| it.parse::<u16>().ok()).is_some_and(|it| it < FIRST_FREE_PORT)
    }

    /// Whether a shell says it, of a script that the template may hold.
    pub(crate) fn is_of_shell(&self) -> bool {
        let mut words = self.line.split_whitespace().take(MAX_SHELL_WORDS);
        words.any(|it| it.ends_with("sh:") || it == "-c:")
    }

    /// The trouble as the end of a sentence.
    pub(crate) fn words(&self) -> String {
        let (with, without) = self.trouble.words();
        match &self.about {
            Some(about) => with.replace("{}", about),
            None => without.to_owned(),
        }
    }

    /// The host and port that it needs, where the trouble is about one.
    pub(crate) fn address(&self) -> Option<&str> {
        let is_address =
            matches!(self.trouble, Trouble::Unresolved | Trouble::Refused | Trouble::Unanswered);
        self.about.as_deref().filter(|_| is_address)
    }
}

impl Trouble {
    /// The words with what it is about, and without.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Platform => (
                "{} is made for another kind of processor than the node has",
                "its program is made for another kind of processor than the node has",
            ),
            Self::Rejected => {
                ("the server rejects the credentials of {}", "a server rejects its credentials")
            }
            Self::Barred => (
                "{} does not allow what it asks for (403)",
                "a server does not allow what it asks for (403)",
            ),
            Self::Database => ("there is no database {}", "its database is not there"),
            Self::Schema => ("there is no table {} in its database", "a table is not there"),
            Self::Forbidden => {
                ("its service account may not {}", "its service account may not do what it tries")
            }
            Self::Unresolved => {
                ("the host {} cannot be resolved", "a host that it needs cannot be resolved")
            }
            Self::Refused => {
                ("{} refuses connections", "something that it needs refuses connections")
            }
            Self::Unanswered => ("{} does not answer", "something that it needs does not answer"),
            Self::Certificate => {
                ("a certificate is not trusted ({})", "a certificate is not trusted")
            }
            Self::InUse => ("{} is in use already", "its port is in use already"),
            Self::Denied => {
                ("it has no permission for {}", "it may not read, write or run something")
            }
            Self::ReadOnly => (
                "it cannot write {}: the file system is read-only",
                "it writes to a file system that is read-only",
            ),
            Self::DiskFull => ("there is no space left for {}", "its disk is full"),
            Self::Module => ("it cannot load {}", "it cannot load a part of itself"),
            Self::Command => ("there is no command {} in the image", "a command is not there"),
            Self::File => ("there is no file {}", "a file that it needs is not there"),
            Self::Unset => ("the variable {} is not set", "a variable that it needs is not set"),
            Self::Malformed => {
                ("{} is not a value that it can read", "a value is not one that it can read")
            }
            Self::Flag => {
                ("it does not know the flag {}", "it does not know a flag that it is given")
            }
            Self::Argument => {
                ("it is not given {}, which it needs", "it is not given an argument that it needs")
            }
            Self::Config => ("its configuration is wrong: {}", "its configuration is wrong"),
            Self::Syntax => ("syntax error: {}", "its command has a syntax error"),
            Self::Memory => (
                "it runs out of memory by its own account: {}",
                "it runs out of memory by its own account",
            ),
        }
    }
}

#[cfg(test)]
mod tests;
