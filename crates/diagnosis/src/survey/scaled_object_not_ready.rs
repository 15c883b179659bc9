//! KEDA cannot scale a workload.
//!
//! ## What it looks for
//! A `ScaledObject` whose target is not there, with the near miss that is, or is of a kind that cannot be scaled; one
//! that scales by CPU or memory while a container of its target asks for none; one whose condition `Ready` is false,
//! with KEDA's own words, those of its last warning among them, as the condition often tells no cause. A `ScaledJob`
//! whose condition `Ready` is false.
//!
//! ## What it does not see
//! One that is paused. A target of another group than `apps`: whether that is there only KEDA says.

mod target;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use serde_json::Value;
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::json::{list, subject, text, trouble};
use super::scene::{Scene, last_seen};
use super::words::quoted;
use crate::confidence;

/// How long a target may take to come, in seconds: what is installed together comes one after the other.
const PATIENCE_SECS: i64 = 60;
/// Annotations that pause it.
const PAUSED: [&str; 2] = ["autoscaling.keda.sh~1paused", "autoscaling.keda.sh~1paused-replicas"];

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let all = scene.all.scaled_objects.iter().flatten();
    all.filter(|it| !is_paused(it)).flat_map(|it| of_object(it, scene)).collect()
}

fn is_paused(object: &Value) -> bool {
    let says = |it: &&str| text(object, &format!("/metadata/annotations/{it}"));
    PAUSED.iter().any(|it| !matches!(says(it), "" | "false"))
        || object.pointer("/metadata/deletionTimestamp").is_some()
}

fn of_object(object: &Value, scene: &Scene<'_>) -> Vec<Finding> {
    // A `ScaledJob` has no target: it brings its template along.
    let about = subject(text(object, "/kind"), object);
    let created: Option<Timestamp> = text(object, "/metadata/creationTimestamp").parse().ok();
    let is_new = created.is_some_and(|it| scene.age_secs(Some(it)) < PATIENCE_SECS);
    if !is_new && let Some(finding) = target::missing(object, &about, scene) {
        return vec![finding];
    }
    let lacking = target::without_request(object, &about, scene);
    if !lacking.is_empty() {
        return lacking;
    }
    not_ready(object, &about, scene).into_iter().collect()
}

fn finding(about: &Subject, cause: String) -> Finding {
    let fault = cluster(ClusterFault::AutoscalerCannotScale);
    Finding::new(about.clone(), Severity::Warning, fault, cause)
}

/// KEDA says that it cannot scale: in the condition, in a warning, or in both.
fn not_ready(object: &Value, about: &Subject, scene: &Scene<'_>) -> Option<Finding> {
    let conditions = list(object, "/status/conditions");
    let warning = last_warning(about, scene);
    let warned = |it: &Event| quoted(it.message.as_deref().unwrap_or_default(), scene);
    let clue = |finding: Finding, it: &Event| {
        let reason = quoted(it.reason.as_deref().unwrap_or_default(), scene);
        finding.clue(format!("events[{reason}].message"), &warned(it))
    };
    let Some(trouble) = trouble(object, conditions, &["Ready"], scene) else {
        // It may have said so much and no more: a condition comes once it has read the object.
        let says_nothing = conditions.iter().all(|it| text(it, "/type") != "Ready");
        let warning = warning.filter(|_| says_nothing)?;
        let cause = format!("KEDA cannot scale by it: {}.", warned(warning));
        return Some(clue(finding(about, cause).sure(confidence::LIKELY), warning));
    };
    if trouble.status != "False" {
        return None;
    }
    let said = quoted(trouble.message, scene);
    let more = warning.map(warned).filter(|it| !it.is_empty() && !said.contains(it.as_str()));
    let more = more.map(|it| format!(": {it}")).unwrap_or_default();
    let cause = format!("KEDA cannot scale by it: {said}{more}.");
    let finding = finding(about, cause).sure(confidence::WORDED);
    let finding = finding.clue("conditions[Ready].reason", &quoted(trouble.reason, scene));
    Some(warning.map_or(finding.clone(), |it| clue(finding, it)))
}

/// The last warning about it that is recent, unless something went well since.
fn last_warning<'s>(about: &'s Subject, scene: &'s Scene<'_>) -> Option<&'s Event> {
    let warns = |it: &Event| it.type_.as_deref() == Some("Warning");
    let warning = scene.events(about).iter().find(|it| warns(it) && scene.is_recent(it))?;
    let at = last_seen(warning);
    let is_over = |it: &&&Event| !warns(it) && at < last_seen(it) && at.is_some();
    scene.events(about).iter().find(is_over).is_none().then_some(*warning)
}
