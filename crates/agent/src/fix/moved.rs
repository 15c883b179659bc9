//! What changed of an object since it was seen: nothing but its status, or more.

use diagnosis::Root;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;
use types::{Evidence, FieldPath, Kind};

use crate::cluster;

/// An object as it was when something was decided about it.
pub(super) struct AsSeen {
    metadata: ObjectMeta,
    kind: Kind,
    spec_hash: String,
}

impl AsSeen {
    pub(super) fn of(root: &Root) -> Self {
        let kind = root.object_ref().kind;
        Self { metadata: root.metadata().clone(), kind, spec_hash: root.spec_hash() }
    }
}

/// Hash over what a yes is bound to. An autoscaler sets the number of replicas all the time, and that is no reason to
/// ask again: where one owns it, it is left out.
pub(super) fn bound_hash(root: &Root, evidence: &Evidence) -> String {
    let replicas = FieldPath::root().child("spec").child("replicas").to_string();
    let owners = &evidence.workload.owners;
    root.bound_hash(owners.iter().any(|it| it.fields == [replicas.as_str()]))
}

/// The `resourceVersion` of the object as it is now, where nothing but its status differs from what was seen. A
/// change of the spec moves `generation`; marks, owners and who owns which field are compared as they stand
/// (<https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management>). A pod that has no
/// `generation` is compared by its spec.
pub(super) fn only_in_status(seen: &AsSeen, now: &Value) -> Option<String> {
    let metadata: ObjectMeta = serde_json::from_value(now.get("metadata")?.clone()).ok()?;
    let is_same_spec = || match (seen.metadata.generation, seen.kind) {
        (Some(_), _) => true,
        (None, Kind::Pod) => {
            cluster::spec_hash_of(seen.kind, now).as_deref() == Some(&*seen.spec_hash)
        }
        (
            None,
            Kind::Deployment
            | Kind::ReplicaSet
            | Kind::StatefulSet
            | Kind::DaemonSet
            | Kind::Job
            | Kind::CronJob
            | Kind::Node
            | Kind::Service
            | Kind::PersistentVolumeClaim
            | Kind::ConfigMap,
        ) => false,
    };
    let version = metadata.resource_version.clone();
    let is_same = seen.metadata.uid.is_some()
        && without_status(&seen.metadata) == without_status(&metadata)
        && is_same_spec();
    is_same.then_some(version).flatten()
}

/// The metadata without what a write of the status changes.
fn without_status(metadata: &ObjectMeta) -> ObjectMeta {
    let mut rest = ObjectMeta { resource_version: None, ..metadata.clone() };
    if let Some(fields) = &mut rest.managed_fields {
        fields.retain(|it| it.subresource.as_deref() != Some("status"));
    }
    rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn web() -> Value {
        json!({"name": "web", "namespace": "shop", "uid": "u1", "resourceVersion": "7", "generation": 3,
            "annotations": {"note": "a"}, "managedFields": [
                {"manager": "kubectl", "operation": "Update", "time": "2026-01-01T00:00:00Z"},
                {"manager": "controller", "operation": "Update", "subresource": "status",
                    "time": "2026-01-01T00:00:01Z"}]})
    }

    fn seen(kind: Kind, metadata: Value, spec_hash: &str) -> AsSeen {
        let metadata = serde_json::from_value(metadata).unwrap();
        AsSeen { metadata, kind, spec_hash: spec_hash.to_owned() }
    }

    fn moved(changes: &[(&str, Value)]) -> Option<String> {
        let mut now = web();
        now["resourceVersion"] = json!("9");
        for (path, value) in changes {
            *now.pointer_mut(path).unwrap() = value.clone();
        }
        only_in_status(&seen(Kind::Deployment, web(), "h"), &json!({"metadata": now}))
    }

    #[test]
    fn a_write_of_the_status_leaves_a_decision_standing() {
        let status = ("/managedFields/1/time", json!("2026-01-01T00:00:09Z"));

        assert_eq!(moved(&[status]).as_deref(), Some("9"));
    }

    #[test]
    fn any_other_change_asks_for_another_decision() {
        for change in [
            ("/generation", json!(4)),
            ("/uid", json!("u2")),
            ("/annotations/note", json!("b")),
            ("/annotations", json!({"note": "a", "opt-out": "true"})),
            ("/managedFields/0/manager", json!("argocd-controller")),
            ("/managedFields/0/time", json!("2026-01-01T00:00:05Z")),
        ] {
            assert_eq!(moved(std::slice::from_ref(&change)), None, "{change:?}");
        }
    }

    #[test]
    fn what_has_no_generation_is_never_taken_for_unchanged() {
        let mut web = web();
        web.as_object_mut().unwrap().remove("generation");
        let seen = seen(Kind::Service, web.clone(), "h");

        assert_eq!(only_in_status(&seen, &json!({"metadata": web})), None);
    }

    #[test]
    fn a_pod_without_a_generation_is_told_by_its_spec() {
        let mut metadata = web();
        metadata.as_object_mut().unwrap().remove("generation");
        let pod = |image: &str, version: &str| {
            let mut metadata = metadata.clone();
            metadata["resourceVersion"] = json!(version);
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
                "spec": {"containers": [{"name": "app", "image": image}]},
                "status": {"phase": version}})
        };
        let hash = cluster::spec_hash_of(Kind::Pod, &pod("shop/web:1", "7")).unwrap();
        let seen = seen(Kind::Pod, metadata.clone(), &hash);

        assert_eq!(only_in_status(&seen, &pod("shop/web:1", "9")).as_deref(), Some("9"));
        assert_eq!(only_in_status(&seen, &pod("shop/web:2", "9")), None);
    }
}
