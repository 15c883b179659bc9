//! A job that was killed for memory until it gave up: its copy has more of it, within the bounds of any raise.

use remedy::{Policy, approve, job_copy};
use serde_json::{Value, json};
use types::{Evidence, Fault, FixPlan, Kind, Risk};

use crate::scene::{self, APP};
use crate::shown;

/// It gave up half an hour ago, and its last try ended so.
fn gave_up(last_exit: &str) -> Evidence {
    let mut evidence = shown::gave_up();
    evidence.slips.clear();
    evidence.workload.failed_condition = Some("BackoffLimitExceeded".to_owned());
    "Failed".clone_into(&mut evidence.pods[0].phase);
    evidence.containers[0].memory_limit = Some(scene::quantity("128Mi"));
    evidence.containers[0].state.last_exit = Some(last_exit.to_owned());
    let manifest = evidence.manifest.as_mut().unwrap();
    manifest.pointer_mut(APP).unwrap()["resources"] = json!({"limits": {"memory": "128Mi"}});
    evidence
}

fn rerun(fault: Fault, evidence: &Evidence) -> FixPlan {
    let plans = scene::plans(fault, evidence);
    plans.into_iter().find(|it| it.strategy.name() == "rerun_job").unwrap()
}

/// The memory limit of the copy.
fn limit(fault: Fault, evidence: &Evidence) -> Value {
    let copy = job_copy(&rerun(fault, evidence), evidence).unwrap();
    copy.pointer(&format!("{APP}/resources/limits/memory")).unwrap().clone()
}

#[test]
fn the_copy_of_a_job_that_was_killed_until_it_gave_up_has_double_the_memory() {
    for fault in [Fault::OomKilled, Fault::JobFailed] {
        let evidence = gave_up("OOMKilled");
        assert_eq!(limit(fault, &evidence), "256Mi", "{fault}");

        let mut plan = rerun(fault, &evidence);
        assert_eq!(plan.risk, Risk::Advice);
        plan.risk = Risk::Ask;
        let mut world = scene::world(&evidence, &[]);
        world.authority = scene::person();
        let refusal = approve(plan, &Policy::default(), &world).unwrap_err();
        assert_eq!(refusal.code(), "advice_only");
    }
}

#[test]
fn what_ended_otherwise_has_the_memory_that_it_had() {
    assert_eq!(limit(Fault::JobFailed, &gave_up("Error")), "128Mi");
    let mut beside = gave_up("OOMKilled");
    let mut other = beside.containers[0].clone();
    "other".clone_into(&mut other.name);
    other.index = 1;
    beside.containers[0].state.last_exit = Some("Error".to_owned());
    beside.containers.push(other);
    assert_eq!(limit(Fault::JobFailed, &beside), "128Mi");
}

#[test]
fn the_copy_stays_within_what_bounds_a_raise() {
    let within = |change: &dyn Fn(&mut Evidence)| {
        let mut evidence = gave_up("OOMKilled");
        change(&mut evidence);
        limit(Fault::JobFailed, &evidence)
    };
    let mib = |it: u64| Some(it << 20);
    assert_eq!(within(&|it| it.room.as_mut().unwrap().memory.cap = mib(200)), "192Mi");
    assert_eq!(within(&|it| it.room.as_mut().unwrap().memory.container_max = mib(200)), "192Mi");
    assert_eq!(within(&|it| it.nodes.as_mut().unwrap().largest_memory = 150 << 20), "150Mi");
    // Its pods are over: the quota has to have all of it left, and not what is more.
    assert_eq!(within(&|it| it.room.as_mut().unwrap().memory.limits_left = mib(200)), "192Mi");
    assert_eq!(within(&|it| it.room.as_mut().unwrap().memory.limits_left = mib(256)), "256Mi");
    assert_eq!(within(&|it| it.room.as_mut().unwrap().memory.limits_left = mib(128)), "128Mi");
    assert_eq!(within(&|it| it.room = None), "128Mi");
}

#[test]
fn a_job_that_goes_on_is_raised_where_it_runs_and_not_copied() {
    let mut evidence = gave_up("OOMKilled");
    evidence.workload.failed_condition = None;
    evidence.workload.rolling_out = true;
    "Running".clone_into(&mut evidence.pods[0].phase);
    evidence.kubernetes_minor = Some(35);

    let plans = scene::plans(Fault::OomKilled, &evidence);

    assert!(plans.iter().all(|it| it.strategy.name() != "rerun_job"), "{plans:?}");
    assert_eq!(plans[0].risk, Risk::Auto);
    let of_cron = scene::out_of_memory(Kind::CronJob, "128Mi");
    let plans = scene::plans(Fault::JobFailed, &of_cron);
    assert!(plans.iter().all(|it| it.strategy.name() != "raise_memory_limit"), "{plans:?}");
}
