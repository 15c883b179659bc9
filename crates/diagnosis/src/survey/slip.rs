//! The one label of a selector that keeps all pods out.

use std::collections::BTreeMap;

use super::scene::Scene;
use crate::near_miss::near_miss;

/// A label of a selector, and the value that would let pods in.
pub(super) struct Slip {
    /// The label.
    pub(super) key: String,
    /// The value in the selector.
    pub(super) value: String,
    /// The value that pods have.
    pub(super) meant: String,
}

/// The one label of the selector that keeps all pods out, with the one value that would let some in.
pub(super) fn slip(
    selector: &BTreeMap<String, String>,
    namespace: &str,
    scene: &Scene<'_>,
) -> Option<Slip> {
    let mut found = selector.iter().filter_map(|(key, value)| {
        let mut others = selector.clone();
        others.remove(key);
        let pods = scene.pods_with(namespace, &others);
        let labels = pods.iter().filter_map(|it| it.metadata.labels.as_ref()?.get(key));
        let mut values: Vec<_> = labels.map(String::as_str).collect();
        values.sort_unstable();
        values.dedup();
        let only = match values.as_slice() {
            [only] if !others.is_empty() => Some((*only).to_owned()),
            _ => near_miss(value, values.iter().copied()),
        };
        only.map(|meant| Slip { key: key.clone(), value: value.clone(), meant })
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// `app=web,tier=front`
pub(super) fn shown(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

/// A name as one step of a JSON Pointer.
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
