//! What a pod was made with and its template does not have: a default of a limit range, or what something else put in.

use k8s_openapi::api::core::v1::{Container, LimitRange, Pod};
use types::{DefaultOf, GivenLimit, Quantity};

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
