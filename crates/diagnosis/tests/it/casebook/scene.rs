//! The objects of a page, as the agent would have read them.

use std::collections::BTreeSet;
use std::sync::Arc;

use diagnosis::{ConfigMapKeys, Log, Objects, Redactor, Root};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_yaml_ng::Value;
use types::Evidence;

/// The first document of a page: when and around what the others were read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame {
    taken_at: Timestamp,
    /// `Deployment web`
    root: String,
    #[serde(default)]
    logs: Vec<LogText>,
    /// Names of revisions that the agent saw ready.
    #[serde(default)]
    ready_revisions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogText {
    pod: String,
    container: String,
    #[serde(default)]
    previous: bool,
    text: String,
}

/// The facts in the objects of a page.
pub(super) fn evidence(text: &str) -> Evidence {
    gathered(&objects(text))
}

/// The facts in these objects.
pub(super) fn gathered(objects: &Objects) -> Evidence {
    diagnosis::gather(objects, &Redactor::new([0; 32]))
}

/// The objects of a page.
pub(super) fn objects(text: &str) -> Objects {
    let mut documents = serde_yaml_ng::Deserializer::from_str(text);
    let frame = Frame::deserialize(documents.next().unwrap()).unwrap();
    let documents: Vec<_> = documents.map(|it| Value::deserialize(it).unwrap()).collect();
    let all = All(documents);

    let roots = all.roots();
    let named = |it: &&Root| {
        format!("{} {}", it.kind(), it.metadata().name.as_deref().unwrap_or_default()) == frame.root
    };
    let root = roots.iter().find(named).unwrap_or_else(|| panic!("no {}", frame.root)).clone();
    let below = Below::of(&root, &all);
    let log = |it: LogText| Log {
        pod: it.pod,
        container: it.container,
        previous: it.previous,
        text: it.text,
    };
    Objects {
        taken_at: frame.taken_at,
        cluster: "casebook".to_owned(),
        pods: all.of("Pod", |it| below.has(it)),
        replica_sets: all.of("ReplicaSet", |it| below.has(it)),
        controller_revisions: all.of("ControllerRevision", |it| below.has(it)),
        jobs: all.of("Job", |it| below.has(it)),
        events: all
            .read("Event")
            .into_iter()
            .filter(|it: &k8s_openapi::api::core::v1::Event| {
                let uid = it.involved_object.uid.as_deref();
                uid.is_some_and(|it| below.0.contains(it))
            })
            .map(Arc::new)
            .collect(),
        nodes: Some(all.of("Node", |_| true)).filter(|it| !it.is_empty()),
        all_pods: all.of("Pod", |_| true),
        config_maps: Some(all.read::<ConfigMap>("ConfigMap").iter().map(keys).collect()),
        claims: Some(all.names("PersistentVolumeClaim")),
        service_accounts: Some(all.names("ServiceAccount")),
        autoscalers: Some(all.read("HorizontalPodAutoscaler")),
        workloads: roots,
        logs: frame.logs.into_iter().map(log).collect(),
        usage: vec![],
        ready_revisions: frame.ready_revisions,
        unread: vec![],
        root,
    }
}

/// Every object of a page.
struct All(Vec<Value>);

impl All {
    fn read<T: DeserializeOwned>(&self, kind: &str) -> Vec<T> {
        let documents = self.0.iter().filter(|it| it["kind"].as_str() == Some(kind));
        let read = |it: &Value| serde_yaml_ng::from_value(it.clone());
        documents.map(|it| read(it).unwrap_or_else(|error| panic!("{kind}: {error}"))).collect()
    }

    fn of<T: DeserializeOwned + Owned>(
        &self,
        kind: &str,
        wanted: impl Fn(&ObjectMeta) -> bool,
    ) -> Vec<Arc<T>> {
        let all = self.read::<T>(kind).into_iter();
        all.filter(|it| wanted(it.metadata())).map(Arc::new).collect()
    }

    fn names(&self, kind: &str) -> Vec<String> {
        let documents = self.0.iter().filter(|it| it["kind"].as_str() == Some(kind));
        documents
            .map(|it| it.get("metadata").unwrap()["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The objects that nothing owns and that a fix could change.
    fn roots(&self) -> Vec<Root> {
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

fn keys(map: &ConfigMap) -> ConfigMapKeys {
    ConfigMapKeys {
        name: map.metadata.name.clone().unwrap(),
        keys: map.data.iter().flatten().map(|it| it.0.clone()).collect(),
    }
}

/// The uids of a root and of all that hangs on it.
struct Below(BTreeSet<String>);

impl Below {
    fn of(root: &Root, all: &All) -> Self {
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

    fn has(&self, metadata: &ObjectMeta) -> bool {
        let owners = metadata.owner_references.iter().flatten();
        let uids = owners.map(|it| &it.uid).chain(&metadata.uid);
        uids.into_iter().any(|it| self.0.contains(it))
    }
}

/// What has metadata.
trait Owned {
    fn metadata(&self) -> &ObjectMeta;
}

impl<T: k8s_openapi::Metadata<Ty = ObjectMeta>> Owned for T {
    fn metadata(&self) -> &ObjectMeta {
        k8s_openapi::Metadata::metadata(self)
    }
}
