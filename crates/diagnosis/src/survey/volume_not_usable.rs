//! A volume failed, cannot be reached from any node, or was released and waits for somebody.
//!
//! ## What it looks for
//! A volume in phase `Failed`; one whose node affinity takes no node that exists; one that was released and is kept
//! (a notice), or should have been deleted long ago; one that is kept for a claim which is not there, while a claim of
//! nearly that name waits for it.
//!
//! ## What it does not see
//! What is on the volume, and whether its disk is well.

use jiff::SignedDuration;
use k8s_openapi::api::core::v1::{NodeSelectorRequirement, PersistentVolume};
use types::{ClusterFault, Finding, Severity};

use super::scene::{Scene, subject};
use super::words::{going_on, quoted};
use super::{cluster, volume_freed};
use crate::confidence;
use crate::near_miss::near_miss;
use crate::scheduling;

/// How long the deletion of a released volume may take.
const DELETING: SignedDuration = SignedDuration::from_mins(10);

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let volumes = scene.all.volumes.iter().flatten();
    let alive = volumes.filter(|it| it.metadata.deletion_timestamp.is_none());
    let found = |it: &PersistentVolume| {
        by_phase(it, scene)
            .or_else(|| kept_for_a_slip(it, scene))
            .or_else(|| unreachable(it, scene))
    };
    alive.filter_map(found).collect()
}

/// It is kept for a name that is nearly that of the claim which waits for it.
fn kept_for_a_slip(volume: &PersistentVolume, scene: &Scene<'_>) -> Option<Finding> {
    let freed = volume_freed::of_volume(volume, scene.all).filter(|it| !it.was_bound)?;
    let cause = format!(
        "It is kept for the claim {}, which is not there; {}.",
        freed.kept_for,
        freed.words()
    );
    let finding = finding(volume, Severity::Warning, cause).at("/spec/claimRef/name");
    Some(Finding { edits: freed.edits, ..finding.clue("/spec/claimRef/name", &freed.kept_for) })
}

fn by_phase(volume: &PersistentVolume, scene: &Scene<'_>) -> Option<Finding> {
    let status = volume.status.as_ref()?;
    let spec = volume.spec.as_ref()?;
    let message = quoted(status.message.as_deref().unwrap_or_default(), scene);
    let claim = spec.claim_ref.as_ref();
    let claim =
        claim.and_then(|it| Some(format!(" {}/{}", it.namespace.as_ref()?, it.name.as_ref()?)));
    let claim = claim.unwrap_or_default();
    match status.phase.as_deref()? {
        "Failed" => {
            let cause = match message.as_str() {
                "" => "It could not be given back after its claim was deleted.".to_owned(),
                message => {
                    format!("It could not be given back after its claim was deleted: {message}.")
                }
            };
            Some(finding(volume, Severity::Warning, cause).clue("status.phase", "Failed"))
        }
        "Released" if spec.persistent_volume_reclaim_policy.as_deref() == Some("Retain") => {
            let freed = volume_freed::of_volume(volume, scene.all);
            let cause = format!(
                "Its claim{claim} is gone; it keeps its data and takes no other claim until somebody clears claimRef."
            );
            let rest = freed.as_ref().map(volume_freed::VolumeFreed::words);
            let cause = going_on(&cause, &rest.unwrap_or_default());
            let edits = freed.map(|it| it.edits).unwrap_or_default();
            let finding = finding(volume, Severity::Notice, cause).at("/spec/claimRef");
            Some(Finding { edits, ..finding.clue("status.phase", "Released") })
        }
        "Released" => {
            let since = status.last_phase_transition_time.as_ref()?.0;
            if scene.all.taken_at.duration_since(since) < DELETING {
                return None;
            }
            let cause = format!(
                "Its claim{claim} is gone since {since}, and it should have been deleted by now."
            );
            Some(
                finding(volume, Severity::Warning, cause)
                    .clue("status.phase", "Released")
                    .sure(confidence::WORDED),
            )
        }
        _ => None,
    }
}

/// No node is where the volume is.
fn unreachable(volume: &PersistentVolume, scene: &Scene<'_>) -> Option<Finding> {
    let terms =
        &volume.spec.as_ref()?.node_affinity.as_ref()?.required.as_ref()?.node_selector_terms;
    let nodes = &scene.all.nodes;
    let is_reachable =
        nodes.iter().any(|node| terms.iter().any(|it| scheduling::term_selects(it, node)));
    if nodes.is_empty() || is_reachable {
        return None;
    }
    let (at, wanted) = terms.iter().enumerate().find_map(|(index, term)| {
        let wanted = term.match_expressions.as_deref()?.first()?;
        Some((format!("/spec/nodeAffinity/required/nodeSelectorTerms/{index}"), wanted))
    })?;
    let shown = shown(wanted);
    let near = wanted.values.as_deref().unwrap_or_default().iter().find_map(|value| {
        let labels = nodes.iter().filter_map(|it| it.metadata.labels.as_ref()?.get(&wanted.key));
        near_miss(value, labels.map(String::as_str))
    });
    let near = near.map(|it| format!("; there is {it}, which was probably meant"));
    let cause = format!("No node is where it is: {shown}{}.", near.unwrap_or_default());
    let finding = finding(volume, Severity::Warning, cause);
    Some(finding.clue(format!("{at}/matchExpressions/0"), &shown).at(at))
}

/// `kubernetes.io/hostname In node9`
fn shown(wanted: &NodeSelectorRequirement) -> String {
    let values = wanted.values.as_deref().unwrap_or_default().join(", ");
    format!("{} {} {values}", wanted.key, wanted.operator).trim_end().to_owned()
}

fn finding(volume: &PersistentVolume, severity: Severity, cause: String) -> Finding {
    let fault = cluster(ClusterFault::VolumeNotUsable);
    Finding::new(subject("PersistentVolume", &volume.metadata), severity, fault, cause)
}
