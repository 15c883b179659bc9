//! A webhook that cannot be called keeps the pods of a workload from being made.

use types::{Finding, Subject};

use crate::survey::scene::Scene;
use crate::survey::webhook_unavailable::called;

/// The configurations of the webhooks that the API server could not call.
pub(super) fn causes(finding: &Finding, scene: &Scene<'_>) -> Vec<Subject> {
    let names: Vec<_> = finding.clues.iter().filter_map(|it| called(&it.value)).collect();
    let webhooks = scene.all.webhooks.iter().flatten();
    let mut causes: Vec<_> = webhooks
        .filter(|it| names.contains(&it.name.as_str()))
        .map(|it| Subject::new(&*it.kind, "", &*it.configuration))
        .collect();
    causes.sort();
    causes.dedup();
    causes
}
