//! What the last lines of a log say went wrong.
//!
//! A log alone is never a reason to call something broken: it is asked what it says once something is.

mod patterns;
mod trouble;

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Captures;

use self::trouble::Kin;
pub(crate) use self::trouble::Trouble;
use super::last_words::{self, Words};
use super::log_line::{Class, Level, Line};
use crate::patterns::Sieve;

/// Characters of what a trouble is about that are kept.
const MAX_ABOUT: usize = 120;
/// How the names of sources end.
const SOURCES: [&str; 20] = [
    "go", "py", "js", "mjs", "ts", "rb", "rs", "ex", "exs", "erl", "java", "kt", "scala", "c",
    "cc", "cpp", "h", "php", "cs", "clj",
];
/// How words end that stand where a host would, in what programs say of their own parts.
const NO_HOSTS: [&str; 6] =
    ["exception", "error", "information", "getaddrinfo", "gaierror", "connect"];
/// Words that stand where a host would.
const NO_HOST: [&str; 6] = ["url", "uri", "refused", "request", "address", "endpoint"];
/// The first port that anybody may bind, where the node says nothing else.
const FIRST_FREE_PORT: u16 = 1024;
/// Words of a line among which the name of a shell is looked for.
const MAX_SHELL_WORDS: usize = 4;
/// Lines between what is told of a key and the last words that may follow from it.
const BESIDE: usize = 10;

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

/// What a pattern tells, and the name of what is meant where no program says it.
type Told = (Trouble, Option<&'static str>);

static KNOWN: LazyLock<(Sieve, Vec<Told>)> = LazyLock::new(|| {
    let implied = patterns::IMPLIED.iter().map(|it| (it.1, (it.0, Some(it.2))));
    let told = patterns::PATTERNS.into_iter().flatten().map(|it| (it.1, (it.0, None)));
    let (texts, told): (Vec<_>, _) = implied.chain(told).unzip();
    (Sieve::new(texts), told)
});

/// Why a program ended: what its last words say, or another line of trouble where they say nothing that is known.
pub(crate) fn why(log: &[String]) -> Option<Reading<'_>> {
    let words = last_words::of(log);
    let own = words.as_ref().and_then(of_words);
    let readings = readings(log);
    let first = leading(&readings);
    if let Some(first) = first.filter(|it| is_why(log, it, words.as_ref(), own.as_ref())) {
        return Some(first.clone());
    }
    let other = told(&readings);
    let Some(own) = own else {
        // What it lived through is not why it ended, once it says what is.
        let is_sure = words.is_some_and(|it| it.is_sure);
        return other.filter(|it| !is_sure || it.may_be_why());
    };
    Some(match other {
        Some(other) if other.names_more(&own) && !other.is_of_another(&own) => other.told_of(&own),
        Some(_) | None => own,
    })
}

fn of_words<'l>(words: &Words<'l>) -> Option<Reading<'l>> {
    let reading = of_text(&words.text).or_else(|| of_text(words.line))?;
    Some(Reading { line: words.line, trouble: reading.trouble, about: reading.about })
}

/// What the last line that tells of trouble says; `None` where none does. What calls itself no trouble is read where
/// nothing else tells.
pub(crate) fn read(log: &[String]) -> Option<Reading<'_>> {
    told(&readings(log))
}

/// What each line says that tells of trouble, the last one first.
fn readings(log: &[String]) -> Vec<Reading<'_>> {
    log.iter().rev().flat_map(|it| it.lines().rev()).filter_map(of_line).collect()
}

/// What is told of a key, by the line that names it.
fn leading<'r, 'l>(readings: &'r [Reading<'l>]) -> Option<&'r Reading<'l>> {
    let all = || readings.iter().filter(|it| it.trouble.leads());
    all().find(|it| it.about.is_some()).or_else(|| all().next())
}

/// Whether what is told of a key is why a program ended: its last words follow from that, or say nothing that is known
/// and stand beside it.
fn is_why(
    log: &[String],
    first: &Reading<'_>,
    words: Option<&Words<'_>>,
    own: Option<&Reading<'_>>,
) -> bool {
    if let Some(own) = own {
        return own.trouble.may_follow() || own.trouble.leads() && own.about.is_none();
    }
    let lines: Vec<&str> = log.iter().flat_map(|it| it.lines()).collect();
    let at = |line: &str| lines.iter().rposition(|it| *it == line);
    let last = words.and_then(|it| at(it.line));
    at(first.line).zip(last).is_some_and(|it| it.0.abs_diff(it.1) <= BESIDE)
}

/// What of these says most: the last one, or another one that names what that is about.
fn told<'l>(lines: &[Reading<'l>]) -> Option<Reading<'l>> {
    let (quiet, loud): (Vec<_>, Vec<_>) = lines.iter().partition(|it| it.is_quiet());
    let last = *loud.first().or(quiet.first())?;
    // Among the last words, those that name what they are about say more, however loud.
    let named = |among: &[&Reading<'l>]| {
        let named = among.iter().find(|it| last.detail() < it.detail());
        let named = named.filter(|it| it.names_more(last));
        named.map(|it| (**it).clone().told_of(last))
    };
    named(&loud).or_else(|| named(&quiet)).or_else(|| Some(last.clone()))
}

fn of_line(line: &str) -> Option<Reading<'_>> {
    let said = Line::of(line).text;
    // Of members the message is read first, and then what else there is; any other line has nothing else but its time.
    let is_whole = matches!(said, Cow::Borrowed(_));
    let reading = of_text(&said).or_else(|| if is_whole { None } else { of_text(line) })?;
    Some(Reading { line, trouble: reading.trouble, about: reading.about })
}

fn of_text(text: &str) -> Option<Reading<'_>> {
    let (sieve, told) = &*KNOWN;
    sieve.may_fit(text).find_map(|(place, it)| {
        let found = it.captures(text)?;
        let (trouble, implied) = told.get(place)?;
        let about = about(&found);
        let about = match implied {
            Some(name) => Some(name.replace("{}", about.as_deref().unwrap_or_default())),
            None => about,
        };
        let reading = Reading { line: text, trouble: *trouble, about };
        // Another pattern may find the host, or the last one tells of none.
        reading.address().is_none_or(is_address).then_some(reading)
    })
}

/// Whether this is an address, and neither a time of day nor a line of a source.
fn is_address(text: &str) -> bool {
    let host = text.rsplit_once(':').map_or(text, |it| it.0);
    let is_digits = host.chars().all(|it| it.is_ascii_digit() || it == ':');
    let is_number = is_digits && !host.contains("::");
    let ending = host.rsplit_once('.').map_or(host, |it| it.1).to_lowercase();
    let is_word = NO_HOSTS.iter().any(|it| ending.ends_with(it)) || NO_HOST.contains(&&*ending);
    !is_number && !is_word && (!host.contains('.') || !SOURCES.contains(&ending.as_str()))
}

/// Whether a text is written as the names of variables are.
fn is_variable(text: &str) -> bool {
    let is_part = |it: char| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_';
    text.starts_with(|it: char| it.is_ascii_uppercase()) && text.chars().all(is_part)
}

/// What the groups of a match name.
fn about(found: &Captures<'_>) -> Option<String> {
    let group = |name: &str| found.name(name).map(|it| it.as_str());
    let text = match (group("host"), group("port").or(group("at"))) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, Some(port)) => format!("port {port}"),
        (None, None) => found.iter().skip(1).flatten().next()?.as_str().to_owned(),
    };
    let text = text.trim_matches(|it: char| it.is_whitespace() || ",;‘’“”".contains(it));
    let text: String = text.chars().filter(|it| !it.is_control()).take(MAX_ABOUT).collect();
    (!text.is_empty()).then_some(text)
}

impl Reading<'_> {
    /// How much it tells of what it is about: nothing, only a value or a file, or the name.
    fn detail(&self) -> u8 {
        let is_less = |it: &String| match self.trouble.kin() {
            Kin::Config => it.starts_with('/'),
            Kin::Variable if self.trouble == Trouble::Malformed => !is_variable(it),
            Kin::Variable => it.starts_with(['"', '\'', '`']),
            Kin::Host | Kin::None => false,
        };
        self.about.as_ref().map_or(0, |it| if is_less(it) { 1 } else { 2 })
    }

    /// Whether it tells of the same as another one, and more of what that is about.
    fn names_more(&self, other: &Self) -> bool {
        let kin = self.trouble.kin();
        let is_like = kin == other.trouble.kin() && kin != Kin::None;
        other.detail() < self.detail() && (is_like || self.trouble == other.trouble)
    }

    /// Whether it only says in passing that some variable is not set, while the last words show a value that cannot be read.
    fn is_of_another(&self, own: &Self) -> bool {
        let is_value = self.trouble.kin() == Kin::Variable && own.detail() == 1;
        is_value && self.trouble != own.trouble && Line::of(self.line).class() < Class::Error
    }

    /// With what another one tells of it: why nobody answers says more than that nobody does.
    fn told_of(self, other: &Self) -> Self {
        let is_less = self.trouble == Trouble::Unanswered;
        Self { trouble: if is_less { other.trouble } else { self.trouble }, ..self }
    }

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
        match &self.about {
            // A name with dots is one of a file or a framework, whatever sets it.
            Some(about) if self.trouble == Trouble::Unset && about.contains('.') => {
                format!("the setting {about} is not set")
            }
            Some(about) => self.trouble.with().replace("{}", about),
            None => self.trouble.without().to_owned(),
        }
    }

    /// Whether the words of the log say more than ours, which name no more than a value or put a name to what is meant.
    pub(crate) fn is_told_better_by(&self, text: &str) -> bool {
        let is_of_variable = self.trouble.kin() == Kin::Variable;
        let is_implied = self.about.as_deref().is_some_and(|it| !text.contains(it));
        let is_named = self.trouble == Trouble::Malformed && 1 < self.detail();
        is_of_variable && is_implied || !is_named && self.trouble.is_told_better_by(text)
    }

    /// Whether it is about something that is called, and does not name it.
    pub(crate) fn lacks_host(&self) -> bool {
        self.trouble.kin() == Kin::Host && self.about.is_none()
    }

    /// The host and port that it needs, where the trouble is about one.
    pub(crate) fn address(&self) -> Option<&str> {
        self.about.as_deref().filter(|_| self.trouble.kin() == Kin::Host)
    }
}

#[cfg(test)]
mod tests;
