//! What the jobs of a CronJob were made from: it keeps no revisions, and its jobs have copies of its template.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};
use k8s_openapi::api::core::v1::{ContainerState, ContainerStateTerminated, Pod};
use serde_json::{Map, Value, json};
use types::{FieldPath, RevisionFacts};

use crate::evidence::{diff, host_mounts, plain_values};
use crate::root::{spec_hash, template_json};
use crate::{Objects, Redactor};

/// More jobs than this are never looked back at.
const MAX_JOBS: usize = 100;
/// Why a kubelet does not make a container of this template.
const REFUSED: [&str; 6] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "CreateContainerError",
];
/// What a runtime calls the end of a container whose program it could not start.
const NOT_STARTED: [&str; 2] = ["StartError", "ContainerCannotRun"];
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
            unmounts_host: host_mounts::opens(template(&it.document), template(&present)),
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
    has_condition(job, "Complete")
}

fn has_condition(job: &Job, type_: &str) -> bool {
    let conditions = job.status.iter().flat_map(|it| it.conditions.iter().flatten());
    conditions.into_iter().any(|it| it.type_ == type_ && it.status == "True")
}

/// What says that the present template never came to anything: the runtime refused its containers for what it says.
/// That there is no pod, or no node for it, may be a neighbour's doing. Jobs are cleared away: only those that are
/// there tell, and when one succeeded last.
pub(super) fn never_worked(owner: &CronJob, objects: &Objects) -> Option<String> {
    let present = document(owner.spec.job_template.spec.as_ref()?);
    let is_present = |it: &&Arc<Job>| it.spec.as_ref().map(document).as_ref() == Some(&present);
    let (jobs, others): (Vec<_>, Vec<_>) = objects.whole_jobs.iter().partition(is_present);
    let is_well = |it: &&Arc<Job>| {
        let status = it.status.as_ref();
        let some = |it: Option<i32>| it.is_some_and(|it| 0 < it);
        has_succeeded(it) || status.is_some_and(|it| some(it.succeeded) || some(it.ready))
    };
    // Another success than those that are there may have been of this template.
    let ends = others
        .iter()
        .filter(|it| has_succeeded(it))
        .filter_map(|it| it.status.as_ref()?.completion_time.as_ref().map(|it| it.0));
    let last_told = ends.max();
    let last = owner.status.as_ref().and_then(|it| it.last_successful_time.as_ref());
    let is_told = last.is_none_or(|last| last_told.is_some_and(|it| last.0 <= it));
    let is_refused = jobs.iter().any(|it| pods_of(it, objects).any(is_refused));
    let has_not_begun = jobs.iter().all(|it| never_started(it, objects));
    (is_told && is_refused && has_not_begun && !jobs.iter().any(is_well))
        .then(|| "no container of a job of the present template has started".to_owned())
}

fn pods_of<'o>(job: &'o Job, objects: &'o Objects) -> impl Iterator<Item = &'o Pod> {
    let is_its = |it: &&Pod| {
        let mut owners = it.metadata.owner_references.iter().flatten();
        owners.any(|it| it.kind == "Job" && Some(&it.uid) == job.metadata.uid.as_ref())
    };
    objects.pods.iter().map(AsRef::as_ref).filter(is_its)
}

/// Whether all pods that the job ever had are there, and none of them has run anything. One that is suspended has
/// none on purpose.
fn never_started(job: &Job, objects: &Objects) -> bool {
    let pods: Vec<_> = pods_of(job, objects).collect();
    let status = job.status.as_ref();
    let counted = [status.and_then(|it| it.active), status.and_then(|it| it.failed)];
    let counted: i32 = counted.into_iter().flatten().fold(0, i32::saturating_add);
    let are_all_there = usize::try_from(counted).is_ok_and(|it| it <= pods.len());
    let is_suspended = job.spec.as_ref().and_then(|it| it.suspend) == Some(true);
    are_all_there && !is_suspended && !pods.is_empty() && pods.iter().all(|it| has_run_nothing(it))
}

/// Whether a container of the pod was refused for what its template says.
fn is_refused(pod: &Pod) -> bool {
    let status = pod.status.as_ref();
    let mut all = status.into_iter().flat_map(|it| {
        let first = it.init_container_statuses.iter().flatten();
        first.chain(it.container_statuses.iter().flatten())
    });
    all.any(|it| {
        let state = it.state.as_ref();
        let waits = state.and_then(|it| it.waiting.as_ref()?.reason.as_deref());
        let ended = state.and_then(|it| it.terminated.as_ref()?.reason.as_deref());
        waits.is_some_and(|it| REFUSED.contains(&it))
            || ended.is_some_and(|it| NOT_STARTED.contains(&it))
    })
}

/// Whether no container of the pod has started; one that could not be started has not.
fn has_run_nothing(pod: &Pod) -> bool {
    let status = pod.status.as_ref();
    let all = status.into_iter().flat_map(|it| {
        let first = it.init_container_statuses.iter().flatten();
        first
            .chain(it.container_statuses.iter().flatten())
            .chain(it.ephemeral_container_statuses.iter().flatten())
    });
    let ends = |it: &ContainerState| it.terminated.clone();
    let mut statuses = all.map(|it| {
        let now = it.state.as_ref();
        let runs = now.is_some_and(|it| it.running.is_some()) || it.started == Some(true);
        let ended = [now.and_then(ends), it.last_state.as_ref().and_then(ends)];
        let could_not = |it: &ContainerStateTerminated| {
            it.reason.as_deref().is_some_and(|it| NOT_STARTED.contains(&it))
        };
        let began = ended.iter().flatten().any(|it| !could_not(it));
        !runs && !began && it.restart_count == 0
    });
    statuses.all(|it| it)
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
