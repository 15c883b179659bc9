//! Workloads that wait for each other before they start: none of them ever will, and none of them alone is to blame.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use types::{AnyFault, Finding, Subject};

use super::edges;
use super::scene::Scene;

/// Workloads of the longest circle that is told.
const MAX_MEMBERS: usize = 4;
/// Workloads that one is looked at to wait for.
const MAX_AWAITED: usize = 8;

/// Who waits for whom, by their own words.
type Waits = BTreeMap<Subject, Vec<Subject>>;

/// The findings, where those of workloads that wait for each other are one: the first of them says so and stands for
/// the others.
pub(super) fn told(mut found: Vec<Finding>, scene: &Scene<'_>) -> Vec<Finding> {
    let waits = waits(&found, scene);
    let mut done: BTreeSet<Subject> = BTreeSet::new();
    for first in waits.keys() {
        let Some(circle) = circle(first, &waits) else { continue };
        // Of two circles with a member in common the first is told: without it the other one may be none.
        if circle.iter().any(|it| done.contains(it)) {
            continue;
        }
        done.extend(circle.iter().cloned());
        for finding in &mut found {
            let is_member = circle.contains(&finding.subject) && is_waiting(finding, scene);
            if !is_member {
                continue;
            }
            if finding.subject == *first {
                *finding = first_of(finding.clone(), &circle);
            } else {
                finding.caused_by.insert(0, first.clone());
            }
        }
    }
    found
}

/// The edges between workloads that have a finding, and that nothing nearer than whom they call explains.
fn waits(found: &[Finding], scene: &Scene<'_>) -> Waits {
    let known: BTreeSet<&Subject> = found.iter().map(|it| &it.subject).collect();
    let waiting: Vec<(&Finding, Vec<Subject>)> =
        found.iter().map(|it| (it, awaited(it, scene))).filter(|it| !it.1.is_empty()).collect();
    let members: BTreeSet<&Subject> = waiting.iter().map(|it| &it.0.subject).collect();
    let mut waits: Waits = BTreeMap::new();
    for (finding, awaited) in &waiting {
        let nearest = finding.caused_by.iter().find(|it| known.contains(it));
        let is_first = nearest.is_none_or(|it| awaited.contains(it));
        let others = awaited.iter().filter(|it| members.contains(it) && **it != finding.subject);
        let others: Vec<Subject> = others.take(MAX_AWAITED).cloned().collect();
        if is_first && !others.is_empty() {
            waits.entry(finding.subject.clone()).or_insert(others);
        }
    }
    waits
}

fn awaited(finding: &Finding, scene: &Scene<'_>) -> Vec<Subject> {
    match finding.fault {
        AnyFault::Workload(_) => edges::awaited(finding, scene),
        AnyFault::Cluster(_) => vec![],
    }
}

fn is_waiting(finding: &Finding, scene: &Scene<'_>) -> bool {
    !awaited(finding, scene).is_empty()
}

/// The shortest way from a workload over those that it waits for back to itself.
fn circle(first: &Subject, waits: &Waits) -> Option<Vec<Subject>> {
    let mut ways: VecDeque<Vec<&Subject>> = VecDeque::from([vec![first]]);
    let mut seen: BTreeSet<&Subject> = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in waits.get(*way.last()?).into_iter().flatten() {
            if next == first {
                return Some(way.into_iter().cloned().collect());
            }
            if way.len() < MAX_MEMBERS && seen.insert(next) {
                let mut longer = way.clone();
                longer.push(next);
                ways.push_back(longer);
            }
        }
    }
    None
}

/// The first finding of a circle, which nothing outside of it causes.
fn first_of(finding: Finding, circle: &[Subject]) -> Finding {
    let next = circle.iter().cycle().skip(1);
    let pairs: Vec<(&Subject, &Subject)> = circle.iter().zip(next).collect();
    let said: Vec<String> = pairs.iter().map(|it| format!("{} waits for {}", it.0, it.1)).collect();
    let (last, before) = said.split_last().map_or(("", &[][..]), |it| (it.0.as_str(), it.1));
    let none = if circle.len() == 2 { "neither" } else { "none of them" };
    let whole = finding.cause.strip_suffix('.').unwrap_or(&finding.cause);
    let cause = format!("{whole}; {}, and {last}: {none} can start.", before.join(", "));
    let finding = Finding { cause, caused_by: vec![], ..finding };
    let others = pairs.into_iter().skip(1);
    others.fold(finding, |it, (who, whom)| it.clue(format!("{who}.waits_for"), whom))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(edges: &[(&str, &[&str])]) -> Waits {
        let subject = |it: &str| Subject::new("Deployment", "shop", it);
        let one =
            |it: &(&str, &[&str])| (subject(it.0), it.1.iter().map(|it| subject(it)).collect());
        edges.iter().map(one).collect()
    }

    #[track_caller]
    fn check(edges: &[(&str, &[&str])], expected: Option<&[&str]>) {
        let first = Subject::new("Deployment", "shop", "a");
        let found = circle(&first, &waits(edges));
        let names =
            found.as_ref().map(|it| it.iter().map(|it| it.name.as_str()).collect::<Vec<_>>());
        assert_eq!(names.as_deref(), expected, "{edges:?}");
    }

    #[test]
    fn the_shortest_way_back_is_found_and_a_long_one_is_not() {
        check(&[("a", &["b"]), ("b", &["a"])], Some(&["a", "b"]));
        check(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &["a"])], Some(&["a", "c"]));
        check(
            &[("a", &["b"]), ("b", &["c"]), ("c", &["d"]), ("d", &["a"])],
            Some(&["a", "b", "c", "d"]),
        );
        check(&[("a", &["b"]), ("b", &["c"]), ("c", &["d"]), ("d", &["e"]), ("e", &["a"])], None);
        // It waits for two that wait for each other, and is none of them.
        check(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])], None);
        check(&[("a", &["b"])], None);
    }
}
