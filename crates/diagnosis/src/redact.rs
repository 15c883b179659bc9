//! Redaction: what looks like a secret is replaced by a keyed, stable mark.

mod blocks;
mod dumps;
mod edits;
mod headers;
mod commands;
mod addresses;
mod assignments;
mod names;
mod sentences;
mod complaints;
mod values;
mod drawn;
mod cloud;
mod shapes;
mod cards;
mod known;
mod place;
mod search;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use hmac::{Hmac, Mac};
use regex::{Captures, Match, Regex};
use sha2::Sha256;

use crate::patterns::Sieve;
use crate::terminal;

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

    /// The text without secrets, and without what the workloads of this namespace hide.
    pub(crate) fn told_apart(&self, namespace: &str, text: &str) -> String {
        let secrets = self.apart.get(namespace);
        self.redact(&secrets.map_or_else(|| text.to_owned(), |it| it.hidden_in(text, self)))
    }

    /// The text without secrets. Takes time in proportion to the text, whatever the text says.
    pub fn redact(&self, text: &str) -> String {
        Marking { redactor: self, seen: None }.redact(text)
    }

    /// The name of an image without secrets. One that a registry takes has no place for a password, and a colon in it
    /// leads to a tag: `shop/auth-service:9f8e7d6` is no value of anything.
    pub(crate) fn redact_image(&self, image: &str) -> String {
        let name = image.split_once("@sha256:").map_or(image, |it| it.0);
        if name.contains(['@', ' ', '=', '"']) || name.contains("://") {
            return self.redact(image);
        }
        Marking { redactor: self, seen: None }.pass(image, |it| *it == SHAPES)
    }

    /// The secrets in this text, as [`Redactor::redact`] finds them.
    pub(crate) fn secrets_in(&self, text: &str) -> Vec<String> {
        let marks = Marking { redactor: self, seen: Some(RefCell::default()) };
        marks.redact(text);
        marks.seen.map(RefCell::into_inner).unwrap_or_default()
    }

    /// The value of something called `name`, without secrets: whole when the name says that it is one.
    pub fn redact_value(&self, name: &str, value: &str) -> String {
        let redacted = self.redact(value);
        if names::is_secret(name) && !values::is_harmless(value) && !is_open(name, &redacted) {
            self.mark(value)
        } else {
            redacted
        }
    }

    /// What is hidden of the value of something called `name`: all of it, or the secrets in it, or both.
    pub(crate) fn hidden_of(&self, name: &str, value: &str) -> Vec<Hidden> {
        let inside = self.secrets_in(value).into_iter().map(|text| Hidden { text, is_word: true });
        let is_told = names::is_secret(name)
            && !values::is_harmless(value)
            && !is_open(name, &self.redact(value));
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

/// The patterns of a stage that may fit a text, with their places.
type Fitting<'p> = [(usize, &'p Regex)];

/// Patterns, and what is done where one fits.
struct Stage {
    patterns: &'static [&'static str],
    redact: for<'t> fn(&Marking<'_>, Cow<'t, str>, &Fitting<'_>) -> Cow<'t, str>,
}

/// The stages in their order.
static STAGES: [Stage; 12] = [
    blocks::STAGE,
    dumps::STAGE,
    edits::STAGE,
    headers::STAGE,
    commands::STAGE,
    addresses::STAGE,
    assignments::STAGE,
    sentences::STAGE,
    complaints::STAGE,
    cloud::STAGE,
    shapes::STAGE,
    cards::STAGE,
];
/// The place of the stage that knows secrets by their shape alone.
const SHAPES: usize = 10;

/// All their patterns: what may fit a text is found in one pass over it.
static SIEVE: LazyLock<Sieve> =
    LazyLock::new(|| Sieve::keeping_case(STAGES.iter().flat_map(|it| it.patterns).copied()));

#[test]
fn in_the_name_of_an_image_a_token_is_hidden_and_a_tag_is_not() {
    let redactor = Redactor::new([0; 32]);
    for image in [
        "shop/auth-service:1.4.2",
        "registry.example.com:5000/shop/token-service:9f8e7d6c5b4a",
        "ghcr.io/external-secrets/external-secrets:v0.10.0",
        "sealed-secrets-controller:0.27.1",
        "shop/password:hunter2",
        "shop/api-key@sha256:6c3c624b58dbbcd3c0dd82b4c53f04194d1247c6eebdaab7c610cf7d66709b3b",
    ] {
        assert_eq!(redactor.redact_image(image), image);
    }
    for image in [
        "registry.example.com/ghp_0123456789abcdefABCDEF0123456789abcd/app:1.2.3",
        "https://robot:Saffron5KqWe@registry.example.com/app:1.0",
        "robot:Saffron5KqWe@registry.example.com/app:1.0",
    ] {
        assert!(redactor.redact_image(image).contains(MARK), "{image}");
    }
}

#[test]
fn every_pattern_is_one() {
    assert_eq!(SIEVE.broken(), Vec::<&str>::new());
}

/// One redaction: who marks, and what was marked where somebody asks for that.
struct Marking<'r> {
    redactor: &'r Redactor,
    seen: Option<RefCell<Vec<String>>>,
}

impl Marking<'_> {
    fn redact(&self, text: &str) -> String {
        // What a terminal does not show may stand in the middle of a secret.
        let text = if text.contains(terminal::begins_escape) {
            Cow::from(terminal::plain(text))
        } else {
            Cow::from(text)
        };
        let mut text = self.redactor.known.hidden_in(&text, self.redactor);
        for _ in 0..MAX_PASSES {
            let next = self.pass(&text, |_| true);
            if next == text {
                break;
            }
            text = next;
        }
        text
    }

    /// Blocks come first, since nothing inside them should be looked at; shapes last, since a name
    /// before a secret tells more about where it ends than its shape.
    fn pass(&self, text: &str, is_wanted: impl Fn(&usize) -> bool) -> String {
        let mut fitting = SIEVE.may_fit(text).peekable();
        let mut text = Cow::from(text);
        let mut end = 0;
        for (n, stage) in STAGES.iter().enumerate() {
            let start = end;
            end += stage.patterns.len();
            let mut own = vec![];
            while let Some((place, it)) = fitting.next_if(|it| it.0 < end) {
                own.push((place - start, it));
            }
            if !own.is_empty() && is_wanted(&n) {
                text = (stage.redact)(self, text, &own);
            }
        }
        text.into_owned()
    }

    /// The text with the group `secret` of every match of every pattern replaced, where `is_secret` agrees.
    fn replace_all<'t>(
        &self,
        mut text: Cow<'t, str>,
        patterns: &Fitting<'_>,
        is_secret: fn(&Captures<'_>) -> bool,
    ) -> Cow<'t, str> {
        for (_, pattern) in patterns {
            if let Some(replaced) = self.replace(&text, pattern, is_secret) {
                text = replaced.into();
            }
        }
        text
    }

    fn mark(&self, secret: &str) -> String {
        if let Some(seen) = &self.seen {
            seen.borrow_mut().push(secret.to_owned());
        }
        self.redactor.mark(secret)
    }

    /// The text with the group `secret` of every match replaced, where `is_secret` agrees; `None` where there is none.
    fn replace(
        &self,
        text: &str,
        pattern: &Regex,
        is_secret: fn(&Captures<'_>) -> bool,
    ) -> Option<String> {
        if !pattern.is_match(text) {
            return None;
        }
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
        if copied == 0 {
            return None;
        }
        res.push_str(between(text, copied, text.len()));
        Some(res)
    }
}

/// Whether what something of this name holds is an address, the password in which is hidden for itself: the host has
/// to be read.
fn is_open(name: &str, redacted: &str) -> bool {
    names::is_address(name) && addresses::is_open(redacted)
}

/// As many letters of a redacted text as are kept, without signs that none shows.
pub fn shortened(text: &str, n: usize) -> String {
    let shown: String = text.chars().filter(|it| !it.is_control()).collect();
    cut(&shown, n).to_owned()
}

/// As many letters of a redacted text as are kept; half a mark is none.
pub(crate) fn cut(text: &str, n: usize) -> &str {
    let end = text.char_indices().nth(n).map_or(text.len(), |it| it.0);
    let start = (end.saturating_sub(MARK_LEN - 1)..end)
        .find(|start| text.get(*start..).and_then(mark_at_start).is_some());
    between(text, 0, start.filter(|start| end < start + MARK_LEN).unwrap_or(end))
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
