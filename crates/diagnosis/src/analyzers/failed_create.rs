//! The owner may not make its pods.
//!
//! ## What it looks for
//! A condition of the owner or of its newest ReplicaSet, or a recent event `FailedCreate`, while pods are missing.
//!
//! ## What it does not see
//! Which other workload used up a quota.

use types::{Clue, Diagnosis, Evidence, Fault};

use crate::suspicion::RECENT;

/// What the API server says, and what it means.
const MEANINGS: [(&str, &str); 7] = [
    ("exceeded quota", "the namespace's quota is used up"),
    ("failed quota", "the namespace's quota wants requests or limits that the pod does not state"),
    ("serviceaccount", "its service account does not exist"),
    ("violates podsecurity", "the namespace's security level does not allow it"),
    ("maximum memory usage per", "a limit range does not allow that much memory"),
    ("maximum cpu usage per", "a limit range does not allow that much CPU"),
    ("admission webhook", "an admission webhook denies it or does not answer"),
];

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let workload = &evidence.workload;
    let missing = workload.updated < workload.desired || evidence.pods.is_empty();
    if !missing {
        return None;
    }
    let condition = workload.failed_condition.as_deref() == Some("FailedCreate");
    let event = evidence.events.iter().find(|it| {
        let recent = it.last_seen.is_none_or(|at| evidence.taken_at.duration_since(at) < RECENT);
        it.reason == "FailedCreate" && recent
    });
    let (fact, message) = match (&workload.failed_message, event) {
        (Some(message), _) if condition => ("workload.failed_message", message),
        (_, Some(event)) => ("events[FailedCreate].message", &event.message),
        (_, None) => return None,
    };
    let words = message.to_lowercase();
    let meaning = MEANINGS.iter().find(|it| words.contains(it.0)).map(|it| it.1);
    Some(Diagnosis {
        fault: Fault::FailedCreate,
        container: None,
        cause: match meaning {
            Some(meaning) => format!("The pods may not be made: {meaning}."),
            None => "The API server refuses the pods.".to_owned(),
        },
        clues: vec![Clue::new(fact, message)],
        confidence: if meaning.is_some() { 0.97 } else { 0.85 },
    })
}
