//! What the moving parts of the cluster share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use jiff::Timestamp;

use crate::catalogue::{Catalogue, Reference};
use crate::clock::Clock;
use crate::events::Recorder;
use crate::store::Store;

/// The cluster as its controllers, its scheduler and its kubelets see it.
#[derive(Debug)]
pub(crate) struct World {
    /// For reading, and for what has no writer of its own.
    pub(crate) store: Store,
    /// Writes as a kubelet.
    pub(crate) kubelet_store: Store,
    pub(crate) clock: Clock,
    /// What the wall said when the cluster's time began.
    pub(crate) born: Timestamp,
    pub(crate) kubelet: Recorder,
    pub(crate) deployment: Recorder,
    pub(crate) replicaset: Recorder,
    pub(crate) statefulset: Recorder,
    pub(crate) daemonset: Recorder,
    pub(crate) job: Recorder,
    pub(crate) cronjob: Recorder,
    pub(crate) scheduler: Recorder,
    pub(crate) volume: Recorder,
    pub(crate) node: Recorder,
    images: Arc<RwLock<Catalogue>>,
    present: Mutex<BTreeMap<String, BTreeSet<Reference>>>,
}

impl World {
    pub(crate) fn new(store: &Store, clock: Clock, images: Arc<RwLock<Catalogue>>) -> Self {
        Self {
            store: store.clone(),
            kubelet_store: store.written_by("kubelet"),
            clock,
            born: Timestamp::now(),
            kubelet: Recorder::new(store, "kubelet"),
            deployment: Recorder::new(store, "deployment-controller"),
            replicaset: Recorder::new(store, "replicaset-controller"),
            statefulset: Recorder::new(store, "statefulset-controller"),
            daemonset: Recorder::new(store, "daemonset-controller"),
            job: Recorder::new(store, "job-controller"),
            cronjob: Recorder::new(store, "cronjob-controller"),
            scheduler: Recorder::new(store, "default-scheduler"),
            volume: Recorder::new(store, "persistentvolume-controller"),
            node: Recorder::new(store, "node-controller"),
            images,
            present: Mutex::default(),
        }
    }

    pub(crate) fn catalogue(&self) -> RwLockReadGuard<'_, Catalogue> {
        self.images.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a node has an image.
    pub(crate) fn has(&self, node: &str, image: &Reference) -> bool {
        let present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        present.get(node).is_some_and(|it| it.contains(image))
    }

    /// A node has an image from now on.
    pub(crate) fn keep(&self, node: &str, image: &Reference) {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        present.entry(node.to_owned()).or_default().insert(image.clone());
    }
}
