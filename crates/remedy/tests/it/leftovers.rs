//! Pods that are over are cleared away once nothing else is left of the trouble, and nothing else ever is.

use types::{Evidence, Fault, FixPlan, Kind, LeftoverFacts, Risk};

use crate::gates::{Case, check};
use crate::scene::{self, at};

fn offered(evidence: &Evidence) -> Option<FixPlan> {
    let mut plans = scene::plans(Fault::Evicted, evidence).into_iter();
    plans.find(|it| it.strategy.name() == "clear_leftovers")
}

/// The plan, to which a person said yes.
fn case() -> Case {
    Case::offered(Fault::Evicted, scene::littered(Kind::Deployment, 2)).approved()
}

#[test]
fn no_plan_that_calls_itself_harmless_goes_unasked() {
    let mut case = case();
    case.plan.risk = Risk::Auto;
    check(case, "needs_approval", |it| it.world = |_| {});
}

#[test]
fn at_most_three_pods_that_are_over_go_and_a_person_is_asked() {
    let plan = offered(&scene::littered(Kind::Deployment, 5)).unwrap();

    assert_eq!(plan.risk, Risk::Ask);
    let names: Vec<_> = plan.steps.iter().map(ToString::to_string).collect();
    assert_eq!(names, [0, 1, 2].map(|it| format!("  evict Pod shop/old-{it}")));
}

#[test]
fn while_replicas_are_missing_what_is_over_stays_and_says_why() {
    let mut evidence = scene::littered(Kind::Deployment, 2);
    evidence.workload.ready = 0;
    assert_eq!(offered(&evidence), None);
    check(case(), "out_of_scope", |it| it.evidence.workload.ready = 0);
}

#[test]
fn a_pod_that_runs_or_failed_by_itself_is_never_cleared_away() {
    for (phase, reason) in
        [("Running", "Evicted"), ("Failed", "Error"), ("Pending", ""), ("Succeeded", "")]
    {
        check(case(), "out_of_scope", |it| {
            phase.clone_into(&mut it.evidence.pods[0].phase);
            it.evidence.pods[0].reason = Some(reason.to_owned());
        });
    }
    check(case(), "out_of_scope", |it| it.evidence.pods[0].terminating = true);
    check(case(), "foreign_target", |it| {
        it.evidence.pods.remove(0);
    });
}

#[test]
fn the_pods_of_a_job_stay() {
    for kind in [Kind::Job, Kind::CronJob, Kind::Pod] {
        assert_eq!(offered(&scene::littered(kind, 2)), None);
        check(case(), "out_of_scope", |it| {
            it.evidence.subject.kind = kind;
        });
    }
}

#[test]
fn a_pod_that_succeeded_goes_after_an_hour() {
    let mut evidence = scene::littered(Kind::Deployment, 1);
    "Succeeded".clone_into(&mut evidence.pods[0].phase);
    evidence.pods[0].created_at = Some(at(scene::NOW - 7200));
    for ended in [None, Some(at(scene::NOW - 3599))] {
        evidence.pods[0].ended_at = ended;
        assert_eq!(offered(&evidence), None, "one that worked for long may have ended just now");
    }
    evidence.pods[0].ended_at = Some(at(scene::NOW - 3600));
    assert!(offered(&evidence).is_some());
}

/// `web` may not make the pod that it misses, and a quota counts these.
fn crowded(own: bool) -> Evidence {
    let mut evidence = scene::littered(Kind::Deployment, 2);
    (evidence.workload.desired, evidence.workload.ready) = (2, 1);
    let owner = if own { "Deployment shop/web" } else { "Deployment shop/api" };
    let leftover = |name: &str| LeftoverFacts {
        kind: Kind::Pod,
        name: name.to_owned(),
        reason: "Evicted".to_owned(),
        owner: owner.to_owned(),
        own,
    };
    evidence.leftovers = vec![leftover("old-0"), leftover("old-1")];
    evidence
}

fn of_quota(evidence: &Evidence) -> Option<FixPlan> {
    let mut plans = scene::plans(Fault::FailedCreate, evidence).into_iter();
    plans.find(|it| it.strategy.name() == "clear_leftovers")
}

#[test]
fn what_is_over_and_fills_a_quota_goes_after_a_yes() {
    let plan = of_quota(&crowded(true)).unwrap();
    assert_eq!((plan.risk, plan.steps.len()), (Risk::Ask, 2));
    let case = || {
        let mut case = case();
        (case.evidence, case.plan) = (crowded(true), plan.clone());
        case
    };
    check(case(), "out_of_scope", |it| it.evidence.leftovers.clear());
    check(case(), "out_of_scope", |it| it.evidence.leftovers[0].own = false);
    check(case(), "out_of_scope", |it| it.evidence.pods[0].reason = Some("Error".to_owned()));
    check(case(), "out_of_scope", |it| "Succeeded".clone_into(&mut it.evidence.pods[0].phase));
}

#[test]
fn what_is_over_of_another_workload_is_for_a_person() {
    let mut evidence = crowded(false);
    evidence.pods.clear();

    let plan = of_quota(&evidence).unwrap();

    assert_eq!((plan.risk, plan.steps.len()), (Risk::Advice, 0));
    assert!(plan.because.ends_with("kubectl -n shop delete pod old-0 old-1"), "{}", plan.because);
    evidence.leftovers.iter_mut().for_each(|it| it.kind = Kind::Job);
    let plan = of_quota(&evidence).unwrap();
    assert_eq!((plan.risk, plan.steps.len()), (Risk::Advice, 0));
    assert!(plan.because.ends_with("kubectl -n shop delete job old-0 old-1"), "{}", plan.because);
    evidence.leftovers.clear();
    assert_eq!(of_quota(&evidence), None);
}
