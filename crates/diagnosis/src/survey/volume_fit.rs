//! Why a volume does not fit a claim.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use types::{FieldPath, Quantity};

use super::scene::{name, namespace, selects};
use crate::near_miss::near_miss;

/// One reason why a volume does not fit.
pub(super) struct Misfit {
    /// The volume.
    pub(super) volume: String,
    /// The reason in one sentence.
    pub(super) cause: String,
    /// The field of the claim that does not go with the volume, and what it says.
    pub(super) field: Option<(String, String)>,
    /// Whether the volume has to change, not the claim.
    pub(super) is_volumes_trouble: bool,
}

/// Whether there is a volume that the claim can have: then it only has to be bound.
pub(super) fn is_there(claim: &PersistentVolumeClaim, volumes: &[PersistentVolume]) -> bool {
    volumes.iter().any(|it| misfits(claim, it).is_empty())
}

/// The nearest of the volumes of the claim's class, with why it does not fit; `None` where there is none.
pub(super) fn nearest(
    claim: &PersistentVolumeClaim,
    volumes: &[PersistentVolume],
) -> Option<Misfit> {
    let class = |it: Option<&String>| it.cloned().unwrap_or_default();
    let wanted = class(claim.spec.as_ref()?.storage_class_name.as_ref());
    let of_class = volumes.iter().filter(|it| {
        let spec = it.spec.as_ref();
        spec.is_some_and(|it| class(it.storage_class_name.as_ref()) == wanted)
    });
    let own = (namespace(&claim.metadata), name(&claim.metadata));
    // What another claim holds never was meant for this one.
    let open = of_class.filter(|it| holder(it).is_none_or(|it| it == own));
    let misfits = open.map(|it| (misfits(claim, it), name(&it.metadata)));
    let (nearest, _) =
        misfits.filter(|it| !it.0.is_empty()).min_by_key(|it| (it.0.len(), it.1.to_owned()))?;
    nearest.into_iter().next()
}

/// Why a claim does not get the only volumes of its class: others have them, or had them.
pub(super) fn held_of_class(
    claim: &PersistentVolumeClaim,
    volumes: &[PersistentVolume],
) -> Option<Misfit> {
    let class = |it: Option<&String>| it.cloned().unwrap_or_default();
    let wanted = class(claim.spec.as_ref()?.storage_class_name.as_ref());
    let of_class = volumes.iter().filter(|it| {
        let spec = it.spec.as_ref();
        spec.is_some_and(|it| class(it.storage_class_name.as_ref()) == wanted)
    });
    let held = of_class.filter_map(|it| Some((held(claim, it)?, name(&it.metadata))));
    let (cause, volume) = held.min_by_key(|it| it.1)?;
    let words = cause.strip_prefix("The volume ").unwrap_or(&cause);
    let cause = format!("There is no volume of its class {wanted} for it: {words}");
    // The volume is the other claim's by right: nothing is wrong with it.
    let field = Some(("/spec/storageClassName".to_owned(), wanted));
    Some(Misfit { volume: volume.to_owned(), cause, field, is_volumes_trouble: false })
}

/// A volume of the claim's class that is kept for a claim which is not there, and whose name is nearly that of this
/// one.
pub(super) fn kept_for_a_slip(
    claim: &PersistentVolumeClaim,
    volumes: &[PersistentVolume],
    claims: &[PersistentVolumeClaim],
) -> Option<Misfit> {
    let own = (namespace(&claim.metadata), name(&claim.metadata));
    let class = claim.spec.as_ref()?.storage_class_name.as_deref().unwrap_or_default();
    let is_there = |it: (&str, &str)| {
        claims.iter().any(|at| (namespace(&at.metadata), name(&at.metadata)) == it)
    };
    let mut kept = volumes.iter().filter_map(|volume| {
        let spec = volume.spec.as_ref()?;
        let never_bound = spec.claim_ref.as_ref()?.uid.is_none();
        let kept_for = holder(volume).filter(|it| !is_there(*it) && never_bound)?;
        let is_near = kept_for.0 == own.0 && near_miss(own.1, [kept_for.1]).is_some();
        let of_class = spec.storage_class_name.as_deref().unwrap_or_default() == class;
        (is_near && of_class).then_some((name(&volume.metadata), kept_for.1))
    });
    let (volume, meant) = kept.next()?;
    let cause = format!(
        "The volume {volume} is kept for the claim {meant} (its /spec/claimRef/name), which is not there; {} was probably meant.",
        own.1
    );
    Some(Misfit { volume: volume.to_owned(), cause, field: None, is_volumes_trouble: true })
}

/// Whether no claim holds this volume.
pub(super) fn is_free(volume: &PersistentVolume) -> bool {
    holder(volume).is_none()
}

/// Whether the volume would fit this claim, were it not another's or left over from one.
pub(super) fn is_only_held(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> bool {
    held(claim, volume).is_some() && misfits(claim, volume).len() == 1
}

/// All reasons why this volume does not fit this claim; empty where it does.
pub(super) fn misfits(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> Vec<Misfit> {
    let (Some(wanted), Some(offered)) = (&claim.spec, &volume.spec) else { return vec![] };
    let about = name(&volume.metadata);
    let misfit = |cause: String, field: Option<(String, String)>| Misfit {
        volume: about.to_owned(),
        cause,
        is_volumes_trouble: field.is_none(),
        field,
    };
    let mut found = held(claim, volume).map(|it| misfit(it, None)).into_iter().collect::<Vec<_>>();

    let request = wanted.resources.as_ref().and_then(|it| it.requests.as_ref()?.get("storage"));
    let capacity = offered.capacity.as_ref().and_then(|it| it.get("storage"));
    if let (Some(request), Some(capacity)) = (request, capacity)
        && bytes(capacity) < bytes(request)
    {
        let (request, capacity) = (&request.0, &capacity.0);
        let cause = format!("It asks for {request}, and the volume {about} has only {capacity}.");
        found.push(misfit(
            cause,
            Some(("/spec/resources/requests/storage".to_owned(), request.clone())),
        ));
    }
    let modes = offered.access_modes.as_deref().unwrap_or_default();
    let mut asked = wanted.access_modes.iter().flatten();
    if let Some(mode) = asked.find(|it| !modes.contains(it)) {
        let modes = modes.join(", ");
        let cause = format!("It asks for {mode}, and the volume {about} offers only {modes}.");
        found.push(misfit(cause, Some(("/spec/accessModes".to_owned(), mode.clone()))));
    }
    let class = |it: Option<&String>| it.cloned().unwrap_or_default();
    let classes =
        [&wanted.storage_class_name, &offered.storage_class_name].map(|it| class(it.as_ref()));
    if classes[0] != classes[1] {
        let [asked, has] = classes;
        let cause =
            format!("It asks for the class \"{asked}\", and the volume {about} has \"{has}\".");
        found.push(misfit(cause, Some(("/spec/storageClassName".to_owned(), asked))));
    }
    found.extend(unselected(wanted, volume));
    let mode = |it: &Option<String>| it.clone().unwrap_or_else(|| "Filesystem".to_owned());
    if mode(&wanted.volume_mode) != mode(&offered.volume_mode) {
        let (asked, has) = (mode(&wanted.volume_mode), mode(&offered.volume_mode));
        let cause = format!("It asks for volume mode {asked}, and the volume {about} has {has}.");
        found.push(misfit(cause, Some(("/spec/volumeMode".to_owned(), asked))));
    }
    found
}

/// That the claim's selector does not take the volume.
fn unselected(wanted: &PersistentVolumeClaimSpec, volume: &PersistentVolume) -> Option<Misfit> {
    let labels = volume.metadata.labels.as_ref();
    let selector = wanted.selector.as_ref().filter(|it| !selects(it, labels))?;
    let about = name(&volume.metadata);
    let (field, value, cause) = if let Some((field, label, has)) = unlike(selector, labels) {
        let cause =
            format!("Its selector wants the label {label}, and the volume {about} has {has}.");
        (field, label, cause)
    } else {
        let cause = format!("Its selector does not take the volume {about}.");
        ("/spec/selector".to_owned(), about.to_owned(), cause)
    };
    let field = Some((field, value));
    Some(Misfit { volume: about.to_owned(), cause, field, is_volumes_trouble: false })
}

/// A label that the selector wants otherwise than the volume has it: its field, what is wanted and what the volume has.
fn unlike(
    selector: &LabelSelector,
    labels: Option<&BTreeMap<String, String>>,
) -> Option<(String, String, String)> {
    let field = FieldPath::root().child("spec").child("selector").child("matchLabels");
    selector.match_labels.iter().flatten().find_map(|(key, value)| {
        let has = labels?.get(key).filter(|it| *it != value)?;
        let near = near_miss(value, [has.as_str()]);
        let near = near.map_or("", |_| ", which was probably meant");
        let field = field.child(key).to_string();
        Some((field, format!("{key}={value}"), format!("{key}={has}{near}")))
    })
}

/// Whether the volume is another claim's, or is left over from one.
fn held(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> Option<String> {
    let about = name(&volume.metadata);
    let phase = volume.status.as_ref().and_then(|it| it.phase.as_deref());
    let own = (namespace(&claim.metadata), name(&claim.metadata));
    let holder = holder(volume);
    if phase == Some("Released") {
        let of = holder.map(|it| format!(" {}/{}", it.0, it.1)).unwrap_or_default();
        return Some(format!("The volume {about} is still kept for the claim{of} that is gone."));
    }
    let other = holder.filter(|it| *it != own)?;
    Some(format!("The volume {about} belongs to the claim {}/{}.", other.0, other.1))
}

/// Namespace and name of the claim that a volume is kept for.
fn holder(volume: &PersistentVolume) -> Option<(&str, &str)> {
    let claim = volume.spec.as_ref()?.claim_ref.as_ref()?;
    Some((claim.namespace.as_deref()?, claim.name.as_deref()?))
}

fn bytes(amount: &Amount) -> u64 {
    Quantity(amount.0.clone()).units().unwrap_or(0)
}
