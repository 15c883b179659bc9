//! What the last lines of a log say went wrong.
//!
//! A log alone is never a reason to call something broken: it is asked what it says once something is.

mod patterns;

use std::sync::LazyLock;

use regex::{Captures, Regex, RegexBuilder};

/// Characters of what a trouble is about that are kept.
const MAX_ABOUT: usize = 120;
/// Bytes that one compiled pattern may take: the longest of ours takes a tenth of it.
const MAX_PATTERN: usize = 4 << 20;

/// What went wrong, as a program says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    Platform,
    Rejected,
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
    let build = |it: &str| {
        RegexBuilder::new(it).case_insensitive(true).size_limit(MAX_PATTERN).build().ok()
    };
    patterns::PATTERNS.iter().filter_map(|it| Some((it.0, build(it.1)?))).collect()
});

/// What the last line that tells of trouble says; `None` where none does.
pub(crate) fn read(log: &[String]) -> Option<Reading<'_>> {
    let lines: Vec<_> = log.iter().rev().filter_map(|it| of_line(it)).collect();
    // Among the last words, those that name what they are about say more.
    let named = lines.iter().position(|it| it.about.is_some());
    let last = lines.first()?.trouble;
    let index = named.filter(|it| lines.get(*it).is_some_and(|it| it.trouble == last)).unwrap_or(0);
    lines.into_iter().nth(index)
}

fn of_line(line: &str) -> Option<Reading<'_>> {
    let (trouble, found) =
        COMPILED.iter().find_map(|(trouble, it)| Some((*trouble, it.captures(line)?)))?;
    Some(Reading { line, trouble, about: about(&found) })
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
    let text = text.trim_matches(|it: char| it.is_whitespace() || ",;".contains(it));
    let text: String = text.chars().filter(|it| !it.is_control()).take(MAX_ABOUT).collect();
    (!text.is_empty()).then_some(text)
}

impl Reading<'_> {
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
