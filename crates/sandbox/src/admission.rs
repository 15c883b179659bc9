//! Whether a new object may be there at all: namespaces, quotas, limits, accounts.

use std::sync::Arc;

use serde_json::Value;

use crate::json::{has, text};
use crate::resources::Resource;
use crate::status::StatusError;

/// Looks up one object.
pub(crate) type Get<'a> = &'a dyn Fn(&str, &str, &str) -> Option<Arc<Value>>;
/// Lists the objects of a namespace.
pub(crate) type List<'a> = &'a dyn Fn(&str, &str) -> Vec<Arc<Value>>;

/// Refuses an object that may not be there, and completes the others.
pub(crate) fn admit(
    get: Get<'_>,
    _list: List<'_>,
    resource: &Resource,
    object: &mut Value,
) -> Result<(), StatusError> {
    if !resource.namespaced {
        return Ok(());
    }
    let name = text(object, "metadata.name");
    let namespace = text(object, "metadata.namespace");
    let Some(home) = get("namespaces", "", namespace) else {
        return Err(StatusError::not_found("namespaces", namespace));
    };
    if has(&home, "metadata.deletionTimestamp") {
        let why = format!(
            "unable to create new content in namespace {namespace} because it is being terminated"
        );
        return Err(StatusError::forbidden(&resource.qualified(), name, &why));
    }
    Ok(())
}
