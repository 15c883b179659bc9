//! Argo CD or Flux cannot bring the cluster to what it should be.
//!
//! ## What it looks for
//! An `Application` of Argo CD whose manifests cannot be read or compared, whose last sync failed, whose objects it
//! finds degraded or missing, or that is out of sync (a notice); a `Kustomization` or `HelmRelease` of Flux that is not
//! ready, and a source of Flux that cannot be fetched, which explains what is made of it. Each with the words of the
//! tool. What is wrong with the objects themselves explains it.
//!
//! ## What it does not see
//! What stands in the source. A source of which nothing is said yet. A release of Helm that nothing but Helm knows: its
//! state is in Secrets. What is suspended, on its way, or waits for another that is told for itself.

mod application;
mod source;

use jiff::Timestamp;
use serde_json::Value;
use types::{ClusterFault, Finding, Severity};

use super::cluster;
use super::json::{list, subject, text};
use super::scene::Scene;
use super::words::quoted;
use crate::confidence;

/// How long a delivery may take to settle, in seconds.
const PATIENCE_SECS: i64 = 300;
/// Reasons of Flux that are part of an ordinary delivery.
const ON_ITS_WAY: [&str; 3] = ["Progressing", "ProgressingWithRetry", "DependencyNotReady"];

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let applications = scene.all.applications.iter().flatten();
    let applications = applications.filter_map(|it| application::trouble(it, scene));
    let sources = scene.all.sources.iter().flatten();
    let sources: Vec<_> =
        sources.filter_map(|it| Some((it, source::trouble(it, scene)?))).collect();
    let ill: Vec<_> = sources.iter().map(|it| it.1.subject.clone()).collect();
    let deliveries = scene.all.deliveries.iter().flatten();
    let deliveries = deliveries.filter_map(|it| Some((it, of_flux(it, scene)?)));
    let of_flux = sources.into_iter().chain(deliveries).map(|(object, finding)| {
        let above = source::above(object).into_iter().filter(|it| ill.contains(it));
        above.fold(finding, Finding::because_of)
    });
    applications.chain(of_flux).collect()
}

fn of_flux(object: &Value, scene: &Scene<'_>) -> Option<Finding> {
    let is_suspended = object.pointer("/spec/suspend").and_then(Value::as_bool) == Some(true);
    let mut conditions = list(object, "/status/conditions").iter();
    let ready = conditions.find(|it| text(it, "/type") == "Ready")?;
    let reason = text(ready, "/reason");
    let since: Option<Timestamp> = text(ready, "/lastTransitionTime").parse().ok();
    let is_new = since.is_some() && scene.age_secs(since) < PATIENCE_SECS;
    let is_failed = text(ready, "/status") == "False" && !ON_ITS_WAY.contains(&reason);
    if is_suspended || is_new || !is_failed {
        return None;
    }
    let about = subject(text(object, "/kind"), object);
    let said = quoted(text(ready, "/message"), scene);
    let cause = format!("Flux cannot apply it: {said}.");
    let fault = cluster(ClusterFault::DeliveryFailing);
    let finding = Finding::new(about, Severity::Warning, fault, cause).sure(confidence::WORDED);
    Some(finding.clue("conditions[Ready].reason", &quoted(reason, scene)))
}
