//! A claim or a free volume holds less than what programs mostly need.
//!
//! ## What it looks for
//! A bound claim, and a volume that waits for a claim, of less than 1 Gi: a notice.
//!
//! ## What it does not see
//! How full it is, and how much is needed. A claim that is not bound is told as that.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::scene::{Scene, subject};
use crate::confidence;
use crate::outline::memory;

/// Bytes that are few.
const FEW: u64 = 1 << 30;
/// The resource that a claim asks for.
const STORAGE: &str = "storage";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let claims = scene.all.claims.iter().flatten().filter_map(|it| {
        let is_bound = it.status.as_ref()?.phase.as_deref() == Some("Bound");
        let had = it.status.as_ref()?.capacity.as_ref().and_then(|it| it.get(STORAGE));
        let asked = it.spec.as_ref()?.resources.as_ref()?.requests.as_ref()?.get(STORAGE);
        let about = subject("PersistentVolumeClaim", &it.metadata);
        let field = "/spec/resources/requests/storage";
        told(about, had.or(asked).filter(|_| is_bound)?, field)
    });
    let volumes = scene.all.volumes.iter().flatten().filter_map(|it| {
        let is_free = it.status.as_ref()?.phase.as_deref() == Some("Available");
        let has = it.spec.as_ref()?.capacity.as_ref()?.get(STORAGE).filter(|_| is_free)?;
        told(subject("PersistentVolume", &it.metadata), has, "/spec/capacity/storage")
    });
    claims.chain(volumes).collect()
}

fn told(about: Subject, amount: &Amount, field: &str) -> Option<Finding> {
    let bytes = memory(Some(amount));
    // What cannot be read is no amount.
    if bytes == 0 || FEW <= bytes {
        return None;
    }
    let cause = format!("It holds {}, which is less than 1Gi and soon full.", amount.0);
    let finding = Finding::new(about, Severity::Notice, cluster(ClusterFault::VolumeSmall), cause)
        .sure(confidence::SYMPTOM);
    Some(finding.clue(field, &amount.0).at(field))
}
