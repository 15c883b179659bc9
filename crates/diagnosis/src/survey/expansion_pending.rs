//! A claim asks for more than its volume has, and the volume does not grow.
//!
//! ## What it looks for
//! Bound claims that ask for more storage than they have: a recent warning or a condition that says why the volume
//! cannot be resized, a class that does not allow it (`allowVolumeExpansion`), a resize that has been under way for ten
//! minutes, and a file system that has waited as long to be grown while a pod mounts it
//! (<https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims>).
//!
//! ## What it does not see
//! A file system that nobody mounts: it grows with its next pod. A resize that nobody has taken up, as the claim does
//! not say since when it asks.

use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimCondition, PersistentVolumeClaimStatus,
};
use types::{ClusterFault, Finding, Severity, Subject};

use super::scene::{Scene, is_over, name, subject};
use super::words::quoted;
use super::{cluster, edges};
use crate::confidence;
use crate::outline::memory;

/// How long a volume may take to grow, in seconds.
const PATIENCE_SECS: i64 = 600;
/// The field that asks.
const WANTED: &str = "/spec/resources/requests/storage";
/// Conditions that say that it cannot be done, and why.
const ERRORS: [&str; 2] = ["ControllerResizeError", "NodeResizeError"];

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.claims.iter().flatten().filter_map(|it| of_claim(it, scene)).collect()
}

fn of_claim(claim: &PersistentVolumeClaim, scene: &Scene<'_>) -> Option<Finding> {
    let status = claim.status.as_ref().filter(|it| it.phase.as_deref() == Some("Bound"))?;
    let spec = claim.spec.as_ref().filter(|_| claim.metadata.deletion_timestamp.is_none())?;
    let wanted = spec.resources.as_ref()?.requests.as_ref()?.get("storage")?;
    let has = status.capacity.as_ref()?.get("storage")?;
    if memory(Some(wanted)) <= memory(Some(has)) {
        return None;
    }
    let about = subject("PersistentVolumeClaim", &claim.metadata);
    let class = spec.storage_class_name.as_deref().unwrap_or_default();
    let Why { words, sure, fact, value } = warned(&about, scene)
        .or_else(|| refused(status, scene))
        .or_else(|| not_allowed(class, scene))
        .or_else(|| slow(status, &about, scene))?;
    let (wanted, has) = (quoted(&wanted.0, scene), quoted(&has.0, scene));
    let cause = format!("It asks for {wanted} and has {has}: {words}.");
    let fault = cluster(ClusterFault::ExpansionPending);
    let finding = Finding::new(about, Severity::Warning, fault, cause).sure(sure);
    let finding = finding.clue(fact, &value).clue(WANTED, &wanted);
    Some(finding.clue("status.capacity.storage", &has).at(WANTED))
}

/// Why it does not grow.
struct Why {
    words: String,
    sure: f64,
    fact: String,
    value: String,
}

/// Somebody who resizes says why he could not.
fn warned(about: &Subject, scene: &Scene<'_>) -> Option<Why> {
    let event = scene.events(about).iter().find(|it| {
        let reason = it.reason.as_deref().unwrap_or_default();
        let warns = it.type_.as_deref() == Some("Warning");
        warns && reason.contains("Resize") && scene.is_recent(it)
    })?;
    let value = quoted(event.message.as_deref().unwrap_or_default(), scene);
    let reason = quoted(event.reason.as_deref().unwrap_or_default(), scene);
    let fact = format!("events[{reason}].message");
    Some(Why { words: value.clone(), sure: confidence::WORDED, fact, value })
}

/// The claim's own status says that it cannot be done.
fn refused(status: &PersistentVolumeClaimStatus, scene: &Scene<'_>) -> Option<Why> {
    if let Some(it) = ERRORS.iter().find_map(|it| condition(status, it)) {
        let value = quoted(it.message.as_deref().unwrap_or_default(), scene);
        let fact = format!("conditions[{}].message", it.type_);
        return Some(Why { words: value.clone(), sure: confidence::WORDED, fact, value });
    }
    let infeasible = status.allocated_resource_statuses.as_ref()?.get("storage")?;
    let (words, value) = match infeasible.as_str() {
        "ControllerResizeInfeasible" => {
            ("whoever makes the volumes cannot make it so large", infeasible)
        }
        "NodeResizeInfeasible" => ("its node cannot make it so large", infeasible),
        _ => return None,
    };
    let fact = "status.allocatedResourceStatuses.storage".to_owned();
    Some(Why { words: words.to_owned(), sure: confidence::WORDED, fact, value: value.clone() })
}

fn not_allowed(class: &str, scene: &Scene<'_>) -> Option<Why> {
    let mut classes = scene.all.storage_classes.iter().flatten();
    let found = classes.find(|it| name(&it.metadata) == class)?;
    if found.allow_volume_expansion == Some(true) {
        return None;
    }
    let words = format!("its class {class} does not allow volumes to grow");
    let fact = format!("StorageClass {class}.allowVolumeExpansion");
    let value = found.allow_volume_expansion.map_or("none".to_owned(), |it| it.to_string());
    Some(Why { words, sure: confidence::WORDED, fact, value })
}

/// It is under way, for too long.
fn slow(status: &PersistentVolumeClaimStatus, about: &Subject, scene: &Scene<'_>) -> Option<Why> {
    let since = |type_: &str| {
        let since = condition(status, type_)?.last_transition_time.as_ref()?.0;
        Some(since).filter(|it| PATIENCE_SECS <= scene.age_secs(Some(*it)))
    };
    if let Some(at) = since("FileSystemResizePending") {
        let mut pods = scene.pods(&about.namespace).iter().filter(|it| !is_over(it));
        let pod = pods.find(|it| edges::claims(it).contains(about))?;
        let words = format!(
            "the volume is larger, and its file system is not, though pod {} mounts it; a new pod may be what it takes",
            name(&pod.metadata)
        );
        let fact = "conditions[FileSystemResizePending].lastTransitionTime".to_owned();
        return Some(Why { words, sure: confidence::LIKELY, fact, value: at.to_string() });
    }
    let at = since("Resizing")?;
    let words = "whoever makes the volumes has begun to resize it and does not come to an end";
    let fact = "conditions[Resizing].lastTransitionTime".to_owned();
    Some(Why { words: words.to_owned(), sure: confidence::GUESSED, fact, value: at.to_string() })
}

/// The condition of this type, where it holds.
fn condition<'s>(
    status: &'s PersistentVolumeClaimStatus,
    type_: &str,
) -> Option<&'s PersistentVolumeClaimCondition> {
    let mut conditions = status.conditions.iter().flatten();
    conditions.find(|it| it.type_ == type_ && it.status == "True")
}
