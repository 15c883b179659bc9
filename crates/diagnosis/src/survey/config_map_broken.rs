//! A key of a ConfigMap has what a program that is given it cannot use.
//!
//! ## What it looks for
//! A workload whose last words are about a variable, or a file, that a key of a ConfigMap brings. What has to change then
//! is the ConfigMap, and the workloads that fail for it are explained by it.
//!
//! ## What it does not see
//! The value: those of ConfigMaps are never read. A Secret, of which not even the keys are.

use std::collections::BTreeMap;

use types::{ClusterFault, Finding, Severity, Subject};

use super::cluster;
use super::scene::Scene;

/// How a clue begins that names a key.
const KIND: &str = "ConfigMap ";
/// What stands between the object and its key.
const DATA: &str = " /data/";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let mut blamed: BTreeMap<(Subject, String), Vec<&Finding>> = BTreeMap::new();
    for finding in &scene.workload_findings {
        if let Some(key) = key(finding) {
            blamed.entry(key).or_default().push(finding);
        }
    }
    blamed.into_iter().filter_map(|((map, key), by)| told(map, &key, &by)).collect()
}

fn told(map: Subject, key: &str, by: &[&Finding]) -> Option<Finding> {
    let first = by.first()?;
    let severity = by.iter().map(|it| it.severity).min().unwrap_or(Severity::Critical);
    let others = match by.len() {
        1 => String::new(),
        many => format!(" ({} more fail as well)", many - 1),
    };
    let shown = key.replace("~1", "/").replace("~0", "~");
    let cause =
        format!("Its key {shown} is what {} fails at{others}: {}", first.subject, first.cause);
    let fault = cluster(ClusterFault::ConfigMapBroken);
    let sure = by.iter().map(|it| it.confidence).fold(1.0, f64::min);
    let finding = Finding::new(map, severity, fault, cause).sure(sure).at(format!("/data/{key}"));
    let finding = by.iter().fold(finding, |finding, it| match &it.field {
        Some(field) => finding.clue(format!("{} {field}", it.subject), &shown),
        None => finding,
    });
    let said = first.clues.iter().find(|it| it.fact.ends_with("].log"));
    Some(match said {
        Some(said) => finding.clue(said.fact.clone(), &said.value),
        None => finding,
    })
}

/// The key of a ConfigMap that a workload fails at by its own words.
pub(super) fn key(finding: &Finding) -> Option<(Subject, String)> {
    finding.clues.iter().find_map(|it| {
        let (object, key) = it.fact.strip_prefix(KIND)?.split_once(DATA)?;
        let (space, name) = object.split_once('/')?;
        Some((Subject::new("ConfigMap", space, name), key.to_owned()))
    })
}
