//! One container of a pod: from waiting through running to its end, and round again.

use std::time::Duration;

use serde_json::Value;

use super::Scene;
use super::backoff::{Backoff, words};
use super::running::{Ended, Running, Turn};
use super::surroundings::identity;
use crate::clock::Moment;
use crate::events::Tone;
use crate::fields::{Fields, bytes};
use crate::store::Store;

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Runs to its end before the next one starts.
    Init,
    /// Starts among the init containers and keeps running.
    Sidecar,
    /// Does the pod's work.
    App,
}

/// Where a container is.
#[derive(Debug)]
pub(super) enum State {
    /// It has not been its turn yet.
    Idle,
    /// Its image is being downloaded. Until that is over, everybody sees the state `before` it.
    Pulling { from: Moment, until: Moment, before: Box<State> },
    /// Something is in its way; it is tried again at `until`.
    Held { reason: &'static str, message: String, until: Moment },
    /// It runs.
    Running(Box<Running>),
    /// It ended; the latest end is in `ends`.
    Ended,
}

/// One container.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) state: State,
    /// The latest end, and the one before it.
    pub(super) ends: [Option<Ended>; 2],
    /// How often it was started.
    pub(super) starts: i64,
    pub(super) ready: bool,
    /// The image's full name, once it is known.
    pub(super) image: String,
    pub(super) crashes: Backoff,
    pub(super) pulls: Backoff,
    pub(super) pull_error: String,
    pub(super) pull_failed: Moment,
}

/// A kubelet looks at a pod again this long after something was in its way.
pub(super) const AGAIN: Duration = Duration::from_secs(12);
/// A kubelet notices within a second what happened to a container.
pub(super) const NOTICED: Duration = Duration::from_secs(1);

impl Container {
    pub(super) fn new(spec: &Value, role: Role) -> Self {
        Self {
            name: spec.text("/name").to_owned(),
            role,
            state: State::Idle,
            ends: [None, None],
            starts: 0,
            ready: false,
            image: String::new(),
            crashes: Backoff::default(),
            pulls: Backoff::default(),
            pull_error: String::new(),
            pull_failed: Moment::ZERO,
        }
    }

    /// The container's part of the pod's spec.
    pub(super) fn spec<'a>(&self, pod: &'a Value) -> &'a Value {
        let pointer =
            if self.role == Role::App { "/spec/containers" } else { "/spec/initContainers" };
        pod.list(pointer).iter().find(|it| it.text("/name") == self.name).unwrap_or(&Value::Null)
    }

    /// The state that the API server is told.
    ///
    /// A kubelet tells nothing while it pulls, so what stood in the way of the container before, or how it
    /// ended, stays on show.
    pub(super) fn shown(&self) -> &State {
        match &self.state {
            State::Pulling { before, .. } => before,
            State::Idle | State::Held { .. } | State::Running(_) | State::Ended => &self.state,
        }
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, State::Running(_))
    }

    /// Whether it was started and its startup probe has nothing against it.
    pub(super) fn has_started(&self) -> bool {
        match &self.state {
            State::Running(running) => running.has_started(),
            State::Idle | State::Pulling { .. } | State::Held { .. } | State::Ended => false,
        }
    }

    /// The latest end, if the container is at its end.
    pub(super) fn end(&self) -> Option<&Ended> {
        match self.state {
            State::Ended => self.ends[0].as_ref(),
            State::Idle | State::Pulling { .. } | State::Held { .. } | State::Running(_) => None,
        }
    }

    /// Whether it ended well.
    pub(super) fn is_complete(&self) -> bool {
        self.end().is_some_and(|it| it.code == 0)
    }

    /// Whether the pod wants it to run again after its end.
    pub(super) fn comes_back(&self, pod: &Value) -> bool {
        let Some(end) = self.end() else { return true };
        match (self.role, pod.text("/spec/restartPolicy")) {
            (Role::Init | Role::App, "Never") => false,
            (Role::Init, _) | (Role::App, "OnFailure") => end.code != 0,
            (Role::Sidecar | Role::App, _) => true,
        }
    }

    /// Lives on up to now: output, ends and probes.
    pub(super) fn live(&mut self, scene: &Scene<'_>) {
        let spec = self.spec(scene.pod);
        loop {
            let State::Running(running) = &mut self.state else { return };
            let limit = memory_limit(&running.resources);
            match running.turn(scene.now, limit) {
                Some(Turn::Line(line)) => {
                    let (namespace, pod) = (scene.pod.namespace(), scene.pod.name());
                    scene.world.store.append_log(namespace, pod, &self.name, &line);
                }
                Some(Turn::Exit(code, reason)) => self.end_with(code, reason, scene.now),
                None => break,
            }
        }
        super::health::look(self, spec, scene);
    }

    fn end_with(&mut self, code: i32, reason: &'static str, now: Moment) {
        let State::Running(running) = &self.state else { return };
        let end = Ended {
            code,
            reason,
            message: String::new(),
            started: running.started,
            finished: jiff::Timestamp::now(),
            at: now,
            id: running.id.clone(),
        };
        self.ended(end);
    }

    pub(super) fn ended(&mut self, end: Ended) {
        let before = self.ends[0].take();
        self.ends = [Some(end), before];
        self.ready = false;
        self.state = State::Ended;
    }

    /// Brings the container up, as far as that goes by now.
    pub(super) fn raise(&mut self, scene: &Scene<'_>) {
        match &self.state {
            State::Idle => super::starting::start(self, scene),
            State::Pulling { from, until, .. } if *until <= scene.now => {
                let took = until.saturating_sub(*from);
                super::starting::pulled(self, took, scene);
            }
            State::Held { until, .. } if *until <= scene.now => self.again(scene),
            State::Ended if self.noticed().is_some_and(|it| it <= scene.now) => self.again(scene),
            State::Pulling { .. } | State::Held { .. } | State::Running(_) | State::Ended => {}
        }
    }

    fn noticed(&self) -> Option<Moment> {
        Some(self.end()?.at + NOTICED)
    }

    /// Tries again after an end or an obstacle, unless it is too early for that.
    fn again(&mut self, scene: &Scene<'_>) {
        let crashed = match &self.state {
            State::Ended => true,
            State::Held { reason, .. } => {
                matches!(*reason, "CrashLoopBackOff" | "RunContainerError")
            }
            State::Idle | State::Pulling { .. } | State::Running(_) => false,
        };
        let since = self.ends[0].as_ref().map(|it| it.at);
        let Some(since) = since.filter(|_| crashed) else {
            return super::starting::start(self, scene);
        };
        if !self.is_held_back(since, scene) {
            super::starting::start(self, scene);
        }
    }

    /// Whether a container that ended at `since` has to wait; counts the try if it has not.
    pub(super) fn is_held_back(&mut self, since: Moment, scene: &Scene<'_>) -> bool {
        let Some(until) = self.crashes.until(since, scene.now) else {
            self.crashes.next(since, scene.now);
            return false;
        };
        let pod = identity(scene.pod);
        let message = format!(
            "back-off {} restarting failed container={} pod={pod}",
            words(self.crashes.wait()),
            self.name
        );
        let text = format!("Back-off restarting failed container {} in pod {pod}", self.name);
        scene.note(self, Tone::Warning, "BackOff", &text);
        self.state = State::Held {
            reason: "CrashLoopBackOff",
            message,
            until: until.min(scene.now + AGAIN),
        };
        true
    }

    /// When to look at it again.
    pub(super) fn wake(&self, pod: &Value) -> Option<Moment> {
        match &self.state {
            State::Idle => None,
            State::Pulling { until, .. } | State::Held { until, .. } => Some(*until),
            State::Running(running) => running.wake(),
            State::Ended => self.noticed().filter(|_| self.comes_back(pod)),
        }
    }

    /// Asks a running container to stop.
    pub(super) fn stop(&mut self, grace: Duration, scene: &Scene<'_>) {
        let State::Running(running) = &mut self.state else { return };
        if running.stop.is_none() {
            running.stop(scene.now, grace);
            let text = format!("Stopping container {}", self.name);
            scene.note(self, Tone::Normal, "Killing", &text);
        }
    }

    /// What it writes from now on is a new run's.
    pub(super) fn new_run(&mut self, store: &Store, pod: &Value) {
        if 0 < self.starts {
            store.rotate_log(pod.namespace(), pod.name(), &self.name);
        }
        self.starts += 1;
    }
}

/// The memory that a container may use.
pub(super) fn memory_limit(resources: &Value) -> u64 {
    bytes(resources.at("/limits/memory")).unwrap_or(u64::MAX)
}
