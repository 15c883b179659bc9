//! What is wrong with a Service that is the subject: the survey says it, of a scan and of an incident alike.

use types::{AnyFault, Diagnosis, Finding, TrafficFacts};

/// The diagnoses of a Service, in the order of the survey.
pub(super) fn diagnoses(traffic: &TrafficFacts) -> Vec<Diagnosis> {
    traffic.findings.iter().filter_map(diagnosis).collect()
}

fn diagnosis(finding: &Finding) -> Option<Diagnosis> {
    let AnyFault::Workload(fault) = finding.fault else { return None };
    Some(Diagnosis {
        fault,
        container: None,
        cause: finding.cause.clone(),
        clues: finding.clues.clone(),
        confidence: finding.confidence,
    })
}
