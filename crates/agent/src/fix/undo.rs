//! Taking back: only our own fields, and only while they still hold our value.

use std::time::Duration;

use types::{ExecutionState, FixPlan, Mode, RefusalReport, Step};

use super::Fixer;
use super::apply::holds;
use crate::cluster::{ClusterError, Patch};
use crate::journal::Stored;

/// The first pause before an API server that did not answer is asked again; it doubles.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// Why a fix could not be taken back.
#[derive(Debug, thiserror::Error)]
pub(super) enum TakeBackError {
    /// Somebody changed what we wrote, and his change stays.
    #[error("somebody changed {target} since the fix; compare it with the shown undo: {detail}")]
    Changed {
        /// The object.
        target: String,
        /// What the API server said.
        detail: String,
    },
    /// The API server does not allow it.
    #[error("the API server does not let {target} be put back; do it by hand: {detail}")]
    Refused {
        /// The object.
        target: String,
        /// What it said.
        detail: String,
    },
}

impl Fixer {
    /// Takes a fix back and reports how that ended.
    pub(super) async fn undo(&self, mut fix: Stored) {
        self.reach(&mut fix, ExecutionState::Undoing).await;
        let undo = remedy::approved_before(fix.plan.clone()).undo();
        match self.take_back(undo.plan(), &fix.execution.id.to_string()).await {
            Ok(()) => self.report(fix, ExecutionState::Undone).await,
            Err(error) => {
                let detail = self.agent.redactor.redact(&error.to_string());
                tracing::error!(execution = %fix.execution.id, detail, "a person has to look");
                fix.execution.refusal = Some(RefusalReport { code: "stranded".to_owned(), detail });
                self.report(fix, ExecutionState::Stranded).await;
            }
        }
    }

    /// Carries out an undo. While the agent is stopped it waits: an undo is a write too.
    pub(super) async fn take_back(
        &self,
        undo: &FixPlan,
        fix_id: &str,
    ) -> Result<(), TakeBackError> {
        for step in &undo.steps {
            self.take_back_step(step, fix_id).await?;
        }
        Ok(())
    }

    async fn take_back_step(&self, step: &Step, fix_id: &str) -> Result<(), TakeBackError> {
        let target = step.target.to_string();
        let mut pause = PAUSE;
        loop {
            self.until_armed().await;
            match self.try_to_take_back(step, fix_id).await {
                // What is gone needs no undo.
                Ok(()) | Err(ClusterError::NotFound(_)) => return Ok(()),
                Err(ClusterError::Conflict(detail)) => {
                    return Err(TakeBackError::Changed { target, detail });
                }
                Err(ClusterError::Refused(detail)) => {
                    return Err(TakeBackError::Refused { target, detail });
                }
                Err(
                    error @ (ClusterError::Throttled { .. }
                    | ClusterError::Unreachable(_)
                    | ClusterError::Malformed(_)),
                ) => tracing::warn!(%error, target, "an undo waits for the API server"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    async fn try_to_take_back(&self, step: &Step, fix_id: &str) -> Result<(), ClusterError> {
        let object = self.agent.cluster.object(&step.target).await?;
        let uid = object.pointer("/metadata/uid").and_then(serde_json::Value::as_str);
        // The same name, but another object: ours is gone.
        if uid.is_some_and(|it| it != step.target.uid) || holds(&object, &step.action) {
            return Ok(());
        }
        let Some(operations) = remedy::undo_patch(step, fix_id, &object) else { return Ok(()) };
        let (target, subresource) = (&step.target, step.subresource);
        let patch = Patch { target, subresource, operations, dry_run: false };
        self.agent.cluster.patch(patch).await.map(drop)
    }

    async fn until_armed(&self) {
        let mut mode = self.mode_changes();
        // The sender lives as long as this does, so the wait cannot fail.
        if mode.wait_for(|it| *it != Mode::Observe).await.is_err() {
            tracing::error!("the mode is not known any more");
        }
    }
}
