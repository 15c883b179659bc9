//! What a pod's status says, worked out from its containers.

use serde_json::{Value, json};

use super::container::{Container, Role, State};
use super::running::Ended;
use crate::events::now;
use crate::fields::{Fields, put};

const PENDING: &str = "PodResizePending";

/// What the status is made from.
pub(super) struct Report<'a> {
    pub(super) pod: &'a Value,
    pub(super) containers: &'a [Container],
    /// Whether the network of the pod stands.
    pub(super) sandbox: bool,
    pub(super) ip: &'a str,
    pub(super) host: &'a str,
    /// Why a resize cannot be done.
    pub(super) obstacle: Option<&'a str>,
}

impl Report<'_> {
    /// The status as it should be; what it does not speak of stays as it was.
    pub(super) fn status(&self) -> Value {
        let mut status = self.pod.at("/status").clone();
        put(&mut status, &["phase"], json!(self.phase()));
        put(&mut status, &["observedGeneration"], self.pod.at("/metadata/generation").clone());
        put(&mut status, &["hostIP"], json!(self.host));
        put(&mut status, &["hostIPs"], json!([{"ip": self.host}]));
        if status.at("/startTime").is_null() {
            put(&mut status, &["startTime"], json!(now()));
        }
        if self.sandbox {
            put(&mut status, &["podIP"], json!(self.ip));
            put(&mut status, &["podIPs"], json!([{"ip": self.ip}]));
        }
        let conditions = self.conditions();
        put(&mut status, &["conditions"], Value::Array(conditions));
        let of = |app: bool| -> Vec<Value> {
            let chosen = self.containers.iter().filter(|it| (it.role == Role::App) == app);
            chosen.map(|it| self.container(it)).collect()
        };
        let inits = of(false);
        if !inits.is_empty() {
            put(&mut status, &["initContainerStatuses"], Value::Array(inits));
        }
        put(&mut status, &["containerStatuses"], Value::Array(of(true)));
        status
    }

    fn apps(&self) -> impl Iterator<Item = &Container> {
        self.containers.iter().filter(|it| it.role == Role::App)
    }

    /// Whether all init containers have done their part.
    fn is_initialized(&self) -> bool {
        self.containers.iter().all(|it| match it.role {
            Role::Init => it.is_complete(),
            Role::Sidecar => it.has_started() || it.ends[0].is_some(),
            Role::App => true,
        })
    }

    fn phase(&self) -> &'static str {
        let final_end = |it: &Container| it.end().is_some() && !it.comes_back(self.pod);
        let failed_init = self
            .containers
            .iter()
            .any(|it| it.role == Role::Init && final_end(it) && !it.is_complete());
        let over = self.pod.is_going() && self.containers.iter().all(|it| !it.is_running());
        let started = self.apps().any(|it| 0 < it.starts);
        if failed_init {
            return "Failed";
        }
        if started && self.apps().all(|it| final_end(it) || (over && it.ends[0].is_some())) {
            let well = self.apps().all(|it| it.ends[0].as_ref().is_some_and(|it| it.code == 0));
            return if well { "Succeeded" } else { "Failed" };
        }
        if started && self.is_initialized() { "Running" } else { "Pending" }
    }

    fn conditions(&self) -> Vec<Value> {
        let phase = self.phase();
        let over = matches!(phase, "Succeeded" | "Failed");
        let unready: Vec<_> =
            self.apps().filter(|it| !it.ready).map(|it| it.name.as_str()).collect();
        let ready = match phase {
            "Succeeded" => Some(("PodCompleted", String::new())),
            "Failed" => Some(("PodFailed", String::new())),
            _ if unready.is_empty() => None,
            _ => {
                let message = format!("containers with unready status: [{}]", unready.join(" "));
                Some(("ContainersNotReady", message))
            }
        };
        let initialized = match phase {
            _ if self.is_initialized() => None,
            _ => {
                let inits = self.containers.iter().filter(|it| it.role == Role::Init);
                let names: Vec<_> =
                    inits.filter(|it| !it.is_complete()).map(|it| it.name.as_str()).collect();
                let message = format!("containers with incomplete status: [{}]", names.join(" "));
                Some(("ContainersNotInitialized", message))
            }
        };
        let network = if self.sandbox && !over { None } else { Some(("", String::new())) };
        let mut conditions = vec![
            self.condition("PodReadyToStartContainers", network),
            self.condition("Initialized", initialized),
            self.condition("Ready", ready.clone()),
            self.condition("ContainersReady", ready),
            self.condition("PodScheduled", None),
        ];
        if phase == "Succeeded"
            && let Some(initialized) = conditions.get_mut(1)
        {
            put(initialized, &["reason"], json!("PodCompleted"));
        }
        let known = [
            "PodReadyToStartContainers",
            "Initialized",
            "Ready",
            "ContainersReady",
            "PodScheduled",
            PENDING,
        ];
        conditions.extend(self.obstacle.map(|it| self.pending(it)));
        let others = self.pod.list("/status/conditions").iter();
        conditions.extend(others.filter(|it| !known.contains(&it.text("/type"))).cloned());
        conditions
    }

    /// The condition of a resize that waits for a larger node.
    fn pending(&self, why: &str) -> Value {
        let mut condition = self.condition(PENDING, None);
        put(&mut condition, &["reason"], json!("Infeasible"));
        put(&mut condition, &["message"], json!(why));
        condition
    }

    /// A condition that is true unless there is something against it.
    fn condition(&self, kind: &str, against: Option<(&str, String)>) -> Value {
        let status = if against.is_none() { "True" } else { "False" };
        let before = self.pod.condition(kind);
        let since =
            before.filter(|it| it.text("/status") == status).map(|it| it.at("/lastTransitionTime"));
        let since = since.cloned().unwrap_or_else(|| json!(now()));
        let mut condition = json!({
            "type": kind, "status": status, "lastProbeTime": null, "lastTransitionTime": since,
            "observedGeneration": self.pod.at("/metadata/generation"),
        });
        let (reason, message) = against.unwrap_or_default();
        for (key, text) in [("reason", reason), ("message", message.as_str())] {
            if !text.is_empty() {
                put(&mut condition, &[key], json!(text));
            }
        }
        condition
    }

    fn container(&self, container: &Container) -> Value {
        let spec = container.spec(self.pod);
        let initializing = container.role == Role::App && !self.is_initialized();
        let has_inits = self.containers.iter().any(|it| it.role != Role::App);
        let waiting = |reason: &str, message: &str| {
            let mut waiting = json!({"reason": reason});
            if !message.is_empty() {
                put(&mut waiting, &["message"], json!(message));
            }
            json!({"waiting": waiting})
        };
        let shown = container.shown();
        let state = match shown {
            State::Idle | State::Pulling { .. }
                if initializing || (has_inits && container.starts == 0) =>
            {
                waiting("PodInitializing", "")
            }
            State::Idle | State::Pulling { .. } => waiting("ContainerCreating", ""),
            State::Held { reason, message, .. } => waiting(reason, message),
            State::Running(running) => json!({"running": {"startedAt": seconds(running.started)}}),
            State::Ended => container.ends[0].as_ref().map_or_else(|| json!({}), terminated),
        };
        let at_end = matches!(shown, State::Ended);
        let [latest, before] = &container.ends;
        let last = if at_end { before } else { latest };
        let last = last.as_ref().map_or_else(|| json!({}), terminated);
        let id = match &container.state {
            State::Running(running) => Some(running.id.clone()),
            State::Idle | State::Pulling { .. } | State::Held { .. } | State::Ended => {
                container.ends[0].as_ref().map(|it| it.id.clone())
            }
        };
        let complete_init = container.role == Role::Init && container.is_complete();
        let mut status = json!({
            "name": container.name, "state": state, "lastState": last,
            "ready": container.ready || complete_init, "started": container.has_started(),
            "restartCount": (container.starts - 1).max(0), "imageID": "",
            "image": spec.text("/image"),
        });
        if let Some(id) = id {
            put(&mut status, &["containerID"], json!(id));
            put(&mut status, &["image"], json!(container.image));
            put(&mut status, &["imageID"], json!(image_id(&container.image)));
            let resources = match &container.state {
                State::Running(running) => &running.resources,
                State::Idle | State::Pulling { .. } | State::Held { .. } | State::Ended => {
                    spec.at("/resources")
                }
            };
            put(&mut status, &["resources"], resources.clone());
            if resources.at("/requests").is_object() {
                put(&mut status, &["allocatedResources"], resources.at("/requests").clone());
            }
        }
        if !spec.list("/volumeMounts").is_empty() {
            put(&mut status, &["volumeMounts"], spec.at("/volumeMounts").clone());
        }
        status
    }
}

fn seconds(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn terminated(end: &Ended) -> Value {
    let mut state = json!({
        "exitCode": end.code, "reason": end.reason, "containerID": end.id,
        "startedAt": seconds(end.started), "finishedAt": seconds(end.finished),
    });
    if !end.message.is_empty() {
        put(&mut state, &["message"], json!(end.message));
    }
    json!({"terminated": state})
}

/// The identity of an image: the same name has the same contents here.
fn image_id(name: &str) -> String {
    let id = uuid_like(name);
    format!("sha256:{id}{id}")
}

fn uuid_like(name: &str) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let first = hasher.finish();
    first.hash(&mut hasher);
    format!("{first:016x}{:016x}", hasher.finish())
}
