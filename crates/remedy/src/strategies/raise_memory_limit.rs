//! Raise the memory limit to one and a half times or to double; further, once double was too little.
//!
//! ## When it helps
//! The container needs a little more memory than its limit allows: its load or its heap grew.
//!
//! ## When it does not
//! The container leaks (it will be killed again, later), or the node itself is out of memory.
//!
//! ## Risk
//! Auto up to 2Gi, Ask above; the policy has a cap of its own. Bound: old < new <= 2 * old, where old is the most that
//! a fix of ours wrote on this very spec and the container was killed at again, and not more than the largest node has.
//! So what was too little is not tried again, and four times comes after double was. A request that equals the limit is raised with it, so that the pod keeps
//! its quality of service. Undo: the former limit. Verified by the pods' health over time. Attack: a
//! limit that is negative, no quantity or too large to double yields no plan.

use types::{
    Action, ContainerFacts, ContainerRole, Diagnosis, Edit, Evidence, Fault, FixPlan, Kind,
    Quantity, Risk, Step, Strategy, Subresource,
};

use crate::amount;
use crate::place;

/// One and a half times, double, four and eight times, in halves that are added.
pub(crate) const DOSES: [u8; 4] = [1, 2, 6, 14];
/// Above this a person is asked: most of a node may be at stake.
const UNASKED_UP_TO: u64 = 2 * 1024 * 1024 * 1024;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    if diagnosis.fault != Fault::OomKilled {
        return vec![];
    }
    let Some(container) = place::container(diagnosis, evidence) else { return vec![] };
    let next = DOSES.iter().filter(|it| is_next(evidence, container, **it));
    next.filter_map(|halves| plan_for(evidence, container, *halves)).collect()
}

/// The plan of this very dose, whatever is known of it: the guard says what it thinks of that.
pub(crate) fn with_dose(
    halves: u8,
    diagnoses: &[Diagnosis],
    evidence: &Evidence,
) -> Option<FixPlan> {
    let of_memory = diagnoses.iter().filter(|it| it.fault == Fault::OomKilled);
    let mut containers = of_memory.filter_map(|it| place::container(it, evidence));
    containers.find_map(|it| plan_for(evidence, it, halves))
}

/// Whether the dose is more than what was too little, and at most double of that.
fn is_next(evidence: &Evidence, container: &ContainerFacts, halves: u8) -> bool {
    let old = container.memory_limit.as_ref().and_then(Quantity::units).unwrap_or(0);
    let known = too_little(evidence, container).unwrap_or(0).max(old);
    raised(old, halves).is_some_and(|it| known < it && it <= known.saturating_mul(2))
}

fn raised(old: u64, halves: u8) -> Option<u64> {
    Some(old.checked_mul(2 + u64::from(halves))? / 2)
}

fn plan_for(evidence: &Evidence, container: &ContainerFacts, halves: u8) -> Option<FixPlan> {
    let limit = container.memory_limit.as_ref()?;
    let old = limit.units().filter(|it| 0 < *it)?;
    let new = raised(old, halves).filter(|it| old < *it)?;
    if evidence.nodes.as_ref().is_some_and(|it| it.largest_memory < new) {
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

/// The most memory that a fix wrote on this very spec and that was too little.
fn too_little(evidence: &Evidence, container: &ContainerFacts) -> Option<u64> {
    let path = place::container_path(evidence.subject.kind, container)?;
    let path = path.child("resources").child("limits").child("memory");
    let failed = evidence.failed.iter().filter(|it| {
        it.again
            && it.spec_hash == evidence.workload.spec_hash
            && it.strategy.starts_with("raise_memory_limit")
    });
    let amount = |edit: &Edit| {
        let text = edit.to.as_ref().and_then(serde_json::Value::as_str)?;
        Quantity(text.to_owned()).units()
    };
    failed.flat_map(|it| &it.edits).filter(|it| it.path == path).filter_map(amount).max()
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
