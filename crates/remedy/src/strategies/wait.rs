//! Change nothing and look again: for what heals by itself.
//!
//! ## When it helps
//! The registry throttles or is out of reach, an image is still being pulled, or a rollout is on its way and its
//! containers start slowly. Or a program waits for a Service of which no pod is ready yet: what stands behind it is on
//! its way, or in trouble of its own.
//!
//! ## When it does not
//! Nothing is about to change, or an image has been pulled for six hours. What is scaled to 0 does not come by itself,
//! nor does a host that no Service has, or what has not been ready for six hours. Where pods of an earlier template
//! are ready, it is the newest one that cannot wait.
//!
//! ## Risk
//! Auto: nothing is written. Bound: the time that verification has. There is nothing to undo or to attack.

use types::{Diagnosis, Evidence, Fault, FixPlan, NeighbourFacts, Risk, ServiceFacts, Strategy};

use crate::needs::needed;
use crate::place;
use crate::pull::{is_overdue, is_under_way, passes_by_itself};

/// How old the newest pod of what is called may be while that still counts as coming, in seconds.
const PATIENCE_SECS: u64 = 6 * 3600;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let container = place::container(diagnosis, evidence);
    if container.is_some_and(|it| is_overdue(it, evidence)) {
        return vec![];
    }
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
    vec![plan_because(because.to_owned())]
}

/// For what is called and not ready yet: stands before what would shake the caller, who is right to wait.
pub(super) fn for_callee(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let waits = matches!(
        diagnosis.fault,
        Fault::InitNotDone | Fault::CrashLoopBackOff | Fault::ReadinessProbeFailing
    );
    // What was ready before the newest template calls as well: then it is that template that cannot wait.
    let waits = waits && !evidence.pods.iter().any(|it| it.ready && !it.current);
    let callees = needed(diagnosis, evidence).filter_map(|it| Some((it, coming(it, evidence)?)));
    let mut callees = callees.filter(|_| waits);
    callees
        .next()
        .map(|(service, callee)| plan_because(how_far(service, callee)))
        .into_iter()
        .collect()
}

fn plan_because(because: String) -> FixPlan {
    FixPlan { strategy: Strategy::Wait, risk: Risk::Auto, because, steps: vec![] }
}

/// The one workload behind the Service, where it is to have pods and none of them is ready.
fn coming<'a>(service: &ServiceFacts, evidence: &'a Evidence) -> Option<&'a NeighbourFacts> {
    let [only] = service.behind.as_slice() else { return None };
    let is_it = |it: &&NeighbourFacts| *only == format!("{} {}", it.object.kind, it.object.name);
    let callee = evidence.neighbours.iter().find(is_it)?;
    let is_given_up = callee.newest_pod_secs.is_some_and(|it| PATIENCE_SECS < it);
    let comes = service.selects && 1 <= callee.desired && callee.ready == 0;
    (comes && !is_given_up).then_some(callee)
}

fn how_far(service: &ServiceFacts, callee: &NeighbourFacts) -> String {
    let NeighbourFacts { object, desired, newest_pod_secs, .. } = callee;
    let age = match newest_pod_secs {
        None => "has no pod yet".to_owned(),
        Some(secs) if *secs < 120 => format!("its newest pod is {secs} seconds old"),
        Some(secs) => format!("its newest pod is {} minutes old", secs / 60),
    };
    format!(
        "{} {}, which stands behind Service {}, has 0 of {desired} ready and {age}: it is on its way or in trouble of its own, \
         and who waits for it goes on by himself.",
        object.kind, object.name, service.name
    )
}
