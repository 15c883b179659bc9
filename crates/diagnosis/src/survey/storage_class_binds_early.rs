//! A storage class of volumes that are made by hand binds its claims before their pods are placed.
//!
//! ## What it looks for
//! The provisioner `kubernetes.io/no-provisioner` together with the binding mode `Immediate`, which is the default: a
//! claim takes any volume that is large enough, and its pod then has to go where that volume is, whether there is room
//! or not. A notice.
//!
//! ## What it does not see
//! Volumes of the class that are still to be made. Where all that are there can be reached from any node, as those of
//! an NFS server, nothing is wrong with it.

use k8s_openapi::api::core::v1::PersistentVolume;
use k8s_openapi::api::storage::v1::StorageClass;
use types::{ClusterFault, Finding, Severity};

use super::claim_not_bound::BY_HAND;
use super::cluster;
use super::scene::{Scene, name, subject};
use super::words::listed;
use crate::confidence;

/// The field that says when claims are bound.
const MODE: &str = "/volumeBindingMode";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.storage_classes.iter().flatten().filter_map(|it| of_class(it, scene)).collect()
}

fn of_class(class: &StorageClass, scene: &Scene<'_>) -> Option<Finding> {
    let mode = class.volume_binding_mode.as_deref().unwrap_or("Immediate");
    if class.provisioner != BY_HAND || mode != "Immediate" {
        return None;
    }
    let volumes = scene.all.volumes.as_ref()?.iter();
    let of_class = |it: &&PersistentVolume| {
        let of = it.spec.as_ref().and_then(|it| it.storage_class_name.as_deref());
        of == Some(name(&class.metadata))
    };
    let volumes: Vec<_> = volumes.filter(of_class).collect();
    let tied: Vec<_> = volumes
        .iter()
        .filter(|it| it.spec.as_ref().is_some_and(|it| it.node_affinity.is_some()))
        .map(|it| name(&it.metadata).to_owned())
        .collect();
    if !volumes.is_empty() && tied.is_empty() {
        return None;
    }
    let cause = "Its volumes are made by hand, and claims are bound to one of them before their pod is placed \
                 (volumeBindingMode Immediate): the pod has to go where that volume is; WaitForFirstConsumer looks for \
                 both at once.";
    let fault = cluster(ClusterFault::StorageClassBindsEarly);
    let about = subject("StorageClass", &class.metadata);
    let finding =
        Finding::new(about, Severity::Notice, fault, cause.to_owned()).sure(confidence::WORDED);
    let finding = finding.clue(MODE, mode).at(MODE);
    Some(if tied.is_empty() {
        finding
    } else {
        finding.clue("volumes of one node", &listed(&tied))
    })
}
