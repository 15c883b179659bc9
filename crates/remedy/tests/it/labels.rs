//! Labels, classes and schedulers that a template names and that are known by nearly that name.

use serde_json::json;
use types::{Evidence, Fault, FixPlan, Kind, ReferenceKind, Risk};

use crate::gates::{Case, check};
use crate::scene;

fn offered(fault: Fault, evidence: &Evidence) -> Option<FixPlan> {
    scene::plans(fault, evidence).into_iter().find(|it| it.strategy.name() == "fix_reference")
}

/// A name that stands directly in the pod spec.
fn named(kind: ReferenceKind, field: &str, wrong: &str, near: &str) -> Evidence {
    let mut evidence = scene::dangling(kind, wrong, near);
    evidence.references[0].path = format!("/spec/template/spec/{field}");
    evidence
}

#[test]
fn a_label_that_no_node_has_becomes_the_one_that_nodes_have() {
    let value = scene::unplaced(ReferenceKind::NodeLabelValue, "nmve", "disk", "nvme");
    let plan = offered(Fault::Unschedulable, &value).unwrap();
    assert_eq!(plan.risk, Risk::Auto);
    assert_eq!(
        plan.steps[0].to_string(),
        "  edit Deployment shop/web\n    /spec/template/spec/nodeSelector/disk: \"nmve\" -> \"nvme\""
    );

    let key = scene::unplaced(ReferenceKind::NodeLabelKey, "a.io/dsik", "ssd", "a.io/disk");
    let plan = offered(Fault::Unschedulable, &key).unwrap();
    assert_eq!(
        plan.steps[0].to_string(),
        "  edit Deployment shop/web\n    /spec/template/spec/nodeSelector/a.io~1dsik: \"ssd\" -> nothing\n    \
         /spec/template/spec/nodeSelector/a.io~1disk: nothing -> \"ssd\""
    );
    assert_eq!(Case::offered(Fault::Unschedulable, key).answer(), Ok(()));
    assert_eq!(Case::offered(Fault::Unschedulable, value).answer(), Ok(()));
}

#[test]
fn a_renamed_label_keeps_its_value_and_is_the_near_miss() {
    let case = || {
        let key = scene::unplaced(ReferenceKind::NodeLabelKey, "dsik", "ssd", "disk");
        Case::offered(Fault::Unschedulable, key)
    };
    check(case(), "out_of_scope", |it| it.edits()[1].to = Some(json!("hdd")));
    check(case(), "out_of_scope", |it| {
        it.edits()[1].path = scene::path("/spec/template/spec/nodeSelector/other");
    });
    check(case(), "out_of_scope", |it| {
        it.edits().pop();
    });
    check(case(), "out_of_scope", |it| {
        it.edits()[1].path = scene::path("/spec/template/spec/hostNetwork");
    });
    check(case(), "out_of_scope", |it| it.evidence.references[0].exists = Some(true));
}

#[test]
fn another_place_is_asked_for_and_so_is_what_changes_who_goes_first() {
    let zone = "topology.kubernetes.io/zone";
    for (wrong, beside, near, risk) in [
        ("eu-wset", zone, "eu-west", Risk::Ask),
        ("rack-a", "rack", "rack-b", Risk::Ask),
        ("rack-1", "rack", "rack-2", Risk::Ask),
        ("storgae", "pool", "storage", Risk::Auto),
        ("amd46", "kubernetes.io/arch", "amd64", Risk::Auto),
        ("linx", "kubernetes.io/os", "linux", Risk::Auto),
        ("arm", "kubernetes.io/arch", "arm64", Risk::Ask),
    ] {
        let evidence = scene::unplaced(ReferenceKind::NodeLabelValue, wrong, beside, near);
        assert_eq!(offered(Fault::Unschedulable, &evidence).unwrap().risk, risk, "{wrong}");
    }
    let class = named(ReferenceKind::PriorityClass, "priorityClassName", "hihg", "high");
    assert_eq!(offered(Fault::FailedCreate, &class).unwrap().risk, Risk::Ask);
    let scheduler = named(ReferenceKind::Scheduler, "schedulerName", "voclano", "volcano");
    assert_eq!(offered(Fault::Unschedulable, &scheduler).unwrap().risk, Risk::Ask);
}

#[test]
fn how_isolated_a_pod_is_no_machine_decides() {
    let class = named(ReferenceKind::RuntimeClass, "runtimeClassName", "gvisro", "gvisor");
    let mut plan = offered(Fault::FailedCreate, &class).unwrap();
    assert_eq!(plan.risk, Risk::Advice);

    plan.risk = Risk::Ask;
    let mut world = scene::world(&class, &[]);
    world.authority = scene::person();
    let refusal = remedy::approve(plan, &remedy::Policy::default(), &world).unwrap_err();
    assert_eq!(refusal.code(), "out_of_scope");
}

#[test]
fn no_pod_gets_a_class_of_the_system() {
    let near = "system-node-critical";
    let wrong = "system-node-critcal";
    let class = || named(ReferenceKind::PriorityClass, "priorityClassName", wrong, near);
    let plan = offered(Fault::FailedCreate, &class()).unwrap();
    assert_eq!(plan.risk, Risk::Advice);
    assert!(plan.because.contains("only people give"), "{}", plan.because);

    let high = named(ReferenceKind::PriorityClass, "priorityClassName", "hihg", "high");
    let mut case = Case::offered(Fault::FailedCreate, high);
    case.world = |it| it.authority = scene::person();
    check(case, "out_of_scope", |it| {
        it.evidence = class();
        it.edits()[0].from = Some(json!(wrong));
        it.edits()[0].to = Some(json!(near));
    });
}

#[test]
fn the_guard_measures_how_far_names_are_apart_and_believes_no_fact() {
    let case = || {
        let map = scene::dangling(ReferenceKind::ConfigMap, "web-cofig", "web-config");
        Case::offered(Fault::ConfigNotFound, map)
    };
    for near in ["web-config-abc", "billing", "web-cofig"] {
        check(case(), "out_of_scope", |it| {
            it.evidence.references[0].near_miss = Some(near.to_owned());
            it.edits()[0].to = Some(json!(near));
        });
    }
    check(case(), "out_of_scope", |it| {
        let field = format!("{}/env/0/valueFrom/configMapKeyRef/key", scene::APP);
        it.edits()[0].path = scene::path(&field);
        it.evidence.references[0].path = field;
        it.evidence.references[0].key = Some("url".to_owned());
    });
    check(case(), "out_of_scope", |it| {
        it.evidence.references[0].key = Some("web-confi".to_owned());
        it.edits()[0].from = Some(json!("web-confi"));
    });
}

#[test]
fn what_a_person_is_asked_for_no_plan_declares_harmless() {
    let case = |kind, wrong, near| {
        let mut case = Case::offered(Fault::ConfigNotFound, scene::dangling(kind, wrong, near));
        case.world = |it| it.authority = scene::person();
        case
    };
    for (kind, wrong, near) in
        [(ReferenceKind::Claim, "dat", "data"), (ReferenceKind::ConfigMap, "db-1", "db-2")]
    {
        check(case(kind, wrong, near), "out_of_scope", |it| it.plan.risk = Risk::Auto);
    }
    check(case(ReferenceKind::Claim, "dat", "data"), "out_of_scope", |it| {
        it.evidence.references[0].kind = ReferenceKind::ServiceAccount;
    });
    let zone = scene::unplaced(
        ReferenceKind::NodeLabelValue,
        "eu-wset",
        "topology.kubernetes.io/zone",
        "eu-west",
    );
    let mut case = Case::offered(Fault::Unschedulable, zone);
    case.world = |it| it.authority = scene::person();
    check(case, "out_of_scope", |it| it.plan.risk = Risk::Auto);
    let key = scene::unplaced(ReferenceKind::NodeLabelKey, "rack-a", "ssd", "rack-b");
    let mut case = Case::offered(Fault::Unschedulable, key);
    case.world = |it| it.authority = scene::person();
    check(case, "out_of_scope", |it| it.plan.risk = Risk::Auto);
}

#[test]
fn whose_rights_a_pod_has_no_machine_decides() {
    let account = named(ReferenceKind::ServiceAccount, "serviceAccountName", "wbe", "web");
    let mut plan = offered(Fault::FailedCreate, &account).unwrap();
    assert_eq!(plan.risk, Risk::Advice);
    assert!(
        plan.to_string().contains("/spec/template/spec/serviceAccountName: \"wbe\" -> \"web\"")
    );

    plan.risk = Risk::Ask;
    let mut world = scene::world(&account, &[]);
    world.authority = scene::person();
    let refusal = remedy::approve(plan, &remedy::Policy::default(), &world).unwrap_err();
    assert_eq!(refusal.code(), "out_of_scope");
}

#[test]
fn a_broken_name_that_does_not_explain_the_fault_is_left_alone() {
    let class = named(ReferenceKind::PriorityClass, "priorityClassName", "hihg", "high");
    assert_eq!(offered(Fault::Unschedulable, &class), None);
    let label = scene::unplaced(ReferenceKind::NodeLabelValue, "nmve", "disk", "nvme");
    assert_eq!(offered(Fault::FailedCreate, &label), None);
    for near in ["a/b", "", "x\ny", "nvme-of-another"] {
        let label = scene::unplaced(ReferenceKind::NodeLabelValue, "nmve", "disk", near);
        assert_eq!(offered(Fault::Unschedulable, &label), None, "{near:?}");
    }
}

#[test]
fn the_key_of_a_secret_is_a_slip_only_when_the_kubelet_says_so() {
    let mut evidence = scene::dangling(ReferenceKind::Secret, "db", "password");
    let reference = &mut evidence.references[0];
    reference.key = Some("pasword".to_owned());
    reference.exists = None;
    reference.path = format!("{}/env/0/valueFrom/secretKeyRef/key", scene::APP);
    assert_eq!(offered(Fault::ConfigNotFound, &evidence), None);

    evidence.containers[0].state.waiting_message =
        Some("couldn't find key pasword in Secret shop/db".to_owned());
    assert!(
        offered(Fault::ConfigNotFound, &evidence).unwrap().to_string().contains("\"password\"")
    );
}

#[test]
fn a_probe_asks_for_the_path_that_another_probe_is_answered_at() {
    let case = || {
        let evidence = scene::asked_elsewhere(Kind::Deployment);
        Case::offered(Fault::ReadinessProbeFailing, evidence)
    };
    assert!(case().plan.to_string().contains(r#"path: "/helthz" -> "/healthz""#));
    for to in ["/health", "/admin", "healthz", "", "/helthz"] {
        check(case(), "out_of_scope", |it| it.edits()[0].to = Some(json!(to)));
    }
    check(case(), "out_of_scope", |it| {
        it.evidence.containers[0].probes[1].failure = Some("statuscode: 500".to_owned());
    });
    check(case(), "out_of_scope", |it| it.edits()[0].from = Some(json!("/other")));
}

#[test]
fn a_probe_asks_with_the_scheme_that_another_probe_is_answered_with() {
    let mut evidence = scene::asked_elsewhere(Kind::Deployment);
    let said = "http: server gave HTTP response to HTTPS client";
    let probe = &mut evidence.containers[0].probes[0];
    (probe.failure, probe.scheme) = (Some(said.to_owned()), Some("HTTPS".to_owned()));
    probe.path = Some("/healthz".to_owned());
    let case = Case::offered(Fault::ReadinessProbeFailing, evidence);
    assert!(case.plan.to_string().contains(r#"scheme: "HTTPS" -> "HTTP""#), "{}", case.plan);

    check(case, "out_of_scope", |it| it.edits()[0].to = Some(json!("FTP")));
}
