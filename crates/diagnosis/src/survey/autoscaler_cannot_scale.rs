//! An autoscaler cannot scale: its target or its metrics are missing.
//!
//! ## What it looks for
//! A target that is not there (the near miss that exists is named), and the autoscaler's own conditions
//! `AbleToScale` and `ScalingActive` with `False`: no metrics server, a container without the request that a
//! percentage needs, nobody who serves the metrics of its own that it names, a container that is not there. Another
//! autoscaler of the same target or the same pods. A missing request is said of the target, at once, unless a limit
//! range or the pods themselves have one.
//!
//! ## What it does not see
//! A target that is scaled to nothing on purpose; the first minutes, when there are no metrics yet.

mod metric;
mod request;
mod rival;

use k8s_openapi::api::autoscaling::v2::{
    HorizontalPodAutoscaler, HorizontalPodAutoscalerCondition, HorizontalPodAutoscalerSpec,
};
use serde_json::Value;
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::mend::mended;
use super::scene::{Scene, name, namespace, subject};
use super::words::{meant, missing, quoted};
use crate::near_miss::near_miss;
pub(super) use request::{Lack, lack_of};

/// How long metrics may be missing, in seconds, before that is trouble: pods and metrics servers start slowly.
const PATIENCE_SECS: i64 = 180;
/// The field that says what kind of workload is scaled.
const KIND: &str = "/spec/scaleTargetRef/kind";
/// The one that says of which group and version.
const VERSION: &str = "/spec/scaleTargetRef/apiVersion";
/// Where the workloads are that are known.
const APPS: &str = "apps/v1";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let found = scene.all.autoscalers.iter().flatten().map(|it| (it, of_autoscaler(it, scene)));
    let named = found.flat_map(|(it, finding)| request::named(it, finding, scene));
    named.collect()
}

fn of_autoscaler(autoscaler: &HorizontalPodAutoscaler, scene: &Scene<'_>) -> Option<Finding> {
    let spec = &autoscaler.spec;
    let about = subject("HorizontalPodAutoscaler", &autoscaler.metadata);
    let able = condition(autoscaler, "AbleToScale").filter(|it| it.status == "False");
    let active = condition(autoscaler, "ScalingActive").filter(|it| it.status == "False");
    let says_nothing = autoscaler.status.as_ref().is_none_or(|it| it.conditions.is_none());
    let says_missing =
        able.is_some_and(|it| it.reason.as_deref() == Some("FailedGetScale")) || says_nothing;
    if let Some((cause, field, meant)) =
        target_missing(spec, namespace(&autoscaler.metadata), scene)
        && says_missing
    {
        let wanted = &spec.scale_target_ref;
        let value = if field == KIND { &wanted.kind } else { &wanted.name };
        let finding = finding(about, cause).clue(field, value).at(field);
        let finding = mended(finding, value.as_str().into(), meant);
        return Some(able.map_or(finding.clone(), |it| clues(finding, it, scene)));
    }
    if let Some(finding) = able.and_then(|it| other_group(spec, it, &about, scene)) {
        return Some(finding);
    }
    if let Some(able) = able {
        let message = quoted(able.message.as_deref().unwrap_or_default(), scene);
        return Some(clues(finding(about, format!("It cannot scale: {message}.")), able, scene));
    }
    if let Some(finding) = rival::of(autoscaler, active, scene) {
        return Some(finding);
    }
    inactive(spec, active?, about, scene)
}

/// The condition of this type.
pub(super) fn condition<'h>(
    autoscaler: &'h HorizontalPodAutoscaler,
    type_: &str,
) -> Option<&'h HorizontalPodAutoscalerCondition> {
    let conditions = autoscaler.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|it| it.type_ == type_)
}

/// Says that there is no such target, of the kinds that are known; with the field that says so and what was meant
/// there.
fn target_missing(
    spec: &HorizontalPodAutoscalerSpec,
    space: &str,
    scene: &Scene<'_>,
) -> Option<(String, &'static str, Option<Value>)> {
    let wanted = &spec.scale_target_ref;
    let kind = wanted.kind.as_str();
    let is_known = matches!(kind, "Deployment" | "StatefulSet");
    let near = near_miss(kind, ["Deployment", "StatefulSet"]).filter(|_| !is_known);
    if let Some(near) = near.filter(|it| scene.workload(it, space, &wanted.name).is_some()) {
        let cause = format!("There is no kind {kind}; {near} was probably meant.");
        return Some((cause, KIND, Some(near.into())));
    }
    if !is_known || scene.workload(kind, space, &wanted.name).is_some() {
        return None;
    }
    let other = if kind == "Deployment" { "StatefulSet" } else { "Deployment" };
    if scene.workload(other, space, &wanted.name).is_some() {
        let cause = format!(
            "There is no {kind} {0}; there is a {other} {0}, which was probably meant.",
            wanted.name
        );
        return Some((cause, KIND, Some(other.into())));
    }
    let here = scene.all.workloads.iter().filter(|it| namespace(it.metadata()) == space);
    let same = here.filter(|it| it.kind().as_str() == kind).map(|it| name(it.metadata()));
    let meant = meant(&wanted.name, same.clone());
    Some((missing(kind, &wanted.name, same), "/spec/scaleTargetRef/name", meant))
}

/// The target is there, in another group than the one that it names.
fn other_group(
    spec: &HorizontalPodAutoscalerSpec,
    able: &HorizontalPodAutoscalerCondition,
    about: &Subject,
    scene: &Scene<'_>,
) -> Option<Finding> {
    let wanted = &spec.scale_target_ref;
    let version = wanted.api_version.as_deref().unwrap_or_default();
    let message = able.message.as_deref()?;
    let is_unknown =
        message.contains("no matches for kind") || message.contains("could not find the requested");
    scene.workload(&wanted.kind, &about.namespace, &wanted.name)?;
    let group = version.split_once('/').map_or("", |it| it.0);
    if !is_unknown || group == "apps" {
        return None;
    }
    let said = quoted(message, scene);
    let cause = format!(
        "It names {} for {} {}, where {APPS} was probably meant: {said}.",
        if version.is_empty() { "no apiVersion" } else { version },
        wanted.kind,
        wanted.name
    );
    let finding = finding(about.clone(), cause).clue(VERSION, version).at(VERSION);
    let finding = mended(finding, version.into(), Some(APPS.into()));
    Some(clues(finding, able, scene))
}

/// It has no metrics to count with.
fn inactive(
    spec: &HorizontalPodAutoscalerSpec,
    active: &HorizontalPodAutoscalerCondition,
    about: Subject,
    scene: &Scene<'_>,
) -> Option<Finding> {
    let reason = active.reason.as_deref().unwrap_or_default();
    let said = active.message.as_deref().unwrap_or_default();
    // The target is scaled to nothing, which only a person does.
    if reason == "ScalingDisabled" {
        return None;
    }
    let target = Subject::new(
        spec.scale_target_ref.kind.clone(),
        about.namespace.clone(),
        spec.scale_target_ref.name.clone(),
    );
    let root = scene.workload(&target.kind, &target.namespace, &target.name);
    if let Some(it) = root.and_then(|it| metric::of_no_container(it, spec)) {
        let finding = finding(about, it.cause).clue(it.field.clone(), &it.container).at(it.field);
        let finding = mended(finding, it.container.into(), it.meant.map(Value::from));
        return Some(clues(finding, active, scene));
    }
    let since = active.last_transition_time.as_ref().map(|it| it.0);
    if since.is_some() && scene.age_secs(since) < PATIENCE_SECS {
        return None;
    }
    let finding = |cause: String| clues(finding(about, cause), active, scene);
    if let Some((index, cause)) = metric::of_no_adapter(said, spec) {
        let finding = finding(cause);
        return Some(match index {
            Some(index) => finding.at(format!("/spec/metrics/{index}")),
            None => finding,
        });
    }
    if said.contains(".metrics.k8s.io)") {
        let is_absent = said.contains("could not find the requested resource");
        let cause = if is_absent {
            "It gets no metrics: no metrics server is installed."
        } else {
            "It gets no metrics: the metrics server does not answer."
        };
        return Some(finding(cause.to_owned()));
    }
    let message = quoted(said, scene);
    // Pods that are not ready have no metrics: then the target's own trouble is the cause.
    Some(
        finding(format!("It cannot tell how many replicas are needed: {message}."))
            .because_of(target),
    )
}

fn clues(
    finding: Finding,
    condition: &HorizontalPodAutoscalerCondition,
    scene: &Scene<'_>,
) -> Finding {
    let fact = |it: &str| format!("status.conditions[{}].{it}", condition.type_);
    let message = quoted(condition.message.as_deref().unwrap_or_default(), scene);
    let reason = condition.reason.as_deref().unwrap_or_default();
    finding.clue(fact("reason"), reason).clue(fact("message"), &message)
}

fn finding(about: Subject, cause: String) -> Finding {
    Finding::new(about, Severity::Critical, cluster(ClusterFault::AutoscalerCannotScale), cause)
}
