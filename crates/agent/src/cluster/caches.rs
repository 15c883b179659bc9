//! The caches: the cluster as the watch last saw it, and who owns whom in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use diagnosis::Root;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Event, Node, Pod, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use types::{Kind, ObjectRef};

use super::kept::{Kept, Links, Owner};
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
    /// Services: who they are, and what they ask of pods.
    pub services: Store<Service>,
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
        self.root_above(reference(kind, metadata), Links::of(metadata).owner)
    }

    /// The root owner of an object with this owner.
    fn root_above(
        &self,
        object: ObjectRef,
        owner: Option<Owner>,
    ) -> Result<ObjectRef, UnknownOwner> {
        let (mut root, mut above) = (object, owner);
        for _ in 0..MAX_OWNERS {
            let Some(owner) = above else { break };
            let name = ObjectRef::named(owner.kind, root.namespace.clone(), &*owner.name);
            let named = ObjectRef { uid: owner.uid.into(), ..name };
            (root, above) = self.step_up(&named).ok_or(UnknownOwner { owner: named })?;
        }
        Ok(root)
    }

    /// The root owner of the object of this name, as far as it is kept.
    pub(super) fn root_of_named<K: Kept>(
        &self,
        (store, kind): (&Store<K>, Kind),
        namespace: &str,
        name: &str,
    ) -> Option<ObjectRef> {
        let links = store.links(namespace, name)?;
        self.root_above(named(kind, namespace, (name, &links)), links.owner).ok()
    }

    /// Whether the root owner of an object of this kind, namespace, name and links is this one.
    fn is_below(&self, subject: &ObjectRef, kind: Kind, (name, links): (&str, &Links)) -> bool {
        let object = named(kind, &subject.namespace, (name, links));
        self.root_above(object, links.owner.clone()).is_ok_and(|root| root.is_same(subject))
    }

    /// The root owner of a pod.
    pub(crate) fn root_of_pod(&self, pod: &Pod) -> Result<ObjectRef, UnknownOwner> {
        self.root_of(Kind::Pod, &pod.metadata)
    }

    /// The pods whose root owner this is.
    pub(crate) fn pods_of(&self, subject: &ObjectRef) -> Vec<Arc<Pod>> {
        let is_mine = |name: &str, links: &Links| self.is_below(subject, Kind::Pod, (name, links));
        self.pods.of_where(&subject.namespace, is_mine)
    }

    /// The jobs of a CronJob.
    pub(crate) fn jobs_of(&self, subject: &ObjectRef) -> Vec<Arc<Job>> {
        let is_mine = |name: &str, links: &Links| self.is_below(subject, Kind::Job, (name, links));
        self.jobs.of_where(&subject.namespace, is_mine)
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
            Kind::Node | Kind::Service | Kind::PersistentVolumeClaim | Kind::ConfigMap => None,
        }
    }

    /// All root owners of the cluster.
    pub(crate) fn workloads(&self) -> Vec<Root> {
        let free = |it: &Links| it.owner.is_none();
        let mut roots = roots(self.deployments.all(), Root::Deployment);
        roots.extend(self.always_whole(|_| true));
        roots.extend(self.replica_sets.all_where(free).into_iter().map(Root::ReplicaSet));
        roots.extend(self.jobs.all_where(free).into_iter().map(Root::Job));
        roots.extend(self.pods.all_where(free).into_iter().map(Root::Pod));
        roots
    }

    /// The root owners that are not quiet.
    pub(crate) fn restless_workloads(&self) -> Vec<Root> {
        let free = |it: &ObjectMeta| Links::of(it).owner.is_none();
        let mut roots = roots(self.deployments.restless(), Root::Deployment);
        roots.extend(self.always_whole(|_| true));
        let sets = self.replica_sets.restless().into_iter().filter(|it| free(&it.metadata));
        roots.extend(sets.map(Root::ReplicaSet));
        let jobs = self.jobs.restless().into_iter().filter(|it| free(&it.metadata));
        roots.extend(jobs.map(Root::Job));
        let pods = self.pods.restless().into_iter().filter(|it| free(&it.metadata));
        roots.extend(pods.map(Root::Pod));
        roots
    }

    /// The root owners of a namespace.
    pub(crate) fn workloads_of(&self, namespace: &str) -> Vec<Root> {
        let free = |_: &str, it: &Links| it.owner.is_none();
        let mut roots = roots(self.deployments.of(namespace), Root::Deployment);
        roots.extend(self.always_whole(|it| it.namespace.as_deref() == Some(namespace)));
        let sets = self.replica_sets.of_where(namespace, free);
        roots.extend(sets.into_iter().map(Root::ReplicaSet));
        roots.extend(self.jobs.of_where(namespace, free).into_iter().map(Root::Job));
        roots.extend(self.pods.of_where(namespace, free).into_iter().map(Root::Pod));
        roots
    }

    /// How many root owners each namespace has.
    pub(super) fn n_workloads(&self) -> BTreeMap<String, usize> {
        let free = |it: &Links| it.owner.is_none();
        let mut counts = BTreeMap::new();
        self.deployments.count(&mut counts, |_| true);
        self.stateful_sets.count(&mut counts, |_| true);
        self.daemon_sets.count(&mut counts, |_| true);
        self.cron_jobs.count(&mut counts, |_| true);
        self.replica_sets.count(&mut counts, free);
        self.jobs.count(&mut counts, free);
        self.pods.count(&mut counts, free);
        counts
    }

    /// The root owners of kinds that are never packed, of which this is true.
    fn always_whole(&self, is_wanted: impl Fn(&ObjectMeta) -> bool) -> Vec<Root> {
        let mut found = roots(self.stateful_sets.all(), Root::StatefulSet);
        found.extend(self.daemon_sets.all().into_iter().map(Root::DaemonSet));
        found.extend(self.cron_jobs.all().into_iter().map(Root::CronJob));
        found.retain(|it| is_wanted(it.metadata()));
        found
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
            Kind::Pod
            | Kind::Node
            | Kind::Service
            | Kind::PersistentVolumeClaim
            | Kind::ConfigMap => None,
        }
    }
}

/// One step up: the owner, and what stands above it.
type Step = (ObjectRef, Option<Owner>);

fn step<K: Kept>(store: &Store<K>, owner: &ObjectRef) -> Option<Step> {
    let links = store.links(&owner.namespace, &owner.name)?;
    (*links.uid == *owner.uid)
        .then(|| (named(owner.kind, &owner.namespace, (&owner.name, &links)), links.owner))
}

/// The object of this kind, namespace, name and links.
fn named(kind: Kind, namespace: &str, (name, links): (&str, &Links)) -> ObjectRef {
    ObjectRef {
        uid: links.uid.as_ref().to_owned(),
        resource_version: links.resource_version.as_ref().to_owned(),
        ..ObjectRef::named(kind, namespace, name)
    }
}

fn roots<K>(objects: Vec<Arc<K>>, as_root: impl Fn(Arc<K>) -> Root) -> Vec<Root> {
    objects.into_iter().map(as_root).collect()
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
