//! What the workloads of a namespace have in common: read once for all that are looked at together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use diagnosis::{Root, Snapshot, Usage};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{
    LimitRange, PersistentVolumeClaim, Pod, ResourceQuota, Service, ServiceAccount,
};
use kube::api::ListParams;
use tokio::sync::OnceCell;

use super::gather::{list, names_of};
use super::kube::KubeCluster;
use super::{ClusterError, usage};

/// What the workloads of a snapshot have in common, namespace by namespace.
#[derive(Default)]
pub struct Commons {
    pods: BTreeMap<String, Vec<Arc<Pod>>>,
    workloads: BTreeMap<String, Vec<Root>>,
    read: Mutex<BTreeMap<String, Arc<OnceCell<Common>>>>,
}

impl Commons {
    /// What is in the snapshot already; the rest is read when somebody asks.
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut commons = Self::default();
        for pod in &snapshot.pods {
            let namespace = pod.metadata.namespace.clone().unwrap_or_default();
            commons.pods.entry(namespace).or_default().push(Arc::clone(pod));
        }
        for workload in &snapshot.workloads {
            let namespace = workload.metadata().namespace.clone().unwrap_or_default();
            commons.workloads.entry(namespace).or_default().push(workload.clone());
        }
        commons
    }

    pub(super) fn pods(&self, namespace: &str) -> Vec<Arc<Pod>> {
        self.pods.get(namespace).cloned().unwrap_or_default()
    }

    pub(super) fn workloads(&self, namespace: &str) -> Vec<Root> {
        self.workloads.get(namespace).cloned().unwrap_or_default()
    }

    /// What has to be read of this namespace: by the first who asks, while the others wait.
    pub(super) async fn read(&self, cluster: &KubeCluster, namespace: &str) -> Common {
        let cell = {
            let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(read.entry(namespace.to_owned()).or_default())
        };
        cell.get_or_init(|| Box::pin(Common::read(cluster, namespace))).await.clone()
    }
}

/// What is read of a namespace.
#[derive(Clone)]
pub(super) struct Common {
    pub(super) claims: Result<Vec<String>, ClusterError>,
    pub(super) accounts: Result<Vec<String>, ClusterError>,
    pub(super) services: Result<Vec<Service>, ClusterError>,
    pub(super) scalers: Result<Vec<HorizontalPodAutoscaler>, ClusterError>,
    pub(super) limit_ranges: Result<Vec<LimitRange>, ClusterError>,
    pub(super) quotas: Result<Vec<ResourceQuota>, ClusterError>,
    pub(super) usage: Vec<Usage>,
}

impl Common {
    pub(super) async fn read(cluster: &KubeCluster, namespace: &str) -> Self {
        let (claims, accounts, services, scalers, limit_ranges, quotas, usage) = tokio::join!(
            names_of::<PersistentVolumeClaim>(cluster, namespace),
            names_of::<ServiceAccount>(cluster, namespace),
            list::<Service>(cluster, namespace, ListParams::default()),
            list::<HorizontalPodAutoscaler>(cluster, namespace, ListParams::default()),
            list::<LimitRange>(cluster, namespace, ListParams::default()),
            list::<ResourceQuota>(cluster, namespace, ListParams::default()),
            usage::of_containers(&cluster.client, namespace),
        );
        let usage = usage.unwrap_or_default();
        Self { claims, accounts, services, scalers, limit_ranges, quotas, usage }
    }
}
