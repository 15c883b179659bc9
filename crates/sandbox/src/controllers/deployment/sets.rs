//! Finds or makes the set of the present template.

use serde_json::{Value, json};

use super::super::Desk;
use super::super::children::owner;
use super::super::revisions;
use super::{DESIRED, HISTORY, MOST, REVISION, Rollout, inherited, revision, size};
use crate::fields::{Fields, put};

impl Desk<'_> {
    /// Makes sure that there is a set for the template, and that it has the highest revision.
    pub(super) fn settle_new(&mut self, rollout: &mut Rollout) {
        let newest = rollout.old.iter().map(|it| revision(it)).max().unwrap_or(0) + 1;
        let manager = self.world.store.written_by("kube-controller-manager");
        if let Some(set) = rollout.new.clone() {
            return self.settle_known(rollout, &set, newest);
        }
        let revision = newest.to_string();
        let set = new_set(rollout, &revision);
        let Ok(set) = manager.create("replicasets", rollout.deployment.namespace(), set) else {
            return;
        };
        let wanted = size(&set).wanted;
        if 0 < wanted {
            let text = format!("Scaled up replica set {} from 0 to {wanted}", set.name());
            self.world.deployment.normal(&rollout.deployment, "ScalingReplicaSet", &text);
        }
        let text = format!("Created new replica set {:?}", set.name());
        rollout.new = Some(set);
        self.annotate(rollout, &revision);
        self.say_new(rollout, "NewReplicaSetCreated", &text);
    }

    /// The set of the template is there; it becomes the newest.
    fn settle_known(&mut self, rollout: &mut Rollout, set: &Value, newest: i64) {
        let manager = self.world.store.written_by("kube-controller-manager");
        let known = revision(set);
        let wanted = known.max(newest).to_string();
        let mut annotations = inherited(rollout.deployment.at("/metadata/annotations"));
        put(&mut annotations, &[REVISION], json!(wanted));
        if 0 < known && known < newest {
            let before = set.at("/metadata/annotations").get(HISTORY).and_then(Value::as_str);
            let history = before.map_or(known.to_string(), |it| format!("{it},{known}"));
            put(&mut annotations, &[HISTORY], json!(history));
        }
        let updated = manager.update("replicasets", set.namespace(), set.name(), |it| {
            for (key, value) in annotations.as_object().into_iter().flatten() {
                put(it, &["metadata", "annotations", key], value.clone());
            }
            Ok(())
        });
        rollout.new = updated.ok();
        if rollout.deployment.condition("Progressing").is_none() {
            let text = format!("Found new replica set {:?}", set.name());
            self.say_new(rollout, "FoundNewReplicaSet", &text);
        }
        self.annotate(rollout, &wanted);
    }

    /// The deployment carries the revision of its newest set.
    fn annotate(&self, rollout: &mut Rollout, revision: &str) {
        let manager = self.world.store.written_by("kube-controller-manager");
        let deployment = &rollout.deployment;
        let annotated =
            manager.update_status("deployments", deployment.namespace(), deployment.name(), |it| {
                put(it, &["metadata", "annotations", REVISION], json!(revision));
                Ok(())
            });
        if let Ok(annotated) = annotated {
            rollout.deployment = annotated;
        }
    }

    /// A new set begins the time that a rollout has.
    fn say_new(&mut self, rollout: &mut Rollout, reason: &str, message: &str) {
        self.note_progress(rollout);
        let conditions = super::state::with(
            rollout.deployment.list("/status/conditions"),
            super::state::Word { kind: "Progressing", status: "True", reason, message },
        );
        let manager = self.world.store.written_by("kube-controller-manager");
        let deployment = &rollout.deployment;
        let told =
            manager.update_status("deployments", deployment.namespace(), deployment.name(), |it| {
                put(it, &["status", "conditions"], Value::Array(conditions));
                Ok(())
            });
        if let Ok(told) = told {
            rollout.deployment = told;
        }
    }
}

/// The set that a deployment's template asks for.
fn new_set(rollout: &Rollout, revision: &str) -> Value {
    let deployment = &rollout.deployment;
    let bounds = rollout.bounds();
    let old: Vec<_> = rollout.old.iter().map(|it| size(it)).collect();
    let recreates = deployment.text("/spec/strategy/type") == "Recreate";
    let wanted = if recreates {
        if old.iter().any(|it| 0 < it.wanted) { 0 } else { rollout.desired() }
    } else {
        bounds.grow(super::Size { wanted: 0, available: 0 }, &old)
    };
    let hash = revisions::hash(
        deployment.at("/spec/template"),
        deployment.number("/status/collisionCount"),
    );
    let mut template = deployment.at("/spec/template").clone();
    put(&mut template, &["metadata", "labels", "pod-template-hash"], json!(hash));
    let mut selector = deployment.at("/spec/selector").clone();
    put(&mut selector, &["matchLabels", "pod-template-hash"], json!(hash));
    let mut annotations = inherited(deployment.at("/metadata/annotations"));
    put(&mut annotations, &[REVISION], json!(revision));
    put(&mut annotations, &[DESIRED], json!(rollout.desired().to_string()));
    put(&mut annotations, &[MOST], json!((rollout.desired() + bounds.surge).to_string()));
    let mut spec = json!({"replicas": wanted, "selector": selector, "template": template});
    if let Some(seconds) = deployment.number("/spec/minReadySeconds").filter(|it| *it != 0) {
        put(&mut spec, &["minReadySeconds"], json!(seconds));
    }
    json!({
        "metadata": {
            "name": format!("{}-{hash}", deployment.name()),
            "labels": template.at("/metadata/labels"), "annotations": annotations,
            "ownerReferences": [owner(deployment)],
        },
        "spec": spec,
    })
}
