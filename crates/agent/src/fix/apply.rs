//! The write: every step is tried first, then made, exactly once.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use remedy::{ApprovedPlan, FIX_ID_ANNOTATION};
use serde_json::Value;
use types::{Action, Execution, ExecutionState, ObjectRef, RefusalReport, Step};

use super::{FixError, Fixer};
use crate::cluster::{ClusterError, Patch};
use crate::journal::Stored;

/// How often an eviction is asked for that a disruption budget holds back.
const EVICTION_TRIES: u32 = 5;
/// The least time between two of them: the budget's controller needs some to count.
const EVICTION_PAUSE: Duration = Duration::from_secs(10);
/// How often an object is read to find out whether a write without an answer was made.
const DOUBT_TRIES: u32 = 6;
/// The first pause between two of those reads; it doubles.
const DOUBT_PAUSE: Duration = Duration::from_millis(250);

/// How a write ended that did not succeed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApplyError {
    /// The object changed since it was read; nothing was written.
    #[error("the object changed while the fix was made, nothing was changed: {0}")]
    Stale(String),
    /// The agent was stopped before the first write.
    #[error("the agent was stopped, nothing was changed")]
    Stopped,
    /// The cluster did not take step `step`; what was written before it was taken back.
    #[error("step {step} failed, nothing was changed: {reason}")]
    TakenBack {
        /// Which, from 0.
        step: usize,
        /// Why.
        reason: ClusterError,
    },
    /// The same, and what was written before it could not be taken back.
    #[error("step {step} failed, and what was written before it could not be taken back: {reason}")]
    Stranded {
        /// Which, from 0.
        step: usize,
        /// Why.
        reason: String,
    },
    /// No answer, and no way to find out yet.
    #[error("the API server does not answer; whether the write was made is not known yet")]
    InDoubt,
}

impl Fixer {
    /// Carries out the plan. The intent is in the journal already.
    pub(super) async fn apply(
        &self,
        fix: &mut Stored,
        approved: &ApprovedPlan,
    ) -> Result<(), ApplyError> {
        self.rehearse(fix, approved).await.map_err(|it| early(0, it))?;
        let mut written: Option<ObjectRef> = None;
        for index in 0..approved.plan().steps.len() {
            let Some(step) = approved.plan().steps.get(index) else { break };
            let step = following(step, written.as_ref());
            if !self.may_write() {
                return self.abandon(fix, approved, index, None).await;
            }
            match self.write(&step, &fix.execution.id.to_string()).await {
                Ok(after) => written = after.or(written),
                Err(ClusterError::Unreachable(_)) => return Err(ApplyError::InDoubt),
                Err(error) => return self.abandon(fix, approved, index, Some(error)).await,
            }
        }
        Ok(())
    }

    /// Lets the API server check every step without writing any.
    pub(super) async fn rehearse(
        &self,
        fix: &Stored,
        approved: &ApprovedPlan,
    ) -> Result<(), ClusterError> {
        let fix_id = fix.execution.id.to_string();
        for step in &approved.plan().steps {
            let Some(operations) = self.operations(step, &fix_id).await? else {
                match self.agent.cluster.evict(&step.target, true).await {
                    // A disruption budget may let it through in a moment.
                    Ok(()) | Err(ClusterError::Throttled { .. }) => continue,
                    Err(error) => return Err(error),
                }
            };
            let (target, subresource) = (&step.target, step.subresource);
            let patch = Patch { target, subresource, operations, dry_run: true };
            self.agent.cluster.patch(patch).await?;
        }
        Ok(())
    }

    /// The patch of a step against the object as it is now; `None` for an eviction.
    async fn operations(&self, step: &Step, fix_id: &str) -> Result<Option<Value>, ClusterError> {
        if step.action == Action::Evict {
            return Ok(None);
        }
        let object = self.agent.cluster.object(&step.target).await?;
        Ok(remedy::json_patch(step, fix_id, &object))
    }

    async fn write(&self, step: &Step, fix_id: &str) -> Result<Option<ObjectRef>, ClusterError> {
        let Some(operations) = self.operations(step, fix_id).await? else {
            return self.evict(&step.target).await.map(|()| None);
        };
        let (target, subresource) = (&step.target, step.subresource);
        let patch = Patch { target, subresource, operations, dry_run: false };
        match self.agent.cluster.patch(patch).await {
            Ok(after) => Ok(Some(after)),
            Err(error) if error.is_in_doubt() => self.find_out(step, fix_id, error).await,
            Err(error) => Err(error),
        }
    }

    async fn evict(&self, pod: &ObjectRef) -> Result<(), ClusterError> {
        let mut tried = 0;
        loop {
            tried += 1;
            match self.agent.cluster.evict(pod, false).await {
                // Gone is what was wanted.
                Ok(()) | Err(ClusterError::NotFound(_)) => return Ok(()),
                Err(ClusterError::Throttled { retry_after, .. }) if tried < EVICTION_TRIES => {
                    tokio::time::sleep(retry_after.max(EVICTION_PAUSE)).await;
                }
                Err(error) => return Err(error),
            }
            if !self.may_write() {
                return Err(ClusterError::Refused("the agent was stopped".to_owned()));
            }
        }
    }

    /// A write got no answer: the fix id that it carries tells whether it was made.
    async fn find_out(
        &self,
        step: &Step,
        fix_id: &str,
        doubt: ClusterError,
    ) -> Result<Option<ObjectRef>, ClusterError> {
        let mut pause = DOUBT_PAUSE;
        for _ in 0..DOUBT_TRIES {
            tokio::time::sleep(pause).await;
            pause *= 2;
            match self.agent.cluster.object(&step.target).await {
                Ok(object) if has_landed(&object, step, fix_id) => return Ok(None),
                Ok(_) => return Err(ClusterError::Conflict(format!("not written: {doubt}"))),
                Err(error) if error.is_in_doubt() => {}
                Err(error) => return Err(error),
            }
        }
        Err(ClusterError::Unreachable(doubt.to_string()))
    }

    /// Takes back what was written before step `index`.
    async fn abandon(
        &self,
        fix: &Stored,
        approved: &ApprovedPlan,
        index: usize,
        error: Option<ClusterError>,
    ) -> Result<(), ApplyError> {
        if index == 0 {
            return Err(error.map_or(ApplyError::Stopped, |it| early(0, it)));
        }
        let mut done = approved.plan().clone();
        done.steps.truncate(index);
        let fix_id = fix.execution.id.to_string();
        let back = self.take_back(&done.undo(), &fix_id).await;
        let reason =
            error.unwrap_or_else(|| ClusterError::Refused("the agent was stopped".to_owned()));
        match back {
            Ok(()) => Err(ApplyError::TakenBack { step: index, reason }),
            Err(stuck) => Err(ApplyError::Stranded { step: index, reason: stuck.to_string() }),
        }
    }

    /// The write was not made: say so, and leave what is in doubt to be found out later.
    pub(super) async fn not_applied(
        self: Arc<Self>,
        mut fix: Stored,
        error: ApplyError,
    ) -> Result<Execution, FixError> {
        let (state, code) = match &error {
            ApplyError::InDoubt => {
                let execution = fix.execution.clone();
                tokio::spawn(self.go_on(fix));
                return Ok(execution);
            }
            ApplyError::Stale(_) => (ExecutionState::Refused, "stale"),
            ApplyError::Stopped => (ExecutionState::Refused, "observing"),
            ApplyError::TakenBack { reason: ClusterError::Unreachable(_), .. } => {
                (ExecutionState::Refused, "cluster_unreachable")
            }
            ApplyError::TakenBack { .. } => (ExecutionState::Refused, "refused_by_cluster"),
            ApplyError::Stranded { .. } => (ExecutionState::Stranded, "stranded"),
        };
        let detail = self.agent.redactor.redact(&error.to_string());
        fix.execution.refusal = Some(RefusalReport { code: code.to_owned(), detail });
        if state == ExecutionState::Stranded {
            fix.execution.applied_at = Some(Timestamp::now());
        }
        self.reach(&mut fix, state).await;
        Ok(fix.execution)
    }

    /// Whether the stop button is out.
    pub(super) fn may_write(&self) -> bool {
        self.mode() != types::Mode::Observe
    }
}

/// An error before anything was written.
fn early(step: usize, reason: ClusterError) -> ApplyError {
    match reason {
        ClusterError::Conflict(detail) => ApplyError::Stale(detail),
        ClusterError::NotFound(_)
        | ClusterError::Refused(_)
        | ClusterError::Throttled { .. }
        | ClusterError::Unreachable(_)
        | ClusterError::Malformed(_) => ApplyError::TakenBack { step, reason },
    }
}

/// The step against the version that a former step of the same plan left.
fn following(step: &Step, written: Option<&ObjectRef>) -> Step {
    let mut step = step.clone();
    if let Some(after) = written.filter(|it| it.is_same(&step.target)) {
        step.target.resource_version.clone_from(&after.resource_version);
    }
    step
}

/// Whether this step was made: by the fix id or, where that is not kept, by the values.
pub(super) fn has_landed(object: &Value, step: &Step, fix_id: &str) -> bool {
    let mark = object.get("metadata").and_then(|it| it.get("annotations")?.get(FIX_ID_ANNOTATION));
    if mark.and_then(Value::as_str) == Some(fix_id) {
        return true;
    }
    step.subresource.is_some() && holds(object, &step.action)
}

/// Whether every field already is as the action wants it.
pub(super) fn holds(object: &Value, action: &Action) -> bool {
    match action {
        Action::Edit(edits) => {
            edits.iter().all(|it| object.pointer(it.path.as_str()) == it.to.as_ref())
        }
        Action::Evict | Action::Restart => false,
    }
}
