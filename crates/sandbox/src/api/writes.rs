//! Creating and replacing objects.

use std::sync::Arc;

use serde_json::{Value, json};

use super::call::Call;
use super::decode::{self, Decoded};
use super::target::Target;
use super::views::View;
use super::{Answer, Api};
use crate::json::{at, has, remove, set, text};
use crate::resources::Resource;
use crate::status::{Cause, StatusError};
use crate::store::Store;
use crate::{defaults, validation};

impl Api {
    /// The store, writing in the name of the client.
    pub(super) fn writer(&self, call: &Call) -> Store {
        let store = self.store.written_by(&call.manager());
        if call.rehearsal() { store.rehearsal() } else { store }
    }

    /// Creates an object.
    pub(super) fn create(&self, call: &Call, target: &Target) -> Result<Answer, StatusError> {
        decode::check_options(call, "CreateOptions")?;
        let view = View::of(call)?;
        let Decoded { object, warnings } = decode::object(call, target.resource)?;
        let created = create(&self.writer(call), target, object)?;
        Ok(Answer::json(201, view.object(target.resource, &created)).warned(warnings))
    }

    /// Replaces an object, or its status.
    pub(super) fn replace(&self, call: &Call, target: &Target) -> Result<Answer, StatusError> {
        decode::check_options(call, "UpdateOptions")?;
        let view = View::of(call)?;
        let Decoded { object, warnings } = decode::object(call, target.resource)?;
        check_place(target, &object)?;
        let after = change(&self.writer(call), target, Write::Replace, |_| Ok(object))?;
        Ok(Answer::json(200, view.object(target.resource, &after)).warned(warnings))
    }
}

/// Checks a new object and adds it.
pub(super) fn create(
    store: &Store,
    target: &Target,
    mut object: Value,
) -> Result<Arc<Value>, StatusError> {
    let resource = target.resource;
    if resource.namespaced && target.namespace.is_none() {
        return Err(super::not_allowed());
    }
    check_namespace(target, &object)?;
    if has(&object, "metadata.resourceVersion") {
        let why = "resourceVersion should not be set on objects to be created";
        return Err(StatusError::plain(500, "", why));
    }
    if resource.subresources.contains(&"status") {
        remove(&mut object, "status");
    }
    for path in ["metadata.managedFields", "metadata.uid", "metadata.creationTimestamp"] {
        remove(&mut object, path);
    }
    let mut draft = object.clone();
    set(&mut draft, "metadata.namespace", target.namespace());
    defaults::fill(resource, &mut draft);
    validation::check_new(resource, &draft)?;
    store.create(resource.plural, target.namespace(), object)
}

/// How an object is written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    /// By a whole object.
    Replace,
    /// By what differs.
    Patch,
}

/// Changes the object of a request, under all the rules for updates.
pub(super) fn change(
    store: &Store,
    target: &Target,
    write: Write,
    next: impl FnOnce(&Value) -> Result<Value, StatusError>,
) -> Result<Arc<Value>, StatusError> {
    let resource = target.resource;
    let apply = |object: &mut Value| {
        let mut new = next(object)?;
        check_identity(resource, object, &mut new, write)?;
        if !has(&new, "metadata.managedFields") {
            set(&mut new, "metadata.managedFields", at(object, "metadata.managedFields").clone());
        }
        match target.subresource.as_deref() {
            None => {
                let mut draft = new.clone();
                for path in ["metadata.uid", "metadata.namespace", "metadata.name"] {
                    set(&mut draft, path, at(object, path).clone());
                }
                defaults::fill(resource, &mut draft);
                validation::check_update(resource, object, &draft)?;
            }
            Some("resize") => validation::resize(object, &mut new)?,
            Some(_) => {}
        }
        *object = new;
        Ok(())
    };
    let (namespace, name) = (target.namespace(), target.name());
    match target.subresource.as_deref() {
        None => store.update(resource.plural, namespace, name, apply),
        Some("status") => store.update_status(resource.plural, namespace, name, apply),
        Some(other) => store.update_through((resource.plural, other), namespace, name, apply),
    }
}

/// The object that is written must be the object that is there.
fn check_identity(
    resource: &Resource,
    before: &Value,
    new: &mut Value,
    write: Write,
) -> Result<(), StatusError> {
    let name = text(before, "metadata.name");
    let uid = text(before, "metadata.uid");
    let wanted = text(new, "metadata.uid");
    if !wanted.is_empty() && wanted != uid {
        if write == Write::Patch {
            let cause = Cause::invalid("metadata.uid", &json!(wanted), "field is immutable");
            return Err(StatusError::invalid(&resource.qualified_kind(), name, &[cause]));
        }
        let key =
            format!("/registry/{}/{}/{name}", resource.plural, text(before, "metadata.namespace"));
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, \
             AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, UID in object meta: {uid}"
        );
        return Err(StatusError::conflict(&resource.qualified(), name, &why));
    }
    let version = text(new, "metadata.resourceVersion");
    let conditional = matches!(resource.plural, "leases" | "poddisruptionbudgets");
    if version.is_empty() && conditional {
        let cause = Cause::invalid(
            "metadata.resourceVersion",
            &json!(0),
            "must be specified for an update",
        );
        return Err(StatusError::invalid(&resource.qualified_kind(), name, &[cause]));
    }
    if !version.is_empty() && version.parse::<u64>().is_err() {
        let why = format!("strconv.ParseUint: parsing {version:?}: invalid syntax");
        return Err(StatusError::plain(500, "", why));
    }
    if !version.is_empty() && version != text(before, "metadata.resourceVersion") {
        return Err(stale(resource, name));
    }
    Ok(())
}

fn stale(resource: &Resource, name: &str) -> StatusError {
    let why = "the object has been modified; \
               please apply your changes to the latest version and try again";
    StatusError::conflict(&resource.qualified(), name, why)
}

fn check_namespace(target: &Target, object: &Value) -> Result<(), StatusError> {
    let namespace = text(object, "metadata.namespace");
    if namespace.is_empty() || namespace == target.namespace() {
        return Ok(());
    }
    Err(StatusError::bad_request(
        "the namespace of the provided object does not match the namespace sent on the request",
    ))
}

/// The object must be the one that the URL names.
pub(super) fn check_place(target: &Target, object: &Value) -> Result<(), StatusError> {
    let name = text(object, "metadata.name");
    if name.is_empty() {
        return Err(StatusError::bad_request(format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            target.name()
        )));
    }
    if name != target.name() {
        return Err(StatusError::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            target.name()
        )));
    }
    check_namespace(target, object)
}

/// Creates an object that was applied, whose owner is known already.
pub(super) fn create_applied(
    store: &Store,
    target: &Target,
    mut object: Value,
) -> Result<Arc<Value>, StatusError> {
    let managed = remove(&mut object, "metadata.managedFields");
    let resource = target.resource;
    let mut draft = object.clone();
    set(&mut draft, "metadata.namespace", target.namespace());
    defaults::fill(resource, &mut draft);
    validation::check_new(resource, &draft)?;
    set(&mut object, "metadata.managedFields", managed);
    store.create(resource.plural, target.namespace(), object)
}
