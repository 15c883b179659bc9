//! Lower the requests to what a node has left.
//!
//! ## When it helps
//! No node has room for what the pod asks, and the pod asks for more than it needs.
//!
//! ## When it does not
//! The pod needs what it asks: then a node is missing. Nor when taints, volumes or affinity are in the way.
//!
//! Where a quota or a limit range refuses the pods, requests are lowered to what those leave, if a person says yes;
//! a limit above them is shown lowered and not written.
//!
//! ## Risk
//! Auto when the container's use or a revision that was ready shows that less is enough, or another workload runs
//! the same image with the same number in a smaller unit, or with its own request in place of a default that no
//! node has; else Ask. Bound: only the container that asks for most, down to what fits the freest node and leaves
//! room there: a tenth of the largest node, but no more than half of what is free. Never below an eighth of what it
//! asked, one and a quarter of what it uses, or what a revision that was ready asked for: for these the room is
//! given up. Limits stay. Undo: the former requests. Verified by the pods' health over time, and that of their
//! neighbours. Attack: negative, huge or malformed quantities yield no plan.

use types::{
    Action, ContainerFacts, ContainerRole, Diagnosis, Edit, Evidence, Fault, FieldPath, FixPlan,
    Kind, NodeFacts, Quantity, Risk, Step, Strategy, Subresource,
};

use crate::amount::{self, Resource};
use crate::place;
use crate::room::{asked, free_on_nodes};

mod alike;
mod refused;

/// A request is lowered to no less than this part of itself: below, it was not a request but a mistake
/// that a person should see.
const SMALLEST_PART: u64 = 8;

/// Memory is written in whole mebibytes.
const ROUNDING: u64 = 1024 * 1024;
/// What is left for others: this part of the largest node, and no more than this part of what is free.
const PART_LEFT_FREE: u64 = 10;
const MOST_LEFT_FREE: u64 = 2;

/// One request that can be lowered.
struct Lowered {
    edit: Edit,
    /// Whether use or an earlier revision shows that this is enough.
    is_shown: bool,
    /// Whether the request stood at the limit.
    at_limit: bool,
}

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    if diagnosis.fault == Fault::FailedCreate {
        return refused::offers(evidence);
    }
    if let Some(plan) = alike::offer(diagnosis, evidence) {
        return vec![plan];
    }
    let said = evidence.pods.iter().find_map(|it| it.unschedulable.as_deref());
    let (Fault::Unschedulable, Some(said), Some(nodes)) = (diagnosis.fault, said, &evidence.nodes)
    else {
        return vec![];
    };
    let missing = [("memory", Resource::Memory), ("cpu", Resource::Cpu)];
    let lowered: Option<Vec<Lowered>> = missing
        .into_iter()
        .filter(|(word, _)| said.contains(&format!("Insufficient {word}")))
        .map(|(_, resource)| lowered(resource, evidence, nodes))
        .collect();
    match lowered {
        Some(lowered) if !lowered.is_empty() => plan_for(evidence, lowered),
        Some(_) | None => vec![],
    }
}

fn plan_for(evidence: &Evidence, lowered: Vec<Lowered>) -> Vec<FixPlan> {
    let kind = evidence.subject.kind;
    let because = "No node has the room that the pod asks for.";
    let is_shown = lowered.iter().all(|it| it.is_shown);
    let changes_quality = lowered.iter().any(|it| it.at_limit);
    let risk = if is_shown && !changes_quality { Risk::Auto } else { Risk::Ask };
    let edits: Vec<Edit> = lowered.into_iter().map(|it| it.edit).collect();
    if place::has_editable_template(kind) {
        let steps = place::in_template(evidence, edits);
        return vec![FixPlan {
            strategy: Strategy::LowerRequests,
            risk,
            because: because.to_owned(),
            steps,
        }];
    }
    // The quality of service of a living pod is immutable.
    if kind == Kind::Pod && !changes_quality {
        let step = Step {
            target: evidence.subject.clone(),
            subresource: Some(Subresource::Resize),
            action: Action::Edit(edits),
        };
        return vec![FixPlan {
            strategy: Strategy::LowerRequests,
            risk,
            because: because.to_owned(),
            steps: vec![step],
        }];
    }
    vec![place::advice(Strategy::LowerRequests, because, evidence, edits)]
}

/// The one edit that makes room; `None` when no single container can give so much.
fn lowered(resource: Resource, evidence: &Evidence, nodes: &NodeFacts) -> Option<Lowered> {
    let apps = evidence.containers.iter().filter(|it| it.role == ContainerRole::App);
    let inits = evidence.containers.iter().filter(|it| it.role == ContainerRole::Init);
    let total = apps
        .clone()
        .map(|it| asked(resource, it))
        .try_fold(0_u64, |sum, it| sum.checked_add(it?))?;
    let first = inits.map(|it| asked(resource, it)).collect::<Option<Vec<u64>>>()?;
    let (free, whole) = free_on_nodes(resource, nodes);
    let left_free = (whole / PART_LEFT_FREE).min(free / MOST_LEFT_FREE);
    let largest = apps.max_by_key(|it| asked(resource, it))?;
    let old = asked(resource, largest)?;
    let path = path(resource, evidence.subject.kind, largest)?;
    // What fits at all, and what fits and leaves room.
    let fits = old.checked_sub(total.checked_sub(free)?)?;
    let roomy = fits.saturating_sub(left_free);
    let used = match resource {
        Resource::Memory => largest.memory_used,
        Resource::Cpu => largest.cpu_used,
    };
    let needed = used.map(|it| it.saturating_add(it / 4));
    let shown = shown_by_revision(resource, evidence, &path, fits);
    let least = old.div_ceil(SMALLEST_PART).max(needed.unwrap_or(0)).max(shown.unwrap_or(0));
    let new = at_least(resource, roomy.max(least), least, fits);
    let amount = resource.value(&new)?;
    if first.into_iter().any(|it| free < it)
        || old <= amount
        || amount == 0
        || amount < old.div_ceil(SMALLEST_PART)
        || needed.is_some_and(|it| amount < it)
    {
        return None;
    }
    let is_shown = needed.is_some() || shown.is_some();
    let (request, limit) = resource.stated(largest);
    let at_limit = limit.and_then(|it| resource.value(it)) == Some(old);
    let from = request.map(|it| it.0.clone().into());
    Some(Lowered { edit: place::edit(path, from, new.0), is_shown, at_limit })
}

fn rounded(resource: Resource, amount: u64) -> Quantity {
    match resource {
        Resource::Memory => amount::memory_down(amount),
        Resource::Cpu => Quantity::millicores(amount),
    }
}

/// The amount as it is written: rounded, and still no less than `least` where that fits.
fn at_least(resource: Resource, wanted: u64, least: u64, fits: u64) -> Quantity {
    let down = rounded(resource, wanted.min(fits));
    if least <= resource.value(&down).unwrap_or(0) {
        return down;
    }
    rounded(resource, wanted.saturating_add(ROUNDING).min(fits))
}

fn path(resource: Resource, kind: Kind, container: &ContainerFacts) -> Option<FieldPath> {
    let container = place::container_path(kind, container)?;
    Some(container.child("resources").child("requests").child(resource.name()))
}

/// The most that a revision that was ready asked for, of what fits.
fn shown_by_revision(
    resource: Resource,
    evidence: &Evidence,
    path: &FieldPath,
    fits: u64,
) -> Option<u64> {
    let ready = evidence.revisions.iter().filter(|it| it.was_ready && !it.current);
    let request = |edit: &Edit| {
        let request = edit.to.as_ref().and_then(serde_json::Value::as_str)?;
        resource.value(&Quantity(request.to_owned()))
    };
    let edits = ready.flat_map(|it| &it.edits).filter(|it| it.path == *path);
    edits.filter_map(request).filter(|it| *it <= fits).max()
}
