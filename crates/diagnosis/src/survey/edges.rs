//! What causes a workload's trouble beyond the workload: one kind of cause a file.

mod service_account;
mod webhook;

use types::{Finding, Subject};

use super::scene::Scene;

/// What one kind of cause says about a finding.
type Edge = fn(&Finding, &Scene<'_>) -> Vec<Subject>;

/// The nearest causes first: of several that have a finding, the first one explains it.
const ALL: &[Edge] = &[webhook::causes, service_account::causes];

/// The finding with the objects beyond the workload that cause it. They explain it only where they have a finding
/// themselves.
pub(super) fn with_causes(finding: Finding, scene: &Scene<'_>) -> Finding {
    let causes: Vec<_> = ALL.iter().flat_map(|edge| edge(&finding, scene)).collect();
    causes.into_iter().fold(finding, Finding::because_of)
}
