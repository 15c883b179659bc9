//! One pod on its node, from its first container to its last.

use std::time::Duration;

use serde_json::Value;

use super::Scene;
use super::container::{Container, Role, State};
use super::status::Report;
use crate::clock::Moment;
use crate::events::Tone;
use crate::fields::Fields;
use crate::store::PodUsage;

/// How far the surroundings of the containers are.
#[derive(Debug)]
enum Sandbox {
    /// The network and the volumes are made until then.
    Making(Moment),
    /// A volume could not be mounted; tried again at the first moment, after twice the wait.
    Blocked(Moment, Duration),
    Ready,
}

/// What is to be done about a pod after a look at it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Look again then, or when something about it changes.
    At(Option<Moment>),
    /// It is over: the pod can be removed.
    Gone,
}

/// A pod that a kubelet takes care of.
#[derive(Debug)]
pub(super) struct Pod {
    pub(super) uid: String,
    pub(super) node: String,
    pub(super) ip: String,
    pub(super) generation: i64,
    containers: Vec<Container>,
    sandbox: Sandbox,
    ending: bool,
    /// Why the resources that the spec says by now cannot be had.
    obstacle: Option<String>,
}

/// How long it takes to make a pod's network.
const NETWORK: Duration = Duration::from_millis(700);
/// The longest wait between two tries to mount a volume.
const LONGEST_MOUNT_WAIT: Duration = Duration::from_secs(122);

impl Pod {
    pub(super) fn new(pod: &Value, ip: String, now: Moment) -> Self {
        let role = |it: &Value| {
            if it.text("/restartPolicy") == "Always" { Role::Sidecar } else { Role::Init }
        };
        let inits = pod.list("/spec/initContainers").iter().map(|it| Container::new(it, role(it)));
        let apps = pod.list("/spec/containers").iter().map(|it| Container::new(it, Role::App));
        Self {
            uid: pod.uid().to_owned(),
            node: pod.text("/spec/nodeName").to_owned(),
            ip,
            generation: 0,
            containers: inits.chain(apps).collect(),
            sandbox: Sandbox::Making(now + NETWORK),
            ending: false,
            obstacle: None,
        }
    }

    /// Lives on up to now.
    pub(super) fn sync(&mut self, scene: &Scene<'_>) -> Next {
        for container in &mut self.containers {
            container.live(scene);
        }
        if scene.pod.is_going() {
            return self.end(scene);
        }
        if self.prepare(scene) && !self.is_over(scene.pod) {
            self.raise(scene);
        }
        if self.is_over(scene.pod) {
            self.stop_sidecars(scene);
        }
        self.resize(scene);
        Next::At(self.wake(scene.pod))
    }

    /// The status that the pod should have.
    pub(super) fn status(&self, pod: &Value, host: &str) -> Value {
        let sandbox = matches!(self.sandbox, Sandbox::Ready);
        let obstacle = self.obstacle.as_deref();
        Report { pod, containers: &self.containers, sandbox, ip: &self.ip, host, obstacle }.status()
    }

    /// What its containers use.
    pub(super) fn usage(&self) -> PodUsage {
        let used = |it: &Container| match &it.state {
            State::Running(running) => Some((it.name.clone(), running.usage())),
            State::Idle | State::Pulling { .. } | State::Held { .. } | State::Ended => None,
        };
        self.containers.iter().filter_map(used).collect()
    }

    /// Makes network and volumes; whether they are there.
    fn prepare(&mut self, scene: &Scene<'_>) -> bool {
        let wait = match self.sandbox {
            Sandbox::Ready => return true,
            Sandbox::Making(at) | Sandbox::Blocked(at, _) if scene.now < at => return false,
            Sandbox::Making(_) => Duration::from_millis(500),
            Sandbox::Blocked(_, wait) => (wait * 2).min(LONGEST_MOUNT_WAIT),
        };
        match scene.surroundings().check_volumes() {
            Ok(()) => {
                self.sandbox = Sandbox::Ready;
                true
            }
            Err(why) => {
                scene.note_pod(Tone::Warning, "FailedMount", &why);
                self.sandbox = Sandbox::Blocked(scene.now + wait, wait);
                false
            }
        }
    }

    /// Init containers one after the other, then all the others.
    fn raise(&mut self, scene: &Scene<'_>) {
        for container in &mut self.containers {
            if container.role == Role::Init && container.is_complete() {
                continue;
            }
            if container.comes_back(scene.pod) {
                container.raise(scene);
            }
            let holds_up = match container.role {
                Role::Init => true,
                Role::Sidecar => !container.has_started(),
                Role::App => false,
            };
            if holds_up {
                return;
            }
        }
    }

    /// Whether no container of the pod will do anything more.
    fn is_over(&self, pod: &Value) -> bool {
        let done = |it: &Container| it.end().is_some() && !it.comes_back(pod);
        let failed =
            self.containers.iter().any(|it| it.role == Role::Init && done(it) && !it.is_complete());
        failed || self.containers.iter().filter(|it| it.role == Role::App).all(done)
    }

    fn stop_sidecars(&mut self, scene: &Scene<'_>) {
        let grace = super::health::grace(scene.pod);
        for container in self.containers.iter_mut().filter(|it| it.role == Role::Sidecar) {
            container.stop(grace, scene);
        }
    }

    /// Stops all containers; the pod is gone when none of them runs.
    fn end(&mut self, scene: &Scene<'_>) -> Next {
        let number = scene.pod.number("/metadata/deletionGracePeriodSeconds").unwrap_or(30);
        let grace = super::process::seconds(f64::from(i32::try_from(number).unwrap_or(30)));
        if !self.ending {
            self.ending = true;
            for container in &mut self.containers {
                container.stop(grace, scene);
            }
        }
        for container in &mut self.containers {
            container.live(scene);
        }
        if !self.containers.iter().any(Container::is_running) {
            return Next::Gone;
        }
        let wakes = self.containers.iter().filter(|it| it.is_running());
        Next::At(wakes.filter_map(|it| it.wake(scene.pod)).min())
    }

    /// Gives running containers the resources that the spec says by now.
    fn resize(&mut self, scene: &Scene<'_>) {
        let node = scene.world.store.get("nodes", "", scene.node);
        let obstacle = node.and_then(|it| super::resize::obstacle(scene.pod, &it));
        if let Some(why) = obstacle.as_ref().filter(|it| self.obstacle.as_ref() != Some(it)) {
            let text = super::resize::refusal(scene.pod, why);
            scene.note_pod(Tone::Warning, "ResizeInfeasible", &text);
        }
        self.obstacle = obstacle;
        if self.obstacle.is_some() {
            return;
        }
        for container in &mut self.containers {
            let wanted = container.spec(scene.pod).at("/resources").clone();
            let State::Running(running) = &mut container.state else { continue };
            if running.resources == wanted {
                continue;
            }
            running.resources = wanted;
            scene.note_pod(Tone::Normal, "ResizeCompleted", &super::resize::words(scene.pod));
            // What it uses may be more than it may use now.
            container.live(scene);
        }
    }

    fn wake(&self, pod: &Value) -> Option<Moment> {
        if let Sandbox::Making(at) | Sandbox::Blocked(at, _) = self.sandbox {
            return Some(at);
        }
        let over = self.is_over(pod);
        let awake = self.containers.iter().filter(|it| !over || it.is_running());
        awake.filter_map(|it| it.wake(pod)).min()
    }
}
