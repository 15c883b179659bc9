//! Former templates of the owner, and what a return to each would change.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::{ControllerRevision, ReplicaSet};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use serde_json::Value;
use types::{Edit, RevisionFacts};

use crate::evidence::{diff, earlier_jobs, host_mounts, plain_values, pods};
use crate::lasting::{LASTING, needed_readiness, worked_before};
use crate::root::{spec_hash, template_json};
use crate::{Objects, Redactor, Root};

/// More revisions than this are never returned to.
const MAX_REVISIONS: usize = 10;
/// Words of changes that are kept.
const MAX_CHANGED: usize = 20;

/// The annotation that numbers a ReplicaSet.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// What the pods of the newest revision carry as hash; `None` when no revision is known.
pub(super) fn current_hash(objects: &Objects) -> Option<String> {
    match &objects.root {
        Root::Deployment(_) => {
            let newest = newest_replica_set(objects)?;
            newest.metadata.labels.as_ref()?.get("pod-template-hash").cloned()
        }
        Root::StatefulSet(it) => {
            let name = it.status.as_ref()?.update_revision.clone()?;
            Some(name)
        }
        Root::DaemonSet(_) => {
            let newest = objects.controller_revisions.iter().max_by_key(|it| it.revision)?;
            newest.metadata.labels.as_ref()?.get("controller-revision-hash").cloned()
        }
        Root::Pod(_) | Root::ReplicaSet(_) | Root::Job(_) | Root::CronJob(_) | Root::Service(_) => {
            None
        }
    }
}

/// The ReplicaSet of the newest revision.
pub(super) fn newest_replica_set(objects: &Objects) -> Option<&Arc<ReplicaSet>> {
    let current = objects.root.template_json();
    let same = |it: &&Arc<ReplicaSet>| replica_set_template(it).as_ref() == Some(&current);
    let newest_first = |it: &&Arc<ReplicaSet>| (number(it), made(it));
    let sets = || objects.replica_sets.iter();
    sets().filter(same).max_by_key(newest_first).or_else(|| sets().max_by_key(newest_first))
}

/// The number of the revision that a set holds.
pub(super) fn number(set: &ReplicaSet) -> i64 {
    let annotations = set.metadata.annotations.as_ref();
    annotations.and_then(|it| it.get(REVISION)).and_then(|it| it.parse().ok()).unwrap_or(0)
}

fn made(set: &ReplicaSet) -> Option<Timestamp> {
    set.metadata.creation_timestamp.as_ref().map(|it| it.0)
}

/// The template that a set holds.
pub(super) fn replica_set_template(set: &ReplicaSet) -> Option<Value> {
    set.spec.as_ref()?.template.as_ref().map(template_json)
}

/// One revision before it becomes facts.
struct Revision {
    name: String,
    number: i64,
    current: bool,
    was_ready: bool,
    template: Value,
}

/// Facts of the revisions, newest first.
pub(super) fn facts(objects: &Objects, redactor: &Redactor) -> Vec<RevisionFacts> {
    let mut revisions = match &objects.root {
        Root::CronJob(it) => {
            let mut facts = earlier_jobs::facts(it, objects, changed, redactor);
            facts.truncate(MAX_REVISIONS);
            return facts;
        }
        Root::Deployment(_) => of_replica_sets(objects),
        Root::StatefulSet(_) | Root::DaemonSet(_) => of_controller_revisions(objects),
        Root::Pod(_) | Root::ReplicaSet(_) | Root::Job(_) | Root::Service(_) => vec![],
    };
    revisions.sort_by_key(|it| std::cmp::Reverse((it.current, it.number)));
    revisions.truncate(MAX_REVISIONS);
    let current = objects.root.template_json();
    revisions.into_iter().map(|it| revision_facts(it, &current, redactor)).collect()
}

fn revision_facts(revision: Revision, current: &Value, redactor: &Redactor) -> RevisionFacts {
    let edits = if revision.current {
        vec![]
    } else {
        diff::edits(&Root::template_path(), current, &revision.template)
    };
    RevisionFacts {
        plain: plain_values::fields(&edits, (&Root::template_path(), current), redactor),
        changed: changed(&edits, redactor),
        name: revision.name,
        spec_hash: spec_hash(&revision.template),
        revision: revision.number,
        current: revision.current,
        was_ready: revision.was_ready,
        mounts_host: host_mounts::opens(current, &revision.template),
        unmounts_host: host_mounts::opens(&revision.template, current),
        edits,
    }
}

pub(super) fn changed(edits: &[Edit], redactor: &Redactor) -> Vec<String> {
    edits.iter().take(MAX_CHANGED).map(|it| redactor.redact(&it.to_string())).collect()
}

fn of_replica_sets(objects: &Objects) -> Vec<Revision> {
    let newest = newest_replica_set(objects).map(|it| it.metadata.uid.clone());
    let newest_made = newest_replica_set(objects).and_then(|it| made(it));
    let is_newest = |it: &ReplicaSet| Some(&it.metadata.uid) == newest.as_ref();
    let before = objects
        .replica_sets
        .iter()
        .filter(|it| !is_newest(it))
        .max_by_key(|it| number(it))
        .and_then(|it| it.metadata.uid.clone());
    let revision = |set: &Arc<ReplicaSet>| {
        let name = set.metadata.name.clone().unwrap_or_default();
        let ready_now = has_ready(set);
        let was_before = set.metadata.uid == before && before.is_some();
        let current = is_newest(set);
        let hash = set.metadata.labels.as_ref().and_then(|it| it.get("pod-template-hash"));
        let is_of_it = |it: &Pod| {
            let labels = it.metadata.labels.as_ref();
            hash.is_some() && labels.and_then(|it| it.get("pod-template-hash")) == hash
        };
        let was_ready = if current {
            has_lasted(objects, &name, is_of_it)
        } else {
            let was_seen = ready_now
                || objects.ready_revisions.contains(&name)
                || (was_before
                    && !was_overtaken(objects, set)
                    && available_since_before(objects, newest_made));
            let ends = readiness_between_ends(objects, is_of_it).is_some();
            was_seen && (!ends || has_lasted(objects, &name, is_of_it))
        };
        Some(Revision {
            was_ready,
            name,
            number: number(set),
            current,
            template: replica_set_template(set)?,
        })
    };
    objects.replica_sets.iter().filter_map(revision).collect()
}

/// Whether a pod of the revision was ready for longer than for a moment between two ends, so that the revision works.
fn has_lasted(objects: &Objects, name: &str, is_of_it: impl Fn(&Pod) -> bool) -> bool {
    let least = readiness_between_ends(objects, &is_of_it).unwrap_or(LASTING);
    let now = objects.taken_at;
    let lasts = |it: &Pod| {
        let since = pods::ready_since(it);
        since.is_some_and(|since| least <= now.duration_since(since)) || worked_before(it, now)
    };
    let mut known = objects.longest_ready.iter();
    known.any(|it| it.0 == name && least <= it.1)
        || objects.pods.iter().any(|it| is_of_it(it) && lasts(it))
}

/// Where pods of a revision start and end again and again: how long it has to be ready to be more than for moments,
/// in which nobody wants it back.
fn readiness_between_ends(
    objects: &Objects,
    is_of_it: impl Fn(&Pod) -> bool,
) -> Option<SignedDuration> {
    let pods = objects.pods.iter().filter(|it| is_of_it(it));
    pods.filter_map(|it| needed_readiness(it, objects.taken_at)).max()
}

fn has_ready(set: &ReplicaSet) -> bool {
    set.status.as_ref().and_then(|it| it.ready_replicas).is_some_and(|it| 0 < it)
}

/// Whether an older revision still has ready pods: then this one never took over from it, and the Deployment was
/// available through those.
fn was_overtaken(objects: &Objects, set: &ReplicaSet) -> bool {
    objects.replica_sets.iter().any(|it| number(it) < number(set) && has_ready(it))
}

/// Whether the Deployment has been available without a break since before its newest revision was
/// made: then the revision before it must have had ready pods.
fn available_since_before(objects: &Objects, newest_made: Option<Timestamp>) -> bool {
    let Root::Deployment(owner) = &objects.root else { return false };
    let available = owner
        .status
        .as_ref()
        .and_then(|it| it.conditions.as_ref()?.iter().find(|it| it.type_ == "Available"));
    let since = available
        .filter(|it| it.status == "True")
        .and_then(|it| it.last_transition_time.as_ref())
        .map(|it| it.0);
    match (since, newest_made) {
        (Some(since), Some(made)) => since < made,
        (None, _) | (_, None) => false,
    }
}

fn of_controller_revisions(objects: &Objects) -> Vec<Revision> {
    let current = current_hash(objects);
    let revision = |it: &Arc<ControllerRevision>| {
        let name = it.metadata.name.clone().unwrap_or_default();
        let hash = it.metadata.labels.as_ref().and_then(|it| {
            it.get("controller-revision-hash").or_else(|| it.get("controller.kubernetes.io/hash"))
        });
        // A StatefulSet labels its pods with the revision's name, a DaemonSet with its hash.
        let marks = [Some(&name), hash];
        let template = controller_revision_template(it)?;
        let is_current = current.is_some() && marks.contains(&current.as_ref());
        let was_ready = if is_current {
            has_lasted(objects, &name, |it| carries(it, marks))
        } else {
            let was_seen = objects.ready_revisions.contains(&name)
                || objects.pods.iter().any(|pod| pods::is_ready(pod) && carries(pod, marks));
            let ends = readiness_between_ends(objects, |it| carries(it, marks)).is_some();
            was_seen && (!ends || has_lasted(objects, &name, |it| carries(it, marks)))
        };
        Some(Revision { was_ready, current: is_current, number: it.revision, template, name })
    };
    objects.controller_revisions.iter().filter_map(revision).collect()
}

/// The template that a ControllerRevision holds.
pub(super) fn controller_revision_template(it: &ControllerRevision) -> Option<Value> {
    let template = it.data.as_ref()?.0.pointer("/spec/template")?.clone();
    serde_json::from_value::<PodTemplateSpec>(template).ok().map(|it| template_json(&it))
}

fn carries(pod: &Pod, marks: [Option<&String>; 2]) -> bool {
    let labels = pod.metadata.labels.as_ref();
    let hash = labels.and_then(|it| it.get("controller-revision-hash"));
    hash.is_some() && marks.contains(&hash)
}
