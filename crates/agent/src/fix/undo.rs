//! Taking back: only our own fields, and only while they still hold our value.

use std::time::Duration;

use remedy::{Writer, WrittenPlan};
use serde_json::Value;
use types::{ExecutionState, Mode, RefusalReport, Step};

use super::Fixer;
use super::resume::failed_fix;
use super::settle::was_changed;
use super::write::holds;
use crate::cluster::{ClusterError, Patch};
use crate::journal::{Stored, past_write};

/// The first pause before an API server that did not answer is asked again; it doubles.
pub(super) const PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
pub(super) const MAX_PAUSE: Duration = Duration::from_secs(10);
/// How often a write is made anew that lost a race over another field.
const CONTENTIONS: u32 = 8;

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

/// What came of one try to write.
enum Try {
    Done,
    /// Somebody wrote the object at the same time, and not our fields.
    Contended(String),
    Failed(ClusterError),
}

impl Fixer {
    /// Takes a fix back and reports how that ended.
    pub(super) async fn undo(&self, mut fix: Stored) {
        if fix.execution.state != ExecutionState::Undoing {
            self.reach(&mut fix, ExecutionState::Undoing).await;
        }
        let is_changed = was_changed(&fix.execution);
        if fix.plan.writes() && !is_changed {
            self.agent.failures.add(&fix.execution.subject, failed_fix(past_write(&fix)));
        }
        match self.take_back(&fix).await {
            Ok(()) => self.report(fix, ExecutionState::Undone).await,
            // What he wrote stays: it was his workload before the fix had come to anything.
            Err(error @ TakeBackError::Changed { .. }) if is_changed => {
                let words = self.words(&fix.execution.subject, &error);
                if let Some(refusal) = &mut fix.execution.refusal {
                    refusal.detail = format!("{}; nothing is taken back: {words}", refusal.detail);
                }
                self.report(fix, ExecutionState::Undone).await;
            }
            Err(error) => {
                let detail = self.words(&fix.execution.subject, &error);
                tracing::error!(execution = %fix.execution.id, detail, "a person has to look");
                fix.execution.refusal = Some(RefusalReport::new("stranded", detail));
                self.report(fix, ExecutionState::Stranded).await;
            }
        }
    }

    /// Carries out the undo of the plan. While the agent is stopped it waits: an undo is a write too.
    async fn take_back(&self, fix: &Stored) -> Result<(), TakeBackError> {
        let plan = WrittenPlan::by_journal(fix.plan.clone());
        for step in &plan.undo().steps {
            self.take_back_step(step, fix).await?;
        }
        self.let_pods_follow(&plan, fix).await
    }

    async fn take_back_step(&self, step: &Step, fix: &Stored) -> Result<(), TakeBackError> {
        let (fix_id, writer) = (fix.execution.id.to_string(), Writer::of(&fix.plan.strategy));
        let target = step.target.to_string();
        let (mut pause, mut contentions) = (PAUSE, 0);
        loop {
            self.until_armed().await;
            match self.try_to_take_back(step, &fix_id, writer).await {
                // What is gone needs no undo.
                Try::Done | Try::Failed(ClusterError::NotFound(_)) => return Ok(()),
                Try::Contended(detail) if contentions == CONTENTIONS => {
                    return Err(TakeBackError::Refused { target, detail });
                }
                Try::Contended(_) => contentions += 1,
                Try::Failed(ClusterError::Conflict(detail)) => {
                    return Err(TakeBackError::Changed { target, detail });
                }
                Try::Failed(ClusterError::Refused(detail)) => {
                    return Err(TakeBackError::Refused { target, detail });
                }
                Try::Failed(ClusterError::Stopped) => continue,
                Try::Failed(error) => {
                    let error = self.words(&fix.execution.subject, &error);
                    tracing::warn!(error, target, "an undo waits for the API server");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    async fn try_to_take_back(&self, step: &Step, fix_id: &str, writer: Writer) -> Try {
        let object = match self.agent.cluster.object(&step.target).await {
            Ok(object) => object,
            Err(error) => return Try::Failed(error),
        };
        let uid = object.pointer("/metadata/uid").and_then(Value::as_str);
        // The same name, but another object: ours is gone.
        if uid.is_some_and(|it| it != step.target.uid) || holds(&object, &step.action) {
            return Try::Done;
        }
        let Some(operations) = remedy::undo_patch(step, fix_id, &object) else { return Try::Done };
        let (target, subresource) = (&step.target, step.subresource);
        let patch = Patch { target, subresource, operations, purpose: self.to_write(writer) };
        match self.agent.cluster.patch(patch).await {
            Ok(_) => Try::Done,
            Err(ClusterError::Conflict(detail)) if is_ours(&object, step) => Try::Contended(detail),
            Err(error) => Try::Failed(error),
        }
    }

    /// Waits while the stop button is in, and while another replica leads.
    pub(super) async fn until_armed(&self) {
        let mut mode = self.mode_changes();
        while !self.may_write() {
            // The sender lives as long as this does, so the wait cannot fail.
            if mode.wait_for(|it| *it != Mode::Observe).await.is_err() {
                tracing::error!("the mode is not known any more");
            }
            self.lead.until_leads().await;
        }
    }
}

/// Whether every field that the undo is about still holds our value.
fn is_ours(object: &Value, undo: &Step) -> bool {
    undo.inverse().is_some_and(|it| holds(object, &it.action))
}
