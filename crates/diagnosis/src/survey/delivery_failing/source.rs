//! One source of Flux: a repository, a bucket or a chart.

use jiff::Timestamp;
use serde_json::Value;
use types::{ClusterFault, Finding, Severity, Subject};

use super::{ON_ITS_WAY, PATIENCE_SECS};
use crate::confidence;
use crate::survey::cluster;
use crate::survey::json::{is_outdated, list, subject, text};
use crate::survey::scene::Scene;
use crate::survey::words::quoted;

/// Conditions that should not be true, the telling ones first.
const BAD: [&str; 3] = ["FetchFailed", "BuildFailed", "StorageOperationFailed"];
/// Where an object names its source: a Kustomization or a chart, a release, and a release of a chart that is there.
const REFERENCES: [&str; 3] = ["/spec/sourceRef", "/spec/chart/spec/sourceRef", "/spec/chartRef"];

/// What is wrong with a source.
pub(super) fn trouble(object: &Value, scene: &Scene<'_>) -> Option<Finding> {
    if object.pointer("/spec/suspend").and_then(Value::as_bool) == Some(true) {
        return None;
    }
    let conditions = list(object, "/status/conditions").iter();
    let of_now = conditions.filter(|it| !is_outdated(object, it));
    let is_bad = |it: &&Value, type_: &str, status: &str| {
        text(it, "/type") == type_ && text(it, "/status") == status
    };
    let told = BAD.iter().find_map(|type_| of_now.clone().find(|it| is_bad(it, type_, "True")));
    let not_ready = || of_now.clone().find(|it| is_bad(it, "Ready", "False"));
    let found = told.or_else(not_ready)?;
    let reason = text(found, "/reason");
    // Each retry may say it in other words: what is not ready for long is in trouble for long.
    let since = |it: &Value| text(it, "/lastTransitionTime").parse::<Timestamp>().ok();
    let since = [Some(found), not_ready()].into_iter().flatten().filter_map(since).min();
    let is_new = since.is_some() && scene.age_secs(since) < PATIENCE_SECS;
    if is_new || ON_ITS_WAY.contains(&reason) {
        return None;
    }
    let about = subject(text(object, "/kind"), object);
    let said = quoted(text(found, "/message"), scene);
    let cause = format!("Flux cannot fetch it, so that what is delivered stays as it is: {said}.");
    let fault = cluster(ClusterFault::DeliveryFailing);
    let finding = Finding::new(about, Severity::Warning, fault, cause).sure(confidence::WORDED);
    let fact = format!("conditions[{}].reason", text(found, "/type"));
    Some(finding.clue(fact, &quoted(reason, scene)))
}

/// The sources that an object is made of, the nearest first.
pub(super) fn above(object: &Value) -> Vec<Subject> {
    let own = text(object, "/metadata/namespace");
    // The chart that a release has made for itself stands between it and its repository.
    let chart = text(object, "/status/helmChart").split_once('/');
    let chart = chart.map(|(space, name)| Subject::new("HelmChart", space, name));
    let named = REFERENCES.iter().filter_map(|it| object.pointer(it)).map(|it| {
        let space = match text(it, "/namespace") {
            "" => own,
            space => space,
        };
        Subject::new(text(it, "/kind"), space, text(it, "/name"))
    });
    chart.into_iter().chain(named).collect()
}
