//! Resource quotas: how much there may be in a namespace.

use std::collections::BTreeMap;

use serde_json::Value;

use super::List;
use crate::json::{at, entries, list, text};
use crate::quantity::Quantity;
use crate::resources::Resource;
use crate::status::StatusError;

/// Amounts by the name that a quota has for them.
type Amounts = BTreeMap<String, Quantity>;

/// Refuses an object that would exceed a quota of its namespace.
pub(super) fn check(all: List<'_>, resource: &Resource, object: &Value) -> Result<(), StatusError> {
    let namespace = text(object, "metadata.namespace");
    let asked = charge(resource, object);
    for quota in all("resourcequotas", namespace) {
        let hard: Amounts = entries(&quota, "spec.hard")
            .filter_map(|(name, value)| Some((name.clone(), Quantity::read(value.as_str()?)?)))
            .collect();
        let present = all(resource.plural, namespace);
        let used = sum(present.iter().map(|it| charge(resource, it)));
        let Some(why) = refusal(resource, &asked, &used, &hard) else { continue };
        let (name, quota) = (text(object, "metadata.name"), text(&quota, "metadata.name"));
        let why = why.replace("{quota}", quota);
        return Err(StatusError::forbidden(&resource.qualified(), name, &why));
    }
    Ok(())
}

/// Why a quota, which is called `{quota}` here, does not allow it.
fn refusal(resource: &Resource, asked: &Amounts, used: &Amounts, hard: &Amounts) -> Option<String> {
    let missing: Vec<_> = hard
        .keys()
        .filter(|it| resource.plural == "pods" && is_compute(it) && !asked.contains_key(*it))
        .cloned()
        .collect();
    if !missing.is_empty() {
        return Some(format!("failed quota: {{quota}}: must specify {}", missing.join(",")));
    }
    let of = |amounts: &Amounts, name: &str| amounts.get(name).copied().unwrap_or(Quantity::ZERO);
    let over: Vec<&String> = asked
        .iter()
        .filter(|(name, amount)| {
            hard.get(*name).is_some_and(|limit| *limit < of(used, name).plus(**amount))
        })
        .map(|(name, _)| name)
        .collect();
    let shown = |amounts: &Amounts| {
        let parts = over.iter().map(|name| format!("{name}={}", of(amounts, name).write()));
        parts.collect::<Vec<_>>().join(",")
    };
    (!over.is_empty()).then(|| {
        format!(
            "exceeded quota: {{quota}}, requested: {}, used: {}, limited: {}",
            shown(asked),
            shown(used),
            shown(hard)
        )
    })
}

/// Whether a pod has to say how much of it it wants.
fn is_compute(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with("requests.") || name.starts_with("limits.")
}

fn sum(all: impl Iterator<Item = Amounts>) -> Amounts {
    let mut total = Amounts::new();
    for (name, amount) in all.flatten() {
        let before = total.get(&name).copied().unwrap_or(Quantity::ZERO);
        total.insert(name, before.plus(amount));
    }
    total
}

/// What an object takes from a quota.
fn charge(resource: &Resource, object: &Value) -> Amounts {
    let mut amounts = Amounts::new();
    if matches!(text(object, "status.phase"), "Succeeded" | "Failed") {
        return amounts;
    }
    let Some(one) = Quantity::read("1") else { return amounts };
    amounts.insert(resource.plural.to_owned(), one);
    amounts.insert(format!("count/{}", resource.qualified()), one);
    if resource.plural != "pods" {
        return amounts;
    }
    let asked = list(object, "spec.containers").iter().flat_map(|container| {
        let of = move |kind: &'static str| {
            entries(at(container, "resources"), kind).map(move |(name, value)| (kind, name, value))
        };
        of("requests").chain(of("limits"))
    });
    for (kind, name, value) in asked {
        let Some(amount) = value.as_str().and_then(Quantity::read) else { continue };
        add(&mut amounts, format!("{kind}.{name}"), amount);
        if kind == "requests" {
            add(&mut amounts, name.clone(), amount);
        }
    }
    amounts
}

fn add(amounts: &mut Amounts, name: String, amount: Quantity) {
    let before = amounts.get(&name).copied().unwrap_or(Quantity::ZERO);
    amounts.insert(name, before.plus(amount));
}
