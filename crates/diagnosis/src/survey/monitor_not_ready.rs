//! The operator of Prometheus cannot bring about what one of its objects asks it for.
//!
//! ## What it looks for
//! A `Prometheus` or an `Alertmanager` whose condition `Reconciled` or `Available` is false for minutes, with the
//! operator's own words: then nobody measures, or nobody is told of alerts. What is wrong with its pods explains it.
//!
//! ## What it does not see
//! One that is paused. Rules and monitors that the operator leaves out: it says so in its log and its metrics.

use jiff::Timestamp;
use serde_json::Value;
use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::json::{is_outdated, list, subject, text};
use super::scene::Scene;
use super::words::quoted;
use crate::confidence;

/// What should be true, and how long it may be false, in seconds: after a restart Prometheus reads its log again for
/// minutes.
const CONDITIONS: [(&str, i64); 2] = [("Reconciled", 120), ("Available", 900)];

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    scene.all.monitors.iter().flatten().filter_map(|it| of_object(it, scene)).collect()
}

fn of_object(object: &Value, scene: &Scene<'_>) -> Option<Finding> {
    let is_paused = object.pointer("/spec/paused").and_then(Value::as_bool) == Some(true);
    if is_paused || object.pointer("/metadata/deletionTimestamp").is_some() {
        return None;
    }
    let (type_, found) = CONDITIONS.iter().find_map(|(type_, patience)| {
        let mut conditions = list(object, "/status/conditions").iter();
        let found = conditions.find(|it| {
            text(it, "/type") == *type_
                && text(it, "/status") == "False"
                && !is_outdated(object, it)
        })?;
        let since: Option<Timestamp> = text(found, "/lastTransitionTime").parse().ok();
        let is_new = since.is_some() && scene.age_secs(since) < *patience;
        (!is_new).then_some((*type_, found))
    })?;
    let about = subject(text(object, "/kind"), object);
    // As the operator calls what it makes.
    let set = format!("{}-{}", about.kind.to_lowercase(), about.name);
    let set = Subject::new("StatefulSet", &*about.namespace, set);
    let said = quoted(text(found, "/message"), scene);
    let said = if said.is_empty() { said } else { format!(": {said}") };
    let cause = match type_ {
        "Reconciled" => format!("Its operator cannot make it what it should be{said}."),
        _ => format!("None of it runs{said}."),
    };
    let fault = cluster(ClusterFault::OperatorFailing);
    let finding = Finding::new(about, Severity::Warning, fault, cause).sure(confidence::FOLLOWS);
    let reason = quoted(text(found, "/reason"), scene);
    let finding = finding.clue(format!("conditions[{type_}].reason"), &reason);
    let is_told = scene.is_in_trouble(&set);
    let is_cause = is_told && type_ == "Available";
    Some(if is_cause { finding.because_of(set) } else { finding })
}
