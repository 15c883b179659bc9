//! A workload fails at what its service account may not do.

use types::{Finding, Subject};

use crate::survey::access_forbidden::refused_to;
use crate::survey::scene::Scene;

/// The service account of the workload, where its own words say that it was refused something.
pub(super) fn causes(finding: &Finding, scene: &Scene<'_>) -> Vec<Subject> {
    let refusals = refused_to(finding, scene);
    let mut causes: Vec<_> = refusals.into_iter().map(|it| it.account).collect();
    causes.sort();
    causes.dedup();
    causes
}
