//! The target of a `ScaledObject`: whether it is there, can be scaled, and asks for what it is scaled by.

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use serde_json::Value;
use types::{ClusterFault, Finding, Severity, Subject};

use super::finding;
use crate::near_miss::near_miss;
use crate::survey::autoscaler_cannot_scale::{Lack, lack_of};
use crate::survey::cluster;
use crate::survey::json::{list, text};
use crate::survey::mend::mended;
use crate::survey::scene::{Scene, name, namespace};
use crate::survey::words::{going_on, meant, missing as not_there};

/// The field that names the target.
const NAME: &str = "/spec/scaleTargetRef/name";
/// The one that says of what kind it is.
const KIND: &str = "/spec/scaleTargetRef/kind";
/// Kinds of `apps` that can be scaled, and are known here.
const SCALED: [&str; 2] = ["Deployment", "StatefulSet"];
/// One that can be scaled and is not known here where a Deployment owns it.
const SET: &str = "ReplicaSet";

/// The kind of the target, and whether that is one of `apps`, where all kinds are known.
fn kind(object: &Value) -> (&str, bool) {
    let kind = match text(object, KIND) {
        "" => "Deployment",
        kind => kind,
    };
    let group = text(object, "/spec/scaleTargetRef/apiVersion").split_once('/').map(|it| it.0);
    (kind, group.is_none_or(|it| it == "apps"))
}

/// Says that there is no such target, with what was probably meant.
pub(super) fn missing(object: &Value, about: &Subject, scene: &Scene<'_>) -> Option<Finding> {
    let wanted = text(object, NAME);
    let (kind, is_of_apps) = kind(object);
    if !is_of_apps || kind == SET || wanted.is_empty() {
        return None;
    }
    if !SCALED.contains(&kind) {
        return Some(of_no_scale(kind, wanted, about, scene));
    }
    if scene.workload(kind, &about.namespace, wanted).is_some() {
        return None;
    }
    let here = scene.all.workloads.iter();
    let here = here.filter(|it| namespace(it.metadata()) == about.namespace);
    let names = here.filter(|it| it.kind().as_str() == kind).map(|it| name(it.metadata()));
    let meant = meant(wanted, names.clone());
    let cause = going_on(&not_there(kind, wanted, names), "so nothing is scaled");
    let finding = finding(about, cause).clue(NAME, wanted).at(NAME);
    Some(mended(finding, wanted.into(), meant))
}

/// `apps` has no such kind, or none that can be scaled.
fn of_no_scale(kind: &str, wanted: &str, about: &Subject, scene: &Scene<'_>) -> Finding {
    let is_there = |it: &&str| scene.workload(it, &about.namespace, wanted).is_some();
    let near = near_miss(kind, SCALED).filter(|it| is_there(&it.as_str()));
    let mut there = SCALED.iter().copied().filter(is_there);
    let only = there.next().filter(|_| there.next().is_none()).map(ToOwned::to_owned);
    let meant = near.or(only);
    let words = match &meant {
        Some(it) => format!("; there is {it} {wanted}, which was probably meant"),
        None => String::new(),
    };
    let cause = format!("Nothing of kind {kind} can be scaled, so nothing is{words}.");
    let finding = finding(about, cause).clue(KIND, kind).at(KIND);
    mended(finding, kind.into(), meant.map(Value::from))
}

/// Says of a target that a container of it asks for none of what it is scaled by, and of the object that it suffers
/// from that. Nothing where the autoscaler that KEDA makes is there: then it is told by that one's rule.
pub(super) fn without_request(object: &Value, about: &Subject, scene: &Scene<'_>) -> Vec<Finding> {
    let wanted = text(object, NAME);
    let (kind, is_of_apps) = kind(object);
    let target = scene.workload(kind, &about.namespace, wanted).filter(|_| is_of_apps);
    // Of nothing no percentage is taken.
    let Some(root) = target.filter(|it| it.desired() != Some(0)) else { return vec![] };
    let is_its = |it: &HorizontalPodAutoscaler| {
        let of = &it.spec.scale_target_ref;
        namespace(&it.metadata) == about.namespace
            && (of.kind.as_str(), of.name.as_str()) == (kind, wanted)
    };
    if scene.all.autoscalers.iter().flatten().any(is_its) {
        return vec![];
    }
    let triggers = list(object, "/spec/triggers").iter();
    let lack = triggers.filter_map(resource).find_map(|it| lack_of(root, it, false, scene));
    let Some(Lack { target, field, words }) = lack else { return vec![] };
    let fault = cluster(ClusterFault::AutoscalerCannotScale);
    let cause = format!("{about} wants a percentage of {words}.");
    let finding_of_target = Finding::new(target.clone(), Severity::Warning, fault, cause);
    let finding_of_target = finding_of_target.clue(field.clone(), "none").at(field);
    let own = finding(about, format!("It wants a percentage of {words}."));
    let own = own.clue("/spec/triggers", "none of what it is scaled by is asked for");
    vec![finding_of_target, own.because_of(target)]
}

/// The resource of which a trigger wants a percentage, with the container that it is about.
fn resource(trigger: &Value) -> Option<(&str, Option<&str>)> {
    let type_ = text(trigger, "/type");
    let amount = [text(trigger, "/metricType"), text(trigger, "/metadata/type")];
    if !matches!(type_, "cpu" | "memory") || amount.contains(&"AverageValue") {
        return None;
    }
    let of = text(trigger, "/metadata/containerName");
    Some((type_, Some(of).filter(|it| !it.is_empty())))
}
