//! Who wrote which field: `metadata.managedFields`.

use serde_json::Value;

/// Records the fields that an update set under its writer's name.
pub(crate) fn record(_before: &Value, _after: &mut Value, _manager: &str, _subresource: &str) {}
