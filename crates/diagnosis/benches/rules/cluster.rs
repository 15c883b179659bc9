//! A generated cluster as the agent would read it.

use std::sync::Arc;

use diagnosis::{AllPods, Hardening, Log, Objects, PodOutline, Redactor, Rights, Root, Snapshot};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{ConfigMap, Event, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sandbox::generated::{self, Size};
use serde::de::DeserializeOwned;
use serde_json::Value;
use types::Finding;

/// When the cluster is looked at.
const NOW: i64 = 1_800_000_000;
/// What pods are found by.
const NAME: &str = "app.kubernetes.io/name";

/// A generated cluster.
pub(crate) struct Cluster {
    now: Timestamp,
    size: Size,
    objects: Vec<(&'static str, Value)>,
}

/// What all workloads of it have in common.
pub(crate) struct Common {
    pods: Vec<Arc<Pod>>,
    all_pods: Arc<AllPods>,
    replica_sets: Vec<Arc<ReplicaSet>>,
    snapshot: Snapshot,
}

impl Cluster {
    pub(crate) fn generate(pods: usize) -> Self {
        let now = Timestamp::from_second(NOW).unwrap();
        let size = Size::of_pods(pods);
        Self { now, size, objects: generated::objects(size, now) }
    }

    /// What is in it.
    pub(crate) fn size(&self) -> Size {
        self.size
    }

    fn all<K: DeserializeOwned>(&self, plural: &str) -> Vec<K> {
        let objects = self.objects.iter().filter(|it| it.0 == plural);
        objects.map(|it| K::deserialize(&it.1).unwrap()).collect()
    }

    fn shared<K: DeserializeOwned>(&self, plural: &str) -> Vec<Arc<K>> {
        self.all(plural).into_iter().map(Arc::new).collect()
    }

    fn workloads(&self) -> Vec<Root> {
        let deployments = self.shared("deployments").into_iter().map(Root::Deployment);
        let sets = self.shared("statefulsets").into_iter().map(Root::StatefulSet);
        let daemons = self.shared("daemonsets").into_iter().map(Root::DaemonSet);
        let timed = self.shared("cronjobs").into_iter().map(Root::CronJob);
        deployments.chain(sets).chain(daemons).chain(timed).collect()
    }

    /// The whole cluster, with what is read for notices.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let maps: Vec<ConfigMap> = self.all("configmaps");
        Snapshot {
            pods: self.shared("pods"),
            nodes: self.shared("nodes"),
            workloads: self.workloads(),
            jobs: self.shared("jobs"),
            events: self.shared("events"),
            namespaces: Some(self.all("namespaces")),
            services: Some(self.all("services")),
            endpoint_slices: Some(self.all("endpointslices")),
            ingresses: Some(self.all("ingresses")),
            ingress_classes: Some(self.all("ingressclasses")),
            network_policies: Some(self.all("networkpolicies")),
            claims: Some(self.all("persistentvolumeclaims")),
            volumes: Some(self.all("persistentvolumes")),
            storage_classes: Some(self.all("storageclasses")),
            autoscalers: Some(self.all("horizontalpodautoscalers")),
            budgets: Some(self.all("poddisruptionbudgets")),
            quotas: Some(self.all("resourcequotas")),
            limit_ranges: Some(self.all("limitranges")),
            service_accounts: Some(self.all("serviceaccounts")),
            webhooks: Some(vec![]),
            config_maps: Some(maps.iter().map(Snapshot::size).collect()),
            rights: Some(Rights {
                roles: Some(self.all("roles")),
                cluster_roles: Some(self.all("clusterroles")),
                role_bindings: Some(self.all("rolebindings")),
                cluster_role_bindings: Some(self.all("clusterrolebindings")),
            }),
            hardening: Some(Hardening { broken_policies: Some(vec![]) }),
            ..Snapshot::at(self.now, "bench")
        }
    }

    /// What all workloads have in common.
    pub(crate) fn common(&self) -> Common {
        let snapshot = self.snapshot();
        let pods = snapshot.pods.clone();
        let outlines = pods.iter().map(|it| Arc::new(PodOutline::of(it)));
        let all_pods = Arc::new(AllPods::new(outlines.collect()));
        Common { pods, all_pods, replica_sets: self.shared("replicasets"), snapshot }
    }
}

impl Common {
    /// The Deployments that have a pod for which this is true.
    pub(crate) fn deployments(&self, is_one: fn(&Pod) -> bool) -> Vec<Arc<Deployment>> {
        let has_one = |it: &Arc<Deployment>| self.pods_of(&it.metadata).iter().any(|it| is_one(it));
        let roots = self.snapshot.workloads.iter();
        let deployments = roots.filter_map(|it| {
            if let Root::Deployment(it) = it { Some(Arc::clone(it)) } else { None }
        });
        deployments.filter(has_one).collect()
    }

    fn pods_of(&self, owner: &ObjectMeta) -> Vec<Arc<Pod>> {
        self.pods.iter().filter(|it| is_alike(&it.metadata, owner)).cloned().collect()
    }

    /// Everything around a Deployment; of one that crashes its last words too, which name a Service of its namespace.
    pub(crate) fn around(&self, root: &Arc<Deployment>) -> Objects {
        let own = &root.metadata;
        let is_near = |it: &ObjectMeta| it.namespace == own.namespace;
        let begin = format!("{}-", own.name.as_deref().unwrap_or_default());
        let is_told = |it: &&Arc<Event>| {
            is_near(&it.metadata)
                && it.involved_object.name.as_ref().is_some_and(|it| it.starts_with(&begin))
        };
        let all = &self.snapshot;
        let workloads = all.workloads.iter().filter(|it| is_near(it.metadata()));
        let pods = self.pods_of(own);
        let services: Vec<_> =
            all.services.iter().flatten().filter(|it| is_near(&it.metadata)).cloned().collect();
        let service = services.first().and_then(|it| it.metadata.name.clone());
        let words = format!("dial tcp {}:80: i/o timeout\n", service.unwrap_or_default());
        let crashed = pods.iter().filter(|it| crashes(it)).take(1);
        Objects {
            taken_at: all.taken_at,
            cluster: "bench".to_owned(),
            root: Root::Deployment(Arc::clone(root)),
            replica_sets: self
                .replica_sets
                .iter()
                .filter(|it| is_alike(&it.metadata, own))
                .cloned()
                .collect(),
            controller_revisions: vec![],
            whole_jobs: vec![],
            jobs: vec![],
            events: all.events.iter().filter(is_told).cloned().collect(),
            nodes: Some(all.nodes.clone()),
            node_mates: vec![],
            all_pods: Arc::clone(&self.all_pods),
            namespace_pods: self.pods.iter().filter(|it| is_near(&it.metadata)).cloned().collect(),
            logs: crashed.map(|it| log(it, &words)).collect(),
            pods,
            config_maps: Some(vec![]),
            claims: Some(vec![]),
            service_accounts: Some(vec!["default".to_owned()]),
            services: Some(services),
            endpoint_slices: None,
            autoscalers: Some(vec![]),
            vertical_autoscalers: Some(vec![]),
            limit_ranges: Some(vec![]),
            quotas: Some(vec![]),
            priority_classes: None,
            runtime_classes: None,
            kubernetes_minor: None,
            workloads: workloads.cloned().collect(),
            usage: vec![],
            ready_revisions: vec![],
            longest_ready: vec![],
            unread: vec![],
        }
    }

    /// What the rules of the Deployments find whose pods are not ready.
    pub(crate) fn findings(&self, redactor: &Redactor) -> Vec<Finding> {
        let broken = self.deployments(is_broken);
        let found = broken.iter().flat_map(|it| {
            let evidence = diagnosis::gather(&self.around(it), redactor);
            diagnosis::of_workload(&evidence, &diagnosis::diagnose(&evidence))
        });
        found.collect()
    }
}

fn log(pod: &Pod, words: &str) -> Log {
    Log {
        pod: pod.metadata.name.clone().unwrap_or_default(),
        container: "app".to_owned(),
        previous: true,
        text: words.to_owned(),
    }
}

fn label(metadata: &ObjectMeta) -> Option<&String> {
    metadata.labels.as_ref()?.get(NAME)
}

/// Whether both are of the same application.
fn is_alike(one: &ObjectMeta, other: &ObjectMeta) -> bool {
    one.namespace == other.namespace && label(one) == label(other)
}

/// Whether a container of this pod ended with an error.
pub(crate) fn crashes(pod: &Pod) -> bool {
    let statuses = pod.status.iter().flat_map(|it| it.container_statuses.iter().flatten());
    let mut ends = statuses.filter_map(|it| it.last_state.as_ref()?.terminated.as_ref());
    ends.any(|it| it.exit_code == 1)
}

/// Whether a pod is not ready.
fn is_broken(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|it| it.conditions.iter().flatten());
    !conditions.into_iter().any(|it| it.type_ == "Ready" && it.status == "True")
}
