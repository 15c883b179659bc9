//! Amounts that a quota wants stated and that containers of the pod do not state.
//!
//! What was seen to be enough comes first: what the container itself had in a revision that was ready, then what
//! containers of its image have. A limit that nobody knows is the container's own request. All that is missing stands
//! in one patch, and none is shown that a limit range or the quota would refuse.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use serde_json::Value;
use types::{Edit, FieldPath, ResourceRoom, RevisionFacts, SlipKind};

use super::amount::{LISTS, amounts, known, refusals, stated, thousandths};
use super::unit::{all, value, words};
use super::{Slip, Told};
use crate::evidence::failing::Failing;
use crate::evidence::{allowance, neighbours};
use crate::{Root, refusal};

/// A list of a container's resources, and the resource: `limits` and `memory`.
type Place<'m> = (&'m str, &'m str);

/// What is missing in one container, and where that stands.
struct Lack<'a, 'm> {
    container: &'a Container,
    path: FieldPath,
    places: Vec<Place<'m>>,
}

/// What each place gets, and what says so.
struct Found {
    amounts: Vec<String>,
    said: String,
}

/// Told once, of the first by name.
pub(super) fn unstated(failing: &Failing<'_>, told: &Told<'_>) -> Option<Slip> {
    let messages = refusals(failing);
    let demanded = messages.iter().map(|it| refusal::all_unstated(it)).find(|it| !it.is_empty())?;
    let lacks = lacks(failing, &demanded)?;
    lacks.first().filter(|it| it.container.name == failing.facts.name)?;
    let mut edits = vec![];
    let mut said: Vec<String> = vec![];
    for lack in &lacks {
        let found = found(lack, failing, told)?;
        let edit = |((list, resource), amount): (&Place<'_>, &String)| Edit {
            path: lack.path.child("resources").child(list).child(resource),
            from: None,
            to: Some(Value::from(amount.as_str())),
        };
        edits.extend(lack.places.iter().zip(&found.amounts).map(edit));
        if !said.contains(&found.said) {
            said.push(found.said);
        }
    }
    let shown_by = said.join(" ");
    leaves_room(failing, &edits).then_some(Slip { kind: SlipKind::Amount, shown_by, edits })
}

/// Each container that the quota names, with what it lacks; `None` where one of them is not of the template, or states
/// by now what is said to be missing.
fn lacks<'a, 'm>(
    failing: &Failing<'a>,
    demanded: &[(&'m str, &'m str)],
) -> Option<Vec<Lack<'a, 'm>>> {
    let mut by_name: BTreeMap<&str, Vec<Place<'m>>> = BTreeMap::new();
    for (resource, name) in demanded {
        by_name.entry(name).or_default().push(place(resource));
    }
    let lack = |(name, places): (&str, Vec<Place<'m>>)| {
        let (list, index, container) = placed(failing, name)?;
        let own = container.resources.as_ref();
        let path = failing.objects.root.kind().pod_spec_path()?.child(list).index(index);
        let is_stated = places.iter().any(|it| stated(own, *it).is_some());
        (!is_stated).then_some(Lack { container, path, places })
    };
    by_name.into_iter().map(lack).collect()
}

/// A container of the template by its name: its list, its place in it, and itself.
fn placed<'a>(failing: &Failing<'a>, name: &str) -> Option<(&'static str, usize, &'a Container)> {
    let spec = failing.spec;
    let lists = [
        ("containers", spec.containers.as_slice()),
        ("initContainers", spec.init_containers.as_deref().unwrap_or_default()),
    ];
    lists.into_iter().find_map(|(list, all)| {
        let index = all.iter().position(|it| it.name == name)?;
        Some((list, index, all.get(index)?))
    })
}

/// The first of what is known for all places of a container, and that neither itself nor a limit range is against.
fn found(lack: &Lack<'_, '_>, failing: &Failing<'_>, told: &Told<'_>) -> Option<Found> {
    let sources = [
        before(lack, told),
        of_image(lack, failing),
        least_of_image(lack, failing),
        own_requests(lack),
    ];
    sources.into_iter().flatten().find(|it| is_allowed(lack, &it.amounts, failing))
}

/// On what all containers of its image agree.
fn of_image(lack: &Lack<'_, '_>, failing: &Failing<'_>) -> Option<Found> {
    let (who, amounts) = known(failing, lack.container.image.as_deref()?, &lack.places)?;
    let said = format!("{who} runs the same image and states what the quota wants.");
    Some(Found { amounts, said })
}

/// What the newest earlier revision that was ready had there.
fn before(lack: &Lack<'_, '_>, told: &Told<'_>) -> Option<Found> {
    let revision = told.revisions.iter().find(|it| !it.current && it.was_ready)?;
    let of = |list: &str, resource: &str| had(revision, lack, list, resource);
    let amount = |it: &Place<'_>| of(it.0, it.1).or_else(|| of("limits", it.1));
    let amounts = lack.places.iter().map(amount).collect::<Option<_>>()?;
    let (name, number) = (&lack.container.name, revision.revision);
    Some(Found {
        amounts,
        said: format!(
            "Container {name} stated what the quota wants in revision {number}, which was ready."
        ),
    })
}

/// What a revision had in a place that is empty now: an edit brings it back, alone or within what is around it.
fn had(
    revision: &RevisionFacts,
    lack: &Lack<'_, '_>,
    list: &str,
    resource: &str,
) -> Option<String> {
    let resources = lack.path.child("resources");
    let parts = |it: &Edit| {
        let to = it.to.as_ref()?;
        let listed = |to: &Value| {
            let all = to.as_array()?;
            let named = all.iter().find(|it| it["name"] == lack.container.name.as_str())?;
            Some(named.get("resources")?.get(list)?.get(resource)?.clone())
        };
        if it.path == resources.child(list).child(resource) {
            Some(to.clone())
        } else if it.path == resources.child(list) {
            to.get(resource).cloned()
        } else if it.path == resources {
            to.get(list)?.get(resource).cloned()
        } else if lack.path.as_str().rsplit_once('/').map(|it| it.0) == Some(it.path.as_str()) {
            listed(to)
        } else {
            None
        }
    };
    revision.edits.iter().find_map(parts)?.as_str().map(ToOwned::to_owned)
}

/// The least that a ready workload of the namespace has for the same image.
fn least_of_image(lack: &Lack<'_, '_>, failing: &Failing<'_>) -> Option<Found> {
    let objects = failing.objects;
    let is_ready =
        |it: &&Root| neighbours::counted(it, &[], objects.taken_at).is_some_and(|it| 0 < it.ready);
    let mut least: Option<(String, Vec<String>)> = None;
    for root in objects.workloads.iter().filter(is_ready) {
        let containers = root.pod_spec().into_iter().flat_map(all);
        for it in containers.filter(|it| it.image == lack.container.image) {
            let Some(amounts) = amounts(it, &lack.places) else { continue };
            let size = |it: &[String]| it.iter().map(|it| thousandths(it)).collect::<Vec<_>>();
            if least.as_ref().is_none_or(|least| size(&amounts) < size(&least.1)) {
                least = Some((words(root), amounts));
            }
        }
    }
    let (who, amounts) = least.filter(|_| lack.container.image.is_some())?;
    Some(Found {
        amounts,
        said: format!(
            "{who} is ready with the same image and states what the quota wants, the least of several."
        ),
    })
}

/// A limit that is what the container asks for.
fn own_requests(lack: &Lack<'_, '_>) -> Option<Found> {
    let own = lack.container.resources.as_ref();
    let of = |it: &Place<'_>| {
        let request = stated(own, ("requests", it.1)).filter(|_| it.0 == "limits")?;
        Some(request.0.clone())
    };
    let amounts = lack.places.iter().map(of).collect::<Option<_>>()?;
    let name = &lack.container.name;
    let said = format!(
        "Nobody knows how much container {name} needs beyond what it asks for: with a limit of that it may be slowed \
         down, or killed for more memory."
    );
    Some(Found { amounts, said })
}

/// The list and the resource that a quota means: `cpu` of a quota is what is requested of it.
fn place(resource: &str) -> Place<'_> {
    resource.split_once('.').filter(|it| LISTS.contains(&it.0)).unwrap_or(("requests", resource))
}

/// Whether no limit is below a request, with what stands there already, and no limit range forbids one of them.
fn is_allowed(lack: &Lack<'_, '_>, amounts: &[String], failing: &Failing<'_>) -> bool {
    let own = lack.container.resources.as_ref();
    let after = |list: &str, resource: &str| {
        let given = lack.places.iter().zip(amounts).find(|it| *it.0 == (list, resource));
        let here = || stated(own, (list, resource)).map(|it| it.0.as_str());
        given.map(|it| it.1.as_str()).or_else(here)
    };
    lack.places.iter().all(|(_, resource)| {
        let of = |list| after(list, resource).map(thousandths);
        let (request, limit) = (of("requests"), of("limits"));
        let is_read = request != Some(None) && limit != Some(None);
        let (request, limit) = (request.flatten(), limit.flatten());
        let is_in_order = request.is_none_or(|request| limit.is_none_or(|it| request <= it));
        is_read && is_in_order && is_in_range(failing, resource, request.or(limit), limit)
    })
}

/// Whether the limit ranges of the namespace let a container have this.
fn is_in_range(
    failing: &Failing<'_>,
    resource: &str,
    request: Option<u64>,
    limit: Option<u64>,
) -> bool {
    let ranges = failing.objects.limit_ranges.iter().flatten();
    let items = ranges.flat_map(|it| it.spec.iter().flat_map(|it| &it.limits));
    items.filter(|it| it.type_ == "Container").all(|it| {
        let of = |bound: &Option<BTreeMap<String, Amount>>| {
            thousandths(&bound.as_ref()?.get(resource)?.0)
        };
        let most = of(&it.max).is_none_or(|most| limit.or(request).is_none_or(|it| it <= most));
        let least = of(&it.min).is_none_or(|least| request.is_none_or(|it| least <= it));
        let is_flat = of(&it.max_limit_request_ratio).is_none_or(|ratio| {
            let (request, limit) = (request.unwrap_or(0), limit.unwrap_or(0));
            u128::from(limit) * 1000 <= u128::from(request) * u128::from(ratio)
        });
        most && least && is_flat
    })
}

/// Whether the quotas have as much left as the pods that are missing would take with these edits.
fn leaves_room(failing: &Failing<'_>, edits: &[Edit]) -> bool {
    let Some(room) = allowance::facts(failing.objects) else { return false };
    let desired = failing.objects.root.desired().and_then(|it| u64::try_from(it).ok()).unwrap_or(1);
    let there = u64::try_from(failing.objects.pods.len()).unwrap_or(u64::MAX);
    let missing = desired.saturating_sub(there).max(1);
    [("memory", room.memory), ("cpu", room.cpu)].into_iter().all(|(resource, room)| {
        let of_pod = |list: &str| {
            let containers = failing.spec.containers.iter().enumerate();
            let of_one = |(index, it): (usize, &Container)| {
                after(failing, edits, (list, resource), index, it.resources.as_ref())
            };
            containers.map(of_one).fold(0, u64::saturating_add).saturating_mul(missing)
        };
        fits(&room, of_pod("limits"), of_pod("requests"))
    })
}

fn fits(room: &ResourceRoom, limits: u64, requests: u64) -> bool {
    room.limits_left.is_none_or(|it| limits <= it)
        && room.requests_left.is_none_or(|it| requests <= it)
}

/// How much a container has in this place once the edits are made. What has a limit and no request requests its
/// limit.
fn after(
    failing: &Failing<'_>,
    edits: &[Edit],
    (list, resource): Place<'_>,
    index: usize,
    own: Option<&ResourceRequirements>,
) -> u64 {
    let spec = failing.objects.root.kind().pod_spec_path();
    let resources = spec.map(|it| it.child("containers").index(index).child("resources"));
    let in_list = |list: &str| {
        let path = resources.as_ref()?.child(list).child(resource);
        let edit = edits.iter().find(|it| it.path == path).and_then(|it| it.to.as_ref()?.as_str());
        let amount = edit.or_else(|| stated(own, (list, resource)).map(|it| it.0.as_str()))?;
        value(resource, amount)
    };
    in_list(list).or_else(|| in_list("limits").filter(|_| list == "requests")).unwrap_or(0)
}
