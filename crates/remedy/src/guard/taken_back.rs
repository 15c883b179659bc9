//! What the admission policy of whoever writes it lets nobody take back: a person is asked first.

use serde_json::Value;
use types::{Action, Edit, FixPlan, Quantity, Strategy};

use super::fields::text;
use crate::amount::Resource;
use crate::{Policy, place};

/// Why this plan could not be taken back. Of a rollback the amounts alone are asked: its rights are told with its risk.
pub(super) fn is_for_good(
    plan: &FixPlan,
    policy: &Policy,
    evidence: &types::Evidence,
) -> Option<&'static str> {
    let edits = plan.steps.iter().filter_map(|it| match &it.action {
        Action::Edit(edits) => Some(edits),
        Action::Evict | Action::Restart => None,
    });
    let mut edits = edits.flatten();
    if plan.strategy == Strategy::RollBack {
        let why = "a limit of now is above the cap of the policy, and could not be put back";
        return edits.any(|it| lowers_from_above(it, policy)).then_some(why);
    }
    edits.find_map(|it| {
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
        let amount =
            |it: Option<&Value>| resource.value(&Quantity(text(it).unwrap_or_default().to_owned()));
        let (from, to) = (amount(edit.from.as_ref())?, amount(edit.to.as_ref())?);
        let is_above =
            resource.value(cap)? < from && to.saturating_mul(resource.most_times()) < from;
        Some(has_no_limit && is_above)
    };
    let caps = [(Resource::Memory, &policy.caps.memory), (Resource::Cpu, &policy.caps.cpu)];
    caps.into_iter().any(|it| of(it).unwrap_or(false))
}

/// Whether it lowers or drops a limit that is above the cap: the undo would raise it above.
fn lowers_from_above(edit: &Edit, policy: &Policy) -> bool {
    let names: Vec<String> = edit.path.names().collect();
    let of = |it: &Option<Value>| it.as_ref().map(|it| limits(&names, it)).unwrap_or_default();
    let (before, after) = (of(&edit.from), of(&edit.to));
    before.iter().filter(|it| !after.contains(it)).any(|(_, resource, amount)| {
        let cap = match resource {
            Resource::Memory => &policy.caps.memory,
            Resource::Cpu => &policy.caps.cpu,
        };
        let (amount, cap) = (resource.value(&Quantity(amount.clone())), resource.value(cap));
        // What cannot be read may be any amount.
        amount.is_none_or(|amount| cap.is_none_or(|cap| cap < amount))
    })
}

/// The limits in a value at this place, each with its container: by its name in a list, else by its place.
fn limits(names: &[String], value: &Value) -> Vec<(String, Resource, String)> {
    if let [.., list, container, resources, limits, name] = names
        && list.ends_with("ontainers")
        && (resources.as_str(), limits.as_str()) == ("resources", "limits")
    {
        let amount = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        return Resource::named(name)
            .map(|it| (container.clone(), it, amount))
            .into_iter()
            .collect();
    }
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, it)| (name.clone(), it)).collect(),
        Value::Array(items) => {
            let name = |it: &Value| it.get("name").and_then(Value::as_str).map(ToOwned::to_owned);
            let named = |(index, it): (usize, _)| (name(it).unwrap_or(index.to_string()), it);
            items.iter().enumerate().map(named).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![],
    };
    let below = |(name, it): (String, _)| limits(&[names, &[name]].concat(), it);
    members.into_iter().flat_map(below).collect()
}
