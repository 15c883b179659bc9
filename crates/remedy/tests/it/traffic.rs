//! What is offered for a Service, and what the guard lets through of it.

use remedy::{Policy, approve, json_patch, undo_patch};
use serde_json::{Value, json};
use types::{Action, Edit, Evidence, Fault, FixPlan, PortTarget, Risk, Strategy, TrafficFacts};

use crate::scene::{self, named, path, plans, world, wrong_label, wrong_port};

const TYPO: (&str, &str) = ("app", "wbe");
const MEANT: (&str, &str) = ("app", "web");

/// The offer for a Service without endpoints: who may say yes, and its edits.
fn offered(facts: TrafficFacts) -> Option<(Risk, String)> {
    let plans = plans(Fault::ServiceWithoutEndpoints, &scene::service(facts));
    plans.first().map(|it| (it.risk, edits(it)))
}

/// The offer for a port that leads nowhere.
fn led(facts: TrafficFacts) -> Option<(Risk, String)> {
    let plans = plans(Fault::ServicePortMismatch, &scene::service(facts));
    plans.first().map(|it| (it.risk, edits(it)))
}

fn edits(plan: &FixPlan) -> String {
    let Action::Edit(edits) = &plan.steps[0].action else { panic!("{plan}") };
    edits.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn changed(change: impl FnOnce(&mut types::LabelSlip)) -> Option<(Risk, String)> {
    let mut facts = wrong_label(TYPO, MEANT);
    change(facts.slip.as_mut().unwrap());
    offered(facts)
}

#[test]
fn a_plain_typo_of_a_label_is_mended_unasked() {
    let value = (Risk::Auto, r#"/spec/selector/app: "wbe" -> "web""#.to_owned());
    assert_eq!(offered(wrong_label(TYPO, MEANT)), Some(value));

    let key = r#"/spec/selector/ap: "web" -> nothing; /spec/selector/app: nothing -> "web""#;
    assert_eq!(offered(wrong_label(("ap", "web"), MEANT)), Some((Risk::Auto, key.to_owned())));
}

#[test]
fn what_is_no_plain_typo_is_asked_about() {
    let risk = |it: Option<(Risk, String)>| it.map(|it| it.0);

    assert_eq!(risk(offered(wrong_label(("app", "backend"), MEANT))), Some(Risk::Ask));
    assert_eq!(risk(offered(wrong_label(("app", "v1"), ("app", "v2")))), Some(Risk::Ask));
    assert_eq!(risk(changed(|it| it.near = false)), Some(Risk::Ask));
    assert_eq!(risk(changed(|it| it.meant_so = true)), Some(Risk::Ask));
    assert_eq!(risk(changed(|it| it.served = true)), Some(Risk::Ask));
}

#[test]
fn a_label_that_the_pods_had_before_a_rollout_is_followed_unasked() {
    let led = |change: fn(&mut types::LabelSlip)| {
        let mut facts = wrong_label(("app", "backend"), MEANT);
        let slip = facts.slip.as_mut().unwrap();
        slip.formerly = true;
        change(slip);
        offered(facts).map(|it| it.0)
    };

    assert_eq!(led(|_| {}), Some(Risk::Auto));
    assert_eq!(led(|it| it.formerly = false), Some(Risk::Ask));
    // Somebody else leads traffic there by now.
    assert_eq!(led(|it| it.served = true), Some(Risk::Ask));
    assert_eq!(led(|it| it.meant_so = true), Some(Risk::Ask));
}

#[test]
fn the_same_value_under_another_key_is_followed_unasked_where_names_and_ports_agree() {
    let led = |change: fn(&mut types::LabelSlip)| {
        let mut facts = wrong_label(("k8s-app", "web"), MEANT);
        let slip = facts.slip.as_mut().unwrap();
        (slip.near, slip.agreed) = (false, true);
        change(slip);
        offered(facts).map(|it| it.0)
    };

    assert_eq!(led(|_| {}), Some(Risk::Auto));
    assert_eq!(led(|it| it.agreed = false), Some(Risk::Ask));
    assert_eq!(led(|it| it.served = true), Some(Risk::Ask));
    assert_eq!(led(|it| it.settled = false), None);

    let mut facts = wrong_label(("k8s-app", "web"), MEANT);
    facts.slip.as_mut().unwrap().near = false;
    let mut evidence = scene::service(facts);
    let mut plan = plans(Fault::ServiceWithoutEndpoints, &evidence).remove(0);
    plan.risk = Risk::Auto;
    assert_eq!(answer(plan.clone(), &evidence), "out_of_scope");
    evidence.service.as_mut().unwrap().slip.as_mut().unwrap().agreed = true;
    assert_eq!(answer(plan, &evidence), "approved");
}

#[test]
fn a_name_that_nobody_declares_is_led_unasked_where_two_things_speak_for_one_port() {
    let mut facts = wrong_port(named("rpc-api"), named("rpc"), false);
    assert_eq!(led(facts.clone()).map(|it| it.0), Some(Risk::Ask));
    facts.ports[1].meant.as_mut().unwrap().agreed = true;
    assert_eq!(led(facts).map(|it| it.0), Some(Risk::Auto));
}

#[test]
fn two_values_that_changed_places_are_put_back_after_a_yes() {
    let swapped = |change: fn(&mut types::SwappedLabels)| {
        let mut facts = scene::swapped_labels();
        change(facts.swapped.as_mut().unwrap());
        offered(facts)
    };
    let expected =
        r#"/spec/selector/app: "api" -> "web"; /spec/selector/component: "web" -> "api""#;

    assert_eq!(swapped(|_| {}), Some((Risk::Ask, expected.to_owned())));
    assert_eq!(swapped(|it| it.ready = 0), None);
    assert_eq!(swapped(|it| it.settled = false), None);
    assert_eq!(swapped(|it| it.keys = ["app".to_owned(), "app".to_owned()]), None);
    assert_eq!(swapped(|it| it.keys = ["app".to_owned(), "stage".to_owned()]), None);

    let evidence = scene::service(scene::swapped_labels());
    let plan = plans(Fault::ServiceWithoutEndpoints, &evidence).remove(0);
    assert_eq!(answer(plan.clone(), &evidence), "approved");
    let alone = approve(plan.clone(), &Policy::default(), &world(&evidence, &[]));
    assert_eq!(alone.unwrap_err().code(), "needs_approval");
    // Neither unasked, nor one of the two, nor to another value.
    let refused = |change: fn(&mut FixPlan)| {
        let mut plan = plan.clone();
        change(&mut plan);
        answer(plan, &evidence)
    };
    assert_eq!(refused(|it| it.risk = Risk::Auto), "out_of_scope");
    assert_eq!(refused(|it| label(it).truncate(1)), "out_of_scope");
    assert_eq!(refused(|it| label(it)[1].to = Some("db".into())), "out_of_scope");
}

#[test]
fn a_label_too_many_is_only_shown_whoever_says_yes() {
    let surplus = scene::surplus_label;
    let expected = (Risk::Advice, r#"/spec/selector/part: "x" -> nothing"#.to_owned());
    for facts in [surplus(false, false), surplus(true, false), surplus(true, true)] {
        assert_eq!(offered(facts.clone()), Some(expected.clone()));
        let evidence = scene::service(facts);
        let plan = plans(Fault::ServiceWithoutEndpoints, &evidence).remove(0);
        for risk in [Risk::Auto, Risk::Ask] {
            let plan = FixPlan { risk, ..plan.clone() };
            assert_eq!(answer(plan, &evidence), "out_of_scope");
        }
    }
    let because =
        |facts| plans(Fault::ServiceWithoutEndpoints, &scene::service(facts)).remove(0).because;
    assert!(because(surplus(false, false)).starts_with("Deployment shop/web has part=x"));
    assert!(because(surplus(true, false)).starts_with("Nothing in the namespace has part=x"));
    assert!(because(surplus(true, true)).contains("An earlier revision gave it to them"));
}

/// The edits of the plan.
fn label(plan: &mut FixPlan) -> &mut Vec<Edit> {
    let Action::Edit(edits) = &mut plan.steps[0].action else { panic!("the first step edits") };
    edits
}

#[test]
fn traffic_is_led_to_nobody_who_is_not_ready_and_settled() {
    assert_eq!(changed(|it| it.ready = 0), None);
    assert_eq!(changed(|it| it.settled = false), None);
    assert_eq!(changed(|it| (it.meant_so, it.served) = (true, true)), None);
    assert_eq!(offered(TrafficFacts { slip: None, ..wrong_label(TYPO, MEANT) }), None);
}

#[test]
fn what_is_no_label_is_never_asked_for() {
    for hostile in ["", "a/b", "web\n", "-web", "w eb", &"a".repeat(64)] {
        assert_eq!(offered(wrong_label(TYPO, ("app", hostile))), None, "{hostile:?}");
    }
    for hostile in ["", "/", "a/b/c", "/app", "app\n", "a b"] {
        assert_eq!(offered(wrong_label(("ap", "web"), (hostile, "web"))), None, "{hostile:?}");
    }
    // Two changes at once are no slip.
    assert_eq!(offered(wrong_label(("ap", "wbe"), MEANT)), None);
}

#[test]
fn a_port_is_led_to_the_one_that_remains() {
    let wrong = || named("htpp");
    let expect =
        |risk, to: &str| Some((risk, format!("/spec/ports/1/targetPort: \"htpp\" -> {to}")));

    assert_eq!(led(wrong_port(wrong(), named("http"), true)), expect(Risk::Auto, "\"http\""));
    assert_eq!(led(wrong_port(wrong(), named("web"), false)), expect(Risk::Ask, "\"web\""));
    let number = PortTarget::Number(8080);
    assert_eq!(led(wrong_port(wrong(), number.clone(), false)), expect(Risk::Ask, "8080"));
    let mut proven = wrong_port(PortTarget::Number(80), number, false);
    proven.ports[1].meant.as_mut().unwrap().proven = true;
    let to_number = "/spec/ports/1/targetPort: 80 -> 8080".to_owned();
    assert_eq!(led(proven), Some((Risk::Auto, to_number)));
}

#[test]
fn a_slip_of_a_number_is_mended_unasked_and_the_port_beside_it_is_asked_about() {
    let led = |wrong: i32, near: bool| {
        led(wrong_port(PortTarget::Number(wrong), PortTarget::Number(8080), near)).map(|it| it.0)
    };

    assert_eq!(led(8008, true), Some(Risk::Auto));
    assert_eq!(led(80_800, true), Some(Risk::Auto));
    assert_eq!(led(8008, false), Some(Risk::Ask));
    assert_eq!(led(8081, true), Some(Risk::Ask));
    assert_eq!(led(80, true), Some(Risk::Ask));
}

#[test]
fn names_of_ports_that_differ_in_digits_are_siblings() {
    let facts = wrong_port(named("http1"), named("http2"), true);
    assert_eq!(led(facts).map(|it| it.0), Some(Risk::Ask));
}

#[test]
fn what_is_no_port_is_never_led_to() {
    for number in [-1, 0, 65_536] {
        assert_eq!(led(wrong_port(named("htpp"), PortTarget::Number(number), true)), None);
    }
    for name in ["", "HTTP", "http\n", "-http", "8080", &"a".repeat(16)] {
        assert_eq!(led(wrong_port(named("htpp"), named(name), true)), None, "{name:?}");
    }
}

#[test]
fn another_protocol_is_advice_and_stays_it() {
    let mut facts = wrong_port(named("http"), named("http"), false);
    facts.ports[1].meant = None;
    facts.ports[1].meant_protocol = Some("UDP".to_owned());
    let evidence = scene::service(facts);
    let mut plan = plans(Fault::ServicePortMismatch, &evidence).remove(0);

    assert_eq!(
        (plan.risk, edits(&plan).as_str()),
        (Risk::Advice, r#"/spec/ports/1/protocol: "TCP" -> "UDP""#)
    );
    assert_eq!(answer(plan.clone(), &evidence), "advice_only");
    plan.risk = Risk::Ask;
    assert_eq!(answer(plan, &evidence), "out_of_scope");
}

/// What the guard answers a person.
fn answer(plan: FixPlan, evidence: &Evidence) -> &'static str {
    let mut world = world(evidence, &[]);
    world.authority = scene::person();
    approve(plan, &Policy::default(), &world).err().map_or("approved", |it| it.code())
}

#[test]
fn of_a_service_nothing_is_written_but_a_label_and_a_target() {
    let evidence = scene::service(wrong_label(TYPO, MEANT));
    let plan = plans(Fault::ServiceWithoutEndpoints, &evidence).remove(0);
    assert_eq!(answer(plan.clone(), &evidence), "approved");

    for (pointer, from, to) in [
        ("/spec/type", json!("ClusterIP"), json!("ExternalName")),
        ("/spec/externalName", Value::Null, json!("evil.example.com")),
        ("/spec/clusterIP", json!("10.96.0.7"), json!("None")),
        ("/spec/externalIPs", Value::Null, json!(["203.0.113.7"])),
        ("/spec/ports/0/nodePort", Value::Null, json!(30_000)),
        ("/spec/ports/0/port", json!(80), json!(81)),
        ("/spec/ports/0/targetPort", json!(80), json!(22)),
        ("/spec/selector", json!({"app": "wbe"}), json!({})),
        ("/spec/selector/app", json!("wbe"), json!("db")),
        ("/spec/selector/tier", Value::Null, json!("front")),
        ("/metadata/annotations/x", Value::Null, json!("y")),
        ("/metadata/labels/app", json!("web"), json!("db")),
        ("/status/loadBalancer", Value::Null, json!({})),
    ] {
        for strategy in [Strategy::FixSelector, Strategy::FixServicePort, Strategy::FixReference] {
            let edit = Edit { path: path(pointer), from: Some(from.clone()), to: Some(to.clone()) };
            let mut plan = FixPlan { strategy, ..plan.clone() };
            plan.steps[0].action = Action::Edit(vec![edit]);
            assert_eq!(answer(plan, &evidence), "out_of_scope", "{pointer}");
        }
    }
    for strategy in [Strategy::RestartRollout, Strategy::RestartPod] {
        for action in [Action::Restart, Action::Evict] {
            let mut plan = FixPlan { strategy: strategy.clone(), ..plan.clone() };
            plan.steps[0].action = action;
            assert_eq!(answer(plan, &evidence), "out_of_scope");
        }
    }
}

#[test]
fn without_a_person_the_guard_takes_no_word_for_a_typo() {
    let mut facts = wrong_label(TYPO, MEANT);
    facts.slip.as_mut().unwrap().served = true;
    let evidence = scene::service(facts);
    let mut plan = plans(Fault::ServiceWithoutEndpoints, &evidence).remove(0);
    plan.risk = Risk::Auto;

    let refused = approve(plan, &Policy::default(), &world(&evidence, &[])).unwrap_err();

    assert_eq!(refused.code(), "out_of_scope");
}

#[test]
fn a_service_of_somebody_else_or_of_nobody_is_left_alone() {
    let with = |change: fn(&mut types::WorkloadFacts)| {
        let mut evidence = scene::service(wrong_label(TYPO, MEANT));
        change(&mut evidence.workload);
        let plan = plans(Fault::ServiceWithoutEndpoints, &evidence).remove(0);
        answer(plan, &evidence)
    };
    let owner = |fields: &[&str]| types::Owner {
        name: "argocd".to_owned(),
        mark: String::new(),
        fields: fields.iter().map(|it| (*it).to_owned()).collect(),
    };

    assert_eq!(with(|it| it.opted_out = true), "opted_out");
    let mut evidence = scene::service(wrong_label(TYPO, MEANT));
    let plan = plans(Fault::ServiceWithoutEndpoints, &evidence).remove(0);
    evidence.workload.owners = vec![owner(&["/spec/selector"])];
    assert_eq!(answer(plan.clone(), &evidence), "owned_elsewhere");
    assert!(remedy::owner_of(&plan, &evidence).is_some());
    let patch = remedy::kustomize_patch(&plan, &evidence.containers).unwrap();
    assert!(
        patch.contains(r#""kind":"Service""#) && patch.contains("/spec/selector/app"),
        "{patch}"
    );
    // Who owns the type owns no label.
    evidence.workload.owners = vec![owner(&["/spec/type"])];
    assert_eq!(answer(plan, &evidence), "approved");
}

/// The Service after this patch.
fn patched(mut object: Value, patch: &Value) -> Result<Value, ::json_patch::PatchError> {
    let patch: ::json_patch::Patch = serde_json::from_value(patch.clone()).unwrap();
    ::json_patch::patch(&mut object, &patch)?;
    Ok(object)
}

#[test]
fn another_key_is_written_and_taken_back_whole() {
    let service = |selector: Value| {
        json!({
            "metadata": {"uid": "uid-web", "resourceVersion": "7", "annotations": {"k8s-reflexion.io/fix-id": "f"}},
            "spec": {"selector": selector},
        })
    };
    let wrong = ("app.kubernetes.io/nmae", "web");
    let facts = wrong_label(wrong, ("app.kubernetes.io/name", "web"));
    let plan = plans(Fault::ServiceWithoutEndpoints, &scene::service(facts)).remove(0);
    let before = service(json!({"app.kubernetes.io/nmae": "web"}));

    let patch = json_patch(&plan.steps[0], "f", &before).unwrap();
    let after = patched(before.clone(), &patch).unwrap();
    assert_eq!(after, service(json!({"app.kubernetes.io/name": "web"})));

    let undo = plan.undo();
    let back = undo_patch(&undo.steps[0], "f", &after).unwrap();
    assert_eq!(patched(after, &back).unwrap(), before);
    // Somebody has set the label himself since.
    let theirs = service(json!({"app.kubernetes.io/name": "api"}));
    let back = undo_patch(&undo.steps[0], "f", &theirs).unwrap();
    assert!(patched(theirs, &back).is_err());
}

#[test]
fn a_selector_that_takes_anothers_pods_is_asked_about_and_never_mended_unasked() {
    let mut facts = wrong_label(("app", "shop-api"), ("app", "shop-pdf"));
    facts.pods = 2;
    facts.endpoints = Some(2);
    let evidence = scene::service(facts.clone());
    let plans = plans(Fault::ServicePortMismatch, &evidence);
    let [plan] = plans.as_slice() else { panic!("{plans:?}") };
    assert_eq!(plan.risk, Risk::Ask);
    assert_eq!(edits(plan), r#"/spec/selector/app: "shop-api" -> "shop-pdf""#);

    let by = |plan: &FixPlan, authority| {
        let mut world = world(&evidence, &[]);
        world.authority = authority;
        approve(plan.clone(), &Policy::default(), &world).map_err(|it| it.code())
    };
    assert!(by(plan, scene::person()).is_ok());
    assert!(by(plan, remedy::Authority::Automation).is_err());
    let auto = FixPlan { risk: Risk::Auto, ..plan.clone() };
    assert_eq!(by(&auto, remedy::Authority::Automation).unwrap_err(), "out_of_scope");
    // A port that leads nowhere says nothing of a label.
    facts.slip = None;
    assert!(led(facts).is_none());
}
