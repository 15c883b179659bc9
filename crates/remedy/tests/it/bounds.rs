//! The bounds of what each strategy may write, checked on plans that somebody tampered with.

use serde_json::{Value, json};
use types::{Edit, Fault, Kind, ProbeKind, ReferenceKind, RegistryTags, Risk, Strategy};

use crate::gates::{Case, check, passes};
use crate::scene::{self, APP, edit, path};

#[test]
fn a_limit_grows_from_what_was_seen_to_at_most_double_and_never_above_the_cap() {
    for to in ["64Mi", "63Mi", "129Mi", "-1", "lots", "0", "65Mi\n", "16E"] {
        check(Case::oom(), "out_of_scope", |it| it.edits()[0].to = Some(json!(to)));
    }
    check(Case::oom(), "out_of_scope", |it| it.edits()[0].to = Some(json!(96 << 20)));
    check(Case::oom(), "out_of_scope", |it| it.edits()[0].to = None);
    check(Case::oom(), "out_of_scope", |it| it.edits()[0].from = Some(json!("63Mi")));
    check(Case::oom(), "over_cap", |it| it.policy.caps.memory = scene::quantity("80Mi"));
}

#[test]
fn a_limit_that_lost_its_unit_goes_nowhere_but_to_what_was_meant() {
    let case = || Case::offered(Fault::OomKilled, scene::out_of_memory(Kind::Deployment, "256m"));
    assert_eq!(case().answer().unwrap_err().code(), "needs_approval");
    for to in ["512Mi", "255Mi", "256Gi", "1Mi"] {
        check(case().approved(), "out_of_scope", |it| it.edits()[0].to = Some(json!(to)));
    }
    check(case().approved(), "over_cap", |it| it.policy.caps.memory = scene::quantity("80Mi"));
}

#[test]
fn an_image_stays_in_its_repository_and_was_seen_to_run() {
    let case = || {
        let known = [("shop/web:1.3", "revision 3", true)];
        Case::offered(Fault::ImageNotFound, scene::wrong_tag(Kind::Deployment, &known))
    };
    for image in ["evil/web:1.3", "evil.example/shop/web:1.3", "shop/web:6", "shop/web", "", "a b"]
    {
        check(case(), "out_of_scope", |it| it.edits()[0].to = Some(json!(image)));
    }
    check(case(), "out_of_scope", |it| it.evidence.images.clear());
    check(case(), "out_of_scope", |it| {
        it.plan.strategy = Strategy::ReplaceImageTag { new_tag: "1.2".to_owned() };
    });
}

#[test]
fn an_image_that_the_operator_listed_goes_unasked() {
    let known = [("shop/web:9", "Deployment other/api", false)];
    let mut case = Case::offered(Fault::ImageNotFound, scene::wrong_tag(Kind::Deployment, &known));
    assert_eq!(case.answer().unwrap_err().code(), "needs_approval");

    case.policy.allowed_images.push("shop/web:9".to_owned());
    assert_eq!(case.answer(), Ok(()));
}

/// What the registry says in this case.
fn meant(it: &mut Case) -> &mut RegistryTags {
    it.evidence.registry_tags.as_mut().unwrap()
}

/// A plan with a tag that only the registry has, and a person who says yes to it.
fn listed() -> Case {
    Case::offered(Fault::ImageNotFound, scene::listed_tag(Kind::Deployment)).approved()
}

#[test]
fn a_tag_that_only_the_registry_has_is_put_after_a_yes_whatever_plan_and_policy_say() {
    let mut case = Case::offered(Fault::ImageNotFound, scene::listed_tag(Kind::Deployment));
    assert_eq!(case.plan.risk, Risk::Ask);
    case.policy =
        serde_json::from_value(json!({"strategies": {"replace_image_tag": "auto"}})).unwrap();
    for risk in [Risk::Ask, Risk::Auto] {
        case.plan.risk = risk;
        assert_eq!(case.answer().unwrap_err().code(), "needs_approval");
    }
    assert_eq!(listed().answer(), Ok(()));

    case.policy.allowed_images.push("shop/web:1.4".to_owned());
    assert_eq!(case.answer(), Ok(()));
    case.plan.risk = Risk::Ask;
    case.policy.strategies.clear();
    assert_eq!(case.answer(), Ok(()));
}

#[test]
fn a_tag_of_the_registry_is_the_one_that_was_meant_in_this_very_repository() {
    check(listed(), "out_of_scope", |it| it.evidence.registry_tags = None);
    check(listed(), "out_of_scope", |it| meant(it).meant = None);
    check(listed(), "out_of_scope", |it| meant(it).meant = Some("1.3".to_owned()));
    check(listed(), "out_of_scope", |it| meant(it).tags.retain(|it| it != "1.4"));
    check(listed(), "out_of_scope", |it| "shop/api".clone_into(&mut meant(it).repository));
    check(listed(), "out_of_scope", |it| "sidecar".clone_into(&mut meant(it).container));
    check(listed(), "out_of_scope", |it| it.edits()[0].to = Some(json!("evil/web:1.4")));
    check(listed(), "out_of_scope", |it| it.edits()[0].to = Some(json!("shop/web:1.4@sha256:ab")));
    // Neither is another number a slip, nor is `latest` what anybody meant.
    for (tag, wanted) in
        [("1.3", "1.4"), ("latest", "latset"), ("1.4/x", "v1.4"), ("1.4\n", "v1.4")]
    {
        check(listed(), "out_of_scope", |it| {
            let wanted = format!("shop/web:{wanted}");
            it.evidence.containers[0].image.clone_from(&wanted);
            let listed = meant(it);
            listed.tags.push(tag.to_owned());
            listed.meant = Some(tag.to_owned());
            it.edits()[0].from = Some(json!(wanted));
            it.edits()[0].to = Some(json!(format!("shop/web:{tag}")));
            it.plan.strategy = Strategy::ReplaceImageTag { new_tag: tag.to_owned() };
        });
    }
}

#[test]
fn a_tag_that_only_a_node_holds_is_put_by_nobody_whatever_plan_and_policy_say() {
    let known = [("shop/web:1.3", "revision 3", true)];
    let held = || {
        let evidence = scene::wrong_tag(Kind::Deployment, &known);
        let mut case = Case::offered(Fault::ImageNotFound, evidence).approved();
        case.policy =
            serde_json::from_value(json!({"strategies": {"replace_image_tag": "auto"}})).unwrap();
        case
    };
    assert_eq!(held().answer(), Ok(()));
    for risk in [Risk::Ask, Risk::Auto] {
        check(held(), "out_of_scope", |it| {
            it.evidence.images.clear();
            it.evidence.on_nodes = scene::held(&["shop/web:1.3"]);
            it.plan.risk = risk;
        });
    }
}

#[test]
fn a_rollback_leads_to_a_revision_that_was_ready_and_nowhere_else() {
    let case = || Case::offered(Fault::CrashLoopBackOff, scene::rolled_out(Kind::Deployment));
    check(case(), "out_of_scope", |it| it.edits()[0].to = Some(json!("shop/web:1.2")));
    check(case(), "out_of_scope", |it| {
        it.edits().push(edit("/spec/template/spec/hostPID", false, true));
    });
    check(case(), "out_of_scope", |it| it.evidence.revisions[1].was_ready = false);
    check(case(), "out_of_scope", |it| it.edits().clear());
    check(case(), "out_of_scope", |it| {
        let replicas = edit("/spec/replicas", 3, 0);
        it.edits().push(replicas.clone());
        it.evidence.revisions[1].edits.push(replicas);
    });
}

#[test]
fn a_rollback_takes_rights_away_after_a_yes_and_gives_none() {
    let setting = json!([{"name": "net.core.somaxconn", "value": "4096"}]);
    let path = path("/spec/template/spec/securityContext/sysctls");
    let rolled = |from: Option<Value>, to: Option<Value>| {
        let mut evidence = scene::rolled_out(Kind::DaemonSet);
        evidence.revisions[1].edits = vec![Edit { path: path.clone(), from, to }];
        Case::offered(Fault::FailedCreate, evidence)
    };
    let taken = || rolled(Some(setting.clone()), None);
    assert_eq!(taken().plan.risk, Risk::Ask);
    check(taken().approved(), "out_of_scope", |it| it.plan.risk = Risk::Auto);
    assert_eq!(taken().answer().unwrap_err().code(), "needs_approval");

    let given = rolled(None, Some(setting.clone()));
    assert_eq!(given.plan.risk, Risk::Advice);
    let mut given = given.approved();
    assert_eq!(given.answer().unwrap_err().code(), "advice_only");
    given.plan.risk = Risk::Ask;
    assert_eq!(given.answer().unwrap_err().code(), "out_of_scope");
}

#[test]
fn a_rollback_changes_nobody_s_user_and_is_shown_with_the_reason() {
    let rolled = |field: &str| {
        let mut evidence = scene::rolled_out(Kind::StatefulSet);
        let path = path(&format!("/spec/template/spec/{field}"));
        let (from, to) = (Some(json!(65534)), Some(json!(0)));
        evidence.revisions[1].edits = vec![Edit { path, from, to }];
        Case::offered(Fault::CrashLoopBackOff, evidence)
    };
    let priority = rolled("priority");
    assert_eq!((priority.plan.risk, priority.answer()), (Risk::Auto, Ok(())));

    let group = rolled("securityContext/runAsGroup");
    assert_eq!(group.plan.risk, Risk::Advice);
    assert!(group.plan.because.contains("/securityContext/runAsGroup, and who a pod is"));
    for risk in [Risk::Ask, Risk::Auto] {
        check(rolled("priority").approved(), "out_of_scope", |it| {
            it.evidence = group.evidence.clone();
            it.plan = types::FixPlan { risk, ..group.plan.clone() };
        });
    }
}

#[test]
fn a_rollback_opens_nothing_of_the_host_and_runs_no_command_as_a_probe() {
    let rolled = |field: &str, from: Option<Value>, to: Option<Value>| {
        let mut evidence = scene::rolled_out(Kind::Deployment);
        let path = path(&format!("/spec/template/{field}"));
        evidence.revisions[1].edits = vec![Edit { path, from, to }];
        Case::offered(Fault::CrashLoopBackOff, evidence)
    };
    let probe = "spec/containers/0/livenessProbe";
    let exec = Some(json!({"exec": {"command": ["sh"]}}));
    let port = Some(json!({"tcpSocket": {"port": 80}}));
    let mark = "metadata/annotations/example.com~1inject";
    let cases = [
        (probe, port.clone(), exec.clone(), Risk::Advice),
        (probe, port.clone(), Some(json!({"httpGet": {"port": 80}})), Risk::Auto),
        (probe, exec, port, Risk::Ask),
        ("spec/containers/0/ports/0/hostPort", None, Some(json!(80)), Risk::Advice),
        ("spec/containers/0/ports/0/hostPort", Some(json!(80)), None, Risk::Ask),
        ("spec/hostAliases", None, Some(json!([{"ip": "192.0.2.1"}])), Risk::Advice),
        (mark, Some(json!("true")), None, Risk::Advice),
        ("metadata/annotations/checksum~1config", Some(json!("b")), Some(json!("a")), Risk::Auto),
        ("metadata/annotations/release", Some(json!("2")), Some(json!("1")), Risk::Auto),
        ("metadata/annotations", Some(json!({"release": "2"})), None, Risk::Auto),
    ];
    for (field, from, to, risk) in cases {
        let mut case = rolled(field, from, to);
        assert_eq!(case.plan.risk, risk, "{field}");
        case.plan.risk = Risk::Ask;
        let approved = case.approved();
        assert_eq!(approved.answer().is_ok(), risk != Risk::Advice, "{field}");
    }

    let mut evidence = scene::rolled_out(Kind::Deployment);
    evidence.revisions[1].mounts_host = true;
    let mut mounts = Case::offered(Fault::CrashLoopBackOff, evidence.clone());
    assert_eq!(mounts.plan.risk, Risk::Advice);
    mounts.plan.risk = Risk::Ask;
    assert_eq!(mounts.approved().answer().unwrap_err().code(), "out_of_scope");
    evidence.revisions[1].mounts_host = false;
    assert_eq!(Case::offered(Fault::CrashLoopBackOff, evidence).answer(), Ok(()));
}

#[test]
fn a_rollback_whose_undo_would_be_refused_asks_a_person() {
    let rolled = |field: &str, from: Option<Value>, to: Option<Value>| {
        let mut evidence = scene::rolled_out(Kind::Deployment);
        let path = path(&format!("/spec/template/spec/{field}"));
        evidence.revisions[1].edits.push(Edit { path, from, to });
        Case::offered(Fault::CrashLoopBackOff, evidence)
    };
    let app = json!({"name": "app", "image": "shop/web:1.4"});
    let sidecar = json!({"name": "proxy", "image": "shop/proxy:1"});
    let limit = |it: &str| json!({"limits": {"memory": it}});
    let resources = "containers/0/resources";
    let context = "containers/0/securityContext/readOnlyRootFilesystem";
    let with = |amount: &str| json!([{"name": "app", "resources": limit(amount)}]);
    let asked = [
        ("containers", Some(json!([app, sidecar])), Some(json!([app]))),
        ("initContainers", Some(json!([sidecar])), None),
        (context, None, Some(json!(true))),
        (resources, Some(limit("64Gi")), Some(limit("1Gi"))),
        (resources, Some(limit("64Gi")), None),
        ("containers/0/resources/limits/cpu", Some(json!("900")), Some(json!("1"))),
        ("containers", Some(with("64Gi")), Some(with("1Gi"))),
    ];
    for (field, from, to) in asked {
        let case = || rolled(field, from.clone(), to.clone());
        assert_eq!(case().answer().unwrap_err().code(), "needs_approval", "{field}");
        assert_eq!(case().approved().answer(), Ok(()), "{field}");
    }
    let unasked = [
        ("containers/0/env/0/value", Some(json!("a")), Some(json!("b"))),
        ("containers/0/args", Some(json!(["-x"])), None),
        ("containers/0/readinessProbe/httpGet/port", Some(json!(81)), Some(json!(80))),
        (resources, Some(limit("512Mi")), Some(limit("256Mi"))),
        ("containers/0/resources/requests/memory", Some(json!("64Gi")), Some(json!("1Gi"))),
        ("volumes", Some(json!([{"name": "c", "configMap": {"name": "web"}}])), None),
        ("containers/0/volumeMounts", Some(json!([{"name": "c", "mountPath": "/c"}])), None),
        ("containers", Some(with("64Gi")), Some(with("64Gi"))),
    ];
    for (field, from, to) in unasked {
        assert_eq!(rolled(field, from, to).answer(), Ok(()), "{field}");
    }

    let mut evidence = scene::rolled_out(Kind::Deployment);
    evidence.revisions[1].unmounts_host = true;
    let mut unmounts = Case::offered(Fault::CrashLoopBackOff, evidence);
    assert_eq!(unmounts.answer().unwrap_err().code(), "needs_approval");
    unmounts.plan.risk = Risk::Auto;
    assert_eq!(unmounts.answer().unwrap_err().code(), "out_of_scope");
}

#[test]
fn a_listed_image_of_another_repository_is_still_another_repository() {
    let known = [("shop/web:1.3", "revision 3", true)];
    let case = Case::offered(Fault::ImageNotFound, scene::wrong_tag(Kind::Deployment, &known));

    check(case, "out_of_scope", |it| {
        it.policy.allowed_images.push("evil/web:1.3".to_owned());
        it.edits()[0].to = Some(json!("evil/web:1.3"));
    });
}

#[test]
fn a_request_below_the_limit_is_not_raised() {
    let mut evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
    evidence.containers[0].memory_request = Some(scene::quantity("64Mi"));

    check(Case::offered(Fault::OomKilled, evidence), "out_of_scope", |it| {
        it.evidence.containers[0].memory_request = Some(scene::quantity("32Mi"));
        it.edits()[1].from = Some(json!("32Mi"));
        it.edits()[1].to = Some(json!("64Mi"));
    });
}

#[test]
fn only_a_reference_that_leads_nowhere_is_pointed_at_its_near_miss() {
    let case = || {
        let evidence = scene::dangling(ReferenceKind::ConfigMap, "web-cofig", "web-config");
        Case::offered(Fault::ConfigNotFound, evidence)
    };
    check(case(), "out_of_scope", |it| it.evidence.references[0].exists = Some(true));
    check(case(), "out_of_scope", |it| it.evidence.references[0].near_miss = None);
    check(case(), "out_of_scope", |it| it.edits()[0].from = Some(json!("another")));
    for name in ["a/b", "web-config\n", ""] {
        check(case(), "out_of_scope", |it| {
            it.evidence.references[0].near_miss = Some(name.to_owned());
            it.edits()[0].to = Some(json!(name));
        });
    }
    for field in ["command/0", "args/0", "env/0/value", "image", "securityContext/runAsUserName"] {
        check(case(), "out_of_scope", |it| {
            let field = format!("{APP}/{field}");
            it.edits()[0].path = path(&field);
            it.evidence.references[0].path = field;
        });
    }
}

#[test]
fn of_a_probe_only_the_times_and_a_declared_port_are_written() {
    let relaxed = || {
        let evidence = scene::probed(ProbeKind::Liveness, "connection refused");
        Case::offered(Fault::LivenessProbeFailing, evidence)
    };
    for name in ["periodSeconds", "successThreshold", "terminationGracePeriodSeconds"] {
        check(relaxed(), "out_of_scope", |it| {
            it.edits()[0] = edit(&format!("{APP}/livenessProbe/{name}"), 1, 2);
        });
    }
    for to in [json!(21), json!(5), json!(-1), json!("10"), json!(null)] {
        check(relaxed(), "out_of_scope", |it| it.edits()[0].to = Some(to));
    }
    let awaited = |was: u32| {
        let mut evidence = scene::probed(ProbeKind::Readiness, "context deadline exceeded");
        evidence.containers[0].probes[0].timeout_secs = Some(was);
        Case::offered(Fault::ReadinessProbeFailing, evidence)
    };
    for (was, most) in [(1, 4), (5, 20), (8, 20), (11, 22), (1800, 3600)] {
        passes(awaited(was), |it| it.edits()[0].to = Some(json!(most)));
        check(awaited(was), "out_of_scope", |it| it.edits()[0].to = Some(json!(most + 1)));
    }

    let mut evidence = scene::probed(ProbeKind::Liveness, "connection refused");
    evidence.containers[0].probes[0].port = Some("8081".to_owned());
    let ported = || Case::offered(Fault::LivenessProbeFailing, evidence.clone());
    for to in [json!(8082), json!("8080"), json!(0), json!(null)] {
        check(ported(), "out_of_scope", |it| it.edits()[0].to = Some(to));
    }
}

#[test]
fn a_request_shrinks_to_no_less_than_an_eighth_or_than_what_is_used() {
    let case = || {
        let mut evidence = scene::unschedulable(Kind::Deployment, "3Gi");
        evidence.containers[0].memory_used = Some(512 << 20);
        Case::offered(Fault::Unschedulable, evidence)
    };
    for to in ["3Gi", "4Gi", "511Mi", "0", "-1Gi", "lots"] {
        check(case(), "out_of_scope", |it| it.edits()[0].to = Some(json!(to)));
    }
    check(case(), "out_of_scope", |it| {
        it.evidence.containers[0].memory_used = None;
        it.edits()[0].to = Some(json!("383Mi"));
    });
}
