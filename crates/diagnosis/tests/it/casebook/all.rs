//! Every object of a page, and which of them hang on a root.

use std::collections::BTreeSet;
use std::sync::Arc;

use diagnosis::{Root, Webhook};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use serde_yaml_ng::Value;

/// Every object of a page.
pub(super) struct All(pub(super) Vec<Value>);

impl All {
    pub(super) fn read<T: DeserializeOwned>(&self, kind: &str) -> Vec<T> {
        let documents = self.0.iter().filter(|it| it["kind"].as_str() == Some(kind));
        let read = |it: &Value| serde_yaml_ng::from_value(it.clone());
        documents.map(|it| read(it).unwrap_or_else(|error| panic!("{kind}: {error}"))).collect()
    }

    pub(super) fn of<T: DeserializeOwned + Owned>(
        &self,
        kind: &str,
        wanted: impl Fn(&ObjectMeta) -> bool,
    ) -> Vec<Arc<T>> {
        let all = self.read::<T>(kind).into_iter();
        all.filter(|it| wanted(it.metadata())).map(Arc::new).collect()
    }

    pub(super) fn webhooks(&self) -> Vec<Webhook> {
        let validating = self.read("ValidatingWebhookConfiguration");
        let mutating = self.read("MutatingWebhookConfiguration");
        let validating = validating.iter().flat_map(Webhook::validating);
        validating.chain(mutating.iter().flat_map(Webhook::mutating)).collect()
    }

    /// The names of the objects of a kind in this namespace; one that names none is in every one.
    pub(super) fn names_in(&self, kind: &str, space: Option<&str>) -> Vec<String> {
        let documents = self.0.iter().filter(|it| it["kind"].as_str() == Some(kind));
        let metadata = documents.filter_map(|it| it.get("metadata"));
        let here = metadata.filter(|it| {
            let own = it.get("namespace").and_then(Value::as_str);
            own.is_none() || own == space
        });
        here.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    }

    pub(super) fn names(&self, kind: &str) -> Vec<String> {
        let documents = self.0.iter().filter(|it| it["kind"].as_str() == Some(kind));
        documents
            .map(|it| it.get("metadata").unwrap()["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The objects that nothing owns and that a fix could change.
    pub(super) fn roots(&self) -> Vec<Root> {
        let mut roots: Vec<Root> = vec![];
        roots.extend(self.of("Pod", is_root).into_iter().map(Root::Pod));
        roots.extend(self.of("Deployment", is_root).into_iter().map(Root::Deployment));
        roots.extend(self.of("ReplicaSet", is_root).into_iter().map(Root::ReplicaSet));
        roots.extend(self.of("StatefulSet", is_root).into_iter().map(Root::StatefulSet));
        roots.extend(self.of("DaemonSet", is_root).into_iter().map(Root::DaemonSet));
        roots.extend(self.of("Job", is_root).into_iter().map(Root::Job));
        roots.extend(self.of("CronJob", is_root).into_iter().map(Root::CronJob));
        roots
    }
}

fn is_root(metadata: &ObjectMeta) -> bool {
    metadata.owner_references.iter().flatten().all(|it| it.controller != Some(true))
}

/// The uids of a root and of all that hangs on it.
pub(super) struct Below(pub(super) BTreeSet<String>);

impl Below {
    pub(super) fn of(root: &Root, all: &All) -> Self {
        let mut below = Self(root.metadata().uid.iter().cloned().collect());
        // From the root over a job or a ReplicaSet to a pod are two steps.
        for _ in 0..2 {
            for it in &all.0 {
                let metadata: ObjectMeta =
                    serde_yaml_ng::from_value(it["metadata"].clone()).unwrap();
                let uid = metadata.uid.clone().filter(|_| below.has(&metadata));
                below.0.extend(uid);
            }
        }
        below
    }

    pub(super) fn has(&self, metadata: &ObjectMeta) -> bool {
        let owners = metadata.owner_references.iter().flatten();
        let uids = owners.map(|it| &it.uid).chain(&metadata.uid);
        uids.into_iter().any(|it| self.0.contains(it))
    }
}

/// What has metadata.
pub(super) trait Owned {
    fn metadata(&self) -> &ObjectMeta;
}

impl<T: k8s_openapi::Metadata<Ty = ObjectMeta>> Owned for T {
    fn metadata(&self) -> &ObjectMeta {
        k8s_openapi::Metadata::metadata(self)
    }
}
