//! Two labels of a selector whose values changed places: `app=api,component=web` for `app=web,component=api`.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Service;
use serde_json::Value;
use types::{Finding, Subject};

use crate::survey::mend::edited;
use crate::survey::scene::{Scene, is_over, namespace};
use crate::survey::slip::{escaped, shown};

/// Labels of a selector that are compared with each other: nobody writes more by hand.
const MAX_LABELS: usize = 20;

/// Two keys of a selector whose values changed places, and whose pods it takes with them put back.
pub(in crate::survey) struct Swap {
    /// Both keys, in their order in the selector.
    pub(in crate::survey) keys: [String; 2],
    /// The one workload.
    pub(in crate::survey) workload: Subject,
}

impl Swap {
    /// The finding that says so.
    pub(super) fn told(
        &self,
        finding: impl FnOnce(String) -> Finding,
        selector: &BTreeMap<String, String>,
    ) -> Finding {
        let [first, second] = &self.keys;
        let shown = shown(selector);
        let cause = format!(
            "Its selector {shown} takes no pod; with the values of {first} and {second} the other way round it would take \
             those of {}.",
            self.workload
        );
        let mut finding = finding(cause).at("/spec/selector");
        for (key, other) in [(first, second), (second, first)] {
            let value = |key: &String| selector.get(key).map(|it| Value::from(it.as_str()));
            let field = format!("/spec/selector/{}", escaped(key));
            finding = edited(finding, &field, value(key).unwrap_or_default(), value(other));
        }
        finding
    }
}

/// The swap, where there is just one that takes pods, and they are all of one workload.
pub(in crate::survey) fn swap_of(service: &Service, scene: &Scene<'_>) -> Option<Swap> {
    let selector = service.spec.as_ref()?.selector.as_ref()?;
    let space = namespace(&service.metadata);
    let mut here = scene.workloads(space);
    if MAX_LABELS < selector.len() || here.any(|it| it.takes(selector)) {
        return None;
    }
    let keys: Vec<&String> = selector.keys().collect();
    let pairs = keys.iter().enumerate().flat_map(|(at, first)| {
        keys.iter().skip(at + 1).map(move |second| [(*first).clone(), (*second).clone()])
    });
    let roots = |keys: &[String; 2]| -> BTreeSet<Subject> {
        let Some(meant) = swapped(selector, keys) else { return BTreeSet::new() };
        let pods = scene.pods_with(space, &meant);
        pods.into_iter().filter(|it| !is_over(it)).map(|it| scene.root_of(it)).collect()
    };
    let mut found = pairs.map(|keys| (roots(&keys), keys)).filter(|it| !it.0.is_empty());
    let (roots, keys) = found.next().filter(|_| found.next().is_none())?;
    let workload = roots.first().filter(|_| roots.len() == 1)?.clone();
    Some(Swap { keys, workload })
}

/// The selector with the values of these two keys the other way round; `None` where that changes nothing.
pub(in crate::survey) fn swapped(
    selector: &BTreeMap<String, String>,
    [first, second]: &[String; 2],
) -> Option<BTreeMap<String, String>> {
    let (one, other) = (selector.get(first)?, selector.get(second)?);
    let mut swapped = selector.clone();
    swapped.insert(first.clone(), other.clone());
    swapped.insert(second.clone(), one.clone());
    (one != other).then_some(swapped)
}
