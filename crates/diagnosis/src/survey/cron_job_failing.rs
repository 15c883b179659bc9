//! The jobs of a CronJob fail, or are not started.
//!
//! ## What it looks for
//! The newest finished jobs that failed, with none that succeeded since; events that say why no job is started; a
//! schedule that can never come; a job that goes on while several of its times go by, where only one may run; jobs
//! that are replaced one after the other before they come to their end. A time to start in that is shorter than the
//! controller's round, which is a notice.
//!
//! ## What it does not see
//! One that is suspended, which is meant; whether a job that succeeded did what it should.

mod held;

use jiff::SignedDuration;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Event, Pod};
use types::{AnyFault, ClusterFault, Fault, Finding, Severity, Subject};

use super::cluster;
use super::scene::{Scene, last_seen, name, namespace, subject};
use super::schedule;
use super::words::quoted;
use crate::Root;
use crate::confidence;

/// Events that say why no job is started, the field that is to blame, and what it means.
const REASONS: [(&str, &str, &str); 8] = [
    ("UnknownTimeZone", "/spec/timeZone", "its time zone is not known"),
    ("UnparseableSchedule", "/spec/schedule", "its schedule cannot be read"),
    ("UnparseableCronJobSchedule", "/spec/schedule", "its schedule cannot be read"),
    ("InvalidSchedule", "/spec/schedule", "its schedule never comes"),
    ("TooManyMissedTimes", STARTING, "it missed too many of its times"),
    ("FailedNeedsStart", STARTING, "it missed too many of its times"),
    ("MissSchedule", STARTING, "it missed its time"),
    ("FailedCreate", "", "its job may not be made"),
];

/// How long a job may take.
const DEADLINE: &str = "/spec/jobTemplate/spec/activeDeadlineSeconds";
/// How late a job may be started.
const STARTING: &str = "/spec/startingDeadlineSeconds";
/// How often the controller looks, in seconds.
const LOOKS_SECS: i64 = 10;
/// How many jobs have to be replaced before it is no chance, and how long after a success its job is cleared away
/// at most.
const REPLACED: usize = 2;
const CLEARED: SignedDuration = SignedDuration::from_secs(60);

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let workloads = scene.all.workloads.iter();
    let mut all: Vec<&CronJob> = workloads
        .filter_map(|it| if let Root::CronJob(it) = it { Some(&**it) } else { None })
        .filter(|it| it.spec.suspend != Some(true) && it.metadata.deletion_timestamp.is_none())
        .collect();
    all.sort_by_key(|it| (namespace(&it.metadata), name(&it.metadata)));
    all.into_iter()
        .filter_map(|it| {
            bad_schedule(it)
                .or_else(|| not_started(it, scene))
                .or_else(|| failing(it, scene))
                .or_else(|| held::told(it, scene))
                .or_else(|| replaced(it, scene))
                .or_else(|| tight(it))
        })
        .collect()
}

/// The findings without what the workload's own rules say of the same jobs, or say better.
pub(super) fn told_once(mut found: Vec<Finding>) -> Vec<Finding> {
    let own = AnyFault::Cluster(ClusterFault::CronJobFailing);
    let unknown = AnyFault::Workload(Fault::Unknown);
    let of = |wanted: &dyn Fn(&Finding) -> bool, found: &[Finding]| -> Vec<Subject> {
        found.iter().filter(|it| wanted(it)).map(|it| it.subject.clone()).collect()
    };
    let explained =
        of(&|it| matches!(it.fault, AnyFault::Workload(_)) && it.fault != unknown, &found);
    // A bad schedule is another trouble than the container's; only jobs that fail are told by both.
    let is_of_jobs = |it: &Finding| it.field.as_deref().is_none_or(|it| it == DEADLINE);
    found.retain(|it| it.fault != own || !is_of_jobs(it) || !explained.contains(&it.subject));
    let told = of(&|it| it.fault == own && it.severity != Severity::Notice, &found);
    found.retain(|it| it.fault != unknown || !told.contains(&it.subject));
    held::folded(found)
}

fn bad_schedule(job: &CronJob) -> Option<Finding> {
    let words = schedule::trouble(&job.spec.schedule)?;
    let cause = format!("No job is started: its schedule {} {words}.", job.spec.schedule);
    let finding = finding(job, Severity::Critical, cause).at("/spec/schedule");
    Some(finding.clue("/spec/schedule", &job.spec.schedule))
}

/// An event that is newer than its last start says why no job is started.
fn not_started(job: &CronJob, scene: &Scene<'_>) -> Option<Finding> {
    let about = subject("CronJob", &job.metadata);
    let status = job.status.as_ref();
    let started = status.and_then(|it| it.last_schedule_time.as_ref()).map(|it| it.0);
    let is_news = |it: &&&Event| started.is_none_or(|at| Some(at) < last_seen(it));
    let mut events = scene.events(&about).iter().filter(is_news);
    let (event, (reason, field, words)) = events.find_map(|it| {
        let known = REASONS.iter().find(|known| it.reason.as_deref() == Some(known.0))?;
        Some((it, known))
    })?;
    let message = quoted(event.message.as_deref().unwrap_or_default(), scene);
    let severity = if *reason == "MissSchedule" { Severity::Warning } else { Severity::Critical };
    let finding = finding(job, severity, format!("No job is started: {words} ({message})."));
    let finding = finding.clue(format!("events[{reason}].message"), &message);
    Some(if field.is_empty() { finding } else { finding.at(*field) })
}

/// Each job is taken away for the next one before it comes to its end.
fn replaced(owner: &CronJob, scene: &Scene<'_>) -> Option<Finding> {
    let status = owner.status.as_ref()?;
    let job = status.active.iter().flatten().find_map(|it| it.name.as_deref())?;
    if owner.spec.concurrency_policy.as_deref() != Some("Replace") {
        return None;
    }
    let about = subject("CronJob", &owner.metadata);
    let succeeded = status.last_successful_time.as_ref().map(|it| it.0);
    // What succeeded is cleared away as well, soon after.
    let is_since = |it: &Event| {
        let by_then = succeeded.and_then(|at| at.checked_add(CLEARED).ok());
        by_then.is_none_or(|at| Some(at) < last_seen(it))
    };
    let is_told = |it: &&&Event| {
        it.reason.as_deref() == Some("SuccessfulDelete") && scene.is_recent(it) && is_since(it)
    };
    let taken = scene.events(&about).iter().filter(is_told);
    let taken = taken.map(|it| times(it)).fold(0, usize::saturating_add);
    if taken < REPLACED {
        return None;
    }
    let cause = format!(
        "None of its jobs comes to its end: each is replaced by the next one while it runs, as the policy Replace wants, and \
         {taken} were of late; they take longer than the schedule {} gives them.",
        owner.spec.schedule
    );
    let finding = finding(owner, Severity::Warning, cause)
        .at("/spec/concurrencyPolicy")
        .sure(confidence::FOLLOWS);
    let finding = finding.clue("events[SuccessfulDelete].count", &taken);
    Some(finding.clue("status.active", job))
}

/// How often an event was told.
fn times(event: &Event) -> usize {
    let series = event.series.as_ref().and_then(|it| it.count);
    series.or(event.count).and_then(|it| usize::try_from(it).ok()).unwrap_or(1)
}

/// A job may be started so shortly after its time only that the controller may never come by in between.
fn tight(owner: &CronJob) -> Option<Finding> {
    let secs = owner.spec.starting_deadline_seconds.filter(|it| (0..LOOKS_SECS).contains(it))?;
    let cause = format!(
        "Some of its jobs may never be started: none is later than {secs} seconds after its time, and the controller looks \
         every {LOOKS_SECS} seconds."
    );
    let finding = finding(owner, Severity::Notice, cause).at(STARTING).sure(confidence::WORDED);
    Some(finding.clue(STARTING, &secs))
}

/// Its newest finished jobs failed.
fn failing(owner: &CronJob, scene: &Scene<'_>) -> Option<Finding> {
    let is_own = |it: &&Job| {
        let mut owners = it.metadata.owner_references.iter().flatten();
        owners.any(|above| above.kind == "CronJob" && above.name == name(&owner.metadata))
    };
    let jobs = scene.jobs(namespace(&owner.metadata));
    let mut finished: Vec<&Job> = jobs
        .filter(is_own)
        .filter(|it| ended(it, "Failed").is_some() || ended(it, "Complete").is_some())
        .collect();
    let made = |it: &Job| it.metadata.creation_timestamp.as_ref().map(|it| it.0);
    finished.sort_by_key(|it| std::cmp::Reverse((made(it), name(&it.metadata))));
    let failed: Vec<_> = finished.iter().take_while(|it| ended(it, "Failed").is_some()).collect();
    let succeeded = owner.status.as_ref().and_then(|it| it.last_successful_time.as_ref());
    let Some(newest) = failed.first() else {
        return none_kept(owner, succeeded.map(|it| it.0), scene);
    };
    if succeeded.is_some_and(|it| made(newest) < Some(it.0)) {
        return None;
    }
    let condition = ended(newest, "Failed")?;
    let reason = condition.reason.as_deref().unwrap_or_default();
    let message = quoted(condition.message.as_deref().unwrap_or_default(), scene);
    let n_failed = failed.len().max(n_told(owner, succeeded.map(|it| it.0), scene));
    let (severity, begin) = if n_failed == 1 {
        (Severity::Warning, "Its last job failed".to_owned())
    } else {
        (Severity::Critical, format!("Its last {n_failed} jobs failed"))
    };
    let exit = exit(newest, scene).map(|it| format!(" ({it})")).unwrap_or_default();
    let finding = finding(owner, severity, format!("{begin}: {message}{exit}."));
    let newest = name(&newest.metadata);
    let finding = finding.clue(format!("Job {newest}.status.conditions[Failed].reason"), reason);
    let since = succeeded.map_or("never".to_owned(), |it| it.0.to_string());
    let finding = finding.clue("status.lastSuccessfulTime", &since);
    let limit = owner.spec.job_template.spec.as_ref().and_then(|it| it.active_deadline_seconds);
    Some(match limit.filter(|_| reason == "DeadlineExceeded") {
        Some(secs) => finding.clue(DEADLINE, &secs).at(DEADLINE),
        None => finding,
    })
}

/// That jobs failed since the last success of which none is kept: events alone tell of them.
fn none_kept(
    owner: &CronJob,
    succeeded: Option<jiff::Timestamp>,
    scene: &Scene<'_>,
) -> Option<Finding> {
    let n_failed = n_told(owner, succeeded, scene);
    if n_failed == 0 || owner.spec.failed_jobs_history_limit != Some(0) {
        return None;
    }
    let (severity, jobs) = match n_failed {
        1 => (Severity::Warning, "Its last job failed, and is".to_owned()),
        _ => (Severity::Critical, format!("Its last {n_failed} jobs failed, and are")),
    };
    let cause = format!(
        "{jobs} not kept, so that nothing says why: its history of failed jobs holds 0 of them."
    );
    let field = "/spec/failedJobsHistoryLimit";
    let since = succeeded.map_or("never".to_owned(), |it| it.to_string());
    let finding = finding(owner, severity, cause).clue("status.lastSuccessfulTime", &since);
    Some(finding.clue(field, "0").at(field))
}

/// How many failed jobs events tell of since the last success: the history keeps only one by default.
fn n_told(owner: &CronJob, succeeded: Option<jiff::Timestamp>, scene: &Scene<'_>) -> usize {
    let about = subject("CronJob", &owner.metadata);
    let is_failure = |it: &&&Event| {
        it.reason.as_deref() == Some("SawCompletedJob")
            && it.message.as_deref().is_some_and(|it| it.ends_with("condition: Failed"))
            && succeeded.is_none_or(|at| Some(at) < last_seen(it))
    };
    scene.events(&about).iter().filter(is_failure).count()
}

/// The condition with which a job ended.
fn ended<'j>(job: &'j Job, type_: &str) -> Option<&'j k8s_openapi::api::batch::v1::JobCondition> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|it| it.type_ == type_ && it.status == "True")
}

/// How a container of the job ended, where its pod is still there.
fn exit(job: &Job, scene: &Scene<'_>) -> Option<String> {
    let is_own = |it: &&&Pod| {
        let mut owners = it.metadata.owner_references.iter().flatten();
        owners.any(|it| it.kind == "Job" && it.name == name(&job.metadata))
    };
    let mut pods: Vec<_> = scene.pods(namespace(&job.metadata)).iter().filter(is_own).collect();
    pods.sort_by_key(|it| name(&it.metadata));
    pods.into_iter().find_map(|pod| {
        let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
        statuses.iter().find_map(|it| {
            let ended = it.state.as_ref()?.terminated.as_ref().filter(|it| it.exit_code != 0)?;
            Some(format!("container {} ended with code {}", it.name, ended.exit_code))
        })
    })
}

fn finding(job: &CronJob, severity: Severity, cause: String) -> Finding {
    let fault = cluster(ClusterFault::CronJobFailing);
    Finding::new(subject("CronJob", &job.metadata), severity, fault, cause)
}
