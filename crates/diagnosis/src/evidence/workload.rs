//! What the owner wants and has.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::{Value, json};
use types::{Kind, PodFacts, RevisionFacts, WorkloadFacts};

use crate::evidence::{
    demands, earlier_jobs, hands, last_change, maintenance, next_run, outdated, owners, turned_back,
};
use crate::root::spec_hash;
use crate::{Objects, Redactor, Root};

/// The annotation that carries the id of the fix that wrote last.
pub(super) const FIX_ID: &str = "k8s-reflexion.io/fix-id";
/// The default of Kubernetes, in seconds.
const PROGRESS_DEADLINE: u32 = 600;
/// The annotation that keeps a workload out.
pub(super) const OPT_OUT: &str = "k8s-reflexion.io/opt-out";

/// Facts of the owner.
pub(super) fn facts(
    objects: &Objects,
    pods: &[PodFacts],
    revisions: &[RevisionFacts],
    redactor: &Redactor,
) -> WorkloadFacts {
    let counted = match &objects.root {
        Root::Deployment(it) => deployment(it, objects),
        Root::StatefulSet(it) => stateful_set(it, super::pods::n_updated(objects)),
        Root::DaemonSet(it) => daemon_set(it, pods),
        Root::ReplicaSet(it) => replica_set(it),
        Root::Job(it) => job(it, pods),
        Root::CronJob(it) => {
            let newest = objects
                .jobs
                .iter()
                .max_by_key(|it| it.metadata.creation_timestamp.as_ref().map(|it| it.0));
            let mut facts = newest.map(|it| job(it, pods)).unwrap_or_default();
            facts.paused = it.spec.suspend.unwrap_or(false);
            let made = newest.and_then(|it| it.metadata.creation_timestamp.as_ref());
            facts.rolled_out_at = made.map(|it| it.0);
            facts.next_run = next_run::of(it, objects.taken_at);
            facts.never_worked = earlier_jobs::never_worked(it, objects);
            facts
        }
        // Its facts are made in `traffic`.
        Root::Service(_) => WorkloadFacts::default(),
        Root::Pod(_) => {
            let ready = pods.iter().any(|it| it.ready || it.phase == "Succeeded");
            WorkloadFacts { desired: 1, ready: u32::from(ready), updated: 1, ..Default::default() }
        }
    };
    let newest = revisions.iter().find(|it| it.current);
    let rolled_out_at = newest.and_then(|it| created(objects, &it.name));
    WorkloadFacts {
        spec_hash: spec_hash(&objects.root.template_json()),
        was_ready: pods.iter().any(|it| it.ready)
            || objects.root.kind() != Kind::CronJob && revisions.iter().any(|it| it.was_ready),
        opted_out: objects.root.annotation(OPT_OUT) == Some("true"),
        maintenance: maintenance::fact(objects),
        turned_back: turned_back::facts(objects),
        other_hands: hands::facts(&objects.root),
        last_change: last_change::fact(&objects.root, rolled_out_at),
        owners: owners::facts(objects),
        volumes: volumes(&objects.root),
        demands: demands::facts(objects),
        fix_id: objects.root.annotation(FIX_ID).map(ToOwned::to_owned),
        on_delete: is_on_delete(&objects.root),
        held_by: outdated::held_by(objects),
        rolled_out_at: rolled_out_at.or(counted.rolled_out_at),
        failed_message: counted.failed_message.as_deref().map(|it| redactor.redact(it)),
        ..counted
    }
}

/// The names of the volumes of its template.
fn volumes(root: &Root) -> Vec<String> {
    let volumes = root.pod_spec().and_then(|it| it.volumes.as_deref()).unwrap_or_default();
    volumes.iter().map(|it| it.name.clone()).collect()
}

/// Whether its pods are replaced only when somebody deletes them.
pub(super) fn is_on_delete(root: &Root) -> bool {
    let strategy = match root {
        Root::StatefulSet(it) => {
            it.spec.as_ref().and_then(|it| it.update_strategy.as_ref()?.type_.as_deref())
        }
        Root::DaemonSet(it) => {
            it.spec.as_ref().and_then(|it| it.update_strategy.as_ref()?.type_.as_deref())
        }
        Root::Pod(_)
        | Root::Deployment(_)
        | Root::ReplicaSet(_)
        | Root::Job(_)
        | Root::CronJob(_)
        | Root::Service(_) => None,
    };
    strategy == Some("OnDelete")
}

/// Whether it is a StatefulSet that waits for each pod before it goes on, and replaces them by itself.
pub(super) fn is_ordered(root: &Root) -> bool {
    let is_it = matches!(root, Root::StatefulSet(it) if is_in_order(it));
    is_it && !is_on_delete(root)
}

/// Whether the partition of a StatefulSet leaves this pod as it is: then it is what is wanted.
pub(super) fn is_kept_back(owner: &StatefulSet, pod: &Pod) -> bool {
    let strategy = owner.spec.as_ref().and_then(|it| it.update_strategy.as_ref());
    let rolling = strategy.and_then(|it| it.rolling_update.as_ref());
    let partition = rolling.and_then(|it| it.partition).unwrap_or(0);
    let name = pod.metadata.name.as_deref().and_then(|it| it.rsplit_once('-'));
    name.and_then(|it| it.1.parse::<i32>().ok()).is_some_and(|it| it < partition)
}

fn is_in_order(owner: &StatefulSet) -> bool {
    let policy = owner.spec.as_ref().and_then(|it| it.pod_management_policy.as_deref());
    policy.is_none_or(|it| it == "OrderedReady")
}

/// The longest manifest that is taken over, in bytes of JSON: longer ones are shown to nobody.
const MAX_MANIFEST: usize = 256 * 1024;

/// The manifest of a job that is not done; `None` of anything else, and of one that is too long.
pub(super) fn open_job(objects: &Objects) -> Option<Value> {
    let Root::Job(job) = &objects.root else { return None };
    let conditions = job.status.iter().flat_map(|it| it.conditions.iter().flatten());
    let is_done = conditions.into_iter().any(|it| it.type_ == "Complete" && it.status == "True");
    let is_short = || serde_json::to_string(&**job).is_ok_and(|it| it.len() <= MAX_MANIFEST);
    (!is_done && is_short()).then(|| json!(**job))
}

/// The pods that a rolling update makes beside the old ones.
fn surge(owner: &Deployment, desired: u32) -> u32 {
    let strategy = owner.spec.as_ref().and_then(|it| it.strategy.as_ref());
    if strategy.and_then(|it| it.type_.as_deref()) == Some("Recreate") {
        return 0;
    }
    let stated = strategy.and_then(|it| it.rolling_update.as_ref()?.max_surge.as_ref());
    let share = |percent: u32| desired.saturating_mul(percent).div_ceil(100);
    match stated {
        Some(IntOrString::Int(number)) => u32::try_from(*number).unwrap_or(0),
        Some(IntOrString::String(text)) => share(text.trim_end_matches('%').parse().unwrap_or(100)),
        // The default of Kubernetes.
        None => share(25),
    }
}

/// How long a pod of a rollout may take to become ready, in seconds.
fn deadline(owner: &Deployment) -> u32 {
    let stated = owner.spec.as_ref().and_then(|it| it.progress_deadline_seconds);
    stated.and_then(|it| u32::try_from(it).ok()).unwrap_or(PROGRESS_DEADLINE)
}

/// When a revision was made.
fn created(objects: &Objects, name: &str) -> Option<jiff::Timestamp> {
    let sets = objects.replica_sets.iter().map(|it| &it.metadata);
    let revisions = objects.controller_revisions.iter().map(|it| &it.metadata);
    sets.chain(revisions)
        .find(|it| it.name.as_deref() == Some(name))
        .and_then(|it| it.creation_timestamp.as_ref())
        .map(|it| it.0)
}

fn count(number: Option<i32>) -> u32 {
    number.and_then(|it| u32::try_from(it).ok()).unwrap_or(0)
}

fn deployment(owner: &Deployment, objects: &Objects) -> WorkloadFacts {
    let desired = owner.spec.as_ref().map_or(1, |it| it.replicas.unwrap_or(1));
    let desired = u32::try_from(desired).unwrap_or(0);
    let paused = owner.spec.as_ref().and_then(|it| it.paused).unwrap_or(false);
    let Some(status) = &owner.status else {
        let surge = surge(owner, desired);
        return WorkloadFacts { desired, paused, surge, rolling_out: true, ..Default::default() };
    };
    let unseen = status.observed_generation != owner.metadata.generation;
    let updated = count(status.updated_replicas);
    let behind = updated < desired
        || updated < count(status.replicas)
        || count(status.available_replicas) < desired;
    let conditions = status.conditions.as_deref().unwrap_or_default();
    let given_up = conditions.iter().find(|it| {
        it.type_ == "Progressing"
            && it.status == "False"
            && it.reason.as_deref() != Some("DeploymentPaused")
    });
    let refused = conditions.iter().find(|it| it.type_ == "ReplicaFailure" && it.status == "True");
    // The newest ReplicaSet knows first that its pods are refused.
    let newest = super::revisions::newest_replica_set(objects);
    let early = newest.and_then(|it| {
        let conditions = it.status.as_ref()?.conditions.as_ref()?;
        conditions.iter().find(|it| it.type_ == "ReplicaFailure" && it.status == "True")
    });
    WorkloadFacts {
        desired,
        ready: count(status.ready_replicas),
        updated,
        paused,
        surge: surge(owner, desired),
        deadline_secs: Some(deadline(owner)),
        rolling_out: unseen || (behind && given_up.is_none()),
        failed_condition: refused
            .and_then(|it| it.reason.clone())
            .or_else(|| early.and_then(|it| it.reason.clone()))
            .or_else(|| given_up.and_then(|it| it.reason.clone())),
        failed_message: refused
            .and_then(|it| it.message.clone())
            .or_else(|| early.and_then(|it| it.message.clone()))
            .or_else(|| given_up.and_then(|it| it.message.clone())),
        ..Default::default()
    }
}

fn stateful_set(owner: &StatefulSet, updated: u32) -> WorkloadFacts {
    let spec = owner.spec.as_ref();
    let desired = u32::try_from(spec.and_then(|it| it.replicas).unwrap_or(1)).unwrap_or(0);
    let ordered = is_in_order(owner);
    let Some(status) = &owner.status else {
        return WorkloadFacts { desired, ordered, rolling_out: true, ..Default::default() };
    };
    let unseen = status.observed_generation != owner.metadata.generation;
    let ready = count(status.ready_replicas);
    WorkloadFacts {
        desired,
        ready,
        updated,
        ordered,
        rolling_out: unseen || updated < desired || ready < desired,
        ..Default::default()
    }
}

fn daemon_set(owner: &DaemonSet, pods: &[PodFacts]) -> WorkloadFacts {
    let Some(status) = &owner.status else {
        return WorkloadFacts { desired: 1, rolling_out: true, ..Default::default() };
    };
    let unseen = status.observed_generation != owner.metadata.generation;
    let desired = u32::try_from(status.desired_number_scheduled).unwrap_or(0);
    let ready = u32::try_from(status.number_ready).unwrap_or(0);
    let stale = pods.iter().any(|it| !it.current);
    let waits_for_people = owner
        .spec
        .as_ref()
        .and_then(|it| it.update_strategy.as_ref()?.type_.as_deref())
        .is_some_and(|it| it == "OnDelete");
    // Pods that nobody replaces do not become newer.
    let updated = if waits_for_people {
        u32::try_from(status.current_number_scheduled).unwrap_or(0)
    } else {
        status.updated_number_scheduled.map_or(0, |it| u32::try_from(it).unwrap_or(0))
    };
    WorkloadFacts {
        desired,
        ready,
        updated,
        rolling_out: unseen || stale || updated < desired || ready < desired,
        ..Default::default()
    }
}

fn replica_set(owner: &ReplicaSet) -> WorkloadFacts {
    let desired = owner.spec.as_ref().map_or(1, |it| it.replicas.unwrap_or(1));
    let status = owner.status.as_ref();
    let conditions = status.and_then(|it| it.conditions.as_deref()).unwrap_or_default();
    let refused = conditions.iter().find(|it| it.type_ == "ReplicaFailure" && it.status == "True");
    let ready = count(status.and_then(|it| it.ready_replicas));
    let desired = u32::try_from(desired).unwrap_or(0);
    WorkloadFacts {
        desired,
        ready,
        updated: status.map_or(0, |it| u32::try_from(it.replicas).unwrap_or(0)),
        rolling_out: ready < desired,
        failed_condition: refused.and_then(|it| it.reason.clone()),
        failed_message: refused.and_then(|it| it.message.clone()),
        ..Default::default()
    }
}

/// A job wants completions; what succeeded and what runs ready counts as ready.
fn job(owner: &Job, pods: &[PodFacts]) -> WorkloadFacts {
    let spec = owner.spec.as_ref();
    let desired = spec.and_then(|it| it.completions.or(it.parallelism)).unwrap_or(1);
    let desired = u32::try_from(desired).unwrap_or(0);
    let status = owner.status.as_ref();
    let conditions = status.and_then(|it| it.conditions.as_deref()).unwrap_or_default();
    let failed = conditions
        .iter()
        .find(|it| matches!(it.type_.as_str(), "Failed" | "FailureTarget") && it.status == "True");
    let complete = conditions.iter().any(|it| it.type_ == "Complete" && it.status == "True");
    let running = pods.iter().filter(|it| it.ready && !it.terminating).count();
    let ready = count(status.and_then(|it| it.succeeded)) + u32::try_from(running).unwrap_or(0);
    WorkloadFacts {
        desired,
        ready: if complete { desired } else { ready.min(desired) },
        updated: desired,
        paused: spec.and_then(|it| it.suspend).unwrap_or(false),
        rolling_out: !complete && failed.is_none(),
        failed_condition: failed.and_then(|it| it.reason.clone()),
        failed_message: failed.and_then(|it| it.message.clone()),
        ..Default::default()
    }
}
