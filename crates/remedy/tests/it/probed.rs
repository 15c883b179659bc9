//! A probe that asks for what nobody has, while all the others agree, or one declared name begins like it.

use jiff::SignedDuration;
use serde_json::json;
use types::{Evidence, Fault, FixPlan, Kind, ProbeFacts, ProbeKind, Risk};

use crate::gates::{Case, check, passes};
use crate::scene;

/// The liveness probe asks `/livez`, which is not there; the others ask `/healthz`.
fn killed() -> Evidence {
    let said = "HTTP probe failed with statuscode: 404";
    let mut evidence = scene::probed(ProbeKind::Liveness, said);
    let probes = &mut evidence.containers[0].probes;
    let other = |kind| ProbeFacts { kind, failure: None, ..probes[0].clone() };
    let others = [other(ProbeKind::Startup), other(ProbeKind::Readiness)];
    probes[0].path = Some("/livez".to_owned());
    probes.extend(others);
    evidence
}

fn offered(fault: Fault, evidence: &Evidence) -> Option<FixPlan> {
    scene::plans(fault, evidence).into_iter().find(|it| it.strategy.name() == "fix_probe_port")
}

/// Who may say yes, where the evidence is changed so.
fn risk(change: fn(&mut types::ContainerFacts)) -> Option<Risk> {
    let mut evidence = killed();
    change(&mut evidence.containers[0]);
    offered(Fault::LivenessProbeFailing, &evidence).map(|it| it.risk)
}

#[test]
fn a_probe_asks_for_what_all_others_ask_for_where_one_of_them_is_known_to_succeed() {
    let plan = offered(Fault::LivenessProbeFailing, &killed()).unwrap();
    assert!(plan.to_string().ends_with(r#"livenessProbe/httpGet/path: "/livez" -> "/healthz""#));

    assert_eq!(plan.risk, Risk::Auto);
    // Before it was started the container refused it.
    let refused = "dial tcp 10.0.0.7:8080: connect: connection refused";
    let mut evidence = killed();
    evidence.containers[0].probes[2].failure = Some(refused.to_owned());
    assert_eq!(offered(Fault::LivenessProbeFailing, &evidence).map(|it| it.risk), Some(Risk::Auto));
    // Without a startup probe it has to be ready.
    assert_eq!(risk(|it| drop(it.probes.remove(1))), Some(Risk::Ask));
    assert_eq!(
        risk(|it| {
            it.probes.remove(1);
            it.ready = true;
        }),
        Some(Risk::Auto)
    );
}

#[test]
fn a_probe_learns_nothing_from_others_that_ask_elsewhere_or_fail_too() {
    let with = |change: fn(&mut ProbeFacts)| {
        let mut evidence = killed();
        evidence.containers[0].probes.iter_mut().skip(1).for_each(change);
        offered(Fault::LivenessProbeFailing, &evidence)
    };
    assert_eq!(with(|it| it.port = Some("9090".to_owned())), None);
    assert_eq!(with(|it| it.scheme = Some("HTTPS".to_owned())), None);
    assert_eq!(with(|it| it.host = Some("127.0.0.1".to_owned())), None);
    assert_eq!(with(|it| it.failure = Some("statuscode: 404".to_owned())), None);
    assert_eq!(with(|it| it.failure = Some("context deadline exceeded".to_owned())), None);
    assert_eq!(risk(|it| it.probes[2].path = Some("/ready".to_owned())), None);
    assert_eq!(risk(|it| it.probes.truncate(1)), None);
    assert_eq!(risk(|it| it.probes[0].failure = Some("statuscode: 500".to_owned())), None);
}

#[test]
fn a_path_that_is_not_near_is_written_where_the_others_prove_it_and_nowhere_else() {
    let case = || Case::offered(Fault::LivenessProbeFailing, killed());
    for to in ["/ready", "/livez", "healthz", "", "/admin/delete"] {
        check(case(), "out_of_scope", |it| it.edits()[0].to = Some(json!(to)));
    }
    check(case(), "out_of_scope", |it| {
        it.evidence.containers[0].probes[1].failure = Some("statuscode: 500".to_owned());
    });
    // No start was seen, and it is not ready: a person is asked.
    check(case(), "out_of_scope", |it| drop(it.evidence.containers[0].probes.remove(1)));
    passes(case().approved(), |it| {
        it.evidence.containers[0].probes.remove(1);
        it.plan.risk = Risk::Ask;
    });
}

#[test]
fn a_name_that_begins_like_just_one_that_is_declared_is_asked_about() {
    let case = || {
        let mut evidence = scene::probed(ProbeKind::Startup, "no port named adm");
        let container = &mut evidence.containers[0];
        container.ports = vec![("web".to_owned(), 80), ("admin".to_owned(), 9000)];
        container.probes[0].port = Some("adm".to_owned());
        evidence
    };
    let plan = offered(Fault::StartupProbeFailing, &case()).unwrap();
    assert!(plan.to_string().ends_with(r#"startupProbe/httpGet/port: "adm" -> "admin""#), "{plan}");
    assert_eq!(plan.risk, Risk::Ask);

    let approved = || Case::offered(Fault::StartupProbeFailing, case()).approved();
    passes(approved(), |_| {});
    check(approved(), "out_of_scope", |it| it.plan.risk = Risk::Auto);
    for to in ["web", "adm", "administrator", ""] {
        check(approved(), "out_of_scope", |it| it.edits()[0].to = Some(json!(to)));
    }
    check(approved(), "out_of_scope", |it| {
        it.evidence.containers[0].ports.push(("adm2".to_owned(), 9001));
    });
    let job = scene::evidence(Kind::Job);
    let evidence = Evidence { containers: case().containers, ..job };
    assert_eq!(
        offered(Fault::StartupProbeFailing, &evidence).map(|it| it.risk),
        Some(Risk::Advice)
    );
}

/// The readiness probe asks `/health/ready`, which is not there; the liveness probe asks `/healthz/live`.
fn listed(log: &[&str]) -> Evidence {
    let said = "HTTP probe failed with statuscode: 404";
    let mut evidence = scene::probed(ProbeKind::Readiness, said);
    let container = &mut evidence.containers[0];
    container.probes[0].path = Some("/health/ready".to_owned());
    let path = Some("/healthz/live".to_owned());
    let other = ProbeFacts {
        kind: ProbeKind::Liveness,
        failure: None,
        path,
        ..container.probes[0].clone()
    };
    container.probes.push(other);
    container.log = log.iter().map(|it| (*it).to_owned()).collect();
    evidence
}

#[test]
fn of_the_paths_that_a_log_lists_the_one_with_the_same_last_name_is_asked_about() {
    let to = |log: &[&str]| {
        let plan = offered(Fault::ReadinessProbeFailing, &listed(log)).unwrap();
        assert_eq!(plan.risk, Risk::Ask);
        plan.to_string().rsplit(' ').next().unwrap().to_owned()
    };
    let routes = "INFO routes: GET /healthz/live GET /healthz/ready";

    assert_eq!(to(&[routes]), r#""/healthz/ready""#);
    assert_eq!(to(&["mapped {[/healthz/ready],[/healthz/live]}"]), r#""/healthz/ready""#);
    // Two of that name, one path alone, and none: then what the other probe asks for.
    for log in [&[routes, "also /x/ready /y"][..], &["GET /healthz/ready 200"], &[]] {
        assert_eq!(to(log), r#""/healthz/live""#);
    }
}

#[test]
fn a_path_that_only_a_log_lists_is_never_put_unasked() {
    let case = || {
        let evidence = listed(&["routes: /healthz/live /healthz/ready"]);
        let plan = offered(Fault::ReadinessProbeFailing, &evidence).unwrap();
        let mut case = Case::offered(Fault::ReadinessProbeFailing, evidence);
        case.plan = plan;
        case.approved()
    };

    passes(case(), |_| {});
    check(case(), "out_of_scope", |it| it.plan.risk = Risk::Auto);
    check(case(), "out_of_scope", |it| it.evidence.containers[0].log.clear());
    check(case(), "out_of_scope", |it| it.edits()[0].to = Some(json!("/admin/ready")));
}

#[test]
fn a_path_that_a_log_lists_beside_one_that_is_answered_goes_unasked() {
    let long = |change: &dyn Fn(&mut Evidence)| {
        let mut evidence = listed(&["routes: /healthz/live /healthz/ready"]);
        let started = evidence.taken_at - SignedDuration::from_mins(5);
        evidence.containers[0].state.running_since = Some(started);
        change(&mut evidence);
        evidence
    };
    let plan = offered(Fault::ReadinessProbeFailing, &long(&|_| {})).unwrap();
    assert_eq!(plan.risk, Risk::Auto);
    let case = || {
        let mut case = Case::offered(Fault::ReadinessProbeFailing, long(&|_| {}));
        case.plan = plan.clone();
        case
    };
    passes(case(), |_| {});

    let asked = |change: &dyn Fn(&mut Evidence)| {
        let plan = offered(Fault::ReadinessProbeFailing, &long(change)).unwrap();
        assert_eq!(plan.risk, Risk::Ask, "{plan}");
        check(case(), "out_of_scope", |it| change(&mut it.evidence));
    };
    // It has not run for long, its other probe fails, asks another port, or asks in another folder.
    asked(&|it| it.containers[0].state.running_since = Some(it.taken_at));
    asked(&|it| it.containers[0].probes[1].failure = Some("statuscode: 500".to_owned()));
    asked(&|it| it.containers[0].probes[1].port = Some("9090".to_owned()));
    asked(&|it| it.containers[0].probes[1].path = Some("/live".to_owned()));
}
