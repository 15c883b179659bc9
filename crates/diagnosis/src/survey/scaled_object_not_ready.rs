//! KEDA cannot scale a workload.
//!
//! ## What it looks for
//! A `ScaledObject` whose target is not there, with the near miss that is, or whose condition `Ready` is false, with
//! KEDA's own words. A `ScaledJob` whose condition `Ready` is false.
//!
//! ## What it does not see
//! One that is paused. A target of a kind that is not known to the survey.

use jiff::Timestamp;
use serde_json::Value;
use types::{ClusterFault, Finding, Severity};

use super::cluster;
use super::json::{list, subject, text, trouble};
use super::mend::mended;
use super::scene::{Scene, name, namespace};
use super::words::{going_on, meant, missing, quoted};
use crate::confidence;

/// How long a target may take to come, in seconds: what is installed together comes one after the other.
const PATIENCE_SECS: i64 = 60;
/// Annotations that pause it.
const PAUSED: [&str; 2] = ["autoscaling.keda.sh~1paused", "autoscaling.keda.sh~1paused-replicas"];
/// The field that names the target.
const TARGET: &str = "/spec/scaleTargetRef/name";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let all = scene.all.scaled_objects.iter().flatten();
    all.filter(|it| !is_paused(it)).filter_map(|it| of_object(it, scene)).collect()
}

fn is_paused(object: &Value) -> bool {
    let says = |it: &&str| text(object, &format!("/metadata/annotations/{it}"));
    PAUSED.iter().any(|it| !matches!(says(it), "" | "false"))
        || object.pointer("/metadata/deletionTimestamp").is_some()
}

fn of_object(object: &Value, scene: &Scene<'_>) -> Option<Finding> {
    // A `ScaledJob` has no target: it brings its template along.
    let about = subject(text(object, "/kind"), object);
    let fault = cluster(ClusterFault::AutoscalerCannotScale);
    let created: Option<Timestamp> = text(object, "/metadata/creationTimestamp").parse().ok();
    let is_new = created.is_some_and(|it| scene.age_secs(Some(it)) < PATIENCE_SECS);
    let kind = match text(object, "/spec/scaleTargetRef/kind") {
        "" => "Deployment",
        kind => kind,
    };
    let wanted = text(object, TARGET);
    let is_known = matches!(kind, "Deployment" | "StatefulSet");
    let there = scene.workload(kind, &about.namespace, wanted);
    if is_known && there.is_none() && !wanted.is_empty() && !is_new {
        let here = scene.all.workloads.iter();
        let here = here.filter(|it| namespace(it.metadata()) == about.namespace);
        let names = here.filter(|it| it.kind().as_str() == kind).map(|it| name(it.metadata()));
        let meant = meant(wanted, names.clone());
        let cause = going_on(&missing(kind, wanted, names), "so nothing is scaled");
        let finding = Finding::new(about, Severity::Warning, fault, cause);
        return Some(mended(finding.clue(TARGET, wanted).at(TARGET), wanted.into(), meant));
    }
    let trouble = trouble(object, list(object, "/status/conditions"), &["Ready"], scene)?;
    if trouble.status != "False" {
        return None;
    }
    let said = quoted(trouble.message, scene);
    let cause = format!("KEDA cannot scale by it: {said}.");
    let finding = Finding::new(about, Severity::Warning, fault, cause).sure(confidence::WORDED);
    Some(finding.clue("conditions[Ready].reason", &quoted(trouble.reason, scene)))
}
