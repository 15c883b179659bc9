//! Unlearning: a fix that a person took back after it was verified did not help, whatever was written first.

use jiff::Timestamp;
use types::{Execution, ExecutionState, IncidentState};

use crate::Reflexion;
use crate::agent::Agent;
use crate::run::{Run, RunState};
use crate::store::StoreError;

/// So many of the newest verified fixes are looked at again when a stream is opened: what was said of them
/// while nobody listened may be told no more.
const LOOK_AGAIN: u32 = 20;

impl Reflexion {
    /// Corrects what was learned of an execution, if it was verified and then taken back.
    pub(crate) async fn unlearn(&self, execution: &Execution) -> Result<(), StoreError> {
        match execution.state {
            ExecutionState::Undone | ExecutionState::Stranded => {}
            ExecutionState::Proposed
            | ExecutionState::Applying
            | ExecutionState::Verifying
            | ExecutionState::Undoing
            | ExecutionState::Verified
            | ExecutionState::Refused
            | ExecutionState::Rejected => return Ok(()),
        }
        let run = self.memory.store.run_of_execution(execution.id).await?;
        let run = run.filter(|it| it.state == RunState::Healed);
        let run = run.map(|it| ended(it, execution));
        if let Some(episode) = self.memory.correct(execution, run.as_ref()).await? {
            tracing::info!(
                execution.id = %execution.id,
                strategy = execution.strategy.key(),
                state = %execution.state,
                lesson = episode.reflection.lesson,
                "unlearned: a person took back what had been verified"
            );
        }
        Ok(())
    }

    /// Asks what became of the newest fixes that are remembered as verified.
    pub(crate) async fn check_verified(&self, agent: &dyn Agent) -> Result<(), StoreError> {
        for id in self.memory.store.newest_verified(LOOK_AGAIN).await? {
            match agent.execution(id).await {
                Ok(execution) => self.unlearn(&execution).await?,
                // Another agent's.
                Err(error) if error.is_not_found() => {}
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }
}

/// The run of a heal that was taken back: it ended, and not by us. What the agent publishes next opens it again.
fn ended(mut run: Run, execution: &Execution) -> Run {
    if let Some(newest) = run.attempts.last_mut() {
        newest.execution = Some(execution.clone());
    }
    run.state = match execution.state {
        ExecutionState::Stranded => RunState::Escalated,
        ExecutionState::Proposed
        | ExecutionState::Applying
        | ExecutionState::Verifying
        | ExecutionState::Undoing
        | ExecutionState::Verified
        | ExecutionState::Undone
        | ExecutionState::Refused
        | ExecutionState::Rejected => RunState::Closed,
    };
    // Whatever the incident was, it is not over by what we did.
    run.incident.state = IncidentState::Open;
    run.reason = format!("a person took back: {}", execution.strategy);
    run.updated_at = Timestamp::now();
    run
}
