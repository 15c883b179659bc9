//! Finds a node for every pod, or says why there is none.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::Moment;
use crate::events::{Note, Tone, now};
use crate::fields::{Fields, put};
use crate::store::{Change, ChangeKind};
use crate::world::World;

mod fit;

pub(crate) use fit::takes;
use fit::{Load, Refusals};

type Key = (String, String);

/// A pod that found no node is looked at again after this, even if nothing changed.
const AGAIN: Duration = Duration::from_mins(5);

/// What the nodes hold, and who waits for a place.
#[derive(Debug, Default)]
struct Scheduler {
    loads: BTreeMap<String, Load>,
    placed: BTreeMap<Key, (String, Load)>,
    waiting: BTreeSet<Key>,
    stuck: BTreeMap<Key, Moment>,
}

/// Runs the scheduler until the process ends.
pub(crate) async fn run(world: Arc<World>) {
    loop {
        let version = world.store.version();
        let Ok(mut watch) = world.store.watch_all(version) else { continue };
        let mut scheduler = Scheduler::default();
        for pod in world.store.list("pods", None).0 {
            scheduler.see_pod(&pod);
        }
        loop {
            scheduler.place_all(&world);
            let next = scheduler.stuck.values().min().copied();
            let changes = tokio::select! {
                changes = watch.next() => changes,
                () = world.clock.until(next) => Ok(Vec::new()),
            };
            // Whoever slept through the history looks at everything again.
            let Ok(changes) = changes else { break };
            let now = world.clock.now();
            let mut room = false;
            for change in &changes {
                room |= scheduler.see(change);
            }
            scheduler.retry(room, now);
        }
    }
}

impl Scheduler {
    /// Takes note of a change; whether it may have made room for a pod.
    fn see(&mut self, change: &Change) -> bool {
        match (change.plural, change.kind) {
            ("pods", ChangeKind::Deleted) => {
                self.forget(&(change.namespace.clone(), change.name.clone()))
            }
            ("pods", ChangeKind::Added | ChangeKind::Modified) => self.see_pod(&change.object),
            ("nodes", _) => fit::is_news(change),
            (plural, _) => plural == "persistentvolumeclaims",
        }
    }

    /// Takes note of a pod; whether that may have made room for another.
    fn see_pod(&mut self, pod: &Value) -> bool {
        let key = (pod.namespace().to_owned(), pod.name().to_owned());
        let over = matches!(pod.text("/status/phase"), "Succeeded" | "Failed");
        let node = pod.text("/spec/nodeName");
        if node.is_empty() && !over {
            let looked_at = pod.condition("PodScheduled");
            let looked_at = looked_at.and_then(|it| it.number("/observedGeneration"));
            let known =
                looked_at == pod.number("/metadata/generation") && self.stuck.contains_key(&key);
            if !known && !pod.is_going() {
                self.waiting.insert(key);
            }
            return false;
        }
        self.waiting.remove(&key);
        self.stuck.remove(&key);
        let load = Load::of(pod);
        let same = self.placed.get(&key).is_some_and(|it| it.0 == node && it.1 == load);
        if same && !over {
            return false;
        }
        let freed = self.forget(&key);
        if !over {
            self.loads.entry(node.to_owned()).or_default().add(&load);
            self.placed.insert(key, (node.to_owned(), load));
        }
        freed
    }

    /// A pod is gone; whether it had a place.
    fn forget(&mut self, key: &Key) -> bool {
        self.waiting.remove(key);
        self.stuck.remove(key);
        let Some((node, load)) = self.placed.remove(key) else { return false };
        if let Some(sum) = self.loads.get_mut(&node) {
            sum.sub(&load);
        }
        true
    }

    /// Those that found no place try again when there may be room, or when it has been long.
    fn retry(&mut self, room: bool, now: Moment) {
        let ready: Vec<Key> =
            self.stuck.iter().filter(|it| room || *it.1 <= now).map(|it| it.0.clone()).collect();
        for key in ready {
            self.stuck.remove(&key);
            self.waiting.insert(key);
        }
    }

    fn place_all(&mut self, world: &World) {
        if self.waiting.is_empty() {
            return;
        }
        let nodes = world.store.list("nodes", None).0;
        for key in std::mem::take(&mut self.waiting) {
            let Some(pod) = world.store.get("pods", &key.0, &key.1) else { continue };
            if pod.text("/spec/schedulerName") != "default-scheduler"
                && !pod.text("/spec/schedulerName").is_empty()
            {
                continue;
            }
            match self.choose(world, &pod, &nodes) {
                Ok(node) => self.bind(world, &pod, &node),
                Err(why) => {
                    tell(world, &pod, &why);
                    self.stuck.insert(key, world.clock.now() + AGAIN);
                }
            }
        }
    }

    /// The fitting node with the most room.
    fn choose(&self, world: &World, pod: &Value, nodes: &[Arc<Value>]) -> Result<String, String> {
        if let Some(why) = fit::claims(world, pod) {
            return Err(format!("0/{} nodes are available: {why} not found", nodes.len()));
        }
        let wanted = Load::of(pod);
        let nothing = Load::default();
        let mut refusals = Refusals::default();
        let mut best: Option<(f64, &str)> = None;
        for node in nodes {
            let held = self.loads.get(node.name()).unwrap_or(&nothing);
            match fit::check(pod, node, &wanted, held) {
                Ok(score) if best.is_none_or(|it| it.0 < score) => {
                    best = Some((score, node.name()));
                }
                Ok(_) => {}
                Err(whys) => refusals.add(&whys),
            }
        }
        best.map(|it| it.1.to_owned()).ok_or_else(|| refusals.words(nodes.len()))
    }

    fn bind(&mut self, world: &World, pod: &Value, node: &str) {
        let store = world.store.written_by("kube-scheduler");
        let bound = store.update_through(("pods", "binding"), pod.namespace(), pod.name(), |it| {
            put(it, &["spec", "nodeName"], json!(node));
            let condition = condition(pod, "True", "", "");
            put(it, &["status", "conditions"], json!([condition]));
            Ok(())
        });
        let Ok(bound) = bound else { return };
        self.see_pod(&bound);
        let text = format!("Successfully assigned {}/{} to {node}", pod.namespace(), pod.name());
        let note = Note { tone: Tone::Normal, reason: "Scheduled", message: &text };
        world.scheduler.note_in_series(pod, "Binding", note);
    }
}

fn condition(pod: &Value, status: &str, reason: &str, message: &str) -> Value {
    let before = pod.condition("PodScheduled").filter(|it| it.text("/status") == status);
    let since = before.map_or_else(|| json!(now()), |it| it.at("/lastTransitionTime").clone());
    let mut condition = json!({
        "type": "PodScheduled", "status": status, "lastProbeTime": null,
        "lastTransitionTime": since, "observedGeneration": pod.at("/metadata/generation"),
    });
    for (key, text) in [("reason", reason), ("message", message)] {
        if !text.is_empty() {
            put(&mut condition, &[key], json!(text));
        }
    }
    condition
}

/// Says why a pod finds no node.
fn tell(world: &World, pod: &Value, why: &str) {
    let note = Note { tone: Tone::Warning, reason: "FailedScheduling", message: why };
    world.scheduler.note_in_series(pod, "Scheduling", note);
    let condition = condition(pod, "False", "Unschedulable", why);
    let store = world.store.written_by("kube-scheduler");
    // The pod may be gone by now.
    drop(store.update_status("pods", pod.namespace(), pod.name(), |it| {
        put(it, &["status", "conditions"], json!([condition]));
        Ok(())
    }));
}
