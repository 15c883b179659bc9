//! What was done, told at the object itself: `kubectl describe` and `kubectl get events` show it.

use std::sync::Arc;

use types::{Execution, ExecutionState};

use super::Fixer;
use crate::cluster::Notice;

/// The most characters of a message that the API server takes, with room for its own.
const MAX_CHARS: usize = 900;

impl Fixer {
    /// Leaves an Event about what was written, and never waits for it: what is done is in the journal anyway.
    pub(super) fn tell(&self, execution: &Execution) {
        let Some(notice) = notice(execution) else { return };
        if !self.may_write() {
            return;
        }
        let leave = self.leave();
        let (cluster, subject) = (Arc::clone(&self.agent.cluster), execution.subject.clone());
        tokio::spawn(async move {
            if let Err(error) = cluster.announce(&subject, &notice, leave).await {
                tracing::debug!(%error, %subject, reason = notice.reason, "no Event was left");
            }
        });
    }
}

/// What is told of this state; nothing where nothing was written.
fn notice(execution: &Execution) -> Option<Notice> {
    let strategy = &execution.strategy;
    let (reason, words) = match execution.state {
        ExecutionState::Verifying => (
            "FixApplied",
            format!("{}: {strategy}; it is taken back unless it helps", execution.fault),
        ),
        ExecutionState::Verified => {
            let why =
                execution.refusal.as_ref().map_or("it helped, and health lasted", |it| &it.detail);
            ("FixVerified", format!("{strategy}: {why}"))
        }
        ExecutionState::Undone if execution.applied_at.is_some() => {
            let why = execution.refusal.as_ref().map_or("it did not help", |it| &it.detail);
            ("FixUndone", format!("{strategy}: taken back, {why}"))
        }
        ExecutionState::Stranded => {
            let why = execution.refusal.as_ref().map_or("", |it| &it.detail);
            (
                "FixStranded",
                format!("{strategy}: could not be taken back, a person has to look: {why}"),
            )
        }
        ExecutionState::Undone
        | ExecutionState::Proposed
        | ExecutionState::Applying
        | ExecutionState::Undoing
        | ExecutionState::Refused
        | ExecutionState::Rejected => return None,
    };
    let by = execution.last_word();
    let message = format!("{words} (fix {}, ordered by {by})", execution.id);
    Some(Notice { reason, message: message.chars().take(MAX_CHARS).collect() })
}
