//! What a pod refers to that is proven to be there: the kubelet starts no container before all that its variables name
//! is there (<https://kubernetes.io/docs/concepts/configuration/secret/#restriction-secret-must-exist>).

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStatus, Pod, PodSpec, Volume,
};
use types::FieldPath;

use super::{Reference, of_pod_spec};
use crate::evidence::pods;
use crate::root::placed;

/// Drops the volumes that take from Secrets and that no container mounts: the kubelet does not set them up, so that
/// even a ready pod does not prove that what they name is there. A container that somebody adds to debug mounts late,
/// and nothing waits for it.
pub fn forget_unmounted_secrets(spec: &mut PodSpec) {
    let mounts = |it: &Container| {
        let mounts = it.volume_mounts.iter().flatten();
        mounts.map(|it| it.name.clone()).collect::<Vec<_>>()
    };
    let mounted: BTreeSet<String> =
        placed(spec, &FieldPath::root()).flat_map(|it| mounts(it.1)).collect();
    if let Some(volumes) = &mut spec.volumes {
        volumes.retain(|it| !takes_from_secret(it) || mounted.contains(&it.name));
    }
}

fn takes_from_secret(volume: &Volume) -> bool {
    let mut sources = volume.projected.iter().flat_map(|it| it.sources.iter().flatten());
    volume.secret.is_some() || sources.any(|it| it.secret.is_some())
}

/// All that a ready pod refers to, of which what nobody mounts was dropped; of another one what the variables of those
/// containers name that were started. A pod that is over or goes proves nothing of today.
pub(super) fn references(pod: &Pod) -> Vec<Reference> {
    let Some(spec) = &pod.spec else { return vec![] };
    if pods::is_ready(pod) {
        return of_pod_spec(spec, &FieldPath::root());
    }
    let status = pod.status.as_ref();
    let phase = status.and_then(|it| it.phase.as_deref()).unwrap_or_default();
    if ["Succeeded", "Failed"].contains(&phase) || pod.metadata.deletion_timestamp.is_some() {
        return vec![];
    }
    let apps = status.and_then(|it| it.container_statuses.as_deref()).unwrap_or_default();
    let first = status.and_then(|it| it.init_container_statuses.as_deref()).unwrap_or_default();
    let containers = started(&spec.containers, apps);
    let init_containers = started(spec.init_containers.as_deref().unwrap_or_default(), first);
    let init_containers = Some(init_containers);
    let proven = PodSpec { containers, init_containers, ..PodSpec::default() };
    of_pod_spec(&proven, &FieldPath::root())
}

/// The containers that run, or ran once and may run again: not those that now wait for what is not there.
fn started(containers: &[Container], statuses: &[ContainerStatus]) -> Vec<Container> {
    let ran = |it: &ContainerStatus| {
        let mut states = [&it.state, &it.last_state].into_iter().flatten();
        let has_run = |it: &ContainerState| {
            let ended = it.terminated.as_ref().is_some_and(|it| it.started_at.is_some());
            it.running.is_some() || ended
        };
        let waits = it.state.as_ref().and_then(|it| it.waiting.as_ref()?.reason.as_deref());
        states.any(has_run) && waits != Some("CreateContainerConfigError")
    };
    let is_it = |container: &&Container| {
        statuses.iter().any(|status| status.name == container.name && ran(status))
    };
    containers.iter().filter(is_it).cloned().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use types::ReferenceKind;

    use super::*;

    fn secrets(status: &Value) -> Vec<String> {
        let of = |secret: &str| json!([{"name": "A", "valueFrom": {"secretKeyRef": {"name": secret, "key": "k"}}}]);
        let pod = json!({"metadata": {"name": "web"}, "status": status, "spec": {
            "containers": [{"name": "app", "env": of("of-app")}, {"name": "side", "env": of("of-side")}],
            "initContainers": [{"name": "first", "env": of("of-first")}],
            "volumes": [{"name": "keys", "secret": {"secretName": "of-volume"}}]}});
        let all = references(&serde_json::from_value(pod).unwrap());
        let mut names: Vec<_> = all
            .into_iter()
            .filter(|it| it.kind == ReferenceKind::Secret)
            .map(|it| it.name)
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_container_was_started_with_is_there() {
        let ended = json!({"exitCode": 1, "startedAt": "2026-11-24T03:00:00Z"});
        let crashes = json!({"name": "app", "image": "i", "imageID": "", "ready": false, "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": ended}});
        let waits = json!({"name": "side", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"waiting": {"reason": "CreateContainerConfigError"}}});

        assert_eq!(secrets(&json!({"containerStatuses": [crashes, waits]})), ["of-app"]);
        assert_eq!(secrets(&json!({"containerStatuses": [waits]})), Vec::<String>::new());
        let ready = json!({"conditions": [{"type": "Ready", "status": "True"}]});
        assert_eq!(secrets(&ready), ["of-app", "of-first", "of-side", "of-volume"]);
    }

    #[test]
    fn a_volume_of_a_secret_stays_where_a_container_mounts_it() {
        let mount = |name: &str| json!([{"name": name, "mountPath": "/etc/keys"}]);
        let of = |name: &str| json!({"name": name, "secret": {"secretName": name}});
        let projected =
            json!({"name": "unused-too", "projected": {"sources": [{"secret": {"name": "s"}}]}});
        let spec = json!({
            "containers": [{"name": "app", "volumeMounts": mount("of-app")}],
            "initContainers": [{"name": "first", "volumeMounts": mount("of-first")}],
            "ephemeralContainers": [{"name": "debug", "volumeMounts": mount("of-debug")}],
            "volumes": [of("of-app"), of("of-first"), of("of-debug"), of("unused"), projected,
                {"name": "map", "configMap": {"name": "map"}},
                {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]});
        let mut spec: PodSpec = serde_json::from_value(spec).unwrap();

        forget_unmounted_secrets(&mut spec);

        let left: Vec<_> = spec.volumes.iter().flatten().map(|it| it.name.as_str()).collect();
        assert_eq!(left, ["of-app", "of-first", "map", "data"]);
    }

    #[test]
    fn a_container_that_could_not_be_made_proves_nothing() {
        let unmade = json!({"exitCode": 128, "reason": "StartError"});
        let fails = json!({"name": "app", "image": "i", "imageID": "", "ready": false, "restartCount": 3,
            "state": {"terminated": unmade}});

        assert_eq!(secrets(&json!({"containerStatuses": [fails]})), Vec::<String>::new());
    }

    #[test]
    fn what_was_there_once_need_not_be_there_now() {
        let ended = json!({"exitCode": 1, "startedAt": "2026-11-24T03:00:00Z"});
        let status = |waits: &str| {
            json!({"name": "app", "image": "i", "imageID": "", "ready": false, "restartCount": 3,
            "state": {"waiting": {"reason": waits}}, "lastState": {"terminated": ended}})
        };
        let of = |phase: &str, waits: &str| {
            secrets(&json!({"phase": phase, "containerStatuses": [status(waits)]}))
        };

        assert_eq!(of("Running", "CrashLoopBackOff"), ["of-app"]);
        assert_eq!(of("Running", "CreateContainerConfigError"), Vec::<String>::new());
        assert_eq!(of("Failed", "CrashLoopBackOff"), Vec::<String>::new());
    }
}
