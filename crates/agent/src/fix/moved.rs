//! What changed of an object since it was seen: nothing but its status, or more.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

/// The `resourceVersion` of the object as it is now, where nothing but its status differs from what was seen. A
/// change of the spec moves `generation`; marks, owners and who owns which field are compared as they stand
/// (<https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management>).
pub(super) fn only_in_status(seen: &ObjectMeta, now: &Value) -> Option<String> {
    let now: ObjectMeta = serde_json::from_value(now.get("metadata")?.clone()).ok()?;
    let is_kept = seen.uid.is_some() && seen.generation.is_some();
    let version = now.resource_version.clone();
    (is_kept && without_status(seen) == without_status(&now)).then_some(version).flatten()
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

    fn moved(changes: &[(&str, Value)]) -> Option<String> {
        let mut now = web();
        now["resourceVersion"] = json!("9");
        for (path, value) in changes {
            *now.pointer_mut(path).unwrap() = value.clone();
        }
        let seen = serde_json::from_value(web()).unwrap();
        only_in_status(&seen, &json!({"metadata": now}))
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
        let mut pod = web();
        pod.as_object_mut().unwrap().remove("generation");
        let seen = serde_json::from_value(pod.clone()).unwrap();

        assert_eq!(only_in_status(&seen, &json!({"metadata": pod})), None);
    }
}
