//! The registry of analyzers; its order is rank: a cause stands before its symptoms.

mod amounts;
mod changed_before;
mod config_not_found;
mod container_cannot_run;
mod crash_loop;
mod evicted;
mod failed_create;
mod held_back;
mod image_not_found;
mod image_not_pullable;
mod image_still_pulled;
mod init_not_done;
mod invalid_image_name;
mod job_failed;
mod liveness_probe_failing;
mod node_down;
mod oom_killed;
mod probe_kills;
mod probe_reading;
mod pull_reading;
mod readiness_gate_not_met;
mod readiness_probe_failing;
mod refused_by_node;
mod rollout_held;
mod rollout_stuck;
mod sandbox_not_created;
mod scheduling_gated;
mod service;
mod spot;
mod stalled;
mod startup_probe_failing;
mod unknown;
mod unschedulable;
mod volume_not_mounted;
mod wording;

use jiff::SignedDuration;
use types::{ContainerFacts, Diagnosis, Evidence};

use crate::suspicion::RECENT;

type Analyzer = fn(&Evidence) -> Option<Diagnosis>;

/// Causes before symptoms.
const ALL: &[Analyzer] = &[
    failed_create::analyze,
    rollout_held::analyze,
    scheduling_gated::analyze,
    unschedulable::analyze,
    invalid_image_name::analyze,
    image_not_pullable::analyze,
    image_not_found::analyze,
    config_not_found::analyze,
    sandbox_not_created::analyze,
    volume_not_mounted::analyze,
    oom_killed::analyze,
    container_cannot_run::analyze,
    startup_probe_failing::analyze,
    liveness_probe_failing::analyze,
    crash_loop::analyze,
    init_not_done::analyze,
    readiness_probe_failing::analyze,
    readiness_gate_not_met::analyze,
    refused_by_node::analyze,
    evicted::analyze,
];

/// What is asked in this order only when none of those answered.
const LAST: &[Analyzer] =
    &[job_failed::analyze, image_still_pulled::analyze, rollout_stuck::analyze, unknown::analyze];

/// What is wrong, causes before symptoms; empty for what is healthy or on its way.
///
/// A symptom on a container whose cause was named is not named again.
pub fn diagnose(evidence: &Evidence) -> Vec<Diagnosis> {
    if let Some(traffic) = &evidence.service {
        return service::diagnoses(traffic);
    }
    if is_meant(evidence) {
        return vec![];
    }
    let mut found: Vec<Diagnosis> = Vec::new();
    for analyze in ALL {
        let Some(diagnosis) = analyze(evidence) else { continue };
        let explained = found.iter().any(|it| it.container == diagnosis.container);
        if !explained {
            found.push(diagnosis);
        }
    }
    // What its pods elsewhere suffer from is their own; all else that is seen comes of the node.
    let down = node_down::analyze(evidence);
    if let Some(down) = down.filter(|_| found.iter().all(|it| node_down::explains(it, evidence))) {
        let is_elsewhere = evidence.pods.iter().any(node_down::is_in_trouble_elsewhere);
        let mut last = LAST.iter().filter(|_| found.is_empty() && is_elsewhere);
        let other = last.find_map(|analyze| analyze(evidence));
        return vec![other.filter(|it| it.fault != types::Fault::Unknown).unwrap_or(down)];
    }
    if found.is_empty() {
        found.extend(LAST.iter().find_map(|analyze| analyze(evidence)));
    }
    let found = found.into_iter().map(|it| changed_before::told(it, evidence));
    found.map(|it| held_back::told(it, evidence)).collect()
}

/// Whether what looks like trouble is meant: scaled to nothing, suspended, done. Nothing is wanted by mistake where
/// a label is wrong, and none is there where its job may not be made.
fn is_meant(evidence: &Evidence) -> bool {
    let workload = &evidence.workload;
    let is_batch = matches!(evidence.subject.kind, types::Kind::Job | types::Kind::CronJob);
    let done = workload.desired <= workload.ready && !evidence.pods.iter().any(is_left_behind);
    let is_by_mistake =
        unschedulable::is_unwanted(evidence) || failed_create::lets_no_job(evidence);
    if is_by_mistake {
        return is_batch && workload.paused;
    }
    workload.desired == 0
        || (workload.paused && done)
        || (is_batch && workload.paused)
        || has_succeeded(evidence)
        || have_succeeded(evidence)
}

/// Whether all pods did their work; those of earlier jobs of a CronJob say nothing of the newest one.
fn have_succeeded(evidence: &Evidence) -> bool {
    let is_cron_job = evidence.subject.kind == types::Kind::CronJob;
    let mut counted = evidence.pods.iter().filter(|it| it.current || !is_cron_job).peekable();
    counted.peek().is_some() && counted.all(|it| it.phase == "Succeeded")
}

/// Whether a job did its work in the end, however often it had to try.
fn has_succeeded(evidence: &Evidence) -> bool {
    let is_job = evidence.subject.kind == types::Kind::Job;
    let succeeded = evidence.pods.iter().filter(|it| it.phase == "Succeeded").count();
    let is_over = evidence.workload.failed_condition.is_none() && !evidence.workload.rolling_out;
    is_job && is_over && 0 < succeeded
}

/// Whether a pod is neither ready nor finished nor on its way out.
fn is_left_behind(pod: &types::PodFacts) -> bool {
    !pod.ready && !pod.terminating && pod.phase != "Succeeded"
}

/// Whether this container ended a moment ago: what happened to it is still news.
fn ended_recently(container: &ContainerFacts, evidence: &Evidence) -> bool {
    let ended = container.state.exited_at;
    ended.is_none_or(|at| evidence.taken_at.duration_since(at) < RECENT)
}

/// How long the container has run now; `None` while it does not.
fn running_for(container: &ContainerFacts, evidence: &Evidence) -> Option<SignedDuration> {
    container.state.running_since.map(|since| evidence.taken_at.duration_since(since))
}
