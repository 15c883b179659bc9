//! Which revisions were seen ready: what a rollback may return to.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use k8s_openapi::api::core::v1::Pod;
use types::{Kind, ObjectRef};

use super::caches::controller;

/// How many are remembered. Whoever has more begins anew: what is ready now is seen again at once.
const LIMIT: usize = 20_000;
/// The label with which stateful and daemon sets name the revision of a pod.
const REVISION_LABEL: &str = "controller-revision-hash";

/// The revisions whose pods were seen ready, as namespace and name of the object that holds the template.
#[derive(Debug, Default)]
pub(super) struct ReadyRevisions {
    seen: Mutex<BTreeSet<(String, String)>>,
}

impl ReadyRevisions {
    /// Remembers the revision of this pod, if it is ready.
    pub(super) fn note(&self, pod: &Pod) {
        let Some(name) = revision_name(pod).filter(|_| is_ready(pod)) else { return };
        let namespace = pod.metadata.namespace.clone().unwrap_or_default();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if LIMIT <= seen.len() {
            seen.clear();
        }
        seen.insert((namespace, name));
    }

    /// Those of a subject: the names of its revisions begin with its own.
    pub(super) fn of(&self, subject: &ObjectRef) -> Vec<String> {
        let prefix = format!("{}-", subject.name);
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.range((subject.namespace.clone(), prefix.clone())..)
            .take_while(|(it, name)| *it == subject.namespace && name.starts_with(&prefix))
            .map(|(_, name)| name.clone())
            .collect()
    }
}

/// The name of the ReplicaSet or ControllerRevision that holds the template of this pod.
fn revision_name(pod: &Pod) -> Option<String> {
    let owner = controller(&pod.metadata)?;
    let hash = || pod.metadata.labels.as_ref()?.get(REVISION_LABEL);
    if owner.kind == Kind::ReplicaSet.as_str() {
        Some(owner.name.clone())
    } else if owner.kind == Kind::StatefulSet.as_str() {
        // Here the label is the whole name.
        hash().cloned()
    } else if owner.kind == Kind::DaemonSet.as_str() {
        hash().map(|it| format!("{}-{it}", owner.name))
    } else {
        None
    }
}

fn is_ready(pod: &Pod) -> bool {
    let mut conditions = pod.status.iter().flat_map(|it| it.conditions.iter().flatten());
    conditions.any(|it| it.type_ == "Ready" && it.status == "True")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(kind: &str, owner: &str, hash: &str, ready: &str) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"namespace": "shop", "labels": {REVISION_LABEL: hash}, "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": kind, "name": owner, "uid": "u", "controller": true}]},
            "status": {"conditions": [{"type": "Ready", "status": ready}]}}))
        .unwrap()
    }

    #[test]
    fn each_kind_names_its_revisions_in_its_own_way() {
        let revisions = ReadyRevisions::default();
        revisions.note(&pod("ReplicaSet", "web-7d9", "", "True"));
        revisions.note(&pod("ReplicaSet", "web-bad", "", "False"));
        revisions.note(&pod("StatefulSet", "db", "db-5f4", "True"));
        revisions.note(&pod("DaemonSet", "log", "6c8", "True"));

        let of = |kind, name| revisions.of(&ObjectRef::named(kind, "shop", name));

        assert_eq!(of(Kind::Deployment, "web"), ["web-7d9"]);
        assert_eq!(of(Kind::StatefulSet, "db"), ["db-5f4"]);
        assert_eq!(of(Kind::DaemonSet, "log"), ["log-6c8"]);
        assert!(revisions.of(&ObjectRef::named(Kind::Deployment, "other", "web")).is_empty());
    }
}
