//! A claim is not bound, or lost what it was bound to.
//!
//! ## What it looks for
//! A claim in phase `Lost`; or in `Pending` with a storage class that is not there (the near miss that exists is
//! named), without a class and without a default, or with an event that says why provisioning fails.
//!
//! ## What it does not see
//! A claim that waits for its first pod on purpose (`WaitForFirstConsumer`), and one that was just made.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::scene::{Scene, name, subject};
use crate::near_miss::near_miss;

/// How long a claim may wait before that alone is trouble, in seconds: provisioners of clouds take their time.
const PATIENCE_SECS: i64 = 60;
/// Marks the class that a claim without one gets.
const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.claims.iter().flatten().filter_map(|it| of_claim(it, scene)).collect()
}

fn of_claim(claim: &PersistentVolumeClaim, scene: &Scene<'_>) -> Option<Finding> {
    let about = subject("PersistentVolumeClaim", &claim.metadata);
    match claim.status.as_ref()?.phase.as_deref()? {
        "Lost" => {
            let volume = claim.spec.as_ref().and_then(|it| it.volume_name.as_deref());
            let volume = volume.unwrap_or_default();
            let cause =
                format!("It lost its volume {volume}; what was on it is gone or elsewhere.");
            Some(finding(about, cause).clue("status.phase", "Lost").at("/spec/volumeName"))
        }
        "Pending" => pending(claim, about, scene),
        _ => None,
    }
}

fn pending(claim: &PersistentVolumeClaim, about: Subject, scene: &Scene<'_>) -> Option<Finding> {
    let spec = claim.spec.as_ref()?;
    let classes = scene.all.storage_classes.as_ref()?;
    let wanted = spec.storage_class_name.as_deref().filter(|it| !it.is_empty());
    let class = wanted.and_then(|it| classes.iter().find(|class| name(&class.metadata) == it));
    if let (Some(wanted), None) = (wanted, class) {
        let names = classes.iter().map(|it| name(&it.metadata));
        let cause = match near_miss(wanted, names) {
            Some(near) => format!(
                "There is no storage class {wanted}; there is {near}, which was probably meant."
            ),
            None => format!("There is no storage class {wanted}."),
        };
        let field = "/spec/storageClassName";
        return Some(finding(about, cause).clue(field, wanted).at(field));
    }
    let created = claim.metadata.creation_timestamp.as_ref().map(|it| it.0);
    let is_old = PATIENCE_SECS <= scene.age_secs(created);
    let warning = scene.events(&about).iter().find(|it| it.type_.as_deref() == Some("Warning"));
    if let Some(event) = warning {
        let message = scene.redact(event.message.as_deref().unwrap_or_default());
        let cause = format!("No volume could be made for it: {message}");
        let fact = format!("events[{}].message", event.reason.as_deref().unwrap_or_default());
        return Some(finding(about, cause).clue(fact, &message).sure(0.9));
    }
    let waits = class.and_then(|it| it.volume_binding_mode.as_deref());
    if !is_old || waits == Some("WaitForFirstConsumer") {
        return None;
    }
    let is_default = |it: &&k8s_openapi::api::storage::v1::StorageClass| {
        let annotations = it.metadata.annotations.as_ref();
        annotations.and_then(|it| it.get(DEFAULT)).is_some_and(|it| it == "true")
    };
    if wanted.is_none() && spec.volume_name.is_none() && !classes.iter().any(|it| is_default(&it)) {
        let cause = "It names no storage class, and the cluster has no default.".to_owned();
        return Some(finding(about, cause).at("/spec/storageClassName"));
    }
    let cause = "No volume is there that it could be bound to.".to_owned();
    Some(finding(about, cause).clue("status.phase", "Pending").sure(0.7))
}

fn finding(about: Subject, cause: String) -> Finding {
    Finding::new(about, Severity::Critical, cluster(ClusterFault::ClaimNotBound), cause)
}
