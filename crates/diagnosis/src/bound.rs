//! What a yes is bound to: everything of an object but its status.

use serde_json::{Value, json};

use crate::Root;
use crate::root::spec_hash;

impl Root {
    /// Hash over all of it but its status. A write of anything else makes another one: of the spec, a label, an
    /// annotation, an owner, or who set a field. Where `scaled`, an autoscaler sets the number of replicas again and
    /// again: that is left out, and whoever wrote nothing else.
    pub fn bound_hash(&self, scaled: bool) -> String {
        spec_hash(&bound(json!(self.metadata()), self.spec_json(), scaled))
    }
}

/// The object without its status, and without what every write moves.
fn bound(mut metadata: Value, mut spec: Value, scaled: bool) -> Value {
    let fields = metadata.get_mut("managedFields").and_then(Value::as_array_mut);
    if let Some(entries) = fields {
        entries.retain(|it| it.get("subresource").and_then(Value::as_str) != Some("status"));
        if scaled {
            entries.retain_mut(|it| !wrote_replicas_alone(it));
        }
    }
    // The spec itself is hashed: its generation adds nothing.
    for moved in ["resourceVersion", "generation"] {
        remove(&mut metadata, moved);
    }
    if scaled {
        remove(&mut spec, "replicas");
    }
    json!({"metadata": metadata, "spec": spec})
}

/// Takes the replicas out of what a manager wrote, and says whether nothing is left: to scale takes the field away from
/// whoever set it before.
fn wrote_replicas_alone(entry: &mut Value) -> bool {
    let Some(fields) = entry.get_mut("fieldsV1") else { return false };
    let Some(spec) = fields.get_mut("f:spec").and_then(Value::as_object_mut) else { return false };
    spec.remove("f:replicas");
    spec.is_empty() && fields.as_object().is_some_and(|it| it.len() == 1)
}

fn remove(object: &mut Value, name: &str) {
    if let Some(members) = object.as_object_mut() {
        members.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web() -> Value {
        json!({"metadata": {"name": "web", "uid": "u1", "resourceVersion": "7", "generation": 3,
            "labels": {"app": "web"}, "annotations": {"note": "a"}, "managedFields": [
                {"manager": "kubectl", "operation": "Update", "fieldsV1":
                    {"f:spec": {"f:replicas": {}, "f:strategy": {}}}},
                {"manager": "controller", "operation": "Update", "subresource": "status", "time": "1"}]},
            "spec": {"replicas": 2, "strategy": {"type": "Recreate"}}})
    }

    fn is_bound(scaled: bool, change: impl Fn(&mut Value)) -> bool {
        let mut now = web();
        now["metadata"]["resourceVersion"] = json!("9");
        change(&mut now);
        let of = |it: &Value| bound(it["metadata"].clone(), it["spec"].clone(), scaled);
        of(&web()) == of(&now)
    }

    #[test]
    fn a_write_of_the_status_leaves_it_as_it_is() {
        assert!(is_bound(false, |it| it["metadata"]["managedFields"][1]["time"] = json!("2")));
    }

    #[test]
    fn every_other_write_makes_another_one() {
        let changes: [fn(&mut Value); 6] = [
            |it| it["metadata"]["annotations"]["note"] = json!("b"),
            |it| it["metadata"]["labels"]["tier"] = json!("x"),
            |it| it["metadata"]["uid"] = json!("u2"),
            |it| it["metadata"]["managedFields"][0]["manager"] = json!("argocd-controller"),
            |it| it["spec"]["strategy"]["type"] = json!("RollingUpdate"),
            |it| it["spec"]["paused"] = json!(true),
        ];
        for (index, change) in changes.iter().enumerate() {
            assert!(!is_bound(false, change) && !is_bound(true, change), "{index}");
        }
    }

    #[test]
    fn replicas_count_unless_an_autoscaler_sets_them() {
        let scale = |it: &mut Value| {
            it["spec"]["replicas"] = json!(5);
            it["metadata"]["generation"] = json!(4);
            let entries = it["metadata"]["managedFields"].as_array_mut().unwrap();
            entries[0]["fieldsV1"] = json!({"f:spec": {"f:strategy": {}}});
            entries.push(json!({"manager": "kube-controller-manager", "operation": "Update",
                "subresource": "scale", "fieldsV1": {"f:spec": {"f:replicas": {}}}}));
        };

        assert!(!is_bound(false, scale));
        assert!(is_bound(true, scale));
    }
}
