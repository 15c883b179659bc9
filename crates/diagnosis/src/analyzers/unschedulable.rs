//! No node can take the pod.
//!
//! ## What it looks for
//! A pod without a node, and what the scheduler says about it.
//!
//! ## What it does not see
//! A pod that is held back by a gate. A scheduler that does not exist: it says nothing. A pod whose own old ones still have to go is on its way.

use types::{Clue, Diagnosis, Evidence, Fault};

use super::wording;

/// What a scheduler says, and what it means.
const MEANINGS: [(&str, &str); 9] = [
    ("insufficient memory", "not enough memory"),
    ("insufficient cpu", "not enough CPU"),
    ("insufficient ephemeral-storage", "not enough ephemeral storage"),
    ("too many pods", "no more pods on a node"),
    ("didn't match pod's node affinity/selector", "no node with the labels that it selects"),
    ("untolerated taint", "taints that it does not tolerate"),
    ("didn't match pod anti-affinity rules", "other pods that it may not stand beside"),
    ("persistentvolumeclaim", "a volume claim that is not bound or not there"),
    ("didn't have free ports", "a host port that is taken"),
];

/// Changes that decide which node may take a pod.
const SCHEDULING: [&str; 4] = ["resources", "nodeSelector", "affinity", "tolerations"];

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let leaving = evidence.pods.iter().any(|it| it.terminating);
    let (pod, message) = evidence
        .pods
        .iter()
        .filter(|it| it.current && !it.scheduled && !it.terminating && it.gates.is_empty())
        .find_map(|it| Some((it, it.unschedulable.as_deref()?)))?;
    if leaving || message.contains("waiting for ephemeral volume controller") {
        return None;
    }
    let words = message.to_lowercase();
    let meanings: Vec<_> =
        MEANINGS.iter().filter(|it| words.contains(it.0)).map(|it| it.1).collect();
    let mut clues = vec![Clue::new(format!("pods[{}].unschedulable", pod.name), message)];
    for container in &evidence.containers {
        for (fact, amount) in
            [("memory_request", &container.memory_request), ("cpu_request", &container.cpu_request)]
        {
            clues.extend(amount.as_ref().map(|it| Clue::new(wording::fact(container, fact), it)));
        }
    }
    clues.extend(wording::rollout(evidence, &SCHEDULING));
    Some(Diagnosis {
        fault: Fault::Unschedulable,
        container: None,
        cause: if meanings.is_empty() {
            "No node can take the pod.".to_owned()
        } else {
            format!("No node can take the pod: {}.", meanings.join(", "))
        },
        clues,
        confidence: 0.97,
    })
}
