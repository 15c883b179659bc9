//! A taint that nobody tolerates: the way to take it off is shown, and no order writes a node, whatever it says of
//! itself.

use remedy::{
    Authority, Consent, Policy, RequestError, kustomize_patch, node_patch, owner_of, requested,
};
use serde_json::{Value, json};
use types::{
    Action, Evidence, Fault, FixPlan, Kind, Mode, ObjectRef, Owner, Risk, Strategy, StrayTaint,
};

use crate::scene;

fn shown(evidence: &Evidence) -> Option<FixPlan> {
    let plans = scene::plans(Fault::Unschedulable, evidence);
    plans.into_iter().find(|it| it.strategy == Strategy::RemoveTaint)
}

fn stray(evidence: &mut Evidence) -> &mut Vec<StrayTaint> {
    &mut evidence.nodes.as_mut().unwrap().stray
}

/// What the guard says, by mode, policy and who wants it.
fn code(
    plan: &FixPlan,
    evidence: &Evidence,
    (mode, policy, authority): (Mode, &Policy, Authority),
) -> &'static str {
    let mut world = scene::world(evidence, &[]);
    (world.mode, world.authority) = (mode, authority);
    remedy::approve(plan.clone(), policy, &world).unwrap_err().code()
}

#[test]
fn the_taint_is_shown_as_an_exact_patch_and_as_a_command() {
    let evidence = scene::tainted(Kind::Deployment);

    let plan = shown(&evidence).unwrap();

    assert_eq!(plan.risk, Risk::Advice);
    assert!(plan.because.contains("`kubectl taint nodes node1 maintenance:NoSchedule-`"), "{plan}");
    assert!(plan.because.contains("let the workload tolerate it"), "{plan}");
    let patch: Value = serde_json::from_str(&node_patch(&plan).unwrap()).unwrap();
    let seen = json!({"key": "maintenance", "value": "yes", "effect": "NoSchedule"});
    let expected = json!([
        {"op": "test", "path": "/spec/taints/1", "value": seen},
        {"op": "remove", "path": "/spec/taints/1"},
    ]);
    assert_eq!(patch, expected);
    assert_eq!(kustomize_patch(&plan, &[]), None, "no kustomization holds a node");
}

#[test]
fn the_patch_takes_off_what_was_seen_and_nothing_else() {
    let mut evidence = scene::tainted(Kind::Deployment);
    let mut added = scene::taint("node1", 2, "NoExecute");
    (added.value, added.added_at) = (None, Some(scene::at(scene::NOW)));
    stray(&mut evidence).push(added);
    stray(&mut evidence).push(scene::taint("node2", 0, "NoSchedule"));
    let plan = shown(&evidence).unwrap();
    let patch: json_patch::Patch = serde_json::from_str(&node_patch(&plan).unwrap()).unwrap();
    let other = json!({"key": "other", "effect": "PreferNoSchedule"});
    let seen = json!({"key": "maintenance", "value": "yes", "effect": "NoSchedule"});
    let second = json!({"key": "maintenance", "effect": "NoExecute", "timeAdded": scene::at(scene::NOW).to_string()});

    let mut node = json!({"spec": {"taints": [other, seen, second, other]}});
    json_patch::patch(&mut node, &patch).unwrap();
    assert_eq!(node, json!({"spec": {"taints": [other, other]}}));
    // Another list than the one that was seen.
    let mut node = json!({"spec": {"taints": [seen, other, second]}});
    assert!(json_patch::patch(&mut node, &patch).is_err());

    let command = "`kubectl taint nodes node1 maintenance:NoExecute- maintenance:NoSchedule-`";
    assert!(plan.because.contains(command), "{plan}");
    assert!(plan.because.contains("One other node has it as well."), "{plan}");
    assert_eq!(plan.steps.len(), 1);
}

#[test]
fn an_order_is_refused_in_every_mode_under_every_policy_and_to_people_too() {
    let evidence = scene::tainted(Kind::Deployment);
    let plan = shown(&evidence).unwrap();
    let with = |consent| {
        let strategies = [("remove_taint".to_owned(), consent)].into();
        Policy { strategies, ..Policy::default() }
    };
    for risk in [Risk::Auto, Risk::Ask, Risk::Advice] {
        let plan = FixPlan { risk, ..plan.clone() };
        for authority in [Authority::Automation, scene::person()] {
            let code =
                |mode, policy: &Policy| code(&plan, &evidence, (mode, policy, authority.clone()));
            for mode in [Mode::Suggest, Mode::Auto] {
                assert_eq!(code(mode, &Policy::default()), "advice_only");
                assert_eq!(code(mode, &with(Consent::Ask)), "advice_only");
                assert_eq!(code(mode, &with(Consent::Auto)), "advice_only");
                assert_eq!(code(mode, &with(Consent::Off)), "strategy_switched_off");
            }
            assert_eq!(code(Mode::Observe, &Policy::default()), "observing");
        }
    }
    assert_eq!(with(Consent::Off).validate().len(), 0);
    assert_eq!([Consent::Ask, Consent::Auto].map(|it| with(it).validate().len()), [1, 1]);
}

#[test]
fn under_any_other_name_and_target_the_edit_is_refused_as_well() {
    let evidence = scene::tainted(Kind::Deployment);
    let plan = shown(&evidence).unwrap();
    for strategy in [
        Strategy::FixReference,
        Strategy::FixSelector,
        Strategy::LowerRequests,
        Strategy::RaiseMemoryLimit { halves: 2 },
        Strategy::RollBack,
        Strategy::RestartPod,
        Strategy::Wait,
    ] {
        let mut plan = FixPlan { strategy, risk: Risk::Auto, ..plan.clone() };
        let all = (Mode::Auto, &Policy::default(), scene::person());
        assert_eq!(code(&plan, &evidence, all.clone()), "namespace_denied");
        // A node that claims to lie in the namespace is none of ours.
        plan.steps[0].target.namespace = "shop".to_owned();
        assert_eq!(code(&plan, &evidence, all.clone()), "foreign_target");
        // The same edit of the workload itself.
        plan.steps[0].target = evidence.subject.clone();
        assert_eq!(code(&plan, &evidence, all), "out_of_scope");
    }
}

#[test]
fn it_is_ordered_by_its_name_alone() {
    let evidence = scene::tainted(Kind::Deployment);
    let diagnoses = [scene::diagnosis(Fault::Unschedulable)];
    let order = |it: Value| requested(it.as_object().unwrap(), &diagnoses, &evidence);

    let plan = order(json!({"type": "remove_taint"})).unwrap();
    assert_eq!(plan.strategy, Strategy::RemoveTaint);
    let more = json!({"type": "remove_taint", "parameters": {"key": "node-role.kubernetes.io/control-plane"}});
    assert!(matches!(order(more), Err(RequestError::BadParameters(_))));
}

#[test]
fn who_writes_the_workload_does_not_write_the_node() {
    let mut evidence = scene::tainted(Kind::Deployment);
    let flux = Owner { name: "flux".to_owned(), mark: String::new(), fields: vec![] };
    evidence.workload.owners = vec![flux];

    assert_eq!(owner_of(&shown(&evidence).unwrap(), &evidence), None);
}

#[test]
fn what_the_scheduler_does_not_say_is_not_answered() {
    let mut evidence = scene::tainted(Kind::Deployment);
    assert!(
        !scene::plans(Fault::CrashLoopBackOff, &evidence)
            .iter()
            .any(|it| it.strategy == Strategy::RemoveTaint)
    );
    let short = "0/1 nodes are available: 1 Insufficient memory.".to_owned();
    evidence.pods[0].unschedulable = Some(short);
    assert_eq!(shown(&evidence), None);
    let mut evidence = scene::tainted(Kind::Deployment);
    stray(&mut evidence).clear();
    assert_eq!(shown(&evidence), None);
}

#[test]
fn a_taint_that_says_more_than_a_name_is_not_put_into_a_command() {
    let changes: [fn(&mut StrayTaint); 12] = [
        |it| it.key = "a; rm -rf /".to_owned(),
        |it| it.key = "$(reboot)".to_owned(),
        |it| it.key = "--all".to_owned(),
        |it| it.key = "a\nb".to_owned(),
        |it| it.key = String::new(),
        |it| it.key = "k".repeat(1 << 20),
        |it| it.value = Some("`id`".to_owned()),
        |it| it.effect = "NoSchedule- --all".to_owned(),
        |it| it.effect = "PreferNoSchedule".to_owned(),
        |it| it.node.name = "node1 node2".to_owned(),
        |it| it.node.name = "-l app".to_owned(),
        |it| it.node = ObjectRef::named(Kind::Pod, "", "node1"),
    ];
    for change in changes {
        let mut evidence = scene::tainted(Kind::Deployment);
        change(&mut stray(&mut evidence)[0]);
        assert_eq!(shown(&evidence), None, "{:?}", stray(&mut evidence)[0]);
    }
}

#[test]
fn there_is_no_way_from_the_advice_to_a_node() {
    let plan = shown(&scene::tainted(Kind::Deployment)).unwrap();
    assert!(remedy::rights_of("remove_taint").is_empty());
    assert!(plan.steps.iter().all(|it| matches!(it.action, Action::Edit(_))));
    let rights = remedy::Writer::ALL.map(|it| it.rights_under(&Policy::default()));
    assert!(rights.iter().flatten().all(|it| it.resource != "nodes"), "{rights:?}");
}
