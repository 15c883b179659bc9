//! Evict the failing pod so that its controller makes a new one.
//!
//! ## When it helps
//! The process hangs, or the pod sits on a node that troubles it: a new pod begins afresh. Or the container finds a
//! lock that it left in a volume of the pod. The facts speak for a process that hangs where one pod alone lost its
//! readiness, in this life of its containers and for longer than a pause takes: while others of its template are ready
//! and were all the time, or where its log says that a part of it died or waits for ever.
//!
//! ## When it does not
//! The cause lies in the template: the new pod fails like the old one. So it is where no pod of the newest template
//! was ready and one of an earlier was, and where none ever was, unless it crashes. Nor for what is still on its
//! way, nor for a pod that nothing would make again, nor for a job, which would count it as a failure. Nothing speaks
//! for it where all pods lost their readiness, where something that is called does not answer or may be down, or where
//! the node is not well or somebody takes its pods away: then it is offered, and the guard asks a person unless the
//! policy says `restart_pod: auto`.
//!
//! ## Risk
//! Auto for a pod that runs unready beside a history of readiness, and for one of an earlier template that is not
//! ready and that an ordered StatefulSet waits for, and for one whose container was ready before and finds but its
//! own lock, socket or process id in a volume for such (documented way out of the former:
//! <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback>); Ask for one that
//! crashes. Bound: one pod, or two of such a set, which would make the first anew from the earlier template while
//! the other one is there; through the Eviction API, which honours disruption budgets. There is nothing to undo.
//! Verified by the new pod's health over time. Attack: a bare pod, a ready pod or one without uid is not evicted, and
//! a log that says that a process hangs takes no pod away for which its own state does not speak.

use types::{
    Action, ContainerRole, Diagnosis, Evidence, Fault, FixPlan, Kind, PodFacts, Risk, Strategy,
};

use crate::place;
use crate::wedged::{self, Sign};

/// Characters of a line that are quoted.
const MAX_QUOTE: usize = 200;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let was_ready = evidence.workload.was_ready;
    let risk = match diagnosis.fault {
        Fault::RolloutStuck if is_of_earlier_template(evidence) => Risk::Auto,
        Fault::CrashLoopBackOff if left_a_mark(diagnosis, evidence) => Risk::Auto,
        Fault::CrashLoopBackOff if left_behind(diagnosis, evidence).is_some() => Risk::Ask,
        Fault::ReadinessProbeFailing
        | Fault::ContainerCannotRun
        | Fault::CrashLoopBackOff
        | Fault::RolloutStuck
        | Fault::Unknown
            if place::lies_in_template(evidence) =>
        {
            return vec![];
        }
        Fault::ReadinessProbeFailing if was_ready => Risk::Auto,
        // What is on its way begins afresh as it is.
        Fault::Unknown if was_ready && !evidence.workload.rolling_out => Risk::Ask,
        Fault::ContainerCannotRun if was_ready => Risk::Ask,
        Fault::CrashLoopBackOff | Fault::RolloutStuck | Fault::SandboxNotCreated => Risk::Ask,
        Fault::ReadinessProbeFailing
        | Fault::ContainerCannotRun
        | Fault::Unknown
        | Fault::ImageNotFound
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
        | Fault::NodeDown
        | Fault::ServiceWithoutEndpoints
        | Fault::ServicePortMismatch
        | Fault::FailedCreate => return vec![],
    };
    let has_controller = matches!(
        evidence.subject.kind,
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet
    );
    let pods = if place::held_up(evidence).is_empty() {
        shows_it(diagnosis, evidence).into_iter().collect()
    } else {
        place::held_up(evidence)
    };
    let pods = pods.into_iter().filter(|it| has_controller && !it.uid.is_empty());
    let because = because(diagnosis, evidence);
    let steps: Vec<_> = pods.map(|it| place::on_pod(evidence, it, None, Action::Evict)).collect();
    if steps.is_empty() {
        return vec![];
    }
    vec![FixPlan { strategy: Strategy::RestartPod, risk, because, steps }]
}

/// The pod that fails: the one that left something behind where the facts are about that.
fn shows_it<'e>(diagnosis: &Diagnosis, evidence: &'e Evidence) -> Option<&'e PodFacts> {
    let container = place::container(diagnosis, evidence);
    let container = container.filter(|_| left_behind(diagnosis, evidence).is_some());
    let pod = container.and_then(|it| place::live_pod(evidence, it)).filter(|it| !it.ready);
    pod.or_else(|| evidence.failing_pod())
}

/// Why a new pod may do what this one does not.
fn because(diagnosis: &Diagnosis, evidence: &Evidence) -> String {
    match left_behind(diagnosis, evidence) {
        Some(path) => {
            format!("What the container left at {path} outlives its restarts, and not the pod.")
        }
        None if 1 < place::held_up(evidence).len() => {
            "The pods are of an earlier template, and their set replaces none before they are ready; the one that is made \
             first is like those that are left."
                .to_owned()
        }
        None if is_of_earlier_template(evidence) => {
            "The pod is of an earlier template, and its set replaces none before this one is ready."
                .to_owned()
        }
        None => match wedged::sign(diagnosis, evidence) {
            Some(Sign::Said(line)) => {
                let line: String = line.chars().take(MAX_QUOTE).collect();
                format!("By its log a part of its process does not come back: \"{line}\". A new pod begins afresh.")
            }
            Some(Sign::Alone(1)) => "It was ready and is not any more, while the other pod of its template is ready \
                                     and was all the time: it is this one alone."
                .to_owned(),
            Some(Sign::Alone(others)) => format!(
                "It was ready and is not any more, while {others} others of its template are ready and were all the \
                 time: it is this one alone."
            ),
            None => "A new pod begins afresh, perhaps on another node.".to_owned(),
        },
    }
}

/// Whether the failing pods of an ordered set have another template than the set by now.
fn is_of_earlier_template(evidence: &Evidence) -> bool {
    !place::held_up(evidence).is_empty()
}

/// Whether it is nothing but a mark that somebody is at work, of a container that was ready before: with the pod
/// goes nothing that anybody wants back.
fn left_a_mark(diagnosis: &Diagnosis, evidence: &Evidence) -> bool {
    let container = diagnosis.container.as_deref().and_then(|it| evidence.container(it));
    let is_mark = container.is_some_and(|it| it.left_in_scratch && it.role == ContainerRole::App);
    is_mark && evidence.workload.was_ready && left_behind(diagnosis, evidence).is_some()
}

/// What a container that ran well before left in a volume of its pod, and that a new pod would not have.
fn left_behind<'a>(diagnosis: &Diagnosis, evidence: &'a Evidence) -> Option<&'a str> {
    let container = evidence.container(diagnosis.container.as_deref()?)?;
    // What runs first, and for the first time, may find what its own broken try left.
    let may_have = evidence.workload.was_ready || container.role == ContainerRole::Init;
    let is_of_pod = diagnosis.fault == Fault::CrashLoopBackOff && may_have;
    container.left_behind.as_deref().filter(|_| is_of_pod)
}

/// Whether the facts speak for this plan, and not its fault alone.
pub fn is_backed(plan: &FixPlan, diagnoses: &[Diagnosis], evidence: &Evidence) -> bool {
    let is_held_up =
        |it: &Diagnosis| it.fault == Fault::RolloutStuck && is_of_earlier_template(evidence);
    // What else is wrong would be wrong with a new pod as well.
    let is_only = diagnoses.iter().all(|it| it.fault == Fault::ReadinessProbeFailing);
    let hangs = |it: &Diagnosis| is_only && wedged::sign(it, evidence).is_some();
    let speaks =
        |it: &Diagnosis| is_held_up(it) || left_behind(it, evidence).is_some() || hangs(it);
    plan.strategy == Strategy::RestartPod && diagnoses.iter().any(speaks)
}
