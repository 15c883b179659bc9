//! The state behind the lock, and what every write does to an object's metadata.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::watch::{Change, ChangeKind, History};
use super::{Part, Shelf, Touched};
use crate::json::{at, has, number, remove, set, text};
use crate::resources::Resource;

/// What the lock protects.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) version: u64,
    pub(super) history: History,
    pub(super) touched: Vec<(Touched, ChangeKind)>,
    shelves: BTreeMap<&'static str, Shelf>,
}

impl State {
    pub(super) fn list(&self, plural: &str, namespace: Option<&str>) -> Vec<Arc<Value>> {
        let Some(objects) = self.shelves.get(plural) else { return Vec::new() };
        match namespace {
            None => objects.values().map(Arc::clone).collect(),
            Some(namespace) => objects
                .range((namespace.to_owned(), String::new())..)
                .take_while(|(key, _)| key.0 == namespace)
                .map(|(_, object)| Arc::clone(object))
                .collect(),
        }
    }

    pub(super) fn get(&self, plural: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.shelves.get(plural)?.get(&(namespace.to_owned(), name.to_owned())).map(Arc::clone)
    }

    /// Whether anything is left in a namespace.
    pub(super) fn is_bare(&self, namespace: &str) -> bool {
        self.shelves.values().all(|shelf| {
            shelf
                .range((namespace.to_owned(), String::new())..)
                .next()
                .is_none_or(|(key, _)| key.0 != namespace)
        })
    }

    pub(super) fn insert(&mut self, resource: &'static Resource, object: Value) -> Arc<Value> {
        self.put(resource, ChangeKind::Added, None, object)
    }

    pub(super) fn replace(
        &mut self,
        resource: &'static Resource,
        before: &Arc<Value>,
        after: Value,
    ) -> Arc<Value> {
        self.put(resource, ChangeKind::Modified, Some(Arc::clone(before)), after)
    }

    /// Removes an object; `last` is its final state, which watchers see.
    pub(super) fn take(
        &mut self,
        resource: &'static Resource,
        namespace: &str,
        name: &str,
        last: Value,
    ) -> Arc<Value> {
        let key = (namespace.to_owned(), name.to_owned());
        let previous = self.shelves.get_mut(resource.plural).and_then(|it| it.remove(&key));
        let gone = self.note(resource, ChangeKind::Deleted, previous, last);
        self.close_namespace(namespace);
        gone
    }

    /// A namespace that is being deleted goes when the last object in it has gone.
    pub(super) fn close_namespace(&mut self, namespace: &str) {
        let Some(object) = self.get("namespaces", "", namespace) else { return };
        let ending = has(&object, "metadata.deletionTimestamp");
        let Some(resource) = crate::resources::by_plural("namespaces") else { return };
        if ending && self.is_bare(namespace) {
            let mut last = Value::clone(&object);
            set(&mut last, "spec", json!({}));
            self.take(resource, "", namespace, last);
        }
    }

    fn put(
        &mut self,
        resource: &'static Resource,
        kind: ChangeKind,
        previous: Option<Arc<Value>>,
        object: Value,
    ) -> Arc<Value> {
        let object = self.note(resource, kind, previous, object);
        let key = (
            text(&object, "metadata.namespace").to_owned(),
            text(&object, "metadata.name").to_owned(),
        );
        self.shelves.entry(resource.plural).or_default().insert(key, Arc::clone(&object));
        object
    }

    fn note(
        &mut self,
        resource: &'static Resource,
        kind: ChangeKind,
        previous: Option<Arc<Value>>,
        mut object: Value,
    ) -> Arc<Value> {
        self.version += 1;
        set(&mut object, "metadata.resourceVersion", self.version.to_string());
        let object = Arc::new(object);
        let namespace = text(&object, "metadata.namespace").to_owned();
        let name = text(&object, "metadata.name").to_owned();
        let touched =
            Touched { plural: resource.plural, namespace: namespace.clone(), name: name.clone() };
        self.touched.push((touched, kind));
        self.history.push(Change {
            version: self.version,
            kind,
            plural: resource.plural,
            namespace,
            name,
            object: Arc::clone(&object),
            previous,
        });
        object
    }
}

/// What no write can change.
const FIXED: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata.uid",
    "metadata.name",
    "metadata.namespace",
    "metadata.creationTimestamp",
    "metadata.deletionTimestamp",
    "metadata.deletionGracePeriodSeconds",
    "metadata.generation",
    "metadata.generateName",
    "metadata.resourceVersion",
];

/// Puts back what a write may not touch, fills in defaults and counts the generation.
pub(super) fn settle(resource: &Resource, part: Part, before: &Value, after: &mut Value) {
    for path in FIXED {
        keep(before, after, path);
    }
    if part == Part::Status {
        let mut kept = before.clone();
        for path in ["status", "metadata.annotations", "metadata.managedFields"] {
            set(&mut kept, path, remove(after, path));
        }
        *after = kept;
        return;
    }
    if part == Part::Main && resource.subresources.contains(&"status") {
        keep(before, after, "status");
    }
    crate::defaults::fill(resource, after);
    let annotated = resource.plural == "deployments"
        && at(before, "metadata.annotations") != at(after, "metadata.annotations");
    if resource.generation && (wanted(before) != wanted(after) || annotated) {
        let generation = number(before, "metadata.generation").unwrap_or(0);
        set(after, "metadata.generation", generation + 1);
    }
}

/// The spec without what is no wish of its author's: the node of a pod.
fn wanted(object: &Value) -> Value {
    let mut spec = at(object, "spec").clone();
    remove(&mut spec, "nodeName");
    spec
}

fn keep(before: &Value, after: &mut Value, path: &str) {
    set(after, path, at(before, path).clone());
}
