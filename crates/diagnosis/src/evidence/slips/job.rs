//! How long a job may take and how often it may try, where its twin came to its end with far more.

use jiff::SignedDuration;
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use serde_json::Value;
use types::{Edit, FieldPath, SlipFacts, SlipKind};

use crate::{Objects, Root};

/// How many times more its twin has of what a job has too little of.
const FAR: i64 = 5;

/// The field of a job that gave up, with the value that its twin has; none of what is no job, or has no twin.
pub(super) fn slip(objects: &Objects) -> Option<SlipFacts> {
    let Root::Job(job) = &objects.root else { return None };
    let spec = job.spec.as_ref()?;
    let (field, own, of): (_, i64, fn(&JobSpec) -> Option<i64>) = match ended(job, "Failed")? {
        "DeadlineExceeded" => ("activeDeadlineSeconds", spec.active_deadline_seconds?, |it| {
            it.active_deadline_seconds
        }),
        "BackoffLimitExceeded" => ("backoffLimit", tries(spec), |it| Some(tries(it))),
        _ => return None,
    };
    let jobs = objects.workloads.iter().filter_map(|it| match it {
        Root::Job(it) => Some(&**it),
        Root::Pod(_)
        | Root::Deployment(_)
        | Root::ReplicaSet(_)
        | Root::StatefulSet(_)
        | Root::DaemonSet(_)
        | Root::CronJob(_)
        | Root::Service(_) => None,
    });
    let is_more = |it: &Job| {
        let more = it.spec.as_ref().and_then(of);
        more.is_some_and(|more| own < more) && needed_more(it, own, field)
    };
    let twins = jobs.filter(|it| is_twin(it, job) && ended(it, "Complete").is_some());
    let twin = twins.filter(|it| is_more(it)).min_by_key(|it| it.metadata.name.clone())?;
    let (name, value) = (twin.metadata.name.as_deref()?, of(twin.spec.as_ref()?)?);
    let path = FieldPath::root().child("spec").child(field);
    let (from, to) = (Some(Value::from(own)), Some(Value::from(value)));
    Some(SlipFacts {
        container: String::new(),
        kind: SlipKind::Amount,
        path: path.to_string(),
        config_map: None,
        shown_by: format!("Job {name} runs the same image, has {field} {value} and is done."),
        alike: false,
        edits: vec![Edit { path, from, to }],
    })
}

fn tries(spec: &JobSpec) -> i64 {
    // What the API server writes where nothing is said.
    spec.backoff_limit.map_or(6, i64::from)
}

/// Whether the twin would not have come to its end with as little, or has so much more that the other is a slip.
fn needed_more(twin: &Job, own: i64, field: &str) -> bool {
    let status = twin.status.as_ref();
    if field == "backoffLimit" {
        return status.and_then(|it| it.failed).is_some_and(|it| own < i64::from(it));
    }
    let times =
        status.and_then(|it| Some((it.start_time.as_ref()?.0, it.completion_time.as_ref()?.0)));
    let took = times.map(|it| it.1.duration_since(it.0));
    let has_far_more = twin
        .spec
        .as_ref()
        .and_then(|it| it.active_deadline_seconds)
        .is_some_and(|it| own.saturating_mul(FAR) <= it);
    took.is_some_and(|it| SignedDuration::from_secs(own) < it) || has_far_more
}

/// The reason of the condition, where the job has it.
fn ended<'a>(job: &'a Job, condition: &str) -> Option<&'a str> {
    let mut conditions = job.status.iter().flat_map(|it| it.conditions.iter().flatten());
    let found = conditions.find(|it| it.type_ == condition && it.status == "True")?;
    Some(found.reason.as_deref().unwrap_or_default())
}

/// Whether both run the same images, and their names are one but for a word: `restore-eu` and `restore-us`.
fn is_twin(other: &Job, own: &Job) -> bool {
    fn images(job: &Job) -> Vec<(&str, Option<&str>)> {
        let spec = job.spec.as_ref().and_then(|it| it.template.spec.as_ref());
        let all = spec.iter().flat_map(|it| &it.containers);
        all.map(|it| (it.name.as_str(), it.image.as_deref())).collect()
    }
    let name = |it: &Job| it.metadata.name.clone().unwrap_or_default();
    let is_same = images(other) == images(own) && !images(own).is_empty();
    other.metadata.namespace == own.metadata.namespace
        && is_same
        && are_of_family(&name(other), &name(own))
}

/// Whether two names of more than one word differ in just one.
fn are_of_family(one: &str, other: &str) -> bool {
    let (one, other): (Vec<_>, Vec<_>) = (one.split('-').collect(), other.split('-').collect());
    let apart = one.iter().zip(&other).filter(|it| it.0 != it.1).count();
    1 < one.len() && one.len() == other.len() && apart == 1
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn job(name: &str, deadline: i64, status: &Value) -> Job {
        let template =
            json!({"spec": {"containers": [{"name": "app", "image": "shop/restore:1"}]}});
        let job = json!({
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"activeDeadlineSeconds": deadline, "template": template},
            "status": status,
        });
        serde_json::from_value(job).unwrap()
    }

    fn done(secs: i64) -> Value {
        json!({
            "startTime": "2026-11-24T02:00:00Z",
            "completionTime": format!("2026-11-24T02:{:02}:{:02}Z", secs / 60, secs % 60),
            "conditions": [{"type": "Complete", "status": "True"}],
        })
    }

    #[test]
    fn a_twin_that_took_longer_or_may_take_far_longer_says_that_it_is_too_little() {
        for (deadline, secs, expected) in
            [(600, 17, true), (10, 9, true), (8, 5, false), (30, 5, true), (20, 5, false)]
        {
            let twin = job("restore-eu", deadline, &done(secs));
            assert_eq!(
                needed_more(&twin, 6, "activeDeadlineSeconds"),
                expected,
                "{deadline} {secs}"
            );
        }
    }

    #[test]
    fn a_twin_runs_the_same_image_and_has_the_same_name_but_for_a_word() {
        let own = job("restore-us", 6, &json!({}));
        for (name, expected) in [
            ("restore-eu", true),
            ("restore", false),
            ("backup-eu", false),
            ("restore-us", false),
            ("restore-us-1", false),
        ] {
            assert_eq!(is_twin(&job(name, 600, &done(17)), &own), expected, "{name}");
        }
    }
}
