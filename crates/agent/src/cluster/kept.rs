//! How an object is kept: whole while it may mean trouble, else packed, a fortieth of its size.

use std::fmt::Debug;
use std::sync::Arc;

use diagnosis::{PodOutline, Root, ServiceOutline};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Event, Node, Pod, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::Serialize;
use serde::de::DeserializeOwned;
use types::Kind;

use super::caches::controller;
use super::events::last_seen;
use super::packed::{Packed, Press};
use super::prune::Prune;

/// A kind of object that is kept.
pub trait Kept:
    Resource<DynamicType = ()> + Prune + Clone + Debug + Serialize + DeserializeOwned + Send + Sync
{
    /// What of each object stays at hand while it is packed.
    type Outline: Clone + Debug + Send + Sync;

    /// The object in outline.
    fn outline(&self) -> Self::Outline;

    /// Drops what nobody reads of a quiet one.
    fn thin(&mut self) {}

    /// Whether nothing bad can be said of it as it is, at any time. It is packed then.
    fn is_quiet(self: &Arc<Self>) -> bool {
        false
    }
}

/// Who an object is, and who owns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Links {
    pub(super) uid: Box<str>,
    pub(super) resource_version: Box<str>,
    /// The controller, if it is of a kind that holds a pod template.
    pub(super) owner: Option<Owner>,
}

/// An owner as its object names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) kind: Kind,
    pub(super) name: Box<str>,
    pub(super) uid: Box<str>,
}

impl Links {
    pub(super) fn of(metadata: &ObjectMeta) -> Self {
        let word = |it: &Option<String>| it.as_deref().unwrap_or_default().into();
        Self {
            uid: word(&metadata.uid),
            resource_version: word(&metadata.resource_version),
            owner: owner_of_ours(metadata),
        }
    }
}

/// The controller, if it is of a kind that holds a pod template. A node, which owns the pods that its
/// kubelet starts by itself, is none; nor is an equal name in somebody else's API group.
fn owner_of_ours(metadata: &ObjectMeta) -> Option<Owner> {
    let owner = controller(metadata)?;
    let kind = Kind::parse(&owner.kind)?;
    let holds_template = kind != Kind::Pod && kind.pod_spec_path().is_some();
    (holds_template && owner.api_version == kind.api_version()).then(|| Owner {
        kind,
        name: owner.name.as_str().into(),
        uid: owner.uid.as_str().into(),
    })
}

/// An object as it is kept.
#[derive(Debug)]
pub(super) struct Parcel<K: Kept> {
    pub(super) links: Links,
    pub(super) outline: K::Outline,
    pub(super) content: Content<K>,
}

#[derive(Debug)]
pub(super) enum Content<K> {
    Whole(Arc<K>),
    Packed(Packed),
}

impl<K> Clone for Content<K> {
    fn clone(&self) -> Self {
        match self {
            Self::Whole(object) => Self::Whole(Arc::clone(object)),
            Self::Packed(packed) => Self::Packed(packed.clone()),
        }
    }
}

impl<K: Kept> Parcel<K> {
    pub(super) fn of(object: &Arc<K>, press: &Press) -> Self {
        let packed = object.is_quiet().then(|| packed(object, press)).flatten();
        Self {
            links: Links::of(object.meta()),
            outline: object.outline(),
            content: match packed {
                Some(packed) => Content::Packed(packed),
                None => Content::Whole(Arc::clone(object)),
            },
        }
    }

    /// The object, if it is not quiet.
    pub(super) fn restless(&self) -> Option<Arc<K>> {
        match &self.content {
            Content::Whole(object) => Some(Arc::clone(object)),
            Content::Packed(_) => None,
        }
    }
}

fn packed<K: Kept>(object: &Arc<K>, press: &Press) -> Option<Packed> {
    let mut thin = K::clone(object);
    thin.thin();
    press.pack(&thin)
}

impl<K: Kept> Content<K> {
    /// The object. What was packed here is read here: that it cannot be read does not happen.
    pub(super) fn open(self) -> Option<Arc<K>> {
        match self {
            Self::Whole(object) => Some(object),
            Self::Packed(packed) => match packed.open::<K>() {
                Ok(object) => Some(object.pruned()),
                Err(error) => {
                    tracing::error!(%error, kind = %K::kind(&()), "an object cannot be unpacked");
                    None
                }
            },
        }
    }
}

impl Kept for Pod {
    type Outline = Arc<PodOutline>;

    fn outline(&self) -> Self::Outline {
        Arc::new(PodOutline::of(self))
    }

    fn is_quiet(self: &Arc<Self>) -> bool {
        diagnosis::is_quiet(self)
    }

    fn thin(&mut self) {
        super::prune::thin_pod(self);
    }
}

impl Kept for Deployment {
    type Outline = ();

    fn outline(&self) {}

    fn is_quiet(self: &Arc<Self>) -> bool {
        let ready = self.status.as_ref().and_then(|it| it.ready_replicas).unwrap_or(0);
        let wanted = self.spec.as_ref().and_then(|it| it.replicas).unwrap_or(1);
        let root = Root::Deployment(Arc::clone(self));
        wanted <= ready && !diagnosis::suspicious_workload(&root)
    }
}

impl Kept for ReplicaSet {
    type Outline = ();

    fn outline(&self) {}

    /// What is wrong with one that a Deployment owns is seen on the Deployment and on the pods.
    fn is_quiet(self: &Arc<Self>) -> bool {
        owner_of_ours(&self.metadata).is_some()
    }
}

impl Kept for StatefulSet {
    type Outline = ();

    fn outline(&self) {}
}

impl Kept for DaemonSet {
    type Outline = ();

    fn outline(&self) {}
}

impl Kept for Job {
    type Outline = ();

    fn outline(&self) {}
}

impl Kept for CronJob {
    type Outline = ();

    fn outline(&self) {}
}

/// What of an event stays at hand.
#[derive(Debug, Clone)]
pub struct EventOutline {
    /// The kind of what it is about, if that is one of ours.
    pub(super) kind: Option<Kind>,
    /// The name of what it is about.
    pub(super) name: Box<str>,
    /// When it was last seen.
    pub(super) last_seen: Option<Timestamp>,
    /// Whether it warns of something.
    pub(super) warns: bool,
}
impl Kept for Service {
    type Outline = Arc<ServiceOutline>;

    fn outline(&self) -> Self::Outline {
        Arc::new(ServiceOutline::of(self))
    }

    /// It says nothing about itself: its outline is compared with those of pods.
    fn is_quiet(self: &Arc<Self>) -> bool {
        true
    }

    fn thin(&mut self) {
        self.spec = None;
    }
}

impl Kept for Event {
    type Outline = EventOutline;

    fn outline(&self) -> Self::Outline {
        let about = &self.involved_object;
        EventOutline {
            kind: about.kind.as_deref().and_then(Kind::parse),
            name: about.name.as_deref().unwrap_or_default().into(),
            last_seen: last_seen(self),
            warns: self.type_.as_deref() == Some("Warning"),
        }
    }

    /// Most events tell that all went well.
    fn is_quiet(self: &Arc<Self>) -> bool {
        self.type_.as_deref() != Some("Warning")
    }
}

impl Kept for Node {
    type Outline = ();

    fn outline(&self) {}
}
