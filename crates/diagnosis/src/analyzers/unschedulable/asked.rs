//! How much a pod asks for that no node has.

use types::{
    Clue, ContainerFacts, ContainerRole, DefaultOf, Evidence, GivenRequest, Quantity, SlipFacts,
    SlipKind,
};

use super::super::wording;

/// How many times more than the largest node has is no mere wish.
const FAR: u64 = 10;

/// How much of a resource the pod asks for, and how much nodes have, in brackets.
pub(super) fn asked(resource: &str, evidence: &Evidence) -> Option<String> {
    let shown = |it: u64| wording::amount(resource, it);
    let (wanted, room) = match (resource, &evidence.nodes) {
        ("cpu", Some(nodes)) => (
            amounts_of(evidence, "cpu", |it| {
                it.cpu_request.as_ref().or(it.cpu_limit.as_ref()).or_else(|| given(it, "cpu"))
            })?,
            (nodes.largest_cpu, nodes.free_cpu),
        ),
        ("memory", Some(nodes)) => {
            let wanted = amounts_of(evidence, "memory", |it| {
                let own = it.memory_request.as_ref().or(it.memory_limit.as_ref());
                own.or_else(|| given(it, "memory"))
            })?;
            (wanted / 1000, (nodes.largest_memory, nodes.free_memory))
        }
        _ => {
            let demand = wording::demanded(evidence, resource)?;
            return Some(format!(" (it asks for {})", demand.value));
        }
    };
    let (largest, free) = room;
    let source = source(resource, evidence).unwrap_or_default();
    if largest < wanted {
        let meant = unit(resource, evidence).or_else(|| thousandths(resource, largest, evidence));
        return Some(format!(
            " (it asks for {}{source}; the largest node has {}{})",
            shown(wanted),
            shown(largest),
            meant.unwrap_or_default()
        ));
    }
    // What is left by our count may be less on the node that would suit it.
    let is_short = free < wanted;
    let left = is_short.then(|| format!("; the most that a node has left is {}", shown(free)));
    Some(format!(" (it asks for {}{source}{})", shown(wanted), left.unwrap_or_default()))
}

/// What the pod of a container was given to ask for.
fn given<'a>(container: &'a ContainerFacts, resource: &str) -> Option<&'a Quantity> {
    container.given_requests.iter().find(|it| it.resource == resource).map(|it| &it.amount)
}

/// Where the amount comes from that no template states, with the container that was given it.
fn given_by<'a>(
    resource: &str,
    evidence: &'a Evidence,
) -> impl Iterator<Item = (&'a GivenRequest, &'a DefaultOf)> {
    let given = evidence.containers.iter().flat_map(|it| &it.given_requests);
    let given: Vec<_> = given.filter(|it| it.resource == resource).collect();
    given.into_iter().filter_map(|it| Some((it, it.default_of.as_ref()?)))
}

/// The limit range whose default is asked for, as a part of the sentence.
fn source(resource: &str, evidence: &Evidence) -> Option<String> {
    let (_, range) = given_by(resource, evidence).next()?;
    let field = if range.path.contains("/defaultRequest/") { "default request" } else { "default" };
    Some(format!(
        ", the {field} of limit range {}, since its template asks for none",
        range.limit_range
    ))
}

/// What the pod asks for in thousandths: what it states as a whole, or the sum of its containers.
fn amounts_of(
    evidence: &Evidence,
    resource: &str,
    of: fn(&ContainerFacts) -> Option<&Quantity>,
) -> Option<u64> {
    if let Some(whole) = wording::demanded(evidence, resource) {
        return Quantity(whole.value.clone()).milli_units();
    }
    let amount = |it: &ContainerFacts| of(it).and_then(Quantity::milli_units).unwrap_or(0);
    let lasting = |it: &&ContainerFacts| it.role == ContainerRole::App || it.sidecar;
    let sum = evidence.containers.iter().filter(lasting).map(amount).fold(0, u64::saturating_add);
    let first = evidence.containers.iter().filter(|it| !lasting(it)).map(amount).max();
    Some(sum.max(first.unwrap_or(0))).filter(|it| 0 < *it)
}

/// The amount in another unit that may have been meant.
fn unit(resource: &str, evidence: &Evidence) -> Option<String> {
    let ending = format!("/{resource}");
    let is_it = |it: &&SlipFacts| it.kind == SlipKind::Unit && it.path.ends_with(&ending);
    let slip = evidence.slips.iter().find(is_it)?;
    let meant = slip.edits.first()?.to.as_ref()?.as_str()?;
    (resource != "cpu").then(|| format!("; {meant} may have been meant"))
}

/// The container that asks for most of this resource: its request, or the limit that counts as one where there is none
/// (<https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/>).
pub(super) fn largest(resource: &str, evidence: &Evidence) -> Option<Clue> {
    let amounts = |it: &ContainerFacts| {
        let both = match resource {
            "memory" => [(&it.memory_request, "requests"), (&it.memory_limit, "limits")],
            _ => [(&it.cpu_request, "requests"), (&it.cpu_limit, "limits")],
        };
        both.into_iter().find_map(|it| Some((it.0.clone()?, it.1)))
    };
    let asking = evidence.containers.iter().filter_map(|it| Some((it, amounts(it)?)));
    let own = asking.max_by_key(|it| it.1.0.thousandths());
    let of_range = given_by(resource, evidence).max_by_key(|it| it.0.amount.thousandths());
    if let Some((given, range)) = of_range
        && own.as_ref().is_none_or(|it| it.1.0.thousandths() < given.amount.thousandths())
    {
        let space = &evidence.subject.namespace;
        let fact = format!("LimitRange {space}/{} {}", range.limit_range, range.path);
        return Some(Clue::new(fact, &given.amount));
    }
    let (container, (amount, list)) = own?;
    Some(Clue::new(wording::resource_path(evidence, container, list, resource)?, &amount))
}

/// That whole cores were asked for where thousandths may have been meant: `500` is five hundred cores.
fn thousandths(resource: &str, largest: u64, evidence: &Evidence) -> Option<String> {
    let requests = evidence
        .containers
        .iter()
        .filter_map(|it| it.cpu_request.as_ref().or_else(|| given(it, "cpu")));
    let cores = requests.filter_map(|it| it.0.parse::<u64>().ok());
    let cores = cores.max().filter(|_| resource == "cpu")?;
    // As thousandths it would be no more than a node has, and as cores it is far more.
    let is_far = largest.saturating_mul(FAR) <= cores.saturating_mul(1000);
    (is_far && cores <= largest)
        .then(|| format!("; {cores} is {cores} whole cores, and {cores}m may have been meant"))
}
