//! Keeps the numbered pods of a `StatefulSet`, one after the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Desk;
use super::children::{count, min_ready, pod, put_counts};
use super::family::is_ready;
use super::revisions::{LABEL, Revisions, of_pod};
use crate::clock::Moment;
use crate::fields::{Fields, put};
use crate::store::Deletion;

/// A set, its versions, and its pods by number.
struct Scene {
    set: Arc<Value>,
    revisions: Revisions,
    /// The version that all pods had when the last update was through.
    current: String,
    pods: BTreeMap<i64, Arc<Value>>,
    wanted: i64,
}

impl Scene {
    fn is_ordered(&self) -> bool {
        self.set.text("/spec/podManagementPolicy") != "Parallel"
    }

    fn partition(&self) -> i64 {
        count(&self.set, "/spec/updateStrategy/rollingUpdate/partition", 0)
    }

    /// The version that a new pod of that number gets.
    fn version(&self, number: i64) -> &str {
        if number < self.partition() { &self.current } else { &self.revisions.update }
    }
}

pub(super) fn reconcile(desk: &mut Desk<'_>, namespace: &str, name: &str) -> Option<Moment> {
    let set = desk.world.store.get("statefulsets", namespace, name)?;
    if set.is_going() {
        return None;
    }
    let pods = desk.family.of(&desk.world.store, &set, "pods");
    let pods = pods.into_iter().filter_map(|it| Some((number(&set, &it)?, it))).collect();
    let revisions = desk.revisions(&set);
    let current = match set.text("/status/currentRevision") {
        "" => revisions.update.clone(),
        current => current.to_owned(),
    };
    let wanted = count(&set, "/spec/replicas", 1);
    let scene = Scene { set, revisions, current, pods, wanted };
    let failed = desk.move_on(&scene);
    let next = desk.report_set(&scene);
    if failed { Some(desk.after_failure(&scene.set)) } else { next }
}

fn number(set: &Value, pod: &Value) -> Option<i64> {
    pod.name().strip_prefix(set.name())?.strip_prefix('-')?.parse().ok()
}

impl Desk<'_> {
    /// The next step, and no more than that when order matters. Whether something was refused.
    fn move_on(&self, scene: &Scene) -> bool {
        for number in 0..scene.wanted {
            let Some(pod) = scene.pods.get(&number) else {
                match self.add(scene, number) {
                    true if !scene.is_ordered() => continue,
                    added => return !added,
                }
            };
            if matches!(pod.text("/status/phase"), "Succeeded" | "Failed") && !pod.is_going() {
                self.take(scene, pod, "RecreatingFailedPod");
            }
            // Whoever is not ready holds up all that come after, even the update that would heal it.
            if scene.is_ordered() && (pod.is_going() || !is_ready(pod)) {
                return false;
            }
        }
        for (_, pod) in scene.pods.iter().rev().filter(|it| scene.wanted <= *it.0) {
            if !pod.is_going() {
                self.take(scene, pod, "");
            }
            if scene.is_ordered() {
                return false;
            }
        }
        self.update_next(scene);
        false
    }

    /// Replaces the last pod that has another version, when all after it are ready again.
    fn update_next(&self, scene: &Scene) {
        if scene.set.text("/spec/updateStrategy/type") == "OnDelete" {
            return;
        }
        let part = scene.partition()..scene.wanted.max(scene.partition());
        for (_, pod) in scene.pods.range(part).rev() {
            if of_pod(pod, &scene.set) != scene.revisions.update && !pod.is_going() {
                return self.take(scene, pod, "");
            }
            if pod.is_going() || !is_ready(pod) {
                return;
            }
        }
    }

    fn add(&self, scene: &Scene, number: i64) -> bool {
        let (set, version) = (&scene.set, scene.version(number));
        let name = format!("{}-{number}", set.name());
        let template = scene.revisions.template(version).unwrap_or(set.at("/spec/template"));
        let mut pod = pod(template, set);
        put(&mut pod, &["metadata", "name"], json!(name));
        put(&mut pod, &["metadata", "labels", LABEL], json!(version));
        put(&mut pod, &["metadata", "labels", "statefulset.kubernetes.io/pod-name"], json!(name));
        put(
            &mut pod,
            &["metadata", "labels", "apps.kubernetes.io/pod-index"],
            json!(number.to_string()),
        );
        put(&mut pod, &["spec", "hostname"], json!(name));
        if !set.text("/spec/serviceName").is_empty() {
            put(&mut pod, &["spec", "subdomain"], set.at("/spec/serviceName").clone());
        }
        self.claims(set, &name, &mut pod);
        let store = self.world.store.written_by("kube-controller-manager");
        let recorder = &self.world.statefulset;
        match store.create("pods", set.namespace(), pod) {
            Ok(_) => {
                let text = format!("Create Pod {name} in StatefulSet {} successful", set.name());
                recorder.normal(set, "SuccessfulCreate", &text);
                true
            }
            // Somebody else's pod has the name, or the old one has not gone.
            Err(error) if error.reason == "AlreadyExists" => true,
            Err(error) => {
                let text = format!(
                    "Create Pod {name} in StatefulSet {} failed error: {error}",
                    set.name()
                );
                recorder.warning(set, "FailedCreate", &text);
                false
            }
        }
    }

    /// The claims that every pod of the set has for itself.
    fn claims(&self, set: &Value, pod_name: &str, pod: &mut Value) {
        let store = self.world.store.written_by("kube-controller-manager");
        let mut volumes = pod.list("/spec/volumes").to_vec();
        for template in set.list("/spec/volumeClaimTemplates") {
            let name = format!("{}-{pod_name}", template.name());
            let claim = json!({
                "metadata": {"name": name, "labels": set.at("/spec/selector/matchLabels")},
                "spec": template.at("/spec"),
            });
            // A claim that is there already is what the pod had before.
            drop(store.create("persistentvolumeclaims", set.namespace(), claim));
            volumes.retain(|it| it.text("/name") != template.name());
            volumes.push(
                json!({"name": template.name(), "persistentVolumeClaim": {"claimName": name}}),
            );
        }
        if !volumes.is_empty() {
            put(pod, &["spec", "volumes"], Value::Array(volumes));
        }
    }

    fn take(&self, scene: &Scene, pod: &Value, reason: &str) {
        let set = &scene.set;
        let recorder = &self.world.statefulset;
        if !reason.is_empty() {
            let text = format!(
                "StatefulSet {}/{} is recreating failed Pod {}",
                set.namespace(),
                set.name(),
                pod.name()
            );
            recorder.warning(set, reason, &text);
        }
        let deleted =
            self.world.store.delete("pods", pod.namespace(), pod.name(), &Deletion::default());
        if deleted.is_ok() {
            let text =
                format!("Delete Pod {} in StatefulSet {} successful", pod.name(), set.name());
            recorder.normal(set, "SuccessfulDelete", &text);
        }
    }

    fn report_set(&self, scene: &Scene) -> Option<Moment> {
        // What was just created or deleted comes back as a change.
        let pods: Vec<_> = scene.pods.values().map(Arc::clone).collect();
        let tally = self.tally(&pods, min_ready(&scene.set));
        let having = |version: &str| {
            let living = pods.iter().filter(|it| !it.is_going());
            let count = living.filter(|it| of_pod(it, &scene.set) == version).count();
            i64::try_from(count).unwrap_or(0)
        };
        let update = scene.revisions.update.as_str();
        let updated = having(update);
        let through = updated == scene.wanted && tally.ready == scene.wanted;
        let current = if through { update } else { scene.current.as_str() };
        let mut status = scene.set.at("/status").clone();
        put(&mut status, &["replicas"], json!(tally.active));
        put(&mut status, &["availableReplicas"], json!(tally.available));
        put(&mut status, &["observedGeneration"], scene.set.at("/metadata/generation").clone());
        put(&mut status, &["currentRevision"], json!(current));
        put(&mut status, &["updateRevision"], json!(update));
        put(&mut status, &["collisionCount"], json!(0));
        put_counts(
            &mut status,
            &[
                ("readyReplicas", tally.ready),
                ("currentReplicas", having(current)),
                ("updatedReplicas", updated),
            ],
        );
        self.report("statefulsets", &scene.set, status);
        let used: Vec<String> = pods.iter().map(|it| of_pod(it, &scene.set)).collect();
        let mut used: Vec<&str> = used.iter().map(String::as_str).collect();
        used.push(current);
        self.prune_revisions(&scene.set, &scene.revisions, &used);
        tally.next
    }
}
