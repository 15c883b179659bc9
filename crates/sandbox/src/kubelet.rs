//! Runs the pods of every node: pulls, starts, probes, kills and reports, as a kubelet does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::Moment;
use crate::events::{Note, Tone, reference};
use crate::fields::{Fields, put};
use crate::store::{Change, ChangeKind};
use crate::world::World;

mod backoff;
mod container;
mod health;
mod nodes;
mod pod;
mod probe;
mod process;
mod resize;
mod running;
mod shell;
mod starting;
mod status;
mod surroundings;

pub(crate) use nodes::{DOWN, register};

use container::{Container, Role};
use pod::{Next, Pod};
use surroundings::Surroundings;

/// Namespace and name.
type Key = (String, String);

/// What a pod's containers see while one moment of their life is worked out.
pub(crate) struct Scene<'a> {
    world: &'a World,
    pod: &'a Value,
    node: &'a str,
    ip: &'a str,
    now: Moment,
}

impl Scene<'_> {
    fn surroundings(&self) -> Surroundings<'_> {
        Surroundings { store: &self.world.store, pod: self.pod }
    }

    fn note(&self, container: &Container, tone: Tone, reason: &str, message: &str) {
        let list = if container.role == Role::App { "containers" } else { "initContainers" };
        let mut about = reference(self.pod);
        put(&mut about, &["fieldPath"], json!(format!("spec.{list}{{{}}}", container.name)));
        self.world.kubelet.note(&about, self.node, Note { tone, reason, message });
    }

    fn note_pod(&self, tone: Tone, reason: &str, message: &str) {
        self.world.kubelet.note(&reference(self.pod), self.node, Note { tone, reason, message });
    }

    /// Whether the pod names a secret for pulling that exists.
    fn has_pull_secret(&self) -> bool {
        let namespace = self.pod.namespace();
        let account = self.pod.text("/spec/serviceAccountName");
        let account = self.world.store.get("serviceaccounts", namespace, account);
        let of_account = account.iter().flat_map(|it| it.list("/imagePullSecrets"));
        let mut named = self.pod.list("/spec/imagePullSecrets").iter().chain(of_account);
        named.any(|it| self.world.store.get("secrets", namespace, it.text("/name")).is_some())
    }
}

/// All kubelets of the cluster.
#[derive(Debug, Default)]
struct Kubelets {
    pods: BTreeMap<Key, Pod>,
    timers: BTreeSet<(Moment, Key)>,
    due: BTreeMap<Key, Moment>,
    addresses: u32,
}

/// How often a node says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Runs the kubelets until the process ends.
pub(crate) async fn run(world: Arc<World>) {
    let mut kubelets = Kubelets::default();
    let mut heartbeat = Moment::ZERO;
    loop {
        let version = world.store.version();
        let Ok(mut watch) = world.store.watch("pods", None, version) else { continue };
        kubelets.see_all(&world);
        loop {
            let now = world.clock.now();
            if heartbeat <= now {
                nodes::beat(&world);
                heartbeat = now + HEARTBEAT;
            }
            kubelets.wake(&world);
            let next = kubelets.timers.first().map_or(heartbeat, |it| it.0.min(heartbeat));
            let changes = tokio::select! {
                changes = watch.next() => changes,
                () = world.clock.until(Some(next)) => Ok(Vec::new()),
            };
            // Whoever slept through the history looks at everything again.
            let Ok(changes) = changes else { break };
            for change in &changes {
                kubelets.see(change, &world);
            }
        }
    }
}

impl Kubelets {
    fn see_all(&mut self, world: &World) {
        let (pods, _) = world.store.list("pods", None);
        let there: BTreeSet<Key> = pods.iter().map(|it| key(it)).collect();
        let gone: Vec<Key> = self.pods.keys().filter(|it| !there.contains(*it)).cloned().collect();
        for key in gone {
            self.forget(&key);
        }
        for pod in pods {
            self.sync(&key(&pod), world);
        }
    }

    /// A change of a pod matters unless it is the status alone, which the kubelet itself writes.
    fn see(&mut self, change: &Change, world: &World) {
        let key = (change.namespace.clone(), change.name.clone());
        if change.kind == ChangeKind::Deleted {
            return self.forget(&key);
        }
        let known = self.pods.get(&key);
        let same = known.is_some_and(|it| {
            it.uid == change.object.uid()
                && Some(it.generation) == change.object.number("/metadata/generation")
        });
        if !same || change.object.is_going() {
            self.sync(&key, world);
        }
    }

    fn forget(&mut self, key: &Key) {
        self.pods.remove(key);
        self.set_timer(key, None);
    }

    fn set_timer(&mut self, key: &Key, at: Option<Moment>) {
        if let Some(before) = self.due.remove(key) {
            self.timers.remove(&(before, key.clone()));
        }
        if let Some(at) = at {
            self.due.insert(key.clone(), at);
            self.timers.insert((at, key.clone()));
        }
    }

    /// Looks at every pod whose time has come.
    fn wake(&mut self, world: &World) {
        let now = world.clock.now();
        while let Some((at, key)) = self.timers.first().cloned() {
            if now < at {
                return;
            }
            self.sync(&key, world);
        }
    }

    /// Brings one pod up to date and reports about it.
    fn sync(&mut self, key: &Key, world: &World) {
        self.set_timer(key, None);
        let Some(object) = world.store.get("pods", &key.0, &key.1) else {
            return self.forget(key);
        };
        let node = object.text("/spec/nodeName");
        let now = world.clock.now();
        let Some(host) = nodes::address(world, node) else {
            // A node that is cut off may come back.
            return self.set_timer(key, (!node.is_empty()).then_some(now + HEARTBEAT));
        };
        if self.pods.get(key).is_none_or(|it| it.uid != object.uid()) {
            if object.is_going() {
                // It never came to run, so there is nothing to stop.
                drop(world.store.remove("pods", &key.0, &key.1));
                return;
            }
            if matches!(object.text("/status/phase"), "Succeeded" | "Failed") {
                return;
            }
            self.addresses += 1;
            self.pods.insert(key.clone(), Pod::new(&object, address(self.addresses), now));
        }
        let Some(pod) = self.pods.get_mut(key) else { return };
        pod.generation = object.number("/metadata/generation").unwrap_or(0);
        let (node, ip) = (pod.node.clone(), pod.ip.clone());
        let scene = Scene { world, pod: &object, node: &node, ip: &ip, now };
        let next = pod.sync(&scene);
        let status = pod.status(&object, &host);
        if status != *object.at("/status") {
            // The pod may be gone by now, and its news with it.
            drop(world.kubelet_store.update_status("pods", &key.0, &key.1, |it| {
                put(it, &["status"], status);
                Ok(())
            }));
        }
        world.store.measure(&key.0, &key.1, || pod.usage());
        match next {
            Next::At(at) => {
                // A moment that has passed already would keep the kubelet from everything else.
                self.set_timer(key, at.map(|it| it.max(now + SHORTEST)));
            }
            Next::Gone => {
                drop(world.kubelet_store.remove("pods", &key.0, &key.1));
                self.forget(key);
            }
        }
    }
}

/// Between two looks at one pod lies at least this much of the cluster's time.
const SHORTEST: Duration = Duration::from_millis(1);

fn key(object: &Value) -> Key {
    (object.namespace().to_owned(), object.name().to_owned())
}

/// The next address of the pods' network.
fn address(number: u32) -> String {
    let (high, low) = (number / 250 % 250, number % 250);
    format!("10.244.{high}.{}", low + 2)
}
