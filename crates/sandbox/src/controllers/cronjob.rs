//! Starts jobs by the clock. Its clock is the cluster's own, which runs ahead of the wall's.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::Desk;
use super::children::{count, owner};
use super::cron::{Minute, Schedule};
use crate::clock::Moment;
use crate::fields::{Fields, put};
use crate::store::{Deletion, Propagation};

const MINUTE: Duration = Duration::from_mins(1);
/// How far ahead a due minute is looked for; a rarer schedule is looked at again then.
const HORIZON: u32 = 24 * 60;

pub(super) fn reconcile(desk: &mut Desk<'_>, namespace: &str, name: &str) -> Option<Moment> {
    let cron = desk.world.store.get("cronjobs", namespace, name)?;
    if cron.is_going() {
        return None;
    }
    desk.follow_jobs(&cron);
    let recorder = &desk.world.cronjob;
    let Some(schedule) = Schedule::parse(cron.text("/spec/schedule")) else {
        let text = format!("unparseable schedule: {:?}", cron.text("/spec/schedule"));
        recorder.warning(&cron, "UnparseableSchedule", &text);
        return None;
    };
    if cron.is_true("/spec/suspend") {
        return None;
    }
    let due = *desk.family.begun.entry(cron.uid().to_owned()).or_insert(Moment::MAX);
    let next = next_due(desk, &schedule);
    if due <= desk.now {
        desk.start_job(&cron, due);
    }
    desk.family.begun.insert(cron.uid().to_owned(), next);
    Some(next)
}

/// What the calendar says at a moment of the cluster's time.
fn calendar(desk: &Desk<'_>, at: Moment) -> Timestamp {
    let ahead = SignedDuration::try_from(at).unwrap_or(SignedDuration::ZERO);
    desk.world.born + ahead
}

/// The first due minute after now.
fn next_due(desk: &Desk<'_>, schedule: &Schedule) -> Moment {
    let second = u64::try_from(calendar(desk, desk.now).as_second().rem_euclid(60)).unwrap_or(0);
    let mut at = desk.now + MINUTE.saturating_sub(Duration::from_secs(second));
    for _ in 0..HORIZON {
        let zoned = calendar(desk, at).to_zoned(TimeZone::UTC);
        let small = |it: i8| u8::try_from(it).unwrap_or(0);
        let minute = Minute {
            minute: small(zoned.minute()),
            hour: small(zoned.hour()),
            day: small(zoned.day()),
            month: small(zoned.month()),
            weekday: small(zoned.weekday().to_sunday_zero_offset()),
        };
        if schedule.is_due(minute) {
            return at;
        }
        at += MINUTE;
    }
    at
}

impl Desk<'_> {
    fn start_job(&self, cron: &Value, due: Moment) {
        let (recorder, store) =
            (&self.world.cronjob, self.world.store.written_by("kube-controller-manager"));
        let active = cron.list("/status/active");
        match cron.text("/spec/concurrencyPolicy") {
            "Forbid" if !active.is_empty() => {
                let text = "Not starting job because prior execution is running and concurrency policy is Forbid";
                return recorder.normal(cron, "JobAlreadyActive", text);
            }
            "Replace" => {
                for job in active {
                    let deletion = Deletion {
                        propagation: Some(Propagation::Background),
                        ..Deletion::default()
                    };
                    drop(store.delete("jobs", cron.namespace(), job.text("/name"), &deletion));
                }
            }
            _ => {}
        }
        let at = calendar(self, due);
        let name = format!("{}-{}", cron.name(), at.as_second() / 60);
        let template = cron.at("/spec/jobTemplate");
        let mut metadata = json!({"name": name, "ownerReferences": [owner(cron)]});
        for key in ["labels", "annotations"] {
            if template.at(&format!("/metadata/{key}")).is_object() {
                put(&mut metadata, &[key], template.at(&format!("/metadata/{key}")).clone());
            }
        }
        let stamp = json!(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        put(
            &mut metadata,
            &["annotations", "batch.kubernetes.io/cronjob-scheduled-timestamp"],
            stamp.clone(),
        );
        let job = json!({"metadata": metadata, "spec": template.at("/spec")});
        match store.create("jobs", cron.namespace(), job) {
            Ok(_) => recorder.normal(cron, "SuccessfulCreate", &format!("Created job {name}")),
            Err(error) => {
                recorder.warning(cron, "FailedCreate", &format!("Error creating job: {error}"));
            }
        }
        let mut status = cron.at("/status").clone();
        put(&mut status, &["lastScheduleTime"], stamp);
        self.report("cronjobs", cron, status);
    }

    /// Notes which jobs run and which are through, and removes old ones.
    fn follow_jobs(&self, cron: &Value) {
        let mut jobs = self.family.of(&self.world.store, cron, "jobs");
        jobs.sort_by_key(|it| it.name().to_owned());
        let ended = |it: &Value, kind: &str| it.condition(kind).is_some();
        let active: Vec<Value> = jobs
            .iter()
            .filter(|it| !ended(it, "Complete") && !ended(it, "Failed"))
            .map(|it| json!({"apiVersion": "batch/v1", "kind": "Job", "name": it.name(), "namespace": it.namespace(), "uid": it.uid()}))
            .collect();
        let before = cron.list("/status/active");
        for job in before
            .iter()
            .filter(|it| !active.iter().any(|other| other.text("/uid") == it.text("/uid")))
        {
            let name = job.text("/name");
            let Some(job) = jobs.iter().find(|it| it.name() == name) else { continue };
            let condition = if ended(job, "Complete") { "Complete" } else { "Failed" };
            let text = format!("Saw completed job: {name}, condition: {condition}");
            self.world.cronjob.normal(cron, "SawCompletedJob", &text);
        }
        let mut status = cron.at("/status").clone();
        if active.is_empty() {
            crate::fields::remove(&mut status, &["active"]);
        } else {
            put(&mut status, &["active"], Value::Array(active));
        }
        let last = jobs.iter().filter_map(|it| it.at("/status/completionTime").as_str()).max();
        if let Some(last) = last {
            put(&mut status, &["lastSuccessfulTime"], json!(last));
        }
        self.report("cronjobs", cron, status);
        for (kind, limit, otherwise) in [
            ("Complete", "/spec/successfulJobsHistoryLimit", 3),
            ("Failed", "/spec/failedJobsHistoryLimit", 1),
        ] {
            let through: Vec<_> = jobs.iter().filter(|it| ended(it, kind)).collect();
            let kept = usize::try_from(count(cron, limit, otherwise)).unwrap_or(0);
            for job in through.iter().take(through.len().saturating_sub(kept)) {
                let deletion =
                    Deletion { propagation: Some(Propagation::Background), ..Deletion::default() };
                drop(self.world.store.delete("jobs", job.namespace(), job.name(), &deletion));
            }
        }
    }
}
