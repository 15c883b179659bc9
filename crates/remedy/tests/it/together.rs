//! What is mended together, what more than a declaration speaks for, and what only a later run could prove.

use remedy::Consent;
use serde_json::json;
use types::{Action, Evidence, Fault, FixPlan, Kind, ProbeKind, ReferenceKind, Risk, ServiceFacts};

use crate::gates::{Case, check};
use crate::scene::{self, APP, NOW, at, edit};

/// The tag is wrong, and so is the name of a ConfigMap.
fn both(near: &str) -> Evidence {
    let mut evidence = scene::wrong_tag(Kind::Deployment, &[("shop/web:1.3", "revision 1", true)]);
    evidence.references = scene::dangling(ReferenceKind::ConfigMap, "web-cofig", near).references;
    evidence
}

fn edits(plan: &FixPlan) -> Vec<types::Edit> {
    let edits = plan.steps.iter().filter_map(|it| match &it.action {
        Action::Edit(edits) => Some(edits.clone()),
        Action::Evict | Action::Restart => None,
    });
    edits.flatten().collect()
}

#[test]
fn a_wrong_tag_and_a_wrong_name_are_mended_in_one_plan() {
    let evidence = both("web-config");

    let plan = scene::plans(Fault::ImageNotFound, &evidence).remove(0);

    assert_eq!(plan.risk, Risk::Auto);
    let name = format!("{APP}/envFrom/0/configMapRef/name");
    assert_eq!(
        edits(&plan),
        [
            edit(&format!("{APP}/image"), "shop/web:1.4", "shop/web:1.3"),
            edit(&name, "web-cofig", "web-config"),
        ]
    );
}

#[test]
fn whoever_is_asked_for_one_of_the_edits_is_asked_for_both() {
    // `web-cofig` and `wib-config` differ by more than a slip of the finger.
    let asks = Case::offered(Fault::ImageNotFound, both("wib-config"));
    assert_eq!(asks.plan.risk, Risk::Ask);

    let offered = || Case::offered(Fault::ImageNotFound, both("web-config"));
    for strategy in ["replace_image_tag", "fix_reference"] {
        check(offered(), "needs_approval", |it| {
            it.policy.strategies.insert(strategy.to_owned(), Consent::Ask);
        });
        check(offered(), "strategy_switched_off", |it| {
            it.policy.strategies.insert(strategy.to_owned(), Consent::Off);
        });
    }
}

#[test]
fn beside_an_image_only_a_config_map_that_is_not_there_is_named() {
    let offered = || Case::offered(Fault::ImageNotFound, both("web-config"));
    check(offered(), "out_of_scope", |it| it.evidence.references[0].exists = Some(true));
    check(offered(), "out_of_scope", |it| it.evidence.references[0].exists = None);
    check(offered(), "out_of_scope", |it| {
        it.evidence.references[0].kind = ReferenceKind::Secret;
    });
    check(offered(), "out_of_scope", |it| it.edits()[1].to = Some(json!("web-other")));
    check(offered(), "out_of_scope", |it| drop(it.edits().remove(0)));
    check(offered(), "out_of_scope", |it| {
        it.edits()[1] = edit(&format!("{APP}/command/0"), "a", "b");
    });
}

/// A mount takes a key that the ConfigMap does not have.
fn mounted(fault: Fault) -> Case {
    let mut evidence = scene::dangling(ReferenceKind::ConfigMap, "web", "app.yaml");
    let reference = &mut evidence.references[0];
    reference.key = Some("app.ymal".to_owned());
    reference.path = format!("{APP}/volumeMounts/0/subPath");
    Case::offered(fault, evidence)
}

#[test]
fn a_mount_is_pointed_at_the_key_that_exists() {
    for fault in [Fault::CrashLoopBackOff, Fault::ContainerCannotRun] {
        let case = mounted(fault);
        let path = format!("{APP}/volumeMounts/0/subPath");
        assert_eq!(edits(&case.plan), [edit(&path, "app.ymal", "app.yaml")]);
        assert_eq!(case.plan.risk, Risk::Auto);
    }
    let crashes = || mounted(Fault::CrashLoopBackOff);
    check(crashes(), "out_of_scope", |it| it.edits()[0].to = Some(json!("other.yaml")));
    check(crashes(), "out_of_scope", |it| it.evidence.references[0].exists = Some(true));
    check(crashes(), "out_of_scope", |it| {
        let place = format!("{APP}/volumeMounts/0/mountPath");
        it.evidence.references[0].path.clone_from(&place);
        it.edits()[0].path = scene::path(&place);
    });
}

#[test]
fn a_name_that_several_keys_are_taken_of_is_mended_once() {
    let mut evidence = scene::dangling(ReferenceKind::ConfigMap, "web-cofig", "web-config");
    let mut key = evidence.references[0].clone();
    key.key = Some("a".to_owned());
    evidence.references.push(key);

    let case = Case::offered(Fault::ConfigNotFound, evidence);

    assert_eq!(edits(&case.plan).len(), 1);
    assert_eq!(case.answer(), Ok(()));
}

/// The readiness probe asks 8081, where nobody listens.
fn asked(ports: &[u16], listens: &[u16], targets: &[&str]) -> Evidence {
    let mut evidence = scene::probed(ProbeKind::Readiness, "dial tcp: connect: connection refused");
    let container = &mut evidence.containers[0];
    container.ports = ports.iter().map(|it| (String::new(), *it)).collect();
    container.listens = listens.to_vec();
    container.probes[0].port = Some("8081".to_owned());
    container.state.running_since = Some(at(NOW - 600));
    evidence.services = vec![ServiceFacts {
        name: "web".to_owned(),
        addresses: vec![],
        selects: true,
        behind: vec!["Deployment web".to_owned()],
        targets: targets.iter().map(|it| (*it).to_owned()).collect(),
    }];
    evidence
}

fn meant(evidence: &Evidence) -> Option<(u64, Risk)> {
    let plans = scene::plans(Fault::ReadinessProbeFailing, evidence);
    let plan = plans.into_iter().find(|it| it.strategy.name() == "fix_probe_port")?;
    Some((edits(&plan)[0].to.as_ref()?.as_u64()?, plan.risk))
}

#[test]
fn a_probe_is_pointed_at_the_one_port_that_is_left() {
    for (ports, listens, targets, expected) in [
        (&[8080, 9090][..], &[8080][..], &[][..], Some((8080, Risk::Auto))),
        (&[8080, 9090], &[], &["8080"], Some((8080, Risk::Auto))),
        (&[8080], &[], &["9000"], Some((8080, Risk::Auto))),
        // What it says itself stands above what others want, and a declaration that it contradicts says nothing.
        (&[8080, 9090], &[9090], &["8080"], Some((9090, Risk::Auto))),
        (&[8080], &[9000], &[], Some((9000, Risk::Ask))),
        (&[], &[8080], &[], Some((8080, Risk::Ask))),
        (&[], &[], &["8080"], Some((8080, Risk::Ask))),
        // Nothing leaves just one, or the probe is right.
        (&[], &[], &[], None),
        (&[], &[], &["8080", "9090"], None),
        (&[8080, 9090], &[], &[], None),
        (&[8080, 9090], &[8080, 9090], &[], None),
        (&[8080], &[8081], &[], None),
    ] {
        let found = meant(&asked(ports, listens, targets));
        assert_eq!(found, expected, "{ports:?} {listens:?} {targets:?}");
    }
    // A Service of somebody else, and a probe that succeeds.
    let mut evidence = asked(&[], &[], &["8080"]);
    evidence.services[0].behind = vec!["Deployment cart".to_owned()];
    assert_eq!(meant(&evidence), None);
    let mut sibling = evidence.containers[0].probes[0].clone();
    (sibling.kind, sibling.failure) = (ProbeKind::Liveness, None);
    sibling.port = Some("8080".to_owned());
    evidence.containers[0].probes.push(sibling);
    assert_eq!(meant(&evidence), Some((8080, Risk::Ask)));
}

#[test]
fn a_port_that_is_not_declared_is_asked_for_by_a_person_alone() {
    let heard = || Case::offered(Fault::ReadinessProbeFailing, asked(&[], &[8080], &[])).approved();
    check(heard(), "out_of_scope", |it| it.plan.risk = Risk::Auto);
    check(heard(), "out_of_scope", |it| it.evidence.containers[0].listens.clear());
    check(heard(), "out_of_scope", |it| it.edits()[0].to = Some(json!(22)));
    check(heard(), "needs_approval", |it| it.world = |_| {});
}

#[test]
fn what_only_a_far_run_could_prove_is_shown() {
    let dangling = |next: Option<i64>| {
        let mut evidence = scene::evidence(Kind::CronJob);
        evidence.workload.next_run = next.map(at);
        evidence.references =
            scene::dangling(ReferenceKind::ConfigMap, "web-cofig", "web-config").references;
        let template = "/spec/jobTemplate/spec/template/spec/containers/0";
        evidence.references[0].path = format!("{template}/envFrom/0/configMapRef/name");
        evidence
    };
    for (next, risk) in [
        (Some(NOW + 60), Risk::Auto),
        (Some(NOW + 900), Risk::Auto),
        (Some(NOW + 901), Risk::Advice),
        (None, Risk::Advice),
    ] {
        let plan = scene::plans(Fault::ConfigNotFound, &dangling(next)).remove(0);
        assert_eq!(plan.risk, risk, "{next:?}");
        assert_eq!(plan.because.contains("next run"), risk == Risk::Advice, "{next:?}");
    }
    // Whoever planned it.
    let soon = || Case::offered(Fault::ConfigNotFound, dangling(Some(NOW + 60)));
    check(soon(), "advice_only", |it| it.evidence.workload.next_run = None);
    check(soon().approved(), "advice_only", |it| it.evidence.workload.next_run = None);
}

#[test]
fn what_mends_the_present_job_as_well_waits_for_no_run() {
    let mut evidence = scene::wrong_tag(Kind::CronJob, &[("shop/web:1.3", "revision 1", true)]);
    evidence.workload.next_run = None;

    let case = Case::offered(Fault::ImageNotFound, evidence);

    assert_eq!(case.plan.risk, Risk::Auto);
    assert_eq!(case.answer(), Ok(()));
}

#[test]
fn a_secret_that_is_only_named_like_another_is_left_until_somebody_says_that_it_is_not_there() {
    let mut evidence = scene::dangling(ReferenceKind::Secret, "shop", "");
    let reference = &mut evidence.references[0];
    (reference.exists, reference.near_miss) = (None, None);
    reference.meant = Some("shop-prod".to_owned());
    assert_eq!(scene::plans(Fault::ConfigNotFound, &evidence), []);

    let message = "secret \"shop\" not found".to_owned();
    evidence.containers[0].state.waiting_message = Some(message);
    let plan = scene::plans(Fault::ConfigNotFound, &evidence).remove(0);
    assert_eq!(plan.risk, Risk::Advice);
}
