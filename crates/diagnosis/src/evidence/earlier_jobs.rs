//! What the jobs of a CronJob were made from: it keeps no revisions, and its jobs have copies of its template.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};
use serde_json::{Map, Value, json};
use types::{FieldPath, RevisionFacts};

use crate::evidence::{diff, host_mounts, plain_values};
use crate::root::{spec_hash, template_json};
use crate::{Objects, Redactor};

/// More jobs than this are never looked back at.
const MAX_JOBS: usize = 100;
/// Labels that the job controller gives to the pods of a job.
const BY_CONTROLLER: [&str; 4] = [
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
];

/// One template, and what became of the jobs that were made from it.
struct Earlier {
    name: String,
    has_succeeded: bool,
    document: Value,
}

/// The different templates of the jobs that are still there, the present one first and then the newest; the earlier
/// a job, the smaller its number.
pub(super) fn facts(
    owner: &CronJob,
    objects: &Objects,
    changed: impl Fn(&[types::Edit], &Redactor) -> Vec<String>,
    redactor: &Redactor,
) -> Vec<RevisionFacts> {
    let Some(present) = owner.spec.job_template.spec.as_ref().map(document) else { return vec![] };
    let earlier = templates(objects);
    let numbered = (1..).zip(earlier.into_iter().rev());
    let facts = numbered.map(|(number, it): (i64, Earlier)| {
        let current = it.document == present;
        let edits = diff::edits(&path(), &present, &it.document);
        RevisionFacts {
            plain: plain_values::fields(&edits, (&path(), &present), redactor),
            changed: changed(&edits, redactor),
            name: it.name,
            revision: number,
            current,
            was_ready: it.has_succeeded,
            mounts_host: host_mounts::opens(template(&present), template(&it.document)),
            spec_hash: spec_hash(template(&it.document)),
            edits,
        }
    });
    let mut facts: Vec<_> = facts.collect();
    facts.sort_by_key(|it| std::cmp::Reverse((it.current, it.revision)));
    facts
}

fn template(document: &Value) -> &Value {
    document.get("template").unwrap_or(&Value::Null)
}

/// Where the template of its jobs stands in a CronJob.
fn path() -> FieldPath {
    FieldPath::root().child("spec").child("jobTemplate").child("spec")
}

/// The templates, newest job first.
fn templates(objects: &Objects) -> Vec<Earlier> {
    let made = |it: &Arc<Job>| -> Option<Timestamp> {
        it.metadata.creation_timestamp.as_ref().map(|it| it.0)
    };
    let mut jobs: Vec<_> = objects.whole_jobs.iter().collect();
    jobs.sort_by_key(|it| std::cmp::Reverse((made(it), it.metadata.name.clone())));
    let mut found: Vec<Earlier> = vec![];
    for job in jobs.into_iter().take(MAX_JOBS) {
        let Some(document) = job.spec.as_ref().map(document) else { continue };
        let has_succeeded = has_succeeded(job);
        let known = found.iter_mut().find(|it| it.document == document);
        if let Some(known) = known {
            known.has_succeeded |= has_succeeded;
            continue;
        }
        let name = job.metadata.name.clone().unwrap_or_default();
        found.push(Earlier { name, has_succeeded, document });
    }
    found
}

fn has_succeeded(job: &Job) -> bool {
    let conditions = job.status.iter().flat_map(|it| it.conditions.iter().flatten());
    conditions.into_iter().any(|it| it.type_ == "Complete" && it.status == "True")
}

/// What a job is told that bears on its success, without what controllers and the API server add to it.
fn document(spec: &JobSpec) -> Value {
    let mut document = Map::new();
    let mut template = template_json(&spec.template);
    if let Some(metadata) = template.get_mut("metadata").and_then(Value::as_object_mut) {
        if let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut) {
            labels.retain(|name, _| !BY_CONTROLLER.contains(&name.as_str()));
        }
        metadata.retain(|_, it| it.as_object().is_none_or(|it| !it.is_empty()));
    }
    if let Some(template) = template.as_object_mut() {
        template.retain(|_, it| it.as_object().is_none_or(|it| !it.is_empty()));
    }
    document.insert("template".to_owned(), template);
    // Each with what the API server writes into a job, and not into the template of a CronJob.
    let limits = [
        ("activeDeadlineSeconds", json!(spec.active_deadline_seconds), Value::Null),
        ("backoffLimit", json!(spec.backoff_limit), json!(6)),
        ("completions", json!(spec.completions), json!(1)),
        ("parallelism", json!(spec.parallelism), json!(1)),
        ("completionMode", json!(spec.completion_mode), json!("NonIndexed")),
    ];
    let stated = limits.into_iter().filter(|it| !it.1.is_null() && it.1 != it.2);
    document.extend(stated.map(|(name, it, _)| (name.to_owned(), it)));
    Value::Object(document)
}
