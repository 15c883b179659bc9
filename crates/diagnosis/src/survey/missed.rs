//! A ConfigMap or a Secret that several workloads miss: one trouble, and theirs come of it.

use std::collections::BTreeMap;

use types::{AnyFault, Fault, Finding, Severity, Subject};

use super::words::listed;

/// The findings with one of each object that several workloads miss, which explains theirs.
pub(super) fn told_once(mut found: Vec<Finding>) -> Vec<Finding> {
    let mut missed: BTreeMap<Subject, Vec<usize>> = BTreeMap::new();
    for (index, finding) in found.iter().enumerate() {
        if let Some(object) = object(finding) {
            missed.entry(object).or_default().push(index);
        }
    }
    missed.retain(|_, by| 1 < by.len());
    let told: Vec<_> = missed
        .iter()
        .map(|(object, by)| {
            let mut by: Vec<_> = by.iter().filter_map(|it| found.get(*it)).collect();
            by.sort_by(|a, b| a.subject.cmp(&b.subject));
            told(object, &by)
        })
        .collect();
    for (object, by) in missed {
        for index in by {
            if let Some(finding) = found.get_mut(index) {
                finding.caused_by.push(object.clone());
            }
        }
    }
    told.into_iter().chain(found).collect()
}

fn told(object: &Subject, by: &[&Finding]) -> Finding {
    let names: Vec<_> = by.iter().map(|it| it.subject.to_string()).collect();
    let severity = by.iter().map(|it| it.severity).min().unwrap_or(Severity::Critical);
    let sure = by.iter().map(|it| it.confidence).fold(1.0, f64::min);
    let cause = format!(
        "There is no {} of this name in this namespace, and {} need it.",
        object.kind,
        listed(&names)
    );
    let fault = AnyFault::Workload(Fault::ConfigNotFound);
    let finding = Finding::new(object.clone(), severity, fault, cause).sure(sure);
    by.iter().fold(finding, |finding, it| match &it.field {
        Some(field) => finding.clue(format!("{} {field}", it.subject), &object.name),
        None => finding,
    })
}

/// What a workload misses by the words of its own rule, where that is one object and no other was probably meant.
fn object(finding: &Finding) -> Option<Subject> {
    if finding.fault != AnyFault::Workload(Fault::ConfigNotFound) {
        return None;
    }
    let words = finding.cause.strip_prefix("There is no ")?.strip_suffix(" in this namespace.")?;
    let (kind, name) = words.split_once(' ').filter(|it| !it.1.contains(' '))?;
    let is_known = matches!(kind, "ConfigMap" | "Secret");
    is_known.then(|| Subject::new(kind, &*finding.subject.namespace, name))
}
