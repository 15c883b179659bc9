//! What the agent answered to an order, and when to order again.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use types::{Execution, ExecutionState};

use super::{Case, Executed, HealError, Then};
use crate::Reflexion;
use crate::desk::{Occasion, Patient, SUPERSEDED};
use crate::memory::Recalled;
use crate::run::JUST_CHANGED;

/// The first pause before an order that was put off is given again, where the agent does not say how long.
const FIRST_PAUSE_SECS: i64 = 2;
/// The longest: the caps of an hour.
const LONGEST_PAUSE_SECS: i64 = 3700;
/// How long a storm is waited for before the fix is ordered anew.
const STORM_PAUSE_SECS: i64 = 65;
/// So that a look at a time falls behind it.
pub(crate) const A_MOMENT: Duration = Duration::from_millis(20);
/// How often in a row the agent may see nothing to do before another offer is tried.
const PATIENT: usize = 5;

impl Reflexion {
    /// Leaves the run unfinished until the agent may allow it: as long as it said, else longer each time.
    pub(super) async fn put_off(
        &self,
        case: &mut Case,
        reason: String,
        told_secs: Option<i64>,
    ) -> Result<(), HealError> {
        case.run.reason = reason;
        let pause = pause(case.run.put_offs(), told_secs);
        case.run.not_before = Timestamp::now().checked_add(pause).ok();
        self.save(case).await?;
        self.come_back(case, pause);
        Ok(())
    }

    /// Comes back to the run after this time, which is kept with it.
    pub(super) fn come_back(&self, case: &Case, pause: SignedDuration) {
        let patient = Patient {
            agent: Arc::clone(&case.agent),
            incident: case.run.incident.clone(),
            published: case.run.published,
        };
        let reflexion = self.clone();
        self.runtime.spawn(async move {
            tokio::time::sleep(pause.unsigned_abs() + A_MOMENT).await;
            reflexion.begin(patient, Occasion::Due);
        });
    }
}

/// Keeps the execution with its attempt, and says what it came to.
pub(super) fn executed(case: &mut Case, execution: Execution) -> Executed {
    if let Some(newest) = case.run.attempts.last_mut() {
        newest.execution = Some(execution.clone());
    }
    let refusal = execution.refusal.as_ref().map(|it| it.detail.clone()).unwrap_or_default();
    let code = execution.refusal.as_ref().map_or("", |it| it.code.as_str());
    let told_secs = execution.refusal.as_ref().and_then(|it| it.retry_secs);
    let then = after_refusal(code, told_secs);
    match execution.state {
        ExecutionState::Verified | ExecutionState::Undone | ExecutionState::Stranded => {
            Executed::Judged(Box::new(execution))
        }
        ExecutionState::Refused => refused(case, format!("the agent refused: {refusal}"), then),
        ExecutionState::Rejected if code == SUPERSEDED => {
            refused(case, format!("it was withdrawn: {refusal}"), Then::Later(None))
        }
        ExecutionState::Rejected => {
            refused(case, format!("it was rejected: {refusal}"), Then::Person)
        }
        ExecutionState::Proposed => {
            let words = if refusal.is_empty() { String::new() } else { format!(" ({refusal})") };
            let id = execution.id;
            let reason = format!(
                "{} waits for approval{words}: POST /api/v1/executions/{id}/approve on the agent",
                execution.strategy
            );
            Executed::Waits { reason, again_secs: passes_in_secs(code, told_secs) }
        }
        ExecutionState::Applying | ExecutionState::Verifying | ExecutionState::Undoing => {
            let reason = format!("{} is still {}", execution.strategy, execution.state);
            Executed::Waits { reason, again_secs: None }
        }
    }
}

pub(super) fn refused(case: &mut Case, reason: String, then: Then) -> Executed {
    if let Some(newest) = case.run.attempts.last_mut() {
        newest.refused = Some(reason.clone());
        newest.put_off = matches!(then, Then::Later(_));
    }
    Executed::Refused { reason, then }
}

/// There is nothing to carry it out on, as far as the agent sees now. Seen often enough, it is true.
pub(super) fn not_there(case: &mut Case, reason: String) -> Executed {
    let then = if case.run.put_offs() < PATIENT { Then::Later(None) } else { Then::Another };
    refused(case, reason, then)
}

/// How long a proposal waits, where it was told before until when: asking what it waits for makes that no longer.
pub(super) fn wait_until(told_secs: i64, known: Option<Timestamp>) -> SignedDuration {
    let pause = pause(0, Some(told_secs));
    let left = known.map(|it| it.duration_since(Timestamp::now()).max(SignedDuration::ZERO));
    left.map_or(pause, |it| it.min(pause))
}

/// How long to wait before an order that was put off so often in a row is given again.
fn pause(put_offs: usize, told_secs: Option<i64>) -> SignedDuration {
    let doublings = u32::try_from(put_offs.saturating_sub(1)).unwrap_or(u32::MAX).min(6);
    let untold = FIRST_PAUSE_SECS.saturating_mul(2_i64.pow(doublings));
    SignedDuration::from_secs(told_secs.unwrap_or(untold).clamp(1, LONGEST_PAUSE_SECS))
}

/// Why nothing was tried, where every order was refused: to say that all has failed would be false.
pub(super) fn untried(case: &Case, recalled: &Recalled) -> Option<String> {
    let orders = case.run.current();
    let last = orders.iter().filter_map(|it| it.refused.as_ref()).next_back()?;
    let is_untried = recalled.failed.is_empty() && orders.iter().all(|it| it.refused.is_some());
    is_untried.then(|| format!("nothing that is offered was carried out; the last answer: {last}"))
}

/// After how many seconds a proposal is worth another order: what a person's yes would answer may also pass by itself.
fn passes_in_secs(code: &str, told_secs: Option<i64>) -> Option<i64> {
    matches!(code, "storm" | JUST_CHANGED).then_some(told_secs.unwrap_or(STORM_PAUSE_SECS))
}

/// What the agent's reason for a refusal leaves to do. A reason that is not known here is for a person.
fn after_refusal(code: &str, told_secs: Option<i64>) -> Then {
    match code {
        "stale_evidence"
        | "stale"
        | "fix_in_flight"
        | "too_often"
        | "storm"
        | JUST_CHANGED
        | "not_applied"
        | "not_leading"
        | "cluster_unreachable" => Then::Later(told_secs),
        "advice_only"
        | "strategy_switched_off"
        | "target_unidentified"
        | "foreign_target"
        | "out_of_scope"
        | "over_cap"
        | "failed_before" => Then::Another,
        // `owned_elsewhere` among them: what is wrong stands where the owner has it from, and a restart brings it back.
        _ => Then::Person,
    }
}
