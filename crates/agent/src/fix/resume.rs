//! What an earlier life of the process left behind is gone on with, and never repeated.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use remedy::PastWrite;
use types::{Action, ExecutionState, FailedFix, RefusalReport, Step};
use uuid::Uuid;

use super::undo::{MAX_PAUSE, PAUSE};
use super::write::has_landed;
use super::{Fixer, OpenError};
use crate::cluster::ClusterError;
use crate::failures::MEMORY;
use crate::journal::Stored;

/// How long a write that is not to be seen may still be on its way: a request outlives its sender for a moment.
const STRAGGLERS: Duration = Duration::from_secs(5);

impl Fixer {
    /// Recalls what did not help before this life of the process.
    pub(super) async fn recall(&self) -> Result<(), OpenError> {
        for write in self.journal.writes_since(Timestamp::now() - MEMORY, Uuid::nil()).await? {
            if write.undone {
                let subject = write.subject.clone();
                self.agent.failures.add(&subject, failed_fix(write));
            }
        }
        Ok(())
    }

    /// Goes on with every execution that has not ended, as soon as this replica leads.
    pub(super) async fn resume(self: &Arc<Self>) -> Result<(), OpenError> {
        for fix in self.journal.unfinished().await? {
            tracing::info!(execution = %fix.execution.id, state = %fix.execution.state, "going on");
            self.publish(&fix.execution);
            let fixer = Arc::clone(self);
            tokio::spawn(async move {
                fixer.lead.until_leads().await;
                Box::pin(fixer.go_on(fix)).await;
            });
        }
        Ok(())
    }

    /// Goes on from wherever the execution stands.
    pub(super) async fn go_on(self: Arc<Self>, mut fix: Stored) {
        match fix.execution.state {
            ExecutionState::Applying => match self.how_far(&fix).await {
                0 if fix.plan.writes() => self.report_not_applied(fix).await,
                n if n < fix.plan.steps.len() => {
                    fix.plan.steps.truncate(n);
                    fix.execution.applied_at = Some(Timestamp::now());
                    let detail =
                        "the write was cut off halfway, and what was written is taken back";
                    fix.execution.refusal = Some(RefusalReport::new("cut_off", detail));
                    self.undo(fix).await;
                }
                _ => {
                    fix.execution.applied_at = Some(Timestamp::now());
                    self.reach(&mut fix, ExecutionState::Verifying).await;
                    self.see_through(fix).await;
                }
            },
            ExecutionState::Verifying => self.see_through(fix).await,
            ExecutionState::Undoing => self.undo(fix).await,
            ExecutionState::Proposed
            | ExecutionState::Verified
            | ExecutionState::Undone
            | ExecutionState::Stranded
            | ExecutionState::Refused
            | ExecutionState::Rejected => {}
        }
    }

    /// How many steps of the plan were made, by what the cluster shows once nothing is on its way any more.
    async fn how_far(&self, fix: &Stored) -> usize {
        let until = tokio::time::Instant::now() + STRAGGLERS;
        loop {
            let n_made = self.n_made(fix).await;
            if n_made == fix.plan.steps.len() || until <= tokio::time::Instant::now() {
                return n_made;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn n_made(&self, fix: &Stored) -> usize {
        for (index, step) in fix.plan.steps.iter().enumerate() {
            if !self.was_made(step, fix).await {
                return index;
            }
        }
        fix.plan.steps.len()
    }

    async fn was_made(&self, step: &Step, fix: &Stored) -> bool {
        let fix_id = fix.execution.id.to_string();
        let mut pause = PAUSE;
        loop {
            match self.agent.cluster.object(&step.target).await {
                Ok(object) => {
                    let uid = object.pointer("/metadata/uid").and_then(serde_json::Value::as_str);
                    let leaves = object.pointer("/metadata/deletionTimestamp").is_some();
                    return match step.action {
                        Action::Evict => leaves || uid != Some(step.target.uid.as_str()),
                        Action::Edit(_) | Action::Restart => has_landed(&object, step, &fix_id),
                    };
                }
                Err(ClusterError::NotFound(_)) => return step.action == Action::Evict,
                Err(error) => {
                    let error = self.words(&fix.execution.subject, &error);
                    tracing::warn!(error, target = %step.target, "a fix waits to find out how far it came");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    /// The intent was journalled and the write was not made. It is not made up for: the world has moved on.
    async fn report_not_applied(&self, mut fix: Stored) {
        let detail = "the write was begun and not made; ask again, the facts are read anew";
        fix.execution.refusal = Some(RefusalReport::new("not_applied", detail));
        self.report(fix, ExecutionState::Refused).await;
    }
}

/// A write that was taken back, as a fact of its workload.
pub(super) fn failed_fix(write: PastWrite) -> FailedFix {
    FailedFix {
        at: write.at,
        strategy: write.strategy,
        spec_hash: write.spec_hash,
        result_hash: write.result_hash,
        again: write.again,
        edits: write.edits,
    }
}
