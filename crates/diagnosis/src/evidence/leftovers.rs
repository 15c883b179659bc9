//! Pods that are over and that a quota counts still: their owner has others, and they keep the place of those that
//! wait.

use k8s_openapi::api::core::v1::{Pod, ResourceQuota};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use types::{LeftoverFacts, Quantity};

use super::neighbours::{belongs, counted};
use crate::{Objects, Root};

/// What counts pods that are over as well: `pods` alone counts none of those.
const COUNTS_OBJECTS: &str = "count/pods";
/// More than these are not told.
const MAX_LEFTOVERS: usize = 20;
/// Reasons of pods that ended by no fault of their containers.
const PUT_OFF: [&str; 5] =
    ["Evicted", "NodeShutdown", "Terminated", "Preempting", "UnexpectedAdmissionError"];

/// The pods, by name; none where no quota for them is used up.
pub(super) fn facts(objects: &Objects) -> Vec<LeftoverFacts> {
    if !objects.quotas.iter().flatten().any(is_used_up) {
        return vec![];
    }
    let mut facts: Vec<_> =
        objects.namespace_pods.iter().filter_map(|it| leftover(it, objects)).collect();
    facts.sort_by(|a, b| a.name.cmp(&b.name));
    facts.truncate(MAX_LEFTOVERS);
    facts
}

fn is_used_up(quota: &ResourceQuota) -> bool {
    let status = quota.status.as_ref();
    let amount = |it: Option<&Amount>| it.and_then(|it| Quantity(it.0.clone()).units());
    let hard = amount(status.and_then(|it| it.hard.as_ref()?.get(COUNTS_OBJECTS)));
    let used = amount(status.and_then(|it| it.used.as_ref()?.get(COUNTS_OBJECTS)));
    hard.zip(used).is_some_and(|(hard, used)| hard <= used)
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
