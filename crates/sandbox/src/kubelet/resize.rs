//! How a change of a running pod's resources is told.

use serde_json::{Value, json};

use crate::fields::{Fields, put, thousandths};

/// The event of a resize that is done, in the words of a kubelet.
pub(super) fn words(pod: &Value) -> String {
    format!("Pod resize completed: {}", wish(pod))
}

/// The event of a resize that can never be done.
pub(super) fn refusal(pod: &Value, why: &str) -> String {
    let mut wish = wish(pod);
    put(&mut wish, &["error"], json!(why));
    format!("Pod resize Infeasible: {wish}")
}

fn wish(pod: &Value) -> Value {
    let containers: Vec<_> = pod
        .list("/spec/containers")
        .iter()
        .map(|it| json!({"name": it.text("/name"), "resources": it.at("/resources")}))
        .collect();
    let generation = pod.number("/metadata/generation").unwrap_or(1);
    json!({"containers": containers, "generation": generation})
}

/// Why a node as a whole is too small for what a pod asks for by now, if it is.
pub(super) fn obstacle(pod: &Value, node: &Value) -> Option<String> {
    // A kubelet counts CPUs in thousandths and memory in bytes.
    [("cpu", 1), ("memory", 1_000)].into_iter().find_map(|(resource, unit)| {
        let asked: i128 = pod
            .list("/spec/containers")
            .iter()
            .filter_map(|it| thousandths(it.at("/resources/requests").get(resource)?))
            .sum();
        let all = thousandths(node.at("/status/allocatable").get(resource)?)?;
        (all < asked).then(|| {
            format!(
                "Node didn't have enough capacity: {resource}, requested: {}, capacity: {}",
                asked / unit,
                all / unit
            )
        })
    })
}
