//! How an object of the cluster, and a field in it, is named.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ContainerRole;

/// The kinds of object that an incident, a fact or a step can be about.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum Kind {
    /// A pod; the subject only when nothing owns it.
    Pod,
    /// `apps/v1` Deployment.
    Deployment,
    /// `apps/v1` ReplicaSet; the subject only when no Deployment owns it.
    ReplicaSet,
    /// `apps/v1` StatefulSet.
    StatefulSet,
    /// `apps/v1` DaemonSet.
    DaemonSet,
    /// `batch/v1` Job.
    Job,
    /// `batch/v1` CronJob.
    CronJob,
    /// A node.
    Node,
    /// A service.
    Service,
    /// A persistent volume claim.
    PersistentVolumeClaim,
    /// A ConfigMap; only what is shown to a person is about one.
    ConfigMap,
}

impl Kind {
    /// Every kind, in the order of the enum.
    pub const ALL: [Self; 11] = [
        Self::Pod,
        Self::Deployment,
        Self::ReplicaSet,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::Job,
        Self::CronJob,
        Self::Node,
        Self::Service,
        Self::PersistentVolumeClaim,
        Self::ConfigMap,
    ];

    /// Group and version as written in a manifest.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Pod
            | Self::Node
            | Self::Service
            | Self::PersistentVolumeClaim
            | Self::ConfigMap => "v1",
            Self::Deployment | Self::ReplicaSet | Self::StatefulSet | Self::DaemonSet => "apps/v1",
            Self::Job | Self::CronJob => "batch/v1",
        }
    }

    /// The kind as written in a manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pod => "Pod",
            Self::Deployment => "Deployment",
            Self::ReplicaSet => "ReplicaSet",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
            Self::Node => "Node",
            Self::Service => "Service",
            Self::PersistentVolumeClaim => "PersistentVolumeClaim",
            Self::ConfigMap => "ConfigMap",
        }
    }

    /// The kind that a manifest names, if it is one of ours.
    pub fn parse(kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == kind)
    }

    /// Where the template of the pods stands in an object of this kind; `None` where there is none.
    pub fn template_path(self) -> Option<FieldPath> {
        let spec = FieldPath::root().child("spec");
        match self {
            Self::Deployment
            | Self::ReplicaSet
            | Self::StatefulSet
            | Self::DaemonSet
            | Self::Job => Some(spec.child("template")),
            Self::CronJob => Some(spec.child("jobTemplate").child("spec").child("template")),
            Self::Pod
            | Self::Node
            | Self::Service
            | Self::PersistentVolumeClaim
            | Self::ConfigMap => None,
        }
    }

    /// Where the pod spec stands in an object of this kind; `None` where there is none.
    pub fn pod_spec_path(self) -> Option<FieldPath> {
        match self {
            Self::Pod => Some(FieldPath::root().child("spec")),
            Self::Deployment
            | Self::ReplicaSet
            | Self::StatefulSet
            | Self::DaemonSet
            | Self::Job
            | Self::CronJob
            | Self::Node
            | Self::Service
            | Self::PersistentVolumeClaim
            | Self::ConfigMap => self.template_path().map(|it| it.child("spec")),
        }
    }

    /// Where a container stands in an object of this kind; `None` where there is no pod spec.
    pub fn container_path(self, role: ContainerRole, index: usize) -> Option<FieldPath> {
        Some(self.pod_spec_path()?.child(role.list()).index(index))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One object of a cluster, as it was when we looked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct ObjectRef {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; empty for objects that have none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The uid it had; empty where it was not read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// The resourceVersion it had; empty where it was not read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
}

impl ObjectRef {
    /// A reference by name alone.
    pub fn named(kind: Kind, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind,
            namespace: namespace.into(),
            name: name.into(),
            uid: String::new(),
            resource_version: String::new(),
        }
    }

    /// Whether both name the same object, whatever version of it.
    pub fn is_same(&self, other: &Self) -> bool {
        self.kind == other.kind && self.namespace == other.namespace && self.name == other.name
    }

    /// Whether both name the same object, and not one that was made anew under its name. Where a uid was not read,
    /// the name decides.
    pub fn is_same_life(&self, other: &Self) -> bool {
        let is_known = !self.uid.is_empty() && !other.uid.is_empty();
        self.is_same(other) && (!is_known || self.uid == other.uid)
    }
}

/// `Deployment shop/web`
impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// A field of an object, as a JSON Pointer (RFC 6901).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, example = "/spec/template/spec/containers/0/image")]
pub struct FieldPath(String);

impl FieldPath {
    /// The whole object.
    pub fn root() -> Self {
        Self(String::new())
    }

    /// The field that a JSON Pointer names; `None` for text that is no pointer (RFC 6901).
    pub fn parse(pointer: &str) -> Option<Self> {
        let starts = pointer.is_empty() || pointer.starts_with('/');
        let escapes = pointer.split('~').skip(1).all(|it| it.starts_with(['0', '1']));
        (starts && escapes).then(|| Self(pointer.to_owned()))
    }

    /// The member of this field, with the escapes of RFC 6901.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        Self(format!("{}/{}", self.0, name.replace('~', "~0").replace('/', "~1")))
    }

    /// The element of this list.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0))
    }

    /// The pointer as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this field is `ancestor` or lies inside it.
    pub fn is_within(&self, ancestor: &Self) -> bool {
        self.0
            .strip_prefix(ancestor.0.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The unescaped names on the way from the object to the field.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        self.0.split('/').skip(1).map(|it| it.replace("~1", "/").replace("~0", "~"))
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_slash_stays_one_step_of_the_path() {
        let path = FieldPath::root().child("metadata").child("annotations").child("a/b~c");

        assert_eq!(path.as_str(), "/metadata/annotations/a~1b~0c");
        assert_eq!(path.names().last().as_deref(), Some("a/b~c"));
    }

    #[test]
    fn text_that_is_no_pointer_names_no_field() {
        assert_eq!(
            FieldPath::parse("/a~1b").map(|it| it.names().collect()),
            Some(vec!["a/b".to_owned()])
        );
        for text in ["a", "a/b", "/~", "/~2"] {
            assert_eq!(FieldPath::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_longer_name_does_not_lie_within_a_shorter_one() {
        let spec = FieldPath::root().child("spec");

        assert!(spec.child("replicas").is_within(&spec));
        assert!(!FieldPath::root().child("special").is_within(&spec));
    }
}
