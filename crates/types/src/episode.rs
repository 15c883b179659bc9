//! What is remembered of a fix: the episode, and the record that is a fold over episodes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Diagnosis, Execution, ExecutionState};

/// One attempt and what came of it: the unit of experience.
///
/// Written once; corrected, with a note, only when its execution was taken back after it had been verified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Episode {
    /// Its id, sortable by time.
    pub id: Uuid,
    /// When it was written.
    pub at: Timestamp,
    /// What was done and how it ended; `state` is final.
    pub execution: Execution,
    /// The diagnosis that the choice was made on, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<Diagnosis>,
    /// What was seen of it, in numbers.
    pub observation: Observation,
    /// What was learned, in words.
    pub reflection: Reflection,
    /// The probability with which this strategy was chosen, for judging other rules off line.
    pub propensity: f64,
    /// How it was corrected, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<Correction>,
}

/// Why an episode does not say what it said first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Correction {
    /// When it was corrected.
    pub at: Timestamp,
    /// The state that it was first written with.
    pub was: ExecutionState,
    /// What happened since, in words.
    pub note: String,
}

/// The outcome in several dimensions: outcome, performance, context, comparison, anomalies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Observation {
    /// Whether the workload recovered.
    pub recovered: bool,
    /// Seconds from the first sight of the incident to the final state; `None` when it is not known.
    pub took_secs: Option<i64>,
    /// Seconds from the write to the final state.
    pub verify_secs: Option<i64>,
    /// Which attempt of this incident it was, from 1.
    pub attempt: u32,
    /// How often this strategy was tried before for this fault.
    pub tried_before: u32,
    /// How often it won then.
    pub won_before: u32,
    /// The posterior mean before the outcome was known.
    pub expected: f64,
    /// Whether the outcome was unlikely (probability below 0.2) under what was known.
    pub surprising: bool,
    /// How it compares with the attempts before, in words.
    pub comparison: String,
    /// What was out of the ordinary, in words.
    pub anomalies: Vec<String>,
}

/// What was learned, in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reflection {
    /// The lesson in one or two sentences.
    pub lesson: String,
    /// Where the words come from.
    pub source: ReflectionSource,
    /// Further insights, at most five.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub insights: Vec<String>,
}

/// Where words come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReflectionSource {
    /// Fixed rules.
    Rules,
    /// A language model.
    Model,
}

/// What experience says of a strategy for a fault: a fold over episodes, rebuildable from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Record {
    /// The strategy's key, with its dose.
    pub strategy: String,
    /// How often it was tried.
    pub tries: u32,
    /// How often the workload recovered.
    pub wins: u32,
    /// The posterior mean, between 0 and 1: the confidence that is shown.
    pub mean: f64,
    /// The lower end of the 90 % interval.
    pub low: f64,
    /// The upper end of the 90 % interval.
    pub high: f64,
}
