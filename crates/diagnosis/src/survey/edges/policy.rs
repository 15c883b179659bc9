//! A policy that keeps a workload from what it needs explains that the workload fails.

use types::{Finding, Subject};

use crate::survey::policy_blocks_needs::blocker;
use crate::survey::scene::Scene;

/// The policy between the workload and what its own words say does not answer.
pub(super) fn causes(finding: &Finding, scene: &Scene<'_>) -> Vec<Subject> {
    blocker(finding, scene).into_iter().collect()
}
