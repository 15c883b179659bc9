//! The objects of a page, as the agent would have read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use diagnosis::{
    AllPods, BrokenPolicy, ConfigMapKeys, ConfigMapSize, Hardening, K8sgptResult, Log, Objects,
    PodOutline, Redactor, Rights, Root, Snapshot, TagList, Usage,
};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde_yaml_ng::Value;
use types::{Evidence, Kind, Subject};

use super::all::{All, Below};

/// The first document of a page: when and around what the others were read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame {
    taken_at: Timestamp,
    /// `Deployment web`; absent where the whole cluster is surveyed.
    root: Option<String>,
    #[serde(default)]
    logs: Vec<LogText>,
    /// Names of revisions that the agent saw ready.
    #[serde(default)]
    ready_revisions: Vec<String>,
    /// For how many seconds at a stretch it saw them ready, where that is not an hour.
    #[serde(default)]
    longest_ready: BTreeMap<String, i64>,
    /// What a metrics server tells.
    #[serde(default)]
    usage: Vec<UsageText>,
    /// What the registry of an image that is not there lists, where it was asked.
    registry_tags: Option<Vec<String>>,
    /// Bytes of ConfigMaps, by name, that are too large for a page.
    #[serde(default)]
    bytes: BTreeMap<String, usize>,
    /// Whether somebody asked how the cluster is hardened.
    #[serde(default)]
    hardening: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UsageText {
    /// Matters where the whole cluster is surveyed.
    #[serde(default = "shop")]
    namespace: String,
    pod: String,
    container: String,
    cpu_millis: u64,
    memory_bytes: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogText {
    pod: String,
    container: String,
    #[serde(default)]
    previous: bool,
    text: String,
}

fn shop() -> String {
    "shop".to_owned()
}

/// Kinds of sources of Flux.
const SOURCES: [&str; 5] =
    ["GitRepository", "OCIRepository", "HelmRepository", "HelmChart", "Bucket"];

/// Kinds of routes of the Gateway API.
const ROUTES: [&str; 4] = ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute"];

/// The facts in the objects of a page.
pub(super) fn evidence(text: &str) -> Evidence {
    gathered_beside(&objects(text), text)
}

/// The facts in these objects, beside what the page says of a registry.
pub(crate) fn gathered_beside(objects: &Objects, text: &str) -> Evidence {
    let mut evidence = gathered(objects);
    if let Some(tags) = read(text).0.registry_tags {
        let list = TagList { tags: &tags, whole: true };
        let first = evidence.containers.first();
        evidence.registry_tags = first.map(|it| diagnosis::nearest(it, list));
    }
    evidence
}

/// The facts in these objects.
pub(super) fn gathered(objects: &Objects) -> Evidence {
    diagnosis::gather(objects, &Redactor::new([0; 32]))
}

/// When a page was read, and its objects.
fn read(text: &str) -> (Frame, All) {
    let mut documents = serde_yaml_ng::Deserializer::from_str(text);
    let frame = Frame::deserialize(documents.next().unwrap()).unwrap();
    let documents: Vec<_> = documents.map(|it| Value::deserialize(it).unwrap()).collect();
    (frame, All(documents))
}

/// The objects of a page that is about the whole cluster; `None` for one that is about one workload.
pub(crate) fn snapshot(text: &str) -> Option<Snapshot> {
    let (frame, all) = read(text);
    frame.root.is_none().then(|| Snapshot {
        pods: all.of("Pod", |_| true),
        nodes: all.of("Node", |_| true),
        workloads: all.roots(),
        jobs: all.of("Job", |_| true),
        events: all.of("Event", |_| true),
        namespaces: Some(all.read("Namespace")),
        services: Some(all.read("Service")),
        endpoint_slices: Some(all.read("EndpointSlice")),
        ingresses: Some(all.read("Ingress")),
        ingress_classes: Some(all.read("IngressClass")),
        network_policies: Some(all.read("NetworkPolicy")),
        claims: Some(all.read("PersistentVolumeClaim")),
        volumes: Some(all.read("PersistentVolume")),
        storage_classes: Some(all.read("StorageClass")),
        autoscalers: Some(all.read("HorizontalPodAutoscaler")),
        budgets: Some(all.read("PodDisruptionBudget")),
        quotas: Some(all.read("ResourceQuota")),
        limit_ranges: Some(all.read("LimitRange")),
        webhooks: Some(all.webhooks()),
        config_maps: Some(sizes(&frame, &all)),
        gateway_classes: Some(all.read("GatewayClass")),
        gateways: Some(all.read("Gateway")),
        routes: Some(ROUTES.iter().flat_map(|it| all.read(it)).collect()),
        service_accounts: Some(all.read("ServiceAccount")),
        certificates: Some(all.read("Certificate")),
        issuers: Some([all.read("Issuer"), all.read("ClusterIssuer")].concat()),
        vertical_autoscalers: Some(all.read("VerticalPodAutoscaler")),
        scaled_objects: Some([all.read("ScaledObject"), all.read("ScaledJob")].concat()),
        monitors: Some([all.read("Prometheus"), all.read("Alertmanager")].concat()),
        applications: Some(all.read("Application")),
        deliveries: Some([all.read("Kustomization"), all.read("HelmRelease")].concat()),
        sources: Some(SOURCES.iter().flat_map(|it| all.read(it)).collect()),
        rights: Some(Rights {
            roles: Some(all.read("Role")),
            cluster_roles: Some(all.read("ClusterRole")),
            role_bindings: Some(all.read("RoleBinding")),
            cluster_role_bindings: Some(all.read("ClusterRoleBinding")),
        }),
        hardening: frame.hardening.then(|| Hardening {
            broken_policies: Some(
                [all.read::<serde_json::Value>("PolicyReport"), all.read("ClusterPolicyReport")]
                    .concat()
                    .iter()
                    .flat_map(BrokenPolicy::of)
                    .collect(),
            ),
        }),
        usage: Some(usage_of_all(&frame)).filter(|it| !it.is_empty()),
        k8sgpt_results: Some(
            all.read::<serde_json::Value>("Result")
                .iter()
                .filter_map(|it| K8sgptResult::read(&it["spec"]))
                .collect(),
        ),
        ..Snapshot::at(frame.taken_at, "casebook")
    })
}

/// The ConfigMaps of a page, with the sizes that it only states.
fn sizes(frame: &Frame, all: &All) -> Vec<ConfigMapSize> {
    let stated = |it: ConfigMapSize| {
        let bytes = frame.bytes.get(&it.name).copied().unwrap_or(it.bytes);
        ConfigMapSize { bytes, ..it }
    };
    all.read::<ConfigMap>("ConfigMap").iter().map(Snapshot::size).map(stated).collect()
}

/// As much of a page about one workload as is read for its analysis besides what is its own.
pub(super) fn around_root(text: &str) -> Snapshot {
    let (frame, all) = read(text);
    Snapshot {
        pods: all.of("Pod", |_| true),
        workloads: all.roots(),
        jobs: all.of("Job", |_| true),
        events: all.of("Event", |_| true),
        network_policies: Some(all.read("NetworkPolicy")),
        namespaces: Some(all.read("Namespace")),
        ..Snapshot::at(frame.taken_at, "casebook")
    }
}

/// Every workload of a page as its own rules see it.
pub(super) fn workloads(text: &str) -> Vec<Evidence> {
    each_root(text).iter().map(gathered).collect()
}

/// The objects of a page around each of its workloads.
pub(crate) fn each_root(text: &str) -> Vec<Objects> {
    let (frame, all) = read(text);
    let roots = all.roots();
    roots.iter().map(|it| around(it.clone(), &frame, &all, roots.clone())).collect()
}

/// The objects of a page around this Service.
pub(super) fn around_service(text: &str, service: &Subject) -> Option<Objects> {
    let (frame, all) = read(text);
    let is_it = |it: &ObjectMeta| {
        let space = it.namespace.as_ref().is_none_or(|it| *it == service.namespace);
        space && it.name.as_ref() == Some(&service.name)
    };
    let root = all.of("Service", is_it).into_iter().next().map(Root::Service)?;
    Some(around(root, &frame, &all, all.roots()))
}

/// The objects of a page around its root.
pub(crate) fn objects(text: &str) -> Objects {
    let (frame, all) = read(text);
    let roots = all.roots();
    let wanted = frame.root.clone().unwrap_or_default();
    let named = |it: &&Root| {
        format!("{} {}", it.kind(), it.metadata().name.as_deref().unwrap_or_default()) == wanted
    };
    let services = all.of("Service", |_| true).into_iter().map(Root::Service);
    let services: Vec<Root> = services.collect();
    let mut all_roots = roots.iter().chain(&services);
    let root = all_roots.find(|it| named(it)).unwrap_or_else(|| panic!("no {wanted}")).clone();
    around(root, &frame, &all, roots)
}

fn around(root: Root, frame: &Frame, all: &All, roots: Vec<Root>) -> Objects {
    let below = Below::of(&root, all);
    let log = |it: &LogText| Log {
        pod: it.pod.clone(),
        container: it.container.clone(),
        previous: it.previous,
        text: it.text.clone(),
    };
    let all_pods: Vec<Arc<Pod>> = all.of("Pod", |_| true);
    let outlines = all_pods.iter().map(|it| Arc::new(PodOutline::of(it)));
    let is_near = |it: &Pod| it.metadata.namespace == root.metadata().namespace;
    let space = root.metadata().namespace.as_deref();
    let is_own = |it: &ObjectMeta| it.namespace.is_none() || it.namespace.as_deref() == space;
    let maps: Vec<ConfigMap> = all.read("ConfigMap");
    Objects {
        taken_at: frame.taken_at,
        cluster: "casebook".to_owned(),
        pods: all.of("Pod", |it| below.has(it)),
        replica_sets: all.of("ReplicaSet", |it| below.has(it) || root.kind() == Kind::Service),
        controller_revisions: all.of("ControllerRevision", |it| below.has(it)),
        jobs: all.of("Job", |it| below.has(it)),
        whole_jobs: all.of("Job", |it| below.has(it)),
        events: all
            .read("Event")
            .into_iter()
            .filter(|it: &k8s_openapi::api::core::v1::Event| {
                let uid = it.involved_object.uid.as_deref();
                uid.is_some_and(|it| below.0.contains(it))
            })
            .map(Arc::new)
            .collect(),
        nodes: Some(all.of("Node", |_| true)).filter(|it| !it.is_empty()),
        node_mates: vec![],
        all_pods: Arc::new(AllPods::new(outlines.collect())),
        namespace_pods: all_pods.into_iter().filter(|it| is_near(it)).collect(),
        config_maps: Some(
            maps.iter().filter(|it| is_own(&it.metadata)).map(ConfigMapKeys::with_texts).collect(),
        ),
        claims: Some(all.names_in("PersistentVolumeClaim", space)),
        service_accounts: Some(all.names_in("ServiceAccount", space)),
        services: Some(all.read("Service")),
        endpoint_slices: Some(slices_of(&root, all)),
        vertical_autoscalers: Some(all.read("VerticalPodAutoscaler")),
        autoscalers: Some(all.read("HorizontalPodAutoscaler")),
        limit_ranges: Some(all.read("LimitRange")),
        quotas: Some(all.read("ResourceQuota")),
        priority_classes: Some(all.names("PriorityClass")),
        runtime_classes: Some(all.names("RuntimeClass")),
        kubernetes_minor: Some(35),
        workloads: roots,
        logs: frame.logs.iter().map(log).collect(),
        usage: frame.usage.iter().map(usage).collect(),
        ready_revisions: frame.ready_revisions.clone(),
        longest_ready: longest_ready(frame),
        unread: vec![],
        root,
    }
}

fn longest_ready(frame: &Frame) -> Vec<(String, SignedDuration)> {
    let hour = SignedDuration::from_hours(1);
    let secs = |it: &String| frame.longest_ready.get(it).copied().map(SignedDuration::from_secs);
    frame.ready_revisions.iter().map(|it| (it.clone(), secs(it).unwrap_or(hour))).collect()
}

fn usage(it: &UsageText) -> Usage {
    Usage {
        pod: it.pod.clone(),
        container: it.container.clone(),
        cpu_millis: it.cpu_millis,
        memory_bytes: it.memory_bytes,
    }
}

/// What containers use, by namespace.
fn usage_of_all(frame: &Frame) -> BTreeMap<String, Vec<Usage>> {
    let mut all: BTreeMap<String, Vec<Usage>> = BTreeMap::new();
    for it in &frame.usage {
        all.entry(it.namespace.clone()).or_default().push(usage(it));
    }
    all
}

/// What stands behind the root, where it is a Service.
fn slices_of(root: &Root, all: &All) -> Vec<EndpointSlice> {
    let name = root.metadata().name.as_ref();
    let mut slices: Vec<EndpointSlice> = all.read("EndpointSlice");
    slices.retain(|it| {
        let labels = it.metadata.labels.as_ref();
        labels.and_then(|it| it.get("kubernetes.io/service-name")) == name
    });
    slices
}
