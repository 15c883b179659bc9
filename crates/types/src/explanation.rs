//! Why an execution was made, and why nothing else was: what a person asks afterwards.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{Diagnosis, Evidence, Execution, Mode, RefusalReport, Risk, Strategy, Subject};

/// An execution from its evidence to its end. All words in it are redacted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// The execution: who ordered it, its checks, its verdict, and what became of it.
    pub execution: Execution,
    /// The facts as they were when it was decided.
    pub evidence: Evidence,
    /// How it was decided; absent for executions of versions that did not keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionRecord>,
    /// What the journal holds of it, in order; at most 200 entries.
    pub entries: Vec<JournalEntry>,
}

/// How an execution was decided, as it was at that moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DecisionRecord {
    /// When.
    pub at: Timestamp,
    /// What the agent was allowed to do then.
    pub mode: Mode,
    /// What the rules said of the evidence, causes before symptoms.
    pub diagnoses: Vec<Diagnosis>,
    /// What explained its incident from beyond the subject then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caused_by: Vec<Subject>,
    /// Who ordered it, and why.
    pub order: OrderReason,
    /// Why the guard refused it, where it did; what it lets through has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusalReport>,
    /// What else was offered, best first by rule; at most 20.
    pub alternatives: Vec<Alternative>,
    /// What was to be written, with what it depends on.
    pub patch: Vec<ShownStep>,
    /// What takes it back.
    pub undo: Vec<ShownStep>,
    /// The same for a commit: `patches` of a kustomization. Absent where no field of a manifest is edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kustomize: Option<String>,
    /// What takes it back, for a commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kustomize_undo: Option<String>,
    /// Whether the patches were left out because they were too large to keep.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shortened: bool,
}

/// Who ordered a fix and why, in his own words.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderReason {
    /// The name behind the token.
    pub by: String,
    /// What decided there: a record, a model, a rule. As the caller says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub decided_by: String,
    /// Why. As the caller says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The probability with which this choice was made, between 0 and 1. As the caller says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub propensity: Option<f64>,
}

/// What was offered and not done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Alternative {
    /// The strategy, with its dose.
    pub strategy: Strategy,
    /// What it does, in words.
    pub title: String,
    /// Who may say yes to it.
    pub risk: Risk,
    /// What the guard said of it then; absent where it would have let it through, and nobody ordered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusalReport>,
}

/// One step as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ShownStep {
    /// The object: `Deployment shop/web`.
    pub target: String,
    /// What is done: `edit`, `resize`, `evict` or `restart`.
    pub action: String,
    /// It is only done while the object has this uid.
    pub uid: String,
    /// It is only done while the object has this version; an undo depends on the values alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
    /// The operations (RFC 6902); a `test` is a value that has to be there still.
    #[schema(value_type = Vec<Object>)]
    pub operations: Vec<Value>,
}

/// An entry of the journal about an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JournalEntry {
    /// Its place in the chain, from 1.
    pub number: i64,
    /// When, RFC 3339.
    pub at: String,
    /// Whose word it was.
    pub who: String,
    /// The state that was reached.
    pub what: String,
    /// Hash over it and the entry before it.
    pub hash: String,
}
