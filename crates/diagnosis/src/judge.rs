//! Whether a fix helped: health over time, of the workload and of its neighbours.

use jiff::{SignedDuration, Timestamp};
use types::{Check, ContainerFacts, EventFacts, Evidence, Fault, Kind, PodFacts, Verdict};

use crate::diagnose;

mod behind;
mod growth;
mod lost;
mod past_probe;
mod slow_start;

pub use behind::look_behind;
pub use growth::{look_at_growth, shown_after};
pub use lost::meet;
pub use slow_start::look_at_start;

/// What one look shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// All wanted replicas of the newest template are ready and nothing is wrong.
    Healthy,
    /// Not there yet, and nothing speaks against it.
    OnItsWay,
    /// The same or another fault is seen.
    Failing,
    /// The fault that the fix was made for is over, and one is seen that it hid.
    Progress,
    /// Fewer ready than before the fix, or a neighbour lost health that it had.
    Worse,
}

/// One look at the workload after a fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// What was seen, for the record.
    pub check: Check,
    /// What it means.
    pub health: Health,
    /// What is wrong, each with its container.
    pub faults: Vec<(Fault, Option<String>)>,
}

/// How long a verdict may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long health has to last before it counts.
    pub settle: SignedDuration,
    /// When a fix that has not helped by then counts as not helping.
    pub deadline: SignedDuration,
}

/// Whether somebody paused it, and as many pods as are wanted serve, of whatever template: it is well so, and does not
/// go on by itself.
pub fn paused_and_well(evidence: &Evidence) -> bool {
    let workload = &evidence.workload;
    workload.paused && workload.desired <= workload.ready && diagnose(evidence).is_empty()
}

/// Whether all is as it should be: what is wanted is there, of the newest template, and nothing is wrong.
pub fn healthy(evidence: &Evidence) -> bool {
    is_complete(evidence) && diagnose(evidence).is_empty() && has_shown(evidence)
}

/// Whether the newest job of a CronJob says anything: one that was just made in the place of one that failed does
/// not, until it has succeeded or a container of it runs.
fn has_shown(evidence: &Evidence) -> bool {
    let runs = || evidence.containers.iter().any(|it| it.state.running_since.is_some());
    let workload = &evidence.workload;
    evidence.subject.kind != Kind::CronJob
        || workload.rolled_out_at.is_none()
        || 0 < workload.ready
        || runs()
}

fn is_complete(evidence: &Evidence) -> bool {
    let workload = &evidence.workload;
    match evidence.subject.kind {
        Kind::Job | Kind::CronJob => workload.failed_condition.is_none(),
        Kind::Deployment
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::ReplicaSet
        | Kind::Pod
        | Kind::Node
        | Kind::Service
        | Kind::PersistentVolumeClaim
        | Kind::ConfigMap => {
            workload.desired <= workload.ready
                && workload.desired <= workload.updated
                && !workload.rolling_out
        }
    }
}

/// What this evidence shows, compared with the evidence before the fix that was written at `applied_at`.
pub fn look(before: &Evidence, now: &Evidence, applied_at: Timestamp) -> Look {
    let fresh = without_old_news(before, now, applied_at);
    let mut faults =
        if waits_for_next_run(before, now, applied_at) { vec![] } else { diagnose(&fresh) };
    let down = faults.iter().find(|it| it.fault == Fault::NodeDown).map(|it| it.cause.clone());
    let (health, note) = if let Some(note) = down {
        // No fix takes a node down, and what one did is not seen on it.
        faults.clear();
        (Health::OnItsWay, note)
    } else if let Some(note) = lost::lost(before, now, applied_at, !faults.is_empty()) {
        (Health::Worse, note)
    } else if let Some(fault) = faults.first() {
        (Health::Failing, fault.cause.clone())
    } else if waits_for_next_run(before, now, applied_at) && shows_nothing(now) {
        (Health::OnItsWay, "its next run will show it".to_owned())
    } else if is_complete(now) && !is_waiting(&fresh) {
        let note = format!("{} of {} ready", now.workload.ready, now.workload.desired);
        (Health::Healthy, note)
    } else {
        let note = format!("{} of {} ready, on its way", now.workload.ready, now.workload.desired);
        (Health::OnItsWay, note)
    };
    let staying = now.pods.iter().filter(|it| it.current && !it.terminating);
    let restarts = staying.map(|it| it.restarts).fold(0, u32::saturating_add);
    let check = Check {
        at: now.taken_at,
        ready: now.workload.ready,
        desired: now.workload.desired,
        restarts,
        note,
    };
    let faults = faults.into_iter().map(|it| (it.fault, it.container)).collect();
    Look { check, health, faults }
}

/// Whether the jobs of the old template do not show that it is well: the last one failed, or none is left.
fn shows_nothing(now: &Evidence) -> bool {
    now.workload.failed_condition.is_some() || now.workload.ready == 0
}

/// Whether the newest job of a CronJob whose template was mended is still one of the old template: that it fails
/// says nothing.
fn waits_for_next_run(before: &Evidence, now: &Evidence, applied_at: Timestamp) -> bool {
    let is_mended = now.workload.spec_hash != before.workload.spec_hash;
    let is_old = now.workload.rolled_out_at.is_none_or(|it| it < applied_at);
    now.subject.kind == Kind::CronJob && is_mended && is_old
}

/// The evidence without what happened before the fix: an end that was seen then, of the same
/// container of the same pod, says nothing about now.
fn without_old_news(before: &Evidence, now: &Evidence, applied_at: Timestamp) -> Evidence {
    let mut fresh = now.clone();
    let old = |it: &ContainerFacts| {
        let is_same_end = |was: &ContainerFacts| {
            // The container may have been started once since that end.
            let restarts = was.restarts..=was.restarts.saturating_add(1);
            was.state.exited_at == it.state.exited_at && restarts.contains(&it.restarts)
        };
        let was = before
            .containers
            .iter()
            .find(|was| was.name == it.name && was.role == it.role && was.pod == it.pod);
        // A pod that is mended where it runs can end once more between the evidence and the write.
        let ended_before = is_edited_in_place(now)
            && it.state.exited_at.is_some_and(|exited_at| exited_at <= applied_at);
        was.is_some_and(|was| is_same_end(was) || ended_before)
    };
    for container in &mut fresh.containers {
        if !old(container) {
            continue;
        }
        let running_since = container.state.running_since;
        let waits_for_old = container.state.waiting.as_deref() == Some("CrashLoopBackOff")
            || container.state.last_exit.is_some() && container.state.waiting.is_none();
        if waits_for_old {
            container.state = types::ContainerState { running_since, ..Default::default() };
            for probe in &mut container.probes {
                probe.failure = None;
            }
        }
    }
    // Words about a pod that was replaced may come late, when the rollout is over.
    let is_another = now.workload.spec_hash != before.workload.spec_hash
        && now.pods.iter().any(|it| is_new(before, &it.uid));
    if !is_edited_in_place(now) && (now.workload.rolling_out || is_another) {
        forget_replaced(&mut fresh, before, applied_at);
    }
    fresh
}

/// Drops what is told of pods that the rollout replaces. They show the old template and its trouble for as long as
/// the new pods take to start, and that is no word about the fix.
fn forget_replaced(fresh: &mut Evidence, before: &Evidence, applied_at: Timestamp) {
    let arrived = fresh.pods.iter().any(|it| is_new(before, &it.uid));
    if arrived && fresh.workload.spec_hash == before.workload.spec_hash {
        return;
    }
    let replaced = |name: &str, pods: &[PodFacts]| {
        pods.iter().any(|it| it.name == name && !is_new(before, &it.uid))
    };
    for container in &mut fresh.containers {
        if replaced(&container.pod, &fresh.pods) {
            let running_since = container.state.running_since;
            container.state = types::ContainerState { running_since, ..Default::default() };
            for probe in &mut container.probes {
                probe.failure = None;
            }
        }
    }
    if !arrived {
        fresh.pods.retain(|it| it.scheduled);
        fresh.events.clear();
        return;
    }
    fresh.pods.retain(|it| is_new(before, &it.uid));
    let told_of_new = |it: &EventFacts| {
        let is_of = |pod: &PodFacts| it.object.ends_with(&format!("/{}", pod.name));
        let is_of_pod = it.object.starts_with(Kind::Pod.as_str());
        !is_of_pod || fresh.pods.iter().any(is_of)
    };
    let is_since = |it: &EventFacts| it.last_seen.is_none_or(|at| applied_at <= at);
    fresh.events.retain(|it| is_since(it) && told_of_new(it));
}

/// Whether this subject may be mended without new pods.
fn is_edited_in_place(now: &Evidence) -> bool {
    matches!(now.subject.kind, Kind::Pod | Kind::Job | Kind::ReplicaSet) || now.workload.on_delete
}

fn is_new(before: &Evidence, uid: &str) -> bool {
    !before.pods.iter().any(|it| it.uid == uid)
}

/// Whether a container of the newest template is neither running nor finished.
fn is_waiting(evidence: &Evidence) -> bool {
    evidence.containers.iter().any(|it| !it.pod.is_empty() && it.state.waiting.is_some())
}

/// The verdict over all looks since the write, oldest first; `None` while it is too early to say.
///
/// Recovered: healthy for `settle` without a restart. Worse or failing for `settle` ends it early, so that
/// what does not help is taken back soon; what is merely on its way has until `deadline`.
pub fn judge(looks: &[Look], applied_at: Timestamp, patience: Patience) -> Option<Verdict> {
    let last = looks.last()?;
    let lasted = |health: Health| {
        let same = |it: &&Look| {
            let steady = it.check.restarts == last.check.restarts || health != Health::Healthy;
            it.health == health && steady
        };
        let first = looks.iter().rev().take_while(same).last()?;
        Some(last.check.at.duration_since(first.check.at))
    };
    let settled = |health| lasted(health).is_some_and(|it| patience.settle <= it);
    match last.health {
        Health::Healthy if settled(Health::Healthy) => return Some(Verdict::Recovered),
        Health::Worse if settled(Health::Worse) => return Some(Verdict::Worse),
        Health::Failing if settled(Health::Failing) => return Some(Verdict::Unchanged),
        Health::Progress if settled(Health::Progress) => return Some(Verdict::Progress),
        Health::Healthy | Health::Worse | Health::Failing | Health::Progress | Health::OnItsWay => {
        }
    }
    let over = patience.deadline <= last.check.at.duration_since(applied_at);
    over.then_some(match last.health {
        Health::Worse => Verdict::Worse,
        Health::Progress => Verdict::Progress,
        Health::Healthy | Health::OnItsWay | Health::Failing => Verdict::Unchanged,
    })
}
