//! Runs the pods of a `Job` until enough have succeeded, or too many have failed.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Desk;
use super::children::{count, pod, put_counts};
use super::family::{is_active, is_ready};
use crate::clock::Moment;
use crate::events::now;
use crate::fields::{Fields, put};
use crate::store::Deletion;

/// How a job ended, or is about to.
struct Verdict {
    good: bool,
    reason: &'static str,
    message: &'static str,
}

const LIMIT: Verdict = Verdict {
    good: false,
    reason: "BackoffLimitExceeded",
    message: "Job has reached the specified backoff limit",
};
const LATE: Verdict = Verdict {
    good: false,
    reason: "DeadlineExceeded",
    message: "Job was active longer than specified deadline",
};
const DONE: Verdict = Verdict {
    good: true,
    reason: "CompletionsReached",
    message: "Reached expected number of succeeded pods",
};

/// The finalizer under which a pod waits to be counted.
const TRACKED: &str = "batch.kubernetes.io/job-tracking";
/// The first wait after a failed pod, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_secs(10), Duration::from_mins(6));

/// What has become of a job's pods.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    active: i64,
    ready: i64,
    succeeded: i64,
    failed: i64,
    going: i64,
    restarts: i64,
}

pub(super) fn reconcile(desk: &mut Desk<'_>, namespace: &str, name: &str) -> Option<Moment> {
    let job = desk.world.store.get("jobs", namespace, name)?;
    let pods = desk.family.of(&desk.world.store, &job, "pods");
    let (sum, done) = count_pods(&job, &pods);
    let over = ["Complete", "Failed"].iter().any(|it| job.condition(it).is_some());
    if over || job.is_going() {
        desk.let_all_go(&pods);
        return desk.clean(&job);
    }
    if job.is_true("/spec/suspend") {
        return None;
    }
    let begun = *desk.family.begun.entry(job.uid().to_owned()).or_insert(desk.now);
    let deadline = job.number("/spec/activeDeadlineSeconds").and_then(|it| u64::try_from(it).ok());
    let deadline = deadline.map(|it| begun + Duration::from_secs(it));
    let limit = count(&job, "/spec/backoffLimit", 6);
    let verdict = if deadline.is_some_and(|it| it <= desk.now) {
        Some(LATE)
    } else if limit < sum.failed + sum.restarts {
        Some(LIMIT)
    } else if completions(&job)
        .map_or(0 < sum.succeeded && sum.active == 0, |it| it <= sum.succeeded)
    {
        Some(DONE)
    } else {
        None
    };
    let next = match &verdict {
        Some(_) => None,
        None => desk.run_more(&job, sum, &pods),
    };
    let waits = desk.report_job(&job, sum, verdict, &pods);
    // Counted pods may go; the count is in the status by now.
    desk.let_all_go(&done);
    if waits { None } else { [next, deadline].into_iter().flatten().min() }
}

fn completions(job: &Value) -> Option<i64> {
    job.number("/spec/completions")
}

/// Adds the pods that ended since to what the status says already.
fn count_pods(job: &Value, pods: &[Arc<Value>]) -> (Sum, Vec<Arc<Value>>) {
    let in_place = job.text("/spec/template/spec/restartPolicy") == "OnFailure";
    let mut sum = Sum {
        succeeded: count(job, "/status/succeeded", 0),
        failed: count(job, "/status/failed", 0),
        ..Sum::default()
    };
    let mut done = Vec::new();
    for pod in pods {
        let phase = pod.text("/status/phase");
        let tracked = pod.words("/metadata/finalizers").iter().any(|it| it == TRACKED);
        if is_active(pod) {
            sum.active += 1;
            sum.ready += i64::from(is_ready(pod));
            sum.restarts += if in_place { restarts(pod) } else { 0 };
        } else if !matches!(phase, "Succeeded" | "Failed") {
            sum.going += 1;
        } else if tracked {
            sum.succeeded += i64::from(phase == "Succeeded");
            sum.failed += i64::from(phase == "Failed");
            done.push(Arc::clone(pod));
        }
    }
    (sum, done)
}

impl Desk<'_> {
    fn let_all_go(&self, pods: &[Arc<Value>]) {
        for pod in pods {
            self.let_go(pod);
        }
    }

    fn let_go(&self, pod: &Value) {
        if !pod.words("/metadata/finalizers").iter().any(|it| it == TRACKED) {
            return;
        }
        let store = self.world.store.written_by("kube-controller-manager");
        drop(store.update("pods", pod.namespace(), pod.name(), |it| {
            let left: Vec<String> =
                it.words("/metadata/finalizers").into_iter().filter(|it| it != TRACKED).collect();
            put(it, &["metadata", "finalizers"], json!(left));
            Ok(())
        }));
    }

    /// Starts the pods that are missing, later each time one has failed.
    fn run_more(&mut self, job: &Value, sum: Sum, pods: &[Arc<Value>]) -> Option<Moment> {
        let parallel = count(job, "/spec/parallelism", 1);
        let open = completions(job).map_or(parallel, |it| it - sum.succeeded);
        let missing = parallel.min(open) - sum.active - sum.going;
        if missing <= 0 {
            return None;
        }
        if 0 < sum.failed {
            let exponent = u32::try_from(sum.failed - 1).unwrap_or(0).min(10);
            let wait = (WAITS.0 * (1 << exponent)).min(WAITS.1);
            let key = format!("{}/{}", job.uid(), sum.failed);
            let since = *self.family.begun.entry(key).or_insert(self.now);
            if self.now < since + wait {
                return Some(since + wait);
            }
        }
        for _ in 0..missing {
            let mut pod = pod(job.at("/spec/template"), job);
            put(&mut pod, &["metadata", "generateName"], json!(format!("{}-", job.name())));
            put(&mut pod, &["metadata", "finalizers"], json!([TRACKED]));
            if job.text("/spec/completionMode") == "Indexed" {
                index(&mut pod, job, pods);
            }
            if self.create_pod(&self.world.job, job, pod).is_err() {
                return Some(self.after_failure(job));
            }
        }
        None
    }

    /// Writes status and verdict; whether the verdict still waits for pods to end.
    fn report_job(
        &self,
        job: &Value,
        sum: Sum,
        verdict: Option<Verdict>,
        pods: &[Arc<Value>],
    ) -> bool {
        let mut status = job.at("/status").clone();
        if status.at("/startTime").is_null() {
            put(&mut status, &["startTime"], json!(now()));
        }
        put(&mut status, &["ready"], json!(sum.ready));
        put(&mut status, &["terminating"], json!(sum.going));
        put(&mut status, &["uncountedTerminatedPods"], json!({}));
        put_counts(
            &mut status,
            &[("active", sum.active), ("succeeded", sum.succeeded), ("failed", sum.failed)],
        );
        let waits = verdict.is_some() && 0 < sum.active + sum.going;
        if let Some(verdict) = verdict {
            self.conclude(job, &verdict, &mut status, waits);
            for pod in pods.iter().filter(|it| is_active(it)) {
                self.delete_pod(&self.world.job, job, pod);
            }
        }
        self.report("jobs", job, status);
        waits
    }

    fn conclude(&self, job: &Value, verdict: &Verdict, status: &mut Value, waits: bool) {
        let first = if verdict.good { "SuccessCriteriaMet" } else { "FailureTarget" };
        let last = if verdict.good { "Complete" } else { "Failed" };
        let condition = |kind: &str| {
            json!({
                "type": kind, "status": "True", "reason": verdict.reason, "message": verdict.message,
                "lastProbeTime": now(), "lastTransitionTime": now(),
            })
        };
        let mut conditions = job.list("/status/conditions").to_vec();
        if !conditions.iter().any(|it| it.text("/type") == first) {
            conditions.push(condition(first));
        }
        if !waits {
            conditions.push(condition(last));
            if verdict.good {
                put(status, &["completionTime"], json!(now()));
                self.world.job.normal(job, "Completed", "Job completed");
            } else {
                self.world.job.warning(job, verdict.reason, verdict.message);
            }
        }
        put(status, &["conditions"], Value::Array(conditions));
    }

    /// Removes a job that is over for as long as it says.
    fn clean(&mut self, job: &Value) -> Option<Moment> {
        let seconds = u64::try_from(job.number("/spec/ttlSecondsAfterFinished")?).ok()?;
        let key = format!("{}/over", job.uid());
        let since = *self.family.begun.entry(key).or_insert(self.now);
        let until = since + Duration::from_secs(seconds);
        if self.now < until {
            return Some(until);
        }
        let deletion = Deletion {
            propagation: Some(crate::store::Propagation::Background),
            ..Deletion::default()
        };
        drop(self.world.store.delete("jobs", job.namespace(), job.name(), &deletion));
        None
    }
}

fn restarts(pod: &Value) -> i64 {
    pod.list("/status/containerStatuses").iter().filter_map(|it| it.number("/restartCount")).sum()
}

/// Gives a pod the first number that no other has.
fn index(pod: &mut Value, job: &Value, pods: &[Arc<Value>]) {
    const KEY: &str = "batch.kubernetes.io/job-completion-index";
    let taken: Vec<&str> = pods
        .iter()
        .filter(|it| it.text("/status/phase") != "Failed")
        .filter_map(|it| it.at("/metadata/annotations").get(KEY)?.as_str())
        .collect();
    let free = (0..completions(job).unwrap_or(1)).map(|it| it.to_string());
    let Some(number) = free.into_iter().find(|it| !taken.contains(&it.as_str())) else { return };
    put(pod, &["metadata", "annotations", KEY], json!(number));
    put(pod, &["metadata", "labels", KEY], json!(number));
}
