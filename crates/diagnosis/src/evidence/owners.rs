//! Who else writes the object.

use std::sync::Arc;

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use serde_json::{Map, Value};
use types::{FieldPath, Owner};

use crate::Objects;

/// Field managers whose writes are a person's, the control plane's or our own.
const NOT_FOREIGN: [&str; 9] = [
    "k8s-reflexion-agent",
    "kubectl",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "before-first-apply",
    "Mozilla",
    "curl",
    "unknown",
];
/// Fields of one manager that are listed; one who has more owns the object.
const MAX_FIELDS: usize = 200;

/// Everybody else who writes the root.
pub(super) fn facts(objects: &Objects) -> Vec<Owner> {
    let mut owners = marks(objects);
    owners.extend(objects.autoscalers.iter().flatten().filter_map(|it| autoscaler(it, objects)));
    owners.extend(vertical_autoscaler(objects));
    let managers = objects.root.metadata().managed_fields.iter().flatten();
    let spec = objects.root.spec_json();
    owners.extend(managers.filter_map(|it| manager(it, &spec)));
    owners
}

/// Labels and annotations by which a tool claims the whole object.
fn marks(objects: &Objects) -> Vec<Owner> {
    let root = &objects.root;
    let annotation = |name: &str| root.annotation(name).is_some();
    let label = |name: &str| root.label(name).is_some();
    let mut owners = Vec::new();
    let mut add = |name: &str, mark: &str| {
        owners.push(Owner { name: name.to_owned(), mark: mark.to_owned(), fields: vec![] });
    };
    for mark in ["argocd.argoproj.io/tracking-id", "argocd.argoproj.io/instance"] {
        if annotation(mark) || label(mark) {
            add("argocd", mark);
        }
    }
    for mark in ["kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name"] {
        if label(mark) || annotation(mark) {
            add("flux", mark);
        }
    }
    if annotation("meta.helm.sh/release-name")
        || root.label("app.kubernetes.io/managed-by") == Some("Helm")
    {
        add("helm", "meta.helm.sh/release-name");
    }
    let controller =
        root.metadata().owner_references.iter().flatten().find(|it| it.controller == Some(true));
    if let Some(controller) = controller {
        add(
            &controller.kind,
            &format!("ownerReference to {} {}", controller.kind, controller.name),
        );
    }
    owners
}

/// An autoscaler that owns the number of replicas of the root.
fn autoscaler(it: &HorizontalPodAutoscaler, objects: &Objects) -> Option<Owner> {
    let target = &it.spec.scale_target_ref;
    let root = objects.root.object_ref();
    let name = it.metadata.name.as_deref().unwrap_or_default();
    // KEDA makes an autoscaler of its own for each ScaledObject (<https://keda.sh/docs/latest/concepts/scaling-deployments/>).
    let by_keda = it.metadata.labels.iter().flatten().any(|it| it.0 == "scaledobject.keda.sh/name");
    (target.kind == root.kind.as_str() && target.name == root.name).then(|| Owner {
        name: if by_keda { "keda" } else { "hpa" }.to_owned(),
        mark: format!("HorizontalPodAutoscaler {name}"),
        fields: vec!["/spec/replicas".to_owned()],
    })
}

/// A vertical autoscaler that sets what the pods of the root ask for. Its admission webhook says so on each pod
/// (<https://github.com/kubernetes/autoscaler/tree/master/vertical-pod-autoscaler>).
fn vertical_autoscaler(objects: &Objects) -> Option<Owner> {
    let says_so =
        |it: &Arc<Pod>| it.metadata.annotations.iter().flatten().any(|it| it.0 == "vpaUpdates");
    objects.pods.iter().any(says_so).then_some(())?;
    let containers = objects.root.object_ref().kind.pod_spec_path()?.child("containers");
    let n_containers = objects.root.pod_spec().map_or(0, |it| it.containers.len());
    let fields = (0..n_containers).map(|it| containers.index(it).child("resources").to_string());
    Some(Owner {
        name: "vpa".to_owned(),
        mark: "annotation vpaUpdates of its pods".to_owned(),
        fields: fields.collect(),
    })
}

/// A field manager that is neither a person nor the control plane nor we, with the fields of the spec that are his.
fn manager(entry: &ManagedFieldsEntry, spec: &Value) -> Option<Owner> {
    let name = entry.manager.as_deref()?;
    let ours = NOT_FOREIGN.iter().any(|it| name == *it || name.starts_with(&format!("{it}-")));
    if ours || entry.subresource.is_some() || entry.operation.as_deref() != Some("Apply") {
        return None;
    }
    let mut fields = Vec::new();
    let tree = entry.fields_v1.as_ref().and_then(|it| it.0.get("f:spec"))?;
    collect(tree, spec, &FieldPath::root().child("spec"), &mut fields);
    Some(Owner {
        name: name.to_owned(),
        mark: "managedFields (server-side apply)".to_owned(),
        fields: if fields.len() < MAX_FIELDS { fields } else { vec![] },
    })
}

/// The leaves of a `FieldsV1` tree as paths into the object.
fn collect(tree: &Value, object: &Value, path: &FieldPath, fields: &mut Vec<String>) {
    let members = tree.as_object().into_iter().flatten().filter(|it| it.0 != ".");
    let mut leaf = true;
    for (name, below) in members {
        if MAX_FIELDS <= fields.len() {
            return;
        }
        leaf = false;
        match member(name, object) {
            Some(Member::Field(name)) => {
                let value = object.get(name).unwrap_or(&Value::Null);
                collect(below, value, &path.child(name), fields);
            }
            Some(Member::Element(index)) => {
                let value = object.get(index).unwrap_or(&Value::Null);
                collect(below, value, &path.index(index), fields);
            }
            // Which element is meant cannot be told: then it is every one.
            None => fields.push(path.to_string()),
        }
    }
    if leaf {
        fields.push(path.to_string());
    }
}

/// What a name in a `FieldsV1` tree stands for.
enum Member<'a> {
    Field(&'a str),
    Element(usize),
}

/// `f:image` is a field, `i:3` an element, and `k:{"name":"app"}` the element that has these members.
fn member<'a>(name: &'a str, object: &Value) -> Option<Member<'a>> {
    let (kind, rest) = name.split_once(':')?;
    match kind {
        "f" => Some(Member::Field(rest)),
        "i" => rest.parse().ok().map(Member::Element),
        "k" => {
            let key: Map<String, Value> = serde_json::from_str(rest).ok()?;
            let is_meant = |it: &Value| key.iter().all(|(name, value)| it.get(name) == Some(value));
            object.as_array()?.iter().position(is_meant).map(Member::Element)
        }
        _ => None,
    }
}
