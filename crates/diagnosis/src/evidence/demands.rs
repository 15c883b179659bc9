//! What a template asks of its node beyond CPU, memory and labels.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{AppArmorProfile, PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use types::{DemandFacts, FieldPath};

use super::company;
use crate::near_miss::near_miss;
use crate::root::placed;
use crate::{Objects, Root};

/// Demands that are kept: nobody writes more by hand.
const MAX_DEMANDS: usize = 50;
/// What a container asks for that is told elsewhere.
const KNOWN: [&str; 2] = ["cpu", "memory"];

/// Facts of the demands of the template.
pub(super) fn facts(objects: &Objects) -> Vec<DemandFacts> {
    let path = objects.root.kind().pod_spec_path();
    let (Some(spec), Some(path)) = (objects.root.pod_spec(), path) else { return vec![] };
    let system = spec.os.as_ref().map(|it| plain(&path.child("os").child("name"), &it.name));
    let settings = spec.security_context.iter().flat_map(|it| it.sysctls.iter().flatten());
    let settings = settings.enumerate().map(|(index, it)| {
        let path = path.child("securityContext").child("sysctls").index(index);
        plain(&path.child("name"), &it.name)
    });
    let settings = settings.chain(profiles(spec, &path));
    let node = node(objects, spec, &path);
    let gates = spec.scheduling_gates.iter().flatten().enumerate();
    let gates = gates.map(|(at, it)| plain(&path.child("schedulingGates").index(at), &it.name));
    let settings = settings.chain(gates);
    let rest = settings.chain(company::demands(objects, spec, &path)).chain(amounts(spec, &path));
    node.into_iter().chain(system).chain(rest).take(MAX_DEMANDS).collect()
}

/// The profiles of `AppArmor` that its containers are to be held by: of the pod as a whole, and of each.
fn profiles(spec: &PodSpec, path: &FieldPath) -> Vec<DemandFacts> {
    let demand = |path: FieldPath, profile: &AppArmorProfile| {
        let path = path.child("securityContext").child("appArmorProfile");
        match &profile.localhost_profile {
            Some(name) => Some(plain(&path.child("localhostProfile"), name)),
            None => {
                (profile.type_ != "Unconfined").then(|| plain(&path.child("type"), &profile.type_))
            }
        }
    };
    let of_containers = placed(spec, path).filter_map(|(path, it)| {
        demand(path, it.security_context.as_ref()?.app_armor_profile.as_ref()?)
    });
    let of_pod = spec.security_context.as_ref().and_then(|it| it.app_armor_profile.as_ref());
    of_containers.chain(of_pod.and_then(|it| demand(path.clone(), it))).collect()
}

/// The node that the template names. A pod has one from the scheduler, which is no demand.
fn node(objects: &Objects, spec: &PodSpec, path: &FieldPath) -> Option<DemandFacts> {
    if matches!(objects.root, Root::Pod(_)) {
        return None;
    }
    let name = spec.node_name.as_ref().filter(|it| !it.is_empty())?;
    let nodes = objects.nodes.as_ref();
    let names: Option<Vec<&str>> =
        nodes.map(|it| it.iter().filter_map(|it| it.metadata.name.as_deref()).collect());
    let exists = names.as_ref().map(|it| it.contains(&name.as_str()));
    let near = names.filter(|_| exists == Some(false)).and_then(|it| near_miss(name, it));
    Some(DemandFacts { exists, near_miss: near, ..plain(&path.child("nodeName"), name) })
}

/// Amounts of resources that are not told with the containers, and those of the pod as a whole.
fn amounts(spec: &PodSpec, path: &FieldPath) -> Vec<DemandFacts> {
    let whole = spec.resources.as_ref().map(|it| requests(it, &path.child("resources")));
    let of_containers = placed(spec, path)
        .filter_map(|(path, it)| Some(requests(it.resources.as_ref()?, &path.child("resources"))));
    let rest = of_containers.flatten().filter(|it| !KNOWN.contains(&it.0.as_str()));
    whole.into_iter().flatten().chain(rest).map(|it| it.1).collect()
}

/// What is asked for, by resource; a limit alone is a request as well.
fn requests(resources: &ResourceRequirements, path: &FieldPath) -> BTreeMap<String, DemandFacts> {
    let of = |amounts: &Option<BTreeMap<String, Amount>>, list: &str| -> Vec<_> {
        let amounts = amounts.iter().flatten();
        let path = path.child(list);
        amounts.map(|(name, it)| (name.clone(), plain(&path.child(name), &it.0))).collect()
    };
    // Of two with the same name the later one is kept.
    of(&resources.limits, "limits").into_iter().chain(of(&resources.requests, "requests")).collect()
}

fn plain(path: &FieldPath, value: &str) -> DemandFacts {
    DemandFacts { path: path.to_string(), value: value.to_owned(), exists: None, near_miss: None }
}
