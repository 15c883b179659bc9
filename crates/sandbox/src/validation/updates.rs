//! What may not change, and what may change only through a resize.

use serde_json::{Value, json};

use super::{Causes, containers};
use crate::json::{at, each, entries, has, list, remove, set, text};
use crate::resources::Resource;
use crate::status::{Cause, StatusError};

const POD_FIELDS: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
     `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions \
     to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was \
     previously negative)";
const STATEFUL_SET_FIELDS: &str = "updates to statefulset spec for fields other than 'replicas', \
     'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', \
     'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

/// Checks a change of a pod.
pub(super) fn pod(before: &Value, after: &Value) -> Causes {
    let mut causes = Causes::new();
    for kind in ["containers", "initContainers"] {
        let path = format!("spec.{kind}");
        if list(before, &path).len() != list(after, &path).len() {
            let what = if kind == "containers" { "containers" } else { "init containers" };
            let why = format!("pod updates may not add or remove {what}");
            return vec![Cause::forbidden(path, &why)];
        }
        for (index, container) in list(after, &path).iter().enumerate() {
            if text(container, "image").is_empty() {
                causes.push(Cause::required(format!("{path}[{index}].image"), ""));
            }
        }
    }
    tolerations(before, after, &mut causes);
    if frozen(before) != frozen(after) {
        causes.push(Cause::forbidden("spec", POD_FIELDS));
    }
    causes
}

/// The part of a pod's spec that nobody may change.
fn frozen(pod: &Value) -> Value {
    let mut spec = at(pod, "spec").clone();
    for field in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"] {
        remove(&mut spec, field);
    }
    for kind in ["containers", "initContainers"] {
        for container in each(&mut spec, kind) {
            remove(container, "image");
        }
    }
    spec
}

fn tolerations(before: &Value, after: &Value, causes: &mut Causes) {
    let kept = list(after, "spec.tolerations");
    let lost = list(before, "spec.tolerations").iter().any(|it| {
        !kept.iter().any(|new| {
            let seconds = |it: &Value| {
                let mut it = it.clone();
                remove(&mut it, "tolerationSeconds");
                it
            };
            seconds(new) == seconds(it)
        })
    });
    if lost {
        let why = "existing toleration can not be modified except its tolerationSeconds";
        causes.push(Cause::forbidden("spec.tolerations", why));
    }
}

/// Checks a change of anything but a pod.
pub(super) fn other(resource: &Resource, before: &Value, after: &Value) -> Causes {
    let mut causes = Causes::new();
    let mut immutable = |field: &str| {
        if at(before, field) != at(after, field) {
            causes.push(Cause::invalid(field, at(after, field), "field is immutable"));
        }
    };
    match resource.plural {
        "deployments" | "replicasets" | "daemonsets" => immutable("spec.selector"),
        "jobs" => {
            for field in ["spec.selector", "spec.completionMode", "spec.template"] {
                immutable(field);
            }
            let elastic = text(after, "spec.completionMode") == "Indexed"
                && at(after, "spec.completions") == at(after, "spec.parallelism");
            if !elastic {
                immutable("spec.completions");
            }
        }
        "statefulsets" => stateful_set(before, after, &mut causes),
        "configmaps" | "secrets" => sealed(before, after, &mut causes),
        "services" => address(before, after, &mut causes),
        "storageclasses" => {
            for field in ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"] {
                immutable(field);
            }
        }
        "priorityclasses" => immutable("value"),
        _ => {}
    }
    causes
}

fn stateful_set(before: &Value, after: &Value, causes: &mut Causes) {
    let rest = |object: &Value| {
        let mut spec = at(object, "spec").clone();
        for field in [
            "replicas",
            "ordinals",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
        ] {
            remove(&mut spec, field);
        }
        spec
    };
    if rest(before) != rest(after) {
        causes.push(Cause::forbidden("spec", STATEFUL_SET_FIELDS));
    }
}

/// Configuration that was declared immutable stays as it is.
fn sealed(before: &Value, after: &Value, causes: &mut Causes) {
    if at(before, "immutable") != true {
        return;
    }
    let why = "field is immutable when `immutable` is set";
    for field in ["immutable", "data", "binaryData"] {
        if at(before, field) != at(after, field) {
            causes.push(Cause::forbidden(field, why));
        }
    }
}

fn address(before: &Value, after: &Value, causes: &mut Causes) {
    let (old, new) = (text(before, "spec.clusterIP"), text(after, "spec.clusterIP"));
    if !old.is_empty() && old != new && text(after, "spec.type") != "ExternalName" {
        let why = "may not change once set";
        causes.push(Cause::invalid("spec.clusterIPs[0]", &json!([new]), why));
    }
}

/// Checks a resize of a pod, and keeps of it what a resize may change.
pub(crate) fn resize(before: &Value, after: &mut Value) -> Result<(), StatusError> {
    let name = text(before, "metadata.name").to_owned();
    let refuse = |cause: Cause| Err(StatusError::invalid("Pod", &name, &[cause]));
    let mut resized = before.clone();
    set(&mut resized, "metadata.managedFields", at(after, "metadata.managedFields").clone());
    for kind in ["containers", "initContainers"] {
        let path = format!("spec.{kind}");
        for container in each(&mut resized, &path) {
            let wanted =
                list(after, &path).iter().find(|it| text(it, "name") == text(container, "name"));
            let Some(wanted) = wanted else { continue };
            if untouchable(container) != untouchable(wanted) {
                return refuse(Cause::forbidden(
                    "spec",
                    "only cpu and memory resources are mutable",
                ));
            }
            set(container, "resources", at(wanted, "resources").clone());
            set(container, "resizePolicy", at(wanted, "resizePolicy").clone());
        }
    }
    let mut causes = Causes::new();
    for (index, container) in list(&resized, "spec.containers").iter().enumerate() {
        containers::resources(
            container,
            &format!("spec.containers[{index}].resources"),
            &mut causes,
        );
    }
    if !causes.is_empty() {
        return Err(StatusError::invalid("Pod", &name, &causes));
    }
    let class = crate::defaults::quality(at(before, "spec"));
    if class != crate::defaults::quality(at(&resized, "spec")) {
        let why = "Pod QOS Class may not change as a result of resizing";
        return refuse(Cause::invalid("spec", &json!(class), why));
    }
    if removed(before, &resized) {
        let why = "resource limits cannot be removed";
        return refuse(Cause::forbidden("spec.containers[0].resources.limits", why));
    }
    *after = resized;
    Ok(())
}

/// The resources that cannot be resized.
fn untouchable(container: &Value) -> Vec<(&str, &String, &Value)> {
    let of = |kind: &'static str| {
        entries(at(container, "resources"), kind)
            .filter(|(name, _)| !matches!(name.as_str(), "cpu" | "memory"))
            .map(move |(name, value)| (kind, name, value))
    };
    of("limits").chain(of("requests")).collect()
}

/// Whether a limit that was there is no more.
fn removed(before: &Value, after: &Value) -> bool {
    let pairs = list(before, "spec.containers").iter().zip(list(after, "spec.containers"));
    pairs.into_iter().any(|(old, new)| {
        entries(old, "resources.limits").any(|(name, _)| {
            !has(new, "resources.limits") || at(new, "resources.limits").get(name).is_none()
        })
    })
}
