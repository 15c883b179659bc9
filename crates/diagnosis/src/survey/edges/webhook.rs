//! A webhook that cannot be called keeps the pods of a workload from being made.

use types::{Finding, Subject};

use crate::survey::scene::Scene;
use crate::survey::webhook_unavailable::called;

/// The configurations of the webhooks that the API server could not call.
pub(super) fn causes(finding: &Finding, scene: &Scene<'_>) -> Vec<Subject> {
    let webhooks = scene.all.webhooks.as_deref().unwrap_or_default();
    let failed = finding.clues.iter().flat_map(|it| called(&it.value, webhooks));
    let mut causes: Vec<_> =
        failed.map(|it| Subject::new(&*it.kind, "", &*it.configuration)).collect();
    causes.sort();
    causes.dedup();
    causes
}
