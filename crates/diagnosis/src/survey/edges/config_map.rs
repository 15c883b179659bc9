//! A key of a ConfigMap that a program cannot use explains the workloads that fail at it.

use types::{Finding, Subject};

use crate::survey::config_map_broken::key;
use crate::survey::scene::Scene;

/// The ConfigMap that the finding's own facts name.
pub(super) fn causes(finding: &Finding, _scene: &Scene<'_>) -> Vec<Subject> {
    key(finding).map(|it| it.0).into_iter().collect()
}
