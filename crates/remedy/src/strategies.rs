//! The registry of strategies: what each diagnosis can be answered with.

mod replace_image_tag;
mod fix_reference;
mod fix_selector;
mod fix_service_port;
mod fix_probe_port;
mod raise_memory_limit;
mod lower_requests;
mod raise_cpu_limit;
mod roll_back;
mod relax_probe;
mod wait;
mod restart_pod;
mod restart_rollout;
mod clear_leftovers;
mod correct_typo;
mod restore_replicas;
mod rerun_job;
mod remove_taint;

use types::{Diagnosis, Evidence, Fault, FixPlan, Risk};

use crate::place;

pub(crate) use raise_cpu_limit::with_dose as with_cpu_dose;
pub(crate) use raise_memory_limit::with_dose;
pub use replace_image_tag::unknown_image;
pub(crate) use replace_image_tag::{known_tags, with_tag};
pub use restart_pod::is_backed;

/// What one strategy has to offer for one diagnosis.
type Planner = fn(&Diagnosis, &Evidence) -> Vec<FixPlan>;

/// Order is rank: narrow edits of the cause come first, what only shakes the workload last.
const ALL: &[Planner] = &[
    replace_image_tag::plan,
    fix_reference::plan,
    fix_selector::plan,
    fix_service_port::plan,
    fix_probe_port::plan,
    raise_memory_limit::plan,
    raise_cpu_limit::plan,
    lower_requests::plan,
    wait::for_callee,
    roll_back::plan,
    relax_probe::plan,
    wait::plan,
    restart_pod::plan,
    restart_rollout::plan,
    clear_leftovers::plan,
    correct_typo::plan,
    restore_replicas::plan,
    rerun_job::plan,
    remove_taint::plan,
];

/// The fault that the plan answers: of the first diagnosis that it is made for.
pub fn answered(plan: &FixPlan, diagnoses: &[Diagnosis], evidence: &Evidence) -> Option<Fault> {
    let answers = |it: &&Diagnosis| {
        let made = plans(std::slice::from_ref(*it), evidence);
        made.iter().any(|it| it.strategy == plan.strategy && it.steps == plan.steps)
    };
    diagnoses.iter().find(answers).or(diagnoses.first()).map(|it| it.fault)
}

/// The plans for these diagnoses, best first by rule, without repeats.
///
/// What a machine may not carry out stands last. There is none for an owner that is paused on purpose.
pub fn plans(diagnoses: &[Diagnosis], evidence: &Evidence) -> Vec<FixPlan> {
    if evidence.workload.paused {
        return vec![];
    }
    let mut plans: Vec<FixPlan> = vec![];
    for plan in diagnoses.iter().flat_map(|it| ALL.iter().flat_map(|plan| plan(it, evidence))) {
        let plan = place::unfought(place::provable(plan, evidence), evidence);
        if plans.iter().all(|it| it.strategy != plan.strategy) {
            plans.push(plan);
        }
    }
    plans.sort_by_key(|it| it.risk == Risk::Advice);
    plans
}
