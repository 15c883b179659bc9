//! Everything around a Service: what is read of it, and of the namespace that it takes its pods from.

use std::sync::Arc;

use diagnosis::Objects;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::ListParams;
use types::{Kind, ObjectRef};

use super::gather::{Unread, list, root};
use super::kube::KubeCluster;
use super::{ClusterError, Commons};

/// Says whose slice it is.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// Everything around the Service. Only it itself has to be readable; pods and workloads come from the caches.
pub(super) async fn objects(
    cluster: &KubeCluster,
    subject: &ObjectRef,
    commons: Option<&Commons<'_>>,
) -> Result<Objects, ClusterError> {
    let (caches, namespace) = (&cluster.caches, subject.namespace.as_str());
    let of_it = ListParams::default().labels(&format!("{SERVICE_NAME}={}", subject.name));
    let (root, services, slices) = tokio::join!(
        root(cluster, subject),
        list::<Service>(cluster, namespace, ListParams::default()),
        list::<EndpointSlice>(cluster, namespace, of_it),
    );
    let root = root?;
    let mut unread = Unread::default();
    Ok(Objects {
        taken_at: Timestamp::now(),
        cluster: cluster.name.to_string(),
        root,
        pods: vec![],
        // What a rollout relabelled is still told by its former revisions.
        replica_sets: caches.replica_sets.of_where(namespace, |_, it| it.owner.is_some()),
        controller_revisions: vec![],
        whole_jobs: vec![],
        jobs: vec![],
        events: caches.events_about(Kind::Service, namespace, &subject.name),
        nodes: None,
        namespace_pods: commons.map_or_else(|| caches.pods.of(namespace), |it| it.pods(namespace)),
        node_mates: vec![],
        all_pods: Arc::default(),
        config_maps: None,
        claims: None,
        service_accounts: None,
        services: unread.or_none("services", services),
        endpoint_slices: unread.or_none("endpoint slices", slices),
        autoscalers: None,
        vertical_autoscalers: None,
        limit_ranges: None,
        quotas: None,
        priority_classes: None,
        runtime_classes: None,
        kubernetes_minor: None,
        workloads: commons
            .map_or_else(|| caches.workloads_of(namespace), |it| it.workloads(namespace)),
        logs: vec![],
        usage: vec![],
        ready_revisions: vec![],
        longest_ready: vec![],
        unread: unread.0,
    })
}
