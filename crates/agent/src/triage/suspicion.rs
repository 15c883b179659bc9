//! Whether a change is worth a closer look: cheap, because every change is asked.

use std::time::Duration;

use diagnosis::Root;
use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod, PodStatus};

/// How long a pod may be on its way before it is looked at without a sign of trouble.
const ON_ITS_WAY: Duration = Duration::from_secs(5);
/// Reasons to wait that are no trouble.
const NORMAL_WAITS: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// Whether a change is worth a closer look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suspicion {
    /// It is not.
    None,
    /// If nothing changes until then.
    Later(Duration),
    /// It is.
    Now,
}

/// What the pod by itself says.
pub(super) fn of_pod(pod: &Pod) -> Suspicion {
    let Some(status) = &pod.status else { return Suspicion::Later(ON_ITS_WAY) };
    let phase = status.phase.as_deref().unwrap_or_default();
    if pod.metadata.deletion_timestamp.is_some() || phase == "Succeeded" {
        return Suspicion::None;
    }
    let init = status.init_container_statuses.iter().flatten();
    let mut containers = init.chain(status.container_statuses.iter().flatten());
    if phase == "Failed" || is_unschedulable(status) || containers.any(is_in_trouble) {
        return Suspicion::Now;
    }
    if is_true(status, "Ready") { Suspicion::None } else { Suspicion::Later(ON_ITS_WAY) }
}

/// What the workload by itself says: a condition that its controller reports as failed.
pub(super) fn of_workload(root: &Root) -> Suspicion {
    match root {
        Root::Pod(it) => of_pod(it),
        Root::Deployment(it) => {
            let conditions = it.status.iter().flat_map(|it| it.conditions.iter().flatten());
            failed(conditions.map(|it| (it.type_.as_str(), it.status.as_str())))
        }
        Root::ReplicaSet(it) => {
            let conditions = it.status.iter().flat_map(|it| it.conditions.iter().flatten());
            failed(conditions.map(|it| (it.type_.as_str(), it.status.as_str())))
        }
        Root::Job(it) => {
            let conditions = it.status.iter().flat_map(|it| it.conditions.iter().flatten());
            failed(conditions.map(|it| (it.type_.as_str(), it.status.as_str())))
        }
        // They report no such condition: their pods and events tell.
        Root::StatefulSet(_) | Root::DaemonSet(_) | Root::CronJob(_) => Suspicion::None,
    }
}

/// Any warning is worth a look: the rules decide.
pub(super) fn of_warning(_: &Event) -> Suspicion {
    Suspicion::Now
}

fn failed<'a>(mut conditions: impl Iterator<Item = (&'a str, &'a str)>) -> Suspicion {
    let is_bad = |it: (&str, &str)| {
        matches!(
            it,
            ("ReplicaFailure" | "Failed" | "FailureTarget", "True") | ("Progressing", "False")
        )
    };
    if conditions.any(is_bad) { Suspicion::Now } else { Suspicion::None }
}

fn is_true(status: &PodStatus, condition: &str) -> bool {
    let mut conditions = status.conditions.iter().flatten();
    conditions.any(|it| it.type_ == condition && it.status == "True")
}

fn is_unschedulable(status: &PodStatus) -> bool {
    let mut conditions = status.conditions.iter().flatten();
    conditions.any(|it| it.type_ == "PodScheduled" && it.status == "False")
}

fn is_in_trouble(container: &ContainerStatus) -> bool {
    let state = container.state.as_ref();
    let waits = state.and_then(|it| it.waiting.as_ref()).and_then(|it| it.reason.as_deref());
    let ended = state.and_then(|it| it.terminated.as_ref());
    let ended_before = container.last_state.as_ref().and_then(|it| it.terminated.as_ref());
    waits.is_some_and(|it| !NORMAL_WAITS.contains(&it))
        || ended.is_some_and(|it| it.exit_code != 0)
        // Also while it runs again: a container that ran out of memory will do so once more.
        || ended_before.is_some_and(|it| it.exit_code != 0)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(phase: &str, ready: &str, container: &Value, expected: Suspicion) {
        let mut status = json!({"name": "app", "image": "i", "imageID": "", "ready": false,
            "restartCount": 0});
        if let (Some(status), Some(container)) = (status.as_object_mut(), container.as_object()) {
            status.extend(container.clone());
        }
        let pod = json!({"metadata": {}, "status": {"phase": phase,
            "conditions": [{"type": "Ready", "status": ready}], "containerStatuses": [status]}});
        assert_eq!(of_pod(&serde_json::from_value(pod).unwrap()), expected);
    }

    #[test]
    fn trouble_is_seen_at_once_and_slowness_later() {
        let later = Suspicion::Later(ON_ITS_WAY);
        let waits = |reason: &str| json!({"state": {"waiting": {"reason": reason}}});
        let ended =
            json!({"lastState": {"terminated": {"exitCode": 137}}, "state": {"running": {}}});

        check("Pending", "False", &waits("ImagePullBackOff"), Suspicion::Now);
        check("Pending", "False", &waits("ContainerCreating"), later);
        check("Running", "False", &json!({"state": {"running": {}}}), later);
        check("Running", "True", &json!({"state": {"running": {}}}), Suspicion::None);
        check("Running", "True", &ended, Suspicion::Now);
        check("Failed", "False", &json!({}), Suspicion::Now);
        check("Succeeded", "False", &ended, Suspicion::None);
    }
}
