//! What a caller asks for, in the words of the contract, becomes a plan of ours or a clear no.

use remedy::{RequestError, requested};
use serde_json::{Value, json};
use types::{Evidence, Fault, FixPlan, Kind};

use crate::scene;

fn ask(wanted: &Value, fault: Fault, evidence: &Evidence) -> Result<FixPlan, RequestError> {
    requested(wanted.as_object().unwrap(), &[scene::diagnosis(fault)], evidence)
}

/// A wrong tag with two that are known, `latest` among them, right after a rollout.
fn wrong_tag() -> Evidence {
    let known = [
        ("shop/web:1.3", "revision 3", true),
        ("shop/web:latest", "Deployment other/api", false),
        ("shop/web:7", "Deployment shop/a", false),
        ("shop/web:88", "Deployment shop/b", false),
    ];
    let mut evidence = scene::wrong_tag(Kind::Deployment, &known);
    evidence.revisions = scene::rolled_out(Kind::Deployment).revisions;
    evidence
}

#[track_caller]
fn check(wanted: &Value, fault: Fault, evidence: &Evidence, expected: &str) {
    let plan = ask(wanted, fault, evidence).unwrap();
    assert_eq!(plan.strategy.to_string(), expected, "{wanted}");
}

#[test]
fn each_type_of_the_contract_finds_its_plan() {
    let wrong_tag = wrong_tag();
    let of = |name: &str| json!({"type": name, "confidence": 0.9, "reason": "x"});
    let tag = Fault::ImageNotFound;
    check(&of("image_tag_replacement"), tag, &wrong_tag, "replace the image tag by 1.3");
    check(&of("context_adaptive"), tag, &wrong_tag, "replace the image tag by 1.3");
    check(
        &of("resource_adjustment"),
        Fault::OomKilled,
        &scene::out_of_memory(Kind::Deployment, "64Mi"),
        "raise the memory limit to 1.5 times",
    );
    let slow = scene::probed(types::ProbeKind::Liveness, "connection refused");
    check(
        &of("temporal_optimization"),
        Fault::LivenessProbeFailing,
        &slow,
        "give the probe more time",
    );
}

#[test]
fn a_tag_that_is_named_has_to_be_known_to_run() {
    let named =
        |tag: &str| json!({"type": "image_tag_replacement", "parameters": {"new_tag": tag}});
    let evidence = wrong_tag();

    check(&named("latest"), Fault::ImageNotFound, &evidence, "replace the image tag by latest");
    let refused = ask(&named("6.6.6"), Fault::ImageNotFound, &evidence).unwrap_err();

    assert_eq!(
        refused,
        RequestError::NotApplicable(
            "tag `6.6.6` is not known to run, and there is nothing to do here; offered: 1.3, 7, 88"
                .to_owned()
        )
    );
}

#[test]
fn a_registered_name_is_taken_with_exactly_its_parameters() {
    let evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
    let doubled = json!({"type": "raise_memory_limit", "parameters": {"halves": 2}});
    check(&doubled, Fault::OomKilled, &evidence, "raise the memory limit to 2 times");
    for parameters in [json!(null), json!({})] {
        let back = json!({"type": "roll_back", "parameters": parameters});
        check(
            &back,
            Fault::CrashLoopBackOff,
            &scene::rolled_out(Kind::Deployment),
            "roll back to the last revision that was ready",
        );
    }
}

#[test]
fn parameters_that_do_not_fit_are_refused() {
    let evidence = wrong_tag();
    for (name, parameters) in [
        ("raise_memory_limit", json!({"halves": 3})),
        ("raise_memory_limit", json!({"halves": 4})),
        ("raise_cpu_limit", json!({"halves": 0})),
        ("raise_memory_limit", json!({"halves": "1"})),
        ("raise_memory_limit", json!({"halves": 1, "force": true})),
        ("raise_memory_limit", json!({})),
        ("roll_back", json!({"force": true})),
        ("replace_image_tag", json!({"new_tag": "a/b"})),
        ("replace_image_tag", json!({})),
        ("image_tag_replacement", json!({"new_tag": 7})),
        ("image_tag_replacement", json!({"new_tag": "1.3\n"})),
        ("image_tag_replacement", json!({"image": "evil/web"})),
        ("context_adaptive", json!({"command": "rm"})),
        ("wait", json!([])),
    ] {
        let wanted = json!({"type": name, "parameters": parameters});
        let error = ask(&wanted, Fault::ImageNotFound, &evidence).unwrap_err();
        assert!(matches!(error, RequestError::BadParameters(_)), "{wanted}: {error:?}");
    }
}

#[test]
fn who_asks_for_another_dose_is_told_which_there_are() {
    for (name, expected) in [
        ("raise_memory_limit", "`halves` must be 0, 1, 2, 6, 14 or 255"),
        ("raise_cpu_limit", "`halves` must be 1, 2 or 6"),
    ] {
        let wanted = json!({"type": name, "parameters": {"halves": 5}});
        let error = ask(&wanted, Fault::OomKilled, &wrong_tag()).unwrap_err();
        assert_eq!(error, RequestError::BadParameters(expected.to_owned()));
    }
}

#[test]
fn the_contracts_tag_is_tolerated_where_it_means_nothing() {
    let wanted = json!({"type": "resource_adjustment", "parameters": {"new_tag": "latest"}});
    let evidence = scene::out_of_memory(Kind::Deployment, "64Mi");

    check(&wanted, Fault::OomKilled, &evidence, "raise the memory limit to 1.5 times");
}

#[test]
fn a_type_that_is_no_string_is_malformed() {
    for wanted in [json!({}), json!({"type": 7}), json!({"type": null}), json!({"type": ["wait"]})]
    {
        let error = ask(&wanted, Fault::ImageNotFound, &wrong_tag()).unwrap_err();
        assert_eq!(error, RequestError::TypeIsNoString, "{wanted}");
    }
}

#[test]
fn an_unknown_type_falls_back_to_the_first_plan_that_goes_unasked() {
    let unknown = json!({"type": "kubectl delete ns shop", "parameters": {"any": "thing"}});
    check(&unknown, Fault::ImageNotFound, &wrong_tag(), "replace the image tag by 1.3");

    let risky = scene::unschedulable(Kind::Deployment, "3Gi");
    let error = ask(&unknown, Fault::Unschedulable, &risky).unwrap_err();
    assert!(matches!(error, RequestError::NotApplicable(_)));
}

#[test]
fn what_does_not_apply_here_names_what_does() {
    let error = ask(&json!({"type": "wait"}), Fault::ImageNotFound, &wrong_tag()).unwrap_err();

    assert_eq!(
        error,
        RequestError::NotApplicable(
            "for `wait` there is nothing to do here; offered: replace_image_tag, replace_image_tag, \
             replace_image_tag, roll_back"
                .to_owned()
        )
    );
}
