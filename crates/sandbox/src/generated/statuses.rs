//! Statuses of pods, healthy and broken.

use serde_json::{Value, json};

use super::Draw;
use super::chance::Chance;
use super::workloads::App;

const MINUTE: usize = 60;
/// How long ago the last thing happened to what is broken.
const LATELY: usize = 2 * MINUTE;

/// What is wrong with an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The image is not there.
    NoImage,
    /// The program ends.
    Crash,
    /// The program is killed for its memory.
    Memory,
    /// The program does not answer its readiness probe.
    NotReady,
    /// A key of a ConfigMap is not there.
    KeyMissing,
    /// No node has room.
    TooLarge,
}

/// How a pod ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It did its work.
    Done,
    /// Its program ended with an error.
    Failed,
}

impl Trouble {
    const ALL: [Self; 6] = [
        Self::NoImage,
        Self::Crash,
        Self::Memory,
        Self::NotReady,
        Self::KeyMissing,
        Self::TooLarge,
    ];

    pub(super) fn draw(chance: &mut Chance) -> Self {
        chance.one_of(&Self::ALL, Self::Crash)
    }

    /// What the event about it says.
    pub(super) fn event(self, app: &App) -> (&'static str, String) {
        match self {
            Self::NoImage => ("Failed", format!("Failed to pull image: {}", no_image(app))),
            Self::Crash | Self::Memory => {
                ("BackOff", format!("Back-off restarting failed container app in pod {}", app.name))
            }
            Self::NotReady => (
                "Unhealthy",
                "Readiness probe failed: HTTP probe failed with statuscode: 503".to_owned(),
            ),
            Self::KeyMissing => ("Failed", format!("Error: {}", key_missing(app))),
            Self::TooLarge => ("FailedScheduling", TOO_LARGE.to_owned()),
        }
    }
}

const TOO_LARGE: &str = "0/100 nodes are available: 100 Insufficient cpu. preemption: 0/100 nodes are available: \
    100 No preemption victims found for incoming pods.";

fn no_image(app: &App) -> String {
    format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image: registry.example.com/{}/{}: not found",
        app.namespace, app.name
    )
}

fn key_missing(app: &App) -> String {
    format!("couldn't find key LOG_LEVL in ConfigMap {}/{}-config", app.namespace, app.name)
}

/// The status of a pod of the application with this spec, on the node of this number.
pub(super) fn of_pod(draw: &mut Draw, app: &App, (spec, node): (&Value, usize)) -> Value {
    let at = draw.ago(app.age);
    let condition = |kind: &str, status: &str| {
        json!({"type": kind, "status": status, "observedGeneration": 1, "lastProbeTime": null,
            "lastTransitionTime": at})
    };
    if app.trouble == Some(Trouble::TooLarge) {
        let mut scheduled = condition("PodScheduled", "False");
        scheduled["reason"] = json!("Unschedulable");
        scheduled["message"] = json!(TOO_LARGE);
        return json!({"phase": "Pending", "observedGeneration": 1, "qosClass": "Burstable",
            "conditions": [scheduled]});
    }
    let ready = if app.trouble.is_none() { "True" } else { "False" };
    let waits = matches!(app.trouble, Some(Trouble::NoImage | Trouble::KeyMissing));
    let ip = format!("10.{}.{}.{}", 64 + node / 250, node % 250, 1 + draw.chance.below(250));
    let host = format!("10.0.{}.{}", node / 250, node % 250);
    let statuses: Vec<_> = spec["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| of_container(draw, app, it))
        .collect();
    json!({
        "phase": if waits { "Pending" } else { "Running" }, "observedGeneration": 1,
        "conditions": [condition("PodReadyToStartContainers", "True"), condition("Initialized", "True"),
            condition("Ready", ready), condition("ContainersReady", ready),
            condition("PodScheduled", "True")],
        "containerStatuses": statuses, "qosClass": "Burstable", "startTime": at,
        "hostIP": host, "hostIPs": [{"ip": host}], "podIP": ip, "podIPs": [{"ip": ip}],
    })
}

/// The status of a pod that is over.
pub(super) fn of_ended_pod(
    draw: &mut Draw,
    app: &App,
    (spec, node): (&Value, usize),
    end: End,
) -> Value {
    let (phase, code, reason) = match end {
        End::Done => ("Succeeded", 0, "Completed"),
        End::Failed => ("Failed", 1, "Error"),
    };
    let mut status = of_pod(draw, app, (spec, node));
    status["phase"] = json!(phase);
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        if ["Ready", "ContainersReady"].contains(&condition["type"].as_str().unwrap_or_default()) {
            condition["status"] = json!("False");
            condition["reason"] =
                json!(format!("Pod{}", if code == 0 { "Completed" } else { "Failed" }));
        }
    }
    let at = draw.ago(app.age);
    for container in status["containerStatuses"].as_array_mut().into_iter().flatten() {
        container["ready"] = json!(false);
        container["started"] = json!(false);
        container["state"] = json!({"terminated": {"exitCode": code, "reason": reason, "startedAt": at,
            "finishedAt": at, "containerID": container["containerID"]}});
    }
    status
}

fn of_container(draw: &mut Draw, app: &App, container: &Value) -> Value {
    let id = format!("containerd://{}", draw.chance.digits(64));
    let running = json!({"running": {"startedAt": draw.ago(app.age)}});
    let trouble = app.trouble.filter(|_| container["name"] == "app");
    let waiting =
        |reason: &str, message: String| json!({"waiting": {"reason": reason, "message": message}});
    let ended = |code: i32, reason: &str| {
        json!({"terminated": {"exitCode": code, "reason": reason, "containerID": id,
            "startedAt": draw.ago(LATELY + 10), "finishedAt": draw.ago(LATELY)}})
    };
    let back_off = waiting(
        "CrashLoopBackOff",
        format!("back-off 5m0s restarting failed container=app pod={}_{}", app.name, app.namespace),
    );
    let (ready, restarts, state, last) = match trouble {
        None => (true, 0, running, json!({})),
        Some(Trouble::NotReady | Trouble::TooLarge) => (false, 0, running, json!({})),
        Some(Trouble::Crash) => (false, 12, back_off, ended(1, "Error")),
        Some(Trouble::Memory) => (false, 12, back_off, ended(137, "OOMKilled")),
        Some(Trouble::NoImage) => (
            false,
            0,
            waiting(
                "ImagePullBackOff",
                format!(
                    "Back-off pulling image {}: ErrImagePull: {}",
                    container["image"],
                    no_image(app)
                ),
            ),
            json!({}),
        ),
        Some(Trouble::KeyMissing) => {
            (false, 0, waiting("CreateContainerConfigError", key_missing(app)), json!({}))
        }
    };
    let started = state.get("running").is_some();
    let mut mounts = container["volumeMounts"].clone();
    for mount in mounts.as_array_mut().into_iter().flatten() {
        if mount["readOnly"] == true {
            mount["recursiveReadOnly"] = json!("Disabled");
        }
    }
    let mut status = json!({
        "name": container["name"], "image": container["image"], "ready": ready, "restartCount": restarts,
        "started": started, "state": state, "lastState": last, "volumeMounts": mounts,
        "imageID": format!("registry.example.com/app@sha256:{}", draw.chance.digits(64)),
        "resources": container["resources"], "allocatedResources": container["resources"]["requests"],
    });
    if started || 0 < restarts {
        status["containerID"] = json!(id);
    }
    status
}
