//! A disruption budget allows no disruption although all is well, or protects nothing.
//!
//! ## What it looks for
//! A selector that takes no pod; or a budget whose pods are all healthy and that still allows none of them to go:
//! a drain of their node would wait for ever.
//!
//! ## What it does not see
//! A budget that allows nothing because pods are not healthy: that is the pods' trouble, and the budget does its work.

use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use types::{ClusterFault, Finding, Severity};

use super::cluster;
use super::scene::{Scene, is_over, namespace, selects, subject};

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.budgets.iter().flatten().filter_map(|it| of_budget(it, scene)).collect()
}

fn of_budget(budget: &PodDisruptionBudget, scene: &Scene<'_>) -> Option<Finding> {
    let spec = budget.spec.as_ref()?;
    let selector = spec.selector.as_ref()?;
    let pods = scene.pods(namespace(&budget.metadata)).iter();
    let taken =
        pods.filter(|it| !is_over(it) && selects(selector, it.metadata.labels.as_ref())).count();
    let finding = |severity, cause: &str| {
        let about = subject("PodDisruptionBudget", &budget.metadata);
        Finding::new(about, severity, cluster(ClusterFault::BudgetBlocksEviction), cause.to_owned())
    };
    if taken == 0 {
        let cause = "Its selector takes no pod, so it protects nothing.";
        return Some(finding(Severity::Notice, cause).at("/spec/selector"));
    }
    let status = budget.status.as_ref()?;
    let (expected, healthy) = (status.expected_pods?, status.current_healthy?);
    let all_well = 0 < expected && expected <= healthy;
    if status.disruptions_allowed != Some(0) || !all_well {
        return None;
    }
    let field = if spec.max_unavailable.is_some() { "maxUnavailable" } else { "minAvailable" };
    let cause =
        "It lets none of its pods go although all are healthy: a drain of a node waits for ever.";
    let finding = finding(Severity::Warning, cause).at(format!("/spec/{field}"));
    let pods = format!("{healthy} of {expected} healthy");
    Some(finding.clue("status.disruptionsAllowed", "0").clue("status.currentHealthy", &pods))
}
