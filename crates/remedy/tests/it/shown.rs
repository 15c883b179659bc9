//! What is only ever shown: the patch is exact, and no guard lets it through, whatever a plan says of itself.

use remedy::{Consent, Policy, job_copy, kustomize_patch};
use serde_json::json;
use types::{
    Clue, Evidence, Fault, FixPlan, Kind, NeighbourFacts, ObjectRef, Risk, ServiceFacts, SlipFacts,
    SlipKind, Strategy,
};

use crate::gates::Case;
use crate::scene::{self, APP, edit};

fn named(plans: Vec<FixPlan>, name: &str) -> Option<FixPlan> {
    plans.into_iter().find(|it| it.strategy.name() == name)
}

/// The plan is refused to machines and to people, also when it claims that somebody may say yes.
#[track_caller]
fn refused(evidence: &Evidence, plan: &FixPlan) {
    for risk in [Risk::Auto, Risk::Ask, Risk::Advice] {
        let plan = FixPlan { risk, ..plan.clone() };
        let mut world = scene::world(evidence, &[]);
        for authority in [remedy::Authority::Automation, scene::person()] {
            world.authority = authority;
            let refusal = remedy::approve(plan.clone(), &Policy::default(), &world).unwrap_err();
            assert_eq!(refusal.code(), "advice_only", "{plan}");
        }
    }
}

#[test]
fn a_slip_in_a_command_is_shown_as_an_exact_patch_and_never_written() {
    for fault in [Fault::ContainerCannotRun, Fault::CrashLoopBackOff] {
        let evidence = scene::mistyped(Kind::Deployment);
        let plan = named(scene::plans(fault, &evidence), "correct_typo").unwrap();

        assert_eq!(plan.risk, Risk::Advice);
        let patch = kustomize_patch(&plan, &evidence.containers).unwrap();
        assert!(patch.contains("command/0") && patch.contains("nginx"), "{patch}");
        refused(&evidence, &plan);
    }
}

#[test]
fn the_same_edit_under_another_name_is_out_of_scope() {
    let evidence = scene::mistyped(Kind::Deployment);
    let plan = named(scene::plans(Fault::CrashLoopBackOff, &evidence), "correct_typo").unwrap();
    for strategy in [
        Strategy::FixReference,
        Strategy::RaiseMemoryLimit { halves: 2 },
        Strategy::RaiseCpuLimit { halves: 2 },
        Strategy::RollBack,
        Strategy::ClearLeftovers,
    ] {
        let plan = FixPlan { strategy, risk: Risk::Auto, ..plan.clone() };
        let world = scene::world(&evidence, &[]);
        let refusal = remedy::approve(plan, &Policy::default(), &world).unwrap_err();
        assert_eq!(refusal.code(), "out_of_scope");
    }
}

#[test]
fn a_slip_of_another_container_or_fault_is_not_shown() {
    let mut evidence = scene::mistyped(Kind::Deployment);
    assert_eq!(named(scene::plans(Fault::OomKilled, &evidence), "correct_typo"), None);
    assert_eq!(named(scene::plans(Fault::ImageNotFound, &evidence), "correct_typo"), None);
    evidence.slips[0].container = "other".to_owned();
    assert_eq!(named(scene::plans(Fault::CrashLoopBackOff, &evidence), "correct_typo"), None);
}

#[test]
fn the_key_of_a_config_map_is_patched_by_people_alone() {
    let mut evidence = scene::mistyped(Kind::Deployment);
    evidence.slips[0].config_map = Some("settings".to_owned());

    let plan = named(scene::plans(Fault::CrashLoopBackOff, &evidence), "correct_typo").unwrap();

    let target = &plan.steps[0].target;
    assert_eq!((target.kind, target.name.as_str()), (Kind::ConfigMap, "settings"));
    assert_eq!(plan.risk, Risk::Advice);
    assert!(plan.because.contains("restart the pods that take this key"), "{}", plan.because);
    refused(&evidence, &plan);
}

/// `app` wants a tag that is not there, and a node holds one that is nearly the same.
fn held() -> Evidence {
    let mut evidence = scene::evidence(Kind::Deployment);
    evidence.on_nodes = scene::held(&["shop/web:1.3"]);
    let path = format!("{APP}/image");
    evidence.slips = vec![SlipFacts {
        container: "app".to_owned(),
        kind: SlipKind::Image,
        path: path.clone(),
        config_map: None,
        shown_by: "Node node1 holds shop/web:1.3.".to_owned(),
        alike: false,
        edits: vec![edit(&path, "shop/web:1.4", "shop/web:1.3")],
    }];
    evidence
}

#[test]
fn what_only_a_node_holds_is_advice_and_nothing_else() {
    let mut evidence = held();
    let plans = scene::plans(Fault::ImageNotFound, &evidence);

    let told: Vec<_> = plans.iter().map(|it| (it.strategy.name(), it.risk)).collect();
    assert_eq!(told, [("correct_typo", Risk::Advice)]);
    assert_eq!(
        plans[0].because,
        "Node node1 holds shop/web:1.3. No machine puts a tag that was not seen to run: apply or commit the patch."
    );
    refused(&evidence, &plans[0]);
    // Without the slip there is not even that.
    evidence.slips.clear();
    assert_eq!(scene::plans(Fault::ImageNotFound, &evidence), []);
}

#[test]
fn a_registry_that_was_asked_has_the_word_before_a_node() {
    let mut evidence = held();
    evidence.registry_tags = scene::listed_tag(Kind::Deployment).registry_tags;
    assert_eq!(named(scene::plans(Fault::ImageNotFound, &evidence), "correct_typo"), None);

    // Of repositories it was not asked, nor for another container.
    "sidecar".clone_into(&mut evidence.registry_tags.as_mut().unwrap().container);
    assert!(named(scene::plans(Fault::ImageNotFound, &evidence), "correct_typo").is_some());
    let mut evidence = held();
    evidence.registry_tags = scene::listed_tag(Kind::Deployment).registry_tags;
    evidence.slips[0].edits[0].to = Some("shop/wab:1.4".into());
    assert!(named(scene::plans(Fault::ImageNotFound, &evidence), "correct_typo").is_some());
}

#[test]
fn a_policy_may_switch_off_what_is_only_shown_and_nothing_else() {
    let with = |consent| {
        let strategies = [("correct_typo".to_owned(), consent)].into();
        Policy { strategies, ..Policy::default() }.validate().len()
    };
    assert_eq!([Consent::Off, Consent::Ask, Consent::Auto].map(with), [0, 1, 1]);
}

/// `web` calls the Service `db`, behind which a Deployment stands that was scaled to nothing.
pub(crate) fn unanswered(declared: Option<u32>) -> (Evidence, types::Diagnosis) {
    let mut evidence = scene::evidence(Kind::Deployment);
    let mut object = ObjectRef::named(Kind::Deployment, "shop", "store");
    (object.uid, object.resource_version) = ("uid-store".to_owned(), "3".to_owned());
    evidence.neighbours = vec![NeighbourFacts {
        object,
        desired: 0,
        ready: 0,
        restarts: 0,
        steady: true,
        generation: 1,
        declared,
        newest_pod_secs: None,
    }];
    evidence.services = vec![ServiceFacts {
        name: "db".to_owned(),
        addresses: vec!["10.0.0.9".to_owned()],
        selects: true,
        behind: vec!["Deployment store".to_owned()],
        targets: vec![],
    }];
    let mut diagnosis = scene::diagnosis(Fault::CrashLoopBackOff);
    diagnosis.clues = vec![Clue::new("containers[app].needs", "db:5432")];
    (evidence, diagnosis)
}

#[test]
fn who_is_missed_and_was_scaled_to_nothing_gets_exactly_its_declared_replicas_back() {
    let (evidence, mut diagnosis) = unanswered(Some(2));
    for address in ["db:5432", "db", "db.shop.svc:5432", "10.0.0.9:5432"] {
        diagnosis.clues = vec![Clue::new("containers[app].needs", address)];
        let plans = remedy::plans(std::slice::from_ref(&diagnosis), &evidence);
        let plan = named(plans, "restore_replicas").unwrap();

        assert_eq!(
            plan.steps[0].to_string(),
            "  edit Deployment shop/store\n    /spec/replicas: 0 -> 2",
            "{address}"
        );
        refused(&evidence, &plan);
    }
}

#[test]
fn what_nobody_misses_declares_nothing_or_is_one_of_several_stays_as_it_is() {
    let none = |evidence: &Evidence, diagnosis: &types::Diagnosis| {
        let plans = remedy::plans(std::slice::from_ref(diagnosis), evidence);
        assert_eq!(named(plans, "restore_replicas"), None);
    };
    let (evidence, diagnosis) = unanswered(None);
    none(&evidence, &diagnosis);
    let (mut evidence, mut diagnosis) = unanswered(Some(2));
    diagnosis.clues = vec![Clue::new("containers[app].needs", "db.other.svc:5432")];
    none(&evidence, &diagnosis);
    diagnosis.clues.clear();
    none(&evidence, &diagnosis);
    diagnosis.clues = vec![Clue::new("containers[app].needs", "db:5432")];
    evidence.services[0].behind.push("Deployment other".to_owned());
    none(&evidence, &diagnosis);
    evidence.services[0].behind.pop();
    evidence.neighbours[0].desired = 1;
    none(&evidence, &diagnosis);
}

/// A job that gave up, as the API server has it.
pub(crate) fn gave_up() -> Evidence {
    let mut evidence = scene::mistyped(Kind::Job);
    evidence.kubernetes_minor = None;
    let labels =
        json!({"app": "web", "controller-uid": "u", "batch.kubernetes.io/job-name": "web"});
    evidence.manifest = Some(json!({
        "metadata": {"name": "web", "namespace": "shop", "uid": "u", "labels": labels},
        "spec": {
            "selector": {"matchLabels": {"controller-uid": "u"}},
            "backoffLimit": 2,
            "template": {
                "metadata": {"labels": labels, "creationTimestamp": null},
                "spec": {"containers": [{"name": "app", "image": "shop/web:1.4", "command": ["ngnix"]}]},
            },
        },
        "status": {"failed": 3},
    }));
    evidence
}

#[test]
fn a_job_that_gave_up_is_shown_as_a_copy_that_is_corrected() {
    let evidence = gave_up();
    let plan = named(scene::plans(Fault::JobFailed, &evidence), "rerun_job").unwrap();

    let copy = job_copy(&plan, &evidence).unwrap();

    assert_eq!(
        copy,
        json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "web-rerun", "namespace": "shop", "labels": {"app": "web"}},
            "spec": {
                "backoffLimit": 2,
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [{"name": "app", "image": "shop/web:1.4", "command": ["nginx"]}]},
                },
            },
        })
    );
    assert_eq!(kustomize_patch(&plan, &evidence.containers), None);
    refused(&evidence, &plan);
}

#[test]
fn every_edit_of_a_job_is_shown_as_a_copy_and_not_as_a_patch_that_cannot_be_applied() {
    let mut evidence = gave_up();
    evidence.workload.rolling_out = true;
    evidence.slips.clear();
    evidence.containers[0].cpu_request = Some(scene::quantity("2"));
    evidence.room.as_mut().unwrap().cpu.requests_left = Some(500);
    for strategy in ["lower_requests", "rerun_job"] {
        let plan = named(scene::plans(Fault::FailedCreate, &evidence), strategy).unwrap();
        let copy = job_copy(&plan, &evidence).unwrap();
        assert_eq!(
            copy.pointer(&format!("{APP}/resources/requests/cpu")),
            Some(&json!("500m")),
            "{strategy}"
        );
        assert_eq!(kustomize_patch(&plan, &evidence.containers), None, "{strategy}");
        assert_eq!(plan.risk, Risk::Advice, "{strategy}");
    }
}

#[test]
fn a_copy_has_a_name_that_fits_and_a_correction_that_fits() {
    let mut evidence = gave_up();
    evidence.subject.name = format!("{}-x", "w".repeat(56));
    let mut plan = named(scene::plans(Fault::JobFailed, &evidence), "rerun_job").unwrap();
    let copy = job_copy(&plan, &evidence).unwrap();
    let name = copy["metadata"]["name"].as_str().unwrap();
    assert!(name.len() <= 63 && name.ends_with("w-rerun"), "{name}");

    let nowhere = edit(&format!("{APP}/command/7"), "a", "b");
    plan.steps[0].action = types::Action::Edit(vec![nowhere]);
    assert_eq!(job_copy(&plan, &evidence), None);
}

#[test]
fn a_copy_states_what_the_job_did_not_state() {
    let evidence = gave_up();
    let mut plan = named(scene::plans(Fault::JobFailed, &evidence), "rerun_job").unwrap();
    let path = scene::path(&format!("{APP}/resources/limits/cpu"));
    let given = types::Edit { path, from: None, to: Some("100m".into()) };
    plan.steps[0].action = types::Action::Edit(vec![given]);

    let copy = job_copy(&plan, &evidence).unwrap();

    assert_eq!(copy.pointer(&format!("{APP}/resources/limits/cpu")), Some(&json!("100m")));
}

#[test]
fn the_way_back_of_a_cron_job_is_asked_about_and_its_limits_are_shown() {
    let mut evidence = scene::rolled_out(Kind::CronJob);
    let plan = named(scene::plans(Fault::JobFailed, &evidence), "roll_back").unwrap();
    assert_eq!(plan.risk, Risk::Ask);
    assert!(plan.because.contains("succeeded with the template"), "{}", plan.because);
    let answer = |plan: &FixPlan, evidence: &Evidence| {
        let mut world = scene::world(evidence, &[]);
        world.authority = scene::person();
        let answer = remedy::approve(plan.clone(), &Policy::default(), &world);
        answer.err().map_or("approved", |it| it.code())
    };
    assert_eq!(answer(&plan, &evidence), "approved");
    assert_eq!(answer(&FixPlan { risk: Risk::Auto, ..plan.clone() }, &evidence), "out_of_scope");
    // Its next run has to prove it, before long.
    evidence.workload.next_run = None;
    assert_eq!(answer(&plan, &evidence), "advice_only");

    let mut limited = scene::rolled_out(Kind::CronJob);
    let limit = edit("/spec/jobTemplate/spec/activeDeadlineSeconds", 5, 60);
    limited.revisions[1].edits.push(limit);
    let plan = named(scene::plans(Fault::JobFailed, &limited), "roll_back").unwrap();
    assert_eq!(plan.risk, Risk::Advice);
    assert_eq!(answer(&FixPlan { risk: Risk::Ask, ..plan }, &limited), "out_of_scope");

    // A template of which a job succeeded is not to blame; nor is there a way to one of which none did.
    evidence.revisions[0].was_ready = true;
    assert_eq!(named(scene::plans(Fault::JobFailed, &evidence), "roll_back"), None);
    let mut evidence = scene::rolled_out(Kind::CronJob);
    evidence.revisions[1].was_ready = false;
    assert_eq!(named(scene::plans(Fault::JobFailed, &evidence), "roll_back"), None);
}

#[test]
fn a_job_of_an_earlier_template_that_lets_no_other_start_is_named_with_the_command() {
    let mut evidence = scene::evidence(Kind::CronJob);
    assert_eq!(named(scene::plans(Fault::JobFailed, &evidence), "clear_leftovers"), None);
    evidence.workload.held_by = Some("web-1".to_owned());

    let plan = named(scene::plans(Fault::JobFailed, &evidence), "clear_leftovers").unwrap();

    assert_eq!((plan.risk, plan.steps.len()), (Risk::Advice, 0));
    assert!(plan.because.ends_with("kubectl -n shop delete job web-1"), "{}", plan.because);
}

#[test]
fn a_job_that_tries_in_vain_is_copied_only_where_the_facts_say_what_was_meant() {
    let mut evidence = gave_up();
    evidence.workload.rolling_out = true;
    let plan = named(scene::plans(Fault::CrashLoopBackOff, &evidence), "rerun_job").unwrap();
    assert!(plan.because.contains("delete it"), "{}", plan.because);
    refused(&evidence, &plan);

    evidence.slips.clear();
    assert_eq!(named(scene::plans(Fault::CrashLoopBackOff, &evidence), "rerun_job"), None);
    // Where its pod can be mended, no copy is made.
    evidence.images = scene::wrong_tag(Kind::Job, &[("shop/web:1.3", "revision 1", true)]).images;
    assert_eq!(named(scene::plans(Fault::ImageNotFound, &evidence), "rerun_job"), None);
}

#[test]
fn a_job_that_still_tries_and_one_of_a_cron_job_are_not_copied() {
    let mut evidence = gave_up();
    evidence.subject.kind = Kind::CronJob;
    assert_eq!(named(scene::plans(Fault::JobFailed, &evidence), "rerun_job"), None);
    evidence.subject.kind = Kind::Job;
    evidence.manifest = None;
    assert_eq!(named(scene::plans(Fault::JobFailed, &evidence), "rerun_job"), None);
}

#[test]
fn a_plan_that_is_carried_out_has_no_copy() {
    let case = Case::oom();
    assert_eq!(job_copy(&case.plan, &gave_up()), None);
}
