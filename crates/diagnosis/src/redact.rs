//! Redaction: what looks like a secret is replaced by a keyed, stable mark.

mod blocks;
mod edits;
mod headers;
mod addresses;
mod assignments;
mod names;
mod sentences;
mod values;
mod cloud;
mod shapes;
mod known;
mod place;
mod search;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::patterns::pattern;
use hmac::{Hmac, Mac};
use regex::{Captures, Match, Regex};
use sha2::Sha256;

pub(crate) use known::Hidden;
pub use known::Secrets;

/// What every mark begins with.
const MARK: &str = "[redacted:";
/// Characters of a mark: its beginning, eight digits, one bracket.
const MARK_LEN: usize = MARK.len() + 9;
/// One pass finds nearly everything; the others see what only stands free once something else is gone.
const MAX_PASSES: usize = 4;

/// Replaces what looks like a secret. The same secret gives the same mark under the same key.
///
/// A text is redacted before it is cut, so that half a secret never looks like none.
#[derive(Clone)]
pub struct Redactor {
    key: [u8; 32],
    known: Secrets,
    /// What is hidden in texts about one namespace alone.
    apart: Arc<BTreeMap<String, Secrets>>,
}

impl Redactor {
    /// A redactor whose marks are keyed: 32 random bytes that the agent keeps.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key, known: Secrets::default(), apart: Arc::default() }
    }

    /// The same, that also hides these values wherever they stand. Its marks are the same.
    #[must_use]
    pub fn knowing(&self, secrets: &Secrets) -> Self {
        let apart = Arc::clone(&self.apart);
        Self { key: self.key, known: self.known.with(secrets), apart }
    }

    /// The same, that also hides the values of each namespace in texts about that namespace: one tenant's secret may
    /// be a plain word of another's.
    #[must_use]
    pub fn knowing_apart(&self, apart: BTreeMap<String, Secrets>) -> Self {
        Self { key: self.key, known: self.known.clone(), apart: Arc::new(apart) }
    }

    /// The redactor of texts about this namespace.
    #[must_use]
    pub fn within(&self, namespace: &str) -> Self {
        self.apart.get(namespace).map_or_else(|| self.clone(), |it| self.knowing(it))
    }

    /// The text without what the workloads of this namespace hide; all else stays.
    pub(crate) fn hide_apart(&self, namespace: &str, text: &str) -> String {
        let secrets = self.apart.get(namespace);
        secrets.map_or_else(|| text.to_owned(), |it| it.hidden_in(text, self))
    }

    /// The text without secrets. Takes time in proportion to the text, whatever the text says.
    pub fn redact(&self, text: &str) -> String {
        Marking { redactor: self, seen: None }.redact(text)
    }

    /// The secrets in this text, as [`Redactor::redact`] finds them.
    pub(crate) fn secrets_in(&self, text: &str) -> Vec<String> {
        let marks = Marking { redactor: self, seen: Some(RefCell::default()) };
        marks.redact(text);
        marks.seen.map(RefCell::into_inner).unwrap_or_default()
    }

    /// The value of something called `name`, without secrets: whole when the name says that it is one.
    pub fn redact_value(&self, name: &str, value: &str) -> String {
        if names::is_secret(name) && !values::is_harmless(value) {
            self.mark(value)
        } else {
            self.redact(value)
        }
    }

    /// What is hidden of the value of something called `name`: all of it, or the secrets in it, or both.
    pub(crate) fn hidden_of(&self, name: &str, value: &str) -> Vec<Hidden> {
        let inside = self.secrets_in(value).into_iter().map(|text| Hidden { text, is_word: true });
        let is_told = names::is_secret(name) && !values::is_harmless(value);
        let whole =
            is_told.then(|| Hidden { text: value.to_owned(), is_word: names::is_password(name) });
        inside.chain(whole).collect()
    }

    /// Whether the name alone says that what it stands for is a secret.
    pub(crate) fn is_told(name: &str) -> bool {
        names::is_secret(name)
    }

    /// What stands for a secret: `[redacted:1f3a5b7c]`, the same for the same secret. A mark stands for itself.
    pub fn mark(&self, secret: &str) -> String {
        if mark_at_start(secret) == Some(secret.len()) {
            return secret.to_owned();
        }
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else {
            // HMAC takes keys of any length; without a key there is no mark to tell secrets apart.
            return format!("{MARK}00000000]");
        };
        mac.update(secret.as_bytes());
        let mut mark = MARK.to_owned();
        for byte in mac.finalize().into_bytes().iter().take(4) {
            // Writing to a String cannot fail.
            let _ = write!(mark, "{byte:02x}");
        }
        mark.push(']');
        mark
    }
}

/// One redaction: who marks, and what was marked where somebody asks for that.
struct Marking<'r> {
    redactor: &'r Redactor,
    seen: Option<RefCell<Vec<String>>>,
}

impl Marking<'_> {
    fn redact(&self, text: &str) -> String {
        let mut text = self.redactor.known.hidden_in(text, self.redactor);
        for _ in 0..MAX_PASSES {
            let next = self.pass(&text);
            if next == text {
                break;
            }
            text = next;
        }
        text
    }

    /// Blocks come first, since nothing inside them should be looked at; shapes last, since a name
    /// before a secret tells more about where it ends than its shape.
    fn pass(&self, text: &str) -> String {
        let text = blocks::redact(self, text);
        let text = edits::redact(self, &text);
        let text = headers::redact(self, &text);
        let text = addresses::redact(self, &text);
        let text = assignments::redact(self, &text);
        let text = sentences::redact(self, &text);
        let text = cloud::redact(self, &text);
        shapes::redact(self, &text)
    }

    fn mark(&self, secret: &str) -> String {
        if let Some(seen) = &self.seen {
            seen.borrow_mut().push(secret.to_owned());
        }
        self.redactor.mark(secret)
    }

    /// The text with the group `secret` of every match replaced, where `is_secret` agrees.
    fn replace(&self, text: &str, pattern: &Regex, is_secret: fn(&Captures<'_>) -> bool) -> String {
        let mut res = String::with_capacity(text.len());
        let mut copied = 0;
        for found in pattern.captures_iter(text) {
            let Some(secret) = found.name("secret") else { continue };
            let marked =
                inside_mark(text, secret.start()) || values::begins_marked(secret.as_str());
            if !secret.is_empty() && !marked && is_secret(&found) {
                res.push_str(between(text, copied, secret.start()));
                res.push_str(&self.mark(secret.as_str()));
                copied = secret.end();
            }
        }
        res.push_str(between(text, copied, text.len()));
        res
    }
}

/// How long the mark is that this text begins with.
fn mark_at_start(text: &str) -> Option<usize> {
    let mark = text.get(..MARK_LEN)?;
    let digits = mark.strip_prefix(MARK)?.strip_suffix(']')?;
    let is_digit = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
    digits.bytes().all(is_digit).then_some(MARK_LEN)
}

/// Whether a place in a text lies inside a mark: what looks like a secret there is a part of the mark.
fn inside_mark(text: &str, at: usize) -> bool {
    (at.saturating_sub(MARK_LEN - 1)..at)
        .any(|start| text.get(start..).is_some_and(|it| mark_at_start(it).is_some()))
}

/// A part of a text; empty when the bounds are none.
fn between(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or_default()
}

/// What a group matched; empty when it took no part.
fn group<'t>(found: &Captures<'t>, name: &str) -> &'t str {
    found.name(name).as_ref().map_or("", Match::as_str)
}

/// The patterns compiled. One that is no pattern is left out, which a test of each list rules out.
fn compiled(patterns: &[&str]) -> Vec<Regex> {
    patterns.iter().filter_map(|it| pattern(it)).collect()
}
