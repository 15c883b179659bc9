//! What a quota or a limit range leaves to pods that it refuses.

use types::{
    Action, ContainerFacts, ContainerRole, Edit, Evidence, FieldPath, FixPlan, ResourceRoom, Risk,
    Step, Strategy,
};

use super::{SMALLEST_PART, rounded};
use crate::amount::Resource;
use crate::{place, room};

/// Which of the two is lowered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Requests,
    Limits,
}

pub(super) fn offers(evidence: &Evidence) -> Vec<FixPlan> {
    let all = [Resource::Memory, Resource::Cpu].map(|it| lowered(it, evidence));
    let Some(all) = all.into_iter().collect::<Option<Vec<_>>>() else { return vec![] };
    let all: Vec<(List, Edit)> = all.into_iter().flatten().collect();
    if all.is_empty() {
        return vec![];
    }
    let lowers_limit = all.iter().any(|it| it.0 == List::Limits);
    let edits = all.into_iter().map(|it| it.1).collect();
    let strategy = Strategy::LowerRequests;
    let because = "The namespace allows a pod no more than that.";
    if !place::has_editable_template(evidence.subject.kind) {
        return vec![place::advice(strategy, because, evidence, edits)];
    }
    // A container may need the limit that it has: whether it runs with less, nothing tells.
    let (risk, steps) = if lowers_limit {
        let (target, action) = (evidence.subject.clone(), Action::Edit(edits));
        (Risk::Advice, vec![Step { target, subresource: None, action }])
    } else {
        (Risk::Ask, place::in_template(evidence, edits))
    };
    vec![FixPlan { strategy, risk, because: because.to_owned(), steps }]
}

/// What has to be lowered of this resource; `None` where it cannot be told or would be less than an eighth.
fn lowered(resource: Resource, evidence: &Evidence) -> Option<Vec<(List, Edit)>> {
    let room = room::room(resource, evidence)?;
    let apps = || evidence.containers.iter().filter(|it| it.role == ContainerRole::App);
    let Some(largest) = apps().max_by_key(|it| room::amounts(resource, it).1) else {
        return Some(vec![]);
    };
    let limit = most(List::Limits, &room, (resource, largest), evidence);
    let request = most(List::Requests, &room, (resource, largest), evidence);
    let request = [limit, request].into_iter().flatten().min();
    let (stated_request, stated_limit) = resource.stated(largest);
    let path = place::container_path(evidence.subject.kind, largest)?.child("resources");
    let mut edits = vec![];
    for (list, name, stated, most) in [
        (List::Requests, "requests", stated_request, request),
        (List::Limits, "limits", stated_limit, limit),
    ] {
        let (Some(stated), Some(most)) = (stated, most) else { continue };
        let old = resource.value(stated)?;
        if old <= most {
            continue;
        }
        let new = rounded(resource, most);
        if resource.value(&new)? < old.div_ceil(SMALLEST_PART) {
            return None;
        }
        let path: FieldPath = path.child(name).child(resource.name());
        edits.push((list, place::edit(path, Some(stated.0.clone().into()), new.0)));
    }
    Some(edits)
}

/// The most that this container may have; `None` where nothing bounds it.
fn most(
    list: List,
    room: &ResourceRoom,
    (resource, container): (Resource, &ContainerFacts),
    evidence: &Evidence,
) -> Option<u64> {
    let amount = |it: &ContainerFacts| {
        let (request, limit) = room::amounts(resource, it);
        if list == List::Limits { limit } else { request }
    };
    let side_by_side =
        evidence.containers.iter().filter(|it| it.role == ContainerRole::App || it.sidecar);
    let pod: u64 = side_by_side.map(amount).fold(0, u64::saturating_add);
    let beside = pod.saturating_sub(amount(container));
    let of_pod = |it: u64| it.saturating_sub(beside);
    let (of_range, left) = match list {
        List::Limits => ([room.container_max, room.pod_max.map(of_pod)], room.limits_left),
        List::Requests => ([None, None], room.requests_left),
    };
    let of_quota = left.map(|it| of_pod(share(it, pod, evidence)));
    of_range.into_iter().flatten().chain(of_quota).min()
}

/// What one pod may have of a quota that has so much left: all pods of the owner and those of a rollout have to
/// find room, and those that are made before the first old one may go beside all that are there.
fn share(left: u64, pod: u64, evidence: &Evidence) -> u64 {
    let there = evidence.pods.iter().filter(|it| !place::is_over(it)).count();
    let there = u64::try_from(there).unwrap_or(u64::MAX);
    let wanted = u64::from(evidence.workload.desired.max(1));
    let surge = if there == 0 { 0 } else { u64::from(evidence.workload.surge) };
    let at_once = wanted.saturating_add(surge);
    let first = at_once.saturating_sub(there).max(1);
    let all = left.saturating_add(there.saturating_mul(pod));
    (left / first).min(all / at_once)
}
