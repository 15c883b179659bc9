//! Folding: what another finding explains is told there, and not for itself.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use types::{AnyFault, ClusterFault, Finding, Severity, Subject};

/// Explained objects that are named; a node may hold hundreds.
const MAX_EXPLAINED: usize = 100;

/// The findings without those that another one explains, the worst first, each with its fingerprint.
pub(super) fn fold(mut found: Vec<Finding>) -> Vec<Finding> {
    for finding in &mut found {
        finding.fingerprint = fingerprint(finding);
    }
    let by_subject = by_subject(&found);
    let causes = causes(&found, &by_subject);
    let mut explained: BTreeMap<usize, Vec<Subject>> = BTreeMap::new();
    let mut worst: BTreeMap<usize, Severity> = BTreeMap::new();
    for (finding, cause) in found.iter().zip(&causes) {
        if let Some(cause) = cause {
            explained.entry(*cause).or_default().push(finding.subject.clone());
            let worst = worst.entry(*cause).or_insert(finding.severity);
            *worst = finding.severity.min(*worst);
        }
    }
    let mut res: Vec<Finding> = vec![];
    for (index, mut finding) in found.into_iter().enumerate() {
        if causes.get(index).is_some_and(Option::is_some) {
            continue;
        }
        let mut explains = explained.remove(&index).unwrap_or_default();
        explains.append(&mut finding.explains);
        explains.sort();
        explains.dedup();
        explains.retain(|it| *it != finding.subject);
        explains.truncate(MAX_EXPLAINED);
        finding.explains = explains;
        // A cause is as bad as the worst that comes of it.
        finding.severity =
            worst.remove(&index).map_or(finding.severity, |it| it.min(finding.severity));
        res.push(finding);
    }
    // Stable: findings that weigh the same stay in the order of their rules.
    res.sort_by_key(|it| (it.severity, Reverse(it.explains.len())));
    res
}

/// The objects whose findings explain those of this one.
pub(super) fn roots(about: &Subject, found: &[Finding]) -> Vec<Subject> {
    let by_subject = by_subject(found);
    let own = (0..found.len()).filter(|it| found.get(*it).is_some_and(|it| it.subject == *about));
    let all = causes(found, &by_subject);
    let causes = own.filter_map(|it| *all.get(it)?).filter_map(|it| found.get(it));
    let mut roots: Vec<_> = causes.map(|it| it.subject.clone()).collect();
    roots.sort();
    roots.dedup();
    roots.retain(|it| it != about);
    roots
}

/// Among several findings of one object the first of the worst is the cause of what hangs on it.
fn by_subject(found: &[Finding]) -> BTreeMap<Subject, usize> {
    let mut by_subject: BTreeMap<Subject, usize> = BTreeMap::new();
    for (index, finding) in found.iter().enumerate().filter(|it| may_explain(it.1)) {
        let cause = by_subject.entry(finding.subject.clone()).or_insert(index);
        if found.get(*cause).is_some_and(|it| finding.severity < it.severity) {
            *cause = index;
        }
    }
    by_subject
}

/// Whether something may not work because of it: what a pod is allowed to do, whose labels it shares, and that it was
/// busy for a moment, stops nobody, and of a policy that may be meant so nobody suffers whom it did not keep from
/// something.
fn may_explain(finding: &Finding) -> bool {
    let harmless = [
        ClusterFault::PodNotConfined,
        ClusterFault::SelectorsOverlap,
        ClusterFault::AtCpuLimit,
        ClusterFault::AtMemoryLimit,
        ClusterFault::StorageClassBindsEarly,
    ];
    let is_of = |it: ClusterFault| finding.fault == AnyFault::Cluster(it);
    let is_policy_notice =
        is_of(ClusterFault::PolicyBlocksTraffic) && finding.severity == Severity::Notice;
    !is_policy_notice && !harmless.iter().any(|it| is_of(*it))
}

/// Of each finding the one at the end of its chain of causes; `None` where it stands for itself. In a circle the first
/// one stands for all, however long it is.
fn causes(found: &[Finding], by_subject: &BTreeMap<Subject, usize>) -> Vec<Option<usize>> {
    let above = |at: usize| {
        let causes = found.get(at).map(|it| it.caused_by.as_slice()).unwrap_or_default();
        causes.iter().find_map(|it| by_subject.get(it)).copied()
    };
    let mut ends: BTreeMap<usize, usize> = BTreeMap::new();
    for of in 0..found.len() {
        let mut chain: Vec<usize> = vec![];
        let mut places: BTreeMap<usize, usize> = BTreeMap::new();
        let mut at = of;
        let end = loop {
            if let Some(end) = ends.get(&at) {
                break *end;
            }
            if let Some(begin) = places.insert(at, chain.len()) {
                break chain.iter().skip(begin).min().copied().unwrap_or(at);
            }
            chain.push(at);
            match above(at) {
                Some(next) => at = next,
                None => break at,
            }
        };
        ends.extend(chain.into_iter().map(|it| (it, end)));
    }
    (0..found.len()).map(|it| ends.get(&it).copied().filter(|end| *end != it)).collect()
}

/// 16 hexadecimal digits over what stays the same from scan to scan: object, fault, container and field.
pub(super) fn fingerprint(finding: &Finding) -> String {
    let mut hash = Sha256::new();
    let subject = finding.subject.to_string();
    let container = finding.container.as_deref().unwrap_or_default();
    let field = finding.field.as_deref().unwrap_or_default();
    for part in [&subject, finding.fault.as_str(), container, field] {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    let bytes = hash.finalize();
    bytes.iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use types::{AnyFault, ClusterFault};

    use super::*;

    fn finding(name: &str, caused_by: &[&str]) -> Finding {
        let fault = AnyFault::Cluster(ClusterFault::NodeNotReady);
        let subject = Subject::new("Node", "", name);
        let finding = Finding::new(subject, Severity::Critical, fault, String::new());
        caused_by.iter().fold(finding, |it, name| it.because_of(Subject::new("Node", "", *name)))
    }

    #[track_caller]
    fn check(found: Vec<Finding>, expected: &[(&str, &[&str])]) {
        let folded = fold(found);
        let told: Vec<_> = folded
            .iter()
            .map(|it| {
                let explains: Vec<_> = it.explains.iter().map(|it| it.name.as_str()).collect();
                (it.subject.name.as_str(), explains)
            })
            .collect();
        let expected: Vec<_> = expected.iter().map(|it| (it.0, it.1.to_vec())).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn what_another_finding_explains_is_told_there() {
        check(
            vec![finding("a", &[]), finding("b", &["a"]), finding("c", &["b"])],
            &[("a", &["b", "c"])],
        );
    }

    #[test]
    fn a_cause_without_a_finding_explains_nothing_away() {
        check(vec![finding("b", &["a"])], &[("b", &[])]);
    }

    #[test]
    fn a_cause_is_as_bad_as_the_worst_that_comes_of_it() {
        let cordon = Finding { severity: Severity::Notice, ..finding("a", &[]) };
        let small = Finding { severity: Severity::Warning, ..finding("c", &["a"]) };

        let folded = fold(vec![cordon.clone(), finding("b", &["a"]), small]);

        assert_eq!(folded[0].severity, Severity::Critical);
        assert_eq!(fold(vec![cordon])[0].severity, Severity::Notice);
    }

    #[test]
    fn what_a_pod_is_allowed_explains_nothing_and_what_stops_it_does() {
        let fault = AnyFault::Cluster(ClusterFault::PodNotConfined);
        let loose = Finding { severity: Severity::Notice, fault, ..finding("a", &[]) };

        check(vec![loose.clone(), finding("b", &["a"])], &[("b", &[]), ("a", &[])]);
        check(vec![loose, finding("a", &[]), finding("b", &["a"])], &[("a", &["b"]), ("a", &[])]);
    }

    #[test]
    fn the_first_of_a_circle_stands_for_all() {
        check(vec![finding("a", &["b"]), finding("b", &["a"])], &[("a", &["b"])]);
        check(vec![finding("a", &["a"])], &[("a", &[])]);
    }

    /// Every way in which five findings can each have one cause or none, circles of any length among them.
    #[test]
    fn no_finding_is_lost_however_they_cause_each_other() {
        let names = ["a", "b", "c", "d", "e"];
        let ways = (names.len() + 1).pow(5);
        for way in 0..ways {
            let digit = |at: usize| way / (names.len() + 1).pow(u32::try_from(at).unwrap()) % 6;
            let cause = |at: usize| names.get(digit(at)).map_or(vec![], |it| vec![*it]);
            let all: Vec<_> =
                names.iter().enumerate().map(|it| finding(it.1, &cause(it.0))).collect();
            let folded = fold(all);
            let mut told: Vec<&str> = folded
                .iter()
                .flat_map(|it| it.explains.iter().chain([&it.subject]))
                .map(|it| it.name.as_str())
                .collect();
            told.sort_unstable();
            assert_eq!(told, names, "{way}");
        }
    }

    #[test]
    fn a_long_circle_and_a_long_chain_have_one_end() {
        let names: Vec<String> = (0..90).map(|it| format!("n{it:02}")).collect();
        let next = |at: usize| names[(at + 1) % names.len()].as_str();
        let circle: Vec<_> =
            names.iter().enumerate().map(|it| finding(it.1, &[next(it.0)])).collect();
        let mut chain = circle.clone();
        chain.last_mut().unwrap().caused_by.clear();
        for (found, first) in [(circle, "n00"), (chain, "n89")] {
            let folded = fold(found);
            assert_eq!(folded.len(), 1);
            assert_eq!((folded[0].subject.name.as_str(), folded[0].explains.len()), (first, 89));
        }
    }

    #[test]
    fn a_policy_that_may_be_meant_so_explains_nothing_and_one_that_keeps_somebody_out_does() {
        let policy = Subject::new("NetworkPolicy", "shop", "deny");
        let fault = AnyFault::Cluster(ClusterFault::PolicyBlocksTraffic);
        for (severity, left) in [(Severity::Notice, 2), (Severity::Warning, 1)] {
            let cause = Finding::new(policy.clone(), severity, fault, String::new());
            let found = vec![cause, finding("a", &[]).because_of(policy.clone())];

            assert_eq!(fold(found).len(), left, "{severity:?}");
        }
    }

    #[test]
    fn a_fingerprint_does_not_know_the_words_of_the_day() {
        let one = fold(vec![finding("a", &[])]);
        let other = fold(vec![finding("a", &[]).clue("restarts", "7")]);

        assert_eq!(one[0].fingerprint, other[0].fingerprint);
        assert_ne!(one[0].fingerprint, fold(vec![finding("b", &[])])[0].fingerprint);
    }
}
