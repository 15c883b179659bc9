//! The cheap look at every change: is there anything to look at more closely?
//!
//! Suspicion may be wrong in one direction only: what is broken is always suspicious.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Event, Pod, PodSpec};

use crate::Root;

/// How long a pod may be on its way before that alone is suspicious.
pub const PATIENCE: SignedDuration = SignedDuration::from_secs(60);
/// What lives no longer than this does not serve.
pub(crate) const SHORT_LIFE: SignedDuration = SignedDuration::from_secs(30);
/// How long an end of a container stays news.
pub const RECENT: SignedDuration = SignedDuration::from_secs(600);

/// Reasons of a waiting container that are part of an ordinary start.
pub(crate) const ORDINARY_WAITS: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// Whether this pod should be looked at more closely at `now`.
pub fn suspicious_pod(pod: &Pod, now: Timestamp) -> bool {
    let Some(status) = &pod.status else { return false };
    let is_over = |phase: &str| status.phase.as_deref() == Some(phase);
    if let Some(until) = &pod.metadata.deletion_timestamp {
        // Nobody is there who would let it go.
        let is_late = PATIENCE < now.duration_since(until.0);
        return is_late && !is_over("Succeeded") && !is_over("Failed");
    }
    if is_over("Succeeded") {
        return false;
    }
    if is_over("Failed") {
        return true;
    }
    let conditions = status.conditions.iter().flatten();
    let mut ready = false;
    for condition in conditions {
        let is_false = condition.status == "False";
        if condition.type_ == "PodScheduled" && is_false {
            return true;
        }
        ready |= condition.type_ == "Ready" && condition.status == "True";
    }
    let containers = status.container_statuses.iter().flatten();
    if containers.chain(status.init_container_statuses.iter().flatten()).any(|it| troubled(it, now))
    {
        return true;
    }
    let created = pod.metadata.creation_timestamp.as_ref().map_or(now, |it| it.0);
    !ready && PATIENCE < now.duration_since(created)
}

/// Whether nothing about this pod is suspicious, whatever the time: it is ready or done, and none of its containers
/// waits or ever ended.
pub fn is_quiet(pod: &Pod) -> bool {
    let Some(status) = &pod.status else { return false };
    if status.phase.as_deref() == Some("Succeeded") {
        return true;
    }
    let says = |type_: &str, value: &str| {
        status.conditions.iter().flatten().any(|it| it.type_ == type_ && it.status == value)
    };
    let runs = |it: &ContainerStatus| {
        let state = it.state.as_ref();
        let before = it.last_state.as_ref().and_then(|it| it.terminated.as_ref());
        before.is_none()
            && state.is_none_or(|it| it.waiting.is_none())
            && state.and_then(|it| it.terminated.as_ref()).is_none_or(ended_well)
    };
    let containers = status.container_statuses.iter().flatten();
    let mut containers = containers.chain(status.init_container_statuses.iter().flatten());
    status.phase.as_deref() == Some("Running")
        && pod.metadata.deletion_timestamp.is_none()
        && says("Ready", "True")
        && !says("PodScheduled", "False")
        && containers.all(runs)
}

/// Whether this container shows trouble, now or a moment ago.
fn troubled(container: &ContainerStatus, now: Timestamp) -> bool {
    let state = container.state.as_ref();
    if let Some(waiting) = state.and_then(|it| it.waiting.as_ref()) {
        let reason = waiting.reason.as_deref().unwrap_or_default();
        if !reason.is_empty() && !ORDINARY_WAITS.contains(&reason) {
            return true;
        }
    }
    let ended = state.and_then(|it| it.terminated.as_ref());
    let before = container.last_state.as_ref().and_then(|it| it.terminated.as_ref());
    ended.into_iter().chain(before).any(|it| {
        let age = it.finished_at.as_ref().map(|at| now.duration_since(at.0));
        let is_trouble = !ended_well(it) || 2 < container.restart_count && was_short(it);
        is_trouble && age.is_none_or(|age| age < RECENT)
    })
}

/// Whether a run lasted for seconds only: what ends so without an error, again and again, keeps nothing running.
fn was_short(end: &ContainerStateTerminated) -> bool {
    let times = end.started_at.as_ref().zip(end.finished_at.as_ref());
    times.is_some_and(|(start, end)| end.0.duration_since(start.0) < SHORT_LIFE)
}

fn ended_well(end: &ContainerStateTerminated) -> bool {
    end.exit_code == 0 && end.reason.as_deref() != Some("OOMKilled")
}

/// Whether this owner itself reports trouble that no pod may show.
pub fn suspicious_workload(root: &Root) -> bool {
    let failed = |type_: &str, status: &str, reason: Option<&str>| match type_ {
        "Progressing" => status == "False" && reason != Some("DeploymentPaused"),
        "ReplicaFailure" | "Failed" | "FailureTarget" => status == "True",
        _ => false,
    };
    is_bound_and_short(root)
        || match root {
            Root::Deployment(it) => it
                .status
                .iter()
                .flat_map(|it| it.conditions.iter().flatten())
                .any(|it| failed(&it.type_, &it.status, it.reason.as_deref())),
            Root::ReplicaSet(it) => it
                .status
                .iter()
                .flat_map(|it| it.conditions.iter().flatten())
                .any(|it| failed(&it.type_, &it.status, it.reason.as_deref())),
            Root::Job(it) => {
                let mut conditions = it.status.iter().flat_map(|it| it.conditions.iter().flatten());
                conditions.any(|it| failed(&it.type_, &it.status, it.reason.as_deref()))
                    || lacks_pods(it)
            }
            Root::StatefulSet(it) => {
                let wanted = it.spec.as_ref().and_then(|it| it.replicas).unwrap_or(1);
                it.status.as_ref().is_some_and(|it| it.replicas < wanted)
            }
            Root::DaemonSet(it) => {
                let status = it.status.as_ref();
                let is_short = status
                    .is_some_and(|it| it.current_number_scheduled < it.desired_number_scheduled);
                is_short || selects_no_node(it)
            }
            // A Service reports nothing: its outline is compared with those of pods.
            Root::Pod(_) | Root::CronJob(_) | Root::Service(_) => false,
        }
}

/// Whether it chooses its nodes and none is chosen: it may wait for the first one, or have a label wrong.
fn selects_no_node(owner: &DaemonSet) -> bool {
    let spec = owner.spec.as_ref().and_then(|it| it.template.spec.as_ref());
    let chooses = spec.is_some_and(|it| it.node_selector.is_some() || it.affinity.is_some());
    let wanted = owner.status.as_ref().map(|it| it.desired_number_scheduled);
    let is_leaving = owner.metadata.deletion_timestamp.is_some();
    chooses && wanted == Some(0) && !is_leaving
}

/// Whether its template names a node and some of its pods are missing: where there is no such node they are deleted
/// before they are old enough to be suspicious themselves.
fn is_bound_and_short(root: &Root) -> bool {
    let names = |it: &PodSpec| it.node_name.as_ref().is_some_and(|it| !it.is_empty());
    let is_bound = root.pod_spec().is_some_and(names);
    let short = |wanted: Option<i32>, ready: Option<i32>| ready.unwrap_or(0) < wanted.unwrap_or(1);
    is_bound
        && match root {
            Root::Deployment(it) => {
                let status = it.status.as_ref();
                let wanted = it.spec.as_ref().and_then(|it| it.replicas);
                // While pods of the revision before serve on, those of the newest one come and go.
                let is_held_up = status.is_some_and(|it| it.updated_replicas < it.replicas)
                    || short(wanted, status.and_then(|it| it.updated_replicas));
                is_held_up || short(wanted, status.and_then(|it| it.ready_replicas))
            }
            Root::ReplicaSet(it) => {
                let ready = it.status.as_ref().and_then(|it| it.ready_replicas);
                short(it.spec.as_ref().and_then(|it| it.replicas), ready)
            }
            Root::StatefulSet(it) => {
                let ready = it.status.as_ref().and_then(|it| it.ready_replicas);
                short(it.spec.as_ref().and_then(|it| it.replicas), ready)
            }
            Root::Job(it) => {
                let status = it.status.as_ref();
                let is_over = status.is_some_and(|it| it.completion_time.is_some());
                !is_over && status.and_then(|it| it.ready).unwrap_or(0) == 0
            }
            Root::DaemonSet(it) => {
                it.status.as_ref().is_some_and(|it| it.number_ready < it.desired_number_scheduled)
            }
            // The scheduler writes the node of a pod.
            Root::Pod(_) | Root::CronJob(_) | Root::Service(_) => false,
        }
}

/// Whether this job was started, has work to do and not a single pod: its controller makes the pods in the same breath,
/// unless they are refused.
pub fn lacks_pods(job: &Job) -> bool {
    let (Some(spec), Some(status)) = (&job.spec, &job.status) else { return false };
    let is_none = |it: Option<i32>| it.unwrap_or(0) == 0;
    let is_meant = spec.suspend == Some(true)
        || spec.parallelism == Some(0)
        || job.metadata.deletion_timestamp.is_some();
    let is_over = status.conditions.iter().flatten().any(|it| {
        let ends = ["Complete", "SuccessCriteriaMet", "Failed", "FailureTarget", "Suspended"];
        it.status == "True" && ends.contains(&it.type_.as_str())
    });
    // Those that ended and are not counted yet.
    let is_counting = status.uncounted_terminated_pods.iter().any(|it| {
        let of = |it: &Option<Vec<String>>| it.as_ref().is_some_and(|it| !it.is_empty());
        of(&it.succeeded) || of(&it.failed)
    });
    status.start_time.is_some()
        && !is_meant
        && !is_over
        && !is_counting
        && is_none(status.active)
        && is_none(status.terminating)
        && status.succeeded.unwrap_or(0) < spec.completions.unwrap_or(1)
}

/// Whether this event tells that a `CronJob` may not make its next job: nothing else shows it.
pub fn tells_of_unmade_job(event: &Event) -> bool {
    let about = event.involved_object.kind.as_deref();
    about == Some("CronJob") && event.reason.as_deref() == Some("FailedCreate")
}

/// What the API server says where a webhook keeps it from making something.
pub(crate) const CALL_FAILED: &str = "failed calling webhook";

/// Whether this event tells that a webhook did not answer: which one it is stands in its configuration.
pub fn tells_of_webhook(event: &Event) -> bool {
    event.message.as_ref().is_some_and(|it| it.contains(CALL_FAILED))
}

/// Whether this pod has no node and mounts claims: one that is not bound may be the reason.
pub fn waits_for_claims(pod: &Pod) -> bool {
    let Some(spec) = &pod.spec else { return false };
    let mut volumes = spec.volumes.iter().flatten();
    spec.node_name.is_none()
        && volumes.any(|it| it.persistent_volume_claim.is_some() || it.ephemeral.is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(spec: &Value, status: &Value, expected: bool) {
        let job = json!({"metadata": {"name": "etl"}, "spec": spec, "status": status});
        assert_eq!(lacks_pods(&serde_json::from_value(job).unwrap()), expected);
    }

    #[test]
    fn a_job_that_was_started_and_has_no_pod_may_be_refused_them() {
        let spec = json!({"completions": 1, "parallelism": 1, "suspend": false, "template": {}});
        let start = "2026-11-27T23:19:20Z";

        check(&spec, &json!({"startTime": start, "ready": 0, "terminating": 0}), true);
        check(&spec, &json!({"startTime": start, "active": 1}), false);
        check(&spec, &json!({"startTime": start, "terminating": 1}), false);
        check(&spec, &json!({"startTime": start, "succeeded": 1}), false);
        check(&spec, &json!({}), false);
        let uncounted = json!({"succeeded": ["uid-1"]});
        check(&spec, &json!({"startTime": start, "uncountedTerminatedPods": uncounted}), false);
        let done = json!([{"type": "Complete", "status": "True"}]);
        check(&spec, &json!({"startTime": start, "conditions": done}), false);
        let idle = json!({"parallelism": 0, "template": {}});
        check(&idle, &json!({"startTime": start}), false);
        let held = json!({"suspend": true, "template": {}});
        check(&held, &json!({"startTime": start}), false);
    }
}
