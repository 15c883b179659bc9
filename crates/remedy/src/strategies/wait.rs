//! Change nothing and look again: for what heals by itself.
//!
//! ## When it helps
//! The registry throttles or is out of reach, an image is still being pulled, or a rollout is on its way and its
//! containers start slowly.
//!
//! ## When it does not
//! Nothing is about to change.
//!
//! ## Risk
//! Auto: nothing is written. Bound: the time that verification has. There is nothing to undo or to attack.

use types::{Diagnosis, Evidence, Fault, FixPlan, Risk, Strategy};

use crate::place;
use crate::pull::{is_under_way, passes_by_itself};

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let container = place::container(diagnosis, evidence);
    let because = match diagnosis.fault {
        Fault::ImageNotPullable if container.is_some_and(is_under_way) => {
            "The image is still being pulled, and its node goes on by itself."
        }
        Fault::ImageNotPullable if container.is_some_and(passes_by_itself) => {
            "The registry throttles or is out of reach; the kubelet tries again by itself."
        }
        Fault::StartupProbeFailing | Fault::ReadinessProbeFailing | Fault::LivenessProbeFailing
            if evidence.workload.rolling_out =>
        {
            "The rollout is on its way, and its controller has not given up."
        }
        Fault::ImageNotFound
        | Fault::ImageNotPullable
        | Fault::InvalidImageName
        | Fault::OomKilled
        | Fault::ConfigNotFound
        | Fault::ContainerCannotRun
        | Fault::LivenessProbeFailing
        | Fault::StartupProbeFailing
        | Fault::CrashLoopBackOff
        | Fault::Unschedulable
        | Fault::ReadinessProbeFailing
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
    vec![FixPlan {
        strategy: Strategy::Wait,
        risk: Risk::Auto,
        because: because.to_owned(),
        steps: vec![],
    }]
}
