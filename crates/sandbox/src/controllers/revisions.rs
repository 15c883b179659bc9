//! Names for versions of pod templates, and the `ControllerRevision`s that keep them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde_json::{Value, json};

use super::Desk;
use super::children::{count, owner};
use crate::fields::{Fields, put, remove};
use crate::store::Deletion;

/// The label under which pods carry the name of their version.
pub(super) const LABEL: &str = "controller-revision-hash";

/// A short name for a template, in letters that spell no words.
pub(super) fn hash(template: &Value, collisions: Option<i64>) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    /// As long as the real ones.
    const LENGTH: usize = 10;
    let mut hasher = DefaultHasher::new();
    (template.to_string(), collisions.unwrap_or(0)).hash(&mut hasher);
    let mut number = hasher.finish();
    let mut res = String::new();
    for _ in 0..LENGTH {
        let index = usize::try_from(number % 27).unwrap_or(0);
        res.extend(LETTERS.get(index).map(|it| char::from(*it)));
        number /= 27;
    }
    res
}

/// A template as it was before a set put its hash into it.
pub(super) fn without_hash(template: &Value) -> Value {
    let mut template = template.clone();
    remove(&mut template, &["metadata", "labels", "pod-template-hash"]);
    remove(&mut template, &["metadata", "creationTimestamp"]);
    template
}

/// The versions of a controller's template.
pub(super) struct Revisions {
    /// All of them, oldest first.
    pub(super) all: Vec<Arc<Value>>,
    /// The name of the present one.
    pub(super) update: String,
}

impl Revisions {
    /// The template of a version.
    pub(super) fn template(&self, name: &str) -> Option<&Value> {
        let revision = self.all.iter().find(|it| it.name() == name)?;
        Some(revision.at("/data/spec/template"))
    }
}

impl Desk<'_> {
    /// Makes sure that the present template has a version, and that it is the newest.
    pub(super) fn revisions(&self, controller: &Value) -> Revisions {
        let store = &self.world.store;
        let manager = store.written_by("kube-controller-manager");
        let mut all = self.family.of(store, controller, "controllerrevisions");
        all.sort_by_key(|it| it.number("/revision"));
        let template = without_hash(controller.at("/spec/template"));
        let newest = all.last().and_then(|it| it.number("/revision")).unwrap_or(0);
        let known = all.iter().position(|it| *it.at("/data/spec/template") == template);
        if let Some(at) = known {
            let revision = all.remove(at);
            let number = match revision.number("/revision") {
                Some(number) if number == newest => number,
                Some(_) | None => newest + 1,
            };
            let (namespace, name) = (revision.namespace(), revision.name());
            let moved = manager.update("controllerrevisions", namespace, name, |it| {
                put(it, &["revision"], json!(number));
                Ok(())
            });
            let kept = moved.unwrap_or_else(|_| Arc::clone(&revision));
            let update = kept.name().to_owned();
            all.push(kept);
            return Revisions { all, update };
        }
        let hash = hash(&template, None);
        let name = format!("{}-{hash}", controller.name());
        let mut labels = controller.at("/spec/template/metadata/labels").clone();
        put(&mut labels, &[LABEL], json!(hash));
        let revision = json!({
            "metadata": {"name": name, "labels": labels, "ownerReferences": [owner(controller)]},
            "data": {"spec": {"template": template}}, "revision": newest + 1,
        });
        if let Ok(revision) =
            manager.create("controllerrevisions", controller.namespace(), revision)
        {
            all.push(revision);
        }
        Revisions { all, update: name }
    }

    /// Removes old versions that no pod has.
    pub(super) fn prune_revisions(&self, controller: &Value, revisions: &Revisions, used: &[&str]) {
        let limit =
            usize::try_from(count(controller, "/spec/revisionHistoryLimit", 10)).unwrap_or(10);
        let spare: Vec<_> = revisions
            .all
            .iter()
            .filter(|it| it.name() != revisions.update && !used.contains(&it.name()))
            .collect();
        for revision in spare.iter().take(spare.len().saturating_sub(limit)) {
            let (namespace, name) = (revision.namespace(), revision.name());
            drop(self.world.store.delete(
                "controllerrevisions",
                namespace,
                name,
                &Deletion::default(),
            ));
        }
    }
}

/// The name of the version that a pod has.
pub(super) fn of_pod(pod: &Value, controller: &Value) -> String {
    let label = pod.at("/metadata/labels").get(LABEL).and_then(Value::as_str).unwrap_or_default();
    // Daemon sets write the hash alone, stateful sets the whole name.
    if label.starts_with(controller.name()) {
        label.to_owned()
    } else {
        format!("{}-{label}", controller.name())
    }
}
