//! What somebody has just changed is left to him for a while.

use remedy::{Policy, Refusal, World, approve};
use types::{Evidence, Fault, FixPlan, Kind, LastChange, Mode};

use crate::scene::{self, NOW, at};

/// The first offer for a memory limit that is too low, on an object that was changed so many seconds ago.
fn changed(kind: Kind, ago: Option<i64>) -> (FixPlan, Evidence) {
    let mut evidence = scene::out_of_memory(kind, "64Mi");
    evidence.workload.last_change =
        ago.map(|it| LastChange { at: at(NOW - it), by: Some("kubectl".to_owned()) });
    let plan = scene::plans(Fault::OomKilled, &evidence).remove(0);
    (plan, evidence)
}

/// The code of the refusal with its time, or nothing.
fn answer(grace: u64, ago: Option<i64>, change: impl Fn(&mut World<'_>)) -> Option<(String, i64)> {
    let (plan, evidence) = changed(Kind::Deployment, ago);
    let mut world = scene::world(&evidence, &[]);
    change(&mut world);
    let policy = Policy { change_grace_seconds: grace, ..Policy::default() };
    let refusal = approve(plan, &policy, &world).err()?;
    Some((refusal.code().to_owned(), refusal.retry_secs().unwrap_or(0)))
}

#[track_caller]
fn check(grace: u64, ago: Option<i64>, expected: Option<i64>) {
    let expected = expected.map(|it| ("just_changed".to_owned(), it));
    assert_eq!(answer(grace, ago, |_| {}), expected, "{grace} s, {ago:?} s ago");
}

#[test]
fn a_machine_waits_until_a_change_has_had_its_time() {
    check(20, Some(0), Some(21));
    check(20, Some(13), Some(8));
    check(20, Some(20), Some(1));
    check(20, Some(21), None);
    check(20, Some(100_000), None);
    check(3600, Some(3600), Some(1));
    check(3600, Some(3601), None);
}

#[test]
fn nobody_is_waited_for_where_none_is_known_or_the_policy_says_so() {
    check(20, None, None);
    check(0, Some(0), None);
    check(0, Some(-5), None);
}

#[test]
fn a_change_that_lies_ahead_counts_as_one_of_now() {
    check(20, Some(-1), Some(21));
    check(20, Some(-100_000), Some(21));
}

#[test]
fn a_persons_yes_does_not_wait_for_a_person() {
    assert_eq!(answer(20, Some(0), |it| it.authority = scene::person()), None);
}

#[test]
fn what_has_to_be_asked_for_is_asked_for_at_once() {
    let code = |change: fn(&mut World<'_>)| answer(20, Some(0), change).unwrap().0;

    assert_eq!(code(|it| it.mode = Mode::Suggest), "needs_approval");
    assert_eq!(code(|it| it.enrolled = false), "namespace_not_enrolled");
    assert_eq!(code(|it| it.mode = Mode::Observe), "observing");
}

#[test]
fn every_kind_that_is_written_has_its_time_and_what_writes_nothing_needs_none() {
    for kind in [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::CronJob] {
        let (plan, evidence) = changed(kind, Some(3));
        let refusal = approve(plan, &Policy::default(), &scene::world(&evidence, &[]));
        assert_eq!(refusal.unwrap_err().code(), "just_changed", "{kind}");
    }
    let port = scene::wrong_port(scene::named("htpp"), scene::named("http"), true);
    let mut evidence = scene::service(port);
    evidence.workload.last_change = Some(LastChange { at: at(NOW), by: None });
    let plan = scene::plans(Fault::ServicePortMismatch, &evidence).remove(0);
    let refusal = approve(plan, &Policy::default(), &scene::world(&evidence, &[])).unwrap_err();
    let words =
        "somebody changed Service shop/web 0 s ago and may still be at it; try again in 21 s";
    assert!(refusal.detail().starts_with(words), "{}", refusal.detail());

    let mut evidence = scene::probed(types::ProbeKind::Readiness, "connection refused");
    evidence.workload.rolling_out = true;
    evidence.workload.last_change = Some(LastChange { at: at(NOW), by: None });
    let wait = scene::plans(Fault::ReadinessProbeFailing, &evidence).remove(0);
    assert!(!wait.writes());
    assert!(approve(wait, &Policy::default(), &scene::world(&evidence, &[])).is_ok());
}

#[test]
fn a_yes_answers_it_and_so_does_time() {
    let (plan, evidence) = changed(Kind::Deployment, Some(3));
    let refusal = approve(plan, &Policy::default(), &scene::world(&evidence, &[])).unwrap_err();

    assert!(refusal.needs_person());
    let Refusal::JustChanged { by, what, secs, retry_secs } = &refusal else {
        panic!("{refusal:?}")
    };
    assert_eq!((&**by, &**what), ("kubectl", "Deployment shop/web"));
    assert_eq!((*secs, *retry_secs), (3, 18));
}
