//! Whether a new object may be there at all: namespaces, accounts, priorities, limits and quotas.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::json::{at, default, has, list, place, set, text};
use crate::resources::Resource;
use crate::status::StatusError;

mod limits;
mod quotas;

/// How long a pod stays on a node that is lost, in seconds.
const EVICT_AFTER: i64 = 300;

/// Looks up one object.
pub(crate) type Get<'a> = &'a dyn Fn(&str, &str, &str) -> Option<Arc<Value>>;
/// Lists the objects of a namespace.
pub(crate) type List<'a> = &'a dyn Fn(&str, &str) -> Vec<Arc<Value>>;

/// Refuses an object that may not be there, and completes the others.
pub(crate) fn admit(
    get: Get<'_>,
    all: List<'_>,
    resource: &Resource,
    object: &mut Value,
) -> Result<(), StatusError> {
    if !resource.namespaced {
        return Ok(());
    }
    namespace(get, resource, object)?;
    if resource.plural == "pods" {
        priority(get, object)?;
        account(get, object)?;
        for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
            tolerate(place(object, "spec"), key);
        }
        limits::apply(all, object)?;
    }
    quotas::check(all, resource, object)
}

fn namespace(get: Get<'_>, resource: &Resource, object: &Value) -> Result<(), StatusError> {
    let name = text(object, "metadata.name");
    let namespace = text(object, "metadata.namespace");
    let Some(home) = get("namespaces", "", namespace) else {
        return Err(StatusError::not_found("namespaces", namespace));
    };
    if !has(&home, "metadata.deletionTimestamp") {
        return Ok(());
    }
    let why = format!(
        "unable to create new content in namespace {namespace} because it is being terminated"
    );
    let mut error = StatusError::forbidden(&resource.qualified(), name, &why);
    let cause = json!({"reason": "NamespaceTerminating", "field": "metadata.namespace",
        "message": format!("namespace {namespace} is being terminated")});
    set(&mut error.details, "causes", json!([cause]));
    Err(error)
}

fn priority(get: Get<'_>, pod: &mut Value) -> Result<(), StatusError> {
    let class = text(pod, "spec.priorityClassName");
    if class.is_empty() {
        default(pod, "spec.priority", 0);
        default(pod, "spec.preemptionPolicy", "PreemptLowerPriority");
        return Ok(());
    }
    let Some(found) = get("priorityclasses", "", class) else {
        let why = format!("no PriorityClass with name {class} was found");
        return Err(StatusError::forbidden("pods", text(pod, "metadata.name"), &why));
    };
    set(pod, "spec.priority", at(&found, "value").clone());
    set(pod, "spec.preemptionPolicy", at(&found, "preemptionPolicy").clone());
    Ok(())
}

fn account(get: Get<'_>, pod: &mut Value) -> Result<(), StatusError> {
    default(pod, "spec.serviceAccountName", "default");
    let account = at(pod, "spec.serviceAccountName").clone();
    default(pod, "spec.serviceAccount", account);
    let namespace = text(pod, "metadata.namespace");
    let account = text(pod, "spec.serviceAccountName");
    if get("serviceaccounts", namespace, account).is_some() {
        return Ok(());
    }
    let why = format!(
        "error looking up service account {namespace}/{account}: \
         serviceaccount {account:?} not found"
    );
    Err(StatusError::forbidden("pods", text(pod, "metadata.name"), &why))
}

fn tolerate(spec: &mut Value, key: &str) {
    let known = list(spec, "tolerations").iter().any(|it| {
        let all = text(it, "key").is_empty() && text(it, "operator") == "Exists";
        (all || text(it, "key") == key) && matches!(text(it, "effect"), "" | "NoExecute")
    });
    if known {
        return;
    }
    let toleration = json!({"effect": "NoExecute", "key": key, "operator": "Exists",
        "tolerationSeconds": EVICT_AFTER});
    match place(spec, "tolerations") {
        Value::Array(tolerations) => tolerations.push(toleration),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            set(spec, "tolerations", json!([toleration]));
        }
    }
}
