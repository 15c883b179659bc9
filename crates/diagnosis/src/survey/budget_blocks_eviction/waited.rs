//! Who waits for a pod that a budget does not let go.

use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use super::taken;
use crate::node_state::{is_cordoned, is_emptied};
use crate::survey::node_not_ready::nodes;
use crate::survey::scene::{Scene, controller, name, namespace};
use crate::survey::words::quoted;

/// What those say whom the API server refused an eviction: its own words, and those of a node pool that is upgraded.
const REFUSED: [&str; 4] = [
    "violate the pod's disruption budget",
    "eviction blocked",
    "prevents pod evictions",
    "failed to evict",
];
/// Whose pods a drain leaves where they are.
const LEFT: [&str; 2] = ["DaemonSet", "Node"];

/// Somebody who waits.
pub(super) struct Waited {
    /// As the end of a sentence.
    pub(super) words: String,
    pub(super) fact: String,
    pub(super) value: String,
}

/// Who waits for a pod of this budget: somebody who empties its node, or whom an eviction was refused.
pub(super) fn of(budget: &PodDisruptionBudget, scene: &Scene<'_>) -> Option<Waited> {
    let mut pods: Vec<_> = taken(budget, scene)?.collect();
    pods.sort_by_key(|it| name(&it.metadata));
    emptied(&pods, scene).or_else(|| refused(budget, &pods, scene))
}

/// A node that is to lose its pods, with one of these on it.
fn emptied(pods: &[&Pod], scene: &Scene<'_>) -> Option<Waited> {
    let stays = |it: &Pod| controller(&it.metadata).is_some_and(|it| LEFT.contains(&it.0));
    nodes(scene).into_iter().filter(|it| is_cordoned(it) || is_emptied(it)).find_map(|node| {
        let own = name(&node.metadata);
        let is_there =
            |it: &Pod| it.spec.as_ref().and_then(|it| it.node_name.as_deref()) == Some(own);
        let pod = pods.iter().find(|it| is_there(it) && !stays(it))?;
        let pod = name(&pod.metadata);
        let (how, field) = if is_cordoned(node) {
            ("cordoned", "spec.unschedulable")
        } else {
            ("emptied by an autoscaler", "spec.taints")
        };
        Some(Waited {
            words: format!("node {own} is {how}, and its drain waits for ever for Pod {pod}"),
            fact: format!("Node {own}.{field}"),
            value: if is_cordoned(node) { "true".to_owned() } else { "to be deleted".to_owned() },
        })
    })
}

/// A recent warning of an eviction that was refused, about one of these pods or with its name or the budget's.
fn refused(budget: &PodDisruptionBudget, pods: &[&Pod], scene: &Scene<'_>) -> Option<Waited> {
    let is_of_it = |event: &Event, message: &str| {
        let about = &event.involved_object;
        let is_here = about.namespace.as_deref() == Some(namespace(&budget.metadata));
        let is_pod = |it: &str| pods.iter().any(|pod| name(&pod.metadata) == it);
        let is_about = about.kind.as_deref() == Some("Pod")
            && is_here
            && about.name.as_deref().is_some_and(is_pod);
        let whole = format!("{}/{}", namespace(&budget.metadata), name(&budget.metadata));
        let mut words =
            message.split(|it: char| !it.is_ascii_alphanumeric() && !"-./".contains(it));
        is_about
            || words.any(|it| {
                let it = it.trim_matches('.');
                let pod = it.strip_prefix(namespace(&budget.metadata));
                it == whole || pod.and_then(|it| it.strip_prefix('/')).is_some_and(is_pod)
            })
    };
    let event = scene.all.events.iter().find(|it| {
        let message = it.message.as_deref().unwrap_or_default();
        let lower = message.to_lowercase();
        it.type_.as_deref() == Some("Warning")
            && REFUSED.iter().any(|it| lower.contains(it))
            && scene.is_recent(it)
            && is_of_it(it, message)
    })?;
    let reason = quoted(event.reason.as_deref().unwrap_or_default(), scene);
    let message = quoted(event.message.as_deref().unwrap_or_default(), scene);
    Some(Waited {
        words: format!("an eviction was refused ({message})"),
        fact: format!("events[{reason}].message"),
        value: message,
    })
}
