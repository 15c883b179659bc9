//! Evict the failing pod so that its controller makes a new one.
//!
//! ## When it helps
//! The process hangs, or the pod sits on a node that troubles it: a new pod begins afresh.
//!
//! ## When it does not
//! The cause lies in the template: the new pod fails like the old one. Nor for a pod that nothing would
//! make again, nor for a job, which would count it as a failure.
//!
//! ## Risk
//! Auto for a pod that runs unready beside a history of readiness; Ask for one that crashes. Bound: one
//! pod, through the Eviction API, which honours disruption budgets. There is nothing to undo. Verified
//! by the new pod's health over time. Attack: a bare pod, a ready pod or one without uid is not evicted.

use types::{Action, Diagnosis, Evidence, Fault, FixPlan, Kind, Risk, Strategy};

use crate::place;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let risk = match diagnosis.fault {
        Fault::ReadinessProbeFailing if evidence.workload.was_ready => Risk::Auto,
        Fault::ReadinessProbeFailing
        | Fault::ContainerCannotRun
        | Fault::CrashLoopBackOff
        | Fault::SandboxNotCreated
        | Fault::RolloutStuck
        | Fault::Unknown => Risk::Ask,
        Fault::ImageNotFound
        | Fault::ImageNotPullable
        | Fault::InvalidImageName
        | Fault::OomKilled
        | Fault::ConfigNotFound
        | Fault::LivenessProbeFailing
        | Fault::StartupProbeFailing
        | Fault::Unschedulable
        | Fault::Evicted
        | Fault::VolumeNotMounted
        | Fault::SchedulingGated
        | Fault::ReadinessGateNotMet
        | Fault::InitNotDone
        | Fault::JobFailed
        | Fault::ServiceWithoutEndpoints
        | Fault::ServicePortMismatch
        | Fault::FailedCreate => return vec![],
    };
    let has_controller = matches!(
        evidence.subject.kind,
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet
    );
    let pod = evidence.failing_pod().filter(|it| has_controller && !it.uid.is_empty());
    let because = "A new pod begins afresh, perhaps on another node.";
    let step = pod.map(|it| place::on_pod(evidence, it, None, Action::Evict));
    step.map(|it| FixPlan {
        strategy: Strategy::RestartPod,
        risk,
        because: because.to_owned(),
        steps: vec![it],
    })
    .into_iter()
    .collect()
}
