//! What a scan on the command line says of its end and of its way there.

use jiff::Timestamp;
use types::{AnyFault, Fault, Finding, Subject};

use super::*;

fn scan(severity: Option<Severity>, unread: &[&str]) -> ScanResponse {
    let finding = |severity| {
        let fault = AnyFault::Workload(Fault::CrashLoopBackOff);
        Finding::new(Subject::new("Deployment", "shop", "web"), severity, fault, String::new())
    };
    ScanResponse {
        cluster: "default".to_owned(),
        taken_at: Timestamp::UNIX_EPOCH,
        n_objects: 7,
        findings: severity.map(finding).into_iter().collect(),
        unread: unread.iter().map(|it| (*it).to_owned()).collect(),
    }
}

#[test]
fn the_exit_code_is_that_of_the_worst_and_what_was_not_read_is_never_well() {
    let refused = &["ingresses: forbidden"][..];
    for (severity, unread, expected) in [
        (None, &[][..], 0),
        (Some(Severity::Notice), &[], 0),
        (Some(Severity::Warning), &[], 3),
        (Some(Severity::Critical), &[], 4),
        (None, refused, 1),
        (Some(Severity::Notice), refused, 1),
        (Some(Severity::Warning), refused, 3),
        (Some(Severity::Critical), refused, 4),
    ] {
        assert_eq!(exit_code(&scan(severity, unread)), expected, "{severity:?} {unread:?}");
    }
}

#[test]
fn what_was_not_read_is_told_on_one_line() {
    let unread = ["ingresses: forbidden".to_owned(), "nodes: la\nte".to_owned()];
    let expected =
        "not read: ingresses: forbidden; nodes: late; so nobody knows whether all is well";
    assert_eq!(not_read(&unread), expected);
}

#[test]
fn the_line_says_what_a_long_scan_is_at() {
    for (stage, expected) in [
        (Stage::Watching(3, 10), "reading the cluster: 3 of 10 kinds that are kept in memory"),
        (Stage::Listing(12, 36), "reading the cluster: 12 of 36 other kinds"),
        (Stage::Looking(2, 7), "looked at 2 of 7 workloads that seem wrong"),
    ] {
        assert_eq!(line(stage), expected);
    }
}

#[test]
fn how_far_the_watches_are_is_counted_in_kinds() {
    let probes = Probes::waiting_for(["pods", "nodes", "events"]);
    probes.ready("nodes");
    assert_eq!(watching(&probes), Stage::Watching(1, 3));
}

#[test]
fn a_scan_that_takes_long_says_how_far_it_is_where_somebody_looks() {
    for (millis, is_terminal, expected) in [
        (999, true, false),
        (1000, true, true),
        (60_000, true, true),
        (999, false, false),
        (1000, false, false),
        (60_000, false, false),
    ] {
        assert_eq!(is_due(Duration::from_millis(millis), is_terminal), expected, "{millis} ms");
    }
}
