//! The caches: the cluster as the watch last saw it, and who owns whom in it.

use std::sync::Arc;

use diagnosis::Root;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Event, Node, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::Resource;
use types::{Kind, ObjectRef};

use super::revisions::ReadyRevisions;
use super::store::Store;

/// Owners above owners: a pod of a CronJob's Job has two; more than this is a loop.
const MAX_OWNERS: usize = 4;

/// The cluster as the watch last saw it. Objects are cut to what is read from here.
#[derive(Debug, Default)]
pub struct Caches {
    /// Pods.
    pub pods: Store<Pod>,
    /// Deployments.
    pub deployments: Store<Deployment>,
    /// ReplicaSets, without the template where a Deployment owns them.
    pub replica_sets: Store<ReplicaSet>,
    /// Stateful sets.
    pub stateful_sets: Store<StatefulSet>,
    /// Daemon sets.
    pub daemon_sets: Store<DaemonSet>,
    /// Jobs.
    pub jobs: Store<Job>,
    /// CronJobs.
    pub cron_jobs: Store<CronJob>,
    /// Events of `v1`; the newest few thousand.
    pub events: Store<Event>,
    /// Nodes.
    pub nodes: Store<Node>,
    /// Revisions that were seen ready.
    pub(super) ready_revisions: ReadyRevisions,
}

/// Why a root owner is not known from the caches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownOwner {
    /// The owner that the caches do not hold, or hold with another uid.
    pub(crate) owner: ObjectRef,
}

impl Caches {
    /// The root owner of an object with this metadata, through controller references whose uid is right.
    ///
    /// An owner of a kind that is not ours (an operator's own resource) does not count: the object
    /// below it is the highest that a fix could change.
    pub(crate) fn root_of(
        &self,
        kind: Kind,
        metadata: &ObjectMeta,
    ) -> Result<ObjectRef, UnknownOwner> {
        let mut root = reference(kind, metadata);
        let mut above = owner_of_ours(metadata);
        for _ in 0..MAX_OWNERS {
            let Some((kind, owner)) = above else { break };
            let name = ObjectRef::named(kind, root.namespace.clone(), owner.name);
            let named = ObjectRef { uid: owner.uid, ..name };
            (root, above) = self.step_up(&named).ok_or(UnknownOwner { owner: named })?;
        }
        Ok(root)
    }

    /// The root owner of a pod.
    pub(crate) fn root_of_pod(&self, pod: &Pod) -> Result<ObjectRef, UnknownOwner> {
        self.root_of(Kind::Pod, &pod.metadata)
    }

    /// The pods whose root owner this is.
    pub(crate) fn pods_of(&self, subject: &ObjectRef) -> Vec<Arc<Pod>> {
        let mut pods = self.pods.of(&subject.namespace);
        pods.retain(|it| self.root_of_pod(it).is_ok_and(|root| root.is_same(subject)));
        pods
    }

    /// The jobs of a CronJob.
    pub(crate) fn jobs_of(&self, subject: &ObjectRef) -> Vec<Arc<Job>> {
        let mut jobs = self.jobs.of(&subject.namespace);
        jobs.retain(|it| {
            self.root_of(Kind::Job, &it.metadata).is_ok_and(|root| root.is_same(subject))
        });
        jobs
    }

    /// The object of this kind and name, as a root owner, cut as it is in the caches.
    pub(crate) fn root(&self, subject: &ObjectRef) -> Option<Root> {
        let (namespace, name) = (subject.namespace.as_str(), subject.name.as_str());
        match subject.kind {
            Kind::Pod => self.pods.find(namespace, name).map(Root::Pod),
            Kind::Deployment => self.deployments.find(namespace, name).map(Root::Deployment),
            Kind::ReplicaSet => self.replica_sets.find(namespace, name).map(Root::ReplicaSet),
            Kind::StatefulSet => self.stateful_sets.find(namespace, name).map(Root::StatefulSet),
            Kind::DaemonSet => self.daemon_sets.find(namespace, name).map(Root::DaemonSet),
            Kind::Job => self.jobs.find(namespace, name).map(Root::Job),
            Kind::CronJob => self.cron_jobs.find(namespace, name).map(Root::CronJob),
            Kind::Node | Kind::Service | Kind::PersistentVolumeClaim => None,
        }
    }

    /// All root owners of the cluster.
    pub(crate) fn workloads(&self) -> Vec<Root> {
        let mut roots: Vec<_> = self.deployments.all().into_iter().map(Root::Deployment).collect();
        roots.extend(self.stateful_sets.all().into_iter().map(Root::StatefulSet));
        roots.extend(self.daemon_sets.all().into_iter().map(Root::DaemonSet));
        roots.extend(self.cron_jobs.all().into_iter().map(Root::CronJob));
        let free = |it: &ObjectMeta| owner_of_ours(it).is_none();
        roots.extend(
            self.replica_sets
                .all()
                .into_iter()
                .filter(|it| free(&it.metadata))
                .map(Root::ReplicaSet),
        );
        roots.extend(self.jobs.all().into_iter().filter(|it| free(&it.metadata)).map(Root::Job));
        roots.extend(self.pods.all().into_iter().filter(|it| free(&it.metadata)).map(Root::Pod));
        roots
    }

    /// An owner and the owner above it, if it still is the one with this uid.
    fn step_up(&self, owner: &ObjectRef) -> Option<Step> {
        match owner.kind {
            Kind::Deployment => step(&self.deployments, owner),
            Kind::ReplicaSet => step(&self.replica_sets, owner),
            Kind::StatefulSet => step(&self.stateful_sets, owner),
            Kind::DaemonSet => step(&self.daemon_sets, owner),
            Kind::Job => step(&self.jobs, owner),
            Kind::CronJob => step(&self.cron_jobs, owner),
            Kind::Pod | Kind::Node | Kind::Service | Kind::PersistentVolumeClaim => None,
        }
    }
}

/// One step up: the owner, and what stands above it.
type Step = (ObjectRef, Option<(Kind, OwnerReference)>);

fn step<K: Resource<DynamicType = ()>>(store: &Store<K>, owner: &ObjectRef) -> Option<Step> {
    let found = store.find(&owner.namespace, &owner.name)?;
    let metadata = found.meta();
    (metadata.uid.as_ref() == Some(&owner.uid))
        .then(|| (reference(owner.kind, metadata), owner_of_ours(metadata)))
}

/// The controller, if it is of a kind that holds a pod template. A node, which owns the pods that its
/// kubelet starts by itself, is none; nor is an equal name in somebody else's API group.
fn owner_of_ours(metadata: &ObjectMeta) -> Option<(Kind, OwnerReference)> {
    let owner = controller(metadata)?;
    let kind = Kind::parse(&owner.kind)?;
    let holds_template = kind != Kind::Pod && kind.pod_spec_path().is_some();
    (holds_template && owner.api_version == kind.api_version()).then(|| (kind, owner.clone()))
}

/// The owner that controls an object with this metadata.
pub(super) fn controller(metadata: &ObjectMeta) -> Option<&OwnerReference> {
    metadata.owner_references.iter().flatten().find(|it| it.controller == Some(true))
}

/// An object with this metadata, by name, with the uid and resourceVersion that it had.
pub(crate) fn reference(kind: Kind, metadata: &ObjectMeta) -> ObjectRef {
    ObjectRef {
        kind,
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        uid: metadata.uid.clone().unwrap_or_default(),
        resource_version: metadata.resource_version.clone().unwrap_or_default(),
    }
}
