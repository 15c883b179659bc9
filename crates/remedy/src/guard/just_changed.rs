//! Whoever has just changed an object may be at it, and sees himself what came of it.

use types::{FixPlan, LastChange};

use super::{Refusal, World};
use crate::Policy;

/// A machine does not race a person: what somebody else has changed is left to him for a while. That is the subject
/// alone, for a plan writes nothing else but its pods. Where it is not known when it was changed, nobody is waited
/// for: an object that tells nothing, not even when it was made, would be held for ever.
///
/// The time is the API server's, in whole seconds. One that lies ahead of our clock counts as now, so that a clock
/// that is ahead prolongs the wait by no more than it is ahead.
pub(super) fn nobody_is_at_it(
    _: &FixPlan,
    policy: &Policy,
    world: &World<'_>,
) -> Result<(), Refusal> {
    let Some(LastChange { at, by }) = &world.evidence.workload.last_change else { return Ok(()) };
    let grace_secs = i64::try_from(policy.change_grace_seconds).unwrap_or(i64::MAX);
    let secs = world.now.as_second().saturating_sub(at.as_second()).max(0);
    if grace_secs == 0 || grace_secs < secs {
        return Ok(());
    }
    Err(Refusal::JustChanged {
        by: by.clone().unwrap_or_else(|| "somebody".to_owned()),
        what: world.evidence.subject.to_string(),
        secs,
        retry_secs: grace_secs.saturating_sub(secs).saturating_add(1),
    })
}
