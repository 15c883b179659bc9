//! What the last lines of a log say went wrong.
//!
//! A log alone is never a reason to call something broken: it is asked what it says once something is.

mod patterns;
mod shown;
mod trouble;

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Captures;

use self::trouble::Kin;
pub(crate) use self::trouble::Trouble;
use super::last_words::{self, Words};
use super::line::{Class, Level, Line};
use crate::patterns::Sieve;
use crate::redact::shortened;

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
/// Bytes of words from which on they say more than what is quoted of them.
const MORE: usize = 25;

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
    let own = words.as_ref().and_then(of_words).map(|it| it.with_name(log));
    let mut readings = readings(log);
    // What it said to go on without is not why it ended, once it says what is.
    let is_sure = words.as_ref().is_some_and(|it| it.is_sure);
    readings.retain(|it| {
        let is_last = words.as_ref().is_some_and(|words| words.line == it.line);
        is_last || !is_sure || !Line::of(it.line).goes_without()
    });
    let first = leading(&readings);
    if let Some(first) = first.filter(|it| is_why(log, it, words.as_ref(), own.as_ref())) {
        return Some(first.clone());
    }
    let other = told(&readings);
    let Some(own) = own else {
        // What it lived through is not why it ended, once it says what is.
        let is_told = |it: &Reading<'_>| {
            words.as_ref().is_none_or(|words| !words.is_sure || stands_below(log, it, words))
        };
        return other.filter(|it| is_told(it) || it.may_be_why());
    };
    Some(match other {
        Some(other) if other.gives(&own) => other,
        Some(other) if other.names_more(&own) && !other.is_of_another(&own) => other.told_of(&own),
        Some(_) | None => own,
    })
}

/// Whether a line says more of what the last words say: it stands below them and has no level of its own.
fn stands_below(log: &[String], reading: &Reading<'_>, words: &Words<'_>) -> bool {
    let mut lines = log.iter().rev().flat_map(|it| it.lines().rev());
    let mut below = lines.by_ref().take_while(|it| *it != words.line);
    let is_it = |it: &str| it == reading.line && Line::of(it).level.is_none();
    below.any(is_it)
}

fn of_words<'l>(words: &Words<'l>) -> Option<Reading<'l>> {
    let cut = of_text(&words.text);
    // What they name may be cut, or stand behind where they are.
    let is_cut = last_words::MAX_QUOTE <= words.text.chars().count();
    let whole = if is_cut || cut.is_none() { of_text(words.line) } else { None };
    let says_as_much = |it: &Reading<'_>, cut: &Reading<'_>| {
        cut.trouble == it.trouble && cut.detail() <= it.detail()
    };
    let is_like = |it: &Reading<'_>| cut.as_ref().is_none_or(|cut| says_as_much(it, cut));
    let whole = whole.filter(is_like);
    let reading = whole.or(cut)?;
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
    let plain = line.contains("\\\"").then(|| line.replace("\\\"", "\""));
    let reading = of_text(&said)
        .or_else(|| if is_whole { None } else { of_text(line) })
        .or_else(|| of_text(plain.as_deref()?))?;
    Some(Reading { line, trouble: reading.trouble, about: reading.about })
}

fn of_text(text: &str) -> Option<Reading<'_>> {
    let (sieve, told) = &*KNOWN;
    sieve.may_fit(text).find_map(|(place, it)| {
        let found = it.captures(text)?;
        let (trouble, implied) = told.get(place)?;
        let about = about(&found, text);
        let about = match implied {
            Some(name) => Some(name.replace("{}", about.as_deref().unwrap_or_default())),
            None if *trouble == Trouble::Unset => about.map(as_variable),
            None => about,
        };
        // A driver that gives up says that it waited in vain, and then why.
        let is_refused = || text.to_ascii_lowercase().contains("connection refused");
        let is_refused = *trouble == Trouble::Unanswered && is_refused();
        let trouble = if is_refused { Trouble::Refused } else { *trouble };
        let reading = Reading { line: text, trouble, about };
        // Another pattern may find the host or the variable, or the last one tells of none.
        let is_level = reading.trouble == Trouble::Unset
            && reading.about.as_deref().is_some_and(Line::is_level);
        (reading.address().is_none_or(is_address) && !is_level).then_some(reading)
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

/// The variable that a setting of .NET is read from, whose sections are parted by colons; any other name as it is.
fn as_variable(name: String) -> String {
    let mut parts = name.split(':');
    let is_word = |it: &str| !it.is_empty() && it.chars().all(char::is_alphanumeric);
    if parts.all(is_word) { name.replace(':', "__") } else { name }
}

/// What the groups of a match name.
fn about(found: &Captures<'_>, text: &str) -> Option<String> {
    let group = |name: &str| found.name(name).map(|it| it.as_str());
    let text = match (group("host"), group("port").or(group("at"))) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, Some(port)) => format!("port {port}"),
        (None, None) => {
            let it = found.iter().skip(1).flatten().next()?;
            let text = text.get(path_start(text, it.start())..it.end());
            text.unwrap_or(it.as_str()).to_owned()
        }
    };
    let text = text.trim_matches(|it: char| it.is_whitespace() || ",;‘’“”\\".contains(it));
    let is_sentence = text.contains(' ');
    let text = if is_sentence { text.trim_end_matches('.') } else { text };
    let text = shortened(text, MAX_ABOUT);
    (!text.is_empty()).then_some(text)
}

/// Where a path begins of which a pattern has found the end, from a slash on.
fn path_start(text: &str, at: usize) -> usize {
    let before = text.get(..at).filter(|_| text.get(at..).is_some_and(|it| it.starts_with('/')));
    let is_part = |it: char| it.is_ascii_alphanumeric() || "-_.~".contains(it);
    before.map_or(at, |it| it.trim_end_matches(is_part).len())
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

    /// Whether it shows a value as it is, and does not say whose.
    pub(crate) fn shows_value(&self) -> bool {
        let is_whole = self.about.as_deref().is_some_and(|it| !it.contains("[redacted"));
        self.trouble == Trouble::Malformed && self.detail() == 1 && is_whole
    }

    /// Whether it tells of the same as another one, and more of what that is about.
    fn names_more(&self, other: &Self) -> bool {
        let kin = self.trouble.kin();
        let is_like = kin == other.trouble.kin() && kin != Kin::None;
        other.detail() < self.detail() && (is_like || self.trouble == other.trouble)
    }

    /// Whether it only says in passing that some variable is not set, while the last words show a value that cannot
    /// be read.
    fn is_of_another(&self, own: &Self) -> bool {
        let is_value = self.trouble.kin() == Kin::Variable && own.detail() == 1;
        is_value && self.trouble != own.trouble && Line::of(self.line).class() < Class::Error
    }

    /// With what another one tells of it: why nobody answers says more than that nobody does.
    fn told_of(self, other: &Self) -> Self {
        let is_less = self.trouble == Trouble::Unanswered;
        Self { trouble: if is_less { other.trouble } else { self.trouble }, ..self }
    }

    /// Whether it shows the value for which the other one says that credentials are wrong.
    fn gives(&self, other: &Self) -> bool {
        let is_vague = other.trouble == Trouble::Rejected && other.about.is_none();
        is_vague && self.trouble == Trouble::Malformed && 1 < self.detail()
    }

    /// The file that it does not find, or cannot open for whatever reason.
    pub(crate) fn missing_file(&self) -> Option<&str> {
        let is_it = matches!(self.trouble, Trouble::File | Trouble::Unopened);
        self.about.as_deref().filter(|_| is_it)
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

    /// Whether it cannot load a library of the system, which its image would have to bring.
    pub(crate) fn is_of_library(&self) -> bool {
        let about = self.about.as_deref().filter(|_| self.trouble == Trouble::Module);
        about.is_some_and(|it| format!("{it}.").contains(".so."))
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
            Some(about) if self.trouble == Trouble::Flag && self.is_of_command(about) => {
                format!("it does not know the command {about}")
            }
            Some(about) => self.trouble.with().replace("{}", about),
            None => self.trouble.without().to_owned(),
        }
    }

    /// Whether what it does not know is a command of its own, and no flag.
    fn is_of_command(&self, about: &str) -> bool {
        let line = self.line.to_lowercase();
        let has = |word: &str| line.contains(word);
        !about.starts_with('-') && has("command") && !has("flag") && !has("option")
    }

    /// Whether the words of the log say more than ours, which name no more than a value or put a name to what is meant.
    pub(crate) fn is_told_better_by(&self, text: &str) -> bool {
        let is_of_variable = self.trouble.kin() == Kin::Variable;
        let is_implied = self.about.as_deref().is_some_and(|it| !text.contains(it));
        let is_named = self.trouble == Trouble::Malformed && 1 < self.detail();
        is_of_variable && is_implied
            || self.is_half(text)
            || self.is_unnamed(text)
            || !is_named && self.trouble.is_told_better_by(text)
    }

    /// Whether it names nothing, and the words do.
    fn is_unnamed(&self, text: &str) -> bool {
        self.about.is_none() && !Line::of_text(text).lacks_detail()
    }

    /// Whether it is told by no more than a file or the beginning of a list, or without who was called.
    fn is_half(&self, text: &str) -> bool {
        let Some(about) = self.about.as_deref() else { return false };
        let is_short = about.len() + MORE < text.len() && about.starts_with('/');
        match self.trouble.kin() {
            Kin::Config => is_short || about.ends_with(':'),
            Kin::Host | Kin::Variable | Kin::None => {
                self.trouble == Trouble::Certificate && text.contains("://")
            }
        }
    }

    /// Whether it tells of a configuration without the file that the words name.
    pub(crate) fn leaves_out_a_file(&self, text: &str) -> bool {
        let about = self.about.as_deref().filter(|_| self.trouble == Trouble::Config);
        let Some(about) = about else { return false };
        let is_edge = |it: char| it.is_whitespace() || "'\"`()[]=,".contains(it);
        let mut files = text.split(is_edge).filter(|it| it.starts_with('/') && 1 < it.len());
        files.any(|it| !about.contains(it.trim_end_matches([':', '.'])))
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
