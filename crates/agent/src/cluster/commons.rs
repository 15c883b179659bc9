//! What the workloads of a namespace have in common: looked up once for all that are looked at together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use diagnosis::{AllPods, Root, Snapshot, Usage};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{
    LimitRange, Node, PersistentVolumeClaim, Pod, ResourceQuota, Service, ServiceAccount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::ListParams;
use kube::core::NamespaceResourceScope;
use kube::{Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::gather::{list, names_of};
use super::kube::KubeCluster;
use super::{Caches, ClusterError, additions, usage};

/// What the workloads of a snapshot have in common, namespace by namespace.
pub struct Commons<'s> {
    snapshot: &'s Snapshot,
    pods: BTreeMap<String, Vec<Arc<Pod>>>,
    workloads: BTreeMap<String, Vec<Root>>,
    all_pods: Arc<AllPods>,
    usage: Mutex<BTreeMap<String, Arc<OnceCell<Vec<Usage>>>>>,
}

impl<'s> Commons<'s> {
    /// What is in the snapshot already; the rest is read when somebody asks.
    pub fn of(snapshot: &'s Snapshot, caches: &Caches) -> Self {
        let space = |it: &ObjectMeta| it.namespace.clone().unwrap_or_default();
        let mut pods: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for pod in &snapshot.pods {
            pods.entry(space(&pod.metadata)).or_default().push(Arc::clone(pod));
        }
        let mut workloads: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for workload in &snapshot.workloads {
            workloads.entry(space(workload.metadata())).or_default().push(workload.clone());
        }
        let all_pods = Arc::new(AllPods::new(caches.pods.outlines()));
        Self { snapshot, pods, workloads, all_pods, usage: Mutex::default() }
    }

    /// All nodes, and all pods in outline.
    pub(super) fn of_cluster(&self) -> (Vec<Arc<Node>>, Arc<AllPods>) {
        (self.snapshot.nodes.clone(), Arc::clone(&self.all_pods))
    }

    pub(super) fn pods(&self, namespace: &str) -> Vec<Arc<Pod>> {
        self.pods.get(namespace).cloned().unwrap_or_default()
    }

    pub(super) fn workloads(&self, namespace: &str) -> Vec<Root> {
        self.workloads.get(namespace).cloned().unwrap_or_default()
    }

    /// What is known of this namespace.
    pub(super) async fn of_namespace(&self, cluster: &KubeCluster, namespace: &str) -> Common {
        let known = self.snapshot;
        let names = |it: Option<Vec<String>>| it.ok_or_else(unread);
        Common {
            claims: names(names_in(known.claims.as_deref(), namespace)),
            accounts: names(names_in(known.service_accounts.as_deref(), namespace)),
            services: all_in(known.services.as_deref(), namespace).ok_or_else(unread),
            scalers: all_in(known.autoscalers.as_deref(), namespace).ok_or_else(unread),
            vertical: vertical_in(known, namespace).ok_or_else(unread),
            limit_ranges: all_in(known.limit_ranges.as_deref(), namespace).ok_or_else(unread),
            quotas: all_in(known.quotas.as_deref(), namespace).ok_or_else(unread),
            usage: self.usage(cluster, namespace).await,
        }
    }

    /// What its containers use: asked by the first who wants to know, while the others wait.
    async fn usage(&self, cluster: &KubeCluster, namespace: &str) -> Vec<Usage> {
        let cell = {
            let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(usage.entry(namespace.to_owned()).or_default())
        };
        let read = async { usage::of_containers(&cluster.client, namespace).await };
        cell.get_or_init(|| async { read.await.unwrap_or_default() }).await.clone()
    }
}

/// Why is told once, with the snapshot.
fn unread() -> ClusterError {
    ClusterError::Refused("it could not be read for this scan".to_owned())
}

fn is_in<K: ResourceExt>(namespace: &str) -> impl Fn(&&K) -> bool {
    move |it| it.meta().namespace.as_deref() == Some(namespace)
}

fn all_in<K: ResourceExt + Clone>(objects: Option<&[K]>, namespace: &str) -> Option<Vec<K>> {
    Some(objects?.iter().filter(is_in(namespace)).cloned().collect())
}

fn names_in<K: ResourceExt>(objects: Option<&[K]>, namespace: &str) -> Option<Vec<String>> {
    Some(objects?.iter().filter(is_in(namespace)).map(ResourceExt::name_any).collect())
}

fn vertical_in(known: &Snapshot, namespace: &str) -> Option<Vec<Value>> {
    let space =
        |it: &Value| it.pointer("/metadata/namespace").and_then(Value::as_str).map(str::to_owned);
    let all = known.vertical_autoscalers.as_ref()?.iter();
    Some(all.filter(|it| space(it).as_deref() == Some(namespace)).cloned().collect())
}

/// What the workloads of one namespace have in common.
pub(super) struct Common {
    pub(super) claims: Result<Vec<String>, ClusterError>,
    pub(super) accounts: Result<Vec<String>, ClusterError>,
    pub(super) services: Result<Vec<Service>, ClusterError>,
    pub(super) scalers: Result<Vec<HorizontalPodAutoscaler>, ClusterError>,
    pub(super) vertical: Result<Vec<Value>, ClusterError>,
    pub(super) limit_ranges: Result<Vec<LimitRange>, ClusterError>,
    pub(super) quotas: Result<Vec<ResourceQuota>, ClusterError>,
    pub(super) usage: Vec<Usage>,
}

impl Common {
    /// Reads all of it.
    pub(super) async fn read(cluster: &KubeCluster, namespace: &str) -> Self {
        let (claims, accounts, services, scalers, vertical, limit_ranges, quotas, usage) = tokio::join!(
            names_of::<PersistentVolumeClaim>(cluster, namespace),
            names_of::<ServiceAccount>(cluster, namespace),
            whole::<Service>(cluster, namespace),
            whole::<HorizontalPodAutoscaler>(cluster, namespace),
            additions::vertical_autoscalers(&cluster.client, namespace),
            whole::<LimitRange>(cluster, namespace),
            whole::<ResourceQuota>(cluster, namespace),
            usage::of_containers(&cluster.client, namespace),
        );
        let usage = usage.unwrap_or_default();
        Self { claims, accounts, services, scalers, vertical, limit_ranges, quotas, usage }
    }
}

async fn whole<K>(cluster: &KubeCluster, namespace: &str) -> Result<Vec<K>, ClusterError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + std::fmt::Debug + DeserializeOwned,
{
    list(cluster, namespace, ListParams::default()).await
}
