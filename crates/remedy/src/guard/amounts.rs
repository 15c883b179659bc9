//! The bounds of requests and limits.

use types::{ContainerFacts, Edit, Evidence, Kind, Quantity, Strategy};

use super::fields::{Answer, Scene, container, spec_names, text};
use super::{Refusal, causes, repeats};
use crate::amount::Resource;
use crate::place;
use crate::room::{self, Raise};
use crate::twin::is_alike;

/// `old < new <= 2 * old`, or twice what was written and is known to be too little; of an amount in which nothing
/// can run what its text says was meant, and nothing else. A request only together with a limit that it equals. CPU
/// only for what waits for it.
pub(super) fn raised(
    edit: &Edit,
    (list, resource): (&str, Resource),
    container: &ContainerFacts,
    scene: &Scene<'_>,
) -> Answer {
    if resource == Resource::Cpu {
        causes::waits_for_cpu(container)?;
    }
    let (request, limit) = resource.held(container);
    let limit = limit.ok_or("there is no limit to raise")?;
    // A pod has the request that its template leaves to the default.
    let is_of_template = scene.kind == scene.evidence.subject.kind;
    let (stated_request, stated_limit) = resource.stated(container);
    if list == "requests" && is_of_template && stated_request.is_none() {
        return kept(edit, resource, container);
    }
    let default = if is_of_template { None } else { Some(limit) };
    let seen = if list == "limits" { Some(limit) } else { request.or(default) };
    let seen = seen.ok_or("there is no request to raise")?;
    // A template does not have what it leaves to a limit range.
    let is_absent = list == "limits" && is_of_template && stated_limit.is_none();
    let is_as_seen = if is_absent {
        edit.from.is_none()
    } else {
        text(edit.from.as_ref()) == Some(seen.0.as_str())
    };
    if !is_as_seen || resource.value(seen) != resource.value(limit) {
        return Err("the amount is not the one that was seen at the limit");
    }
    let old = resource.value(seen).ok_or("the present amount is no quantity")?;
    let new = amount(edit, resource).ok_or("the new amount is no quantity")?;
    let known = known_too_little(list, resource, container, scene).unwrap_or(0).max(old);
    let meant = seen.memory_meant().filter(|_| resource == Resource::Memory);
    if meant.is_some_and(|it| it.units() == Some(new)) {
        return Ok(());
    }
    if old < new && new <= known.saturating_mul(2) {
        Ok(())
    } else {
        Err("a limit grows, and at most to double of what was too little")
    }
}

/// The request that a limit range gave the pods, and nothing else, becomes the template's own beside its limit.
fn kept(edit: &Edit, resource: Resource, container: &ContainerFacts) -> Answer {
    let (given, _) = resource.given(container);
    let is_it = |it: &Quantity| text(edit.to.as_ref()) == Some(it.0.as_str());
    if edit.from.is_none() && given.is_some_and(is_it) {
        Ok(())
    } else {
        Err("there is no request to raise")
    }
}

/// By the field of the template, wherever the amount is written now.
fn known_too_little(
    list: &str,
    resource: Resource,
    container: &ContainerFacts,
    scene: &Scene<'_>,
) -> Option<u64> {
    let path = place::container_path(scene.evidence.subject.kind, container)?;
    let path = path.child("resources").child(list).child(resource.name());
    repeats::too_little(&path, resource, scene.world)
}

/// `old / 8 <= new < old`, or what another workload runs the same image with where no node has the old one; no less
/// than what is used.
pub(super) fn lowered(
    edit: &Edit,
    resource: &str,
    container: &ContainerFacts,
    evidence: &Evidence,
) -> Answer {
    let resource = Resource::named(resource).ok_or("it is neither memory nor CPU")?;
    let (request, limit) = resource.stated(container);
    let used = match resource {
        Resource::Memory => container.memory_used,
        Resource::Cpu => container.cpu_used,
    };
    if text(edit.from.as_ref()) != request.map(|it| it.0.as_str()) {
        return Err("the request is not the one that was seen");
    }
    let new = amount(edit, resource).ok_or("the new amount is no quantity")?;
    if is_alike(edit, evidence) && used.is_none_or(|it| it <= new) {
        return Ok(());
    }
    let old = request.or(limit).ok_or("nothing is requested")?;
    let old = resource.value(old).ok_or("the present amount is no quantity")?;
    let is_bounded = new < old && old <= new.saturating_mul(8) && used.is_none_or(|it| it <= new);
    if is_bounded {
        Ok(())
    } else {
        Err("a request shrinks to no less than an eighth, and no less than what is used")
    }
}

/// Whether every limit that is raised stays below the cap of the policy, and finds room.
pub(super) fn there_is_room(
    strategy: &Strategy,
    edits: &[Edit],
    scene: &Scene<'_>,
) -> Result<(), Refusal> {
    let (resource, cap) = match strategy {
        Strategy::RaiseMemoryLimit { .. } => (Resource::Memory, &scene.policy.caps.memory),
        Strategy::RaiseCpuLimit { .. } => (Resource::Cpu, &scene.policy.caps.cpu),
        Strategy::RollBack
        | Strategy::ReplaceImageTag { .. }
        | Strategy::LowerRequests
        | Strategy::CorrectTypo
        | Strategy::RestoreReplicas
        | Strategy::ClearLeftovers
        | Strategy::RerunJob
        | Strategy::RemoveTaint
        | Strategy::RelaxProbe
        | Strategy::FixProbePort
        | Strategy::FixReference
        | Strategy::FixSelector
        | Strategy::FixServicePort
        | Strategy::RestartPod
        | Strategy::RestartRollout
        | Strategy::Wait => return Ok(()),
    };
    for edit in edits {
        let wanted = text(edit.to.as_ref()).unwrap_or_default().to_owned();
        if resource.value(cap) < amount(edit, resource) {
            return Err(Refusal::OverCap { wanted, cap: cap.0.clone() });
        }
        let Some(raise) = raise(edit, edits, resource, scene) else { continue };
        room::room_for(&raise, scene.evidence)
            .map_err(|bound| Refusal::NoRoom { wanted, bound })?;
    }
    Ok(())
}

/// The container as all edits together leave it, for the edit of its limit or of its request.
fn raise<'a>(
    edit: &Edit,
    edits: &[Edit],
    resource: Resource,
    scene: &Scene<'a>,
) -> Option<Raise<'a>> {
    let names = spec_names(edit, scene.kind)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (container, _) = container(&names, scene.evidence)?;
    let resources = place::container_path(scene.kind, container)?.child("resources");
    let written = |list: &str| {
        let path = resources.child(list).child(resource.name());
        edits.iter().find(|it| it.path == path).and_then(|it| amount(it, resource))
    };
    let (request, limit) = room::amounts(resource, container);
    let new_limit = written("limits").unwrap_or(limit);
    // What the template leaves to the default follows the limit; a living pod has it written down.
    let follows = resource.stated(container).0.is_none() && scene.kind == own_kind(scene);
    let unwritten = if follows { new_limit } else { request };
    let request = written("requests").unwrap_or(unwritten);
    Some(Raise { container, resource, limit: new_limit, request })
}

/// The kind whose fields the facts of the containers were read from.
fn own_kind(scene: &Scene<'_>) -> Kind {
    scene.evidence.subject.kind
}

/// What the edit writes, in bytes or in millicores.
fn amount(edit: &Edit, resource: Resource) -> Option<u64> {
    let text = text(edit.to.as_ref())?;
    let is_plain = text.chars().all(|it| it.is_ascii_alphanumeric() || it == '.');
    resource.value(&Quantity(text.to_owned())).filter(|_| is_plain)
}
