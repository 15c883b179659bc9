//! The readiness gates of a pod: what it waits for although its containers are ready.

use k8s_openapi::api::core::v1::Pod;
use types::GateFacts;

use crate::evidence::pods::condition;
use crate::redact::cut;
use crate::{Objects, Redactor};

/// Gates of one pod that are told.
const MAX_GATES: usize = 10;
/// Characters of a condition's message that are kept.
const MAX_CHARS: usize = 200;

/// The gates that are not met, of a pod whose containers are ready.
pub(super) fn facts(objects: &Objects, pod: &Pod, redactor: &Redactor) -> Vec<GateFacts> {
    let Some(ready) = condition(pod, "ContainersReady").filter(|it| it.status == "True") else {
        return vec![];
    };
    let template = objects.root.pod_spec().and_then(|it| it.readiness_gates.as_deref());
    let path = objects.root.kind().pod_spec_path().map(|it| it.child("readinessGates"));
    let gates = pod.spec.iter().flat_map(|it| it.readiness_gates.iter().flatten());
    let unmet = gates.filter_map(|gate| {
        let set = condition(pod, &gate.condition_type);
        if set.is_some_and(|it| it.status == "True") {
            return None;
        }
        let named = template.unwrap_or_default().iter();
        let at = named.enumerate().find(|it| it.1.condition_type == gate.condition_type);
        let said = set.map(|it| {
            let words = it.message.as_deref().filter(|it| !it.is_empty());
            let words = words.or(it.reason.as_deref()).unwrap_or(&it.status);
            cut(&redactor.redact(words), MAX_CHARS).to_owned()
        });
        Some(GateFacts {
            condition: gate.condition_type.clone(),
            path: at.and_then(|it| Some(path.as_ref()?.index(it.0).to_string())),
            said,
            since: ready.last_transition_time.as_ref().map(|it| it.0),
        })
    });
    unmet.take(MAX_GATES).collect()
}
