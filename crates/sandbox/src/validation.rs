//! The rules that the API server holds objects to.

use serde_json::Value;

use crate::resources::Resource;
use crate::status::StatusError;

/// Checks an object that is to be created. Defaults are filled in already.
pub(crate) fn check_new(_resource: &Resource, _object: &Value) -> Result<(), StatusError> {
    Ok(())
}

/// Checks an object that is to be changed.
pub(crate) fn check_update(
    _resource: &Resource,
    _before: &Value,
    _after: &Value,
) -> Result<(), StatusError> {
    Ok(())
}

/// Checks a resize of a pod, and keeps of it what a resize may change.
pub(crate) fn resize(_before: &Value, _after: &mut Value) -> Result<(), StatusError> {
    Ok(())
}
