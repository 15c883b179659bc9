//! A generated cluster as the agent would read it.

use std::sync::Arc;

use diagnosis::{AllPods, Objects, PodOutline, Root, Snapshot};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Event, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sandbox::generated::{self, Size};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// When the cluster is looked at.
const NOW: i64 = 1_800_000_000;
/// What pods are found by.
const NAME: &str = "app.kubernetes.io/name";

/// A generated cluster.
pub(crate) struct Cluster {
    now: Timestamp,
    objects: Vec<(&'static str, Value)>,
}

impl Cluster {
    pub(crate) fn generate(pods: usize) -> Self {
        let now = Timestamp::from_second(NOW).unwrap();
        Self { now, objects: generated::objects(Size::of_pods(pods), now) }
    }

    fn all<K: DeserializeOwned>(&self, plural: &str) -> Vec<K> {
        let objects = self.objects.iter().filter(|it| it.0 == plural);
        objects.map(|it| K::deserialize(&it.1).unwrap()).collect()
    }

    fn shared<K: DeserializeOwned>(&self, plural: &str) -> Vec<Arc<K>> {
        self.all(plural).into_iter().map(Arc::new).collect()
    }

    /// The whole cluster.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let maps: Vec<ConfigMap> = self.all("configmaps");
        Snapshot {
            pods: self.shared("pods"),
            nodes: self.shared("nodes"),
            workloads: self.shared("deployments").into_iter().map(Root::Deployment).collect(),
            events: self.shared("events"),
            namespaces: Some(self.all("namespaces")),
            services: Some(self.all("services")),
            endpoint_slices: Some(self.all("endpointslices")),
            ingresses: Some(vec![]),
            ingress_classes: Some(vec![]),
            network_policies: Some(vec![]),
            claims: Some(vec![]),
            volumes: Some(vec![]),
            storage_classes: Some(vec![]),
            autoscalers: Some(vec![]),
            budgets: Some(vec![]),
            quotas: Some(vec![]),
            limit_ranges: Some(vec![]),
            webhooks: Some(vec![]),
            config_maps: Some(maps.iter().map(Snapshot::size).collect()),
            ..Snapshot::at(self.now, "bench")
        }
    }

    /// Everything around the first Deployment whose pods crash.
    pub(crate) fn broken_workload(&self) -> Objects {
        let pods: Vec<Arc<Pod>> = self.shared("pods");
        let crashed = pods.iter().find(|it| crashes(it)).unwrap();
        let namespace = crashed.metadata.namespace.clone();
        let app = label(&crashed.metadata).unwrap().to_owned();
        let is_near = |it: &ObjectMeta| it.namespace == namespace;
        let is_own = |it: &ObjectMeta| is_near(it) && label(it) == Some(&app);
        let mut deployments: Vec<Arc<Deployment>> = self.shared("deployments");
        deployments.retain(|it| is_near(&it.metadata));
        let root = deployments.iter().find(|it| is_own(&it.metadata)).unwrap();
        let mut replica_sets = self.shared("replicasets");
        replica_sets
            .retain(|it: &Arc<k8s_openapi::api::apps::v1::ReplicaSet>| is_own(&it.metadata));
        let mut events: Vec<Arc<Event>> = self.shared("events");
        let begin = format!("{app}-");
        events
            .retain(|it| it.involved_object.name.as_ref().is_some_and(|it| it.starts_with(&begin)));
        let outlines = pods.iter().map(|it| Arc::new(PodOutline::of(it)));
        Objects {
            taken_at: self.now,
            cluster: "bench".to_owned(),
            root: Root::Deployment(Arc::clone(root)),
            replica_sets,
            controller_revisions: vec![],
            whole_jobs: vec![],
            jobs: vec![],
            events,
            nodes: Some(self.shared("nodes")),
            node_mates: vec![],
            all_pods: Arc::new(AllPods::new(outlines.collect())),
            namespace_pods: pods.iter().filter(|it| is_near(&it.metadata)).cloned().collect(),
            pods: pods.iter().filter(|it| is_own(&it.metadata)).cloned().collect(),
            config_maps: Some(vec![]),
            claims: Some(vec![]),
            service_accounts: Some(vec!["default".to_owned()]),
            services: Some(vec![]),
            endpoint_slices: None,
            autoscalers: Some(vec![]),
            vertical_autoscalers: Some(vec![]),
            limit_ranges: Some(vec![]),
            quotas: Some(vec![]),
            priority_classes: None,
            runtime_classes: None,
            kubernetes_minor: None,
            workloads: deployments.into_iter().map(Root::Deployment).collect(),
            logs: vec![],
            usage: vec![],
            ready_revisions: vec![],
            longest_ready: vec![],
            unread: vec![],
        }
    }
}

fn label(metadata: &ObjectMeta) -> Option<&String> {
    metadata.labels.as_ref()?.get(NAME)
}

/// Whether a container of this pod ended with an error.
fn crashes(pod: &Pod) -> bool {
    let statuses = pod.status.iter().flat_map(|it| it.container_statuses.iter().flatten());
    let mut ends = statuses.filter_map(|it| it.last_state.as_ref()?.terminated.as_ref());
    ends.any(|it| it.exit_code == 1)
}
