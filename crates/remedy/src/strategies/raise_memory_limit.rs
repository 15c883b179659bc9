//! Raise the memory limit to one and a half times or to double; further, once double was too little.
//!
//! ## When it helps
//! The container needs a little more memory than its limit allows: its load or its heap grew.
//!
//! ## When it does not
//! The container leaks (it will be killed again, later), or the node itself is out of memory.
//!
//! ## Risk
//! Auto up to 2Gi, Ask above, where only a log tells of processes that were killed, and where a log counts up
//! without an end beside a volume in memory that has no size. Where the limit is a limit range's default, the
//! template gets one of its own, and the undo takes it away again: the guard asks a person, since the admission
//! policy lets no executor drop a limit. The policy has a cap of its own. Bound: old < new
//! <= 2 * old, where old is the most that a fix of ours wrote on this very spec and the container was killed at
//! again, and not more than limit ranges, quotas and the largest node allow. So what was too little is not tried
//! again, and four times comes after double was; where there is no room for the next of these, what there is room
//! for is offered. A request that equals the limit is raised with it, so that the pod keeps its quality of service.
//! Pods that their template does not reach are resized where they run. Of a job that gave up the copy that is shown
//! gets double, where the namespace has room for all of it anew. A limit below a mebibyte, which lost its
//! unit (`256m`), goes to what was probably meant after a yes, and nowhere else. Undo: the former limit. Verified
//! by the pods' health over time. Attack: a limit that is negative, no quantity or too large to double yields no
//! plan.

use types::{ContainerFacts, Diagnosis, Evidence, Fault, FixPlan, Kind, Risk, Strategy};

use crate::amount::{self, Resource};
use crate::owner_of;
use crate::place;
use crate::raise::{Wanted, Words, is_told_alone};
use crate::room;

/// Double.
const DOUBLE: u8 = 2;
/// Above this a person is asked: most of a node may be at stake.
const UNASKED_UP_TO: u64 = 2 * 1024 * 1024 * 1024;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    if let Some(container) = tiny(diagnosis, evidence) {
        let wanted =
            wanted(evidence, container, Strategy::AS_MEANT).filter(|it| it.has_room(evidence));
        return wanted
            .and_then(|_| plan_for(evidence, container, Strategy::AS_MEANT))
            .into_iter()
            .collect();
    }
    if !is_of_memory(diagnosis, evidence) {
        return vec![];
    }
    let Some(container) = place::container(diagnosis, evidence) else { return vec![] };
    // Twice as much of nothing is nothing: whoever gave it such a limit has to mend that.
    if Resource::Memory.held(container).1.is_some_and(|it| it.memory_meant().is_some()) {
        return vec![];
    }
    let fits = |halves: u8| {
        let wanted = wanted(evidence, container, halves)?;
        (wanted.is_next(evidence) && wanted.has_room(evidence)).then_some(halves)
    };
    let mut doses: Vec<u8> = Strategy::MEMORY_DOSES.into_iter().filter_map(fits).collect();
    if doses.is_empty() {
        doses.extend(fits(Strategy::AS_MUCH_AS_FITS));
    }
    let mut plans: Vec<_> =
        doses.into_iter().filter_map(|it| plan_for(evidence, container, it)).collect();
    // Whoever commits a patch, or makes a job anew, does so once: a limit that was passed is mostly passed by far.
    let is_by_hand = evidence.subject.kind == Kind::Job
        || plans.first().is_some_and(|it| owner_of(it, evidence).is_some());
    plans.sort_by_key(|it| {
        is_by_hand && it.strategy != Strategy::RaiseMemoryLimit { halves: DOUBLE }
    });
    plans
}

/// The plan of this very dose, whatever is known of it: the guard says what it thinks of that.
pub(crate) fn with_dose(
    halves: u8,
    diagnoses: &[Diagnosis],
    evidence: &Evidence,
) -> Option<FixPlan> {
    if halves == Strategy::AS_MEANT {
        let mut containers = diagnoses.iter().filter_map(|it| tiny(it, evidence));
        return containers.find_map(|it| plan_for(evidence, it, halves));
    }
    let of_memory = diagnoses.iter().filter(|it| is_of_memory(it, evidence));
    let mut containers = of_memory.filter_map(|it| place::container(it, evidence));
    containers.find_map(|it| plan_for(evidence, it, halves))
}

/// Whether a container was killed for memory: a moment ago, or as the last try of a job that gave up since.
fn is_of_memory(diagnosis: &Diagnosis, evidence: &Evidence) -> bool {
    let was_last = || {
        let container = diagnosis.container.as_deref().and_then(|it| evidence.container(it));
        container.is_some_and(|it| it.state.last_exit.as_deref() == Some("OOMKilled"))
    };
    let gave_up = diagnosis.fault == Fault::JobFailed && evidence.subject.kind == Kind::Job;
    diagnosis.fault == Fault::OomKilled || gave_up && was_last()
}

/// The container whose limit lost its unit, where the diagnosis is about that.
fn tiny<'e>(diagnosis: &Diagnosis, evidence: &'e Evidence) -> Option<&'e ContainerFacts> {
    let is_blamed = diagnosis.clues.iter().any(|it| it.fact.ends_with("/resources/limits/memory"));
    let is_of_start =
        matches!(diagnosis.fault, Fault::ContainerCannotRun | Fault::SandboxNotCreated);
    if diagnosis.fault != Fault::OomKilled && !(is_of_start && is_blamed) {
        return None;
    }
    let is_it = |it: &&ContainerFacts| {
        diagnosis.container.as_ref().is_none_or(|name| *name == it.name)
            && it.memory_limit.as_ref().is_some_and(|it| it.memory_meant().is_some())
    };
    evidence.containers.iter().find(is_it)
}

fn wanted<'a>(
    evidence: &Evidence,
    container: &'a ContainerFacts,
    halves: u8,
) -> Option<Wanted<'a>> {
    let old = Resource::Memory.held(container).1?.units().filter(|it| 0 < *it)?;
    let amount = match halves {
        Strategy::AS_MEANT => container.memory_limit.as_ref()?.memory_meant()?.units()?,
        Strategy::AS_MUCH_AS_FITS => {
            let most = room::most(Resource::Memory, container, evidence)?;
            amount::memory_down(most).units()?
        }
        _ => old.checked_mul(2 + u64::from(halves))? / 2,
    };
    (old < amount).then_some(Wanted { container, resource: Resource::Memory, amount })
}

fn plan_for(evidence: &Evidence, container: &ContainerFacts, halves: u8) -> Option<FixPlan> {
    let old = Resource::Memory.held(container).1?.units()?;
    let given = container.given_memory_limit.as_ref().filter(|_| container.memory_limit.is_none());
    let of_range = given.and_then(|it| it.default_of.as_ref());
    let whose = of_range
        .map(|it| format!(", the default of limit range {}", it.limit_range))
        .unwrap_or_default();
    let wanted = wanted(evidence, container, halves)?;
    let is_meant = halves == Strategy::AS_MEANT;
    let is_told = is_told_alone(container);
    let fills = container.fills_memory.as_deref();
    let is_unasked = wanted.amount <= UNASKED_UP_TO && !is_meant && !is_told && fills.is_none();
    let limit = amount::memory(old);
    let because = match (container.memory_limit.as_ref().filter(|_| is_meant), fills) {
        (Some(limit), _) => format!("Nothing can run in {limit} of memory: its unit was lost."),
        (None, Some(place)) => format!(
            "The container was killed at its limit of {limit}{whose}. Its log counts up without an end, and {place} is a volume in \
             memory without a size: more memory may only delay it."
        ),
        (None, None) if is_told => format!(
            "By its log, processes of the container are killed within its limit of {limit}{whose}: nothing else tells whether for \
             memory."
        ),
        (None, None) => format!("The container was killed at its limit of {limit}{whose}."),
    };
    let words = Words {
        strategy: Strategy::RaiseMemoryLimit { halves },
        risk: if is_unasked { Risk::Auto } else { Risk::Ask },
        because,
    };
    wanted.plan(words, evidence)
}
