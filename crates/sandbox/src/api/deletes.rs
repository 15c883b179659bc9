//! Deleting one object, or all that a selector takes.

use serde_json::{Value, json};

use super::call::Call;
use super::decode;
use super::lists::scope;
use super::selectors::Selection;
use super::target::Target;
use super::views::View;
use super::{Answer, Api};
use crate::json::{at, has, number, set, text};
use crate::resources::Resource;
use crate::status::{Cause, StatusError};
use crate::store::{Deletion, Propagation, Store};

/// Namespaces that a cluster cannot do without.
const KEPT: [&str; 3] = ["default", "kube-public", "kube-system"];

impl Api {
    /// Deletes an object.
    pub(super) fn delete(&self, call: &Call, target: &Target) -> Result<Answer, StatusError> {
        let (deletion, store) = self.deletion(call)?;
        let resource = target.resource;
        if resource.plural == "namespaces" && KEPT.contains(&target.name()) {
            let why = "this namespace may not be deleted";
            return Err(StatusError::forbidden("namespaces", target.name(), why));
        }
        let gone = store.delete(resource.plural, target.namespace(), target.name(), &deletion)?;
        let shown = matches!(resource.plural, "pods" | "namespaces" | "services");
        let waits = has(&gone, "metadata.deletionTimestamp");
        if waits || (shown && resource.plural != "namespaces") {
            return Ok(Answer::json(200, View::of(call)?.object(resource, &gone)));
        }
        Ok(Answer::json(200, success(resource, &gone)))
    }

    /// Deletes every object that is selected.
    pub(super) fn delete_collection(
        &self,
        call: &Call,
        target: &Target,
    ) -> Result<Answer, StatusError> {
        let (deletion, store) = self.deletion(call)?;
        let resource = target.resource;
        let selection = Selection::of(call, resource)?;
        let (objects, version) = self.store.list(resource.plural, scope(target));
        let mut gone = Vec::new();
        for object in objects.into_iter().filter(|it| selection.takes(it)) {
            let (namespace, name) =
                (text(&object, "metadata.namespace"), text(&object, "metadata.name"));
            if store.delete(resource.plural, namespace, name, &deletion).is_ok() {
                gone.push(Value::clone(&object));
            }
        }
        let metadata = json!({"resourceVersion": version.to_string()});
        Ok(Answer::json(200, View::of(call)?.list(resource, &gone, &metadata)))
    }

    fn deletion(&self, call: &Call) -> Result<(Deletion, Store), StatusError> {
        decode::check_options(call, "DeleteOptions")?;
        let body =
            if call.body.is_empty() { json!({}) } else { decode::document(call, "DeleteOptions")? };
        let rehearsal = !crate::json::list(&body, "dryRun").is_empty();
        let store = self.writer(call);
        let store = if rehearsal { store.rehearsal() } else { store };
        Ok((read(call, &body)?, store))
    }
}

/// Reads `DeleteOptions`; the query says what the body does not.
pub(super) fn read(call: &Call, body: &Value) -> Result<Deletion, StatusError> {
    let precondition = |field: &str| {
        let value = at(body, "preconditions").get(field).and_then(Value::as_str);
        value.filter(|it| !it.is_empty()).map(str::to_owned)
    };
    let from_query = call.param("gracePeriodSeconds").and_then(|it| it.parse().ok());
    let policy = at(body, "propagationPolicy").as_str().or(call.param("propagationPolicy"));
    let orphan = at(body, "orphanDependents") == true || call.flag("orphanDependents");
    let propagation = match policy {
        None if orphan => Some(Propagation::Orphan),
        None => None,
        Some("Background") => Some(Propagation::Background),
        Some("Foreground") => Some(Propagation::Foreground),
        Some("Orphan") => Some(Propagation::Orphan),
        Some(other) => {
            let known = ["Foreground", "Background", "Orphan", "nil"];
            let cause = Cause::unsupported("propagationPolicy", &json!(other), &known);
            return Err(StatusError::invalid("DeleteOptions.meta.k8s.io", "", &[cause]));
        }
    };
    Ok(Deletion {
        grace_seconds: number(body, "gracePeriodSeconds").or(from_query),
        uid: precondition("uid"),
        resource_version: precondition("resourceVersion"),
        propagation,
    })
}

fn success(resource: &Resource, gone: &Value) -> Value {
    let mut details = json!({
        "name": at(gone, "metadata.name"), "kind": resource.plural, "uid": at(gone, "metadata.uid"),
    });
    if !resource.group.is_empty() {
        set(&mut details, "group", resource.group);
    }
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
