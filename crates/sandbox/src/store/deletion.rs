//! How objects end: finalizers, grace, and what a namespace takes along.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::objects::State;
use super::{Store, births, known};
use crate::json::{find, has, list, number, set, text};
use crate::resources::{self, Resource};
use crate::status::StatusError;

/// What happens to the objects that the deleted one owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// They go afterwards; the garbage collector sees to it.
    Background,
    /// They go first; the object waits under the finalizer `foregroundDeletion`.
    Foreground,
    /// They stay; the object waits under the finalizer `orphan` until they are let go.
    Orphan,
}

/// How an object is to be deleted.
#[derive(Clone, Debug, Default)]
pub struct Deletion {
    /// Seconds that a pod gets to stop; its own number when `None`.
    pub grace_seconds: Option<i64>,
    /// The object must have this uid.
    pub uid: Option<String>,
    /// The object must have this version.
    pub resource_version: Option<String>,
    /// What happens to what it owns; the kind's own default when `None`.
    pub propagation: Option<Propagation>,
}

/// The longest a pod waits that says nothing about it.
const DEFAULT_GRACE: i64 = 30;

impl Store {
    /// Deletes an object, or marks it for deletion: a pod that runs is stopped by its kubelet first,
    /// and one with finalizers waits for them. The answer has a `deletionTimestamp` if it is still there.
    pub fn delete(
        &self,
        plural: &str,
        namespace: &str,
        name: &str,
        deletion: &Deletion,
    ) -> Result<Arc<Value>, StatusError> {
        let resource = known(plural)?;
        let mut state = self.state();
        let before = state
            .get(plural, namespace, name)
            .ok_or_else(|| StatusError::not_found(&resource.qualified(), name))?;
        check(resource, name, &before, deletion)?;
        let mut after = Value::clone(&before);
        let stays = mark(resource, &mut after, deletion);
        if self.rehearsal || (stays && after == *before) {
            return Ok(if stays { Arc::new(after) } else { before });
        }
        let gone = if stays {
            state.replace(resource, &before, after)
        } else {
            state.take(resource, namespace, name, after)
        };
        if plural == "namespaces" {
            empty(&mut state, name);
            state.close_namespace(name);
        }
        self.wake(state);
        Ok(gone)
    }

    /// Removes an object without grace, as a kubelet does with a pod that has stopped. Finalizers hold it.
    pub fn remove(
        &self,
        plural: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Arc<Value>, StatusError> {
        let now = Deletion { grace_seconds: Some(0), ..Deletion::default() };
        self.delete(plural, namespace, name, &now)
    }
}

fn check(
    resource: &Resource,
    name: &str,
    object: &Value,
    deletion: &Deletion,
) -> Result<(), StatusError> {
    let conditions = [
        (
            "UID",
            &deletion.uid,
            "metadata.uid",
            "The object might have been deleted and then recreated",
        ),
        (
            "ResourceVersion",
            &deletion.resource_version,
            "metadata.resourceVersion",
            "The object might have been modified",
        ),
    ];
    for (what, wanted, path, why) in conditions {
        let actual = text(object, path);
        let Some(wanted) = wanted.as_deref().filter(|it| *it != actual) else { continue };
        let why = format!(
            "the {what} in the precondition ({wanted}) does not match the {what} in record \
             ({actual}). {why}"
        );
        return Err(StatusError::precondition(&resource.qualified_kind(), name, &why));
    }
    Ok(())
}

/// Writes the deletion into the object; whether it stays for now.
fn mark(resource: &Resource, object: &mut Value, deletion: &Deletion) -> bool {
    let namespace = resource.plural == "namespaces";
    hold(resource, object, deletion.propagation);
    let grace = grace(resource, object, deletion);
    let held = !list(object, "metadata.finalizers").is_empty();
    let stays = held || 0 < grace || namespace;
    if namespace {
        set(object, "status.phase", "Terminating");
    }
    let left = number(object, "metadata.deletionGracePeriodSeconds");
    let marked = namespace && has(object, "metadata.deletionTimestamp");
    // A pod says even in its last words how it went.
    let tells = stays || resource.plural == "pods";
    if tells && !marked && left.is_none_or(|left| grace < left) {
        let until = Timestamp::now() + SignedDuration::from_secs(grace);
        set(object, "metadata.deletionTimestamp", births::seconds(until));
        if !namespace {
            set(object, "metadata.deletionGracePeriodSeconds", grace);
        }
        if let (None, Some(generation)) = (left, number(object, "metadata.generation")) {
            set(object, "metadata.generation", generation + 1);
        }
    }
    stays
}

/// Adds the finalizer under which an object waits for the garbage collector.
fn hold(resource: &Resource, object: &mut Value, propagation: Option<Propagation>) {
    if has(object, "metadata.deletionTimestamp") {
        return;
    }
    let by_default = if matches!(resource.plural, "jobs" | "replicationcontrollers") {
        Propagation::Orphan
    } else {
        Propagation::Background
    };
    let finalizer = match propagation.unwrap_or(by_default) {
        Propagation::Background => return,
        Propagation::Foreground => "foregroundDeletion",
        Propagation::Orphan => "orphan",
    };
    match find(object, "metadata.finalizers").and_then(Value::as_array_mut) {
        Some(finalizers) => finalizers.push(json!(finalizer)),
        None => set(object, "metadata.finalizers", json!([finalizer])),
    }
}

/// Only a pod that has a node and still runs gets time to stop.
fn grace(resource: &Resource, object: &Value, deletion: &Deletion) -> i64 {
    let placed = !text(object, "spec.nodeName").is_empty();
    let over = matches!(text(object, "status.phase"), "Succeeded" | "Failed");
    if resource.plural != "pods" || !placed || over {
        return 0;
    }
    let own = number(object, "spec.terminationGracePeriodSeconds").unwrap_or(DEFAULT_GRACE);
    deletion.grace_seconds.unwrap_or(own).max(0)
}

/// Whether the last finalizer of an object has gone that waited only for it.
pub(super) fn is_over(object: &Value) -> bool {
    has(object, "metadata.deletionTimestamp")
        && list(object, "metadata.finalizers").is_empty()
        && number(object, "metadata.deletionGracePeriodSeconds") == Some(0)
}

/// Deletes everything in a namespace.
fn empty(state: &mut State, namespace: &str) {
    let now = Deletion { propagation: Some(Propagation::Background), ..Deletion::default() };
    let mut done = Vec::new();
    for resource in resources::ALL.iter().filter(|it| it.namespaced) {
        if done.contains(&resource.plural) {
            continue;
        }
        done.push(resource.plural);
        for object in state.list(resource.plural, Some(namespace)) {
            let mut after = Value::clone(&object);
            if !mark(resource, &mut after, &now) {
                let name = text(&after, "metadata.name").to_owned();
                state.take(resource, namespace, &name, after);
            } else if after != *object {
                state.replace(resource, &object, after);
            }
        }
    }
}
