//! A `DaemonSet` selects nodes by a label that none has, and one has nearly the same.
//!
//! ## What it looks for
//! A `DaemonSet` whose controller wants no pod at all, with a label in its node selector or its required affinity that no
//! node has, while one has another value under that key, or that value under another key, a letter or two away.
//!
//! ## What it does not see
//! A label that merely no node has: it may be waiting for the first node of its kind, and that is meant.

use types::{AnyFault, Fault, Finding, ReferenceKind, Severity, Subject};

use super::scene::Scene;
use crate::Root;
use crate::evidence::labels;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.workloads.iter().filter_map(|it| of_workload(it, scene)).collect()
}

fn of_workload(root: &Root, scene: &Scene<'_>) -> Option<Finding> {
    let Root::DaemonSet(owner) = root else { return None };
    let status = owner.status.as_ref()?;
    let is_seen = status.observed_generation == owner.metadata.generation;
    let is_leaving = owner.metadata.deletion_timestamp.is_some();
    if status.desired_number_scheduled != 0 || !is_seen || is_leaving {
        return None;
    }
    let spec = root.pod_spec()?;
    let path = root.kind().pod_spec_path()?;
    let slip = labels::facts(&scene.all.nodes, spec, &path).into_iter().next()?;
    let beside = slip.key.as_deref().unwrap_or_default();
    let near = slip.near_miss.as_deref()?;
    let (wanted, meant) = if slip.kind == ReferenceKind::NodeLabelKey {
        (format!("{}={beside}", slip.name), format!("{near}={beside}"))
    } else {
        (format!("{beside}={}", slip.name), format!("{beside}={near}"))
    };
    let cause = format!(
        "It runs nowhere: no node has the label {wanted}; there is {meant}, which was probably meant."
    );
    let about = Subject::from(&root.object_ref());
    let fault = AnyFault::Workload(Fault::Unschedulable);
    let finding = Finding::new(about, Severity::Warning, fault, cause).sure(0.9);
    let finding = finding.clue(slip.path.clone(), &wanted);
    Some(finding.clue("status.desiredNumberScheduled", &0).at(slip.path))
}
