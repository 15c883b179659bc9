//! How far limits are raised: by what is used, and by what the namespace and the nodes have.

use serde_json::json;
use types::{Evidence, FailedFix, Fault, FixPlan, Kind, ProbeKind, ResourceRoom, RoomFacts};

use crate::gates::{Case, check};
use crate::scene;

fn keys(fault: Fault, evidence: &Evidence) -> Vec<String> {
    scene::plans(fault, evidence).iter().map(|it| it.strategy.key()).collect()
}

fn of_cpu(evidence: &Evidence) -> Vec<FixPlan> {
    let mut plans = scene::plans(Fault::StartupProbeFailing, evidence);
    plans.retain(|it| it.strategy.name() == "raise_cpu_limit");
    plans
}

fn starved() -> Case {
    Case::offered(Fault::StartupProbeFailing, scene::starved(Kind::Deployment, "500m", 490))
}

fn memory(room: ResourceRoom) -> RoomFacts {
    RoomFacts { memory: room, cpu: ResourceRoom::default() }
}

#[test]
fn cpu_is_raised_for_what_uses_its_limit_up_and_for_nothing_else() {
    let starved = scene::starved(Kind::Deployment, "500m", 450);
    let written: Vec<_> = of_cpu(&starved).iter().map(|it| it.steps[0].to_string()).collect();
    let path = format!("{}/resources/limits/cpu", scene::APP);
    let line = |to| format!("  edit Deployment shop/web\n    {path}: \"500m\" -> \"{to}\"");
    assert_eq!(written, [line("750m"), line("1000m")]);

    let idle = scene::starved(Kind::Deployment, "500m", 449);
    assert_eq!(of_cpu(&idle), vec![]);
    let mut unknown = starved.clone();
    unknown.containers[0].cpu_used = None;
    assert_eq!(of_cpu(&unknown), vec![]);
    for limit in ["-1", "0", "lots", "", "9223372036854775807"] {
        assert_eq!(of_cpu(&scene::starved(Kind::Deployment, limit, u64::MAX)), vec![], "{limit}");
    }
    let mut answers = starved;
    answers.containers[0].probes[0].failure =
        Some("HTTP probe failed with statuscode: 404".to_owned());
    assert_eq!(of_cpu(&answers), vec![]);
}

/// A CPU limit of `app` that was raised to this in vain: its probe failed again.
fn failed_raise(strategy: &str, to: &str) -> FailedFix {
    let path = format!("{}/resources/limits/cpu", scene::APP);
    FailedFix { edits: vec![scene::edit(&path, "500m", to)], ..scene::failed_raise(strategy, "") }
}

#[test]
fn four_times_the_cpu_comes_after_double_was_too_little_and_nothing_after_that() {
    let mut evidence = scene::starved(Kind::Deployment, "500m", 490);
    let doses = |evidence: &Evidence| -> Vec<String> {
        of_cpu(evidence).iter().map(|it| it.strategy.key()).collect()
    };
    evidence.failed = vec![failed_raise("raise_cpu_limit@1.5", "750m")];
    assert_eq!(doses(&evidence), ["raise_cpu_limit@2"]);
    evidence.failed.push(failed_raise("raise_cpu_limit@2", "1000m"));
    assert_eq!(doses(&evidence), ["raise_cpu_limit@4"]);
    assert!(of_cpu(&evidence)[0].to_string().contains(r#""500m" -> "2000m""#));
    // Another trouble came with it: that says nothing of the amount.
    evidence.failed[1].again = false;
    assert_eq!(doses(&evidence), ["raise_cpu_limit@2"]);
    evidence.failed[1].again = true;
    evidence.failed.push(failed_raise("raise_cpu_limit@4", "2000m"));
    assert_eq!(doses(&evidence), [""; 0]);
}

#[test]
fn four_times_the_cpu_is_not_offered_above_the_cap() {
    let mut evidence = scene::starved(Kind::Deployment, "500m", 490);
    evidence.failed = vec![failed_raise("raise_cpu_limit@2", "1000m")];
    let capped = ResourceRoom { cap: Some(1999), ..ResourceRoom::default() };
    evidence.room = Some(RoomFacts { memory: ResourceRoom::default(), cpu: capped });

    assert_eq!(of_cpu(&evidence), vec![]);
}

#[test]
fn a_readiness_probe_is_about_cpu_only_when_the_answer_comes_too_late() {
    let mut evidence = scene::starved(Kind::Deployment, "500m", 500);
    let probe = &mut evidence.containers[0].probes[0];
    probe.kind = ProbeKind::Readiness;
    let has = |evidence: &Evidence| {
        keys(Fault::ReadinessProbeFailing, evidence).iter().any(|it| it == "raise_cpu_limit@2")
    };
    assert!(!has(&evidence));
    evidence.containers[0].probes[0].failure = Some("context deadline exceeded".to_owned());
    assert!(has(&evidence));
}

#[test]
fn a_cpu_limit_grows_to_at_most_double_and_never_above_the_cap() {
    for to in ["500m", "499m", "1001m", "-1", "lots", "0", "2"] {
        check(starved(), "out_of_scope", |it| it.edits()[0].to = Some(json!(to)));
    }
    check(starved(), "out_of_scope", |it| it.edits()[0].from = Some(json!("400m")));
    check(starved(), "over_cap", |it| it.policy.caps.cpu = scene::quantity("600m"));
    check(starved(), "out_of_scope", |it| {
        it.edits()[0].path = scene::path(&format!("{}/resources/limits/memory", scene::APP));
    });
}

#[test]
fn what_breaks_a_bound_of_the_namespace_is_neither_offered_nor_let_through() {
    let tight = |room: ResourceRoom| {
        let mut evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
        evidence.room = Some(memory(room));
        let offered = keys(Fault::OomKilled, &evidence);
        assert!(offered.iter().all(|it| !it.starts_with("raise_memory_limit")), "{offered:?}");
        check(Case::oom(), "no_room", |it| it.evidence.room = evidence.room.clone());
    };
    let (limit, none) = (Some(64 << 20), ResourceRoom::default());
    tight(ResourceRoom { container_max: limit, ..none });
    tight(ResourceRoom { pod_max: limit, ..none });
    tight(ResourceRoom { limits_left: Some(1 << 20), ..none });
    tight(ResourceRoom { requests_left: Some(0), ..none });
}

#[test]
fn a_limit_range_bounds_how_far_a_limit_is_above_its_request() {
    let mut case = Case::oom();
    case.evidence.containers[0].memory_request = Some(scene::quantity("32Mi"));
    let ratio = |thousandths| ResourceRoom {
        ratio_thousandths: Some(thousandths),
        ..ResourceRoom::default()
    };
    case.evidence.room = Some(memory(ratio(3000)));

    check(case, "no_room", |it| it.evidence.room = Some(memory(ratio(2999))));
}

#[test]
fn what_nobody_knows_leaves_no_room() {
    check(Case::oom(), "no_room", |it| it.evidence.room = None);
    check(Case::oom(), "no_room", |it| it.evidence.nodes = None);
    check(Case::oom(), "no_room", |it| {
        it.evidence.nodes.as_mut().unwrap().largest_memory = 64 << 20;
    });
}

#[test]
fn a_quota_has_to_hold_the_pods_that_a_rollout_makes_beside_the_old_ones() {
    let mut evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
    evidence.workload.surge = 1;
    let left = |mebi: u64| ResourceRoom {
        limits_left: Some(mebi << 20),
        requests_left: Some(mebi << 20),
        ..ResourceRoom::default()
    };
    // Two of 96Mi less the one of 64Mi that is there.
    evidence.room = Some(memory(left(127)));
    assert!(!keys(Fault::OomKilled, &evidence).contains(&"raise_memory_limit@1.5".to_owned()));
    evidence.room = Some(memory(left(128)));
    assert!(keys(Fault::OomKilled, &evidence).contains(&"raise_memory_limit@1.5".to_owned()));
}

#[test]
fn the_quality_of_service_of_a_pod_stays() {
    let mut evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
    evidence.containers[0].memory_request = Some(scene::quantity("64Mi"));
    check(Case::offered(Fault::OomKilled, evidence), "no_room", |it| {
        it.edits().remove(1);
    });
}

#[test]
fn where_the_next_dose_does_not_fit_what_fits_is_offered() {
    let mut evidence = scene::out_of_memory(Kind::Deployment, "600Mi");
    evidence.room = Some(memory(ResourceRoom { cap: Some(2 << 30), ..ResourceRoom::default() }));
    evidence.failed = vec![scene::failed_raise("raise_memory_limit@2", "1200Mi")];

    let plans = scene::plans(Fault::OomKilled, &evidence);

    assert_eq!(plans[0].strategy.key(), "raise_memory_limit@room");
    assert!(plans[0].to_string().contains(r#""600Mi" -> "2048Mi""#), "{}", plans[0]);
    evidence.failed = vec![scene::failed_raise("raise_memory_limit@room", "2048Mi")];
    assert_eq!(scene::plans(Fault::OomKilled, &evidence), vec![]);
}
