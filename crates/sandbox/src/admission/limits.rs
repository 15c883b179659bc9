//! Limit ranges: what containers get that ask for nothing, and how little and how much they may ask for.

use serde_json::Value;

use super::List;
use crate::json::{at, each, entries, list, object, place, text};
use crate::quantity::Quantity;
use crate::status::StatusError;

/// Completes a pod's requests and limits, and refuses a pod outside of its namespace's bounds.
pub(super) fn apply(all: List<'_>, pod: &mut Value) -> Result<(), StatusError> {
    let ranges = all("limitranges", text(pod, "metadata.namespace"));
    let limits: Vec<&Value> = ranges
        .iter()
        .flat_map(|it| list(it, "spec.limits"))
        .filter(|it| text(it, "type") == "Container")
        .collect();
    for limit in &limits {
        for kind in ["spec.containers", "spec.initContainers"] {
            each(pod, kind).for_each(|it| complete(it, limit));
        }
    }
    let mut reasons = Vec::new();
    for limit in &limits {
        for container in list(pod, "spec.containers") {
            bounds(container, limit, &mut reasons);
        }
    }
    if let Some(class) = (!limits.is_empty()).then(|| crate::defaults::quality(at(pod, "spec"))) {
        crate::json::set(pod, "status.qosClass", class);
    }
    let reason = match reasons.as_slice() {
        [] => return Ok(()),
        [only] => only.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    Err(StatusError::forbidden("pods", text(pod, "metadata.name"), &reason))
}

fn complete(container: &mut Value, limit: &Value) {
    for (from, to) in [("default", "resources.limits"), ("defaultRequest", "resources.requests")] {
        for (name, value) in entries(limit, from) {
            object(place(container, to)).entry(name.clone()).or_insert(value.clone());
        }
    }
}

fn read(value: Option<&Value>) -> Option<Quantity> {
    Quantity::read(value?.as_str()?)
}

fn bounds(container: &Value, limit: &Value, reasons: &mut Vec<String>) {
    let asked = |kind: &str, name: &str| at(at(container, "resources"), kind).get(name).cloned();
    for (name, bound) in entries(limit, "max") {
        let most = bound.as_str().unwrap_or_default();
        match asked("limits", name) {
            None => reasons.push(format!(
                "maximum {name} usage per Container is {most}.  No limit is specified"
            )),
            Some(value) if read(Some(bound)) < read(Some(&value)) => {
                let value = value.as_str().unwrap_or_default();
                reasons.push(format!(
                    "maximum {name} usage per Container is {most}, but limit is {value}"
                ));
            }
            Some(_) => {}
        }
    }
    for (name, bound) in entries(limit, "min") {
        let least = bound.as_str().unwrap_or_default();
        match asked("requests", name) {
            None => reasons.push(format!(
                "minimum {name} usage per Container is {least}.  No request is specified"
            )),
            Some(value) if read(Some(&value)) < read(Some(bound)) => {
                let value = value.as_str().unwrap_or_default();
                reasons.push(format!(
                    "minimum {name} usage per Container is {least}, but request is {value}"
                ));
            }
            Some(_) => {}
        }
    }
}
