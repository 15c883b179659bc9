//! What people say: yes, no, and take it back.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use remedy::Authority;
use types::{Execution, ExecutionState, RefusalReport};
use uuid::Uuid;

use super::moved::{self, AsSeen};
use super::{FixError, Fixer};
use crate::journal::Stored;
use crate::lead::NotLeading;
use crate::offers;

/// How long a proposal waits for a yes. After that the world has moved on.
pub(super) const LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// The code of a proposal that was withdrawn, and what is said of it.
const SUPERSEDED: &str = "superseded";
const NOT_TRUE_ANY_MORE: &str =
    "what is done about the trouble as it is now, if anything, is another fix";

/// Why a proposal is turned down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum No {
    /// Somebody said so.
    Said,
    /// What it was made for is another trouble by now.
    Superseded,
}

/// Why a person's word had no effect.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// There is no execution of this id.
    #[error("there is no execution of this id")]
    Unknown,
    /// It is not in a state in which this can be said of it.
    #[error("the execution is {0}, so this cannot be said of it any more")]
    TooLate(ExecutionState),
    /// The proposal is older than it may be.
    #[error("the proposal is older than {} minutes; order the fix again", LIFETIME.as_mins())]
    Expired,
    /// What it was made for has changed.
    #[error("the workload has changed since the proposal was made; order the fix again")]
    Changed,
    /// The agent only observes.
    #[error("the agent only observes; set mode `suggest` or `auto` first")]
    Observing,
    /// Another replica leads.
    #[error(transparent)]
    NotLeading(#[from] NotLeading),
    /// The fix itself.
    #[error(transparent)]
    Fix(#[from] FixError),
}

impl Fixer {
    /// Carries out a proposal that got its yes, if it is still true.
    pub(super) async fn carry_out_approved(
        self: Arc<Self>,
        id: Uuid,
        who: String,
    ) -> Result<Execution, PersonError> {
        self.lead.check()?;
        let shown = self.waiting(id).await?;
        if LIFETIME < Timestamp::now().duration_since(shown.execution.requested_at) {
            self.reject(shown, "expired", "nobody said yes in time".to_owned()).await?;
            return Err(PersonError::Expired);
        }
        let (mut fix, seen) = match self.as_it_is_now(&shown).await {
            Err(PersonError::Changed) => {
                // It stays changed: nobody can say yes to it any more.
                self.reject(shown, SUPERSEDED, NOT_TRUE_ANY_MORE.to_owned()).await?;
                return Err(PersonError::Changed);
            }
            now => now?,
        };
        let turn = self.deciding.acquire().await.map_err(|_| FixError::CutOff)?;
        let answer = self.ask_guard(&fix, Authority::Person(who.clone())).await?;
        let order = self.journal.decision(id).await.map_err(FixError::from)?.map(|it| it.order);
        fix.decision = Some(Box::new(self.explained(&fix, order.unwrap_or_default(), &answer)));
        let approved = match answer.decision {
            Ok(approved) => approved,
            Err(refusal) => {
                fix.execution.refusal = Some(self.told(&fix.execution.subject, &refusal));
                return Ok(fix.execution);
            }
        };
        fix.execution.refusal = None;
        fix.execution.decided_by = Some(who);
        self.claim(&mut fix, ExecutionState::Applying).await?;
        drop(turn);
        // A yes is to what the plan writes: what fails has its status written all the time.
        match self.apply_to_seen(&fix, &approved, &seen).await {
            Ok(result_hash) => {
                fix.execution.result_hash = result_hash;
                Ok(self.applied(fix).await?)
            }
            Err(error) => Ok(self.not_applied(fix, error).await?),
        }
    }

    /// Whether this caller ordered what waits there.
    pub async fn is_order_of(&self, id: Uuid, who: &str) -> Result<bool, PersonError> {
        Ok(self.waiting(id).await?.execution.requested_by == who)
    }

    /// Somebody says no to a proposal.
    pub async fn rejected_by(
        &self,
        id: Uuid,
        who: &str,
        why: No,
    ) -> Result<Execution, PersonError> {
        let mut fix = self.waiting(id).await?;
        fix.execution.decided_by = Some(who.to_owned());
        match why {
            No::Said => self.reject(fix, "rejected", format!("{who} said no")).await,
            No::Superseded => self.reject(fix, SUPERSEDED, NOT_TRUE_ANY_MORE.to_owned()).await,
        }
    }

    async fn reject(
        &self,
        mut fix: Stored,
        code: &str,
        detail: String,
    ) -> Result<Execution, PersonError> {
        fix.execution.finished_at = Some(Timestamp::now());
        fix.execution.refusal = Some(RefusalReport::new(code, detail));
        self.claim(&mut fix, ExecutionState::Rejected).await?;
        Ok(fix.execution)
    }

    /// A person wants a verified fix to be taken back.
    pub async fn undone_by(
        self: &Arc<Self>,
        id: Uuid,
        who: &str,
    ) -> Result<Execution, PersonError> {
        self.lead.check()?;
        if !self.may_write() {
            return Err(PersonError::Observing);
        }
        let mut fix = self.stored(id).await?;
        let state = fix.execution.state;
        if state != ExecutionState::Verified {
            return Err(PersonError::TooLate(state));
        }
        fix.execution.undone_by = Some(who.to_owned());
        fix.execution.state = ExecutionState::Undoing;
        let claimed = self.journal.update(&fix, Some(state)).await.map_err(FixError::from)?;
        if !claimed {
            return Err(PersonError::TooLate(self.stored(id).await?.execution.state));
        }
        self.publish(&fix.execution);
        let execution = fix.execution.clone();
        let fixer = Arc::clone(self);
        tokio::spawn(async move { fixer.undo(fix).await });
        Ok(execution)
    }

    async fn stored(&self, id: Uuid) -> Result<Stored, PersonError> {
        self.journal.find(id).await.map_err(FixError::from)?.ok_or(PersonError::Unknown)
    }

    /// The proposal that waits for a yes.
    pub(super) async fn waiting(&self, id: Uuid) -> Result<Stored, PersonError> {
        let fix = self.stored(id).await?;
        if fix.execution.state != ExecutionState::Proposed || fix.execution.dry_run {
            return Err(PersonError::TooLate(fix.execution.state));
        }
        Ok(fix)
    }

    /// The same plan, made anew from the facts of now; a yes to another plan is none, and neither is one to what was
    /// written since, but for its status.
    async fn as_it_is_now(&self, shown: &Stored) -> Result<(Stored, AsSeen), PersonError> {
        let subject = &shown.execution.subject;
        let objects = self.objects(subject).await.map_err(FixError::from)?;
        let (evidence, diagnoses) = self.agent.examine_and_ask(&objects).await;
        let plan = remedy::plans(&diagnoses, &evidence)
            .into_iter()
            .find(|it| it.strategy == shown.execution.strategy)
            .ok_or(PersonError::Changed)?;
        let seen_hash = Some(moved::bound_hash(&objects.root, &evidence));
        let is_same = evidence.subject.uid == subject.uid
            && evidence.workload.spec_hash == shown.execution.spec_hash
            && seen_hash == shown.execution.seen_hash;
        // Both are masked by what the workload hides.
        let redactor = &self.agent.redactor_of(subject);
        let is_as_shown = offers::diff(&plan, redactor) == shown.execution.diff;
        // Room that is a little more or less by now, or the next pods of a CronJob.
        let still_fits = || remedy::as_shown(&shown.plan, &plan, &evidence);
        let plan = if is_as_shown { Some(plan) } else { still_fits() };
        let plan = plan.filter(|_| is_same).ok_or(PersonError::Changed)?;
        let mut execution = shown.execution.clone();
        execution.subject = evidence.subject.clone();
        execution.diff = offers::diff(&plan, redactor);
        execution.undo = offers::diff(&plan.undo(), redactor);
        let fix = Stored { execution, plan, before: evidence, decision: None };
        Ok((fix, AsSeen::of(&objects.root)))
    }

    /// Takes the proposal out of its state; only one can.
    async fn claim(&self, fix: &mut Stored, state: ExecutionState) -> Result<(), PersonError> {
        fix.execution.state = state;
        let from = Some(ExecutionState::Proposed);
        if self.journal.update(fix, from).await.map_err(FixError::from)? {
            self.publish(&fix.execution);
            return Ok(());
        }
        Err(PersonError::TooLate(self.stored(fix.execution.id).await?.execution.state))
    }
}
