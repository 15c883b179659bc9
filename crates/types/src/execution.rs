//! A plan on its way through the cluster, and how it ended.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Context, Fault, ObjectRef, Risk, Strategy};

/// What a fix did to the workload and its neighbours.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Healthy, and stayed so for the whole settle time.
    Recovered,
    /// What it was made for is over, and a fault is seen that this hid: it stays, and the other is answered by itself.
    Progress,
    /// The same trouble, or no health within the time it had.
    Unchanged,
    /// The workload or a neighbour is worse than before.
    Worse,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Recovered => "recovered",
            Self::Progress => "progress",
            Self::Unchanged => "unchanged",
            Self::Worse => "worse",
        })
    }
}

/// Where an execution is. The last five are final.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionState {
    /// A dry run, or waits for a person's yes.
    Proposed,
    /// Intent is durable; the write is under way.
    Applying,
    /// Written; its effect is being watched.
    Verifying,
    /// It did not help; it is being taken back.
    Undoing,
    /// Healthy for the whole settle time; or, with the verdict `progress`, what it was made for is over.
    Verified,
    /// Did not help and was taken back.
    Undone,
    /// Did not help and could not be taken back: a person has to look.
    Stranded,
    /// The guard or the cluster refused it; nothing was written.
    Refused,
    /// A person said no, or nobody said yes in time; nothing was written.
    Rejected,
}

impl ExecutionState {
    /// Whether nothing more will happen.
    pub fn is_final(self) -> bool {
        match self {
            Self::Proposed | Self::Applying | Self::Verifying | Self::Undoing => false,
            Self::Verified | Self::Undone | Self::Stranded | Self::Refused | Self::Rejected => true,
        }
    }

    /// The state as one word, as it stands in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Applying => "applying",
            Self::Verifying => "verifying",
            Self::Undoing => "undoing",
            Self::Verified => "verified",
            Self::Undone => "undone",
            Self::Stranded => "stranded",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
        }
    }
}

impl fmt::Display for ExecutionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One look at the workload while a fix is verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// When.
    pub at: Timestamp,
    /// Replicas ready.
    pub ready: u32,
    /// Replicas wanted.
    pub desired: u32,
    /// Restarts of all pods.
    pub restarts: u32,
    /// What was seen, in words.
    pub note: String,
}

/// Why nothing was written, with a stable code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusalReport {
    /// Stable, for machines: `namespace_not_enrolled`.
    pub code: String,
    /// For people, with what to do next.
    pub detail: String,
    /// In how many seconds the same order may be let through, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_secs: Option<i64>,
}

impl RefusalReport {
    /// A refusal of which nobody knows how long it holds.
    pub fn new(code: &str, detail: impl Into<String>) -> Self {
        Self { code: code.to_owned(), detail: detail.into(), retry_secs: None }
    }
}

/// A plan on its way through the cluster. All words in it are redacted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Execution {
    /// Its id: also the fix id that the written object carries.
    pub id: Uuid,
    /// The incident it belongs to, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Uuid>,
    /// The cluster's name.
    pub cluster: String,
    /// The root owner.
    pub subject: ObjectRef,
    /// The pod that the request named.
    pub pod: String,
    /// What is wrong.
    pub fault: Fault,
    /// What kind of workload this is.
    pub context: Context,
    /// Hash over the pod template before the fix.
    pub spec_hash: String,
    /// Hash over all of the workload but its status, as it was when this was drawn up: a yes is bound to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_hash: Option<String>,
    /// What is done.
    pub strategy: Strategy,
    /// Who may say yes.
    pub risk: Risk,
    /// The change, one line an edit.
    pub diff: String,
    /// What takes it back.
    pub undo: String,
    /// Where it is.
    pub state: ExecutionState,
    /// Whether nothing was to be written from the start.
    pub dry_run: bool,
    /// Who asked: `reflexion`, or the name behind the token.
    pub requested_by: String,
    /// Who said yes or no to it, where a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// Who had it taken back, where a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<String>,
    /// When.
    pub requested_at: Timestamp,
    /// When the write was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied_at: Option<Timestamp>,
    /// When it reached a final state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// What the fix did; only after it was verified over time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Why nothing was written, or why it is stranded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusalReport>,
    /// What was seen while it was verified; at most 60 looks.
    pub checks: Vec<Check>,
    /// Whether the very fault that it was made for was seen at the last look, in the same container: it was too little,
    /// or not the cause.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// Hash over the pod template with the fix, where that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_hash: Option<String>,
}

impl Execution {
    /// Whether it is kept though the workload is not well: a fault is seen that the answered one hid.
    pub fn is_progress(&self) -> bool {
        self.state == ExecutionState::Verified && self.verdict == Some(Verdict::Progress)
    }

    /// Whose word it was that counted last.
    pub fn last_word(&self) -> &str {
        let person = self.undone_by.as_ref().or(self.decided_by.as_ref());
        person.unwrap_or(&self.requested_by)
    }
}

/// What the agent may do. The stop button is `observe`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Sees and explains; writes nothing, whoever asks.
    Observe,
    /// Writes what a person approved.
    Suggest,
    /// Also writes what the policy allows unasked.
    Auto,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Observe => "observe",
            Self::Suggest => "suggest",
            Self::Auto => "auto",
        })
    }
}
