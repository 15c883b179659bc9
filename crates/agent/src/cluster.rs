//! What the product asks of a cluster, and how a cluster can fail to answer.

mod connect;
mod executor;
mod lease;
mod stop_object;
mod leave;
mod classes;
mod commons;
mod announce;
mod rights;
mod refusals;
mod reviews;
mod store;
mod kept;
mod packed;
mod prune;
mod caches;
mod events;
mod changes;
mod watched;
mod watch;
mod kube;
mod json_patch;
mod gather;
mod traffic;
mod node_mates;
mod config_maps;
mod logs;
mod usage;
mod census;
mod snapshot;
mod reports;
mod additions;
mod revisions;

pub use announce::Notice;
pub use caches::Caches;
pub use census::{Census, Share};
pub use changes::{Change, Seen};
pub use commons::Commons;
pub use connect::{Clients, ConnectError, connect};
pub use executor::{Account, Accounts};
pub use kube::{FIELD_MANAGER, KubeCluster, Watching};
pub use lease::{KubeLease, LeaseName, LeaseRecord};
pub use leave::{Leave, Purpose};
pub use reviews::{AUTHORITY_PATH, KubeReviewer};
pub use rights::{
    EVENTS, LEASE, LEASE_READ, LEASE_WRITES, READS, REVIEWS, Reads, RightsReport, RightsWanted,
};
pub use stop_object::STOP_OBJECT;
pub use store::Store;
pub use watch::WATCHED;

pub(crate) use caches::reference;
pub(crate) use changes::key;
pub(crate) use events::{about, last_seen};
pub(crate) use gather::spec_hash_of;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;
use tokio::sync::watch::Receiver;
use types::{ObjectRef, Subresource};

use crate::scan::Progress;

/// What containers use, by namespace, and what of it could not be read.
pub type UsageRead = (Option<BTreeMap<String, Vec<diagnosis::Usage>>>, Vec<String>);

/// An answer of the cluster that is still on its way.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, ClusterError>>;

/// What the product asks of a cluster. Real: `kube`; test: in memory. Shared as `Arc<dyn Cluster>`.
///
/// Names in the arguments are checked by the caller at the edge; every call has a deadline.
pub trait Cluster: Send + Sync + 'static {
    /// The root owner of a pod, through controller references whose uid was checked.
    fn root_of<'a>(&'a self, namespace: &'a str, pod: &'a str) -> Answer<'a, ObjectRef>;

    /// Whether what the watches keep can be decided on: `Unreachable` while one of them is behind.
    fn up_to_date(&self) -> Result<(), ClusterError>;

    /// The pod, read fresh and whole.
    fn pod<'a>(&'a self, namespace: &'a str, name: &'a str) -> Answer<'a, Pod>;

    /// Everything around a root owner, for a diagnosis; the root itself is read fresh and whole.
    fn objects<'a>(&'a self, subject: &'a ObjectRef) -> Answer<'a, diagnosis::Objects>;

    /// The same of one among many workloads that are looked at together.
    fn objects_among<'a>(
        &'a self,
        subject: &'a ObjectRef,
        commons: &'a Commons<'a>,
    ) -> Answer<'a, diagnosis::Objects>;

    /// What runs on the nodes of these pods of the subject, of other namespaces, from the caches.
    fn node_mates(&self, subject: &ObjectRef, pods: &[Arc<Pod>]) -> Vec<diagnosis::NodeMate>;

    /// Whether the Namespace object carries the enrolment label.
    fn namespace_enrolled<'a>(&'a self, namespace: &'a str) -> Answer<'a, bool>;

    /// Applies a JSON Patch under our field manager; answers with the object as it is afterwards.
    fn patch<'a>(&'a self, patch: Patch<'a>) -> Answer<'a, Written>;

    /// Evicts the pod, if it still has the uid of `target` and its disruption budget allows it.
    fn evict<'a>(&'a self, target: &'a ObjectRef, purpose: Purpose) -> Answer<'a, ()>;

    /// Leaves an Event about the object.
    fn announce<'a>(
        &'a self,
        about: &'a ObjectRef,
        notice: &'a Notice,
        leave: Leave,
    ) -> Answer<'a, ()>;

    /// The object as it is now, read fresh and whole.
    fn object<'a>(&'a self, target: &'a ObjectRef) -> Answer<'a, Value>;

    /// What each node uses; `NotFound` where no metrics server is installed.
    fn node_usage(&self) -> Answer<'_, Vec<NodeUsage>>;

    /// A counter that grows when anything of this subject changes.
    fn changes(&self, subject: &ObjectRef) -> Receiver<u64>;

    /// The whole cluster for a scan. What could not be read is named in it; `progress` hears of each list.
    fn snapshot<'a>(&'a self, progress: Progress<'a>) -> BoxFuture<'a, diagnosis::Snapshot>;

    /// Who may do what in the cluster, and what of it could not be read.
    fn rights(&self) -> BoxFuture<'_, (diagnosis::Rights, Vec<String>)>;

    /// How the cluster is hardened, for a scan that asks for notices, and what of it could not be read.
    fn hardening(&self) -> BoxFuture<'_, (diagnosis::Hardening, Vec<String>)>;

    /// What containers use, of one namespace or of all, by namespace, and what of it could not be read; `None` where no
    /// metrics server is installed.
    fn usage<'a>(&'a self, namespace: Option<&'a str>) -> BoxFuture<'a, UsageRead>;

    /// What a workload of this namespace may suffer from besides its own trouble: far less than a snapshot.
    fn around<'a>(&'a self, namespace: &'a str) -> BoxFuture<'a, diagnosis::Snapshot>;

    /// What the operator of K8sGPT reports, where it is installed: as it was a minute ago at most.
    fn reports(&self) -> BoxFuture<'_, Arc<[diagnosis::K8sgptResult]>>;

    /// How many workloads there are, and how many of them are not healthy, from the caches.
    fn census(&self) -> Census;
}

/// An object after a write of ours.
#[derive(Debug, Clone)]
pub struct Written {
    /// The object, with its new resourceVersion.
    pub object: ObjectRef,
    /// Hash over its template with the write; `None` of an object that has none.
    pub spec_hash: Option<String>,
}

/// A write of fields.
#[derive(Debug, Clone)]
pub struct Patch<'a> {
    /// The object.
    pub target: &'a ObjectRef,
    /// Its subresource, where not the object itself is written.
    pub subresource: Option<Subresource>,
    /// The operations (RFC 6902), tests first.
    pub operations: Value,
    /// What it is sent for.
    pub purpose: Purpose,
}

/// What a node uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeUsage {
    /// The node's name.
    pub node: String,
    /// CPU in millicores.
    pub cpu_millis: u64,
    /// Memory in bytes.
    pub memory_bytes: u64,
}

/// Why the cluster did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// There is no such object.
    #[error("{0} is not there")]
    NotFound(String),
    /// The object is not what we saw any more: a precondition or a test of the patch failed. Nothing was written.
    #[error("the object has changed since it was read: {0}")]
    Conflict(String),
    /// The API server does not allow it: rights, admission, quota, validation, a disruption budget. Nothing was
    /// written.
    #[error("the API server refused: {0}")]
    Refused(String),
    /// The stop button is in, or another replica leads. Nothing was sent.
    #[error("the agent was stopped")]
    Stopped,
    /// The API server is busy. Nothing was written.
    #[error("the API server is busy: {message}")]
    Throttled {
        /// How long it wants to be left alone.
        retry_after: Duration,
        /// What it said.
        message: String,
    },
    /// No answer: a write may or may not have happened.
    #[error("no answer from the API server: {0}")]
    Unreachable(String),
    /// An answer that we do not understand.
    #[error("an answer that makes no sense: {0}")]
    Malformed(String),
}

impl ClusterError {
    /// Whether a write that ended like this may have happened all the same.
    pub fn is_in_doubt(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Malformed(_) => true,
            Self::NotFound(_)
            | Self::Conflict(_)
            | Self::Refused(_)
            | Self::Stopped
            | Self::Throttled { .. } => false,
        }
    }
}
