//! What a policy says, read from the form in which it is written, and not by the code that reads it for the guard.

use remedy::Policy;
use serde_json::{Value, json};

use super::room::millis;
use super::{bytes, text};

/// A policy as its file has it.
pub(crate) struct Rules(Value);

impl Rules {
    pub(crate) fn of(policy: &Policy) -> Self {
        Self(json!(policy))
    }

    /// The number on this line of a group.
    pub(super) fn number(&self, group: &str, line: &str) -> i64 {
        self.0[group][line].as_i64().unwrap()
    }

    /// The same where many things are counted.
    pub(super) fn count(&self, group: &str, line: &str) -> usize {
        usize::try_from(self.number(group, line)).unwrap()
    }

    /// A share, in thousandths: no policy here is finer.
    pub(super) fn share(&self, group: &str, line: &str) -> usize {
        let written = self.0[group][line].to_string();
        let (whole, part) = written.split_once('.').unwrap();
        format!("{whole}{part:0<3}").parse().unwrap()
    }

    /// How old facts may be.
    pub(super) fn age(&self) -> i64 {
        self.0["evidence_ttl_seconds"].as_i64().unwrap()
    }

    /// How long what somebody changed is left to him.
    pub(super) fn grace(&self) -> i64 {
        self.0["change_grace_seconds"].as_i64().unwrap()
    }

    /// The highest limit that is written.
    pub(super) fn highest(&self, resource: &str) -> u128 {
        let amount = text(&self.0["caps"][resource]);
        let read = if resource == "memory" { bytes(amount) } else { millis(amount) };
        read.unwrap()
    }

    /// What `strategies` says of this one; nothing, mostly.
    pub(super) fn says(&self, strategy: &str) -> &str {
        text(&self.0["strategies"][strategy])
    }

    /// Whether this word is in a list.
    pub(super) fn lists(&self, list: &str, word: &str) -> bool {
        self.0[list].as_array().unwrap().iter().any(|it| it == word)
    }
}
