//! The write: every step is tried first, then made, exactly once.

use std::sync::Arc;

use jiff::Timestamp;
use remedy::{ApprovedPlan, Writer};
use serde_json::Value;
use types::{Action, Execution, ExecutionState, ObjectRef, RefusalReport, Step};

use super::moved::{self, AsSeen};
use super::{FixError, Fixer};
use crate::cluster::{ClusterError, Patch, Purpose};
use crate::journal::Stored;
use crate::lead::{NotLeading, Unshared};

/// How often a plan is carried out anew on an object of which only the status was written meanwhile.
const STATUS_TRIES: usize = 5;
/// How often a pod is resized anew whose status was written meanwhile.
const RESIZE_TRIES: usize = 5;

/// How a write ended that did not succeed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApplyError {
    /// The object changed since it was read; nothing was written.
    #[error("the object changed while the fix was made, nothing was changed: {0}")]
    Stale(String),
    /// The agent was stopped before the first write.
    #[error("the agent was stopped, nothing was changed")]
    Stopped,
    /// Another replica leads, or may.
    #[error("{0}; nothing was changed")]
    NotLeading(NotLeading),
    /// The intent has no room where the next replica would look for it.
    #[error("nothing was changed: {0}")]
    Untold(Unshared),
    /// The cluster did not take the first step.
    #[error("nothing was changed: {0}")]
    Refused(ClusterError),
    /// The cluster would take the fix, and not what its undo puts back.
    #[error(
        "the cluster would not take back what is there now, so this could not be undone: {0}; approve this execution, \
         or leave it"
    )]
    ForGood(ClusterError),
    /// The steps before `step` are written, and this one is not to be: they have to be taken back.
    #[error("step {step} failed, and what was written before it is taken back: {reason}")]
    Halfway {
        /// Which, from 0.
        step: usize,
        /// Why.
        reason: ClusterError,
    },
    /// No answer, and no way to find out yet.
    #[error("the API server does not answer; whether the write was made is not known yet")]
    InDoubt,
}

impl Fixer {
    /// Carries out the plan on an object that was seen like this. Where only its status was written since, as that
    /// of what fails is all the time, the decision holds, and the plan is carried out on the object as it is now.
    pub(super) async fn apply_to_seen(
        &self,
        fix: &Stored,
        approved: &ApprovedPlan,
        seen: &AsSeen,
    ) -> Result<Option<String>, ApplyError> {
        let (mut version, mut tried) = (None, 0);
        loop {
            tried += 1;
            match self.apply(fix, approved, version).await {
                Err(ApplyError::Stale(detail)) if tried < STATUS_TRIES => {
                    version = self.moved_in_status(fix, seen).await;
                    if version.is_none() {
                        return Err(ApplyError::Stale(detail));
                    }
                }
                done => return done,
            }
        }
    }

    /// The version of the subject that differs from what was seen in nothing but its status; `None` where more may
    /// differ.
    async fn moved_in_status(&self, fix: &Stored, seen: &AsSeen) -> Option<ObjectRef> {
        let first = fix.plan.steps.first().map(|it| &it.target);
        let subject = first.filter(|it| it.is_same(&fix.execution.subject))?;
        let now = self.agent.cluster.object(subject).await.ok()?;
        let resource_version = moved::only_in_status(seen, &now)?;
        Some(ObjectRef { resource_version, ..subject.clone() })
    }

    /// Carries out the plan, on this version of the subject where it is another than the plan was made for. The
    /// intent is in the journal already. Answers with the hash over the template as it is with the fix, where that
    /// is known.
    pub(super) async fn apply(
        &self,
        fix: &Stored,
        approved: &ApprovedPlan,
        version: Option<ObjectRef>,
    ) -> Result<Option<String>, ApplyError> {
        self.rehearse(fix, approved, version.as_ref()).await.map_err(|it| failed(0, it))?;
        self.rehearse_undo(fix, approved).await?;
        // Whoever was overtaken finds out here: his version of the Lease is an old one.
        self.share_intent(fix).await.map_err(untold)?;
        let (fix_id, writer) = (fix.execution.id.to_string(), Writer::of(&fix.plan.strategy));
        let (mut written, mut result_hash) = (version, None);
        for (index, step) in approved.plan().steps.iter().enumerate() {
            let step = following(step, written.as_ref());
            if !self.may_write() {
                return Err(self.not_let(index));
            }
            match self.write(&step, &fix_id, writer).await {
                Ok(Some(after)) => {
                    if after.object.is_same(&fix.execution.subject) {
                        result_hash = after.spec_hash;
                    }
                    written = Some(after.object);
                }
                Ok(None) => {}
                Err(ClusterError::Unreachable(_)) => return Err(ApplyError::InDoubt),
                Err(ClusterError::Stopped) => return Err(self.not_let(index)),
                // The edit before it moved the controller to replace this pod: that is what was wanted.
                Err(ClusterError::Conflict(_)) if 0 < index && step.action == Action::Evict => {}
                Err(ClusterError::Conflict(_)) if 0 < index && step.subresource.is_some() => {
                    match self.resize_anew(&step, &fix_id, writer).await {
                        Ok(()) => {}
                        Err(ClusterError::Unreachable(_)) => return Err(ApplyError::InDoubt),
                        Err(error) => return Err(failed(index, error)),
                    }
                }
                Err(error) => return Err(failed(index, error)),
            }
        }
        Ok(result_hash)
    }

    /// The stop button is in, or another replica leads, and this step was not sent.
    fn not_let(&self, step: usize) -> ApplyError {
        if 0 < step {
            return ApplyError::Halfway { step, reason: ClusterError::Stopped };
        }
        self.lead.check().map_or_else(ApplyError::NotLeading, |()| ApplyError::Stopped)
    }

    /// Resizes a pod whose status was written meanwhile, as that of a pod that fails is again and again. The values
    /// that were seen are tested all the same; a pod that is another by now was made from the edited template.
    async fn resize_anew(
        &self,
        step: &Step,
        fix_id: &str,
        writer: Writer,
    ) -> Result<(), ClusterError> {
        let mut step = step.clone();
        let mut last = ClusterError::Conflict(step.target.to_string());
        for _ in 0..RESIZE_TRIES {
            let object = match self.agent.cluster.object(&step.target).await {
                Ok(object) => object,
                Err(ClusterError::NotFound(_)) => return Ok(()),
                Err(error) => return Err(error),
            };
            let word = |path: &str| object.pointer(path).and_then(Value::as_str);
            if word("/metadata/uid") != Some(step.target.uid.as_str()) {
                return Ok(());
            }
            word("/metadata/resourceVersion")
                .unwrap_or_default()
                .clone_into(&mut step.target.resource_version);
            match self.write(&step, fix_id, writer).await {
                Ok(_) => return Ok(()),
                Err(error @ ClusterError::Conflict(_)) => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    /// Lets the API server check every step without writing any.
    pub(super) async fn rehearse(
        &self,
        fix: &Stored,
        approved: &ApprovedPlan,
        version: Option<&ObjectRef>,
    ) -> Result<(), ClusterError> {
        let (fix_id, writer) = (fix.execution.id.to_string(), Writer::of(&fix.plan.strategy));
        for step in &approved.plan().steps {
            let step = following(step, version);
            let Some(operations) = self.operations(&step, &fix_id).await? else {
                let purpose = Purpose::Rehearse(writer);
                match self.agent.cluster.evict(&step.target, purpose).await {
                    // A busy API server may let it through in a moment.
                    Ok(()) | Err(ClusterError::Throttled { .. }) => continue,
                    Err(error) => return Err(error),
                }
            };
            let (target, subresource) = (&step.target, step.subresource);
            let purpose = Purpose::Rehearse(writer);
            let patch = Patch { target, subresource, operations, purpose };
            self.agent.cluster.patch(patch).await?;
        }
        Ok(())
    }

    /// Lets the API server check what an undo would put back, which is what is there now: an admission policy that came
    /// later may not take it any more. Then a person is asked first; who said yes already is not asked again.
    async fn rehearse_undo(&self, fix: &Stored, approved: &ApprovedPlan) -> Result<(), ApplyError> {
        if fix.execution.decided_by.is_some() {
            return Ok(());
        }
        let (fix_id, writer) = (fix.execution.id.to_string(), Writer::of(&fix.plan.strategy));
        let is_edit = |it: &&Step| it.subresource.is_none() && matches!(it.action, Action::Edit(_));
        for step in approved.plan().steps.iter().filter(is_edit) {
            let target = &step.target;
            let object = self.agent.cluster.object(target).await.map_err(|it| failed(0, it))?;
            let as_it_is = Step { action: Action::Edit(vec![]), ..step.clone() };
            let Some(operations) = remedy::undo_patch(&as_it_is, &fix_id, &object) else {
                continue;
            };
            let purpose = Purpose::Rehearse(writer);
            let patch = Patch { target, subresource: None, operations, purpose };
            match self.agent.cluster.patch(patch).await {
                Ok(_) => {}
                Err(error @ ClusterError::Refused(_)) => return Err(ApplyError::ForGood(error)),
                Err(error) => return Err(failed(0, error)),
            }
        }
        Ok(())
    }

    /// The plan was not carried out whole: says so, takes back what was written of it, and leaves what is in
    /// doubt to be found out behind the answer.
    pub(super) async fn not_applied(
        self: Arc<Self>,
        mut fix: Stored,
        error: ApplyError,
    ) -> Result<Execution, FixError> {
        if matches!(error, ApplyError::InDoubt) {
            let execution = fix.execution.clone();
            tokio::spawn(self.go_on(fix));
            return Ok(execution);
        }
        let words = self.words(&fix.execution.subject, &error);
        fix.execution.refusal = Some(RefusalReport::new(code(&error), words));
        let ApplyError::Halfway { step, .. } = error else {
            let is_asked = matches!(error, ApplyError::ForGood(_));
            let state = if is_asked { ExecutionState::Proposed } else { ExecutionState::Refused };
            self.reach(&mut fix, state).await;
            return Ok(fix.execution);
        };
        fix.plan.steps.truncate(step);
        fix.execution.applied_at = Some(Timestamp::now());
        self.reach(&mut fix, ExecutionState::Undoing).await;
        let execution = fix.execution.clone();
        tokio::spawn(async move { self.undo(fix).await });
        Ok(execution)
    }

    /// An error about this workload as it may leave the process: what the API server says can quote values.
    pub(super) fn words(&self, subject: &ObjectRef, error: &impl std::error::Error) -> String {
        self.agent.redactor_of(subject).redact(&error.to_string())
    }
}

/// The intent does not stand where the next replica finds it, so nothing was written.
fn untold(error: Unshared) -> ApplyError {
    match error {
        Unshared::NotLeading(error) => ApplyError::NotLeading(error),
        Unshared::NoRoom => ApplyError::Untold(error),
    }
}

/// Step `step` failed, and is known not to have been made.
fn failed(step: usize, reason: ClusterError) -> ApplyError {
    match reason {
        reason if 0 < step => ApplyError::Halfway { step, reason },
        ClusterError::Conflict(detail) => ApplyError::Stale(detail),
        ClusterError::Stopped => ApplyError::Stopped,
        ClusterError::NotFound(_)
        | ClusterError::Refused(_)
        | ClusterError::Throttled { .. }
        | ClusterError::Unreachable(_)
        | ClusterError::Malformed(_) => ApplyError::Refused(reason),
    }
}

/// The code of a plan that was not carried out whole.
fn code(error: &ApplyError) -> &'static str {
    match error {
        ApplyError::Stale(_) => "stale",
        ApplyError::Stopped => "observing",
        ApplyError::NotLeading(_) | ApplyError::Untold(Unshared::NotLeading(_)) => "not_leading",
        ApplyError::Untold(Unshared::NoRoom) => "too_often",
        ApplyError::ForGood(_) => "needs_approval",
        ApplyError::Refused(ClusterError::NotFound(_)) => "gone",
        ApplyError::Refused(
            ClusterError::Unreachable(_)
            | ClusterError::Throttled { .. }
            | ClusterError::Malformed(_),
        )
        | ApplyError::InDoubt => "cluster_unreachable",
        ApplyError::Refused(
            ClusterError::Refused(_) | ClusterError::Conflict(_) | ClusterError::Stopped,
        )
        | ApplyError::Halfway { .. } => "refused_by_cluster",
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
