//! A container that runs: where it is in its life, what it answers, and how it ends.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::probe::{Probe, Purpose};
use super::process::{Act, BOUNDLESS, Life, Listener, OnTerm};
use crate::clock::Moment;
use crate::fields::{Fields, thousandths};
use crate::store::Usage;

/// How a container ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) reason: &'static str,
    pub(super) message: String,
    pub(super) started: Timestamp,
    pub(super) finished: Timestamp,
    /// When it ended in the cluster's time.
    pub(super) at: Moment,
    pub(super) id: String,
}

/// A container that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) id: String,
    pub(super) started: Timestamp,
    /// What it was started with, for what is run beside it later.
    pub(super) env: BTreeMap<String, String>,
    pub(super) files: BTreeMap<String, String>,
    pub(super) listeners: Vec<Listener>,
    pub(super) hangs: bool,
    pub(super) probes: Vec<Probe>,
    /// The resources that it has, which follow those it should have.
    pub(super) resources: Value,
    /// When it ends because somebody wants it to, and with which code.
    pub(super) stop: Option<(Moment, i32)>,
    /// The CPU that it wants, in thousandths.
    pub(super) cpu_wanted: u64,
    began: Moment,
    life: Life,
    next: usize,
    used: u64,
}

/// What one step of a container's life brings.
#[derive(Debug, PartialEq)]
pub(super) enum Turn {
    /// A line for its log.
    Line(String),
    /// It ended.
    Exit(i32, &'static str),
}

/// Servers that are asked to stop do so within this time.
const STOPPING: Duration = Duration::from_millis(300);

fn exit(code: i32) -> Turn {
    Turn::Exit(code, if code == 0 { "Completed" } else { "Error" })
}

impl Running {
    pub(super) fn new(life: Life, now: Moment, probes: Vec<Probe>) -> Self {
        Self {
            id: format!(
                "containerd://{}{}",
                uuid::Uuid::now_v7().simple(),
                uuid::Uuid::now_v7().simple()
            ),
            started: Timestamp::now(),
            env: BTreeMap::new(),
            files: BTreeMap::new(),
            listeners: Vec::new(),
            hangs: false,
            probes,
            resources: Value::Null,
            stop: None,
            cpu_wanted: 0,
            began: now,
            life,
            next: 0,
            used: 0,
        }
    }

    /// The next thing that happens up to now. `limit` is the memory that it may use.
    pub(super) fn turn(&mut self, now: Moment, limit: u64) -> Option<Turn> {
        if limit < self.used {
            return Some(Turn::Exit(137, "OOMKilled"));
        }
        let stopped = self.stop.filter(|it| it.0 <= now);
        while let Some(beat) = self.life.beats.get(self.next) {
            let at = self.began + beat.at;
            if now < at || stopped.is_some_and(|it| it.0 <= at) {
                break;
            }
            self.next += 1;
            let act = beat.act.clone();
            if let Some(turn) = self.perform(act, limit) {
                return Some(turn);
            }
        }
        let (_, code) = stopped?;
        Some(exit(code))
    }

    fn perform(&mut self, act: Act, limit: u64) -> Option<Turn> {
        match act {
            Act::Line(line) => return Some(Turn::Line(line)),
            Act::Make(path, text) => drop(self.files.insert(path, text)),
            Act::Remove(path) => drop(self.files.remove(&path)),
            Act::Listen(listener) => self.listeners.push(listener),
            Act::Hang => self.hangs = true,
            Act::Use(bytes) => self.used = bytes,
            Act::Exit(code) => return Some(exit(code)),
        }
        // No machine has boundless memory: without a limit the node's own is the limit.
        let killed = limit < self.used || self.used == BOUNDLESS;
        killed.then_some(Turn::Exit(137, "OOMKilled"))
    }

    /// What it uses now: of what it wants no more than it may have.
    pub(super) fn usage(&self) -> Usage {
        let cpu_millis = self.cpu_wanted.min(self.cpu_limit());
        Usage { cpu_millis, memory_bytes: self.used }
    }

    /// Whether the kernel makes it wait for CPU, so that it answers nothing in time.
    pub(super) fn is_throttled(&self) -> bool {
        self.cpu_limit() < self.cpu_wanted
    }

    fn cpu_limit(&self) -> u64 {
        let limit = thousandths(self.resources.at("/limits/cpu"));
        limit.and_then(|it| u64::try_from(it).ok()).unwrap_or(u64::MAX)
    }

    /// Asks the container to stop, and kills it when its grace is over.
    pub(super) fn stop(&mut self, now: Moment, grace: Duration) {
        let (at, code) = match self.life.on_term {
            OnTerm::Exit(code) if STOPPING <= grace => (now + STOPPING, code),
            OnTerm::Exit(_) | OnTerm::Ignore => (now + grace, 137),
        };
        if self.stop.is_none_or(|it| at < it.0) {
            self.stop = Some((at, code));
        }
    }

    /// Whether a startup probe has answered well, or there is none.
    pub(super) fn has_started(&self) -> bool {
        self.probes.iter().all(|it| it.purpose != Purpose::Startup || it.verdict == Some(true))
    }

    /// The probes that ask by now: the others wait for the startup probe, which then falls silent.
    pub(super) fn asking(&self) -> impl Iterator<Item = (usize, &Probe)> {
        let started = self.has_started();
        let silent = self.stop.is_some();
        let asks = move |it: &Probe| !silent && (it.purpose == Purpose::Startup) != started;
        self.probes.iter().enumerate().filter(move |it| asks(it.1))
    }

    /// When something happens next.
    pub(super) fn wake(&self) -> Option<Moment> {
        let beat = self.life.beats.get(self.next).map(|it| self.began + it.at);
        let probes = self.asking().map(|it| it.1.next);
        beat.into_iter().chain(self.stop.map(|it| it.0)).chain(probes).min()
    }
}
