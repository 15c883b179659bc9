//! The whole cluster for a scan: what is watched comes from the caches, every other kind is listed once.

use std::panic::resume_unwind;
use std::sync::Arc;

use diagnosis::{Hardening, K8sgptResult, Rights, Root, Snapshot, Webhook};
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{
    ConfigMap, Event, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, Service,
};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{Api, DynamicObject, ListParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, Resource};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::task::{self, JoinHandle};

use super::caches::Caches;
use super::kube::{KubeCluster, READ, within};
use super::prune::cut_metadata;
use super::{ClusterError, additions};
use crate::scan::{Progress, Stage};

/// Lists are read in pages of this size.
const PAGE: u32 = 250;
/// Pages of one kind that are read: what lies beyond is said to be unread.
const MAX_PAGES: usize = 80;
/// Kinds that are listed for a scan, beside what is watched.
const N_LISTED: usize = 39;
/// Where name servers are.
const NAME_SERVERS: &str = "kube-system";

/// What is watched, as it was at one moment.
struct Watched {
    pods: Vec<Arc<Pod>>,
    nodes: Vec<Arc<Node>>,
    workloads: Vec<Root>,
    jobs: Vec<Arc<Job>>,
    events: Vec<Arc<Event>>,
}

/// What is watched is unpacked on a thread of its own, while the rest is read from the API server.
struct Unpacking(JoinHandle<Watched>);

impl Unpacking {
    fn begin(caches: Arc<Caches>) -> Self {
        Self(task::spawn_blocking(move || Watched {
            pods: caches.pods.all(),
            nodes: caches.nodes.all(),
            workloads: caches.workloads(),
            jobs: caches.jobs.all(),
            events: caches.events_of_note(),
        }))
    }

    async fn end(self) -> Watched {
        self.0.await.unwrap_or_else(|it| resume_unwind(it.into_panic()))
    }
}

/// The cluster as it is now.
pub(super) async fn take(cluster: &KubeCluster, progress: Progress<'_>) -> Snapshot {
    let client = &cluster.client;
    let watched = Unpacking::begin(Arc::clone(&cluster.caches));
    let mut unread = vec![];
    // One group after another: all at once would need the memory of all pages at once.
    let told = |n_listed| progress(Stage::Listing(n_listed, N_LISTED));
    told(0);
    let near = Box::pin(network(client)).await;
    told(5);
    let storage = Box::pin(storage(client)).await;
    told(10);
    let (rules, gateway, k8sgpt) =
        tokio::join!(rules(client), gateway(client), k8sgpt_results(client));
    told(20);
    let additions = Box::pin(additions::read(client)).await;
    let accounts = all(client).await;
    told(N_LISTED);
    let (services, slices, ingresses, classes, policies) = near;
    let (claims, volumes, storage_classes, config_maps, namespaces) = storage;
    let (autoscalers, budgets, quotas, limits, webhooks) = rules;
    let (gateway_classes, gateways, routes) = gateway;
    let watched = watched.end().await;
    Snapshot {
        pods: watched.pods,
        nodes: watched.nodes,
        workloads: watched.workloads,
        jobs: watched.jobs,
        events: watched.events,
        services: kept(services, &mut unread),
        endpoint_slices: kept(slices, &mut unread),
        ingresses: kept(ingresses, &mut unread),
        ingress_classes: kept(classes, &mut unread),
        network_policies: kept(policies, &mut unread),
        claims: kept(claims, &mut unread),
        volumes: kept(volumes, &mut unread),
        storage_classes: kept(storage_classes, &mut unread),
        config_maps: kept(config_maps, &mut unread),
        namespaces: kept(namespaces, &mut unread),
        autoscalers: kept(autoscalers, &mut unread),
        budgets: kept(budgets, &mut unread),
        quotas: kept(quotas, &mut unread),
        limit_ranges: kept(limits, &mut unread),
        webhooks: kept(webhooks, &mut unread),
        gateway_classes: kept(gateway_classes, &mut unread),
        gateways: kept(gateways, &mut unread),
        routes: some_kept(routes, &mut unread),
        service_accounts: kept(accounts, &mut unread),
        certificates: kept(additions.certificates, &mut unread),
        issuers: kept(additions.issuers, &mut unread),
        vertical_autoscalers: kept(additions.vertical_autoscalers, &mut unread),
        scaled_objects: kept(additions.scaled_objects, &mut unread),
        monitors: kept(additions.monitors, &mut unread),
        applications: kept(additions.applications, &mut unread),
        deliveries: kept(additions.deliveries, &mut unread),
        sources: kept(additions.sources, &mut unread),
        k8sgpt_results: kept(k8sgpt, &mut unread),
        unread,
        ..Snapshot::at(Timestamp::now(), cluster.name.to_string())
    }
}

/// Who may do what, and what of it could not be read.
pub(super) async fn rights(cluster: &KubeCluster) -> (Rights, Vec<String>) {
    let client = &cluster.client;
    let (roles, cluster_roles, role_bindings, cluster_role_bindings) =
        tokio::join!(all(client), all(client), all(client), all(client));
    let mut unread = vec![];
    let rights = Rights {
        roles: kept(roles, &mut unread),
        cluster_roles: kept(cluster_roles, &mut unread),
        role_bindings: kept(role_bindings, &mut unread),
        cluster_role_bindings: kept(cluster_role_bindings, &mut unread),
    };
    (rights, unread)
}

/// How the cluster is hardened, and what of it could not be read.
pub(super) async fn hardening(cluster: &KubeCluster) -> (Hardening, Vec<String>) {
    let mut unread = vec![];
    let broken = additions::broken_policies(&cluster.client).await;
    (Hardening { broken_policies: kept(broken, &mut unread) }, unread)
}

/// As much of the cluster as one workload of this namespace may suffer from besides its own trouble: the pods and their
/// events from the caches, and two small reads. Where a pod may wait for a claim, claims and volumes as well, and
/// webhooks where one was called in vain.
pub(super) async fn around(cluster: &KubeCluster, namespace: &str) -> Snapshot {
    let (caches, client) = (&cluster.caches, &cluster.client);
    let policies = Api::<NetworkPolicy>::namespaced(client.clone(), namespace);
    let spaces = Api::<Namespace>::all(client.clone());
    let params = ListParams::default().limit(PAGE);
    let services = Api::<Service>::namespaced(client.clone(), namespace);
    let pods = caches.pods.of(namespace);
    let waits = pods.iter().any(|it| diagnosis::waits_for_claims(it));
    let events = caches.events.of(namespace);
    let calls = events.iter().any(|it| diagnosis::tells_of_webhook(it));
    let (policies, services, space, (claims, volumes, storage_classes), webhooks) = tokio::join!(
        within(READ, "network policies", policies.list(&params)),
        within(READ, "services", services.list(&params)),
        within(READ, "namespaces", spaces.get_opt(NAME_SERVERS)),
        async {
            if waits { Box::pin(claims_of(client, namespace)).await } else { (None, None, None) }
        },
        async { if calls { Box::pin(webhooks(client)).await.ok() } else { None } },
    );
    let is_here = |it: &Root| it.metadata().namespace.as_deref() == Some(namespace);
    Snapshot {
        pods,
        nodes: caches.nodes.all(),
        claims,
        volumes,
        storage_classes,
        workloads: caches.workloads_of(namespace).into_iter().filter(is_here).collect(),
        jobs: caches.jobs.of(namespace),
        events,
        webhooks,
        network_policies: policies.ok().map(|it| it.items),
        services: services.ok().map(|it| it.items),
        namespaces: space.ok().map(|it| it.into_iter().collect()),
        ..Snapshot::at(Timestamp::now(), cluster.name.to_string())
    }
}

/// The claims of a namespace, and what they may be bound to; `None` where a kind could not be read.
async fn claims_of(
    client: &Client,
    namespace: &str,
) -> (Option<Vec<PersistentVolumeClaim>>, Option<Vec<PersistentVolume>>, Option<Vec<StorageClass>>)
{
    let claims = Api::<PersistentVolumeClaim>::namespaced(client.clone(), namespace);
    let params = ListParams::default().limit(PAGE);
    let (claims, volumes, classes) = tokio::join!(
        within(READ, "persistentvolumeclaims", claims.list(&params)),
        all(client),
        all(client)
    );
    (claims.ok().map(|it| it.items), volumes.ok(), classes.ok())
}

/// Objects of a kind, or why they could not be read.
pub(super) type Read<T> = Result<Vec<T>, String>;

fn kept<T>(read: Read<T>, unread: &mut Vec<String>) -> Option<Vec<T>> {
    read.map_err(|it| unread.push(it)).ok()
}

/// What could be read of several kinds; `None` where that is nothing of the first, which is the usual one.
fn some_kept<T>(reads: Vec<Read<T>>, unread: &mut Vec<String>) -> Option<Vec<T>> {
    let mut kept = reads.into_iter().map(|it| kept(it, unread));
    let mut first = kept.next().flatten();
    for more in kept.flatten() {
        if let Some(first) = &mut first {
            first.extend(more);
        }
    }
    first
}

async fn network(
    client: &Client,
) -> (
    Read<Service>,
    Read<k8s_openapi::api::discovery::v1::EndpointSlice>,
    Read<k8s_openapi::api::networking::v1::Ingress>,
    Read<k8s_openapi::api::networking::v1::IngressClass>,
    Read<NetworkPolicy>,
) {
    tokio::join!(all(client), all(client), all(client), all(client), all(client))
}

async fn storage(
    client: &Client,
) -> (
    Read<PersistentVolumeClaim>,
    Read<PersistentVolume>,
    Read<StorageClass>,
    Read<diagnosis::ConfigMapSize>,
    Read<Namespace>,
) {
    let sizes = async {
        // Values are counted where they arrive, and not kept.
        each(client, |it: ConfigMap| Snapshot::size(&it)).await
    };
    tokio::join!(all(client), all(client), all(client), sizes, all(client))
}

async fn rules(
    client: &Client,
) -> (
    Read<k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler>,
    Read<k8s_openapi::api::policy::v1::PodDisruptionBudget>,
    Read<k8s_openapi::api::core::v1::ResourceQuota>,
    Read<k8s_openapi::api::core::v1::LimitRange>,
    Read<Webhook>,
) {
    tokio::join!(all(client), all(client), all(client), all(client), webhooks(client))
}

async fn webhooks(client: &Client) -> Read<Webhook> {
    let (validating, mutating) = tokio::join!(
        each(client, |it| Webhook::validating(&it)),
        each(client, |it| Webhook::mutating(&it)),
    );
    Ok(validating?.into_iter().chain(mutating?).flatten().collect())
}

async fn gateway(client: &Client) -> (Read<Value>, Read<Value>, Vec<Read<Value>>) {
    tokio::join!(
        gateway_api(client, "GatewayClass", "gatewayclasses"),
        gateway_api(client, "Gateway", "gateways"),
        additions::routes(client),
    )
}

/// Objects of the Gateway API; none where it is not installed.
async fn gateway_api(client: &Client, kind: &str, plural: &str) -> Read<Value> {
    let named = GroupVersionKind::gvk("gateway.networking.k8s.io", "v1", kind);
    added(client, &named, plural).await
}

/// What the operator of K8sGPT keeps about the cluster; nothing where it is not installed. A result that names no
/// object or says nothing is left out.
async fn k8sgpt_results(client: &Client) -> Read<K8sgptResult> {
    let named = GroupVersionKind::gvk("core.k8sgpt.ai", "v1alpha1", "Result");
    let objects = added(client, &named, "results").await?;
    let specs = objects.iter().filter_map(|it| it.get("spec"));
    Ok(specs.filter_map(K8sgptResult::read).collect())
}

/// Objects of a kind that somebody added to the cluster; none where nobody did.
pub(super) async fn added(client: &Client, named: &GroupVersionKind, plural: &str) -> Read<Value> {
    let keep = |mut it: DynamicObject| {
        cut_metadata(&mut it.metadata);
        serde_json::to_value(it).map_err(|it| it.to_string())
    };
    added_as(client, named, (plural, keep)).await?.into_iter().collect()
}

/// What is kept of each object of a kind that somebody added to the cluster; nothing where nobody did.
pub(super) async fn added_as<T>(
    client: &Client,
    named: &GroupVersionKind,
    (plural, keep): (&str, impl Fn(DynamicObject) -> T),
) -> Read<T> {
    let resource = ApiResource::from_gvk_with_plural(named, plural);
    match pages(Api::all_with(client.clone(), &resource), plural, keep).await {
        Ok(objects) => Ok(objects),
        Err(ClusterError::NotFound(_)) => Ok(vec![]),
        Err(error) => Err(format!("{plural}: {error}")),
    }
}

async fn all<K>(client: &Client) -> Read<K>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
{
    each(client, |mut it: K| {
        cut_metadata(it.meta_mut());
        it
    })
    .await
}

async fn each<K, T>(client: &Client, keep: impl Fn(K) -> T) -> Read<T>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
{
    let plural = K::plural(&());
    match pages(Api::<K>::all(client.clone()), &plural, keep).await {
        Ok(objects) => Ok(objects),
        // A server that does not know the kind has none of it.
        Err(ClusterError::NotFound(_)) => Ok(vec![]),
        Err(error) => Err(format!("{plural}: {error}")),
    }
}

/// All objects, page by page; each is cut where it arrives, so that only one page is ever whole.
pub(super) async fn pages<K, T>(
    api: Api<K>,
    what: &str,
    keep: impl Fn(K) -> T,
) -> Result<Vec<T>, ClusterError>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    let mut params = ListParams::default().limit(PAGE);
    let mut objects = vec![];
    for _ in 0..MAX_PAGES {
        let page = within(READ, what, api.list(&params)).await?;
        objects.extend(page.items.into_iter().map(&keep));
        match page.metadata.continue_.filter(|it| !it.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(objects),
        }
    }
    Err(ClusterError::Malformed(format!("more than {} of them", objects.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reads: Vec<Read<u8>>, expected: Option<&[u8]>, unread: usize) {
        let mut told = vec![];

        assert_eq!(some_kept(reads, &mut told).as_deref(), expected);
        assert_eq!(told.len(), unread);
    }

    #[test]
    fn a_kind_of_route_that_may_not_be_read_takes_no_other_along() {
        let refused = || Err("grpcroutes: forbidden".to_owned());

        check(vec![Ok(vec![1]), Ok(vec![2])], Some(&[1, 2]), 0);
        check(vec![Ok(vec![1]), refused(), Ok(vec![3])], Some(&[1, 3]), 1);
        check(vec![refused(), Ok(vec![2])], None, 1);
    }
}
