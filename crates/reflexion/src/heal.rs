//! The story of a heal: recall, choose, execute, observe, reflect, remember; undo and again; or a person.

mod answers;
mod steps;

pub(crate) use answers::A_MOMENT;
pub(crate) use steps::members;

use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::Timestamp;
use learning::{Choice, Decision};
use types::{Execution, ExecutionState};

use crate::Reflexion;
use crate::agent::{Agent, AgentError};
use crate::run::{MAX_ATTEMPTS, Run, RunState};
use crate::store::StoreError;
use answers::wait_until;

/// One run with the agent that can carry it out.
pub(crate) struct Case {
    pub(crate) agent: Arc<dyn Agent>,
    pub(crate) run: Run,
}

/// Why a heal stopped before its end. Its run stays unfinished and is taken up again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HealError {
    /// The agent did not do what was asked.
    #[error("the fix could not be ordered")]
    Execute(#[source] Arc<AgentError>),
    /// The knowledge base failed.
    #[error("the knowledge base failed")]
    Remember(#[source] Arc<StoreError>),
}

impl From<StoreError> for HealError {
    fn from(error: StoreError) -> Self {
        Self::Remember(Arc::new(error))
    }
}

impl From<AgentError> for HealError {
    fn from(error: AgentError) -> Self {
        Self::Execute(Arc::new(error))
    }
}

/// What an order came to.
pub(crate) enum Executed {
    /// Written and judged: something to learn from.
    Judged(Box<Execution>),
    /// It waits for a person's yes.
    Waits {
        /// For what, and how to say it.
        reason: String,
        /// When to order it anew, where what keeps it may pass by itself.
        again_secs: Option<i64>,
    },
    /// Nothing was written, for this reason. Nothing is learned of the strategy.
    Refused {
        /// Why.
        reason: String,
        /// What to do about it.
        then: Then,
    },
}

/// What to do after a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// Try another offer: this one is not for a machine.
    Another,
    /// Try again later: the agent does not allow it yet; in so many seconds, where it said so.
    Later(Option<i64>),
    /// Ask a person.
    Person,
}

impl Reflexion {
    /// Heals an incident, or says who has to.
    pub(crate) async fn heal(&self, case: &mut Case) -> Result<(), HealError> {
        while case.run.may_try() || case.run.pending().is_some() {
            let recalled = self.memory.recall(&case.run.incident).await?;
            let choice: Choice = match self.choose(case, &recalled).await {
                Decision::Act(choice) => *choice,
                Decision::Escalate { reason, .. } => return self.escalate(case, reason).await,
            };
            let execution = match self.execute(case, choice).await? {
                Executed::Judged(execution) => *execution,
                Executed::Waits { reason, again_secs } => {
                    match self.wait(case, reason, again_secs).await? {
                        ControlFlow::Continue(()) => continue,
                        ControlFlow::Break(()) => return Ok(()),
                    }
                }
                Executed::Refused { reason, then } => {
                    match self.take_no(case, reason, then).await? {
                        ControlFlow::Continue(()) => continue,
                        ControlFlow::Break(()) => return Ok(()),
                    }
                }
            };
            let observation = Self::observe(case, &execution, &recalled);
            let reflection = self.reflect(case, &execution, &observation, &recalled).await;
            self.remember(case, &execution, observation, reflection).await?;

            match execution.state {
                ExecutionState::Verified if !execution.is_progress() => return Ok(()),
                ExecutionState::Stranded => {
                    return self.escalate(case, "a fix could not be taken back".to_owned()).await;
                }
                ExecutionState::Verified
                | ExecutionState::Undone
                | ExecutionState::Proposed
                | ExecutionState::Applying
                | ExecutionState::Verifying
                | ExecutionState::Undoing
                | ExecutionState::Refused
                | ExecutionState::Rejected => {}
            }
            if !self.look_again(case).await? {
                return Ok(());
            }
            // The fault behind counts its own attempts.
            if execution.is_progress() && case.run.incident.spec_hash != execution.spec_hash {
                case.run.reopen(case.run.incident.clone(), Timestamp::now());
            }
        }
        let reason =
            format!("{MAX_ATTEMPTS} attempts did not help, or all that is offered was refused");
        self.escalate(case, reason).await
    }

    /// Leaves the incident to a person, visibly.
    async fn escalate(&self, case: &mut Case, reason: String) -> Result<(), HealError> {
        tracing::warn!(
            incident.id = %case.run.incident.id,
            subject = %case.run.subject(),
            fault = %case.run.incident.fault,
            reason,
            "a person has to look"
        );
        self.end(case, RunState::Escalated, reason).await
    }

    /// Leaves the incident until a person has said yes or no.
    async fn wait(
        &self,
        case: &mut Case,
        reason: String,
        again_secs: Option<i64>,
    ) -> Result<ControlFlow<()>, HealError> {
        tracing::info!(
            incident.id = %case.run.incident.id,
            subject = %case.run.subject(),
            reason,
            "waiting for a person's yes"
        );
        let known = case.run.not_before;
        let pause = again_secs.filter(|_| case.run.may_try()).map(|secs| wait_until(secs, known));
        case.run.not_before = pause.and_then(|it| Timestamp::now().checked_add(it).ok());
        self.end(case, RunState::Waiting, reason).await?;
        if let Some(pause) = pause {
            self.come_back(case, pause);
        }
        // What was decided before this was kept is heard by nobody: look once more.
        if self.still_waits(case).await? {
            return Ok(ControlFlow::Break(()));
        }
        case.run.state = RunState::Healing;
        Ok(ControlFlow::Continue(()))
    }

    /// What a refusal means for the run: another offer, or an end of it here.
    async fn take_no(
        &self,
        case: &mut Case,
        reason: String,
        then: Then,
    ) -> Result<ControlFlow<()>, HealError> {
        match then {
            Then::Another => {
                case.run.reason = reason;
                if self.look_again(case).await? {
                    return Ok(ControlFlow::Continue(()));
                }
            }
            Then::Later(secs) if case.run.may_try() => self.put_off(case, reason, secs).await?,
            Then::Later(_) | Then::Person => self.escalate(case, reason).await?,
        }
        Ok(ControlFlow::Break(()))
    }

    async fn end(&self, case: &mut Case, state: RunState, reason: String) -> Result<(), HealError> {
        case.run.state = state;
        case.run.reason = reason;
        self.save(case).await
    }
}
