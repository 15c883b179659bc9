//! Who else writes the object.

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};
use serde_json::{Map, Value};
use types::{FieldPath, Owner};

use super::vertical;
use crate::Objects;

/// Our own field manager.
pub(super) const OURS: &str = "k8s-reflexion-agent";
/// Field managers whose writes are a person's, the control plane's or our own.
const NOT_FOREIGN: [&str; 9] = [
    OURS,
    "kubectl",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "before-first-apply",
    "Mozilla",
    "curl",
    "unknown",
];
/// Field managers of tools that write from a declaration of their own, though not by server-side apply: they put
/// back what somebody else changes. Argo CD that tracks by a label (its default before 3.0) leaves no other mark, for
/// charts set that label as well; Helm writes so by default before 4. What follows such a name is a version, a node or
/// a suffix. Clients of unknown name (`Go-http-client`, which Helm was before 3.7) may be anybody's script, and no mark
/// of ownership; what somebody changes in the web page of Argo CD (`argocd-server`) is a person's.
const DECLARING: [&str; 16] = [
    "argocd-controller",
    "argocd-application-controller",
    "helm",
    "helm-controller",
    "helm-operator",
    "kustomize-controller",
    "flux-client-side-apply",
    "pulumi",
    "Terraform",
    "terraform-provider",
    "HashiCorp",
    "kapp",
    "kapp-controller",
    "fleetagent",
    "deploy@",
    "configsync",
];
/// Labels and annotations by which a tool claims the whole object, and its name.
const MARKS: [(&str, &str); 12] = [
    ("argocd.argoproj.io/tracking-id", "argocd"),
    ("argocd.argoproj.io/instance", "argocd"),
    ("kustomize.toolkit.fluxcd.io/name", "flux"),
    ("helm.toolkit.fluxcd.io/name", "flux"),
    ("meta.helm.sh/release-name", "helm"),
    ("objectset.rio.cattle.io/id", "fleet"),
    ("olm.owner", "olm"),
    ("kapp.k14s.io/app", "kapp"),
    ("kapp.k14s.io/identity", "kapp"),
    ("applyset.kubernetes.io/part-of", "applyset"),
    ("configmanagement.gke.io/managed", "config-sync"),
    ("configsync.gke.io/resource-id", "config-sync"),
];
/// The label that names what manages an object
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>).
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Values of it that stand for people with a command line.
const PEOPLE: [&str; 3] = ["kubectl", "kustomize", "manual"];
/// Fields of one manager that are listed; one who has more owns the object.
pub(super) const MAX_FIELDS: usize = 200;

/// Everybody else who writes the root.
pub(super) fn facts(objects: &Objects) -> Vec<Owner> {
    let mut owners = marks(objects.root.metadata());
    owners.extend(objects.autoscalers.iter().flatten().filter_map(|it| autoscaler(it, objects)));
    owners.extend(vertical::owner(objects));
    let managers = objects.root.metadata().managed_fields.iter().flatten();
    let spec = objects.root.spec_json();
    owners.extend(managers.filter_map(|it| manager(it, &spec)));
    owners
}

/// The first who claims a whole object, of any kind.
pub(crate) fn claimant(metadata: &ObjectMeta) -> Option<String> {
    marks(metadata).into_iter().next().map(|it| it.name)
}

/// The fields of the spec that we wrote last.
pub(super) fn ours(objects: &Objects) -> Vec<FieldPath> {
    let managers = objects.root.metadata().managed_fields.iter().flatten();
    let is_ours =
        |it: &&ManagedFieldsEntry| it.manager.as_deref() == Some(OURS) && it.subresource.is_none();
    let spec = objects.root.spec_json();
    let mut fields = Vec::new();
    for entry in managers.filter(is_ours) {
        if let Some(tree) = entry.fields_v1.as_ref().and_then(|it| it.0.get("f:spec")) {
            collect(tree, &spec, &FieldPath::root().child("spec"), &mut fields);
        }
    }
    fields.iter().filter_map(|it| FieldPath::parse(it)).collect()
}

/// Labels and annotations by which a tool claims the whole object.
fn marks(metadata: &ObjectMeta) -> Vec<Owner> {
    let annotations = metadata.annotations.as_ref();
    let labels = metadata.labels.as_ref();
    let annotation = |name: &str| annotations.is_some_and(|it| it.contains_key(name));
    let label = |name: &str| labels.is_some_and(|it| it.contains_key(name));
    let mut owners = Vec::new();
    let mut add = |name: &str, mark: &str| {
        owners.push(Owner { name: name.to_owned(), mark: mark.to_owned(), fields: vec![] });
    };
    for (mark, name) in MARKS {
        if annotation(mark) || label(mark) {
            add(name, mark);
        }
    }
    let manager = labels.and_then(|it| it.get(MANAGED_BY)).map(String::as_str);
    let manager = manager.filter(|it| !it.is_empty() && !PEOPLE.contains(it));
    if let Some(manager) = manager {
        add(&manager.to_lowercase(), MANAGED_BY);
    }
    let controller =
        metadata.owner_references.iter().flatten().find(|it| it.controller == Some(true));
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
    // KEDA makes an autoscaler of its own for each ScaledObject
    // (<https://keda.sh/docs/latest/concepts/scaling-deployments/>).
    let by_keda = it.metadata.labels.iter().flatten().any(|it| it.0 == "scaledobject.keda.sh/name");
    (target.kind == root.kind.as_str() && target.name == root.name).then(|| Owner {
        name: if by_keda { "keda" } else { "hpa" }.to_owned(),
        mark: format!("HorizontalPodAutoscaler {name}"),
        fields: vec!["/spec/replicas".to_owned()],
    })
}

/// A field manager that is neither a person nor the control plane nor we, with the fields of the spec that are his.
fn manager(entry: &ManagedFieldsEntry, spec: &Value) -> Option<Owner> {
    let name = entry.manager.as_deref()?;
    let ours = NOT_FOREIGN.iter().any(|it| name == *it || name.starts_with(&format!("{it}-")));
    let applies = entry.operation.as_deref() == Some("Apply");
    let declares = DECLARING.iter().any(|it| is_called(name, it));
    if ours || entry.subresource.is_some() || !applies && !declares {
        return None;
    }
    let mut fields = Vec::new();
    let tree = entry.fields_v1.as_ref().and_then(|it| it.0.get("f:spec"))?;
    collect(tree, spec, &FieldPath::root().child("spec"), &mut fields);
    Some(Owner {
        name: name.to_owned(),
        mark: if applies { "managedFields (server-side apply)" } else { "managedFields" }
            .to_owned(),
        fields: if fields.len() < MAX_FIELDS { fields } else { vec![] },
    })
}

/// Whether a manager is this tool, or a version or a part of it, and not one that is merely called alike.
fn is_called(manager: &str, tool: &str) -> bool {
    let rest = manager.strip_prefix(tool);
    rest.is_some_and(|it| tool.ends_with('@') || !it.starts_with(char::is_alphanumeric))
}

/// The leaves of a `FieldsV1` tree as paths into the object.
pub(super) fn collect(tree: &Value, object: &Value, path: &FieldPath, fields: &mut Vec<String>) {
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

#[cfg(test)]
mod tests {
    use k8s_openapi::api::apps::v1::Deployment;
    use serde_json::json;

    use super::*;

    fn names(metadata: &Value) -> Vec<String> {
        let deployment: Deployment = serde_json::from_value(json!({"metadata": metadata})).unwrap();
        marks(&deployment.metadata).into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn a_tool_that_claims_an_object_is_known_by_its_mark() {
        for (mark, name) in MARKS {
            assert_eq!(names(&json!({"labels": {mark: "x"}})), [name]);
            assert_eq!(names(&json!({"annotations": {mark: "x"}})), [name]);
        }
        assert_eq!(names(&json!({"labels": {MANAGED_BY: "shop-operator"}})), ["shop-operator"]);
        assert_eq!(names(&json!({"labels": {MANAGED_BY: "Helm"}})), ["helm"]);
    }

    #[test]
    fn what_a_rollout_of_argo_controls_is_the_rollouts() {
        let owned = |controller: bool| {
            names(&json!({"ownerReferences": [{"apiVersion": "argoproj.io/v1alpha1",
                "kind": "Rollout", "name": "web", "uid": "r1", "controller": controller}]}))
        };
        assert_eq!(owned(true), ["Rollout"]);
        assert!(owned(false).is_empty());
    }

    #[test]
    fn what_a_person_applied_is_nobody_elses() {
        assert!(names(&json!({"labels": {MANAGED_BY: "kubectl"}})).is_empty());
        assert!(
            names(&json!({"labels": {"app": "web"}, "annotations": {"team": "shop"}})).is_empty()
        );
    }

    #[test]
    fn a_manager_that_declares_owns_its_fields_and_a_script_does_not() {
        let owner = |name: &str, operation: &str| {
            let entry = json!({"manager": name, "operation": operation,
                "fieldsV1": {"f:spec": {"f:replicas": {}}}});
            manager(&serde_json::from_value(entry).unwrap(), &json!({"replicas": 1}))
                .map(|it| it.fields)
        };
        let replicas = Some(vec!["/spec/replicas".to_owned()]);

        let tools = "argocd-controller argocd-application-controller helm helm-controller \
            kustomize-controller pulumi-kubernetes terraform-provider-helm_v2.13.0_x5 Terraform fleetagent \
            deploy@node1 kapp-controller";
        for tool in tools.split_whitespace() {
            assert_eq!(owner(tool, "Update"), replicas, "{tool}");
        }
        assert_eq!(owner("anybody", "Apply"), replicas);
        for person in "kubectl-client-side-apply kubectl-edit python-requests Go-http-client argocd-server helmut \
            kappa rancher node-fetch deploy"
            .split_whitespace()
        {
            assert_eq!(owner(person, "Update"), None, "{person}");
        }
    }
}
