//! When a rollout is to blame, and when what it calls is.

use types::{Clue, Edit, Evidence, Fault, Kind, NeighbourFacts, ObjectRef, Risk, ServiceFacts};

use crate::gates::{Case, check};
use crate::scene;

/// A rollout that changed this, whose pods cannot reach `db`.
fn unreached(change: Edit) -> Evidence {
    let mut evidence = scene::rolled_out(Kind::Deployment);
    evidence.revisions[1].edits = vec![change];
    evidence.services = vec![ServiceFacts {
        name: "db".to_owned(),
        addresses: vec!["10.0.0.9".to_owned()],
        selects: true,
        behind: vec!["Deployment db".to_owned()],
        targets: vec![],
    }];
    evidence
}

/// Whether a rollback is offered for a container that needs this.
fn is_offered(need: &str, evidence: &Evidence) -> bool {
    let mut diagnosis = scene::diagnosis(Fault::CrashLoopBackOff);
    diagnosis.clues = vec![Clue::new("containers[app].needs", &need)];
    let plans = remedy::plans(&[diagnosis], evidence);
    plans.iter().any(|it| it.strategy.name() == "roll_back")
}

fn image() -> Edit {
    scene::edit("/spec/template/spec/containers/0/image", "shop/web:2", "shop/web:1")
}

/// A pod of the earlier template.
fn earlier(ready: bool) -> types::PodFacts {
    types::PodFacts { ready, current: false, ..scene::pod("web-0") }
}

#[test]
fn what_is_down_for_the_earlier_revision_too_is_no_reason_to_go_back() {
    let mut evidence = unreached(image());
    evidence.pods.push(earlier(false));
    assert!(!is_offered("db:5432", &evidence));

    evidence.pods.push(earlier(true));
    assert!(is_offered("db:5432", &evidence), "the earlier one does without");
}

#[test]
fn a_rollout_that_changed_whom_it_calls_is_taken_back_whatever_is_down() {
    for field in ["containers/0/env/0/value", "containers/1/args", "volumes/0/configMap/name"] {
        let path = format!("/spec/template/spec/{field}");
        let mut evidence = unreached(scene::edit(&path, "a", "b"));
        evidence.pods.push(earlier(false));
        assert!(is_offered("127.0.0.1:8081", &evidence), "{field}");
    }
}

#[test]
fn where_no_earlier_pod_is_left_whoever_stands_behind_the_service_decides() {
    let mut evidence = unreached(image());
    assert!(is_offered("db:5432", &evidence), "nobody knows");

    evidence.neighbours = vec![NeighbourFacts {
        object: ObjectRef::named(Kind::Deployment, "shop", "db"),
        desired: 1,
        ready: 0,
        restarts: 0,
        steady: true,
        generation: 1,
        declared: None,
        newest_pod_secs: None,
    }];
    assert!(!is_offered("db:5432", &evidence));
    assert!(!is_offered("10.0.0.9:5432", &evidence));
    assert!(is_offered("cache:6379", &evidence), "another one");

    evidence.neighbours[0].ready = 1;
    assert!(is_offered("db:5432", &evidence));
}

/// A CronJob whose present template never came to anything.
fn barren() -> Evidence {
    let mut evidence = scene::rolled_out(Kind::CronJob);
    let why = "no container of a job of the present template has started";
    evidence.workload.never_worked = Some(why.to_owned());
    evidence
}

#[test]
fn a_cron_job_whose_template_never_came_to_anything_goes_back_unasked() {
    let case = || Case::offered(Fault::ImageNotPullable, barren());
    let plan = case().plan;
    assert_eq!((plan.strategy.name(), plan.risk), ("roll_back", Risk::Auto));
    assert!(
        plan.because.ends_with("So far no container of a job of the present template has started.")
    );
    assert_eq!(case().answer(), Ok(()));

    // Something of it may have run, or its next run is not near.
    check(case(), "out_of_scope", |it| it.evidence.workload.never_worked = None);
    check(case(), "advice_only", |it| it.evidence.workload.next_run = None);
    // What it is told to do may be another's words: anybody may make a job in its name.
    for field in ["command/0", "args/0", "env/0/value"] {
        check(case(), "out_of_scope", |it| {
            let path = format!("/spec/jobTemplate/spec/template/spec/containers/0/{field}");
            let edit = scene::edit(&path, "a", "b");
            it.evidence.revisions[1].edits.push(edit.clone());
            it.edits().push(edit);
        });
    }
    // Who a pod is, and what beside its template is told to a job, no machine changes.
    check(case(), "out_of_scope", |it| {
        let account = "/spec/jobTemplate/spec/template/spec/serviceAccountName";
        let edit = scene::edit(account, "a", "b");
        it.evidence.revisions[1].edits.push(edit.clone());
        it.edits().push(edit);
    });
    check(case(), "out_of_scope", |it| {
        let edit = scene::edit("/spec/jobTemplate/spec/backoffLimit", "1", "6");
        it.evidence.revisions[1].edits.push(edit.clone());
        it.edits().push(edit);
    });
}

#[test]
fn a_cron_job_that_takes_a_right_away_with_its_way_back_is_asked_about() {
    let mut evidence = barren();
    let switch = "/spec/jobTemplate/spec/template/spec/hostNetwork";
    let path = scene::path(switch);
    evidence.revisions[1].edits.push(Edit { path, from: Some(true.into()), to: None });

    let plan = Case::offered(Fault::ImageNotPullable, evidence).plan;

    assert_eq!((plan.strategy.name(), plan.risk), ("roll_back", Risk::Ask));
}

#[test]
fn an_image_that_is_being_pulled_is_waited_for_and_after_six_hours_taken_back() {
    let offered = |hours: i64| {
        let mut evidence = scene::rolled_out(Kind::Deployment);
        evidence.containers[0].state.waiting = Some("ContainerCreating".to_owned());
        evidence.pods[0].phase = "Pending".to_owned();
        evidence.pods[0].prepared_at =
            Some(evidence.taken_at - jiff::SignedDuration::from_hours(hours));
        let plans = scene::plans(Fault::ImageNotPullable, &evidence);
        let names: Vec<_> = plans.iter().map(|it| it.strategy.name().to_owned()).collect();
        ["roll_back", "wait"].map(|it| names.iter().any(|name| name == it))
    };

    assert_eq!(offered(2), [false, true]);
    assert_eq!(offered(6), [true, false]);
}
