//! What an earlier life of the process left behind is gone on with, and never repeated.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use types::{Action, ExecutionState, RefusalReport, Step};

use super::apply::has_landed;
use super::{Fixer, OpenError};
use crate::cluster::ClusterError;
use crate::journal::Stored;

/// The first pause before an API server that did not answer is asked again; it doubles.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(10);

impl Fixer {
    /// Goes on with every execution that has not ended.
    pub(super) async fn resume(self: &Arc<Self>) -> Result<(), OpenError> {
        for fix in self.journal.unfinished().await? {
            tracing::info!(execution = %fix.execution.id, state = %fix.execution.state, "going on");
            self.publish(&fix.execution);
            tokio::spawn(Arc::clone(self).go_on(fix));
        }
        Ok(())
    }

    /// Goes on from wherever the execution stands.
    pub(super) async fn go_on(self: Arc<Self>, mut fix: Stored) {
        match fix.execution.state {
            ExecutionState::Applying => match self.how_far(&fix).await {
                0 => self.report_not_applied(fix).await,
                n if n < fix.plan.steps.len() => {
                    fix.plan.steps.truncate(n);
                    fix.execution.applied_at = Some(Timestamp::now());
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

    /// How many steps of the plan were made, by what the cluster shows.
    async fn how_far(&self, fix: &Stored) -> usize {
        let fix_id = fix.execution.id.to_string();
        let mut n_made = 0;
        for step in &fix.plan.steps {
            if !self.was_made(step, &fix_id).await {
                break;
            }
            n_made += 1;
        }
        n_made
    }

    async fn was_made(&self, step: &Step, fix_id: &str) -> bool {
        let mut pause = PAUSE;
        loop {
            match self.agent.cluster.object(&step.target).await {
                Ok(object) => {
                    let uid = object.pointer("/metadata/uid").and_then(serde_json::Value::as_str);
                    let leaves = object.pointer("/metadata/deletionTimestamp").is_some();
                    return match step.action {
                        Action::Evict => leaves || uid != Some(step.target.uid.as_str()),
                        Action::Edit(_) | Action::Restart => has_landed(&object, step, fix_id),
                    };
                }
                Err(ClusterError::NotFound(_)) => return step.action == Action::Evict,
                Err(error) => {
                    tracing::warn!(%error, target = %step.target, "a fix waits to find out how far it came");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    /// The intent was journalled and the write was not made. It is not made up for: the world has moved on.
    async fn report_not_applied(&self, mut fix: Stored) {
        fix.execution.refusal = Some(RefusalReport {
            code: "not_applied".to_owned(),
            detail: "the agent ended before the write was made; ask again, the facts are read anew"
                .to_owned(),
        });
        self.report(fix, ExecutionState::Refused).await;
    }
}
