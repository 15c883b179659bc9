//! Raise the memory limit to one and a half times or to double.
//!
//! ## When it helps
//! The container needs a little more memory than its limit allows: its load or its heap grew.
//!
//! ## When it does not
//! The container leaks (it will be killed again, later), or the node itself is out of memory.
//!
//! ## Risk
//! Auto up to 2Gi, Ask above; the policy has a cap of its own. Bound: old < new <= 2 * old, and not more
//! than the largest node has. A request that equals the limit is raised with it, so that the pod keeps
//! its quality of service. Undo: the former limit. Verified by the pods' health over time. Attack: a
//! limit that is negative, no quantity or too large to double yields no plan.

use types::{
    Action, ContainerFacts, ContainerRole, Diagnosis, Edit, Evidence, Fault, FixPlan, Kind,
    Quantity, Risk, Step, Strategy, Subresource,
};

use crate::amount;
use crate::place;

/// Above this a person is asked: most of a node may be at stake.
const UNASKED_UP_TO: u64 = 2 * 1024 * 1024 * 1024;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    if diagnosis.fault != Fault::OomKilled {
        return vec![];
    }
    let Some(container) = place::container(diagnosis, evidence) else { return vec![] };
    [1, 2].into_iter().filter_map(|halves| plan_for(evidence, container, halves)).collect()
}

fn plan_for(evidence: &Evidence, container: &ContainerFacts, halves: u8) -> Option<FixPlan> {
    let limit = container.memory_limit.as_ref()?;
    let old = limit.units().filter(|it| 0 < *it)?;
    let new = old.checked_mul(2 + u64::from(halves))? / 2;
    let is_too_large = evidence.nodes.as_ref().is_some_and(|it| it.largest_memory < new);
    if new <= old || is_too_large {
        return None;
    }

    let strategy = Strategy::RaiseMemoryLimit { halves };
    let because = format!("The container was killed at its limit of {}.", amount::memory(old));
    let risk = if new <= UNASKED_UP_TO { Risk::Auto } else { Risk::Ask };
    let edits = edits(evidence.subject.kind, container, limit, &amount::memory(new))?;
    match evidence.subject.kind {
        Kind::Deployment
        | Kind::ReplicaSet
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::CronJob => {
            Some(FixPlan { strategy, risk, because, steps: place::in_template(evidence, edits) })
        }
        Kind::Pod if container.role == ContainerRole::App => {
            let step = Step {
                target: evidence.subject.clone(),
                subresource: Some(Subresource::Resize),
                action: Action::Edit(edits),
            };
            Some(FixPlan { strategy, risk, because, steps: vec![step] })
        }
        // A pod of a job that was killed is not started again, so a resize would come too late.
        Kind::Pod | Kind::Job => Some(place::advice(strategy, &because, evidence, edits)),
        Kind::Node | Kind::Service | Kind::PersistentVolumeClaim => None,
    }
}

fn edits(
    kind: Kind,
    container: &ContainerFacts,
    old: &Quantity,
    new: &Quantity,
) -> Option<Vec<Edit>> {
    let resources = place::container_path(kind, container)?.child("resources");
    let raised = |list: &str, old: &Quantity| {
        let path = resources.child(list).child("memory");
        place::edit(path, Some(old.0.clone().into()), new.0.clone())
    };
    let mut edits = vec![raised("limits", old)];
    if let Some(request) = &container.memory_request
        && request.thousandths() == old.thousandths()
    {
        edits.push(raised("requests", request));
    }
    Some(edits)
}
