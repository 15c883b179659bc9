//! Known trouble: findings that somebody accepted stand last, with his reason.

use jiff::Timestamp;
use types::{Diagnosis, Evidence, Finding, Suppression};

use super::fold::fingerprint;
use super::workload::of_workload;

/// The findings with what is accepted marked and put last. What has ended by `now` accepts nothing any more.
///
/// Who accepts a cause accepts what it explains: that is not told for itself anyway.
pub fn accept(mut found: Vec<Finding>, accepted: &[Suppression], now: Timestamp) -> Vec<Finding> {
    for finding in &mut found {
        finding.suppressed = standing(accepted, &finding.fingerprint, now).cloned();
    }
    // Stable: the order within the two halves stays.
    found.sort_by_key(|it| it.suppressed.is_some());
    found
}

/// The acceptance of the trouble that stands first with a workload, where all that is wrong with it is accepted.
pub fn accepted_trouble<'a>(
    evidence: &Evidence,
    diagnoses: &[Diagnosis],
    accepted: &'a [Suppression],
    now: Timestamp,
) -> Option<&'a Suppression> {
    let found = of_workload(evidence, diagnoses);
    let all: Option<Vec<_>> =
        found.iter().map(|it| standing(accepted, &fingerprint(it), now)).collect();
    all?.first().copied()
}

fn standing<'a>(
    accepted: &'a [Suppression],
    fingerprint: &str,
    now: Timestamp,
) -> Option<&'a Suppression> {
    accepted.iter().find(|it| it.fingerprint == fingerprint && now < it.until)
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use types::{AnyFault, ClusterFault, Severity, Subject};

    use super::*;

    fn finding(name: &str) -> Finding {
        let fault = AnyFault::Cluster(ClusterFault::NodeNotReady);
        let subject = Subject::new("Node", "", name);
        let finding = Finding::new(subject, Severity::Critical, fault, String::new());
        Finding { fingerprint: fingerprint(&finding), ..finding }
    }

    #[track_caller]
    fn check(hours_left: i64, expected: &[(&str, bool)]) {
        let now = Timestamp::UNIX_EPOCH;
        let accepted = Suppression {
            fingerprint: finding("a").fingerprint,
            reason: "in repair".to_owned(),
            by: "ops".to_owned(),
            until: now.checked_add(hours_left.hours()).unwrap(),
        };

        let told = accept(vec![finding("a"), finding("b")], &[accepted], now);

        let told: Vec<_> =
            told.iter().map(|it| (it.subject.name.as_str(), it.suppressed.is_some())).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_accepted_stands_last_until_that_ends() {
        check(1, &[("b", false), ("a", true)]);
        check(0, &[("a", false), ("b", false)]);
        check(-1, &[("a", false), ("b", false)]);
    }
}
