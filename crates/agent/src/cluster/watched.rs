//! The kinds that are watched: where each is kept, and what a change of it tells.

use std::sync::Arc;

use diagnosis::Root;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Event, Node, Pod, Service};
use kube::ResourceExt;
use types::{Kind, ObjectRef};

use super::caches::{Caches, reference};
use super::changes::Seen;
use super::kept::Kept;
use super::store::Store;

/// The most events that are kept: an hour of a busy cluster holds tens of thousands, and only the newest are read.
const MAX_EVENTS: usize = 4096;

/// A kind that is watched.
pub(super) trait Watched: Kept + Send + Sync + 'static {
    /// What it is called in `/readyz` and in logs.
    const PLURAL: &'static str;

    /// Where it is kept.
    fn store(caches: &Caches) -> &Store<Self>;

    /// The root owner that it belongs to, as far as the caches know.
    fn root(&self, caches: &Caches) -> Option<ObjectRef>;

    /// What a new version of it tells.
    fn seen(object: &Arc<Self>) -> Option<Seen>;

    /// Remembers what outlives this version of the object.
    fn note(&self, _: &Caches) {}

    /// Keeps the store within its bound.
    fn bound(_: &Caches) {}
}

/// The root of an object of `kind`; `None` while the caches lag behind.
fn root_of<K: ResourceExt>(kind: Kind, object: &K, caches: &Caches) -> Option<ObjectRef> {
    caches.root_of(kind, object.meta()).ok()
}

impl Watched for Pod {
    const PLURAL: &'static str = "pods";

    fn store(caches: &Caches) -> &Store<Self> {
        &caches.pods
    }

    fn root(&self, caches: &Caches) -> Option<ObjectRef> {
        root_of(Kind::Pod, self, caches)
    }

    fn seen(object: &Arc<Self>) -> Option<Seen> {
        Some(Seen::Pod(Arc::clone(object)))
    }

    fn note(&self, caches: &Caches) {
        let namespace = self.metadata.namespace.as_deref().unwrap_or_default();
        let before = caches.pods.find(namespace, &self.name_any());
        let now = Timestamp::now();
        // How long it was ready is known when that ends.
        if let Some(before) = before {
            caches.ready_revisions.note_change(&before, self, now);
        }
        caches.ready_revisions.note(self, now);
    }
}

impl Watched for Deployment {
    const PLURAL: &'static str = "deployments";

    fn store(caches: &Caches) -> &Store<Self> {
        &caches.deployments
    }

    fn root(&self, caches: &Caches) -> Option<ObjectRef> {
        root_of(Kind::Deployment, self, caches)
    }

    fn seen(object: &Arc<Self>) -> Option<Seen> {
        Some(Seen::Workload(Root::Deployment(Arc::clone(object))))
    }
}

impl Watched for ReplicaSet {
    const PLURAL: &'static str = "replicasets";

    fn store(caches: &Caches) -> &Store<Self> {
        &caches.replica_sets
    }

    fn root(&self, caches: &Caches) -> Option<ObjectRef> {
        root_of(Kind::ReplicaSet, self, caches)
    }

    fn seen(object: &Arc<Self>) -> Option<Seen> {
        Some(Seen::Workload(Root::ReplicaSet(Arc::clone(object))))
    }
}

impl Watched for StatefulSet {
    const PLURAL: &'static str = "statefulsets";

    fn store(caches: &Caches) -> &Store<Self> {
        &caches.stateful_sets
    }

    fn root(&self, caches: &Caches) -> Option<ObjectRef> {
        root_of(Kind::StatefulSet, self, caches)
    }

    fn seen(object: &Arc<Self>) -> Option<Seen> {
        Some(Seen::Workload(Root::StatefulSet(Arc::clone(object))))
    }
}

impl Watched for DaemonSet {
    const PLURAL: &'static str = "daemonsets";

    fn store(caches: &Caches) -> &Store<Self> {
        &caches.daemon_sets
    }

    fn root(&self, caches: &Caches) -> Option<ObjectRef> {
        root_of(Kind::DaemonSet, self, caches)
    }

    fn seen(object: &Arc<Self>) -> Option<Seen> {
        Some(Seen::Workload(Root::DaemonSet(Arc::clone(object))))
    }
}

impl Watched for Job {
    const PLURAL: &'static str = "jobs";

    fn store(caches: &Caches) -> &Store<Self> {
        &caches.jobs
    }

    fn root(&self, caches: &Caches) -> Option<ObjectRef> {
        root_of(Kind::Job, self, caches)
    }

    fn seen(object: &Arc<Self>) -> Option<Seen> {
        Some(Seen::Workload(Root::Job(Arc::clone(object))))
    }
}

impl Watched for CronJob {
    const PLURAL: &'static str = "cronjobs";

    fn store(caches: &Caches) -> &Store<Self> {
        &caches.cron_jobs
    }

    fn root(&self, caches: &Caches) -> Option<ObjectRef> {
        root_of(Kind::CronJob, self, caches)
    }

    fn seen(object: &Arc<Self>) -> Option<Seen> {
        Some(Seen::Workload(Root::CronJob(Arc::clone(object))))
    }
}

impl Watched for Service {
    const PLURAL: &'static str = "services";

    fn store(caches: &Caches) -> &Store<Self> {
        &caches.services
    }

    fn root(&self, _: &Caches) -> Option<ObjectRef> {
        Some(reference(Kind::Service, &self.metadata))
    }

    fn seen(object: &Arc<Self>) -> Option<Seen> {
        Some(Seen::Service(reference(Kind::Service, &object.metadata)))
    }
}

impl Watched for Event {
    const PLURAL: &'static str = "events";

    fn store(caches: &Caches) -> &Store<Self> {
        &caches.events
    }

    fn root(&self, caches: &Caches) -> Option<ObjectRef> {
        caches.root_of_event(self)
    }

    fn seen(object: &Arc<Self>) -> Option<Seen> {
        (object.type_.as_deref() == Some("Warning")).then(|| Seen::Warning(Arc::clone(object)))
    }

    fn bound(caches: &Caches) {
        // A quarter more before they are sorted, so that not every event has to.
        if MAX_EVENTS + MAX_EVENTS / 4 < caches.events.len() {
            caches.events.shrink(MAX_EVENTS, |it| it.last_seen);
        }
    }
}

impl Watched for Node {
    const PLURAL: &'static str = "nodes";

    fn store(caches: &Caches) -> &Store<Self> {
        &caches.nodes
    }

    fn root(&self, _: &Caches) -> Option<ObjectRef> {
        None
    }

    fn seen(_: &Arc<Self>) -> Option<Seen> {
        None
    }
}
