//! Events are kept as the core group has them; the group `events.k8s.io` sees them under other names.

use serde_json::{Value, json};

use crate::json::{at, remove, set};
use crate::resources::Resource;

/// How a field is called in the core group and in `events.k8s.io`.
const NAMES: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

fn is_other(resource: &Resource) -> bool {
    resource.group == "events.k8s.io"
}

/// From what is kept to what a client of this resource sees.
pub(super) fn outward(resource: &Resource, mut object: Value) -> Value {
    if is_other(resource) && at(&object, "apiVersion") == "v1" {
        for (core, other) in NAMES {
            let value = remove(&mut object, core);
            set(&mut object, other, value);
        }
        set(&mut object, "apiVersion", json!("events.k8s.io/v1"));
    }
    object
}

/// From what a client of this resource sends to what is kept.
pub(super) fn inward(resource: &Resource, mut object: Value) -> Value {
    if is_other(resource) {
        for (core, other) in NAMES {
            let value = remove(&mut object, other);
            set(&mut object, core, value);
        }
        set(&mut object, "apiVersion", json!("v1"));
    }
    object
}
