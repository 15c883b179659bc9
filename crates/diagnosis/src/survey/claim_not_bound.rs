//! A claim is not bound, or lost what it was bound to.
//!
//! ## What it looks for
//! A claim in phase `Lost`; or in `Pending` with a storage class or a volume that is not there (the near miss that
//! exists is named), without a class and without a default, with volumes of which none fits (the nearest one says
//! why), with a provisioner that does not answer, or with an event that says why provisioning fails.
//!
//! ## What it does not see
//! A claim that waits for its first pod on purpose (`WaitForFirstConsumer`), one that was just made, and one without a
//! class of its own for which a volume is there: it only has to be bound.

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec};
use k8s_openapi::api::storage::v1::StorageClass;
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::edges;
use super::scene::{Scene, is_over, name, subject};
use super::stateful_set_reference_missing;
use super::storage_class_ambiguous::is_default;
use super::volume_fit::{self, Misfit};
use super::volume_freed::volumes_freed;
use super::words::{going_on, made_anew, missing, quoted};
use crate::Snapshot;
use crate::confidence;

mod anew;

pub use anew::{ClaimAnew, claims_anew};

/// How long a claim may wait before that alone is trouble, in seconds: provisioners of clouds take their time.
const PATIENCE_SECS: i64 = 60;
/// How long a provisioner may be silent, in seconds, before it probably does not run.
const PROVISIONER_SECS: i64 = 180;
/// The provisioner of classes whose volumes are made by hand.
pub(super) const BY_HAND: &str = "kubernetes.io/no-provisioner";
/// The annotation by which the scheduler tells the provisioner where a volume is to be.
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let found = scene.all.claims.iter().flatten().filter_map(|it| of_claim(it, scene));
    let mut found: Vec<Finding> = found.collect();
    // Where the volume is all that has to change, it is told there, with what changes it.
    for freed in volumes_freed(scene.all, &found) {
        let volume = Subject::new("PersistentVolume", "", freed.volume);
        let its = found.iter_mut().filter(|it| it.subject == freed.claim);
        for finding in its.filter(|it| !it.caused_by.contains(&volume)) {
            finding.caused_by.push(volume.clone());
        }
    }
    found
}

fn of_claim(claim: &PersistentVolumeClaim, scene: &Scene<'_>) -> Option<Finding> {
    if claim.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let about = subject("PersistentVolumeClaim", &claim.metadata);
    match claim.status.as_ref()?.phase.as_deref()? {
        "Lost" => {
            let volume = claim.spec.as_ref().and_then(|it| it.volume_name.as_deref());
            let volume = volume.unwrap_or_default();
            let cause =
                format!("It lost its volume {volume}; what was on it is gone or elsewhere.");
            let finding = finding(about, cause).clue("status.phase", "Lost");
            Some(finding.clue("/spec/volumeName", volume).at("/spec/volumeName"))
        }
        "Pending" => pending(claim, about, scene),
        _ => None,
    }
}

fn pending(claim: &PersistentVolumeClaim, about: Subject, scene: &Scene<'_>) -> Option<Finding> {
    let spec = claim.spec.as_ref()?;
    if let Some(volume) = spec.volume_name.as_deref().filter(|it| !it.is_empty()) {
        return named_volume(claim, volume, about, scene);
    }
    let classes = scene.all.storage_classes.as_ref()?;
    let wanted = spec.storage_class_name.as_deref().filter(|it| !it.is_empty());
    let class = wanted.and_then(|it| classes.iter().find(|class| name(&class.metadata) == it));
    let volumes = scene.all.volumes.as_deref().unwrap_or_default();
    if class.is_none() && volume_fit::is_there(claim, volumes) {
        return None;
    }
    let misfit = volume_fit::nearest(claim, volumes);
    match (wanted, class) {
        // Volumes made by hand need no class that is an object.
        (Some(wanted), None) => Some(match misfit {
            Some(misfit) => no_volume_fits(about, misfit),
            None => match volume_fit::held_of_class(claim, volumes) {
                Some(misfit) => no_volume_fits(about, misfit),
                None => no_class(about, wanted, scene),
            },
        }),
        (_, Some(class)) => of_class(claim, class, misfit, (about, scene)),
        (None, None) => {
            if is_young(claim, PATIENCE_SECS, scene) {
                return None;
            }
            Some(without_class(spec, classes, misfit, about))
        }
    }
}

fn no_class(about: Subject, wanted: &str, scene: &Scene<'_>) -> Finding {
    let names = class_names(scene.all);
    let cause = missing("storage class", wanted, names.iter().copied());
    let field = "/spec/storageClassName";
    let maker = stateful_set_reference_missing::maker(&about, scene);
    // Of a claim that a template made, its set tells.
    let how = "nothing is on the claim yet, so delete it and make it anew";
    let anew = made_anew("storageClassName", wanted, names, how);
    let cause = going_on(&cause, if maker.is_none() { &anew } else { "" });
    let finding = finding(about, cause).clue(field, wanted).at(field);
    // What a template asks for cannot be mended in the claim.
    maker.into_iter().fold(finding, Finding::because_of)
}

/// The classes that a claim may ask for.
fn class_names(all: &Snapshot) -> Vec<&str> {
    let classes = all.storage_classes.iter().flatten().map(|it| name(&it.metadata));
    // What another claim holds is nobody's to be meant.
    let volumes = all.volumes.iter().flatten().filter(|it| volume_fit::is_free(it));
    let of_volumes = volumes.filter_map(|it| it.spec.as_ref()?.storage_class_name.as_deref());
    classes.chain(of_volumes).collect()
}

/// It asks for one volume by name.
fn named_volume(
    claim: &PersistentVolumeClaim,
    wanted: &str,
    about: Subject,
    scene: &Scene<'_>,
) -> Option<Finding> {
    let volumes = scene.all.volumes.as_ref()?;
    let Some(volume) = volumes.iter().find(|it| name(&it.metadata) == wanted) else {
        let cause = missing("volume", wanted, volumes.iter().map(|it| name(&it.metadata)));
        let field = "/spec/volumeName";
        return Some(finding(about, cause).clue(field, wanted).at(field));
    };
    let misfit = volume_fit::misfits(claim, volume).into_iter().next()?;
    Some(no_volume_fits(about, misfit))
}

fn no_volume_fits(about: Subject, misfit: Misfit) -> Finding {
    let finding = finding(about, misfit.cause).clue("volume", &misfit.volume);
    let finding = match misfit.field {
        Some((field, value)) => finding.clue(field.clone(), &value).at(field),
        None => finding,
    };
    if misfit.is_volumes_trouble {
        return finding.because_of(Subject::new("PersistentVolume", "", misfit.volume));
    }
    finding
}

/// The class is there.
fn of_class(
    claim: &PersistentVolumeClaim,
    class: &StorageClass,
    misfit: Option<Misfit>,
    (about, scene): (Subject, &Scene<'_>),
) -> Option<Finding> {
    let by_hand = class.provisioner == BY_HAND;
    // That nothing makes volumes by hand is no news.
    if let Some(it) = warned(&about, scene).filter(|_| !by_hand) {
        return Some(it);
    }
    let waits = class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer");
    // The scheduler has chosen a node for its first pod: now it is the provisioner's turn.
    let is_due = (by_hand && has_consumer(&about, scene)) || has_node(claim);
    if is_young(claim, PATIENCE_SECS, scene) || (waits && !is_due) {
        return None;
    }
    let class = name(&class.metadata);
    let field = "/spec/storageClassName";
    if by_hand {
        let none = || {
            let cause = format!(
                "Its class {class} makes no volumes, and there is none of that class for it."
            );
            finding(about.clone(), cause).clue(field, class).at(field).sure(confidence::WORDED)
        };
        let volumes = scene.all.volumes.as_deref().unwrap_or_default();
        let claims = scene.all.claims.as_deref().unwrap_or_default();
        let misfit = misfit
            .or_else(|| volume_fit::kept_for_a_slip(claim, volumes, claims))
            .or_else(|| volume_fit::held_of_class(claim, volumes));
        return Some(misfit.map_or_else(none, |it| no_volume_fits(about.clone(), it)));
    }
    if is_young(claim, PROVISIONER_SECS, scene) {
        return None;
    }
    let provisioner = scene.all.storage_classes.iter().flatten();
    let provisioner =
        provisioner.filter(|it| name(&it.metadata) == class).map(|it| &it.provisioner);
    let provisioner = provisioner.map(String::as_str).next().unwrap_or_default();
    let cause = format!(
        "No volume was made for it: the provisioner {provisioner} of its class {class} does not answer."
    );
    let finding = finding(about, cause).clue(field, class).clue("status.phase", "Pending");
    Some(finding.at(field).sure(confidence::LIKELY))
}

/// An event says why no volume could be made.
fn warned(about: &Subject, scene: &Scene<'_>) -> Option<Finding> {
    let warning = scene.events(about).iter().find(|it| it.type_.as_deref() == Some("Warning"))?;
    let message = quoted(warning.message.as_deref().unwrap_or_default(), scene);
    let cause = format!("No volume could be made for it: {message}.");
    let fact = format!("events[{}].message", warning.reason.as_deref().unwrap_or_default());
    Some(finding(about.clone(), cause).clue(fact, &message).sure(confidence::WORDED))
}

/// It names no class, on purpose or not.
fn without_class(
    spec: &PersistentVolumeClaimSpec,
    classes: &[StorageClass],
    misfit: Option<Misfit>,
    about: Subject,
) -> Finding {
    if let Some(misfit) = misfit {
        return no_volume_fits(about, misfit);
    }
    let field = "/spec/storageClassName";
    let default = classes.iter().find(|it| is_default(it));
    let cause = match (&spec.storage_class_name, default) {
        (Some(_), _) => "It wants a volume without a storage class, and there is none for it.",
        (None, Some(_)) => "It names no storage class; the default was set only after it was made.",
        (None, None) => "It names no storage class, and the cluster has no default.",
    };
    let named = spec.storage_class_name.as_deref().map_or("not set", |_| "empty");
    let finding = finding(about, cause.to_owned()).clue(field, named).at(field);
    let default = default.filter(|_| spec.storage_class_name.is_none());
    finding.clue("default storage class", default.map_or("none", |it| name(&it.metadata)))
}

/// Whether a node is chosen for what is to be made
/// (<https://kubernetes.io/docs/reference/labels-annotations-taints/#volume-kubernetes-io-selected-node>).
fn has_node(claim: &PersistentVolumeClaim) -> bool {
    claim.metadata.annotations.as_ref().is_some_and(|it| it.contains_key(SELECTED_NODE))
}

/// Whether a pod that is not over mounts the claim.
fn has_consumer(about: &Subject, scene: &Scene<'_>) -> bool {
    let mut pods = scene.pods(&about.namespace).iter().filter(|it| !is_over(it));
    pods.any(|it| edges::claims(it).contains(about))
}

fn is_young(claim: &PersistentVolumeClaim, secs: i64, scene: &Scene<'_>) -> bool {
    scene.age_secs(claim.metadata.creation_timestamp.as_ref().map(|it| it.0)) < secs
}

fn finding(about: Subject, cause: String) -> Finding {
    Finding::new(about, Severity::Critical, cluster(ClusterFault::ClaimNotBound), cause)
}
