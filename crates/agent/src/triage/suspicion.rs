//! Whether a change is worth a closer look, and when: cheap, because every change is asked.

use std::time::Duration;

use diagnosis::Root;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;

/// Added to the moment when patience ends, so that it has ended then.
const A_LITTLE: Duration = Duration::from_millis(100);

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

/// What the pod by itself says at `now`.
pub(super) fn of_pod(pod: &Pod, now: Timestamp) -> Suspicion {
    if diagnosis::suspicious_pod(pod, now) {
        return Suspicion::Now;
    }
    let status = pod.status.as_ref();
    let phase = status.and_then(|it| it.phase.as_deref()).unwrap_or_default();
    let mut conditions = status.iter().flat_map(|it| it.conditions.iter().flatten());
    let ready = conditions.any(|it| it.type_ == "Ready" && it.status == "True");
    if ready || phase == "Succeeded" || pod.metadata.deletion_timestamp.is_some() {
        return Suspicion::None;
    }
    let made = pod.metadata.creation_timestamp.as_ref().map_or(now, |it| it.0);
    let rest = diagnosis::PATIENCE - now.duration_since(made);
    Suspicion::Later(Duration::try_from(rest).unwrap_or_default() + A_LITTLE)
}

/// What the workload by itself says at `now`.
pub(super) fn of_workload(root: &Root, now: Timestamp) -> Suspicion {
    match root {
        Root::Pod(it) => of_pod(it, now),
        Root::Deployment(_)
        | Root::ReplicaSet(_)
        | Root::StatefulSet(_)
        | Root::DaemonSet(_)
        | Root::Job(_)
        | Root::CronJob(_)
        | Root::Service(_) => {
            if diagnosis::suspicious_workload(root) {
                Suspicion::Now
            } else {
                Suspicion::None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(phase: &str, ready: &str, age_secs: i64, expected: Suspicion) {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let made = now - jiff::SignedDuration::from_secs(age_secs);
        let pod = json!({"metadata": {"creationTimestamp": made}, "status": {"phase": phase,
            "conditions": [{"type": "Ready", "status": ready}]}});
        assert_eq!(of_pod(&serde_json::from_value(pod).unwrap(), now), expected);
    }

    #[test]
    fn a_pod_on_its_way_is_looked_at_when_patience_ends() {
        let rest = |secs| Suspicion::Later(Duration::from_secs(secs) + A_LITTLE);

        check("Running", "False", 0, rest(60));
        check("Pending", "False", 45, rest(15));
        check("Running", "False", 61, Suspicion::Now);
        check("Running", "True", 61, Suspicion::None);
        check("Succeeded", "False", 61, Suspicion::None);
        check("Failed", "False", 0, Suspicion::Now);
    }
}
