//! The rules for what runs pods.

use serde_json::{Value, json};

use super::{Causes, labels, pods};
use crate::api::matches;
use crate::json::{at, entries, has, list, number, text};
use crate::resources::Resource;
use crate::status::Cause;

/// Checks a deployment, replica set, stateful set or daemon set.
pub(super) fn check(resource: &Resource, object: &Value, causes: &mut Causes) {
    let spec = at(object, "spec");
    positive(spec, "replicas", causes);
    positive(spec, "minReadySeconds", causes);
    positive(spec, "revisionHistoryLimit", causes);
    selector(resource, spec, causes);
    template(spec, "spec.template", causes);
    if resource.plural == "deployments" {
        strategy(spec, causes);
        deadline(spec, causes);
    }
}

fn positive(spec: &Value, field: &str, causes: &mut Causes) {
    if number(spec, field).is_some_and(|it| it < 0) {
        let why = "must be greater than or equal to 0";
        causes.push(Cause::invalid(format!("spec.{field}"), at(spec, field), why));
    }
}

fn selector(resource: &Resource, spec: &Value, causes: &mut Causes) {
    let chosen = at(spec, "selector");
    let empty = entries(chosen, "matchLabels").next().is_none()
        && list(chosen, "matchExpressions").is_empty();
    if chosen.is_null() {
        causes.push(Cause::required("spec.selector", ""));
    } else if empty {
        let why = format!("empty selector is invalid for {}", resource.kind.to_lowercase());
        causes.push(Cause::invalid("spec.selector", chosen, &why));
        return;
    }
    let labels = at(spec, "template.metadata.labels");
    if chosen.is_null() || !matches(chosen, labels) {
        let why = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", labels, why));
    }
}

/// Checks a template whose pods are always started again.
fn template(spec: &Value, path: &str, causes: &mut Causes) {
    causes.extend(labels(&json!({"spec": spec}), "spec.template.metadata.labels"));
    let pod = at(spec, "template.spec");
    pods::spec(pod, &format!("{path}.spec"), causes);
    let policy = text(pod, "restartPolicy");
    if matches!(policy, "OnFailure" | "Never") {
        let place = format!("{path}.spec.restartPolicy");
        causes.push(Cause::unsupported(place, &json!(policy), &["Always"]));
    }
}

fn strategy(spec: &Value, causes: &mut Causes) {
    let place = "spec.strategy";
    let kind = text(spec, "strategy.type");
    let rolling = at(spec, "strategy.rollingUpdate");
    match kind {
        "Recreate" if !rolling.is_null() => {
            let why = "may not be specified when strategy `type` is 'Recreate'";
            causes.push(Cause::forbidden(format!("{place}.rollingUpdate"), why));
        }
        "RollingUpdate" => {
            let zero = |field: &str| {
                let value = at(rolling, field);
                value == 0 || value == "0%" || value == "0"
            };
            if zero("maxSurge") && zero("maxUnavailable") {
                let place = format!("{place}.rollingUpdate.maxUnavailable");
                let why = "may not be 0 when `maxSurge` is 0";
                causes.push(Cause::invalid(place, at(rolling, "maxUnavailable"), why));
            }
        }
        "Recreate" => {}
        _ => {
            let allowed = ["Recreate", "RollingUpdate"];
            causes.push(Cause::unsupported(format!("{place}.type"), &json!(kind), &allowed));
        }
    }
}

fn deadline(spec: &Value, causes: &mut Causes) {
    positive(spec, "progressDeadlineSeconds", causes);
    let least = number(spec, "minReadySeconds").unwrap_or(0);
    if number(spec, "progressDeadlineSeconds").is_some_and(|it| it <= least) {
        let place = "spec.progressDeadlineSeconds";
        let why = "must be greater than minReadySeconds";
        causes.push(Cause::invalid(place, at(spec, "progressDeadlineSeconds"), why));
    }
}

/// Checks a job.
pub(super) fn job(object: &Value, causes: &mut Causes) {
    let spec = at(object, "spec");
    for field in ["parallelism", "completions", "backoffLimit", "ttlSecondsAfterFinished"] {
        positive(spec, field, causes);
    }
    job_template(spec, "spec", causes);
}

fn job_template(spec: &Value, path: &str, causes: &mut Causes) {
    let pod = at(spec, "template.spec");
    pods::spec(pod, &format!("{path}.template.spec"), causes);
    let place = format!("{path}.template.spec.restartPolicy");
    match text(pod, "restartPolicy") {
        "OnFailure" | "Never" => {}
        "Always" => {
            let why = "valid values: \"OnFailure\", \"Never\"";
            causes.push(Cause::required(place, why));
        }
        other => causes.push(Cause::unsupported(place, &json!(other), &["OnFailure", "Never"])),
    }
}

/// Checks a cron job.
pub(super) fn cron_job(object: &Value, causes: &mut Causes) {
    let spec = at(object, "spec");
    let schedule = text(spec, "schedule");
    if schedule.is_empty() {
        causes.push(Cause::required("spec.schedule", ""));
    } else if !schedule.starts_with('@') && schedule.split_whitespace().count() != 5 {
        let found = schedule.split_whitespace().count();
        let why = format!("expected exactly 5 fields, found {found}: [{schedule}]");
        causes.push(Cause::invalid("spec.schedule", &json!(schedule), &why));
    }
    let policy = text(spec, "concurrencyPolicy");
    let allowed = ["Allow", "Forbid", "Replace"];
    if !allowed.contains(&policy) {
        causes.push(Cause::unsupported("spec.concurrencyPolicy", &json!(policy), &allowed));
    }
    if has(spec, "jobTemplate") {
        job_template(at(spec, "jobTemplate.spec"), "spec.jobTemplate.spec", causes);
    }
}
