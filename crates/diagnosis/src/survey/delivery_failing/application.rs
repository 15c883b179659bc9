//! One Application of Argo CD.

use jiff::Timestamp;
use serde_json::Value;
use types::{ClusterFault, Finding, Severity, Subject};

use super::PATIENCE_SECS;
use crate::confidence;
use crate::survey::cluster;
use crate::survey::json::{list, subject, text};
use crate::survey::scene::Scene;
use crate::survey::words::{listed, quoted};

/// What Argo CD says of objects that are not well.
const ILL: [&str; 2] = ["Degraded", "Missing"];

/// What is wrong with an Application.
pub(super) fn trouble(object: &Value, scene: &Scene<'_>) -> Option<Finding> {
    if text(object, "/status/operationState/phase") == "Running" {
        return None;
    }
    unreadable(object, scene)
        .or_else(|| failed(object, scene))
        .or_else(|| ill(object, scene))
        .or_else(|| apart(object, scene))
}

fn finding(object: &Value, severity: Severity, cause: String) -> Finding {
    let about = subject("Application", object);
    Finding::new(about, severity, cluster(ClusterFault::DeliveryFailing), cause)
}

/// Its manifests cannot be made or compared.
fn unreadable(object: &Value, scene: &Scene<'_>) -> Option<Finding> {
    let mut conditions = list(object, "/status/conditions").iter();
    let said = conditions.find(|it| text(it, "/type").ends_with("Error"))?;
    let since: Option<Timestamp> = text(said, "/lastTransitionTime").parse().ok();
    if since.is_some() && scene.age_secs(since) < PATIENCE_SECS {
        return None;
    }
    let kind = quoted(text(said, "/type"), scene);
    let message = quoted(text(said, "/message"), scene);
    let cause = format!("Argo CD cannot apply it: {message}.");
    let fact = format!("conditions[{kind}].message");
    Some(finding(object, Severity::Warning, cause).clue(fact, &message).sure(confidence::WORDED))
}

/// Its last sync failed.
fn failed(object: &Value, scene: &Scene<'_>) -> Option<Finding> {
    let phase = text(object, "/status/operationState/phase");
    if !matches!(phase, "Failed" | "Error") || text(object, "/status/sync/status") == "Synced" {
        return None;
    }
    let message = quoted(text(object, "/status/operationState/message"), scene);
    let cause = format!("Its last sync failed: {message}.");
    let finding = finding(object, Severity::Warning, cause);
    Some(finding.clue("status.operationState.phase", phase).sure(confidence::WORDED))
}

/// Objects of it are degraded or missing.
fn ill(object: &Value, scene: &Scene<'_>) -> Option<Finding> {
    let health = text(object, "/status/health/status");
    if !ILL.contains(&health) {
        return None;
    }
    let since: Option<Timestamp> = text(object, "/status/health/lastTransitionTime").parse().ok();
    if since.is_some() && scene.age_secs(since) < PATIENCE_SECS {
        return None;
    }
    let resources = list(object, "/status/resources").iter();
    let ill = resources.filter(|it| ILL.contains(&text(it, "/health/status")));
    let ill: Vec<_> = ill.map(of_resource).collect();
    let names: Vec<_> = ill.iter().map(ToString::to_string).collect();
    let of = if names.is_empty() { String::new() } else { format!(": {}", listed(&names)) };
    let cause = format!("Argo CD finds it {}{of}.", health.to_lowercase());
    let finding = finding(object, Severity::Warning, cause);
    let finding = finding.clue("status.health.status", health).sure(confidence::FOLLOWS);
    Some(ill.into_iter().fold(finding, Finding::because_of))
}

/// The cluster is not as its source says, and nothing failed.
fn apart(object: &Value, scene: &Scene<'_>) -> Option<Finding> {
    if text(object, "/status/sync/status") != "OutOfSync" {
        return None;
    }
    let finished: Option<Timestamp> =
        text(object, "/status/operationState/finishedAt").parse().ok();
    if finished.is_some() && scene.age_secs(finished) < PATIENCE_SECS {
        return None;
    }
    let resources = list(object, "/status/resources").iter();
    let apart = resources.filter(|it| text(it, "/status") == "OutOfSync");
    let names: Vec<_> = apart.map(|it| of_resource(it).to_string()).collect();
    let of = if names.is_empty() { String::new() } else { format!(": {}", listed(&names)) };
    let by_itself = object.pointer("/spec/syncPolicy/automated").is_some();
    let end = if by_itself { ", although it is to be synced by itself" } else { "" };
    let cause = format!("What is in the cluster is not what its source says{end}{of}.");
    let finding = finding(object, Severity::Notice, cause);
    Some(finding.clue("status.sync.status", "OutOfSync").sure(confidence::LIKELY))
}

fn of_resource(resource: &Value) -> Subject {
    let of = |pointer| text(resource, pointer);
    Subject::new(of("/kind"), of("/namespace"), of("/name"))
}
