//! Memory that fills evenly, after a fix that gave more of it.

use jiff::SignedDuration;
use types::{Action, ContainerFacts, Evidence, FixPlan, Quantity, Strategy};

use super::behind::written;
use super::{Health, Look, Patience};

/// Half as long again as a leak takes to fill the new limit shows that there is none, in halves.
const MARGIN_HALVES: i32 = 3;
/// No fix makes a limit so many times as large.
const MOST_GROWTH: f64 = 64.0;
/// The most that is waited for that, in halves of the time that a fix has.
const MOST_HALVES: i32 = 3;

/// The look as it counts after a memory limit was raised: that a container runs is no proof before it has run for
/// [longer than a leak would take](shown_after).
pub fn look_at_growth(
    seen: Look,
    plan: &FixPlan,
    (before, now): (&Evidence, &Evidence),
    patience: Patience,
) -> Look {
    if seen.health != Health::Healthy {
        return seen;
    }
    let names = written(plan, before);
    let enough = shown_after(plan, before, patience);
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

/// How long a container has to run with more memory before that is known to help: half as long again as a leak takes to
/// fill the new limit, in the time in which it filled the old one times as much as there is more. At most half as long
/// again as a fix has usually; zero for a plan that raises no limit of memory.
pub fn shown_after(plan: &FixPlan, before: &Evidence, patience: Patience) -> SignedDuration {
    let Strategy::RaiseMemoryLimit { .. } = plan.strategy else { return SignedDuration::ZERO };
    let names = written(plan, before);
    let killed = before.containers.iter().filter(|it| names.contains(&it.name));
    let leaks = killed.filter_map(|it| Some(lifetime(it)?.mul_f64(growth(plan, it)?)));
    let leak = leaks.max().unwrap_or(SignedDuration::ZERO);
    let most = patience.deadline.saturating_mul(MOST_HALVES) / 2;
    (leak.min(most).saturating_mul(MARGIN_HALVES) / 2).min(most)
}

/// The new limit of a container in limits that it was killed at; not less than one.
fn growth(plan: &FixPlan, container: &ContainerFacts) -> Option<f64> {
    let given = container.given_memory_limit.as_ref().map(|it| &it.amount);
    let old = container.memory_limit.as_ref().or(given).and_then(Quantity::units)?;
    let edits = plan.steps.iter().flat_map(|it| match &it.action {
        Action::Edit(edits) => edits.as_slice(),
        Action::Restart | Action::Evict => &[],
    });
    let limits = edits.filter(|it| it.path.as_str().ends_with("/resources/limits/memory"));
    let amount = |it: &serde_json::Value| Quantity(it.as_str()?.to_owned()).units();
    let new = limits.filter_map(|it| amount(it.to.as_ref()?)).max()?;
    // Amounts of memory are far below what a float tells apart.
    #[expect(clippy::cast_precision_loss, reason = "a ratio needs no precision")]
    let ratio = new as f64 / (old.max(1)) as f64;
    Some(ratio.clamp(1.0, MOST_GROWTH))
}

/// How long a container lived that was killed for its memory.
fn lifetime(container: &ContainerFacts) -> Option<SignedDuration> {
    let state = &container.state;
    let is_killed = state.last_exit.as_deref() == Some("OOMKilled");
    let (began, ended) = state.began_at.zip(state.exited_at).filter(|_| is_killed)?;
    Some(ended.duration_since(began))
}
