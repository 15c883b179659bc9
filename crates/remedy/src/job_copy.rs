//! A job as a manifest to make anew, without what controllers wrote into it: one that gave up, or whose template
//! would have to be another, which is immutable.

use serde_json::{Map, Value, json};
use types::{Action, Edit, Evidence, FieldPath, FixPlan, Kind, Step, Strategy};

/// The longest name of a job: its pods carry it as a label.
const MAX_NAME: usize = 63;
/// What the name of the copy ends with.
const ENDING: &str = "-rerun";
/// Labels that the job controller gives to a job and its pods; a copy gets its own.
const BY_CONTROLLER: [&str; 4] = [
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
];

/// Whether the plan edits a job itself, which nobody can: it is made anew with the edits.
pub(crate) fn edits_a_job(plan: &FixPlan) -> bool {
    let is_edit = |it: &Step| {
        it.target.kind == Kind::Job
            && matches!(it.action, Action::Edit(_))
            && it.subresource.is_none()
    };
    plan.steps.iter().any(is_edit)
}

/// The copy of the job that a plan to run it again is about, or that a plan would edit, with the edits of the plan
/// in it; `None` for any other plan. Not redacted: redact before it leaves the process.
pub fn job_copy(plan: &FixPlan, evidence: &Evidence) -> Option<Value> {
    if plan.strategy != Strategy::RerunJob && !edits_a_job(plan) {
        return None;
    }
    let mut job = evidence.manifest.clone()?;
    let edits = plan.steps.iter().filter_map(|it| match &it.action {
        Action::Edit(edits) => Some(edits),
        Action::Evict | Action::Restart => None,
    });
    for Edit { path, to, .. } in edits.flatten() {
        // An edit that does not fit would make another copy than the one that is talked of.
        put(&mut job, path, to.clone()?)?;
    }
    let metadata = json!({
        "name": name(&evidence.subject.name),
        "namespace": evidence.subject.namespace,
        "labels": labels(job.pointer("/metadata/labels")),
    });
    let mut spec = job.get("spec")?.as_object()?.clone();
    for field in ["selector", "manualSelector", "suspend"] {
        spec.remove(field);
    }
    if let Some(of_pods) = spec.get_mut("template").and_then(|it| it.get_mut("metadata")) {
        *of_pods = json!({"labels": labels(of_pods.get("labels")), "annotations": of_pods.get("annotations")});
        if let Some(members) = of_pods.as_object_mut() {
            members.retain(|_, it| !it.is_null());
        }
    }
    Some(json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}))
}

/// Writes a value at a path, whose last members need not be there yet; `None` where it does not fit.
fn put(job: &mut Value, path: &FieldPath, value: Value) -> Option<()> {
    if let Some(there) = job.pointer_mut(path.as_str()) {
        *there = value;
        return Some(());
    }
    let mut names: Vec<_> = path.names().collect();
    let last = names.pop()?;
    let mut place = job;
    for name in names {
        place = match place {
            Value::Array(items) => items.get_mut(name.parse::<usize>().ok()?)?,
            Value::Object(members) => members.entry(name).or_insert_with(|| json!({})),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
        };
    }
    place.as_object_mut()?.insert(last, value);
    Some(())
}

/// A name that fits, and is not the one that is taken.
fn name(of: &str) -> String {
    let kept: String = of.chars().take(MAX_NAME - ENDING.len()).collect();
    format!("{}{ENDING}", kept.trim_end_matches(['-', '.']))
}

fn labels(labels: Option<&Value>) -> Map<String, Value> {
    let labels = labels.and_then(Value::as_object).into_iter().flatten();
    let own = labels.filter(|it| !BY_CONTROLLER.contains(&it.0.as_str()));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}
