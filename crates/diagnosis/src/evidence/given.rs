//! What a pod was made with and its template does not have: a default of a limit range, or what something else put in.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, LimitRange, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use types::{DefaultOf, GivenLimit, GivenRequest, Quantity};

use crate::Objects;
use crate::outline::memory;

/// The resource.
const MEMORY: &str = "memory";

/// The memory limit that a container of this pod has and its template has not.
pub(super) fn memory_limit(
    objects: &Objects,
    template: &Container,
    pod: &Pod,
) -> Option<GivenLimit> {
    let limit = |it: &Container| it.resources.as_ref()?.limits.as_ref()?.get(MEMORY).cloned();
    let request = |it: &Container| it.resources.as_ref()?.requests.as_ref()?.get(MEMORY).cloned();
    if limit(template).is_some() {
        return None;
    }
    let spec = pod.spec.as_ref()?;
    let mut all = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let live = all.find(|it| it.name == template.name)?;
    let given = limit(live)?;
    let asked = if request(template).is_some() { None } else { request(live) };
    let ranges = objects.limit_ranges.iter().flatten();
    let default_of = ranges.into_iter().find_map(|it| default_of(it, memory(Some(&given))));
    let request = asked.map(|it| Quantity(it.0));
    Some(GivenLimit { amount: Quantity(given.0), request, default_of })
}

/// The default of this limit range, where it is so many bytes.
fn default_of(range: &LimitRange, bytes: u64) -> Option<DefaultOf> {
    let mut limits = range.spec.iter().flat_map(|it| &it.limits).enumerate();
    let at = limits.find_map(|(at, it)| {
        let default = it.default.as_ref()?.get(MEMORY)?;
        (it.type_ == "Container" && memory(Some(default)) == bytes).then_some(at)
    })?;
    Some(DefaultOf {
        limit_range: range.metadata.name.clone()?,
        path: format!("/spec/limits/{at}/default/{MEMORY}"),
    })
}

/// What a container of this pod asks for of CPU and memory where its template states nothing that counts as a request.
pub(super) fn requests(objects: &Objects, template: &Container, pod: &Pod) -> Vec<GivenRequest> {
    let of = |it: &Container, resource: &str| {
        let resources = it.resources.as_ref()?;
        let list = |it: &Option<BTreeMap<String, Amount>>| it.as_ref()?.get(resource).cloned();
        list(&resources.requests).or_else(|| list(&resources.limits))
    };
    let spec = pod.spec.iter();
    let mut all =
        spec.flat_map(|it| it.containers.iter().chain(it.init_containers.iter().flatten()));
    let Some(live) = all.find(|it| it.name == template.name) else { return vec![] };
    let given = ["cpu", "memory"].into_iter().filter_map(|resource| {
        let amount = of(live, resource).filter(|_| of(template, resource).is_none())?;
        let ranges = objects.limit_ranges.iter().flatten();
        let default_of = ranges.into_iter().find_map(|it| default_request(it, resource, &amount));
        Some(GivenRequest { resource: resource.to_owned(), amount: Quantity(amount.0), default_of })
    });
    given.collect()
}

/// The default request of this limit range, or the default limit that counts as one, where it is that much.
fn default_request(range: &LimitRange, resource: &str, amount: &Amount) -> Option<DefaultOf> {
    let much = |it: &Amount| Quantity(it.0.clone()).thousandths();
    let limits = range.spec.iter().flat_map(|it| &it.limits).enumerate();
    let mut of_containers = limits.filter(|it| it.1.type_ == "Container");
    let (at, list) = of_containers.find_map(|(at, it)| {
        let lists = [("defaultRequest", &it.default_request), ("default", &it.default)];
        let (list, default) =
            lists.into_iter().find_map(|(list, it)| Some((list, it.as_ref()?.get(resource)?)))?;
        (much(default) == much(amount)).then_some((at, list))
    })?;
    let limit_range = range.metadata.name.clone()?;
    Some(DefaultOf { limit_range, path: format!("/spec/limits/{at}/{list}/{resource}") })
}
