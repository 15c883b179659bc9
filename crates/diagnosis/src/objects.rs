//! The objects of a cluster around one root owner, as the agent read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::{
    ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet,
};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{ConfigMap, Event, LimitRange, Node, Pod, ResourceQuota, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde_json::Value;

use crate::{AllPods, Texts};

/// A root owner, or a Service: the object that a fix would have to change.
#[derive(Debug, Clone, PartialEq)]
pub enum Root {
    /// A pod that nothing owns.
    Pod(Arc<Pod>),
    /// A Deployment.
    Deployment(Arc<Deployment>),
    /// A ReplicaSet that no Deployment owns.
    ReplicaSet(Arc<ReplicaSet>),
    /// A StatefulSet.
    StatefulSet(Arc<StatefulSet>),
    /// A DaemonSet.
    DaemonSet(Arc<DaemonSet>),
    /// A Job that no CronJob owns.
    Job(Arc<Job>),
    /// A CronJob.
    CronJob(Arc<CronJob>),
    /// A Service, which owns no pods: it takes those of others by their labels. It is the root of what is read
    /// around it, and never among the workloads of a namespace.
    Service(Arc<Service>),
}

/// A workload of another namespace with pods on a node of the subject's pods.
#[derive(Debug, Clone)]
pub struct NodeMate {
    /// The root owner.
    pub root: Root,
    /// Its pods on these nodes, those that are over too.
    pub pods: Vec<Arc<Pod>>,
    /// What was warned of about those of them that are not ready.
    pub warnings: Vec<Arc<Event>>,
}

/// Everything that was read around one root owner. `None` where a read failed or is not allowed.
#[derive(Debug, Clone)]
pub struct Objects {
    /// When it was read.
    pub taken_at: Timestamp,
    /// The cluster's name.
    pub cluster: String,
    /// The root owner, read fresh and whole (with its managedFields).
    pub root: Root,
    /// The pods that hang on it, through however many owners.
    pub pods: Vec<Arc<Pod>>,
    /// The ReplicaSets of a Deployment.
    pub replica_sets: Vec<Arc<ReplicaSet>>,
    /// The revisions of a StatefulSet or DaemonSet.
    pub controller_revisions: Vec<Arc<ControllerRevision>>,
    /// The jobs of a CronJob.
    pub jobs: Vec<Arc<Job>>,
    /// The same jobs, read whole: what is kept of them otherwise lacks arguments and values. None where that failed.
    pub whole_jobs: Vec<Arc<Job>>,
    /// Events about the root, its ReplicaSets or jobs, and its pods.
    pub events: Vec<Arc<Event>>,
    /// All nodes.
    pub nodes: Option<Vec<Arc<Node>>>,
    /// All pods of the root's namespace, its own among them: for neighbours.
    pub namespace_pods: Vec<Arc<Pod>>,
    /// What runs on the nodes of its pods, of other namespaces; none where nobody has to know.
    pub node_mates: Vec<NodeMate>,
    /// All pods of the cluster in outline: for what nodes have left and for images.
    pub all_pods: Arc<AllPods>,
    /// The ConfigMaps of the namespace: names and keys, and what those say that the template refers to, where its
    /// containers left a log.
    pub config_maps: Option<Vec<ConfigMapKeys>>,
    /// The persistent volume claims of the namespace, by name.
    pub claims: Option<Vec<String>>,
    /// The service accounts of the namespace, by name.
    pub service_accounts: Option<Vec<String>>,
    /// The Services of the namespace.
    pub services: Option<Vec<Service>>,
    /// What stands behind the Service that is the root; `None` for another root as well.
    pub endpoint_slices: Option<Vec<EndpointSlice>>,
    /// The autoscalers of the namespace.
    pub autoscalers: Option<Vec<HorizontalPodAutoscaler>>,
    /// The vertical autoscalers of the namespace, as JSON: a tool brings them along.
    pub vertical_autoscalers: Option<Vec<Value>>,
    /// The limit ranges of the namespace.
    pub limit_ranges: Option<Vec<LimitRange>>,
    /// The quotas of the namespace.
    pub quotas: Option<Vec<ResourceQuota>>,
    /// The priority classes by name; read only where the template names one.
    pub priority_classes: Option<Vec<String>>,
    /// The runtime classes by name; read only where the template names one.
    pub runtime_classes: Option<Vec<String>>,
    /// The minor version of the API server.
    pub kubernetes_minor: Option<u32>,
    /// The other workloads of the namespace, root owners only.
    pub workloads: Vec<Root>,
    /// Ends of logs, at most 64 KiB each.
    pub logs: Vec<Log>,
    /// What containers use, when a metrics server tells.
    pub usage: Vec<Usage>,
    /// Revisions (ReplicaSets, ControllerRevisions) that were seen ready before, by name.
    pub ready_revisions: Vec<String>,
    /// How long a pod of each was ready at a stretch: what ends after a second was never well.
    pub longest_ready: Vec<(String, SignedDuration)>,
    /// Reads that failed, with reason.
    pub unread: Vec<String>,
}

/// The keys of a ConfigMap, and what they say where somebody has to search it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigMapKeys {
    /// Its name.
    pub name: String,
    /// Its keys, of `data` and `binaryData`.
    pub keys: Vec<String>,
    /// Its labels that say whose it is ([`crate::whose`]).
    pub whose: BTreeMap<String, String>,
    /// When somebody last wrote values of it, as far as the API server remembers.
    pub changed_at: Option<Timestamp>,
    /// What it says, of one that a failing template refers to; nothing of any other.
    pub texts: Texts,
}

impl ConfigMapKeys {
    /// A ConfigMap without its values.
    pub fn of(map: &ConfigMap) -> Self {
        let text = map.data.iter().flat_map(|it| it.keys());
        let binary = map.binary_data.iter().flat_map(|it| it.keys());
        Self {
            name: map.metadata.name.clone().unwrap_or_default(),
            keys: text.chain(binary).cloned().collect(),
            whose: crate::whose(&map.metadata),
            changed_at: crate::snapshot::changed_at(&map.metadata),
            texts: Texts::default(),
        }
    }

    /// The same with as much of what it says as is searched.
    pub fn with_texts(map: &ConfigMap) -> Self {
        Self { texts: Texts::of(map), ..Self::of(map) }
    }
}

/// The end of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// Whether it is the log before the last restart.
    pub previous: bool,
    /// The text, not yet redacted.
    pub text: String,
}

/// What a container uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// CPU in millicores.
    pub cpu_millis: u64,
    /// Memory in bytes.
    pub memory_bytes: u64,
}
