//! How far a limit may be raised, once more: old < new <= 2 * old, the cap, the namespace and the nodes.

use remedy::World;
use serde_json::{Value, json};
use types::{ContainerFacts, ContainerRole, Evidence, ResourceRoom};

use super::past::proven_too_little;
use super::{Opinion, Rules, bytes, need, spec_of, text};

pub(super) fn raise_opinion(
    edit: &Value,
    (strategy, list, resource): (&str, &str, &str),
    (kind, container): (&str, &ContainerFacts),
    (rules, world): (&Rules, &World<'_>),
) -> Opinion {
    need(strategy == format!("raise_{resource}_limit"), "another resource")?;
    let (limit, request) = match resource {
        "memory" => (&container.memory_limit, &container.memory_request),
        _ => (&container.cpu_limit, &container.cpu_request),
    };
    let read = |it: &str| if resource == "memory" { bytes(it) } else { millis(it) };
    let limit = limit.as_ref().map(|it| it.0.clone());
    let owner = world.evidence.subject.kind.as_str();
    let mut seen =
        if list == "limits" { limit.clone() } else { request.as_ref().map(|it| it.0.clone()) };
    if kind == "Pod" && owner != "Pod" {
        seen = seen.or(limit.clone());
    }
    need(seen.is_some() && json!(seen) == edit["from"], "not what was seen")?;
    let old = seen.and_then(|it| read(&it)).unwrap_or(0);
    need(limit.and_then(|it| read(&it)) == Some(old), "not at the limit")?;
    let new = read(text(&edit["to"])).unwrap_or(0);
    let spec = spec_of(owner);
    let lists = if container.role == ContainerRole::App { "containers" } else { "initContainers" };
    let field = format!("{spec}/{lists}/{}/resources/{list}/{resource}", container.index);
    let known = proven_too_little(&field, resource, world).max(old);
    let highest = rules.highest(resource);
    need(old < new && new <= 2 * known && new <= highest, "raise bound")
}

/// Thousandths of a processor.
pub(super) fn millis(amount: &str) -> Option<u128> {
    match amount.strip_suffix('m') {
        Some(digits) => digits.parse().ok(),
        None => amount.parse::<u128>().ok()?.checked_mul(1000),
    }
}

/// Whether all that is raised still fits: what is not known fits nothing.
pub(super) fn room_opinion(
    edits: &[Value],
    kind: &str,
    strategy: &str,
    evidence: &Evidence,
) -> Opinion {
    let resource = match strategy {
        "raise_memory_limit" => "memory",
        "raise_cpu_limit" => "cpu",
        _ => return Ok(()),
    };
    let room = evidence.room.as_ref().ok_or("the namespace is not known")?;
    let nodes = evidence.nodes.as_ref().ok_or("the nodes are not known")?;
    let (room, largest) = match resource {
        "memory" => (&room.memory, nodes.largest_memory),
        _ => (&room.cpu, nodes.largest_cpu),
    };
    for (index, container) in evidence.containers.iter().enumerate() {
        let lists =
            if container.role == ContainerRole::App { "containers" } else { "initContainers" };
        let base = format!("{}/{lists}/{}/resources", spec_of(kind), container.index);
        let new = |list: &str| {
            let path = format!("{base}/{list}/{resource}");
            let edit = edits.iter().find(|it| text(&it["path"]) == path)?;
            read(resource, text(&edit["to"]))
        };
        if new("limits").is_none() && new("requests").is_none() {
            continue;
        }
        let (request, limit) = stated(container, resource);
        let stated_request = request.is_some();
        let (limit, request) = (limit.unwrap_or(0), request.or(limit).unwrap_or(0));
        let limit_after = new("limits").unwrap_or(limit);
        // A living pod has its request written down, and a template leaves it to the limit.
        let of_template = kind == evidence.subject.kind.as_str();
        let left_alone = if of_template && !stated_request { limit_after } else { request };
        let request_after = new("requests").unwrap_or(left_alone);
        let before = Amounts { limit, request };
        let after = Amounts { limit: limit_after, request: request_after };
        fits(&Fit { evidence, index, resource, room, largest }, &before, &after)?;
    }
    Ok(())
}

struct Amounts {
    limit: u128,
    request: u128,
}

struct Fit<'a> {
    evidence: &'a Evidence,
    /// Which container.
    index: usize,
    resource: &'a str,
    room: &'a ResourceRoom,
    largest: u64,
}

fn fits(fit: &Fit<'_>, before: &Amounts, after: &Amounts) -> Opinion {
    let Fit { evidence, index, resource, room, largest } = fit;
    let below = |amount: u128, bound: Option<u64>| bound.is_none_or(|it| amount <= u128::from(it));
    need(below(after.limit.max(after.request), Some(*largest)), "no such node")?;
    let guaranteed = |it: &Amounts| it.limit == it.request;
    need(guaranteed(before) == guaranteed(after), "quality of service")?;
    need(below(after.limit, room.container_max), "limit range of containers")?;
    let name = &evidence.containers[*index].name;
    let beside = evidence.containers.iter().filter(|it| it.name != *name);
    let beside = beside.filter(|it| it.role == ContainerRole::App || it.sidecar);
    let (mut limits, mut requests) = (0, 0);
    for it in beside {
        let (request, limit) = stated(it, resource);
        limits += limit.unwrap_or(0);
        requests += request.or(limit).unwrap_or(0);
    }
    need(below(limits + after.limit, room.pod_max), "limit range of pods")?;
    let ratio = room.ratio_thousandths.map_or(u128::MAX >> 64, u128::from);
    need(1000 * after.limit <= after.request * ratio, "ratio")?;
    let owner = evidence.subject.kind.as_str();
    let (pods, surge) = match owner {
        "Pod" => (1, 0),
        _ => (u128::from(evidence.workload.desired.max(1)), u128::from(evidence.workload.surge)),
    };
    let more = |old: u128, new: u128, beside: u128| {
        ((pods + surge) * new + surge * beside).saturating_sub(pods * old)
    };
    need(below(more(before.limit, after.limit, limits), room.limits_left), "quota of limits")?;
    let asks_more = before.request < after.request;
    let needed = if asks_more { more(before.request, after.request, requests) } else { 0 };
    need(below(needed, room.requests_left), "quota of requests")
}

/// Request and limit.
fn stated(container: &ContainerFacts, resource: &str) -> (Option<u128>, Option<u128>) {
    let (request, limit) = match resource {
        "memory" => (&container.memory_request, &container.memory_limit),
        _ => (&container.cpu_request, &container.cpu_limit),
    };
    let amount =
        |it: &Option<types::Quantity>| it.as_ref().map(|it| read(resource, &it.0).unwrap_or(0));
    (amount(request), amount(limit))
}

fn read(resource: &str, amount: &str) -> Option<u128> {
    if resource == "memory" { bytes(amount) } else { millis(amount) }
}
