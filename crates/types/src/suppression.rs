//! Known trouble: a finding that somebody accepted, with a reason and an end.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The digits of a fingerprint.
const DIGITS: usize = 16;

/// A finding that somebody accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    /// The fingerprint of the finding.
    pub fingerprint: String,
    /// Why it is accepted.
    pub reason: String,
    /// Who accepted it.
    pub by: String,
    /// Until when. From then on the finding is told again like any other.
    pub until: Timestamp,
}

/// Findings that are accepted: an answer of the agent, and what `agent scan --accepted` reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Suppressions {
    /// One a finding, the first to end first.
    pub suppressions: Vec<Suppression>,
}

/// What somebody says who accepts a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"fingerprint": "52b1f0c2a9d4e7f3", "reason": "the old importer is switched off next week", "days": 7}))]
#[serde(deny_unknown_fields)]
pub struct SuppressionOrder {
    /// The fingerprint of the finding: 16 hexadecimal digits.
    #[schema(pattern = "^[0-9a-f]{16}$")]
    pub fingerprint: String,
    /// Why it is accepted: who reads it later will ask.
    #[schema(pattern = "\\S", max_length = 500)]
    pub reason: String,
    /// For how many days; at most 366.
    #[serde(default = "a_month")]
    #[schema(minimum = 1, maximum = 366)]
    pub days: u16,
}

/// How long a finding is accepted by somebody who names no time.
fn a_month() -> u16 {
    30
}

/// Whether this is written like a fingerprint.
pub fn is_fingerprint(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}
