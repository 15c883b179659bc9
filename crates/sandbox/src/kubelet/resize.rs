//! How a change of a running pod's resources is told.

use serde_json::{Value, json};

use crate::fields::Fields;

/// The event of a resize that is done, in the words of a kubelet.
pub(super) fn words(pod: &Value) -> String {
    let containers: Vec<_> = pod
        .list("/spec/containers")
        .iter()
        .map(|it| json!({"name": it.text("/name"), "resources": it.at("/resources")}))
        .collect();
    let generation = pod.number("/metadata/generation").unwrap_or(1);
    format!("Pod resize completed: {}", json!({"containers": containers, "generation": generation}))
}
