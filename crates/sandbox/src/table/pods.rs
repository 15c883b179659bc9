//! The table of pods.

use serde_json::{Value, json};

use super::{Column, NONE, age, or};
use crate::json::{at, has, list, number, text};

pub(super) const COLUMNS: &[Column] = &[
    ("Name", "string", 0),
    ("Ready", "string", 0),
    ("Status", "string", 0),
    ("Restarts", "string", 0),
    ("Age", "string", 0),
    ("IP", "string", 1),
    ("Node", "string", 1),
    ("Nominated Node", "string", 1),
    ("Readiness Gates", "string", 1),
];

pub(super) fn cells(pod: &Value) -> Value {
    let containers = list(pod, "status.containerStatuses");
    let ready = containers.iter().filter(|it| at(it, "ready") == true).count();
    let total = list(pod, "spec.containers").len();
    json!([
        format!("{ready}/{total}"),
        status(pod),
        restarts(containers),
        age(pod, "metadata.creationTimestamp"),
        or(text(pod, "status.podIP"), NONE),
        or(text(pod, "spec.nodeName"), NONE),
        or(text(pod, "status.nominatedNodeName"), NONE),
        gates(pod),
    ])
}

fn gates(pod: &Value) -> String {
    let gates = list(pod, "spec.readinessGates");
    if gates.is_empty() {
        return NONE.to_owned();
    }
    let holds = |kind: &str| {
        list(pod, "status.conditions")
            .iter()
            .any(|it| text(it, "type") == kind && text(it, "status") == "True")
    };
    let passed = gates.iter().filter(|it| holds(text(it, "conditionType"))).count();
    format!("{passed}/{}", gates.len())
}

fn restarts(containers: &[Value]) -> String {
    let total: i64 = containers.iter().filter_map(|it| number(it, "restartCount")).sum();
    let last = containers
        .iter()
        .max_by_key(|it| text(it, "lastState.terminated.finishedAt").to_owned())
        .filter(|it| has(it, "lastState.terminated.finishedAt"));
    match last {
        Some(last) if 0 < total => {
            format!("{total} ({} ago)", age(last, "lastState.terminated.finishedAt"))
        }
        _ => total.to_string(),
    }
}

/// The one word that says how a pod is.
fn status(pod: &Value) -> String {
    let phase = text(pod, "status.phase").to_owned();
    let mut word = or(text(pod, "status.reason"), &phase).to_owned();
    let scheduling = list(pod, "status.conditions")
        .iter()
        .find(|it| text(it, "type") == "PodScheduled" && text(it, "reason") == "SchedulingGated");
    if scheduling.is_some() {
        "SchedulingGated".clone_into(&mut word);
    }
    let starting = initial(pod);
    if let Some(starting) = &starting {
        word.clone_from(starting);
    }
    if starting.is_none() {
        word = running(pod, word);
    }
    if has(pod, "metadata.deletionTimestamp") {
        return match text(pod, "status.reason") {
            "NodeLost" => "Unknown".to_owned(),
            _ if matches!(phase.as_str(), "Succeeded" | "Failed") => word,
            _ => "Terminating".to_owned(),
        };
    }
    word
}

/// How far the init containers are, while they are not done.
fn initial(pod: &Value) -> Option<String> {
    let total = list(pod, "spec.initContainers").len();
    for (index, container) in list(pod, "status.initContainerStatuses").iter().enumerate() {
        let sidecar = list(pod, "spec.initContainers")
            .get(index)
            .is_some_and(|it| text(it, "restartPolicy") == "Always");
        let done = number(container, "state.terminated.exitCode") == Some(0);
        if done || (sidecar && at(container, "started") == true) {
            continue;
        }
        if let Some(ended) = container.get("state").and_then(|it| it.get("terminated")) {
            let reason = text(ended, "reason");
            return Some(if reason.is_empty() {
                exit(ended, "Init:")
            } else {
                format!("Init:{reason}")
            });
        }
        let waiting = text(container, "state.waiting.reason");
        if !waiting.is_empty() && waiting != "PodInitializing" {
            return Some(format!("Init:{waiting}"));
        }
        return Some(format!("Init:{index}/{total}"));
    }
    None
}

fn running(pod: &Value, mut word: String) -> String {
    let mut runs = false;
    for container in list(pod, "status.containerStatuses").iter().rev() {
        let waiting = text(container, "state.waiting.reason");
        let ended = at(container, "state.terminated");
        if !waiting.is_empty() {
            waiting.clone_into(&mut word);
        } else if !text(ended, "reason").is_empty() {
            text(ended, "reason").clone_into(&mut word);
        } else if !ended.is_null() {
            word = exit(ended, "");
        } else if at(container, "ready") == true && has(container, "state.running") {
            runs = true;
        }
    }
    if word == "Completed" && runs {
        let ready = list(pod, "status.conditions")
            .iter()
            .any(|it| text(it, "type") == "Ready" && text(it, "status") == "True");
        return if ready { "Running" } else { "NotReady" }.to_owned();
    }
    word
}

fn exit(ended: &Value, prefix: &str) -> String {
    match number(ended, "signal") {
        Some(signal) if signal != 0 => format!("{prefix}Signal:{signal}"),
        _ => format!("{prefix}ExitCode:{}", number(ended, "exitCode").unwrap_or(0)),
    }
}
