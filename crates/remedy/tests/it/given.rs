//! A limit that a limit range gave becomes the template's own, raised.

use types::{DefaultOf, Evidence, Fault, GivenLimit, Kind, Risk};

use crate::gates::{Case, check, passes};
use crate::scene::{self, APP, edit, quantity};

/// `app` was killed at the default of a limit range, and requests this much by it.
fn given(request: Option<&str>) -> Evidence {
    let mut evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
    let container = &mut evidence.containers[0];
    (container.memory_limit, container.memory_request) = (None, None);
    let default_of = DefaultOf {
        limit_range: "team".to_owned(),
        path: "/spec/limits/0/default/memory".to_owned(),
    };
    container.given_memory_limit = Some(GivenLimit {
        amount: quantity("64Mi"),
        request: request.map(quantity),
        default_of: Some(default_of),
    });
    evidence
}

fn written(evidence: &Evidence) -> Vec<(Risk, String)> {
    let plans = scene::plans(Fault::OomKilled, evidence);
    let raised = plans.iter().filter(|it| it.strategy.key() == "raise_memory_limit@2");
    raised.map(|it| (it.risk, it.steps[0].to_string())).collect()
}

fn case() -> Case {
    Case::offered(Fault::OomKilled, given(Some("32Mi"))).approved()
}

#[test]
fn a_limit_that_a_limit_range_gave_becomes_the_templates_own() {
    let limit = format!(
        "  edit Deployment shop/web\n    {APP}/resources/limits/memory: nothing -> \"128Mi\""
    );
    // What states a limit and no request requests its limit: another request is stated with it.
    let both = format!("{limit}\n    {APP}/resources/requests/memory: nothing -> \"32Mi\"");

    assert_eq!(written(&given(Some("32Mi"))), [(Risk::Auto, both)]);
    for request in [None, Some("64Mi")] {
        assert_eq!(written(&given(request)), [(Risk::Auto, limit.clone())], "{request:?}");
    }
}

#[test]
fn a_limit_of_its_own_is_asked_about_since_none_can_be_taken_away_or_where_nobody_counts_the_room()
{
    check(case(), "needs_approval", |it| it.world = |_| {});
    // A limit that the template states is only raised.
    let stated = scene::out_of_memory(Kind::Deployment, "64Mi");
    passes(Case::offered(Fault::OomKilled, stated), |_| {});

    // What nobody can count is no room.
    assert_eq!(written(&Evidence { room: None, ..given(None) }), []);
}

#[test]
fn what_is_shown_for_a_commit_fits_a_manifest_without_resources() {
    let evidence = given(Some("32Mi"));
    let plan = scene::plans(Fault::OomKilled, &evidence).remove(0);

    let text = remedy::kustomize_patch(&plan, &evidence.containers).unwrap();

    let file: serde_json::Value = serde_yaml_ng::from_str(&text).unwrap();
    let part: serde_json::Value =
        serde_yaml_ng::from_str(file["patches"][0]["patch"].as_str().unwrap()).unwrap();
    let resources =
        serde_json::json!({"limits": {"memory": "96Mi"}, "requests": {"memory": "32Mi"}});
    assert_eq!(
        part["spec"]["template"]["spec"]["containers"],
        serde_json::json!([{"name": "app", "resources": resources}])
    );
    assert_eq!((&part["kind"], &part["metadata"]["name"]), (&"Deployment".into(), &"web".into()));
}

#[test]
fn amounts_of_several_containers_are_merged_into_one_manifest() {
    let mut evidence = scene::mistyped(Kind::Deployment);
    let mut beside = evidence.containers[0].clone();
    "side".clone_into(&mut beside.name);
    beside.index = 1;
    evidence.containers.push(beside);
    let slip = &mut evidence.slips[0];
    slip.kind = types::SlipKind::Amount;
    let given = |field: &str| {
        let path = scene::path(&format!("/spec/template/spec/containers/{field}"));
        types::Edit { path, from: None, to: Some("64Mi".into()) }
    };
    slip.edits = ["0/resources/limits/memory", "1/resources/limits/memory"].map(given).to_vec();
    let mut diagnosis = scene::diagnosis(Fault::FailedCreate);
    diagnosis.container = None;
    let plans = remedy::plans(&[diagnosis], &evidence);
    let plan = plans.iter().find(|it| it.strategy.name() == "correct_typo").unwrap();

    let text = remedy::kustomize_patch(plan, &evidence.containers).unwrap();

    assert_eq!(plan.risk, Risk::Advice);
    let file: serde_json::Value = serde_yaml_ng::from_str(&text).unwrap();
    let part: serde_json::Value =
        serde_yaml_ng::from_str(file["patches"][0]["patch"].as_str().unwrap()).unwrap();
    let of =
        |name: &str| serde_json::json!({"name": name, "resources": {"limits": {"memory": "64Mi"}}});
    assert_eq!(
        part["spec"]["template"]["spec"]["containers"],
        serde_json::json!([of("app"), of("side")])
    );
}

#[test]
fn what_something_else_gave_is_left_to_it() {
    let mut evidence = given(None);
    evidence.containers[0].given_memory_limit.as_mut().unwrap().default_of = None;

    assert_eq!(written(&evidence), []);
}

#[test]
fn nothing_else_is_added_to_a_template() {
    let limits = format!("{APP}/resources/limits/memory");
    let requests = format!("{APP}/resources/requests/memory");
    check(case(), "out_of_scope", |it| it.evidence.containers[0].given_memory_limit = None);
    check(case(), "out_of_scope", |it| it.edits()[0] = edit(&limits, "64Mi", "128Mi"));
    check(case(), "out_of_scope", |it| it.edits()[0].to = Some("129Mi".into()));
    check(case(), "out_of_scope", |it| it.edits()[1].to = Some("33Mi".into()));
    check(case(), "out_of_scope", |it| it.edits()[1] = edit(&requests, "32Mi", "32Mi"));
}

#[test]
fn the_limit_range_and_the_quota_bound_it() {
    check(case(), "no_room", |it| {
        it.evidence.room.as_mut().unwrap().memory.container_max = Some(90 << 20);
    });
    check(case(), "no_room", |it| {
        it.evidence.room.as_mut().unwrap().memory.limits_left = Some(20 << 20);
    });
}
