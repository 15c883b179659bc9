//! One step in the cluster: written once, however often the answer gets lost.

use std::sync::Arc;
use std::time::Duration;

use remedy::{FIX_ID_ANNOTATION, Writer};
use serde_json::Value;
use types::{Action, Mode, ObjectRef, Step};

use super::Fixer;
use crate::cluster::{ClusterError, Leave, Patch, Purpose, Written};
use crate::lead::Lead;

/// How often a write is sent whose answer got lost.
const WRITE_TRIES: usize = 3;
/// How often an eviction is asked for while the API server is busy.
const EVICTION_TRIES: u32 = 5;
/// The least time between two of them.
const EVICTION_PAUSE: Duration = Duration::from_secs(10);
/// How often an object is read to find out whether a write without an answer was made.
const DOUBT_TRIES: u32 = 6;
/// The first pause between two of those reads; it doubles.
const DOUBT_PAUSE: Duration = Duration::from_millis(250);

impl Fixer {
    /// The patch of a step against the object as it is now; `None` for an eviction.
    pub(super) async fn operations(
        &self,
        step: &Step,
        fix_id: &str,
    ) -> Result<Option<Value>, ClusterError> {
        if step.action == Action::Evict {
            return Ok(None);
        }
        let object = self.agent.cluster.object(&step.target).await?;
        Ok(remedy::json_patch(step, fix_id, &object))
    }

    /// Makes the step; answers with the object as it is afterwards, where that is known.
    ///
    /// A write whose answer got lost may still be on its way, even where the object does not show it. So the
    /// very same patch is sent again: it has the same preconditions, and of the two only one can hold.
    pub(super) async fn write(
        &self,
        step: &Step,
        fix_id: &str,
        writer: Writer,
    ) -> Result<Option<Written>, ClusterError> {
        let Some(operations) = self.operations(step, fix_id).await? else {
            return self.evict(&step.target, writer).await.map(|()| None);
        };
        let (target, subresource) = (&step.target, step.subresource);
        let mut doubt = None;
        for _ in 0..WRITE_TRIES {
            let operations = operations.clone();
            let purpose = self.to_write(writer);
            let patch = Patch { target, subresource, operations, purpose };
            let error = match self.agent.cluster.patch(patch).await {
                Ok(after) => return Ok(Some(after)),
                // The one before may still be on its way.
                Err(ClusterError::Stopped) if doubt.is_some() => break,
                Err(error) => error,
            };
            let in_doubt = error.is_in_doubt();
            if (in_doubt || doubt.is_some()) && self.has_been_written(step, fix_id).await? {
                return Ok(None);
            }
            if !in_doubt {
                return Err(error);
            }
            doubt = Some(error);
        }
        let doubt = doubt.map_or_else(String::new, |it| it.to_string());
        Err(ClusterError::Unreachable(doubt))
    }

    /// Evicts the pod, unless it is ready by now: an eviction holds to no version, and what was seen of the pod may
    /// be a while ago. A disruption budget that needs it is a refusal, and nothing is tried in its place.
    pub(super) async fn evict(&self, pod: &ObjectRef, writer: Writer) -> Result<(), ClusterError> {
        let mut tried = 0;
        loop {
            tried += 1;
            if self.is_spared(pod).await? {
                return Ok(());
            }
            match self.agent.cluster.evict(pod, self.to_write(writer)).await {
                // Gone is what was wanted.
                Ok(()) | Err(ClusterError::NotFound(_)) => return Ok(()),
                Err(ClusterError::Throttled { retry_after, .. }) if tried < EVICTION_TRIES => {
                    tokio::time::sleep(retry_after.max(EVICTION_PAUSE)).await;
                }
                Err(error) => return Err(error),
            }
            if !self.may_write() {
                return Err(ClusterError::Stopped);
            }
        }
    }

    /// Whether nothing is left to do about the pod that is to go: it is ready now, or gone.
    pub(super) async fn is_spared(&self, pod: &ObjectRef) -> Result<bool, ClusterError> {
        match self.agent.cluster.object(pod).await {
            Ok(object) => {
                let uid = object.pointer("/metadata/uid").and_then(Value::as_str);
                Ok(uid != Some(pod.uid.as_str()) || is_ready(&object))
            }
            Err(ClusterError::NotFound(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// A write got no answer: the fix id that it carries tells whether it was made.
    async fn has_been_written(&self, step: &Step, fix_id: &str) -> Result<bool, ClusterError> {
        let mut pause = DOUBT_PAUSE;
        let mut last = ClusterError::Unreachable(step.target.to_string());
        for _ in 0..DOUBT_TRIES {
            tokio::time::sleep(pause).await;
            pause *= 2;
            match self.agent.cluster.object(&step.target).await {
                Ok(object) => return Ok(has_landed(&object, step, fix_id)),
                Err(error) if error.is_in_doubt() => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(ClusterError::Unreachable(last.to_string()))
    }

    /// Whether the stop button is out, and this replica leads.
    pub(super) fn may_write(&self) -> bool {
        may_write(self.mode(), &self.lead)
    }

    /// The same, to be asked when a request is ready to be sent.
    pub(super) fn leave(&self) -> Leave {
        let (mode, lead) = (self.mode_changes(), Arc::clone(&self.lead));
        Leave::new(move || may_write(*mode.borrow(), &lead))
    }

    /// What every write is sent for.
    pub(super) fn to_write(&self, writer: Writer) -> Purpose {
        Purpose::Write(writer, self.leave())
    }
}

/// Whether this pod serves. One that has finished does not, and goes whatever it says.
fn is_ready(pod: &Value) -> bool {
    let runs = pod.pointer("/status/phase").and_then(Value::as_str) == Some("Running");
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    let ready = |it: &Value| it.get("type") == Some(&"Ready".into());
    let is_true = |it: &Value| it.get("status") == Some(&"True".into());
    runs && conditions.is_some_and(|all| all.iter().any(|it| ready(it) && is_true(it)))
}

fn may_write(mode: Mode, lead: &Lead) -> bool {
    mode != Mode::Observe && lead.leads()
}

/// Whether this step was made: by the fix id or, where that is not kept, by the values.
pub(super) fn has_landed(object: &Value, step: &Step, fix_id: &str) -> bool {
    let mark = object.get("metadata").and_then(|it| it.get("annotations")?.get(FIX_ID_ANNOTATION));
    if mark.and_then(Value::as_str) == Some(fix_id) {
        return true;
    }
    step.subresource.is_some() && holds(object, &step.action)
}

/// Whether every field already is as the action wants it.
pub(super) fn holds(object: &Value, action: &Action) -> bool {
    match action {
        Action::Edit(edits) => {
            edits.iter().all(|it| object.pointer(it.path.as_str()) == it.to.as_ref())
        }
        Action::Evict | Action::Restart => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_that_serves_is_ready_and_one_that_fails_or_has_finished_is_not() {
        let pod = |phase: &str, ready: &str| {
            json!({"status": {"phase": phase, "conditions": [
                {"type": "Initialized", "status": "True"}, {"type": "Ready", "status": ready},
            ]}})
        };

        assert!(is_ready(&pod("Running", "True")));
        for (phase, ready) in [("Running", "False"), ("Failed", "True"), ("Succeeded", "True")] {
            assert!(!is_ready(&pod(phase, ready)), "{phase} {ready}");
        }
        assert!(!is_ready(&json!({})));
    }
}
