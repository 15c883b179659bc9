//! Whether there is room for a higher limit: in the namespace, on a node, and within the pod's quality of service.

use types::{ContainerFacts, ContainerRole, Evidence, Kind, NodeFacts, ResourceRoom};

use crate::amount::Resource;

/// A container with another limit, and the request that it has then.
pub(crate) struct Raise<'a> {
    pub(crate) container: &'a ContainerFacts,
    pub(crate) resource: Resource,
    pub(crate) limit: u64,
    pub(crate) request: u64,
}

/// Whether there is room for it; else the bound that it breaks. What is not known leaves no room.
pub(crate) fn room_for(raise: &Raise<'_>, evidence: &Evidence) -> Result<(), &'static str> {
    let largest = largest_node(raise.resource, evidence).ok_or("what a node has is not known")?;
    let room = room(raise.resource, evidence).ok_or("what the namespace allows is not known")?;
    let (old_request, old_limit) = amounts(raise.resource, raise.container);
    let within = |bound: Option<u64>, amount: u64| bound.is_none_or(|it| amount <= it);
    let pod_limit = others(raise, evidence, Of::Limits).saturating_add(raise.limit);
    let is_steep = room
        .ratio_thousandths
        .is_some_and(|it| raise.request.saturating_mul(it) < raise.limit.saturating_mul(1000));
    if largest < raise.limit || largest < raise.request {
        Err("no node has as much")
    } else if (old_request == old_limit) != (raise.request == raise.limit) {
        Err("the pod would get another quality of service")
    } else if !within(room.container_max, raise.limit)
        || !within(room.pod_max, pod_limit)
        || is_steep
    {
        Err("a limit range of the namespace allows less")
    } else if !within(room.limits_left, needed(raise, evidence, Of::Limits))
        || !within(room.requests_left, needed(raise, evidence, Of::Requests))
    {
        Err("a quota of the namespace has less left")
    } else {
        Ok(())
    }
}

/// The most that the limit of this container may be, by every bound that has an amount; `None` where one is not known.
pub(crate) fn most(
    resource: Resource,
    container: &ContainerFacts,
    evidence: &Evidence,
) -> Option<u64> {
    let room = room(resource, evidence)?;
    let (request, limit) = amounts(resource, container);
    let raise = Raise { container, resource, limit, request };
    let of_quota = |left: Option<u64>, of: Of, old: u64| {
        let Pods { there, new } = pods(evidence);
        let all = left?.saturating_add(there.saturating_mul(old));
        let beside = new.saturating_sub(there).saturating_mul(others(&raise, evidence, of));
        Some(all.saturating_sub(beside) / new.max(1))
    };
    let in_pod = room.pod_max.map(|it| it.saturating_sub(others(&raise, evidence, Of::Limits)));
    let of_requests = of_quota(room.requests_left, Of::Requests, request);
    let bounds = [
        room.cap,
        room.container_max,
        in_pod,
        of_quota(room.limits_left, Of::Limits, limit),
        of_requests.filter(|_| request == limit),
    ];
    bounds.into_iter().flatten().chain([largest_node(resource, evidence)?]).min()
}

/// The cap of the policy, where who plans knows it.
pub(crate) fn cap(resource: Resource, evidence: &Evidence) -> Option<u64> {
    room(resource, evidence)?.cap
}

/// Request and limit of a container. What has a limit and no request requests its limit.
pub(crate) fn amounts(resource: Resource, container: &ContainerFacts) -> (u64, u64) {
    let (request, limit) = resource.held(container);
    let limit = limit.and_then(|it| resource.value(it)).unwrap_or(0);
    (request.map_or(Some(limit), |it| resource.value(it)).unwrap_or(0), limit)
}

/// Which of the two is summed up.
#[derive(Clone, Copy)]
enum Of {
    Limits,
    Requests,
}

/// What a quota has to have left: the pods of the new template, and those that a rollout makes beside them, for those
/// that are there.
fn needed(raise: &Raise<'_>, evidence: &Evidence, of: Of) -> u64 {
    let (old_request, old_limit) = amounts(raise.resource, raise.container);
    let (old, new) = match of {
        Of::Limits => (old_limit, raise.limit),
        Of::Requests => (old_request, raise.request),
    };
    if new <= old && matches!(of, Of::Requests) {
        return 0;
    }
    let pods = pods(evidence);
    let beside = pods.new.saturating_sub(pods.there).saturating_mul(others(raise, evidence, of));
    let all = pods.new.saturating_mul(new);
    all.saturating_add(beside).saturating_sub(pods.there.saturating_mul(old))
}

/// The pods that the owner has and that count in a quota, and those that there are while others take their place.
struct Pods {
    there: u64,
    new: u64,
}

fn pods(evidence: &Evidence) -> Pods {
    let workload = &evidence.workload;
    let desired = u64::from(workload.desired.max(1));
    match evidence.subject.kind {
        // What a job had is over with it, and its copy has all of it anew.
        Kind::Job if workload.failed_condition.is_some() => Pods { there: 0, new: desired },
        Kind::Deployment
        | Kind::ReplicaSet
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::Job
        | Kind::CronJob => {
            Pods { there: desired, new: desired.saturating_add(u64::from(workload.surge)) }
        }
        Kind::Pod | Kind::Node | Kind::Service | Kind::PersistentVolumeClaim | Kind::ConfigMap => {
            Pods { there: 1, new: 1 }
        }
    }
}

/// What the other containers of the pod have together, of those that run beside each other.
fn others(raise: &Raise<'_>, evidence: &Evidence, of: Of) -> u64 {
    let beside = evidence
        .containers
        .iter()
        .filter(|it| it.role == ContainerRole::App || it.sidecar)
        .filter(|it| it.name != raise.container.name);
    let amount = |it: &ContainerFacts| {
        let (request, limit) = amounts(raise.resource, it);
        match of {
            Of::Limits => limit,
            Of::Requests => request,
        }
    };
    beside.map(amount).fold(0, u64::saturating_add)
}

fn largest_node(resource: Resource, evidence: &Evidence) -> Option<u64> {
    let nodes = evidence.nodes.as_ref()?;
    Some(match resource {
        Resource::Memory => nodes.largest_memory,
        Resource::Cpu => nodes.largest_cpu,
    })
}

/// What the namespace has of this resource; `None` where that is not known.
pub(crate) fn room(resource: Resource, evidence: &Evidence) -> Option<ResourceRoom> {
    let room = evidence.room.as_ref()?;
    Some(match resource {
        Resource::Memory => room.memory,
        Resource::Cpu => room.cpu,
    })
}

/// What the freest node has left, and what the largest has in all.
pub(crate) fn free_on_nodes(resource: Resource, nodes: &NodeFacts) -> (u64, u64) {
    match resource {
        Resource::Memory => (nodes.free_memory, nodes.largest_memory),
        Resource::Cpu => (nodes.free_cpu, nodes.largest_cpu),
    }
}

/// What a container asks for: its request, else its limit, else nothing. `None` for no quantity.
pub(crate) fn asked(resource: Resource, of: &ContainerFacts) -> Option<u64> {
    let (request, limit) = resource.stated(of);
    request.or(limit).map_or(Some(0), |it| resource.value(it))
}
