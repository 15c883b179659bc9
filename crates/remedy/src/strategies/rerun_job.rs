//! Show a copy of the failed job under a new name, with the edit that the diagnosis calls for.
//!
//! ## When it helps
//! A job gave up, or tries in vain what its template asks for, and the facts say what was meant. Nearly all of it is
//! immutable, so that it can only be made anew.
//!
//! ## When it does not
//! A job that still tries and may succeed or be mended where it runs, and one of a CronJob, which makes the next
//! one by itself.
//!
//! ## Risk
//! Advice, whatever a policy or a plan says: making objects is outside the closed list, and work that is done twice may
//! do harm. Bound: the guard lets no plan of this strategy through. There is nothing to undo or to verify. Attack: a
//! name that is too long is cut, and what a controller wrote into the job is left out.

use types::{Action, Diagnosis, Edit, Evidence, FieldPath, FixPlan, Kind, Risk, Step, Strategy};

use super::{
    Planner, correct_typo, fix_reference, lower_requests, raise_memory_limit, replace_image_tag,
};

/// Who may know what has to be different, narrowest first.
const CORRECTIONS: &[Planner] = &[
    replace_image_tag::plan,
    fix_reference::plan,
    raise_memory_limit::plan,
    lower_requests::plan,
    correct_typo::plan,
];

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    if evidence.subject.kind != Kind::Job || evidence.manifest.is_none() {
        return vec![];
    }
    let still_tries = evidence.workload.rolling_out;
    let corrections = || CORRECTIONS.iter().flat_map(|plan| plan(diagnosis, evidence));
    // What can be mended where it runs needs no copy.
    if still_tries && corrections().any(|it| it.risk != Risk::Advice) {
        return vec![];
    }
    let correction = corrections().map(|it| in_template(&it)).find(|it| !it.is_empty());
    let because = match (&correction, still_tries) {
        (Some(_), true) => {
            "The job cannot be changed, and nothing that it tries will help: delete it, and make this copy, which is \
             corrected."
        }
        (Some(_), false) => {
            "The job gave up and cannot be changed: make this copy, which is corrected."
        }
        (None, false) => {
            "The job gave up and cannot be changed: make this copy once its cause is mended."
        }
        (None, true) => return vec![],
    };
    let steps = correction.map(|edits| Step {
        target: evidence.subject.clone(),
        subresource: None,
        action: Action::Edit(edits),
    });
    vec![FixPlan {
        strategy: Strategy::RerunJob,
        risk: Risk::Advice,
        because: because.to_owned(),
        steps: steps.into_iter().collect(),
    }]
}

/// The edits of a plan as edits of the job's template; those of a pod stand in it as well.
fn in_template(plan: &FixPlan) -> Vec<Edit> {
    let Some(Step { target, action: Action::Edit(edits), .. }) = plan.steps.first() else {
        return vec![];
    };
    let template = FieldPath::root().child("spec").child("template");
    let moved = |edit: &Edit| match target.kind {
        Kind::Pod => {
            let path = edit.path.names().fold(template.clone(), |path, name| path.child(&name));
            Edit { path, ..edit.clone() }
        }
        Kind::Deployment
        | Kind::ReplicaSet
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::Job
        | Kind::CronJob
        | Kind::Node
        | Kind::Service
        | Kind::PersistentVolumeClaim
        | Kind::ConfigMap => edit.clone(),
    };
    edits.iter().map(moved).collect()
}
