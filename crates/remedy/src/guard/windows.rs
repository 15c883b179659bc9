//! What our own past writes and the state of the cluster allow: caps, locks, storms, the error budget.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use types::{FixPlan, Verdict};

use super::{CLOCK_SKEW_SECS, Past, PastWrite, Refusal, World};
use crate::Policy;
use crate::policy::{Caps, LONGEST_LOCK_SECS, share};

const MINUTE_SECS: i64 = 60;
const FIVE_MINUTES_SECS: i64 = 300;
const HOUR_SECS: i64 = 3600;
/// So many namespaces may be of one hand: together they spend no more of the error budget than all others do.
const OF_ONE_HAND: usize = 2;

type Answer = Result<(), Refusal>;

pub(super) fn nothing_is_in_flight(_: &FixPlan, policy: &Policy, world: &World<'_>) -> Answer {
    // By the name: what is under way for an object that is gone has still to end.
    let subject = &world.evidence.subject;
    let is_its = |it: &&PastWrite| it.under_way && it.subject.is_same(subject);
    let in_flight = world.writes.iter().filter(is_its).count();
    if in_flight < policy.caps.workload_in_flight { Ok(()) } else { Err(Refusal::InFlight) }
}

/// Every cap holds in every window. An attempt that was taken back leaves room for another one soon:
/// trying the next best is how a trouble is healed and how the system learns. So does a fix behind which another fault
/// is seen, for that waits for its own. Both count everywhere else.
pub(super) fn caps_hold(_: &FixPlan, policy: &Policy, world: &World<'_>) -> Answer {
    let Caps {
        global_per_60s,
        namespace_per_60s,
        workload_in_flight: _,
        workload_per_5min,
        workload_attempts_per_5min,
        workload_per_hour,
        memory: _,
        cpu: _,
    } = &policy.caps;
    let namespace = &world.evidence.subject.namespace;
    let all = || world.writes.iter();
    let here = || world.writes.iter().filter(|it| it.subject.namespace == *namespace);
    let is_step = |it: &PastWrite| it.verdict == Some(Verdict::Progress) || failed(it) && it.undone;
    let kept = || of_workload(world).filter(|it| !is_step(it));
    let own = || of_workload(world);

    under("caps.global_per_60s", *global_per_60s, all(), MINUTE_SECS, world.now)?;
    under("caps.namespace_per_60s", *namespace_per_60s, here(), MINUTE_SECS, world.now)?;
    under("caps.workload_per_5min", *workload_per_5min, kept(), FIVE_MINUTES_SECS, world.now)?;
    let attempts = *workload_attempts_per_5min;
    under("caps.workload_attempts_per_5min", attempts, own(), FIVE_MINUTES_SECS, world.now)?;
    under("caps.workload_per_hour", *workload_per_hour, own(), HOUR_SECS, world.now)
}

/// Whether fewer than `cap` writes lie in the window. Both its ends and all the future belong to it:
/// a clock that jumped back must not open the caps.
fn under<'a>(
    name: &'static str,
    cap: usize,
    writes: impl Iterator<Item = &'a PastWrite>,
    window_secs: i64,
    now: Timestamp,
) -> Answer {
    let left_secs = |it: &PastWrite| {
        it.at.as_second().saturating_add(window_secs).saturating_sub(now.as_second())
    };
    let mut waits: Vec<i64> = writes.map(left_secs).filter(|it| 0 <= *it).collect();
    if waits.len() < cap {
        return Ok(());
    }
    waits.sort_unstable();
    let wait = waits.get(waits.len() - cap).copied().unwrap_or(window_secs);
    Err(Refusal::TooOften { cap: name, retry_secs: wait.saturating_add(1) })
}

pub(super) fn is_not_stranded(_: &FixPlan, _: &Policy, world: &World<'_>) -> Answer {
    let newest = of_workload(world).filter(|it| it.verdict.is_some()).max_by_key(|it| it.at);
    match newest {
        Some(write) if failed(write) && !write.undone => Err(Refusal::Stranded),
        Some(_) | None => Ok(()),
    }
}

pub(super) fn is_not_locked(_: &FixPlan, policy: &Policy, world: &World<'_>) -> Answer {
    let subject = &world.evidence.subject;
    let longer_ago = world.past.writes.iter().filter(|it| it.subject.is_same_life(subject));
    let all = of_workload(world).chain(longer_ago);
    let mut ended: Vec<&PastWrite> = all.filter(|it| it.verdict.is_some()).collect();
    ended.sort_by_key(|it| Reverse(it.at));
    let Some(newest) = ended.first() else { return Ok(()) };
    let span = LONGEST_LOCK_SECS.cast_signed();
    let is_near =
        |it: &&&PastWrite| newest.at.as_second().saturating_sub(it.at.as_second()) <= span;
    let in_a_row = ended.iter().take_while(|it| failed(it)).take_while(is_near);
    let failures: Vec<_> = in_a_row.take(policy.lock.after_failures).collect();
    if failures.len() < policy.lock.after_failures {
        return Ok(());
    }
    // What could not be taken back or made something worse did have an effect.
    let had_none = |it: &&&PastWrite| it.verdict == Some(Verdict::Unchanged) && it.undone;
    let seconds = if failures.iter().all(had_none) {
        policy.lock.ineffective_seconds
    } else {
        policy.lock.seconds
    };
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let until = newest.at.as_second().saturating_add(seconds);
    let until = Timestamp::from_second(until).unwrap_or(Timestamp::MAX);
    if world.now <= until { Err(Refusal::WorkloadLocked { until }) } else { Ok(()) }
}

/// Nothing is done when everything is sick: then our view is likelier wrong than all workloads.
pub(super) fn no_storm_rages(_: &FixPlan, policy: &Policy, world: &World<'_>) -> Answer {
    let storm = &policy.storm;
    let refusal = Refusal::Storm { unhealthy: world.unhealthy, workloads: world.workloads };
    let secs_since = |it: Timestamp| world.now.as_second().saturating_sub(it.as_second());
    let lasts = |since: Timestamp, seconds: u64| {
        i64::try_from(seconds).is_err() || secs_since(since) <= seconds.cast_signed()
    };
    if !policy.is_stormy(world.unhealthy, world.workloads) {
        let is_over = world.last_storm.is_none_or(|it| !lasts(it, storm.exit_seconds));
        return if is_over { Ok(()) } else { Err(refusal) };
    }
    let all_sick = world.workloads <= world.unhealthy;
    let wrote = world.writes.iter().any(|it| lasts(it.at, storm.seconds_between));
    if all_sick || world.workloads <= storm.stop_up_to_workloads || wrote {
        Err(refusal)
    } else {
        Ok(())
    }
}

/// What became of one trouble: a workload with one spec, however many attempts it took.
#[derive(Clone, Copy)]
struct Trouble<'a> {
    namespace: &'a str,
    newest: Timestamp,
    is_open: bool,
    healed: bool,
    worse: usize,
}

pub(super) fn budget_is_left(_: &FixPlan, policy: &Policy, world: &World<'_>) -> Answer {
    let namespace = world.evidence.subject.namespace.as_str();
    budget_spent(policy, world.writes, &world.past, world.now, Some(namespace)).map_or(Ok(()), Err)
}

/// What the guard says to automation where these writes of ours, and those longer ago, leave nothing of its error
/// budget: for a fix in this namespace, or, where none is named, for all of the cluster. Of any two other namespaces no
/// more is counted than of the rest together, so that nobody spends what is everybody's: that takes three.
pub fn budget_spent(
    policy: &Policy,
    writes: &[PastWrite],
    past: &Past<'_>,
    now: Timestamp,
    namespace: Option<&str>,
) -> Option<Refusal> {
    let budget = &policy.error_budget;
    // A clock that jumped back must not open the budget.
    let is_past =
        |it: &Timestamp| it.as_second().saturating_sub(now.as_second()) <= CLOCK_SKEW_SECS;
    let armed_at = past.armed_at.filter(is_past);
    let is_new = |it: &&PastWrite| armed_at.is_none_or(|armed| armed <= it.at);
    let troubles = troubles(writes.iter().chain(past.writes).filter(is_new));
    let mut troubles: Vec<Trouble<'_>> =
        troubles.into_iter().filter(|it| it.healed || !it.is_open).collect();
    troubles.sort_by_key(|it| Reverse(it.newest));
    troubles.truncate(budget.window);
    let (not_better, alone) =
        counted(troubles.iter().map(|it| (it.namespace, usize::from(!it.healed))), namespace);
    let of = troubles.len().saturating_sub(alone);
    let (worse, _) = counted(troubles.iter().map(|it| (it.namespace, it.worse)), namespace);
    let too_often = 0 < of && budget.min <= of && budget.allowed_not_better < share(not_better, of);
    let is_spent = too_often || budget.allowed_worse < worse;
    is_spent.then_some(Refusal::BudgetExhausted { not_better, of, worse })
}

/// How much of it counts in this namespace, and how much does not: what the two others with the most have above all the
/// rest together is their own affair.
fn counted<'a>(
    shares: impl Iterator<Item = (&'a str, usize)>,
    namespace: Option<&str>,
) -> (usize, usize) {
    let mut of: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, count) in shares {
        *of.entry(place).or_default() += count;
    }
    let all: usize = of.values().sum();
    let others = of.into_iter().filter(|it| Some(it.0) != namespace);
    let mut others: Vec<usize> = others.map(|it| it.1).collect();
    others.sort_unstable_by_key(|it| Reverse(*it));
    let most: usize = others.iter().take(OF_ONE_HAND).sum();
    let alone = most.saturating_sub(all - most);
    (all - alone, alone)
}

fn troubles<'a>(writes: impl Iterator<Item = &'a PastWrite>) -> Vec<Trouble<'a>> {
    let mut troubles: BTreeMap<_, Trouble<'a>> = BTreeMap::new();
    for write in writes {
        let subject = &write.subject;
        let key = (subject.kind, &subject.namespace, &subject.name, &write.spec_hash);
        let trouble = troubles.entry(key).or_insert(Trouble {
            namespace: &subject.namespace,
            newest: write.at,
            is_open: false,
            healed: false,
            worse: 0,
        });
        trouble.newest = trouble.newest.max(write.at);
        let is_open = matches!(write.verdict, None | Some(Verdict::Progress));
        trouble.is_open |= is_open;
        trouble.healed |= !is_open && !failed(write);
        trouble.worse += usize::from(write.verdict == Some(Verdict::Worse));
    }
    troubles.into_values().collect()
}

/// Whether it ended and did not help. What helped and was taken back by a person did not help him.
pub(super) fn failed(write: &PastWrite) -> bool {
    match write.verdict {
        None => false,
        Some(Verdict::Recovered | Verdict::Progress) => write.undone,
        Some(Verdict::Unchanged | Verdict::Worse) => true,
    }
}

/// Our writes of the workload. One that was made anew under its name is another: what failed on the old one says
/// nothing of it, and the caps of its namespace hold for both.
pub(super) fn of_workload<'a>(world: &'a World<'_>) -> impl Iterator<Item = &'a PastWrite> {
    let subject = &world.evidence.subject;
    world.writes.iter().filter(move |it| it.subject.is_same_life(subject))
}
