//! Makes and removes the pods of a controller, counts them, and tells about it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Desk;
use super::family::{is_active, is_ready};
use crate::clock::Moment;
use crate::events::Recorder;
use crate::fields::{Fields, put};
use crate::status::StatusError;
use crate::store::Deletion;

/// The owner reference of a controller.
pub(super) fn owner(object: &Value) -> Value {
    json!({
        "apiVersion": object.text("/apiVersion"), "kind": object.text("/kind"),
        "name": object.name(), "uid": object.uid(),
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// A pod from a template, named by its caller.
pub(super) fn pod(template: &Value, controller: &Value) -> Value {
    let mut metadata = json!({"ownerReferences": [owner(controller)]});
    for key in ["labels", "annotations", "finalizers"] {
        let value = template.at(&format!("/metadata/{key}"));
        if !value.is_null() {
            put(&mut metadata, &[key], value.clone());
        }
    }
    json!({"metadata": metadata, "spec": template.at("/spec")})
}

/// The number of something in a spec; what cannot be is none.
pub(super) fn count(object: &Value, pointer: &str, otherwise: i64) -> i64 {
    object.number(pointer).unwrap_or(otherwise).max(0)
}

/// How the pods of a controller are doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) active: i64,
    pub(super) ready: i64,
    pub(super) available: i64,
    pub(super) going: i64,
    /// When the next ready pod will have been ready for long enough.
    pub(super) next: Option<Moment>,
}

impl Desk<'_> {
    /// Creates a pod and tells about it; a refusal is told and given back.
    pub(super) fn create_pod(
        &self,
        recorder: &Recorder,
        controller: &Value,
        pod: Value,
    ) -> Result<Arc<Value>, StatusError> {
        let manager = self.world.store.written_by("kube-controller-manager");
        let created = manager.create("pods", controller.namespace(), pod);
        match &created {
            Ok(pod) => {
                let text = format!("Created pod: {}", pod.name());
                recorder.normal(controller, "SuccessfulCreate", &text);
            }
            Err(error) => {
                recorder.warning(controller, "FailedCreate", &format!("Error creating: {error}"));
            }
        }
        created
    }

    /// Deletes a pod and tells about it.
    pub(super) fn delete_pod(&self, recorder: &Recorder, controller: &Value, pod: &Value) {
        let deleted =
            self.world.store.delete("pods", pod.namespace(), pod.name(), &Deletion::default());
        if deleted.is_ok() {
            let text = format!("Deleted pod: {}", pod.name());
            recorder.normal(controller, "SuccessfulDelete", &text);
        }
    }

    /// Whether a pod has been ready for long enough.
    pub(super) fn is_available(
        &self,
        pod: &Value,
        min_ready: Duration,
    ) -> Result<(), Option<Moment>> {
        if !is_ready(pod) {
            return Err(None);
        }
        let since = self.family.ready_since(pod).ok_or(None)?;
        let at = since + min_ready;
        if at <= self.now { Ok(()) } else { Err(Some(at)) }
    }

    /// Counts pods.
    pub(super) fn tally(&self, pods: &[Arc<Value>], min_ready: Duration) -> Tally {
        let mut tally = Tally::default();
        for pod in pods {
            if pod.is_going() {
                tally.going += 1;
            }
            if !is_active(pod) {
                continue;
            }
            tally.active += 1;
            if is_ready(pod) {
                tally.ready += 1;
            }
            match self.is_available(pod, min_ready) {
                Ok(()) => tally.available += 1,
                Err(Some(at)) => tally.next = Some(tally.next.map_or(at, |it| it.min(at))),
                Err(None) => {}
            }
        }
        tally
    }

    /// When to try again after a failure: soon at first, then ever later.
    pub(super) fn after_failure(&mut self, controller: &Value) -> Moment {
        /// About a quarter of an hour, as the queues of the real controllers have it.
        const MOST: u32 = 10;
        let failures = self.family.failures.entry(controller.uid().to_owned()).or_default();
        *failures = (*failures + 1).min(MOST);
        self.now + Duration::from_secs(1 << *failures)
    }

    /// Writes a status if it is another.
    pub(super) fn report(&self, plural: &str, object: &Value, status: Value) {
        if status == *object.at("/status") {
            return;
        }
        let manager = self.world.store.written_by("kube-controller-manager");
        // The object may be gone by now.
        drop(manager.update_status(plural, object.namespace(), object.name(), |it| {
            put(it, &["status"], status);
            Ok(())
        }));
    }
}

/// The seconds that a pod must have been ready to count as available.
pub(super) fn min_ready(object: &Value) -> Duration {
    Duration::from_secs(u64::try_from(count(object, "/spec/minReadySeconds", 0)).unwrap_or(0))
}

/// Writes numbers into a status; a zero is left out, as the API does.
pub(super) fn put_counts(status: &mut Value, counts: &[(&str, i64)]) {
    for (key, number) in counts {
        if *number == 0 {
            crate::fields::remove(status, &[key]);
        } else {
            put(status, &[key], json!(number));
        }
    }
}
