//! Rollbacks that bring a command of a probe back: nothing is run in a container that none of its probes runs now.

use serde_json::json;
use types::{Edit, Evidence, Fault, FixPlan, Kind, ProbeFacts, ProbeKind, Risk};

use crate::gates::{Case, check};
use crate::scene::{self, APP};

const CHECK: &[&str] = &["/app", "check"];
const OTHER: &[&str] = &["/app", "check", "--deep"];

fn probe(kind: ProbeKind, command: &[&str]) -> ProbeFacts {
    let asks = scene::probed(kind, "command exited with 1").containers[0].probes[0].clone();
    let command = command.iter().map(|it| (*it).to_owned()).collect();
    ProbeFacts { action: "exec".to_owned(), port: None, path: None, scheme: None, command, ..asks }
}

/// A rollout whose way back is this edit, in a container whose probes run this now.
fn rolled_out(back: &Edit, now: &[(ProbeKind, &[&str])]) -> Evidence {
    let mut evidence = scene::rolled_out(Kind::Deployment);
    evidence.revisions[1].edits = vec![back.clone()];
    evidence.containers[0].probes = now.iter().map(|it| probe(it.0, it.1)).collect();
    evidence
}

/// The start of `app` is probed again with this command.
fn lost(command: &[&str]) -> Edit {
    let probe = json!({"exec": {"command": command}, "periodSeconds": 5});
    Edit { path: scene::path(&format!("{APP}/startupProbe")), from: None, to: Some(probe) }
}

fn changed(from: &[&str], to: &[&str]) -> Edit {
    scene::edit(&format!("{APP}/startupProbe/exec/command"), json!(from), json!(to))
}

fn rollback(evidence: &Evidence) -> FixPlan {
    let plans = scene::plans(Fault::CrashLoopBackOff, evidence);
    plans.into_iter().find(|it| it.strategy.name() == "roll_back").unwrap()
}

fn case(evidence: Evidence) -> Case {
    let plan = rollback(&evidence);
    let mut case = Case::offered(Fault::CrashLoopBackOff, evidence);
    case.plan = plan;
    case
}

const LIVENESS: ProbeKind = ProbeKind::Liveness;
const READINESS: ProbeKind = ProbeKind::Readiness;

#[test]
fn a_lost_probe_comes_back_unasked_where_another_one_of_its_container_runs_the_same() {
    let now = |command| rolled_out(&lost(CHECK), &[(LIVENESS, command), (READINESS, OTHER)]);
    let same = case(now(CHECK));
    assert_eq!((same.plan.risk, same.answer()), (Risk::Auto, Ok(())));

    for command in [&[][..], OTHER, &["/app check"], &["/app"], &["check", "/app"]] {
        assert_eq!(rollback(&now(command)).risk, Risk::Advice, "{command:?}");
        let command: Vec<String> = command.iter().map(|it| (*it).to_owned()).collect();
        check(case(now(CHECK)), "out_of_scope", |it| {
            it.evidence.containers[0].probes[0].command.clone_from(&command);
        });
        check(case(now(CHECK)), "out_of_scope", |it| {
            it.world = |world| world.authority = scene::person();
            it.plan.risk = Risk::Ask;
            it.evidence.containers[0].probes[0].command = command;
        });
    }
}

#[test]
fn what_the_container_beside_it_runs_is_no_command_of_its_own() {
    let evidence = || rolled_out(&lost(CHECK), &[(LIVENESS, CHECK)]);
    let beside = |it: &mut Evidence| {
        let mut beside = it.containers[0].clone();
        "beside".clone_into(&mut beside.name);
        beside.index = 1;
        it.containers[0].probes.clear();
        it.containers.push(beside);
    };
    let mut of_beside = evidence();
    beside(&mut of_beside);

    assert_eq!(rollback(&of_beside).risk, Risk::Advice);
    check(case(evidence()), "out_of_scope", |it| beside(&mut it.evidence));
    check(case(evidence()), "out_of_scope", |it| {
        it.evidence.containers[0].role = types::ContainerRole::Init;
    });
}

#[test]
fn a_command_goes_back_unasked_where_the_newer_one_could_be_put_again() {
    let started = (ProbeKind::Startup, OTHER);
    let back = changed(OTHER, CHECK);
    let both = case(rolled_out(&back, &[started, (LIVENESS, CHECK), (READINESS, OTHER)]));
    assert_eq!((both.plan.risk, both.answer()), (Risk::Auto, Ok(())));

    // With the way back nothing runs the newer one any more.
    let one = || case(rolled_out(&back, &[started, (LIVENESS, CHECK)]));
    assert_eq!(one().plan.risk, Risk::Ask);
    assert_eq!(one().approved().answer(), Ok(()));
    let mut unasked = one();
    unasked.plan.risk = Risk::Auto;
    assert_eq!(unasked.answer().unwrap_err().code(), "out_of_scope");

    let none = rolled_out(&back, &[started, (READINESS, OTHER)]);
    assert_eq!(rollback(&none).risk, Risk::Advice);
}

#[test]
fn a_probe_that_the_rollout_brought_goes_unasked_where_another_one_runs_its_command() {
    let path = scene::path(&format!("{APP}/livenessProbe"));
    let back = Edit { path, from: Some(json!({"exec": {"command": CHECK}})), to: None };
    let risk = |now: &[(ProbeKind, &[&str])]| rollback(&rolled_out(&back, now)).risk;

    assert_eq!(risk(&[(LIVENESS, CHECK), (READINESS, CHECK)]), Risk::Auto);
    assert_eq!(risk(&[(LIVENESS, CHECK), (READINESS, OTHER)]), Risk::Ask);
    assert_eq!(risk(&[(LIVENESS, CHECK)]), Risk::Ask);
}

#[test]
fn two_commands_change_places_unasked_and_a_list_of_containers_is_not_followed() {
    let swap = |probe: &str, from: &[&str], to: &[&str]| {
        scene::edit(&format!("{APP}/{probe}/exec/command"), json!(from), json!(to))
    };
    let mut evidence =
        rolled_out(&swap("livenessProbe", CHECK, OTHER), &[(LIVENESS, CHECK), (READINESS, OTHER)]);
    evidence.revisions[1].edits.push(swap("readinessProbe", OTHER, CHECK));
    assert_eq!(rollback(&evidence).risk, Risk::Auto);

    let app = |probes| {
        let mut app = json!({"name": "app", "image": "shop/web:1.4"});
        for probe in probes {
            app[probe] = json!({"exec": {"command": CHECK}});
        }
        app
    };
    let path = scene::path("/spec/template/spec/containers");
    let (from, to) = (app(vec!["livenessProbe"]), app(vec!["livenessProbe", "startupProbe"]));
    let sidecar = json!({"name": "proxy", "image": "shop/proxy:1"});
    let whole = Edit { path, from: Some(json!([from, sidecar])), to: Some(json!([to])) };
    assert_eq!(rollback(&rolled_out(&whole, &[(LIVENESS, CHECK)])).risk, Risk::Advice);
}
