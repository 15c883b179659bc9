//! The survey of a whole cluster: what is wrong with objects that are no workloads, and what causes what.
//!
//! The registry of its rules: one a file, each a function from the scene to findings. Workloads have
//! rules of their own, in `analyzers`; [`of_workload`] makes findings of what those say.

mod scene;
mod words;
mod workload;
mod edges;
mod limit_range;
mod schedule;
mod volume_fit;
mod fold;
mod service_without_endpoints;
mod ingress_backend_missing;
mod node_not_ready;
mod node_pressure;
mod stateful_set_reference_missing;
mod cron_job_failing;
mod stuck_terminating;
mod config_map_unused;
mod quota_exhausted;
mod autoscaler_cannot_scale;
mod autoscaler_at_limit;
mod storage_class_ambiguous;
mod volume_not_usable;
mod claim_not_bound;
mod budget_blocks_eviction;

use types::{AnyFault, Finding};

pub use workload::of_workload;

use crate::{Redactor, Snapshot};
use scene::Scene;

/// What one rule finds wrong.
type Rule = fn(&Scene<'_>) -> Vec<Finding>;

/// Causes before symptoms; the order of findings of equal severity.
const ALL: &[Rule] = &[
    node_not_ready::survey,
    node_pressure::survey,
    quota_exhausted::survey,
    storage_class_ambiguous::survey,
    volume_not_usable::survey,
    stateful_set_reference_missing::survey,
    claim_not_bound::survey,
    service_without_endpoints::survey,
    ingress_backend_missing::survey,
    budget_blocks_eviction::survey,
    autoscaler_cannot_scale::survey,
    autoscaler_at_limit::survey,
    cron_job_failing::survey,
    stuck_terminating::survey,
    config_map_unused::survey,
];

/// What is wrong with the objects of a cluster, the worst first. `workloads` are the findings of the
/// workloads' own rules; what another finding explains is told there, and not for itself.
pub fn survey(snapshot: &Snapshot, workloads: Vec<Finding>, redactor: &Redactor) -> Vec<Finding> {
    let scene = Scene::new(snapshot, redactor);
    let mut found: Vec<_> = ALL.iter().flat_map(|rule| rule(&scene)).collect();
    let named = workloads.into_iter().map(|it| limit_range::named(it, &scene));
    found.extend(named.map(|it| edges::with_causes(it, &scene)));
    fold::fold(cron_job_failing::told_once(found))
}

/// Shorthand for the rules.
fn cluster(fault: types::ClusterFault) -> AnyFault {
    AnyFault::Cluster(fault)
}
