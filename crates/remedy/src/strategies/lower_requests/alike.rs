//! A request that no node has, where another workload runs the same image with the one that was meant.

use types::{Diagnosis, Edit, Evidence, Fault, FixPlan, Risk, SlipFacts, SlipKind, Strategy};

use crate::amount::Resource;
use crate::place;

/// The plan, where a template can be edited and the scheduler misses just this.
pub(super) fn offer(diagnosis: &Diagnosis, evidence: &Evidence) -> Option<FixPlan> {
    let said = evidence.pods.iter().find_map(|it| it.unschedulable.as_deref())?;
    let is_missing = |it: &Edit| {
        let resource = it.path.names().last().unwrap_or_default();
        said.contains(&format!("Insufficient {resource}"))
    };
    let is_it = |it: &&SlipFacts| {
        !it.edits.is_empty()
            && it.edits.iter().all(|edit| is_missing(edit) && is_alike(edit, evidence))
    };
    let is_pending = diagnosis.fault == Fault::Unschedulable
        && place::has_editable_template(evidence.subject.kind);
    let slip = evidence.slips.iter().find(is_it).filter(|_| is_pending)?;
    Some(FixPlan {
        strategy: Strategy::LowerRequests,
        risk: Risk::Auto,
        because: slip.shown_by.clone(),
        steps: place::in_template(evidence, slip.edits.clone()),
    })
}

/// Whether the edit puts, in the place of a request that no node has, the one with which another workload runs the
/// same image.
pub(crate) fn is_alike(edit: &Edit, evidence: &Evidence) -> bool {
    let names: Vec<String> = edit.path.names().collect();
    let [.., list, resource] = names.as_slice() else { return false };
    let Some(resource) = Resource::named(resource).filter(|_| list == "requests") else {
        return false;
    };
    let nodes = evidence.nodes.as_ref();
    let largest = nodes.map(|it| match resource {
        Resource::Memory => it.largest_memory,
        Resource::Cpu => it.largest_cpu,
    });
    let to = edit.to.as_ref().and_then(serde_json::Value::as_str);
    let amount = to.and_then(|it| resource.value(&types::Quantity(it.to_owned())));
    let is_told = |it: &&SlipFacts| {
        it.alike && matches!(it.kind, SlipKind::Unit | SlipKind::Amount) && it.edits.contains(edit)
    };
    let slip = evidence.slips.iter().find(is_told);
    let container = slip.and_then(|it| evidence.container(&it.container));
    let old = container.and_then(|it| {
        let given = it.given_requests.iter().find(|it| it.resource == resource.name());
        let given = given.filter(|it| it.default_of.is_some()).map(|it| &it.amount);
        resource.stated(it).0.or(given).and_then(|it| resource.value(it))
    });
    match (amount, old, largest) {
        (Some(amount), Some(old), Some(largest)) => {
            0 < amount && amount <= largest && largest < old
        }
        (_, _, _) => false,
    }
}
