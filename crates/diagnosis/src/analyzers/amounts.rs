//! What a quota or a limit range says when it refuses a pod: how much was asked for, and what is allowed.

use types::{Clue, ContainerFacts, Evidence};

use super::wording;
use crate::refusal::{Excess, OutOfRange, unstated};

/// What a refusal means, and the field that has to change where that is one of the template's.
pub(super) type Meaning = (String, Option<Clue>);

/// What the refusal means, where it is about amounts.
pub(super) fn meaning(evidence: &Evidence, message: &str) -> Option<Meaning> {
    of_quota(evidence, message)
        .or_else(|| of_unstated(evidence, message))
        .or_else(|| of_limit_range(evidence, message))
}

/// A quota has too little left, or never would have enough.
fn of_quota(evidence: &Evidence, message: &str) -> Option<Meaning> {
    let amount = |it: &str| types::Quantity(it.to_owned()).thousandths().unwrap_or(0);
    let all = Excess::read(message);
    let too_large = all.iter().find(|it| amount(it.limited) < amount(it.requested));
    if let Some(it) = too_large {
        let meaning = format!(
            "one asks for {} {}, and quota {} allows {} in all",
            it.requested, it.resource, it.quota, it.limited
        );
        return Some((meaning, of_container(evidence, it.resource, it.requested)));
    }
    let it = all.iter().find(|it| amount(it.limited) < amount(it.used) + amount(it.requested));
    let it = it.or(all.first())?;
    let meaning = format!(
        "quota {} has no room for {} more {}: {} of {} are used",
        it.quota, it.requested, it.resource, it.used, it.limited
    );
    Some((meaning, None))
}

/// The container that asks for exactly this much of `requests.memory`.
fn of_container(evidence: &Evidence, resource: &str, amount: &str) -> Option<Clue> {
    let (list, resource) = resource.split_once('.').unwrap_or(("requests", resource));
    let container = evidence.containers.iter().find(|it| has(it, list, resource, amount))?;
    let path = wording::resource_path(evidence, container, list, resource)?;
    Some(Clue::new(path, amount))
}

/// A quota wants stated what the pod does not state.
fn of_unstated(evidence: &Evidence, message: &str) -> Option<Meaning> {
    let (quota, resource, name) = unstated(message)?;
    let (list, short) = resource.split_once('.').unwrap_or(("requests", resource));
    let container = evidence.container(name);
    let path = container.and_then(|it| wording::resource_path(evidence, it, list, short));
    let meaning =
        format!("quota {quota} wants {resource} stated, and container {name} states none");
    Some((meaning, path.map(|it| Clue::new(it, "none"))))
}

/// A limit range does not allow what a container has.
fn of_limit_range(evidence: &Evidence, message: &str) -> Option<Meaning> {
    let it = OutOfRange::read(message)?;
    let container = evidence.containers.iter().find(|container| match it.bound {
        "ratio" => exceeds(container, it.resource, it.allowed),
        _ => has(container, it.list(), it.resource, it.amount()),
    });
    let who = container.map(|it| format!(" of container {}", it.name)).unwrap_or_default();
    let (what, amount) = it.given.split_once(" is ").unwrap_or((it.given, ""));
    let given =
        if amount.is_empty() { what.to_owned() } else { format!("{what}{who} is {amount}") };
    let allowed = match it.bound {
        "ratio" => format!("a {} limit of {} times the request", it.resource, it.allowed),
        "minimum" => format!("no less than {} {}", it.allowed, it.resource),
        _ => format!("no more than {} {}", it.allowed, it.resource),
    };
    let meaning = format!("a limit range allows {allowed} per {}, and the {given}", it.per);
    let clue = container.and_then(|of| {
        let path = wording::resource_path(evidence, of, it.list(), it.resource)?;
        Some(Clue::new(path, self::amount(of, it.list(), it.resource)?))
    });
    Some((meaning, clue))
}

/// Whether a container has exactly this amount in this list of its resources.
fn has(container: &ContainerFacts, list: &str, resource: &str, wanted: &str) -> bool {
    let amount = amount(container, list, resource).and_then(types::Quantity::thousandths);
    amount.is_some() && amount == types::Quantity(wanted.to_owned()).thousandths()
}

/// Whether a container's limit is more than so many times its request.
fn exceeds(container: &ContainerFacts, resource: &str, ratio: &str) -> bool {
    let of = |list| amount(container, list, resource).and_then(types::Quantity::thousandths);
    let ratio = types::Quantity(ratio.to_owned()).thousandths();
    let product = of("requests").zip(ratio).and_then(|it| it.0.checked_mul(it.1));
    product.zip(of("limits")).is_some_and(|(most, limit)| most < limit.saturating_mul(1000))
}

fn amount<'c>(
    container: &'c ContainerFacts,
    list: &str,
    resource: &str,
) -> Option<&'c types::Quantity> {
    match (list, resource) {
        ("limits", "memory") => container.memory_limit.as_ref(),
        ("requests", "memory") => container.memory_request.as_ref(),
        ("limits", "cpu") => container.cpu_limit.as_ref(),
        ("requests", "cpu") => container.cpu_request.as_ref(),
        _ => None,
    }
}
