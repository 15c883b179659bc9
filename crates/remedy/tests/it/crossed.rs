//! Ports that change places, and labels without the word for their kind.

use remedy::Policy;
use serde_json::json;
use types::{Action, Evidence, Fault, FixPlan, MeantPort, PortTarget, Risk, TrafficFacts};

use crate::scene::{self, plans, world, wrong_label, wrong_port};

fn name(it: &str) -> PortTarget {
    PortTarget::Name(it.to_owned())
}

/// Two ports, each of which was meant to lead where the other one does.
fn crossed() -> TrafficFacts {
    let mut facts = wrong_port(name("metrics"), name("http"), false);
    facts.ports[0].target = Some(name("http"));
    let meant = MeantPort { target: name("metrics"), near: false, proven: false, agreed: false };
    facts.ports[0].meant = Some(meant);
    facts
}

fn answer(plan: FixPlan, evidence: &Evidence) -> &'static str {
    let mut world = world(evidence, &[]);
    world.authority = scene::person();
    remedy::approve(plan, &Policy::default(), &world).map_or_else(|it| it.code(), |_| "approved")
}

#[test]
fn two_ports_change_places_at_once_and_after_a_yes() {
    let evidence = scene::service(crossed());
    let plan = plans(Fault::ServicePortMismatch, &evidence).remove(0);
    let Action::Edit(edits) = &plan.steps[0].action else { panic!("{plan}") };
    let edits: Vec<_> = edits.iter().map(ToString::to_string).collect();
    let expected = [
        r#"/spec/ports/0/targetPort: "http" -> "metrics""#,
        r#"/spec/ports/1/targetPort: "metrics" -> "http""#,
    ];
    assert_eq!((plan.risk, edits.as_slice()), (Risk::Ask, &expected.map(str::to_owned)[..]));
    assert_eq!(answer(plan.clone(), &evidence), "approved");

    let mut unasked = plan.clone();
    unasked.risk = Risk::Auto;
    assert_ne!(answer(unasked, &evidence), "approved");
    let mut half = plan.clone();
    let mut other = plan;
    if let Action::Edit(edits) = &mut half.steps[0].action {
        edits.truncate(1);
    }
    if let Action::Edit(edits) = &mut other.steps[0].action {
        edits[1].to = Some(json!("admin"));
    }
    assert_eq!(answer(other, &evidence), "out_of_scope");
    // Both would lead to one port.
    assert_eq!(answer(half, &evidence), "out_of_scope");
}

#[test]
fn a_port_that_was_meant_to_lead_elsewhere_changes_places_with_none() {
    let mut facts = crossed();
    facts.ports[0].meant = None;
    let plan = plans(Fault::ServicePortMismatch, &scene::service(facts)).remove(0);
    let Action::Edit(edits) = &plan.steps[0].action else { panic!("{plan}") };
    assert_eq!(edits.len(), 1);
}

/// Who may say yes to this value of a label in place of that one.
fn risk(wrong: &str, meant: &str, change: fn(&mut types::LabelSlip)) -> Option<Risk> {
    let mut facts = wrong_label(("app", wrong), ("app", meant));
    change(facts.slip.as_mut().unwrap());
    let evidence = scene::service(facts);
    plans(Fault::ServiceWithoutEndpoints, &evidence).first().map(|it| it.risk)
}

#[test]
fn a_word_for_the_kind_is_left_out_unasked_where_a_letter_would_be() {
    assert_eq!(risk("seat-map-svc", "seat-map", |_| {}), Some(Risk::Auto));
    assert_eq!(risk("seat-map", "seat-map-deployment", |_| {}), Some(Risk::Auto));
    // It is called what it asks for, others take the pods, something else is as near, a role is no kind.
    assert_eq!(risk("seat-map-svc", "seat-map", |it| it.meant_so = true), Some(Risk::Ask));
    assert_eq!(risk("seat-map-svc", "seat-map", |it| it.served = true), Some(Risk::Ask));
    assert_eq!(risk("seat-map-svc", "seat-map", |it| it.near = false), Some(Risk::Ask));
    assert_eq!(risk("seat-map-svc", "seat-map-import", |_| {}), Some(Risk::Ask));
    assert_eq!(risk("seat-map-worker", "seat-map", |_| {}), Some(Risk::Ask));
}

#[test]
fn another_short_word_is_asked_about_and_a_slip_of_one_is_not() {
    assert_eq!(risk("orders-eu", "orders-us", |_| {}), Some(Risk::Ask));
    assert_eq!(risk("orders-db", "orders-web", |_| {}), Some(Risk::Ask));
    assert_eq!(risk("orders-wbe", "orders-web", |_| {}), Some(Risk::Auto));
    assert_eq!(risk("orders-wb", "orders-web", |_| {}), Some(Risk::Auto));
}
