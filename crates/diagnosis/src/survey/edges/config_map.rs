//! A key of a ConfigMap that a program cannot use explains the workloads that fail at it.

use types::{Finding, Subject};

use crate::survey::config_map_broken::key_of;
use crate::survey::scene::Scene;

/// The ConfigMap that the finding's own facts name, or those of another workload that says the same of it.
pub(super) fn causes(finding: &Finding, scene: &Scene<'_>) -> Vec<Subject> {
    key_of(finding, scene).map(|it| it.0).into_iter().collect()
}
