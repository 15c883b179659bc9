//! A vertical autoscaler, which owns what the containers of its target ask for.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;
use types::Owner;

use crate::Objects;

/// The vertical autoscaler that sets what the pods of the root ask for: the object that names the root, or, where that
/// cannot be seen, the annotation that its admission webhook leaves on each pod
/// (<https://github.com/kubernetes/autoscaler/tree/master/vertical-pod-autoscaler>).
pub(super) fn owner(objects: &Objects) -> Option<Owner> {
    let mut all = objects.vertical_autoscalers.iter().flatten();
    all.find_map(|it| named(it, objects)).or_else(|| annotated(objects))
}

/// One that names the root. It acts unless its mode is `Off`: that only recommends. One that acts has its say even
/// before it changed a pod.
fn named(it: &Value, objects: &Objects) -> Option<Owner> {
    let target = it.pointer("/spec/targetRef")?;
    let text = |of: &str| target.get(of).and_then(Value::as_str);
    let root = objects.root.object_ref();
    let is_its = text("kind") == Some(root.kind.as_str()) && text("name") == Some(&root.name);
    let mode = it.pointer("/spec/updatePolicy/updateMode").and_then(Value::as_str);
    if !is_its || mode == Some("Off") {
        return None;
    }
    let name = it.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let fields = fields(objects, |container| is_scaled(it, container));
    let mark = format!("VerticalPodAutoscaler {name}");
    fields.map(|fields| Owner { name: "vpa".to_owned(), mark, fields })
}

/// Whether it scales this container: the policy of its name counts, else the one for all (`*`), else it does.
fn is_scaled(it: &Value, container: &str) -> bool {
    let policies = it.pointer("/spec/resourcePolicy/containerPolicies").and_then(Value::as_array);
    let of = |name: &str| {
        let is_named = |it: &&Value| it.get("containerName").and_then(Value::as_str) == Some(name);
        policies.into_iter().flatten().find(is_named)
    };
    let policy = of(container).or_else(|| of("*"));
    policy.and_then(|it| it.get("mode")).and_then(Value::as_str) != Some("Off")
}

/// One that changed a pod of the root.
fn annotated(objects: &Objects) -> Option<Owner> {
    let says_so =
        |it: &Arc<Pod>| it.metadata.annotations.iter().flatten().any(|it| it.0 == "vpaUpdates");
    objects.pods.iter().any(says_so).then_some(())?;
    let mark = "annotation vpaUpdates of its pods".to_owned();
    fields(objects, |_| true).map(|fields| Owner { name: "vpa".to_owned(), mark, fields })
}

/// What these containers of the root ask for; `None` where none of them is meant, for no fields would be all of them.
fn fields(objects: &Objects, is_meant: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let path = objects.root.object_ref().kind.pod_spec_path()?.child("containers");
    let containers = objects.root.pod_spec()?.containers.iter().enumerate();
    let meant = containers.filter(|(_, it)| is_meant(&it.name));
    let fields = meant.map(|(index, _)| path.index(index).child("resources").to_string());
    Some(fields.collect::<Vec<_>>()).filter(|it| !it.is_empty())
}
