//! How much more the namespace lets its containers have: limit ranges and quotas.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{LimitRange, LimitRangeItem, PodSpec, ResourceQuota};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use types::{Quantity, ResourceRoom, RoomFacts};

use super::scopes::{self, Pods};
use crate::Objects;

type Amounts = BTreeMap<String, Amount>;

/// The bounds of the namespace; `None` when its limit ranges or its quotas cannot be read.
pub(super) fn facts(objects: &Objects) -> Option<RoomFacts> {
    let (ranges, quotas) = (objects.limit_ranges.as_ref()?, objects.quotas.as_ref()?);
    let spec = objects.root.pod_spec();
    let counts = |it: &&ResourceQuota| {
        spec.is_none_or(|spec| {
            !scopes::is_for_others(it, &Pods { spec, class: class(objects, spec) })
        })
    };
    let quotas: Vec<&ResourceQuota> = quotas.iter().filter(counts).collect();
    Some(RoomFacts { memory: room("memory", ranges, &quotas), cpu: room("cpu", ranges, &quotas) })
}

/// The priority class that pods of the template get; `None` where one may be given to them by default: not where its
/// pods are there and have none.
fn class<'o>(objects: &'o Objects, spec: &'o PodSpec) -> Option<&'o str> {
    let named = |it: &'o PodSpec| it.priority_class_name.as_deref().unwrap_or_default();
    let own = named(spec);
    let mut of_pods = objects.pods.iter().filter_map(|it| it.spec.as_ref()).map(named).peekable();
    let is_none = of_pods.peek().is_some() && of_pods.all(str::is_empty);
    if own.is_empty() && !is_none { None } else { Some(own) }
}

fn room(resource: &str, ranges: &[LimitRange], quotas: &[&ResourceQuota]) -> ResourceRoom {
    let items = || ranges.iter().flat_map(|it| it.spec.iter().flat_map(|it| &it.limits));
    let of = |type_: &str, field: fn(&LimitRangeItem) -> Option<&Amounts>| {
        let items = items().filter(|it| it.type_ == type_);
        items.filter_map(|it| field(it)?.get(resource)).collect::<Vec<_>>()
    };
    let least = |amounts: Vec<&Amount>| amounts.into_iter().map(|it| read(resource, it)).min();
    let ratios = of("Container", |it| it.max_limit_request_ratio.as_ref());
    ResourceRoom {
        container_max: least(of("Container", |it| it.max.as_ref())),
        pod_max: least(of("Pod", |it| it.max.as_ref())),
        ratio_thousandths: ratios.into_iter().map(thousandths).min(),
        limits_left: left(&[&format!("limits.{resource}")], resource, quotas),
        requests_left: left(&[&format!("requests.{resource}"), resource], resource, quotas),
        cap: None,
    }
}

/// What the tightest quota has left under one of these names.
fn left(names: &[&str], resource: &str, quotas: &[&ResourceQuota]) -> Option<u64> {
    let of = |quota: &ResourceQuota, name: &str| {
        let status = quota.status.as_ref();
        let spec = quota.spec.as_ref();
        let hard = status.and_then(|it| it.hard.as_ref()?.get(name));
        let hard = read(resource, hard.or(spec.and_then(|it| it.hard.as_ref()?.get(name)))?);
        let used = status.and_then(|it| it.used.as_ref()?.get(name));
        Some(hard.saturating_sub(used.map_or(0, |it| read(resource, it))))
    };
    quotas.iter().flat_map(|quota| names.iter().filter_map(move |it| of(quota, it))).min()
}

/// In bytes or millicores; what cannot be read leaves nothing.
fn read(resource: &str, amount: &Amount) -> u64 {
    let amount = Quantity(amount.0.clone());
    if resource == "cpu" { amount.milli_units() } else { amount.units() }.unwrap_or(0)
}

fn thousandths(amount: &Amount) -> u64 {
    Quantity(amount.0.clone()).milli_units().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_tightest_of_several_bounds_counts() {
        let range = |max: &str| -> LimitRange {
            let limits = json!([{"type": "Container", "max": {"memory": max}, "maxLimitRequestRatio": {"memory": "2.5"}}]);
            serde_json::from_value(json!({"spec": {"limits": limits}})).unwrap()
        };
        let quota: ResourceQuota = serde_json::from_value(json!({
            "spec": {"hard": {"limits.memory": "1Gi", "memory": "1Gi"}},
            "status": {"hard": {"limits.memory": "1Gi", "memory": "1Gi"}, "used": {"limits.memory": "1000Mi"}},
        }))
        .unwrap();

        let room = room("memory", &[range("1Gi"), range("512Mi")], &[&quota]);

        assert_eq!(room.container_max, Some(512 << 20));
        assert_eq!(room.ratio_thousandths, Some(2500));
        assert_eq!((room.limits_left, room.requests_left), (Some(24 << 20), Some(1 << 30)));
        assert_eq!(room.pod_max, None);
    }
}
