//! Pods and jobs that are over and that a quota counts still: the owner of a pod has others, nobody else has the job,
//! and they keep the place of those that wait.

use k8s_openapi::api::core::v1::{Pod, ResourceQuota};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use types::{Kind, LeftoverFacts, Quantity};

use super::neighbours::{belongs, counted};
use crate::{Objects, Root};

/// What counts pods that are over as well: `pods` alone counts none of those.
const COUNTS_PODS: &str = "count/pods";
/// What counts jobs, over or not (<https://kubernetes.io/docs/concepts/policy/resource-quotas/#object-count-quota>).
const COUNTS_JOBS: &str = "count/jobs.batch";
/// More than these are not told.
const MAX_LEFTOVERS: usize = 20;
/// Reasons of pods that ended by no fault of their containers.
const PUT_OFF: [&str; 5] =
    ["Evicted", "NodeShutdown", "Terminated", "Preempting", "UnexpectedAdmissionError"];

/// What is left over, by kind and name; none where no quota for it is used up.
pub(super) fn facts(objects: &Objects) -> Vec<LeftoverFacts> {
    let is_full = |counts: &str| objects.quotas.iter().flatten().any(|it| is_used_up(it, counts));
    let mut facts = vec![];
    if is_full(COUNTS_PODS) {
        facts.extend(objects.namespace_pods.iter().filter_map(|it| leftover(it, objects)));
    }
    if is_full(COUNTS_JOBS) {
        facts.extend(objects.workloads.iter().filter_map(finished_job));
    }
    facts.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    facts.truncate(MAX_LEFTOVERS);
    facts
}

fn is_used_up(quota: &ResourceQuota, counts: &str) -> bool {
    let status = quota.status.as_ref();
    let amount = |it: Option<&Amount>| it.and_then(|it| Quantity(it.0.clone()).units());
    let hard = amount(status.and_then(|it| it.hard.as_ref()?.get(counts)));
    let used = amount(status.and_then(|it| it.used.as_ref()?.get(counts)));
    hard.zip(used).is_some_and(|(hard, used)| hard <= used)
}

/// A job of nobody that is over, and that nothing clears away by itself.
fn finished_job(root: &Root) -> Option<LeftoverFacts> {
    let Root::Job(job) = root else { return None };
    let goes = job.spec.as_ref().is_some_and(|it| it.ttl_seconds_after_finished.is_some());
    let conditions = job.status.as_ref()?.conditions.as_deref().unwrap_or_default();
    let is_end = |type_: &str| ["Complete", "Failed"].contains(&type_);
    let end = conditions.iter().find(|it| it.status == "True" && is_end(&it.type_))?;
    if goes || job.metadata.deletion_timestamp.is_some() {
        return None;
    }
    Some(LeftoverFacts {
        kind: Kind::Job,
        name: job.metadata.name.clone()?,
        reason: end.type_.clone(),
        owner: types::Subject::from(&root.object_ref()).to_string(),
        own: false,
    })
}

fn leftover(pod: &Pod, objects: &Objects) -> Option<LeftoverFacts> {
    let status = pod.status.as_ref()?;
    let reason = status.reason.as_deref().filter(|it| PUT_OFF.contains(it))?;
    let is_leaving = pod.metadata.deletion_timestamp.is_some();
    if status.phase.as_deref() != Some("Failed") || is_leaving {
        return None;
    }
    let own = belongs(pod, &objects.root);
    let mut others =
        objects.workloads.iter().filter(|it| belongs(pod, it) && is_whole(it, objects));
    let owner = if own { Some(&objects.root) } else { others.next() };
    Some(LeftoverFacts {
        kind: Kind::Pod,
        name: pod.metadata.name.clone()?,
        reason: reason.to_owned(),
        owner: types::Subject::from(&owner?.object_ref()).to_string(),
        own,
    })
}

/// Whether it has all that it wants without this pod.
fn is_whole(root: &Root, objects: &Objects) -> bool {
    counted(root, &[], objects.taken_at).is_some_and(|it| it.desired <= it.ready)
}
