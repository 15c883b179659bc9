//! Another autoscaler that scales the same pods: then neither of them does.

use k8s_openapi::api::autoscaling::v2::{
    HorizontalPodAutoscaler, HorizontalPodAutoscalerCondition,
};
use types::{ClusterFault, Finding, Severity, Subject};

use super::{clues, condition};
use crate::confidence;
use crate::survey::cluster;
use crate::survey::scene::{Scene, name, namespace, subject};
use crate::survey::words::listed;

/// What the controller says where the pods of an autoscaler are those of another one as well.
const AMBIGUOUS: &str = "AmbiguousSelector";
/// The field that both have.
const TARGET: &str = "/spec/scaleTargetRef/name";

/// What is said of an autoscaler that is not alone.
pub(super) fn of(
    autoscaler: &HorizontalPodAutoscaler,
    active: Option<&HorizontalPodAutoscalerCondition>,
    scene: &Scene<'_>,
) -> Option<Finding> {
    // What else keeps it from scaling the controller would not say of one that is not alone.
    if active.is_some_and(|it| it.reason.as_deref() != Some(AMBIGUOUS)) {
        return None;
    }
    // The controller looks at that itself: what it counts with is not shared.
    let scales = condition(autoscaler, "ScalingActive").is_some_and(|it| it.status == "True");
    if scales {
        return None;
    }
    let target = &autoscaler.spec.scale_target_ref;
    let said = active;
    let own = subject("HorizontalPodAutoscaler", &autoscaler.metadata);
    let same = same_target(autoscaler, scene);
    let (rivals, what) = if same.is_empty() {
        let rivals = named(said?.message.as_deref()?, &own, scene);
        (rivals, format!("pods of {} {}", target.kind, target.name))
    } else {
        (same, format!("{} {}", target.kind, target.name))
    };
    if rivals.is_empty() {
        return None;
    }
    let shown: Vec<_> = rivals.iter().map(ToString::to_string).collect();
    let (severity, end) = match said {
        Some(_) => (Severity::Critical, "so none of them scales"),
        None => (Severity::Warning, "so none of them will"),
    };
    let verb = if shown.len() == 1 { "scales" } else { "scale" };
    let cause = format!("It is not alone: {} {verb} {what} as well, {end}.", listed(&shown));
    let fault = cluster(ClusterFault::AutoscalerCannotScale);
    let first = rivals.first().filter(|it| **it < own).cloned();
    let finding = Finding::new(own, severity, fault, cause).sure(confidence::READ);
    // It is one trouble of them all.
    let finding = first.into_iter().fold(finding, Finding::because_of);
    let finding = finding.clue(TARGET, &target.name).at(TARGET);
    let fold =
        |finding: Finding, it: &Subject| finding.clue(format!("{it} {TARGET}"), &target.name);
    let finding = rivals.iter().fold(finding, fold);
    Some(said.map_or(finding.clone(), |it| clues(finding, it, scene)))
}

/// The other autoscalers of the same target.
fn same_target(autoscaler: &HorizontalPodAutoscaler, scene: &Scene<'_>) -> Vec<Subject> {
    let target = &autoscaler.spec.scale_target_ref;
    let is_rival = |it: &&HorizontalPodAutoscaler| {
        let other = &it.spec.scale_target_ref;
        name(&it.metadata) != name(&autoscaler.metadata)
            && (&other.kind, &other.name) == (&target.kind, &target.name)
    };
    let all = scene.autoscalers(namespace(&autoscaler.metadata)).filter(is_rival);
    let mut found: Vec<_> =
        all.map(|it| subject("HorizontalPodAutoscaler", &it.metadata)).collect();
    found.sort();
    found
}

/// The autoscalers that the controller names: `multiple HPAs: [shop/web shop/web-cpu]`.
fn named(said: &str, own: &Subject, scene: &Scene<'_>) -> Vec<Subject> {
    let list = said.split_once("HPAs: [").and_then(|it| it.1.split_once(']')).map(|it| it.0);
    let names: Vec<_> = list.unwrap_or_default().split_whitespace().collect();
    let all = scene.all.autoscalers.iter().flatten();
    let all = all.map(|it| subject("HorizontalPodAutoscaler", &it.metadata));
    let mut found: Vec<_> = all
        .filter(|it| it != own && names.contains(&format!("{}/{}", it.namespace, it.name).as_str()))
        .collect();
    found.sort();
    found
}
