//! A start that takes its time, after a fix that gave it more.

use jiff::SignedDuration;
use types::{ContainerFacts, Evidence, Fault, FixPlan, ProbeFacts, Strategy};

use super::behind::{fields, written};
use super::{Health, Look};

/// The look as it counts after a probe was given more time: that nobody answers yet is no failure as long as the
/// container has not had that time, and was not killed again.
pub fn look_at_start(seen: Look, plan: &FixPlan, before: &Evidence, now: &Evidence) -> Look {
    if seen.health != Health::Failing || plan.strategy != Strategy::RelaxProbe {
        return seen;
    }
    let names = written(plan, before);
    let of_probes =
        [Fault::StartupProbeFailing, Fault::LivenessProbeFailing, Fault::ReadinessProbeFailing];
    let is_of_start = |it: &(Fault, Option<String>)| {
        let is_its = it.1.as_ref().is_some_and(|it| names.contains(it));
        it.0 == Fault::RolloutStuck || is_its && of_probes.contains(&it.0)
    };
    let mut containers = now.containers.iter().filter(|it| names.contains(&it.name));
    let has_time = |it: &ContainerFacts| {
        let lasts = it.state.running_since.map(|since| now.taken_at.duration_since(since));
        it.restarts == 0 && lasts.is_some_and(|lasts| lasts < allowed(it, plan))
    };
    if !seen.faults.iter().all(is_of_start) || names.is_empty() || !containers.all(has_time) {
        return seen;
    }
    let mut seen = seen;
    seen.health = Health::OnItsWay;
    seen.check.note = format!("it may take this long to start: {}", seen.check.note);
    seen
}

/// How long the probes that the plan gave more time let the container start.
fn allowed(container: &ContainerFacts, plan: &FixPlan) -> SignedDuration {
    let is_written = |it: &&ProbeFacts| {
        let field = format!("/{}/", it.kind.field());
        fields(plan).any(|path| path.as_str().contains(&field))
    };
    let secs =
        |it: &ProbeFacts| it.initial_delay().saturating_add(it.period().saturating_mul(it.tries()));
    let longest = container.probes.iter().filter(is_written).map(secs).max();
    SignedDuration::from_secs(longest.unwrap_or(0).into())
}
