//! A job goes on while one time after the other goes by, and no other may run beside it.

use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::api::core::v1::{Event, Pod};
use types::{AnyFault, ClusterFault, Fault, Finding, Severity, Subject};

use super::{finding, times};
use crate::confidence;
use crate::survey::scene::{Scene, controller, is_over, name, namespace, subject};

/// How many times a job may let go by, and how long it may run meanwhile, in seconds.
const MISSED: usize = 3;
const HELD_SECS: i64 = 180;
/// How long it may run where jobs have succeeded before, in seconds.
const SLOW_SECS: i64 = 3600;
/// How what no new job waits for is told, by the rules of workloads as well.
const NOT_STARTED: &str = "No new job is started: ";

/// Only one job may run, and that goes on while one time after the other goes by.
pub(super) fn told(owner: &CronJob, scene: &Scene<'_>) -> Option<Finding> {
    if owner.spec.concurrency_policy.as_deref() != Some("Forbid") {
        return None;
    }
    let about = subject("CronJob", &owner.metadata);
    let is_told =
        |it: &&&Event| it.reason.as_deref() == Some("JobAlreadyActive") && scene.is_recent(it);
    let missed = scene.events(&about).iter().filter(is_told);
    let missed = missed.map(|it| times(it)).fold(0, usize::saturating_add);
    let status = owner.status.as_ref()?;
    let job = status.active.iter().flatten().find_map(|it| it.name.as_deref())?;
    let running = scene
        .all
        .jobs
        .iter()
        .find(|it| name(&it.metadata) == job && namespace(&it.metadata) == about.namespace)?;
    // One that comes to its end again and again is merely slow.
    let held = if status.last_successful_time.is_some() { SLOW_SECS } else { HELD_SECS };
    if missed < MISSED || scene.is_new(&running.metadata, held) {
        return None;
    }
    let cause = format!(
        "{NOT_STARTED}Job {job} still runs while its times go by, and the policy Forbid lets only one run."
    );
    let finding = finding(owner, Severity::Warning, cause)
        .at("/spec/concurrencyPolicy")
        .sure(confidence::LIKELY);
    let finding = finding.clue("events[JobAlreadyActive].count", &missed);
    let started = running.metadata.creation_timestamp.as_ref().map(|it| it.0.to_string());
    let fact = format!("Job {job}.metadata.creationTimestamp");
    let finding = finding.clue(fact, &started.unwrap_or_default());
    Some(if is_stuck(job, &about, scene) { finding.because_of(about) } else { finding })
}

/// Whether a pod of the job is there that does not work: then its own trouble keeps the job from its end.
fn is_stuck(job: &str, about: &Subject, scene: &Scene<'_>) -> bool {
    let is_own = |it: &&&Pod| controller(&it.metadata) == Some(("Job", job)) && !is_over(it);
    let works = |pod: &Pod| {
        let status = pod.status.as_ref();
        let mut containers = status.iter().flat_map(|it| it.container_statuses.iter().flatten());
        let starts_again = containers.any(|it| {
            let waits = it.state.as_ref().is_some_and(|it| it.waiting.is_some());
            waits || 0 < it.restart_count
        });
        status.and_then(|it| it.phase.as_deref()) == Some("Running") && !starts_again
    };
    let mut pods = scene.pods(&about.namespace).iter().filter(is_own);
    pods.any(|it| !works(it))
}

/// The findings, where that no new job is started comes of what is told of the pod of the very job that goes on.
pub(super) fn folded(mut found: Vec<Finding>) -> Vec<Finding> {
    let own = AnyFault::Cluster(ClusterFault::CronJobFailing);
    let is_held = |it: &Finding| it.fault == own && it.caused_by.contains(&it.subject);
    let held: Vec<_> = (0..found.len()).filter(|it| found.get(*it).is_some_and(is_held)).collect();
    for index in held {
        let Some(finding) = found.get(index) else { continue };
        let (about, missed) = (finding.subject.clone(), finding.clues.first().cloned());
        let cause = found.iter_mut().find(|it| it.subject == about && keeps_from_ending(it));
        let is_known = cause.is_some();
        if let Some(cause) = cause {
            cause.clues.extend(missed);
        }
        let Some(finding) = found.get_mut(index) else { continue };
        if is_known {
            // Of several findings of one object the worst explains the others.
            finding.severity = Severity::Notice;
        } else {
            finding.caused_by.retain(|it| *it != about);
        }
    }
    found
}

/// Whether a pod with this trouble is there and comes to no end. That a job failed is told of one that has, but for one
/// that was made from an earlier template.
fn keeps_from_ending(finding: &Finding) -> bool {
    match finding.fault {
        AnyFault::Workload(Fault::JobFailed) => finding.cause.starts_with(NOT_STARTED),
        AnyFault::Workload(Fault::Unknown) | AnyFault::Cluster(_) => false,
        AnyFault::Workload(_) => true,
    }
}
