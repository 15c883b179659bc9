//! Amounts that a namespace demands of its containers.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Container, LimitRange, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use serde_json::Value;
use types::{Edit, Quantity, SlipKind};

use super::Slip;
use super::unit::{FAR, all, smaller, value, words};
use crate::evidence::failing::Failing;
use crate::evidence::images::repository;
use crate::evidence::room;

/// Where amounts stand.
pub(super) const LISTS: [&str; 2] = ["requests", "limits"];

/// The least that a limit range allows is more than the container states.
pub(super) fn too_small(failing: &Failing<'_>) -> Option<Slip> {
    let own = failing.container.resources.as_ref();
    let mut least: BTreeMap<&str, (&str, &Amount)> = BTreeMap::new();
    for range in failing.objects.limit_ranges.iter().flatten() {
        let name = range.metadata.name.as_deref().unwrap_or_default();
        let items =
            range.spec.iter().flat_map(|it| &it.limits).filter(|it| it.type_ == "Container");
        for (resource, amount) in items.flat_map(|it| it.min.iter().flatten()) {
            let known = least.entry(resource.as_str()).or_insert((name, amount));
            if thousandths(&known.1.0) < thousandths(&amount.0) {
                *known = (name, amount);
            }
        }
    }
    let mut said = None;
    let mut edits = vec![];
    for (resource, (range, amount)) in least {
        for list in LISTS.into_iter().filter(|it| is_less(own, (it, resource), amount)) {
            said.get_or_insert_with(|| {
                format!("Limit range {range} allows no less than {} of {resource}.", amount.0)
            });
            edits.push(Edit {
                path: failing.path.child("resources").child(list).child(resource),
                from: stated(own, (list, resource)).map(|it| Value::from(it.0.as_str())),
                to: Some(Value::from(amount.0.as_str())),
            });
        }
    }
    said.map(|shown_by| Slip { kind: SlipKind::Amount, shown_by, edits })
}

/// The container asks for more than the limit that a limit range gives it for want of one of its own.
pub(super) fn over_a_default(failing: &Failing<'_>) -> Option<Slip> {
    let own = failing.container.resources.as_ref();
    let is_said = refusals(failing).iter().any(|it| it.contains("must be less than or equal to"));
    let ranges = || failing.objects.limit_ranges.iter().flatten();
    let items = |range: &LimitRange| {
        let all = range.spec.iter().flat_map(|it| &it.limits);
        all.filter(|it| it.type_ == "Container").cloned().collect::<Vec<_>>()
    };
    let mut said = None;
    let mut edits = vec![];
    for resource in ["memory", "cpu"].into_iter().filter(|_| is_said) {
        let Some(asked) = stated(own, ("requests", resource)) else { continue };
        let is_over = |it: &Amount| thousandths(&it.0) < thousandths(&asked.0);
        let is_allowed = ranges().flat_map(items).all(|it| {
            let most = it.max.as_ref().and_then(|it| it.get(resource));
            !most.is_some_and(is_over)
        });
        let given = ranges().find_map(|range| {
            let items = items(range);
            let default = items.iter().find_map(|it| it.default.as_ref()?.get(resource));
            Some((range.metadata.name.clone()?, default?.clone()))
        });
        let given = given.filter(|it| is_over(&it.1) && is_allowed);
        let Some((range, default)) = given.filter(|_| stated(own, ("limits", resource)).is_none())
        else {
            continue;
        };
        said.get_or_insert_with(|| {
            let default = &default.0;
            format!(
                "Limit range {range} gives it a limit of {default} of {resource}, and it asks for {}.",
                asked.0
            )
        });
        edits.push(Edit {
            path: failing.path.child("resources").child("limits").child(resource),
            from: None,
            to: Some(Value::from(asked.0.as_str())),
        });
    }
    said.map(|shown_by| Slip { kind: SlipKind::Amount, shown_by, edits })
}

/// What a limit range gives the container to ask for, for want of a request of its own, is more than any node has:
/// what others of the same image ask for, or the same number in the next smaller unit where it is so far off that
/// it cannot be meant.
pub(super) fn given_too_much(failing: &Failing<'_>) -> Option<Slip> {
    failing.facts.given_requests.iter().find_map(|given| {
        let (resource, amount) = (given.resource.as_str(), given.amount.0.as_str());
        let range = &given.default_of.as_ref()?.limit_range;
        let (largest, much) = (room::largest(failing.objects, resource)?, value(resource, amount)?);
        let fits = |it: &String| value(resource, it).is_some_and(|it| it <= largest);
        let alike = known(failing, &failing.facts.image, &[("requests", resource)])
            .and_then(|(who, amounts)| Some((who, amounts.into_iter().next().filter(fits)?)));
        let alike = alike.map(|(who, meant)| {
            (format!("{who} runs the same image and asks for {meant}"), meant)
        });
        let of_unit = || {
            let is_far = largest.saturating_mul(FAR) <= much;
            let meant = smaller(resource, amount).filter(fits).filter(|_| is_far)?;
            Some((format!("{meant} may have been meant there"), meant))
        };
        let (said, meant) = alike.or_else(of_unit)?;
        let edit = Edit {
            path: failing.path.child("resources").child("requests").child(resource),
            from: None,
            to: Some(Value::from(meant)),
        };
        let shown_by = format!(
            "Limit range {range} gives it {amount} of {resource} to ask for, which no node has; {said}."
        );
        (largest < much).then_some(Slip { kind: SlipKind::Amount, shown_by, edits: vec![edit] })
    })
}

/// The container was killed within the limit of its pod as a whole, and has none of its own: twice as much for all.
pub(super) fn of_the_pod(failing: &Failing<'_>) -> Option<Slip> {
    let is_killed = failing.facts.state.last_exit.as_deref() == Some("OOMKilled");
    let has_own =
        failing.facts.memory_limit.is_some() || failing.facts.given_memory_limit.is_some();
    let root = &failing.objects.root;
    let limits = root.pod_spec()?.resources.as_ref()?.limits.as_ref()?;
    let limit = &limits.get("memory").filter(|_| is_killed && !has_own)?.0;
    let unit = limit.trim_start_matches(|it: char| it.is_ascii_digit());
    let number: u64 = limit.strip_suffix(unit)?.parse().ok()?;
    let twice = format!("{}{unit}", number.checked_mul(2)?);
    let bytes = Quantity(twice.clone()).units()?;
    let largest = room::largest(failing.objects, "memory").unwrap_or(u64::MAX);
    let path = root.kind().pod_spec_path()?.child("resources").child("limits").child("memory");
    let shown_by = format!(
        "All containers of the pod together may have {limit}, and it was killed within that."
    );
    let edit = Edit { path, from: Some(Value::from(limit.as_str())), to: Some(Value::from(twice)) };
    (bytes <= largest).then(|| Slip { kind: SlipKind::Amount, shown_by, edits: vec![edit] })
}

/// What the API server said when it refused a pod, the newest first.
pub(super) fn refusals<'o>(failing: &Failing<'o>) -> Vec<&'o str> {
    let objects = failing.objects;
    let mut events: Vec<_> =
        objects.events.iter().filter(|it| it.reason.as_deref() == Some("FailedCreate")).collect();
    events.sort_by_key(|it| std::cmp::Reverse(it.last_timestamp.as_ref().map(|it| it.0)));
    let told = events.into_iter().filter_map(|it| it.message.as_deref());
    let sets = objects.replica_sets.iter().filter_map(|it| it.status.as_ref());
    let conditions = sets.flat_map(|it| it.conditions.iter().flatten());
    told.chain(conditions.filter_map(|it| it.message.as_deref())).collect()
}

/// The amounts on which all containers of the same image agree, and who has them; of the same repository where the
/// image itself is nowhere else.
pub(super) fn known(
    failing: &Failing<'_>,
    own: &str,
    places: &[(&str, &str)],
) -> Option<(String, Vec<String>)> {
    let same = |it: &str| it == own;
    let alike = |it: &str| repository(it) == repository(own);
    let of = |is_like: &dyn Fn(&str) -> bool| {
        let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
        let mut first = None;
        for root in &failing.objects.workloads {
            let containers = root.pod_spec().into_iter().flat_map(all);
            for it in containers.filter(|it| it.image.as_deref().is_some_and(is_like)) {
                let Some(amounts) = amounts(it, places) else { continue };
                found.insert(amounts);
                first.get_or_insert_with(|| words(root));
            }
        }
        (first, found)
    };
    let (first, mut found) =
        Some(of(&same)).filter(|it| !it.1.is_empty()).unwrap_or_else(|| of(&alike));
    let amounts = found.pop_first().filter(|_| found.is_empty())?;
    Some((first?, amounts))
}

/// What a container states in these places; `None` where it lacks one. What is limited and not requested is
/// requested whole.
pub(super) fn amounts(container: &Container, places: &[(&str, &str)]) -> Option<Vec<String>> {
    let own = container.resources.as_ref();
    let of = |it: &(&str, &str)| stated(own, *it).or_else(|| stated(own, ("limits", it.1)));
    places.iter().map(|it| of(it).map(|it| it.0.clone())).collect()
}

fn is_less(own: Option<&ResourceRequirements>, place: (&str, &str), least: &Amount) -> bool {
    let amount = stated(own, place).and_then(|it| thousandths(&it.0));
    amount.is_some_and(|it| Some(it) < thousandths(&least.0))
}

/// What a container states in this place.
pub(super) fn stated<'r>(
    own: Option<&'r ResourceRequirements>,
    place: (&str, &str),
) -> Option<&'r Amount> {
    let own = own?;
    let list = if place.0 == "limits" { &own.limits } else { &own.requests };
    list.as_ref()?.get(place.1)
}

/// In thousandths of the unit.
pub(super) fn thousandths(amount: &str) -> Option<u64> {
    Quantity(amount.to_owned()).milli_units()
}
