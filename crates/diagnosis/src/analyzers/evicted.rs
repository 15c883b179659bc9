//! A pod was put off its node.
//!
//! ## What it looks for
//! A pod of phase `Failed` with reason `Evicted`, or one that its node gave up, while the workload misses replicas;
//! or several a moment ago, even when the next one runs already. The message names the resource.
//!
//! ## What it does not see
//! Evicted pods that a workload which is well again left behind: those are litter, not trouble. An eviction
//! through the API, which deletes the pod.

use types::{Clue, Diagnosis, Evidence, Fault, PodFacts};

use super::wording;
use crate::confidence;
use crate::suspicion::RECENT;

/// Reasons of pods that ended with all their containers, by no fault of those.
const REASONS: [&str; 6] =
    ["Evicted", "NodeShutdown", "Terminated", "Preempting", "UnexpectedAdmissionError", "NodeLost"];
/// Evictions of a moment ago that are trouble though the workload is whole again.
const LOOP: usize = 2;

/// Whether a pod was put off its node.
pub(super) fn is_put_off(pod: &PodFacts) -> bool {
    pod.phase == "Failed" && pod.reason.as_deref().is_some_and(|it| REASONS.contains(&it))
}

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let put_off: Vec<_> = evidence.pods.iter().filter(|it| it.current && is_put_off(it)).collect();
    let recent: Vec<_> = put_off.iter().filter(|it| is_recent(it, evidence)).collect();
    let newest = evidence.pods.iter().filter(|it| it.current).max_by_key(|it| it.created_at)?;
    let workload = &evidence.workload;
    let whole = workload.desired <= workload.ready;
    let troubled =
        if whole { LOOP <= recent.len() } else { !recent.is_empty() || is_put_off(newest) };
    let pod = recent.first().copied().or(put_off.first())?;
    if !troubled {
        return None;
    }
    let message = pod.message.as_deref().unwrap_or_default();
    let (words, field) = read(evidence, message);
    let node = pod.node.as_deref().map(|it| format!(" {it}")).unwrap_or_default();
    let reason = pod.reason.as_deref().unwrap_or("Evicted");
    let mut clues = vec![Clue::new(format!("pods[{}].reason", pod.name), reason)];
    clues.extend(field.map(|it| Clue::new(it, &words)));
    if !message.is_empty() {
        clues.push(Clue::new(format!("pods[{}].message", pod.name), message));
    }
    if 1 < put_off.len() {
        clues.push(Clue::new("pods.evicted", &put_off.len()));
    }
    clues.extend(wording::rollout(evidence, &["resources", "volumes"]));
    Some(Diagnosis {
        fault: Fault::Evicted,
        container: None,
        cause: format!("The pod was put off its node{node}: {words}."),
        clues,
        confidence: confidence::SAID,
    })
}

fn is_recent(pod: &PodFacts, evidence: &Evidence) -> bool {
    let about = format!("/{}", pod.name);
    evidence.events.iter().any(|it| {
        it.reason == "Evicted"
            && it.object.ends_with(&about)
            && it.last_seen.is_some_and(|at| evidence.taken_at.duration_since(at) < RECENT)
    })
}

/// Why, and the field that sets the limit where it is the pod's own.
fn read(evidence: &Evidence, message: &str) -> (String, Option<String>) {
    let resources = || {
        let named =
            |it: &&types::ContainerFacts| message.contains(&format!("Container {} ", it.name));
        let container = evidence.containers.iter().find(named)?;
        wording::field(evidence, container, "resources")
    };
    let after = |mark: &str| {
        let rest = message.split_once(mark)?.1;
        Some(rest.split(['.', '"', ']']).next().unwrap_or_default().trim().to_owned())
    };
    if let Some(resource) = after("The node was low on resource: ") {
        return (format!("the node ran short of {resource}"), resources());
    }
    if let Some(condition) = after("The node had condition: [") {
        return (format!("the node reports {condition}"), None);
    }
    if let Some(volume) = after("Usage of EmptyDir volume \"") {
        let limit = after("exceeds the limit \"").unwrap_or_default();
        let words = format!(
            "its emptyDir volume {volume} holds more than its sizeLimit of {limit}{}",
            wording::meant(&limit)
        );
        let at = evidence.workload.volumes.iter().position(|it| *it == volume);
        let rest = at.map(|it| format!("/{it}/emptyDir/sizeLimit")).unwrap_or_default();
        let field = wording::pod_field(evidence, "volumes");
        return (words, field.map(|it| format!("{it}{rest}")));
    }
    if let Some(limit) = after("exceeded its local ephemeral storage limit \"") {
        let meant = wording::meant(&limit);
        let words = format!("it wrote more than its ephemeral-storage limit of {limit}{meant}");
        return (words, resources());
    }
    if message.contains("ephemeral local storage usage exceeds") {
        let field = match evidence.containers.as_slice() {
            [only] => wording::resource_path(evidence, only, "limits", "ephemeral-storage"),
            _ => None,
        };
        let limit = after("the total limit of containers ").unwrap_or_default();
        let meant = wording::meant(&limit);
        let words = format!("it wrote more than its containers' ephemeral-storage limits{meant}");
        return (words, field);
    }
    if message.contains("shutdown") || message.contains("shutting down") {
        return ("the node was shut down".to_owned(), None);
    }
    ("the node gave it up".to_owned(), None)
}
