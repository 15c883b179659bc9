//! What a quota or a limit range says when it refuses a pod: how much was asked for, and what is allowed.

use types::{Clue, ContainerFacts, ContainerRole, Evidence, Kind, LeftoverFacts};

use super::wording;
use crate::refusal::{Excess, OutOfRange, unstated};

/// Containers whose amounts are told.
const MAX_SHOWN: usize = 5;

/// What a refusal means, and the fields that may have to change where they are the template's.
pub(super) type Meaning = (String, Vec<Clue>);

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
        let clue = of_container(evidence, it.resource, it.requested);
        return Some((meaning, clue.into_iter().collect()));
    }
    let it = all.iter().find(|it| amount(it.limited) < amount(it.used) + amount(it.requested));
    let it = it.or(all.first())?;
    let meaning = format!(
        "quota {} has no room for {} more {}: {} of {} are used",
        it.quota, it.requested, it.resource, it.used, it.limited
    );
    Some((meaning + &leftovers(evidence, it.resource), vec![]))
}

/// Who takes the room and does nothing: pods that are over and were replaced, or jobs that are over.
fn leftovers(evidence: &Evidence, resource: &str) -> String {
    let (kind, plural) = match resource {
        "count/pods" => (Kind::Pod, "pods"),
        "count/jobs.batch" => (Kind::Job, "jobs"),
        _ => return String::new(),
    };
    let all: Vec<_> = evidence.leftovers.iter().filter(|it| it.kind == kind).collect();
    if all.is_empty() {
        return String::new();
    }
    let told = |it: &&LeftoverFacts| {
        let owner = if kind == Kind::Pod { format!(" of {}", it.owner) } else { String::new() };
        format!("{} ({}){owner}", it.name, it.reason)
    };
    let shown = all.iter().take(MAX_SHOWN).map(told).collect::<Vec<_>>().join(", ");
    let more = all.len().saturating_sub(MAX_SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("; among those are {plural} that are over: {shown}{more}")
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
    Some((meaning, path.map(|it| Clue::new(it, "none")).into_iter().collect()))
}

/// A limit range does not allow what a container has.
fn of_limit_range(evidence: &Evidence, message: &str) -> Option<Meaning> {
    let it = OutOfRange::read(message)?;
    if it.per == "Pod" && it.bound != "ratio" {
        return Some(of_pod(evidence, &it));
    }
    let container = evidence.containers.iter().find(|container| match it.bound {
        _ if it.is_unstated() => amount(container, it.list(), it.resource).is_none(),
        "ratio" => exceeds(container, it.resource, it.allowed),
        _ => has(container, it.list(), it.resource, it.amount()),
    });
    let who = container.map(|it| format!(" of container {}", it.name)).unwrap_or_default();
    let (what, amount) = it.given.split_once(" is ").unwrap_or((it.given, ""));
    let given = match container {
        _ if amount.is_empty() => what.to_owned(),
        Some(it_of) if it.is_unstated() => {
            format!("{what} of container {} is not stated", it_of.name)
        }
        Some(_) | None if it.is_unstated() => format!("{what} is not stated"),
        Some(_) | None => format!("{what}{who} is {amount}"),
    };
    let allowed = match it.bound {
        "ratio" => format!("a {} limit of {} times the request", it.resource, it.allowed),
        "minimum" => format!("no less than {} {}", it.allowed, it.resource),
        _ => format!("no more than {} {}", it.allowed, it.resource),
    };
    let meaning = format!("a limit range allows {allowed} per {}, and the {given}", it.per);
    let clue = container.and_then(|of| {
        let path = wording::resource_path(evidence, of, it.list(), it.resource)?;
        let amount = self::amount(of, it.list(), it.resource).map(ToString::to_string);
        Some(Clue::new(path, &amount.unwrap_or_else(|| "none".to_owned())))
    });
    Some((meaning, clue.into_iter().collect()))
}

/// A limit range does not allow what the containers of a pod have together; the largest, or those without any, first.
fn of_pod(evidence: &Evidence, it: &OutOfRange<'_>) -> Meaning {
    let all = evidence.containers.iter().filter(|it| it.role == ContainerRole::App || it.sidecar);
    let list = it.list();
    let of = |container| amount(container, list, it.resource);
    let mut all: Vec<_> = all.map(|container| (container, of(container))).collect();
    let size = |it: Option<&types::Quantity>| it.and_then(types::Quantity::thousandths);
    if it.is_unstated() {
        all.retain(|it| it.1.is_none());
    } else {
        all.retain(|it| it.1.is_some());
        all.sort_by_key(|it| std::cmp::Reverse(size(it.1)));
    }
    all.truncate(MAX_SHOWN);
    let shown: Vec<_> = all
        .iter()
        .map(|it| format!("{} {}", it.0.name, it.1.map_or("none".to_owned(), ToString::to_string)))
        .collect();
    let of_each = if shown.is_empty() { String::new() } else { format!(" ({})", shown.join(", ")) };
    let most = if it.bound == "minimum" { "no less than" } else { "no more than" };
    let given = if it.is_unstated() {
        format!("not every container states a {}", it.given_what())
    } else {
        format!("the {} of all containers together is {}", it.given_what(), it.amount())
    };
    let meaning = format!(
        "a limit range allows {most} {} {} per Pod, and {given}{of_each}",
        it.allowed, it.resource
    );
    let clues = all.into_iter().filter_map(|(container, amount)| {
        let path = wording::resource_path(evidence, container, list, it.resource)?;
        Some(Clue::new(path, &amount.map_or("none".to_owned(), ToString::to_string)))
    });
    (meaning, clues.collect())
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
