//! What did not help before: the same strategy on the same spec, and the same state by whatever name. And what did
//! help, and was put back by somebody.

use std::collections::BTreeMap;

use serde_json::Value;
use types::{Action, Edit, Evidence, FieldPath, FixPlan, Quantity, RevisionFacts, Verdict};

use super::windows::{failed, of_workload};
use super::{PastWrite, Refusal, World};
use crate::Policy;
use crate::amount::Resource;

/// A strategy that did not help is not tried again on the same spec: nothing says it would help now. Nor is what
/// leads to a state that did not help, or to less memory or CPU than was too little.
pub(super) fn has_not_failed_before(
    plan: &FixPlan,
    _: &Policy,
    world: &World<'_>,
) -> Result<(), Refusal> {
    let key = plan.strategy.key();
    let edits = edits_of(plan, world.evidence);
    let is_same = |it: &PastWrite| it.strategy == key || leads_to_same(&edits, &it.edits);
    let is_repeat = on_this_spec(world).any(is_same) || returns_to_failed(&edits, world);
    let is_known_too_little = edits.iter().any(|it| {
        raised_limit(plan, it)
            .is_some_and(|resource| amount(it, resource) <= too_little(&it.path, resource, world))
    });
    if is_repeat || is_known_too_little { Err(Refusal::FailedBefore(key)) } else { Ok(()) }
}

/// What was mended and holds again what it held before was put back by somebody, who may do so again: a person
/// finds out who.
pub(super) fn was_not_put_back(
    plan: &FixPlan,
    _: &Policy,
    world: &World<'_>,
) -> Result<(), Refusal> {
    let helped = |it: &&PastWrite| it.verdict == Some(Verdict::Recovered) && !it.undone;
    let mended: Vec<&Edit> = of_workload(world).filter(helped).flat_map(|it| &it.edits).collect();
    let is_put_back =
        |edit: &Edit| mended.iter().any(|it| it.path == edit.path && it.from == edit.from);
    match edits_of(plan, world.evidence).into_iter().find(is_put_back) {
        None => Ok(()),
        Some(edit) => Err(Refusal::NeedsApproval(format!(
            "{} was mended before, and somebody put it back: it may not last",
            edit.path
        ))),
    }
}

/// The most that was too little in this field on this very spec, in bytes or millicores: it was written, and the
/// container was killed at it, or its probe failed with it, all the same.
pub(super) fn too_little(path: &FieldPath, resource: Resource, world: &World<'_>) -> Option<u64> {
    let raises = on_this_spec(world)
        .filter(|it| it.again && it.undone && it.strategy.starts_with(resource.strategy()));
    let edits = raises.flat_map(|it| &it.edits).filter(|it| it.path == *path);
    edits.filter_map(|it| amount(it, resource)).max()
}

fn on_this_spec<'a>(world: &'a World<'_>) -> impl Iterator<Item = &'a PastWrite> {
    let spec_hash = &world.evidence.workload.spec_hash;
    of_workload(world).filter(move |it| it.spec_hash == *spec_hash && failed(it))
}

fn edits_of(plan: &FixPlan, evidence: &Evidence) -> Vec<Edit> {
    let on_subject = plan.steps.iter().filter(|it| it.target.is_same(&evidence.subject));
    let edits = on_subject.filter_map(|it| match &it.action {
        Action::Edit(edits) => Some(edits.clone()),
        Action::Restart | Action::Evict => None,
    });
    edits.flatten().collect()
}

/// From the same template, the same fields with the same values are the same state.
fn leads_to_same(edits: &[Edit], others: &[Edit]) -> bool {
    !edits.is_empty() && leaves(edits) == leaves(others)
}

/// Whether the edits are those of a revision that was a failed fix of ours.
fn returns_to_failed(edits: &[Edit], world: &World<'_>) -> bool {
    let is_aim = |it: &&RevisionFacts| leads_to_same(edits, &it.edits);
    let was_failure = |hash: &String| {
        of_workload(world).any(|it| failed(it) && it.result_hash.as_ref() == Some(hash))
    };
    let mut aims = world.evidence.revisions.iter().filter(is_aim);
    aims.any(|it| was_failure(&it.spec_hash))
}

/// Every single value that is written, by its path: one edit of an object is as many as it has members.
fn leaves(edits: &[Edit]) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    for edit in edits.iter().filter(|it| it.from != it.to) {
        collect(&edit.path, edit.to.as_ref(), &mut leaves);
    }
    leaves
}

fn collect(path: &FieldPath, value: Option<&Value>, leaves: &mut BTreeMap<String, Value>) {
    match value {
        Some(Value::Object(members)) if !members.is_empty() => {
            for (name, value) in members {
                collect(&path.child(name), Some(value), leaves);
            }
        }
        value => {
            leaves.insert(path.as_str().to_owned(), value.cloned().unwrap_or_default());
        }
    }
}

/// Of what the edit raises a limit, where the plan is there for that.
fn raised_limit(plan: &FixPlan, edit: &Edit) -> Option<Resource> {
    let is_raised = |it: &Resource| {
        plan.strategy.name() == it.strategy()
            && edit.path.as_str().ends_with(&format!("/limits/{}", it.name()))
    };
    [Resource::Memory, Resource::Cpu].into_iter().find(is_raised)
}

fn amount(edit: &Edit, resource: Resource) -> Option<u64> {
    let text = edit.to.as_ref().and_then(Value::as_str)?;
    resource.value(&Quantity(text.to_owned()))
}
