//! A budget that counts pods by the scale of their controllers, and takes pods that have no such controller
//! (<https://kubernetes.io/docs/tasks/run-application/configure-pdb/#arbitrary-controllers-and-selectors>).

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{Finding, Severity};

use super::{LEAST, bound, finding, says_none, shown};
use crate::confidence;
use crate::survey::scene::{Scene, controller, is_over, is_ready, name, namespace, selects};
use crate::survey::words::{listed, quoted};

/// How long a budget may be there before its controller has counted, in seconds.
const PATIENCE_SECS: i64 = 20;
/// Controllers of Kubernetes that have a scale.
const SCALED: [&str; 3] = ["ReplicaSet", "StatefulSet", "ReplicationController"];
/// And those that have none: one pod of theirs, and the whole budget is not counted.
const SCALELESS: [&str; 3] = ["DaemonSet", "Job", "Node"];

/// What the pods without a scale make of a budget that counts by it.
pub(super) fn told(budget: &PodDisruptionBudget, scene: &Scene<'_>) -> Option<Finding> {
    let spec = budget.spec.as_ref()?;
    let (field, value) = bound(spec)?;
    let counts_pods = field == LEAST && matches!(value, IntOrString::Int(_));
    if counts_pods || scene.is_new(&budget.metadata, PATIENCE_SECS) {
        return None;
    }
    let selector = spec.selector.as_ref()?;
    let pods = scene.pods(namespace(&budget.metadata)).iter().copied();
    // The controller counts those that are over as well, which keeps it from counting any.
    let mut pods: Vec<&Pod> = pods
        .filter(|it| it.metadata.deletion_timestamp.is_none())
        .filter(|it| selects(selector, it.metadata.labels.as_ref()))
        .collect();
    pods.sort_by_key(|it| name(&it.metadata));
    let (bare, owned): (Vec<&Pod>, Vec<&Pod>) =
        pods.into_iter().partition(|it| controller(&it.metadata).is_none());
    let found = scaleless(budget, spec, &owned, scene).or_else(|| {
        let bare: Vec<_> = bare.into_iter().filter(|it| !is_over(it)).collect();
        let owned = owned.iter().filter(|it| !is_over(it)).count();
        unmanaged(budget, spec, (&bare, owned))
    })?;
    let said = ["UnmanagedPods", "CalculateExpectedPodCountFailed"];
    let about = found.subject.clone();
    let event = scene.events(&about).iter().find(|it| {
        it.reason.as_deref().is_some_and(|it| said.contains(&it)) && scene.is_recent(it)
    });
    Some(event.into_iter().fold(found, |found, it| {
        let reason = it.reason.as_deref().unwrap_or_default();
        let message = quoted(it.message.as_deref().unwrap_or_default(), scene);
        found.clue(format!("events[{reason}].message"), &message)
    }))
}

/// The controller of a pod has no scale: then nothing is counted, and no eviction let through.
fn scaleless(
    budget: &PodDisruptionBudget,
    spec: &PodDisruptionBudgetSpec,
    owned: &[&Pod],
    scene: &Scene<'_>,
) -> Option<Finding> {
    let counted = counting(budget);
    let is_failed = counted.is_some_and(|it| it.reason == "SyncFailed");
    let lets_go = budget.status.as_ref().is_some_and(|it| 0 < it.disruptions_allowed.unwrap_or(0));
    if says_none(spec) || lets_go || counted.is_some() && !is_failed {
        return None;
    }
    let of = |is_it: &dyn Fn(&str) -> bool| {
        owned.iter().find_map(|it| Some((*it, controller(&it.metadata).filter(|it| is_it(it.0))?)))
    };
    // A controller that somebody added may have a scale: the word of the one who counts says that this one has none.
    let found = of(&|it| SCALELESS.contains(&it))
        .or_else(|| of(&|it| !SCALED.contains(&it)).filter(|_| is_failed));
    let message = counted.filter(|_| is_failed).map(|it| quoted(&it.message, scene));
    let (field, value) = bound(spec)?;
    let shown = shown(value);
    let cause = match (&found, &message) {
        (Some((pod, (kind, owner))), _) => format!(
            "It lets none of its pods be evicted: {field}: {shown} is counted by the scale of their controllers, and \
             {kind} {owner}, which Pod {} is of, has no scale; an integer {LEAST} would do without.",
            name(&pod.metadata)
        ),
        (None, Some(message)) => format!(
            "It lets none of its pods be evicted: its controller cannot count what {field}: {shown} is of ({message})."
        ),
        (None, None) => return None,
    };
    let mut finding = finding(budget, Severity::Warning, cause).at(format!("/spec/{field}"));
    finding = finding.clue(format!("/spec/{field}"), &shown);
    if let Some((pod, (kind, owner))) = found {
        let fact = format!("Pod {}.metadata.ownerReferences", name(&pod.metadata));
        finding = finding.clue(fact, &format!("{kind} {owner}"));
    }
    Some(match message {
        Some(message) => finding.clue("status.conditions[DisruptionAllowed].message", &message),
        None => finding.sure(confidence::WORDED),
    })
}

/// Pods without a controller are not expected, and count among the healthy all the same.
fn unmanaged(
    budget: &PodDisruptionBudget,
    spec: &PodDisruptionBudgetSpec,
    (bare, owned): (&[&Pod], usize),
) -> Option<Finding> {
    let names: Vec<_> = bare.iter().map(|it| name(&it.metadata).to_owned()).collect();
    let first = names.first()?;
    let (field, value) = bound(spec)?;
    let shown = shown(value);
    let status = budget.status.as_ref();
    let allowed = status.and_then(|it| it.disruptions_allowed);
    let expected = status.and_then(|it| it.expected_pods).unwrap_or(0);
    let none_go = owned == 0 && !says_none(spec) && expected == 0 && allowed.unwrap_or(0) == 0;
    // Each that is healthy and not expected is one more that may go.
    let more_go = 0 < owned && bare.iter().any(|it| is_ready(it)) && 0 < allowed.unwrap_or(0);
    let plural = if names.len() == 1 { "has" } else { "have" };
    let pods = if names.len() == 1 { "Pod" } else { "Pods" };
    let those = if names.len() == 1 { "it is" } else { "they are" };
    let which = format!("{pods} {} {plural} no controller", listed(&names));
    let cause = if none_go {
        format!(
            "It lets none of its pods be evicted: {field}: {shown} is counted by the scale of their controllers, and \
             {which}; an integer {LEAST} would count them."
        )
    } else if more_go {
        format!(
            "It lets more of its pods go than {field}: {shown} says: that is counted by the scale of their controllers, \
             and {which}, so that {those} healthy beyond what is expected; an integer {LEAST} would count them."
        )
    } else {
        return None;
    };
    let finding = finding(budget, Severity::Warning, cause).at(format!("/spec/{field}"));
    let finding = finding.clue(format!("/spec/{field}"), &shown);
    let finding = finding.clue(format!("Pod {first}.metadata.ownerReferences"), "none");
    Some(match allowed {
        Some(allowed) => finding.clue("status.disruptionsAllowed", &allowed),
        None => finding.sure(confidence::WORDED),
    })
}

/// What its controller says of its last count.
fn counting(budget: &PodDisruptionBudget) -> Option<&Condition> {
    let conditions = budget.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|it| it.type_ == "DisruptionAllowed")
}
