//! The rules that the API server holds objects to, in its own words.

use serde_json::{Value, json};

use crate::json::{at, entries, has, list, text};
use crate::resources::Resource;
use crate::status::{Cause, StatusError};

mod bodies;
mod containers;
mod names;
mod pods;
mod probes;
mod updates;
mod workloads;

pub(crate) use updates::resize;

/// What is wrong with an object so far.
type Causes = Vec<Cause>;

/// Checks an object that is to be created. Defaults are filled in already.
pub(crate) fn check_new(resource: &Resource, object: &Value) -> Result<(), StatusError> {
    let mut causes = metadata(resource, object);
    if !text(object, "metadata.name").is_empty() || has(object, "metadata.generateName") {
        causes.extend(body(resource, object));
    }
    answer(resource, object, &causes)
}

/// Checks an object that is to be changed.
pub(crate) fn check_update(
    resource: &Resource,
    before: &Value,
    after: &Value,
) -> Result<(), StatusError> {
    let mut causes = labels_and_annotations(after);
    causes.extend(owners(after));
    // A pod is only checked for what changed: much of its spec is filled in by others.
    if resource.plural == "pods" {
        causes.extend(updates::pod(before, after));
    } else {
        causes.extend(body(resource, after));
        causes.extend(updates::other(resource, before, after));
    }
    answer(resource, after, &causes)
}

fn answer(resource: &Resource, object: &Value, causes: &[Cause]) -> Result<(), StatusError> {
    if causes.is_empty() {
        return Ok(());
    }
    let name = text(object, "metadata.name");
    Err(StatusError::invalid(&resource.qualified_kind(), name, causes))
}

fn body(resource: &Resource, object: &Value) -> Causes {
    let mut causes = Causes::new();
    match resource.plural {
        "pods" => pods::spec(at(object, "spec"), "spec", &mut causes),
        "deployments" | "replicasets" | "statefulsets" | "daemonsets" => {
            workloads::check(resource, object, &mut causes);
        }
        "jobs" => workloads::job(object, &mut causes),
        "cronjobs" => workloads::cron_job(object, &mut causes),
        "configmaps" | "secrets" => bodies::keys(object, &mut causes),
        "services" => bodies::service(object, &mut causes),
        "poddisruptionbudgets" => bodies::budget(object, &mut causes),
        "horizontalpodautoscalers" => bodies::autoscaler(object, &mut causes),
        "events" => bodies::event(object, &mut causes),
        _ => {}
    }
    causes
}

fn metadata(resource: &Resource, object: &Value) -> Causes {
    let mut causes = Causes::new();
    let name = text(object, "metadata.name");
    let prefix = text(object, "metadata.generateName");
    if name.is_empty() && prefix.is_empty() {
        causes.push(Cause::required("metadata.name", "name or generateName is required"));
    } else if !name.is_empty() {
        let wrong = match resource.plural {
            "services" | "namespaces" => names::label(name),
            "roles" | "rolebindings" | "clusterroles" | "clusterrolebindings" => None,
            _ => names::subdomain(name),
        };
        causes.extend(wrong.map(|why| Cause::invalid("metadata.name", &json!(name), &why)));
    }
    causes.extend(labels_and_annotations(object));
    causes.extend(owners(object));
    causes
}

fn labels_and_annotations(object: &Value) -> Causes {
    let mut causes = labels(object, "metadata.labels");
    for (key, _) in entries(object, "metadata.annotations") {
        let wrong = names::qualified(&key.to_lowercase());
        causes.extend(wrong.map(|why| Cause::invalid("metadata.annotations", &json!(key), &why)));
    }
    for (index, finalizer) in list(object, "metadata.finalizers").iter().enumerate() {
        let name = finalizer.as_str().unwrap_or_default();
        let standard = matches!(name, "foregroundDeletion" | "orphan" | "kubernetes");
        if !standard && !name.contains('/') {
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            causes.push(Cause::invalid(format!("metadata.finalizers[{index}]"), finalizer, why));
        }
    }
    causes
}

/// Checks labels, wherever they stand.
fn labels(object: &Value, path: &str) -> Causes {
    let mut causes = Causes::new();
    for (key, value) in entries(object, path) {
        let wrong = names::qualified(key);
        causes.extend(wrong.map(|why| Cause::invalid(path, &json!(key), &why)));
        let wrong = names::label_value(value.as_str().unwrap_or_default());
        causes.extend(wrong.map(|why| Cause::invalid(path, value, &why)));
    }
    causes
}

fn owners(object: &Value) -> Causes {
    let mut causes = Causes::new();
    let place = "metadata.ownerReferences";
    let owners = list(object, place);
    let members = [
        ("apiVersion", "version must not be empty"),
        ("kind", "must not be empty"),
        ("name", "must not be empty"),
        ("uid", "must not be empty"),
    ];
    for owner in owners {
        for (member, why) in members {
            if text(owner, member).is_empty() {
                causes.push(Cause::invalid(format!("{place}.{member}"), &json!(""), why));
            }
        }
    }
    let controllers = owners.iter().filter(|it| at(it, "controller") == true).count();
    if 1 < controllers {
        let why = "Only one reference can have Controller set to true.";
        causes.push(Cause::invalid(place, at(object, place), why));
    }
    causes
}
