//! What a twin, a neighbour or a container's own log says of a name or a path that was meant, and who has to say yes.

use serde_json::json;
use types::{
    ContainerFacts, Evidence, Fault, FixPlan, Kind, NodeFacts, ProbeFacts, ProbeKind,
    ReferenceKind, Risk, ServiceFacts, SlipFacts, SlipKind,
};

use crate::gates::{Case, check, passes};
use crate::scene::{self, APP, edit};

fn offered(fault: Fault, evidence: &Evidence) -> Option<FixPlan> {
    scene::plans(fault, evidence).into_iter().next()
}

/// The readiness probe asks `/ready`, which is not there, and a twin is ready by `/healthz`.
fn twin(alike: bool) -> Evidence {
    let said = "HTTP probe failed with statuscode: 404";
    let mut evidence = scene::probed(ProbeKind::Readiness, said);
    evidence.containers[0].probes[0].path = Some("/ready".to_owned());
    let path = format!("{APP}/readinessProbe/httpGet/path");
    evidence.slips = vec![SlipFacts {
        container: "app".to_owned(),
        kind: SlipKind::Probe,
        path: path.clone(),
        config_map: None,
        shown_by: "Deployment web-eu runs the same image.".to_owned(),
        alike,
        edits: vec![edit(&path, "/ready", "/healthz")],
    }];
    evidence
}

#[test]
fn a_probe_asks_for_what_its_twin_is_ready_by() {
    let plan = offered(Fault::ReadinessProbeFailing, &twin(true)).unwrap();
    assert!(plan.to_string().ends_with(r#"readinessProbe/httpGet/path: "/ready" -> "/healthz""#));
    assert_eq!(plan.risk, Risk::Auto);
    assert!(
        scene::plans(Fault::ReadinessProbeFailing, &twin(true))
            .iter()
            .all(|it| it.strategy.name() != "correct_typo")
    );

    let asked = offered(Fault::ReadinessProbeFailing, &twin(false)).unwrap();
    assert_eq!(asked.risk, Risk::Ask);
}

#[test]
fn no_path_is_put_that_no_twin_answers() {
    let case = || Case::offered(Fault::ReadinessProbeFailing, twin(true));
    for to in ["/admin", "/ready", "", "healthz", "/healthz?token=x"] {
        check(case(), "out_of_scope", |it| it.edits()[0].to = Some(json!(to)));
    }
    check(case(), "out_of_scope", |it| it.evidence.slips.clear());
    check(case(), "out_of_scope", |it| it.evidence.slips[0].container = "other".to_owned());
    check(case(), "out_of_scope", |it| it.evidence.slips[0].alike = false);
    passes(case().approved(), |it| {
        it.evidence.slips[0].alike = false;
        it.plan.risk = Risk::Ask;
    });
    // The server answers there by now, and only not yet well.
    check(case(), "out_of_scope", |it| {
        it.evidence.containers[0].probes[0].failure = Some("statuscode: 503".to_owned());
    });
    check(case(), "out_of_scope", |it| {
        let to = json!("/healthz?token=x");
        it.evidence.slips[0].edits[0].to = Some(to.clone());
        it.edits()[0].to = Some(to);
    });
}

#[test]
fn a_request_above_the_cap_without_a_limit_is_lowered_far_after_a_yes_since_it_cannot_be_put_back()
{
    let lowered = |from: &str, to: &str| {
        let mut evidence = scene::unschedulable(Kind::Deployment, from);
        let path = format!("{APP}/resources/requests/memory");
        evidence.slips = vec![SlipFacts {
            container: "app".to_owned(),
            kind: SlipKind::Amount,
            path: path.clone(),
            config_map: None,
            shown_by: "Deployment web-eu runs the same image.".to_owned(),
            alike: true,
            edits: vec![edit(&path, from, to)],
        }];
        evidence.nodes = Some(NodeFacts { largest_memory: 64 << 30, ..scene::nodes() });
        Case::offered(Fault::Unschedulable, evidence)
    };

    passes(lowered("512Gi", "512Mi").approved(), |_| {});
    let refusal = lowered("512Gi", "512Mi").answer().unwrap_err();
    assert_eq!(refusal.code(), "needs_approval");
    assert!(refusal.detail().contains("could not be put back"), "{}", refusal.detail());
    // A limit bounds the request of before, and what is not lowered so far can be put back.
    passes(lowered("512Gi", "512Mi"), |it| {
        it.evidence.containers[0].memory_limit = Some(scene::quantity("512Gi"));
    });
    passes(lowered("512Gi", "64Gi"), |_| {});
}

/// The readiness probe asks at the port `metrics`, which only the container beside it has.
fn beside() -> Evidence {
    let mut evidence = scene::probed(ProbeKind::Readiness, "couldn't find port metrics");
    evidence.containers[0].probes[0].port = Some("metrics".to_owned());
    "GET :metrics/healthz".clone_into(&mut evidence.containers[0].probes[0].action);
    let ports = vec![("metrics".to_owned(), 9113)];
    let exporter = scene::container("exporter", "shop/exporter:1");
    evidence.containers.push(ContainerFacts { index: 1, ports, ready: true, ..exporter });
    evidence
}

#[test]
fn a_name_of_a_container_beside_it_is_no_port_of_its_own() {
    let plan = offered(Fault::ReadinessProbeFailing, &beside()).unwrap();
    assert!(
        plan.to_string().ends_with(r#"readinessProbe/httpGet/port: "metrics" -> 8080"#),
        "{plan}"
    );
    assert_eq!(plan.risk, Risk::Ask);
    let case = || Case::offered(Fault::ReadinessProbeFailing, beside()).approved();
    passes(case(), |_| {});
    check(case(), "out_of_scope", |it| it.plan.risk = Risk::Auto);
    check(case(), "out_of_scope", |it| it.edits()[0].to = Some(json!(9113)));

    // The Service sends to the port that is left; or its liveness is asked there, and it runs.
    let mut evidence = beside();
    evidence.services = vec![ServiceFacts {
        name: "web".to_owned(),
        addresses: vec![],
        selects: true,
        behind: vec!["Deployment web".to_owned()],
        targets: vec!["http".to_owned()],
    }];
    let plan = offered(Fault::ReadinessProbeFailing, &evidence).unwrap();
    assert_eq!(plan.risk, Risk::Auto);
    passes(Case::offered(Fault::ReadinessProbeFailing, evidence), |_| {});
    let mut evidence = beside();
    let container = &mut evidence.containers[0];
    container.state.running_since = Some(scene::at(scene::NOW - 60));
    let (kind, port) = (ProbeKind::Liveness, Some("http".to_owned()));
    let alive = ProbeFacts { kind, port, failure: None, ..container.probes[0].clone() };
    container.probes.push(alive);
    assert_eq!(
        offered(Fault::ReadinessProbeFailing, &evidence).map(|it| it.risk),
        Some(Risk::Auto)
    );
}

#[test]
fn a_number_that_a_container_beside_it_declares_may_be_asked() {
    let mut evidence = beside();
    evidence.containers[0].probes[0].port = Some("9113".to_owned());
    evidence.containers[0].probes[0].failure = Some("connection refused".to_owned());

    let plans = scene::plans(Fault::ReadinessProbeFailing, &evidence);
    assert!(plans.iter().all(|it| it.strategy.name() != "fix_probe_port"));
}

/// The startup probe asks `/startupz`, the others, which nobody asked yet, `/healthz`.
fn starts(log: &[&str]) -> Evidence {
    let said = "HTTP probe failed with statuscode: 404";
    let mut evidence = scene::probed(ProbeKind::Startup, said);
    let container = &mut evidence.containers[0];
    let other = |kind| ProbeFacts { kind, failure: None, ..container.probes[0].clone() };
    let others = [other(ProbeKind::Liveness), other(ProbeKind::Readiness)];
    container.probes[0].path = Some("/startupz".to_owned());
    container.probes.extend(others);
    container.log = log.iter().map(|it| (*it).to_owned()).collect();
    evidence
}

#[test]
fn a_start_is_asked_unasked_for_what_all_others_ask_for_and_the_log_lists() {
    let risk = |log: &[&str]| offered(Fault::StartupProbeFailing, &starts(log)).unwrap().risk;

    assert_eq!(risk(&["routes: GET /healthz GET /metrics"]), Risk::Auto);
    for log in [&[][..], &["GET /healthz 404"], &["routes: /metrics /api"]] {
        assert_eq!(risk(log), Risk::Ask, "{log:?}");
    }
    assert_eq!(risk(&["routes: /startupz /healthz"]), Risk::Ask);
    let case = Case::offered(Fault::StartupProbeFailing, starts(&["routes: /healthz /metrics"]));
    check(case, "out_of_scope", |it| it.evidence.containers[0].log.clear());
}

/// What is not there, and what is there under the same name with another word for its kind.
fn of_kind(kind: ReferenceKind, name: &str, meant: &str, vouched: bool) -> Evidence {
    let mut evidence = scene::dangling(kind, name, "");
    let it = &mut evidence.references[0];
    it.near_miss = None;
    it.meant = Some(meant.to_owned());
    it.vouched = vouched.then(|| "Deployment web-worker, which is ready, refers to it".to_owned());
    if kind == ReferenceKind::Claim {
        "/spec/template/spec/volumes/0/persistentVolumeClaim/claimName".clone_into(&mut it.path);
    }
    evidence
}

fn risk(kind: ReferenceKind, (name, meant): (&str, &str), vouched: bool) -> Option<Risk> {
    let fault =
        if kind == ReferenceKind::Claim { Fault::Unschedulable } else { Fault::ConfigNotFound };
    let plan = offered(fault, &of_kind(kind, name, meant, vouched));
    plan.filter(|it| it.strategy.name() == "fix_reference").map(|it| it.risk)
}

#[test]
fn another_word_for_the_kind_is_followed_unasked_where_a_neighbour_reads_that_map() {
    use ReferenceKind::{Claim, ConfigMap, Secret, ServiceAccount};
    let rates = ("web-rates-cfg", "web-rates-config");

    assert_eq!(risk(ConfigMap, rates, true), Some(Risk::Auto));
    assert_eq!(risk(ConfigMap, rates, false), Some(Risk::Ask));
    // Another name is another thing, whoever reads it.
    for names in [("web-rates-cfg", "web-fares-config"), ("web-rates", "web-rates-eu")] {
        assert_eq!(risk(ConfigMap, names, true), Some(Risk::Advice), "{names:?}");
    }
    // Data changes hands after a yes, and only what nobody uses; rights and keys never.
    let uploads = ("cms-uploads-pvc", "cms-uploads");
    assert_eq!(risk(Claim, uploads, true), Some(Risk::Ask));
    assert_eq!(risk(Claim, uploads, false), Some(Risk::Advice));
    assert_eq!(risk(Claim, ("cms-data", "cms"), true), Some(Risk::Advice));
    assert_eq!(risk(ServiceAccount, ("web-sa", "web"), true), Some(Risk::Advice));
    assert_ne!(risk(Secret, ("web-creds", "web-secret"), true), Some(Risk::Auto));
}

/// A name whose words stand in another order in the one that is there.
fn turned_round(kind: ReferenceKind, (name, near): (&str, &str), vouched: bool) -> Evidence {
    let mut evidence = of_kind(kind, name, near, vouched);
    let it = &mut evidence.references[0];
    (it.near_miss, it.meant) = (it.meant.take(), None);
    evidence
}

#[test]
fn words_in_another_order_are_followed_unasked_where_a_neighbour_reads_that_map() {
    use ReferenceKind::{ConfigMap, Secret};
    let risk = |kind, names, vouched| {
        let evidence = turned_round(kind, names, vouched);
        offered(Fault::ConfigNotFound, &evidence).map(|it| it.risk)
    };
    let names = ("config-web", "web-config");

    assert_eq!(risk(ConfigMap, names, true), Some(Risk::Auto));
    assert_eq!(risk(ConfigMap, names, false), Some(Risk::Ask));
    assert_eq!(risk(Secret, ("secret-web", "web-secret"), true), Some(Risk::Ask));
    assert_eq!(risk(Secret, names, true), Some(Risk::Ask));
    // Which way round may be what they say.
    let ways = ("sync-eu-us-config", "sync-us-eu-config");
    assert_eq!(risk(ConfigMap, ways, true), Some(Risk::Ask));

    let case = || {
        let evidence = turned_round(ConfigMap, names, true);
        Case::offered(Fault::ConfigNotFound, evidence)
    };
    passes(case(), |_| {});
    check(case(), "out_of_scope", |it| it.evidence.references[0].vouched = None);
    check(case(), "out_of_scope", |it| it.evidence.references[0].kind = Secret);
    check(case(), "out_of_scope", |it| it.evidence.references[0].exists = None);
    check(case(), "out_of_scope", |it| {
        it.evidence.references[0].belongs_to = Some("team=finance".to_owned());
    });
}

#[test]
fn a_map_of_somebody_else_and_a_claim_in_use_stay_where_they_are() {
    let map = || {
        let evidence = of_kind(ReferenceKind::ConfigMap, "web-cfg", "web-config", true);
        Case::offered(Fault::ConfigNotFound, evidence)
    };
    passes(map(), |_| {});
    check(map(), "out_of_scope", |it| it.evidence.references[0].vouched = None);
    check(map(), "out_of_scope", |it| {
        it.evidence.references[0].belongs_to = Some("team=finance".to_owned());
    });
    check(map(), "out_of_scope", |it| it.evidence.references[0].exists = Some(true));
    for to in ["web", "web-secret", "api-config", "web-config/../x"] {
        check(map(), "out_of_scope", |it| it.edits()[0].to = Some(json!(to)));
    }
    check(map(), "out_of_scope", |it| {
        it.evidence.references[0].meant = Some("api-config".to_owned());
        it.edits()[0].to = Some(json!("api-config"));
    });

    let claim = || {
        let evidence = of_kind(ReferenceKind::Claim, "web-uploads-pvc", "web-uploads", true);
        Case::offered(Fault::Unschedulable, evidence).approved()
    };
    passes(claim(), |_| {});
    check(claim(), "out_of_scope", |it| it.plan.risk = Risk::Auto);
    check(claim(), "out_of_scope", |it| it.evidence.references[0].vouched = None);
}

#[test]
fn a_port_is_not_led_anywhere_while_the_selector_takes_no_pod() {
    let wrong = || scene::wrong_port(scene::named("htpp"), scene::named("http"), true);
    let case = || Case::offered(Fault::ServicePortMismatch, scene::service(wrong()));

    passes(case(), |_| {});
    check(case(), "out_of_scope", |it| it.evidence.service.as_mut().unwrap().pods = 0);
    let nobody = types::TrafficFacts { pods: 0, ..wrong() };
    assert_eq!(offered(Fault::ServicePortMismatch, &scene::service(nobody)), None);
}

#[test]
fn a_start_that_waits_for_another_service_is_given_no_more_time() {
    let evidence = scene::probed(ProbeKind::Startup, "connection refused");
    let mut diagnosis = scene::diagnosis(Fault::StartupProbeFailing);
    let relaxes = |diagnosis: &types::Diagnosis| {
        let plans = remedy::plans(std::slice::from_ref(diagnosis), &evidence);
        plans.iter().any(|it| it.strategy.name() == "relax_probe")
    };

    assert!(relaxes(&diagnosis));
    diagnosis.clues = vec![types::Clue::new("containers[app].needs", "rules:80")];
    assert!(!relaxes(&diagnosis));
}
