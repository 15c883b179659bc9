//! What a fault hid: a fix that ended it is right, though another fault is seen behind it.

use jiff::Timestamp;
use types::{
    Action, ContainerFacts, ContainerRole, ContainerState, Evidence, Fault, FieldPath, FixPlan,
    Strategy,
};

use super::{Health, Look, past_probe};
use crate::diagnose;

/// A fault with the container that shows it.
type Seen = (Fault, Option<String>);

/// How a container ends that was killed from outside, as by the kernel for memory of one of its processes.
const KILLED: i32 = 137;

/// What was seen beside the containers that the plan writes: of two in trouble, the first may have been the one
/// that was told.
fn seen_beside(before: &Evidence, written: &[String]) -> Vec<Seen> {
    let mut rest = before.clone();
    for container in rest.containers.iter_mut().filter(|it| written.contains(&it.name)) {
        let running_since = container.state.running_since;
        container.state = ContainerState { running_since, ..Default::default() };
        for probe in &mut container.probes {
            probe.failure = None;
        }
    }
    diagnose(&rest).into_iter().map(|it| (it.fault, it.container)).collect()
}

/// How far a pod has to come before it can show a fault, in the order in which the kubelet goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Of a Service: whether it takes a pod, and whether its ports lead anywhere there.
    Selected,
    Led,
    Made,
    Placed,
    Mounted,
    Pulled,
    Configured,
    Started,
    Run,
    Ended,
    StartProbed,
    LiveProbed,
    ReadyProbed,
}

impl Stage {
    /// `None` of what may come of anything.
    fn of(fault: Fault) -> Option<Self> {
        match fault {
            Fault::ServiceWithoutEndpoints => Some(Self::Selected),
            Fault::ServicePortMismatch => Some(Self::Led),
            Fault::FailedCreate => Some(Self::Made),
            Fault::Unschedulable | Fault::SchedulingGated => Some(Self::Placed),
            Fault::SandboxNotCreated | Fault::VolumeNotMounted => Some(Self::Mounted),
            Fault::ImageNotFound | Fault::ImageNotPullable | Fault::InvalidImageName => {
                Some(Self::Pulled)
            }
            Fault::ConfigNotFound => Some(Self::Configured),
            Fault::ContainerCannotRun => Some(Self::Started),
            Fault::OomKilled => Some(Self::Run),
            // What is killed for its memory does not come to an end of its own.
            Fault::CrashLoopBackOff | Fault::InitNotDone => Some(Self::Ended),
            Fault::StartupProbeFailing => Some(Self::StartProbed),
            Fault::LivenessProbeFailing => Some(Self::LiveProbed),
            Fault::ReadinessProbeFailing => Some(Self::ReadyProbed),
            Fault::ReadinessGateNotMet
            | Fault::Evicted
            | Fault::RolloutStuck
            | Fault::JobFailed
            | Fault::NodeDown
            | Fault::Unknown => None,
        }
    }
}

/// What a plan was made for, and what stood beside it.
struct Answered {
    seen: Vec<Seen>,
    beside: Vec<Seen>,
}

/// The look as it counts for this plan, which was made for `fault`: where that is over and what is seen instead was
/// hidden by it, or was there beside it and is not touched, there is progress.
pub fn look_behind(
    seen: Look,
    (plan, fault): (&FixPlan, Fault),
    (before, now): (&Evidence, &Evidence),
    applied_at: Timestamp,
) -> Look {
    // An ordered set takes up no template while a pod of its own stands in the way: that one is evicted with the edit.
    let (evicted, edited): (Vec<_>, Vec<_>) =
        plan.steps.iter().partition(|it| it.action == Action::Evict);
    let is_ours = edited.iter().all(|it| it.target.is_same(&before.subject))
        && (evicted.is_empty() || !edited.is_empty());
    if seen.health != Health::Failing || !plan.writes() || !is_ours {
        return seen;
    }
    let written = written(plan, before);
    let was = diagnose(before).into_iter().map(|it| (it.fault, it.container));
    // Of several containers with the same fault those count that the plan is about.
    let is_about = |it: &Seen| {
        it.0 == fault && it.1.as_ref().is_none_or(|it| written.is_empty() || written.contains(it))
    };
    let answered =
        Answered { seen: was.filter(is_about).collect(), beside: seen_beside(before, &written) };
    let left = || seen.faults.iter().filter(|it| it.0 != Fault::RolloutStuck);
    let came_past =
        |was: &Seen, it: &Seen| past_probe::is_behind(plan, (was, it), (before, now), applied_at);
    let is_past = |was: &Seen| {
        !seen.faults.contains(was) && seen.faults.iter().any(|it| came_past(was, it))
            || is_over(was, &seen.faults, now, applied_at)
    };
    let is_over = !answered.seen.is_empty() && answered.seen.iter().all(is_past);
    let is_another = |it: &Seen| {
        let was_hidden = answered.seen.iter().all(|was| {
            let is_hidden = is_later(was, it, now) && cannot_come_of(plan, was, it, now);
            is_hidden || came_past(was, it)
        });
        was_hidden || stood_beside(it, &answered, &plan.strategy, &written)
    };
    let is_progress = is_over && left().next().is_some() && left().all(is_another);
    if !is_progress {
        return seen;
    }
    let mut seen = seen;
    seen.health = Health::Progress;
    seen.check.note = format!("what it was made for is over; behind it: {}", seen.check.note);
    seen
}

/// The fields that the plan writes.
pub(super) fn fields(plan: &FixPlan) -> impl Iterator<Item = &FieldPath> {
    let edits = plan.steps.iter().flat_map(|it| match &it.action {
        Action::Edit(edits) => edits.as_slice(),
        Action::Evict | Action::Restart => &[],
    });
    edits.map(|it| &it.path)
}

/// The containers of which the plan writes a field.
pub(super) fn written(plan: &FixPlan, before: &Evidence) -> Vec<String> {
    let is_in = |it: &&ContainerFacts, path: &FieldPath| {
        let place = format!("/spec/{}/{}/", it.role.list(), it.index);
        format!("{}/", path.as_str()).contains(&place)
    };
    let container = |path: &FieldPath| before.containers.iter().find(|it| is_in(it, path));
    fields(plan).filter_map(container).map(|it| it.name.clone()).collect()
}

/// Whether the pod has come past this fault, by what it shows and not by its silence.
fn is_over(was: &Seen, faults: &[Seen], now: &Evidence, applied_at: Timestamp) -> bool {
    if faults.contains(was) {
        return false;
    }
    let is_past = faults.iter().any(|it| is_later(was, it, now));
    let has_run = |it: &ContainerFacts| {
        let ended = it.state.exited_at.is_some_and(|it| applied_at <= it);
        !it.pod.is_empty() && (it.state.running_since.is_some() || ended)
    };
    let is_probe = Stage::of(was.0).is_some_and(|it| Stage::Ended < it);
    let mut own = now.containers.iter().filter(|it| was.1.as_ref() == Some(&it.name));
    is_past || own.any(|it| if is_probe { it.ready } else { has_run(it) })
}

/// Whether a pod can show `it` only once it has come past `was`.
fn is_later(was: &Seen, it: &Seen, now: &Evidence) -> bool {
    let (Some(was_at), Some(at)) = (Stage::of(was.0), Stage::of(it.0)) else { return false };
    let (was_turn, turn) = (turn(was, was_at, now), turn(it, at, now));
    if was_turn == turn { was.1 == it.1 && was_at < at } else { was_turn < turn }
}

/// When a container has its turn: first what is of the whole pod, then each init container, then all the others at
/// once.
fn turn(seen: &Seen, at: Stage, now: &Evidence) -> usize {
    match container(seen, now).map(|it| (it.role, it.index)) {
        _ if at < Stage::Pulled => 0,
        None | Some((ContainerRole::App, _)) => usize::MAX,
        Some((ContainerRole::Init, index)) => index.saturating_add(1),
    }
}

/// Whether what this plan writes cannot be what `it` comes of: another image or another ConfigMap may well be why a
/// container crashes, and is not why its image is missing; more memory is not why a probe fails.
fn cannot_come_of(plan: &FixPlan, was: &Seen, it: &Seen, now: &Evidence) -> bool {
    let Some(at) = Stage::of(it.0) else { return false };
    let is_asked = Stage::Ended < at;
    match plan.strategy {
        Strategy::ReplaceImageTag { .. } | Strategy::FixReference => {
            at < Stage::Started || is_asked || it.0 == Fault::OomKilled
        }
        Strategy::RaiseMemoryLimit { .. } => {
            // One that lost its unit lets nothing start at all.
            let lacked = [Fault::OomKilled, Fault::ContainerCannotRun, Fault::SandboxNotCreated];
            lacked.contains(&was.0) && (is_asked || !was_killed(it, now))
        }
        Strategy::LowerRequests => at <= Stage::Started || needs_no_more(plan, (it, at), now),
        Strategy::FixSelector => {
            was.0 == Fault::ServiceWithoutEndpoints
                && it.0 == Fault::ServicePortMismatch
                && leads_nearly_there(now)
        }
        // The kubelet asks for this only once that has answered.
        Strategy::FixProbePort => was.0 == Fault::StartupProbeFailing && is_asked,
        Strategy::RollBack
        | Strategy::RaiseCpuLimit { .. }
        | Strategy::CorrectTypo
        | Strategy::RestoreReplicas
        | Strategy::ClearLeftovers
        | Strategy::RerunJob
        | Strategy::RemoveTaint
        | Strategy::RelaxProbe
        | Strategy::FixServicePort
        | Strategy::RestartPod
        | Strategy::RestartRollout
        | Strategy::Wait => false,
    }
}

/// Whether what a container shows is no want of what was requested for it before. What it may use stays: it is
/// killed for a neighbour's sake at the worst, and slower where it was promised less CPU. Who says that there is no
/// such path is not slow.
fn needs_no_more(plan: &FixPlan, (it, at): (&Seen, Stage), now: &Evidence) -> bool {
    let is_memory = fields(plan).all(|it| it.as_str().ends_with("/memory"));
    if at <= Stage::Ended {
        return is_memory && at == Stage::Ended && !was_killed(it, now);
    }
    let says_no = |it: &ContainerFacts| {
        let mut failures = it.probes.iter().filter_map(|it| it.failure.as_deref());
        failures.any(|it| it.contains("statuscode: 4"))
    };
    is_memory || container(it, now).is_some_and(says_no)
}

fn was_killed(it: &Seen, now: &Evidence) -> bool {
    container(it, now).is_some_and(|it| it.state.exit_code == Some(KILLED))
}

fn container<'a>(it: &Seen, now: &'a Evidence) -> Option<&'a ContainerFacts> {
    now.containers.iter().find(|facts| it.1.as_ref() == Some(&facts.name))
}

/// Whether a port of the Service is a slip of one that the pods have which it takes now: then they are the right
/// ones, for those of somebody else would have another.
fn leads_nearly_there(now: &Evidence) -> bool {
    let ports = now.service.iter().flat_map(|it| &it.ports);
    let mut meant = ports.filter_map(|it| it.meant.as_ref());
    meant.any(|it| it.near || it.proven || it.agreed)
}

/// Whether it was seen before the fix as well, in a container that the plan writes nothing of.
fn stood_beside(it: &Seen, answered: &Answered, strategy: &Strategy, written: &[String]) -> bool {
    let is_elsewhere = it.1.as_ref().is_some_and(|it| !written.contains(it));
    let is_proved_soon = match strategy {
        Strategy::ReplaceImageTag { .. }
        | Strategy::FixReference
        | Strategy::RaiseMemoryLimit { .. }
        | Strategy::FixProbePort => true,
        Strategy::LowerRequests
        | Strategy::RollBack
        | Strategy::RaiseCpuLimit { .. }
        | Strategy::CorrectTypo
        | Strategy::RestoreReplicas
        | Strategy::ClearLeftovers
        | Strategy::RerunJob
        | Strategy::RemoveTaint
        | Strategy::RelaxProbe
        | Strategy::FixSelector
        | Strategy::FixServicePort
        | Strategy::RestartPod
        | Strategy::RestartRollout
        | Strategy::Wait => false,
    };
    is_elsewhere && is_proved_soon && !written.is_empty() && answered.beside.contains(it)
}
