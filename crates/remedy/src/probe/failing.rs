//! The probes that a diagnosis is about, and what their failures mean.

use types::{ContainerFacts, Diagnosis, Evidence, Fault, ProbeFacts, ProbeKind};

use super::absent::is_absent;
use crate::place;

/// How sure it is that a probe is to blame which somebody saw fail.
pub(crate) const SURE: f64 = 0.8;

/// What the kubelet's words about a failed probe mean.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// None in time.
    TooLate,
    /// Nobody listens yet, or nothing is known.
    Nobody,
    /// An error of its own, or words nobody knows: it may still be warming up.
    Troubled,
    /// It listens and says no, or time has nothing to do with it: what the probe runs is not there.
    No,
}

/// The probes that the diagnosis is about, those that were seen to fail first.
pub(crate) fn failing_probes<'a>(
    diagnosis: &Diagnosis,
    evidence: &'a Evidence,
) -> Vec<(&'a ContainerFacts, &'a ProbeFacts)> {
    let kind = match diagnosis.fault {
        Fault::LivenessProbeFailing => ProbeKind::Liveness,
        Fault::StartupProbeFailing => ProbeKind::Startup,
        Fault::ReadinessProbeFailing => ProbeKind::Readiness,
        Fault::ImageNotFound
        | Fault::ImageNotPullable
        | Fault::InvalidImageName
        | Fault::OomKilled
        | Fault::ConfigNotFound
        | Fault::ContainerCannotRun
        | Fault::CrashLoopBackOff
        | Fault::Unschedulable
        | Fault::Evicted
        | Fault::SandboxNotCreated
        | Fault::VolumeNotMounted
        | Fault::SchedulingGated
        | Fault::ReadinessGateNotMet
        | Fault::InitNotDone
        | Fault::RolloutStuck
        | Fault::JobFailed
        | Fault::NodeDown
        | Fault::ServiceWithoutEndpoints
        | Fault::ServicePortMismatch
        | Fault::FailedCreate
        | Fault::Unknown => return vec![],
    };
    let mut probes: Vec<_> = place::container(diagnosis, evidence)
        .into_iter()
        .flat_map(|container| container.probes.iter().map(move |probe| (container, probe)))
        .filter(|(_, probe)| probe.kind == kind)
        .collect();
    probes.sort_by_key(|(_, probe)| probe.failure.is_none());
    probes
}

/// What the newest failure of a probe means.
pub(crate) fn answer(probe: &ProbeFacts) -> Answer {
    let Some(failure) = probe.failure.as_deref() else { return Answer::Troubled };
    // Its name may be that of a program which measures time.
    if is_absent(probe, failure) {
        return Answer::No;
    }
    let failure = failure.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|it| failure.contains(it));
    // The kubelet says that it ran out of time of every gRPC connection that comes to nothing, and a host of its own is
    // none of the pod's: more time is no answer to either.
    if says(&["failed to connect service"]) || probe.host.is_some() {
        return Answer::No;
    }
    if says(&["deadline exceeded", "timeout", "timed out"]) {
        Answer::TooLate
    } else if says(&["refused", "reset by peer", "eof", "no route"]) {
        Answer::Nobody
    } else if says(&["statuscode: 3", "statuscode: 4"]) {
        Answer::No
    } else {
        Answer::Troubled
    }
}
