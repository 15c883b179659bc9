//! Keeps one pod of a `DaemonSet` on every node that takes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Desk;
use super::children::{min_ready, pod, put_counts};
use super::revisions::{LABEL, Revisions, of_pod};
use crate::clock::Moment;
use crate::fields::{Fields, put};
use crate::scheduler::takes;

/// A set and its pods by the node that they are meant for.
struct Scene {
    set: Arc<Value>,
    revisions: Revisions,
    nodes: Vec<Arc<Value>>,
    pods: BTreeMap<String, Vec<Arc<Value>>>,
}

pub(super) fn reconcile(desk: &mut Desk<'_>, namespace: &str, name: &str) -> Option<Moment> {
    let set = desk.world.store.get("daemonsets", namespace, name)?;
    if set.is_going() {
        return None;
    }
    let revisions = desk.revisions(&set);
    let mut pods: BTreeMap<String, Vec<Arc<Value>>> = BTreeMap::new();
    for pod in desk.family.of(&desk.world.store, &set, "pods") {
        pods.entry(target(&pod)).or_default().push(pod);
    }
    let template = template(&set, "");
    let nodes = desk.world.store.list("nodes", None).0;
    let nodes = nodes.into_iter().filter(|it| takes(&template, it)).collect();
    let scene = Scene { set, revisions, nodes, pods };
    let failed = desk.place(&scene);
    desk.update_some(&scene);
    let next = desk.report_daemons(&scene);
    if failed { Some(desk.after_failure(&scene.set)) } else { next }
}

/// The node that a pod of a set is meant for.
fn target(pod: &Value) -> String {
    let terms =
        pod.at("/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution");
    let meant = terms.text("/nodeSelectorTerms/0/matchFields/0/values/0");
    if meant.is_empty() { pod.text("/spec/nodeName").to_owned() } else { meant.to_owned() }
}

/// A pod of the set for one node: daemons bear what befalls nodes.
fn template(set: &Value, node: &str) -> Value {
    let mut pod = pod(set.at("/spec/template"), set);
    let mut tolerations = pod.list("/spec/tolerations").to_vec();
    for (key, effect) in [
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ] {
        tolerations.push(json!({"key": key, "operator": "Exists", "effect": effect}));
    }
    put(&mut pod, &["spec", "tolerations"], Value::Array(tolerations));
    if !node.is_empty() {
        let field = json!({"key": "metadata.name", "operator": "In", "values": [node]});
        let required = json!({"nodeSelectorTerms": [{"matchFields": [field]}]});
        let path =
            ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
        put(&mut pod, &path, required);
    }
    pod
}

impl Desk<'_> {
    /// Creates what is missing and removes what is too much. Whether something was refused.
    fn place(&self, scene: &Scene) -> bool {
        let (set, recorder) = (&scene.set, &self.world.daemonset);
        let hash = scene.revisions.update.trim_start_matches(set.name()).trim_start_matches('-');
        let mut refused = false;
        for node in &scene.nodes {
            if let Some(pods) = scene.pods.get(node.name()) {
                self.replace_failed(set, node, pods);
                continue;
            }
            let mut pod = template(set, node.name());
            put(&mut pod, &["metadata", "generateName"], json!(format!("{}-", set.name())));
            put(&mut pod, &["metadata", "labels", LABEL], json!(hash));
            put(&mut pod, &["metadata", "labels", "pod-template-generation"], json!("1"));
            refused |= self.create_pod(recorder, set, pod).is_err();
        }
        for (node, pods) in &scene.pods {
            if scene.nodes.iter().any(|it| it.name() == node) {
                continue;
            }
            for pod in pods.iter().filter(|it| !it.is_going()) {
                self.delete_pod(recorder, set, pod);
            }
        }
        refused
    }

    fn replace_failed(&self, set: &Value, node: &Value, pods: &[Arc<Value>]) {
        let recorder = &self.world.daemonset;
        let failed = |it: &&Arc<Value>| it.text("/status/phase") == "Failed" && !it.is_going();
        for pod in pods.iter().filter(failed) {
            let text = format!(
                "Found failed daemon pod {}/{} on node {}, will try to kill it",
                pod.namespace(),
                pod.name(),
                node.name()
            );
            recorder.warning(set, "FailedDaemonPod", &text);
            self.delete_pod(recorder, set, pod);
        }
    }

    /// Replaces pods of old versions, no more at a time than may be missing.
    fn update_some(&self, scene: &Scene) {
        let strategy = scene.set.at("/spec/updateStrategy");
        if strategy.text("/type") == "OnDelete" {
            return;
        }
        let most = strategy.at("/rollingUpdate/maxUnavailable");
        let percent = most.as_str().and_then(|it| it.trim_end_matches('%').parse::<usize>().ok());
        let number = usize::try_from(most.as_i64().unwrap_or(1)).unwrap_or(1);
        let most = percent.map_or(number, |it| (scene.nodes.len() * it).div_ceil(100));
        let min_ready = min_ready(&scene.set);
        let sound = |it: &Arc<Value>| !it.is_going() && self.is_available(it, min_ready).is_ok();
        let covered = scene
            .nodes
            .iter()
            .filter(|it| scene.pods.get(it.name()).into_iter().flatten().any(&sound));
        let mut room = most.max(1).saturating_sub(scene.nodes.len() - covered.count());
        let old = scene
            .pods
            .values()
            .flatten()
            .filter(|it| !it.is_going() && of_pod(it, &scene.set) != scene.revisions.update);
        for pod in old {
            // One that does not work anyway is no loss.
            let cost = usize::from(sound(pod));
            if room < cost {
                continue;
            }
            room -= cost;
            self.delete_pod(&self.world.daemonset, &scene.set, pod);
        }
    }

    fn report_daemons(&self, scene: &Scene) -> Option<Moment> {
        let of_node = |it: &Arc<Value>| scene.pods.get(it.name()).into_iter().flatten();
        let placed: Vec<_> = scene.nodes.iter().flat_map(of_node).map(Arc::clone).collect();
        let tally = self.tally(&placed, min_ready(&scene.set));
        let desired = i64::try_from(scene.nodes.len()).unwrap_or(0);
        let all = scene.pods.values().map(Vec::len).sum::<usize>();
        let current = scene.nodes.iter().filter(|it| scene.pods.contains_key(it.name())).count();
        let updated = placed
            .iter()
            .filter(|it| !it.is_going() && of_pod(it, &scene.set) == scene.revisions.update)
            .count();
        let number = |it: usize| i64::try_from(it).unwrap_or(0);
        let mut status = scene.set.at("/status").clone();
        put(&mut status, &["currentNumberScheduled"], json!(current));
        put(&mut status, &["desiredNumberScheduled"], json!(desired));
        put(&mut status, &["numberMisscheduled"], json!(all - placed.len()));
        put(&mut status, &["numberReady"], json!(tally.ready));
        put(&mut status, &["observedGeneration"], scene.set.at("/metadata/generation").clone());
        put_counts(
            &mut status,
            &[
                ("numberAvailable", tally.available),
                ("numberUnavailable", (desired - tally.available).max(0)),
                ("updatedNumberScheduled", number(updated)),
            ],
        );
        self.report("daemonsets", &scene.set, status);
        let used: Vec<String> = placed.iter().map(|it| of_pod(it, &scene.set)).collect();
        let used: Vec<&str> = used.iter().map(String::as_str).collect();
        self.prune_revisions(&scene.set, &scene.revisions, &used);
        tally.next
    }
}
