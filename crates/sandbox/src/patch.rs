//! The patches that Kubernetes knows.

use serde_json::Value;

use crate::json::object;

pub(crate) mod apply;
pub(crate) mod json;
pub(crate) mod strategic;

/// A JSON merge patch: members replace members, `null` removes them.
pub(crate) fn merge(value: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *value = patch.clone();
        return;
    };
    let map = object(value);
    for (key, change) in patch {
        if change.is_null() {
            map.remove(key);
        } else {
            merge(map.entry(key.clone()).or_insert(Value::Null), change);
        }
    }
}
