//! What all root owners have in common: a name, a template and pods.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use types::{ContainerRole, FieldPath, Kind, ObjectRef};

use crate::Root;

/// Labels and annotations of a template that controllers and restarts add: not part of what "the same spec" means.
const NOT_SPEC: [&str; 6] = [
    "pod-template-hash",
    "controller-revision-hash",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "kubectl.kubernetes.io/restartedAt",
    "k8s-reflexion.io/restarted-by",
];

impl Root {
    /// Its metadata.
    pub fn metadata(&self) -> &ObjectMeta {
        match self {
            Self::Pod(it) => &it.metadata,
            Self::Deployment(it) => &it.metadata,
            Self::ReplicaSet(it) => &it.metadata,
            Self::StatefulSet(it) => &it.metadata,
            Self::DaemonSet(it) => &it.metadata,
            Self::Job(it) => &it.metadata,
            Self::CronJob(it) => &it.metadata,
            Self::Service(it) => &it.metadata,
        }
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Pod(_) => Kind::Pod,
            Self::Deployment(_) => Kind::Deployment,
            Self::ReplicaSet(_) => Kind::ReplicaSet,
            Self::StatefulSet(_) => Kind::StatefulSet,
            Self::DaemonSet(_) => Kind::DaemonSet,
            Self::Job(_) => Kind::Job,
            Self::CronJob(_) => Kind::CronJob,
            Self::Service(_) => Kind::Service,
        }
    }

    /// Its name, with uid and resourceVersion as it was read.
    pub fn object_ref(&self) -> ObjectRef {
        let metadata = self.metadata();
        let word = |it: &Option<String>| it.clone().unwrap_or_default();
        ObjectRef {
            kind: self.kind(),
            namespace: word(&metadata.namespace),
            name: word(&metadata.name),
            uid: word(&metadata.uid),
            resource_version: word(&metadata.resource_version),
        }
    }

    /// Its pod template; `None` for a pod, which is one itself, and for a Service, which has none.
    fn template(&self) -> Option<&PodTemplateSpec> {
        match self {
            Self::Pod(_) | Self::Service(_) => None,
            Self::Deployment(it) => it.spec.as_ref().map(|it| &it.template),
            Self::ReplicaSet(it) => it.spec.as_ref()?.template.as_ref(),
            Self::StatefulSet(it) => it.spec.as_ref().map(|it| &it.template),
            Self::DaemonSet(it) => it.spec.as_ref().map(|it| &it.template),
            Self::Job(it) => it.spec.as_ref().map(|it| &it.template),
            Self::CronJob(it) => it.spec.job_template.spec.as_ref().map(|it| &it.template),
        }
    }

    /// What its template gives its pods besides their spec.
    pub(crate) fn template_metadata(&self) -> Option<&ObjectMeta> {
        self.template()?.metadata.as_ref()
    }

    /// The pod spec that it wants.
    pub fn pod_spec(&self) -> Option<&PodSpec> {
        match self {
            Self::Pod(it) => it.spec.as_ref(),
            Self::Deployment(_)
            | Self::ReplicaSet(_)
            | Self::StatefulSet(_)
            | Self::DaemonSet(_)
            | Self::Job(_)
            | Self::CronJob(_)
            | Self::Service(_) => self.template()?.spec.as_ref(),
        }
    }

    /// Where its template stands in it.
    pub(crate) fn template_path() -> FieldPath {
        FieldPath::root().child("spec").child("template")
    }

    /// Hash over its template: 16 hexadecimal digits. The same hash means that it wants the same.
    pub fn spec_hash(&self) -> String {
        spec_hash(&self.template_json())
    }

    /// Its template as JSON, without what controllers add; selector and ports of a Service.
    pub(crate) fn template_json(&self) -> Value {
        match self {
            Self::Pod(it) => {
                let mut spec = json!(it.spec);
                if let Some(spec) = spec.as_object_mut() {
                    spec.remove("nodeName");
                }
                json!({"spec": spec})
            }
            Self::Deployment(_)
            | Self::ReplicaSet(_)
            | Self::StatefulSet(_)
            | Self::DaemonSet(_)
            | Self::Job(_)
            | Self::CronJob(_) => self.template().map(template_json).unwrap_or_default(),
            // What says where its traffic goes.
            Self::Service(it) => {
                let spec = it.spec.as_ref();
                json!({"selector": spec.map(|it| &it.selector), "ports": spec.map(|it| &it.ports)})
            }
        }
    }

    /// How many replicas it wants; `None` for what has no such number.
    pub(crate) fn desired(&self) -> Option<i32> {
        match self {
            Self::Deployment(it) => Some(it.spec.as_ref()?.replicas.unwrap_or(1)),
            Self::ReplicaSet(it) => Some(it.spec.as_ref()?.replicas.unwrap_or(1)),
            Self::StatefulSet(it) => Some(it.spec.as_ref()?.replicas.unwrap_or(1)),
            Self::Pod(_)
            | Self::DaemonSet(_)
            | Self::Job(_)
            | Self::CronJob(_)
            | Self::Service(_) => None,
        }
    }

    /// Whether a selector of these labels would take its pods.
    pub(crate) fn takes(&self, selector: &BTreeMap<String, String>) -> bool {
        let labels = self.pod_labels();
        selector.iter().all(|(key, value)| labels.and_then(|it| it.get(key)) == Some(value))
    }

    /// The labels that its pods have.
    pub(crate) fn pod_labels(&self) -> Option<&BTreeMap<String, String>> {
        match self {
            Self::Pod(it) => it.metadata.labels.as_ref(),
            Self::Deployment(_)
            | Self::ReplicaSet(_)
            | Self::StatefulSet(_)
            | Self::DaemonSet(_)
            | Self::Job(_)
            | Self::CronJob(_)
            | Self::Service(_) => {
                self.template().and_then(|it| it.metadata.as_ref()?.labels.as_ref())
            }
        }
    }

    /// Its spec as JSON, as it stands in the object.
    pub(crate) fn spec_json(&self) -> Value {
        match self {
            Self::Pod(it) => json!(it.spec),
            Self::Deployment(it) => json!(it.spec),
            Self::ReplicaSet(it) => json!(it.spec),
            Self::StatefulSet(it) => json!(it.spec),
            Self::DaemonSet(it) => json!(it.spec),
            Self::Job(it) => json!(it.spec),
            Self::CronJob(it) => json!(it.spec),
            Self::Service(it) => json!(it.spec),
        }
    }

    /// An annotation of it.
    pub(crate) fn annotation(&self, name: &str) -> Option<&str> {
        self.metadata().annotations.as_ref()?.get(name).map(String::as_str)
    }
}

/// A template as JSON, without what controllers and restarts add.
pub(crate) fn template_json(template: &PodTemplateSpec) -> Value {
    let mut template = json!(template);
    for part in ["labels", "annotations"] {
        let Some(metadata) = template.get_mut("metadata").and_then(Value::as_object_mut) else {
            continue;
        };
        let Some(entries) = metadata.get_mut(part).and_then(Value::as_object_mut) else {
            continue;
        };
        entries.retain(|name, _| !NOT_SPEC.contains(&name.as_str()));
        if entries.is_empty() {
            metadata.remove(part);
        }
    }
    template
}

/// Hash over a template: 16 hexadecimal digits of SHA-256 over its JSON with sorted members.
pub(crate) fn spec_hash(template: &Value) -> String {
    let mut hash = Sha256::new();
    digest(template, &mut hash);
    let bytes = hash.finalize();
    let word = bytes.iter().take(8).fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
    format!("{word:016x}")
}

/// The containers of a pod spec that stands at `path`, each with its place; those that stay stand first.
pub(crate) fn placed<'s>(
    spec: &'s PodSpec,
    path: &FieldPath,
) -> impl Iterator<Item = (FieldPath, &'s Container)> {
    let of = |role: ContainerRole, list: &'s [Container]| {
        let list = list.iter().enumerate();
        let path = path.child(role.list());
        list.map(move |(at, it)| (path.index(at), it))
    };
    let first = spec.init_containers.as_deref().unwrap_or_default();
    of(ContainerRole::App, &spec.containers).chain(of(ContainerRole::Init, first))
}

/// Feeds a value to the hash in one order, whatever the order of its members.
fn digest(value: &Value, hash: &mut Sha256) {
    match value {
        Value::Object(members) => {
            let mut names: Vec<_> = members.iter().collect();
            names.sort_by_key(|it| it.0);
            hash.update(b"{");
            for (name, member) in names {
                hash.update(name.as_bytes());
                hash.update(b":");
                digest(member, hash);
            }
            hash.update(b"}");
        }
        Value::Array(items) => {
            hash.update(b"[");
            for item in items {
                digest(item, hash);
                hash.update(b",");
            }
            hash.update(b"]");
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            hash.update(value.to_string().as_bytes());
        }
    }
}
