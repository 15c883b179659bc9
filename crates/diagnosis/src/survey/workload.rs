//! Findings of what the workloads' own rules say, and what causes them beyond the workload.

use types::{AnyFault, Diagnosis, Evidence, Fault, Finding, ProbeKind, Severity, Subject};

use super::access_forbidden;

/// The findings of one workload, or of a Service that is the subject.
pub fn of_workload(evidence: &Evidence, diagnoses: &[Diagnosis]) -> Vec<Finding> {
    if let Some(service) = &evidence.service {
        return service.findings.clone();
    }
    diagnoses.iter().map(|it| finding(evidence, it)).collect()
}

fn finding(evidence: &Evidence, diagnosis: &Diagnosis) -> Finding {
    let workload = &evidence.workload;
    // What still serves with all its replicas is in no hurry.
    let severity = if diagnosis.fault == Fault::SchedulingGated {
        // A gate is meant; somebody may have forgotten it.
        Severity::Notice
    } else if workload.ready < workload.desired || workload.desired == 0 {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let subject = Subject::from(&evidence.subject);
    let mut clues = diagnosis.clues.clone();
    clues.extend(access_forbidden::said(evidence, &clues));
    let fault = AnyFault::Workload(diagnosis.fault);
    Finding {
        container: diagnosis.container.clone(),
        field: field(evidence, diagnosis),
        clues,
        confidence: diagnosis.confidence,
        ..Finding::new(subject, severity, fault, diagnosis.cause.clone())
    }
}

/// The field of the subject that is to blame; the one that a clue names goes before all.
fn field(evidence: &Evidence, diagnosis: &Diagnosis) -> Option<String> {
    let named = diagnosis.clues.iter().find(|it| it.fact.starts_with("/spec/"));
    if let Some(named) = named {
        return Some(named.fact.clone());
    }
    let container = evidence.container(diagnosis.container.as_deref()?)?;
    let of = |names: &[&str]| {
        let path = evidence.subject.kind.container_path(container.role, container.index)?;
        Some(names.iter().fold(path, |path, name| path.child(name)).to_string())
    };
    match diagnosis.fault {
        Fault::ImageNotFound | Fault::ImageNotPullable | Fault::InvalidImageName => of(&["image"]),
        Fault::OomKilled => of(&["resources", "limits", "memory"]),
        Fault::LivenessProbeFailing => of(&[ProbeKind::Liveness.field()]),
        Fault::StartupProbeFailing => of(&[ProbeKind::Startup.field()]),
        Fault::ReadinessProbeFailing => of(&[ProbeKind::Readiness.field()]),
        Fault::ConfigNotFound
        // Where it is one, a clue names it.
        | Fault::ContainerCannotRun
        | Fault::ReadinessGateNotMet
        | Fault::CrashLoopBackOff
        | Fault::Unschedulable
        | Fault::FailedCreate
        | Fault::Evicted
        | Fault::SandboxNotCreated
        | Fault::VolumeNotMounted
        | Fault::SchedulingGated
        | Fault::InitNotDone
        | Fault::RolloutStuck
        | Fault::JobFailed
        | Fault::NodeDown
        | Fault::ServiceWithoutEndpoints
        | Fault::ServicePortMismatch
        | Fault::Unknown => None,
    }
}
