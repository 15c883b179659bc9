//! What the admission policy of whoever writes it lets nobody take back: a person is asked first.

use types::{Action, Edit, FixPlan, Quantity, Strategy};

use super::fields::text;
use crate::amount::Resource;
use crate::{Policy, place};

/// Why this plan could not be taken back; nothing is known against a rollback.
pub(super) fn is_for_good(
    plan: &FixPlan,
    policy: &Policy,
    evidence: &types::Evidence,
) -> Option<&'static str> {
    if plan.strategy == Strategy::RollBack {
        return None;
    }
    let edits = plan.steps.iter().filter_map(|it| match &it.action {
        Action::Edit(edits) => Some(edits),
        Action::Evict | Action::Restart => None,
    });
    edits.flatten().find_map(|it| {
        if adds_a_limit(it) {
            Some("the template has no limit, and whoever writes one may take none away again")
        } else if is_too_much_again(it, policy, evidence) {
            Some("the request of before is above the cap of the policy, and could not be put back")
        } else {
            None
        }
    })
}

/// Whether it sets a limit where there was none: its undo takes one away.
fn adds_a_limit(edit: &Edit) -> bool {
    edit.from.is_none() && edit.path.as_str().contains("/resources/limits/")
}

/// Whether it lowers a request so far that the way back is more than a write may raise one: above the cap, without a
/// limit that would bound it.
fn is_too_much_again(edit: &Edit, policy: &Policy, evidence: &types::Evidence) -> bool {
    let kind = evidence.subject.kind;
    let of = |(resource, cap): (Resource, &Quantity)| {
        let has_no_limit = evidence.containers.iter().any(|it| {
            let requests = place::container_path(kind, it)
                .map(|it| it.child("resources").child("requests").child(resource.name()));
            requests.as_ref() == Some(&edit.path) && resource.stated(it).1.is_none()
        });
        let amount = |it: Option<&serde_json::Value>| {
            resource.value(&Quantity(text(it).unwrap_or_default().to_owned()))
        };
        let (from, to) = (amount(edit.from.as_ref())?, amount(edit.to.as_ref())?);
        let is_above =
            resource.value(cap)? < from && to.saturating_mul(resource.most_times()) < from;
        Some(has_no_limit && is_above)
    };
    let caps = [(Resource::Memory, &policy.caps.memory), (Resource::Cpu, &policy.caps.cpu)];
    caps.into_iter().any(|it| of(it).unwrap_or(false))
}
