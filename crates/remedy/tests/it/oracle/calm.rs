//! Whether automation may go on at all: no storm, and an error budget that is left.

use remedy::{PastWrite, World};
use types::Verdict;

use super::{Opinion, Rules, in_vain, need};

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

pub(super) fn budget(rules: &Rules, world: &World<'_>) -> Opinion {
    let name = |it: &PastWrite| format!("{} {}", it.subject, it.spec_hash);
    let mut names: Vec<String> = world.writes.iter().map(name).collect();
    names.sort();
    names.dedup();
    let mut troubles: Vec<(i64, bool, usize)> = vec![];
    for trouble in names {
        let of: Vec<&PastWrite> = world.writes.iter().filter(|it| name(it) == trouble).collect();
        // What laid another fault bare neither healed it nor did not.
        let is_open = |it: &PastWrite| matches!(it.verdict, None | Some(Verdict::Progress));
        let healed = of.iter().any(|it| !is_open(it) && !in_vain(it));
        let open = of.iter().any(|it| is_open(it));
        let worse = of.iter().filter(|it| it.verdict == Some(Verdict::Worse)).count();
        if healed || !open {
            troubles.push((of.iter().map(|it| it.at.as_second()).max().unwrap(), healed, worse));
        }
    }
    let count = |line: &str| rules.count("error_budget", line);
    troubles.sort_unstable();
    let last = &troubles[troubles.len().saturating_sub(count("window"))..];
    let unhealed = last.iter().filter(|it| !it.1).count();
    let worse: usize = last.iter().map(|it| it.2).sum();
    need(worse <= count("allowed_worse"), "made worse")?;
    let allowed = rules.share("error_budget", "allowed_not_better") * last.len();
    need(last.len() < count("min") || 1000 * unhealed <= allowed, "budget")
}
