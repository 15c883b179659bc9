//! The tables of what runs pods.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Column, NONE, UNSET, age, joined, or, span};
use crate::api::{labels, selector};
use crate::json::{at, has, list, number, text};

pub(super) const DEPLOYMENTS: &[Column] = &[
    ("Name", "string", 0),
    ("Ready", "string", 0),
    ("Up-to-date", "string", 0),
    ("Available", "string", 0),
    ("Age", "string", 0),
    ("Containers", "string", 1),
    ("Images", "string", 1),
    ("Selector", "string", 1),
];

pub(super) const REPLICA_SETS: &[Column] = &[
    ("Name", "string", 0),
    ("Desired", "integer", 0),
    ("Current", "integer", 0),
    ("Ready", "integer", 0),
    ("Age", "string", 0),
    ("Containers", "string", 1),
    ("Images", "string", 1),
    ("Selector", "string", 1),
];

pub(super) const STATEFUL_SETS: &[Column] = &[
    ("Name", "string", 0),
    ("Ready", "string", 0),
    ("Age", "string", 0),
    ("Containers", "string", 1),
    ("Images", "string", 1),
];

pub(super) const DAEMON_SETS: &[Column] = &[
    ("Name", "string", 0),
    ("Desired", "integer", 0),
    ("Current", "integer", 0),
    ("Ready", "integer", 0),
    ("Up-to-date", "integer", 0),
    ("Available", "integer", 0),
    ("Node Selector", "string", 0),
    ("Age", "string", 0),
    ("Containers", "string", 1),
    ("Images", "string", 1),
    ("Selector", "string", 1),
];

pub(super) const JOBS: &[Column] = &[
    ("Name", "string", 0),
    ("Status", "string", 0),
    ("Completions", "string", 0),
    ("Duration", "string", 0),
    ("Age", "string", 0),
    ("Containers", "string", 1),
    ("Images", "string", 1),
    ("Selector", "string", 1),
];

pub(super) const CRON_JOBS: &[Column] = &[
    ("Name", "string", 0),
    ("Schedule", "string", 0),
    ("Timezone", "string", 0),
    ("Suspend", "boolean", 0),
    ("Active", "integer", 0),
    ("Last Schedule", "string", 0),
    ("Age", "string", 0),
    ("Containers", "string", 1),
    ("Images", "string", 1),
    ("Selector", "string", 1),
];

pub(super) const REVISIONS: &[Column] = &[
    ("Name", "string", 0),
    ("Controller", "string", 0),
    ("Revision", "string", 0),
    ("Age", "string", 0),
];

/// The cells after the name.
pub(super) fn cells(plural: &str, object: &Value) -> Value {
    let count = |path: &str| number(object, path).unwrap_or(0);
    let age = age(object, "metadata.creationTimestamp");
    let own = match plural {
        "deployments" => json!([
            replicas(object),
            count("status.updatedReplicas"),
            count("status.availableReplicas"),
            age
        ]),
        "statefulsets" => json!([replicas(object), age]),
        "daemonsets" => json!([
            count("status.desiredNumberScheduled"),
            count("status.currentNumberScheduled"),
            count("status.numberReady"),
            count("status.updatedNumberScheduled"),
            count("status.numberAvailable"),
            or(&labels(object, "spec.template.spec.nodeSelector"), NONE),
            age
        ]),
        "jobs" => json!([job_status(object), completions(object), duration(object), age]),
        "cronjobs" => json!([
            text(object, "spec.schedule"),
            or(text(object, "spec.timeZone"), NONE),
            if at(object, "spec.suspend") == true { "True" } else { "False" },
            list(object, "status.active").len(),
            last_schedule(object),
            age
        ]),
        "controllerrevisions" => return json!([owner(object), count("revision"), age]),
        _ => json!([
            count("spec.replicas"),
            count("status.replicas"),
            count("status.readyReplicas"),
            age
        ]),
    };
    let mut cells = own;
    if let Some(cells) = cells.as_array_mut() {
        cells.extend(pods(plural, object));
    }
    cells
}

fn replicas(object: &Value) -> String {
    let ready = number(object, "status.readyReplicas").unwrap_or(0);
    format!("{ready}/{}", number(object, "spec.replicas").unwrap_or(0))
}

fn last_schedule(object: &Value) -> String {
    if has(object, "status.lastScheduleTime") {
        age(object, "status.lastScheduleTime")
    } else {
        NONE.to_owned()
    }
}

/// What a wide table says of the pods: their containers, images, and how they are found.
fn pods(plural: &str, object: &Value) -> Vec<Value> {
    let cron = plural == "cronjobs";
    let template = if cron { "spec.jobTemplate.spec.template" } else { "spec.template" };
    let containers = format!("{template}.spec.containers");
    let mut cells = vec![
        json!(joined(object, &containers, "name")),
        json!(joined(object, &containers, "image")),
    ];
    if plural != "statefulsets" {
        let chosen = selector(at(object, "spec.selector"));
        cells.push(json!(if cron { NONE } else { &chosen }));
    }
    cells
}

fn owner(object: &Value) -> String {
    let owners = list(object, "metadata.ownerReferences").iter();
    let mut controllers = owners.filter(|it| at(it, "controller") == true);
    controllers.next().map_or_else(
        || NONE.to_owned(),
        |it| format!("{}/{}", text(it, "kind").to_lowercase(), text(it, "name")),
    )
}

fn job_status(job: &Value) -> &'static str {
    let holds = |kind: &str| {
        list(job, "status.conditions")
            .iter()
            .any(|it| text(it, "type") == kind && text(it, "status") == "True")
    };
    if holds("Complete") {
        "Complete"
    } else if holds("Failed") {
        "Failed"
    } else if has(job, "metadata.deletionTimestamp") {
        "Terminating"
    } else if holds("Suspended") {
        "Suspended"
    } else if holds("FailureTarget") {
        "FailureTarget"
    } else if holds("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    }
}

fn completions(job: &Value) -> String {
    let done = number(job, "status.succeeded").unwrap_or(0);
    match (number(job, "spec.completions"), number(job, "spec.parallelism")) {
        (Some(wanted), _) => format!("{done}/{wanted}"),
        (None, Some(parallel)) if 1 < parallel => format!("{done}/1 of {parallel}"),
        _ => format!("{done}/1"),
    }
}

fn duration(job: &Value) -> String {
    let Ok(start) = text(job, "status.startTime").parse::<Timestamp>() else {
        return String::new();
    };
    let end = text(job, "status.completionTime").parse().unwrap_or_else(|_| Timestamp::now());
    span(end.duration_since(start).as_secs())
}

/// Kept for tables that show what nobody has chosen yet.
pub(super) fn class(object: &Value, path: &str) -> String {
    or(text(object, path), UNSET).to_owned()
}
