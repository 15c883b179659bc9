//! One line of a log: how bad the program says it is, what it says, and whether it says why.
//!
//! All of it is told by form: the spelling of levels, what frames of traces look like, how programs say farewell. No
//! program is known by name.

mod forms;
mod members;

use std::borrow::Cow;

use members::Members;

/// Characters at the beginning of a line among which its level is looked for.
const HEAD: usize = 120;

/// How bad it is by the program's own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Nothing is wrong.
    Quiet,
    /// Something may be.
    Warning,
    /// Something is.
    Error,
    /// It cannot go on.
    Fatal,
}

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing, or nothing but signs: it surrounds what others say.
    Empty,
    /// A place in a trace, and what surrounds one: it says where and not what.
    Frame,
    /// What to do, where to read on.
    Advice,
    /// That it ends.
    Farewell,
    /// That something failed, and not why.
    Vague,
    /// Something.
    Says,
}

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Line<'l> {
    /// As it stands in the log.
    pub(super) raw: &'l str,
    /// What it says, without the time; of a line that is made of members, their message and error.
    pub(super) text: Cow<'l, str>,
    /// The level that it names.
    pub(super) level: Option<Level>,
    /// What it is for.
    pub(super) kind: Kind,
    /// Whether its words are those of trouble.
    pub(super) complains: bool,
    /// Whether it is the headline of a trace.
    pub(super) is_headline: bool,
}

/// How likely a line says why the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// Nothing is wrong by its own account.
    Quiet,
    /// It may say anything.
    Plain,
    /// It complains.
    Complaint,
    /// It calls itself an error.
    Error,
    /// It calls itself the last one.
    Fatal,
}

impl<'l> Line<'l> {
    /// What this line is.
    pub(super) fn of(raw: &'l str) -> Self {
        match Members::of(raw) {
            Some(members) => Self::of_members(raw, &members),
            None => Self::of_text(raw),
        }
    }

    /// A line as people write them.
    pub(super) fn of_text(raw: &'l str) -> Self {
        let text = forms::without_time(raw);
        let level = level(raw);
        let body = forms::body(text);
        let is_headline = forms::is_headline(text);
        let complains = is_headline || forms::complains(body);
        Self {
            raw,
            text: Cow::Borrowed(text),
            level,
            kind: kind(raw, body, level),
            complains,
            is_headline,
        }
    }

    fn of_members(raw: &'l str, members: &Members) -> Self {
        let text = members.said();
        let body = forms::body(&text);
        let level = members.level().or_else(|| level(&text));
        let kind = kind(&text, body, level);
        let is_headline = forms::is_headline(&text);
        let complains = is_headline || forms::complains(body);
        Self { raw, text: Cow::Owned(text), level, kind, complains, is_headline }
    }

    /// Whether a word in capitals is no more than how bad a line is, and no name.
    pub(super) fn is_level(word: &str) -> bool {
        level(&format!("{word}:")).is_some_and(|it| Level::Warning <= it)
    }

    /// How likely it says why.
    pub(super) fn class(&self) -> Class {
        let lived_through = forms::is_lived_through(&self.text);
        if lived_through && !matches!(self.level, Some(Level::Fatal | Level::Quiet)) {
            return Class::Plain;
        }
        match self.level {
            Some(Level::Fatal) => Class::Fatal,
            Some(Level::Error) => Class::Error,
            Some(Level::Quiet) => Class::Quiet,
            None if self.is_headline => Class::Error,
            Some(Level::Warning) | None if self.complains => Class::Complaint,
            Some(Level::Warning) | None => Class::Plain,
        }
    }

    /// Whether a person could be told this: it is no place, no advice and no farewell.
    pub(super) fn says(&self) -> bool {
        matches!(self.kind, Kind::Says | Kind::Vague)
    }

    /// Whether it is set in from the left or an item of a list: it belongs to what stands above.
    pub(super) fn is_below(&self) -> bool {
        forms::is_below(self.raw)
    }

    /// Whether more has to follow: it ends with a colon or an open bracket, or counts what comes.
    pub(super) fn announces(&self) -> bool {
        forms::announces(&self.text)
    }

    /// Whether it has a level, a time and an origin, and nothing else.
    pub(super) fn is_bare(&self) -> bool {
        forms::body(&self.text).is_empty()
    }

    /// Whether it names nothing that could be looked up: no value, no number, no name.
    pub(super) fn lacks_detail(&self) -> bool {
        forms::lacks_detail(forms::body(&self.text))
    }

    /// Whether things went well again after what stands above.
    pub(super) fn is_recovery(&self) -> bool {
        !self.complains && forms::is_recovery(&self.text)
    }

    /// Whether it says, below the level of an error, that something is left out or off and all the rest goes on.
    pub(super) fn goes_without(&self) -> bool {
        let is_error = self.level.is_some_and(|it| Level::Error <= it) || self.is_headline;
        !is_error && forms::goes_without(&self.text)
    }

    /// Whether it says that the next error is what the one above led to.
    pub(super) fn goes_on(&self) -> bool {
        forms::goes_on(self.raw)
    }

    /// Whether it is the cause of the error above.
    pub(super) fn is_inner(&self) -> bool {
        forms::is_inner(self.raw)
    }

    /// Whether the next line is the source that this one tells of.
    pub(super) fn shows_source(&self) -> bool {
        forms::is_place(self.raw)
    }

    /// Whether it says where a panic was, and the next line what it was.
    pub(super) fn says_where(&self) -> bool {
        self.text.contains(" panicked at ") && self.text.trim_end().ends_with(':')
    }
}

/// What a text made of members says, over several lines: `{"path": ["PORT"], "message": "Required"}`.
pub(super) fn said_by_members(text: &str) -> Option<String> {
    let said = Members::of(text)?.said();
    (!said.is_empty()).then_some(said)
}

/// Whether this line tells of trouble.
pub(crate) fn is_loud(line: &str) -> bool {
    let line = Line::of(line);
    Class::Complaint <= line.class() && line.says()
}

fn kind(raw: &str, body: &str, level: Option<Level>) -> Kind {
    if forms::is_frame(raw) {
        return Kind::Frame;
    }
    if !body.chars().any(char::is_alphanumeric) && !forms::announces(raw) {
        return Kind::Empty;
    }
    let is_bad = level.is_some_and(|it| Level::Error <= it);
    if forms::is_advice(raw.trim_start(), body) && !is_bad {
        Kind::Advice
    } else if forms::is_farewell(body) {
        Kind::Farewell
    } else if forms::is_vague(body) {
        Kind::Vague
    } else {
        Kind::Says
    }
}

/// The level that a line names, by the first word that is one.
fn level(line: &str) -> Option<Level> {
    let end = line.char_indices().nth(HEAD).map_or(line.len(), |it| it.0);
    let head = line.get(..end)?;
    forms::level_word(head).and_then(level_of)
}

/// What a word for a level means, in any of its spellings.
pub(super) fn level_of(word: &str) -> Option<Level> {
    let word = word.to_lowercase();
    Some(match word.as_str() {
        "t" | "d" | "i" | "." | "-" | "*" | "trace" | "trc" | "debug" | "dbg" | "verbose"
        | "finest" | "finer" | "fine" | "config" | "info" | "inf" | "information" | "notice"
        | "note" | "system" | "log" | "d1" | "d2" | "d3" | "d4" | "d5" => Level::Quiet,
        "w" | "#" | "warn" | "warning" | "wrn" => Level::Warning,
        "f" | "c" | "fatal" | "ftl" | "critical" | "crit" | "panic" | "dpanic" | "emergency"
        | "emerg" | "alert" | "severe" => Level::Fatal,
        "e" | "error" | "eror" | "err" | "fail" => Level::Error,
        // The word in other tongues: the pattern knows them.
        other if !other.is_ascii() || forms::is_foreign(other) => Level::Error,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
