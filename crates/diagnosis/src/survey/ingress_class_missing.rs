//! An Ingress names a class that is not there, or none and there is no default.
//!
//! ## What it looks for
//! `ingressClassName` without such a class (the near miss that exists is named); no class at all while no class is
//! marked as the default and nobody gave the Ingress an address; an old annotation that is a near miss.
//!
//! ## What it does not see
//! Whether a controller for the class runs; and the certificates that an Ingress names, since Secrets are not read.

use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use serde_json::Value;
use types::{ClusterFault, Finding, Severity};

use super::cluster;
use super::mend::mended;
use super::scene::{Scene, name, subject};
use super::words::{entry, listed};
use crate::confidence;
use crate::near_miss::near_miss;

/// Marks the class that an Ingress without one gets.
const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";
/// How the class was named before there were classes; controllers still heed it.
const ANNOTATION: &str = "kubernetes.io/ingress.class";
/// How long a controller may take to give an address, in seconds.
const PATIENCE_SECS: i64 = 60;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let Some(classes) = &scene.all.ingress_classes else { return vec![] };
    let ingresses = scene.all.ingresses.iter().flatten();
    ingresses.filter_map(|it| of_ingress(it, classes, scene)).collect()
}

fn of_ingress(ingress: &Ingress, classes: &[IngressClass], scene: &Scene<'_>) -> Option<Finding> {
    let named = ingress.spec.as_ref()?.ingress_class_name.as_deref();
    let annotated = entry(ingress.metadata.annotations.as_ref(), ANNOTATION);
    match (named, annotated) {
        (Some(wanted), _) if is_built_in(wanted, scene) => None,
        (Some(wanted), _) => missing(ingress, wanted, classes),
        (None, Some(wanted)) => annotation(ingress, wanted, classes),
        (None, None) => classless(ingress, classes, scene),
    }
}

/// Whether the cloud's own controller knows this class by its name alone.
fn is_built_in(wanted: &str, scene: &Scene<'_>) -> bool {
    let is_of_cloud = |it: &std::sync::Arc<Node>| {
        let id = it.spec.as_ref().and_then(|it| it.provider_id.as_deref());
        id.is_some_and(|it| it.starts_with("gce://"))
    };
    ["gce", "gce-internal"].contains(&wanted) && scene.all.nodes.iter().any(is_of_cloud)
}

fn missing(ingress: &Ingress, wanted: &str, classes: &[IngressClass]) -> Option<Finding> {
    let names = names(classes);
    if names.iter().any(|it| it == wanted) {
        return None;
    }
    let near = near_miss(wanted, names.iter().map(String::as_str));
    let there = match (&near, names.as_slice()) {
        (Some(near), _) => format!("there is {near}, which was probably meant"),
        (None, []) => "there is none at all".to_owned(),
        (None, [only]) => format!("the only one is {only}"),
        (None, _) => format!("there are {}", listed(&names)),
    };
    let cause = format!("There is no ingress class {wanted}; {there}.");
    let field = "/spec/ingressClassName";
    let finding = finding(ingress, Severity::Critical, cause).clue(field, wanted).at(field);
    // Somebody answers for it: a controller that goes by the name alone, or the class went a moment ago.
    Some(if has_address(ingress) {
        Finding { severity: Severity::Warning, ..finding.sure(confidence::GUESSED) }
    } else {
        mended(finding, wanted.into(), near.map(Value::from))
    })
}

/// A controller may heed an annotation without any class; only a slip of the finger is told.
fn annotation(ingress: &Ingress, wanted: &str, classes: &[IngressClass]) -> Option<Finding> {
    let names = names(classes);
    if has_address(ingress) || names.iter().any(|it| it == wanted) {
        return None;
    }
    let near = near_miss(wanted, names.iter().map(String::as_str))?;
    let cause =
        format!("There is no ingress class {wanted}; there is {near}, which was probably meant.");
    let field = "/metadata/annotations/kubernetes.io~1ingress.class";
    let finding = finding(ingress, Severity::Warning, cause);
    let finding = finding.clue(field, wanted).at(field).sure(confidence::LIKELY);
    Some(mended(finding, wanted.into(), Some(near.into())))
}

fn classless(ingress: &Ingress, classes: &[IngressClass], scene: &Scene<'_>) -> Option<Finding> {
    let is_default = |it: &IngressClass| {
        entry(it.metadata.annotations.as_ref(), DEFAULT).is_some_and(|it| it == "true")
    };
    let is_served = has_address(ingress) || scene.is_new(&ingress.metadata, PATIENCE_SECS);
    if is_served || classes.iter().any(is_default) {
        return None;
    }
    let names = names(classes);
    let there = match names.as_slice() {
        [] => "there is no class at all".to_owned(),
        [only] => format!("no class is the default; the only one is {only}"),
        _ => format!("no class is the default; there are {}", listed(&names)),
    };
    let cause = format!("It names no ingress class, and {there}.");
    let finding = finding(ingress, Severity::Warning, cause).at("/spec/ingressClassName");
    let finding = finding.clue("status.loadBalancer", "none").sure(confidence::LIKELY);
    let only = names.first().filter(|_| names.len() == 1);
    Some(mended(finding, Value::Null, only.map(|it| it.as_str().into())))
}

fn has_address(ingress: &Ingress) -> bool {
    let status = ingress.status.as_ref().and_then(|it| it.load_balancer.as_ref());
    status.is_some_and(|it| it.ingress.iter().flatten().next().is_some())
}

fn names(classes: &[IngressClass]) -> Vec<String> {
    let mut names: Vec<_> = classes.iter().map(|it| name(&it.metadata).to_owned()).collect();
    names.sort();
    names
}

fn finding(ingress: &Ingress, severity: Severity, cause: String) -> Finding {
    let about = subject("Ingress", &ingress.metadata);
    Finding::new(about, severity, cluster(ClusterFault::IngressClassMissing), cause)
}
