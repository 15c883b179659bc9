//! Memory that fills evenly, after a fix that gave more of it.

use jiff::SignedDuration;
use types::{ContainerFacts, Evidence, FixPlan, Strategy};

use super::behind::written;
use super::{Health, Look, Patience};

/// A leak fills a limit that is twice as large in twice the time; half as long again shows that it does not.
const MARGIN_HALVES: i32 = 3;

/// The look as it counts after a memory limit was raised: that a container runs is no proof before it has run for longer
/// than a leak would take to fill the new limit. No more than half of the time that the fix has is waited for that.
pub fn look_at_growth(
    seen: Look,
    plan: &FixPlan,
    (before, now): (&Evidence, &Evidence),
    patience: Patience,
) -> Look {
    let Strategy::RaiseMemoryLimit { halves } = plan.strategy else { return seen };
    if seen.health != Health::Healthy {
        return seen;
    }
    let names = written(plan, before);
    let killed = before.containers.iter().filter(|it| names.contains(&it.name));
    let lasted = killed.filter_map(lifetime).max().unwrap_or(SignedDuration::ZERO);
    // A dose of so many halves makes the limit 1 + halves / 2 as large.
    let factor_halves = i32::from(halves).saturating_add(2);
    let leak = lasted.saturating_mul(factor_halves) / 2;
    let enough = leak.saturating_mul(MARGIN_HALVES) / 2;
    let enough = enough.min(patience.deadline / 2);
    let is_young = |it: &ContainerFacts| {
        let runs = it.state.running_since.map(|since| now.taken_at.duration_since(since));
        runs.is_some_and(|runs| runs < enough)
    };
    if !now.containers.iter().any(|it| names.contains(&it.name) && is_young(it)) {
        return seen;
    }
    let mut seen = seen;
    seen.health = Health::OnItsWay;
    seen.check.note = format!("a leak would not show yet: {}", seen.check.note);
    seen
}

/// How long a container lived that was killed for its memory.
fn lifetime(container: &ContainerFacts) -> Option<SignedDuration> {
    let state = &container.state;
    let is_killed = state.last_exit.as_deref() == Some("OOMKilled");
    let (began, ended) = state.began_at.zip(state.exited_at).filter(|_| is_killed)?;
    Some(ended.duration_since(began))
}
