//! Whether automation may go on at all: no storm, no lock, and an error budget that is left.

use remedy::{PastWrite, World};
use types::Verdict;

use super::{Opinion, Rules, in_vain, need, own};

pub(super) fn calm(rules: &Rules, world: &World<'_>) -> Opinion {
    let (sick, all) = (world.unhealthy, world.workloads);
    need(all != 0, "not counted")?;
    let count = |line: &str| rules.count("storm", line);
    let seconds = |line: &str| rules.number("storm", line);
    let is_storm = count("from_workloads") <= all
        && rules.share("storm", "unhealthy_fraction") * all <= 1000 * sick;
    let now = world.now.as_second();
    if is_storm {
        need(count("stop_up_to_workloads") < all && sick < all, "storm")?;
        let between = seconds("seconds_between");
        return need(
            world.writes.iter().all(|it| between < now - it.at.as_second()),
            "one write in so many seconds of storm",
        );
    }
    let exit = seconds("exit_seconds");
    need(world.last_storm.is_none_or(|it| exit < now - it.as_second()), "after the storm")
}

pub(super) fn lock(rules: &Rules, world: &World<'_>) -> Opinion {
    let name = world.evidence.subject.to_string();
    let life = world.evidence.subject.uid.as_str();
    let is_same = |it: &&PastWrite| {
        let uid = it.subject.uid.as_str();
        it.subject.to_string() == name && (uid.is_empty() || life.is_empty() || uid == life)
    };
    let of_old = world.past.writes.iter().filter(is_same);
    let mut ended: Vec<&PastWrite> =
        own(world).chain(of_old).filter(|it| it.verdict.is_some()).collect();
    ended.sort_by_key(|it| it.at);
    ended.reverse();
    let Some(newest) = ended.first() else { return Ok(()) };
    let age = |it: &PastWrite| world.now.as_second() - it.at.as_second();
    // Whether it is stranded is asked of the last four hours.
    need(14_400 < age(newest) || !in_vain(newest) || newest.undone, "stranded")?;
    let counts = |it: &&PastWrite| in_vain(it) && age(it) - age(newest) <= 14_400;
    let in_a_row = ended.iter().position(|it| !counts(it)).unwrap_or(ended.len());
    let most = rules.count("lock", "after_failures");
    let is_idle = |it: &&PastWrite| it.verdict == Some(Verdict::Unchanged) && it.undone;
    let line = if ended.iter().take(most).all(is_idle) { "ineffective_seconds" } else { "seconds" };
    need(in_a_row < most || rules.number("lock", line) < age(newest), "locked")
}

pub(super) fn budget(rules: &Rules, world: &World<'_>) -> Opinion {
    let name = |it: &PastWrite| format!("{} {}", it.subject, it.spec_hash);
    // An arming that is still to come is none; the clocks of two may be five seconds apart.
    let armed = world.past.armed_at.filter(|it| it.as_second() <= world.now.as_second() + 5);
    let all = world.writes.iter().chain(world.past.writes);
    let all: Vec<&PastWrite> = all.filter(|it| armed.is_none_or(|armed| armed <= it.at)).collect();
    let mut names: Vec<String> = all.iter().map(|it| name(it)).collect();
    names.sort();
    names.dedup();
    let mut troubles: Vec<(i64, usize, usize, String)> = vec![];
    for trouble in names {
        let of: Vec<&PastWrite> = all.iter().copied().filter(|it| name(it) == trouble).collect();
        // What laid another fault bare neither healed it nor did not.
        let is_open = |it: &PastWrite| matches!(it.verdict, None | Some(Verdict::Progress));
        let healed = of.iter().any(|it| !is_open(it) && !in_vain(it));
        let open = of.iter().any(|it| is_open(it));
        let worse = of.iter().filter(|it| it.verdict == Some(Verdict::Worse)).count();
        if healed || !open {
            let newest = of.iter().map(|it| it.at.as_second()).max().unwrap();
            let place = of[0].subject.namespace.clone();
            troubles.push((newest, usize::from(!healed), worse, place));
        }
    }
    let count = |line: &str| rules.count("error_budget", line);
    troubles.sort_unstable();
    let last = &troubles[troubles.len().saturating_sub(count("window"))..];
    let here = world.evidence.subject.namespace.as_str();
    let unhealed: Vec<_> = last.iter().map(|it| (it.3.as_str(), it.1)).collect();
    let worse: Vec<_> = last.iter().map(|it| (it.3.as_str(), it.2)).collect();
    let (unhealed, not_here) = felt(&unhealed, here);
    need(felt(&worse, here).0 <= count("allowed_worse"), "made worse")?;
    let many = last.len() - not_here;
    let allowed = rules.share("error_budget", "allowed_not_better") * many;
    need(many < count("min") || 1000 * unhealed <= allowed, "budget")
}

/// What counts in this namespace, and what does not: of any two others at most as much as of all the rest.
fn felt(all: &[(&str, usize)], here: &str) -> (usize, usize) {
    let sum = |is_meant: &dyn Fn(&str) -> bool| {
        all.iter().filter(|it| is_meant(it.0)).map(|it| it.1).sum::<usize>()
    };
    let mut others: Vec<&str> = all.iter().map(|it| it.0).filter(|it| *it != here).collect();
    others.sort_unstable();
    others.dedup();
    let mut counts = sum(&|_| true);
    for one in &others {
        for two in &others {
            let is_either = |it: &str| it == *one || it == *two;
            let rest = sum(&|it| !is_either(it));
            counts = counts.min(rest + rest.min(sum(&is_either)));
        }
    }
    (counts, sum(&|_| true) - counts)
}
