//! What two facts agree on goes unasked, and where one is missing a person is asked or shown.

use serde_json::json;
use types::{
    ContainerRole, DefaultOf, Evidence, Fault, FixPlan, GivenRequest, Kind, ReferenceKind, Risk,
    SlipFacts, SlipKind,
};

use crate::gates::{Case, check};
use crate::scene::{self, APP, edit, quantity};

/// No node has what the pod asks for, and the facts say what was meant.
fn far_too_much(alike: bool) -> Evidence {
    let mut evidence = scene::evidence(Kind::Deployment);
    let app = &mut evidence.containers[0];
    (app.cpu_request, app.cpu_limit) = (Some(quantity("50")), Some(quantity("50")));
    evidence.pods[0].unschedulable =
        Some("0/1 nodes are available: 1 Insufficient cpu.".to_owned());
    let path = format!("{APP}/resources/requests/cpu");
    evidence.slips = vec![SlipFacts {
        config_map: None,
        container: "app".to_owned(),
        kind: SlipKind::Unit,
        path: path.clone(),
        shown_by: "Deployment web-eu runs the same image with 50m cpu.".to_owned(),
        alike,
        edits: vec![edit(&path, "50", "50m")],
    }];
    evidence
}

fn offered(name: &str, fault: Fault, evidence: &Evidence) -> Option<FixPlan> {
    scene::plans(fault, evidence).into_iter().find(|it| it.strategy.name() == name)
}

#[test]
fn a_request_that_no_node_has_becomes_that_of_another_workload_of_the_image() {
    let evidence = far_too_much(true);
    let plan = offered("lower_requests", Fault::Unschedulable, &evidence).unwrap();
    assert_eq!(plan.risk, Risk::Auto);
    assert!(plan.to_string().ends_with(r#"requests/cpu: "50" -> "50m""#), "{plan}");
    assert_eq!(offered("correct_typo", Fault::Unschedulable, &evidence), None);
    let case = || Case::offered(Fault::Unschedulable, evidence.clone());
    // Without a limit that bounds it, a request above the cap could not be put back.
    check(case(), "needs_approval", |it| it.evidence.containers[0].cpu_limit = None);

    // Nobody else has it: it is shown.
    let alone = far_too_much(false);
    assert_eq!(offered("lower_requests", Fault::Unschedulable, &alone), None);
    let shown = offered("correct_typo", Fault::Unschedulable, &alone).unwrap();
    assert_eq!(shown.risk, Risk::Advice);
}

#[test]
fn a_default_that_no_node_has_gives_way_to_a_request_of_its_own() {
    let given = |range: bool| {
        let mut evidence = far_too_much(true);
        let container = &mut evidence.containers[0];
        (container.cpu_request, container.cpu_limit) = (None, None);
        container.given_requests = vec![GivenRequest {
            resource: "cpu".to_owned(),
            amount: quantity("100"),
            default_of: range.then(|| DefaultOf {
                limit_range: "usual".to_owned(),
                path: "/spec/limits/0/defaultRequest/cpu".to_owned(),
            }),
        }];
        evidence.slips[0].kind = SlipKind::Amount;
        evidence.slips[0].edits[0].from = None;
        evidence
    };

    let plan = offered("lower_requests", Fault::Unschedulable, &given(true)).unwrap();
    assert_eq!(plan.risk, Risk::Auto);
    assert_eq!(Case::offered(Fault::Unschedulable, given(true)).answer(), Ok(()));
    // Something else gives it, and would give it again.
    assert_eq!(offered("lower_requests", Fault::Unschedulable, &given(false)), None);
}

#[test]
fn no_other_amount_is_put_and_none_below_what_is_used() {
    let case = || Case::offered(Fault::Unschedulable, far_too_much(true));
    for to in ["51m", "0", "-1", "50", "lots"] {
        check(case(), "out_of_scope", |it| it.edits()[0].to = Some(json!(to)));
    }
    check(case(), "out_of_scope", |it| it.evidence.slips[0].alike = false);
    check(case(), "out_of_scope", |it| it.evidence.slips.clear());
    check(case(), "out_of_scope", |it| it.evidence.slips[0].kind = SlipKind::Value);
    check(case(), "out_of_scope", |it| it.evidence.containers[0].cpu_used = Some(80));
    check(case(), "out_of_scope", |it| {
        it.evidence.nodes.as_mut().unwrap().largest_cpu = 64_000;
    });
}

#[test]
fn an_architecture_by_another_name_is_called_as_nodes_call_it() {
    let named = |wrong: &str, meant: &str| {
        let key = "kubernetes.io/arch";
        let mut evidence = scene::unplaced(ReferenceKind::NodeLabelValue, wrong, key, meant);
        evidence.references[0].near_miss = None;
        evidence.references[0].meant = Some(meant.to_owned());
        evidence
    };
    let risk = |wrong: &str, meant: &str| {
        let plan = offered("fix_reference", Fault::Unschedulable, &named(wrong, meant));
        plan.map(|it| it.risk)
    };
    assert_eq!(risk("x86_64", "amd64"), Some(Risk::Auto));
    assert_eq!(risk("aarch64", "arm64"), Some(Risk::Auto));
    for (wrong, meant) in [("x86_64", "arm64"), ("ppc", "amd64"), ("arm64", "amd64")] {
        assert_eq!(risk(wrong, meant), Some(Risk::Advice), "{wrong}");
    }

    let case = || Case::offered(Fault::Unschedulable, named("x86_64", "amd64"));
    check(case(), "out_of_scope", |it| it.edits()[0].to = Some(json!("arm64")));
    check(case(), "out_of_scope", |it| it.evidence.references[0].key = Some("disk".to_owned()));
    check(case(), "out_of_scope", |it| {
        it.evidence.references[0].meant = Some("arm64".to_owned());
        it.edits()[0].to = Some(json!("arm64"));
    });
}

#[test]
fn a_priority_class_in_another_style_of_writing_is_the_same() {
    let risk = |wrong: &str, near: &str| {
        let mut evidence = scene::dangling(ReferenceKind::PriorityClass, wrong, near);
        evidence.references[0].path = "/spec/template/spec/priorityClassName".to_owned();
        let plan = offered("fix_reference", Fault::FailedCreate, &evidence).unwrap();
        let answer = Case::offered(Fault::FailedCreate, evidence).answer();
        (plan.risk, answer.map_err(|it| it.code()))
    };
    assert_eq!(risk("webhigh", "web-high"), (Risk::Auto, Ok(())));
    assert_eq!(risk("hihg", "high"), (Risk::Ask, Err("needs_approval")));
}

#[test]
fn a_pod_goes_unasked_for_a_mark_that_somebody_is_at_work_and_for_no_data() {
    let left = |change: fn(&mut Evidence)| {
        let mut evidence = scene::evidence(Kind::Deployment);
        evidence.workload.was_ready = true;
        evidence.containers[0].left_behind = Some("/run/server.pid".to_owned());
        evidence.containers[0].left_in_scratch = true;
        change(&mut evidence);
        offered("restart_pod", Fault::CrashLoopBackOff, &evidence).map(|it| it.risk)
    };
    assert_eq!(left(|_| {}), Some(Risk::Auto));
    assert_eq!(left(|it| it.containers[0].left_in_scratch = false), Some(Risk::Ask));
    assert_eq!(left(|it| it.containers[0].role = ContainerRole::Init), Some(Risk::Ask));
    assert_eq!(left(|it| it.workload.was_ready = false), Some(Risk::Ask));
}
