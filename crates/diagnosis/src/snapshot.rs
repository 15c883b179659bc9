//! The objects of a whole cluster, as the agent read them for a scan.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhook, MutatingWebhookConfiguration, ValidatingWebhook,
    ValidatingWebhookConfiguration, WebhookClientConfig,
};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{
    ConfigMap, Event, LimitRange, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod,
    ResourceQuota, Service, ServiceAccount,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use crate::evidence::owners;
use crate::{BrokenPolicy, K8sgptResult, Objects, Root, Usage};

/// The objects of a whole cluster. `None` where a kind could not be read: nothing is claimed about it then.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// When it was read; the only clock.
    pub taken_at: Timestamp,
    /// The cluster's name.
    pub cluster: String,
    /// Pods.
    pub pods: Vec<Arc<Pod>>,
    /// Nodes.
    pub nodes: Vec<Arc<Node>>,
    /// Root owners.
    pub workloads: Vec<Root>,
    /// Jobs, those of CronJobs among them.
    pub jobs: Vec<Arc<Job>>,
    /// Events.
    pub events: Vec<Arc<Event>>,
    /// Namespaces.
    pub namespaces: Option<Vec<Namespace>>,
    /// Services.
    pub services: Option<Vec<Service>>,
    /// What stands behind the Services.
    pub endpoint_slices: Option<Vec<EndpointSlice>>,
    /// Ingresses.
    pub ingresses: Option<Vec<Ingress>>,
    /// Their classes.
    pub ingress_classes: Option<Vec<IngressClass>>,
    /// Network policies.
    pub network_policies: Option<Vec<NetworkPolicy>>,
    /// Persistent volume claims.
    pub claims: Option<Vec<PersistentVolumeClaim>>,
    /// Persistent volumes.
    pub volumes: Option<Vec<PersistentVolume>>,
    /// Storage classes.
    pub storage_classes: Option<Vec<StorageClass>>,
    /// Autoscalers.
    pub autoscalers: Option<Vec<HorizontalPodAutoscaler>>,
    /// Vertical autoscalers.
    pub vertical_autoscalers: Option<Vec<Value>>,
    /// Disruption budgets.
    pub budgets: Option<Vec<PodDisruptionBudget>>,
    /// Quotas.
    pub quotas: Option<Vec<ResourceQuota>>,
    /// Limit ranges.
    pub limit_ranges: Option<Vec<LimitRange>>,
    /// Admission webhooks of both kinds.
    pub webhooks: Option<Vec<Webhook>>,
    /// ConfigMaps: names, keys and sizes, never values.
    pub config_maps: Option<Vec<ConfigMapSize>>,
    /// `GatewayClass` objects, as JSON; empty where the Gateway API is not installed.
    pub gateway_classes: Option<Vec<Value>>,
    /// Gateways, as JSON.
    pub gateways: Option<Vec<Value>>,
    /// `HTTPRoute`, `GRPCRoute`, `TLSRoute` and `TCPRoute` objects, as JSON.
    pub routes: Option<Vec<Value>>,
    /// Service accounts.
    pub service_accounts: Option<Vec<ServiceAccount>>,
    /// Certificates of cert-manager, as JSON; empty where it is not installed.
    pub certificates: Option<Vec<Value>>,
    /// `Issuer` and `ClusterIssuer` objects of cert-manager, as JSON.
    pub issuers: Option<Vec<Value>>,
    /// `ScaledObject` and `ScaledJob` objects of KEDA, as JSON; empty where it is not installed.
    pub scaled_objects: Option<Vec<Value>>,
    /// `Prometheus` and `Alertmanager` objects of its operator, as JSON; empty where it is not installed.
    pub monitors: Option<Vec<Value>>,
    /// Applications of Argo CD, as JSON; empty where it is not installed.
    pub applications: Option<Vec<Value>>,
    /// `Kustomization` and `HelmRelease` objects of Flux, as JSON; empty where it is not installed.
    pub deliveries: Option<Vec<Value>>,
    /// Repositories, buckets and charts that Flux fetches, as JSON; empty where it is not installed.
    pub sources: Option<Vec<Value>>,
    /// Who may do what; `None` where nobody has to know.
    pub rights: Option<Rights>,
    /// How the cluster is hardened; `None` where nobody asked for notices.
    pub hardening: Option<Hardening>,
    /// What containers use, by namespace; `None` where nobody asked for notices, or no metrics server is installed.
    pub usage: Option<BTreeMap<String, Vec<Usage>>>,
    /// What K8sGPT reports; empty where it is not installed.
    pub k8sgpt_results: Option<Vec<K8sgptResult>>,
    /// Reads that failed, with reason.
    pub unread: Vec<String>,
}

/// Who may do what. Read only for those who ask for notices, and where somebody may not do what he tries. `None`
/// where a kind could not be read.
#[derive(Debug, Clone, Default)]
pub struct Rights {
    /// Roles of namespaces.
    pub roles: Option<Vec<Role>>,
    /// Roles of the whole cluster.
    pub cluster_roles: Option<Vec<ClusterRole>>,
    /// Who has a role in a namespace.
    pub role_bindings: Option<Vec<RoleBinding>>,
    /// Who has a role in the whole cluster.
    pub cluster_role_bindings: Option<Vec<ClusterRoleBinding>>,
}

/// How a cluster is hardened, beside who may do what. Read only for those who ask for notices. `None` where a kind
/// could not be read.
#[derive(Debug, Clone, Default)]
pub struct Hardening {
    /// What policy engines report as broken; empty where there is none.
    pub broken_policies: Option<Vec<BrokenPolicy>>,
}

/// One webhook of a Validating- or `MutatingWebhookConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// `ValidatingWebhookConfiguration` or `MutatingWebhookConfiguration`.
    pub kind: String,
    /// The configuration's name.
    pub configuration: String,
    /// The webhook's own name.
    pub name: String,
    /// Its place in the configuration.
    pub index: usize,
    /// Namespace, name and port of the Service that it asks; `None` for one that is asked by URL.
    pub service: Option<(String, String, i32)>,
    /// Host and port of the URL that it is asked by; never the rest, which may hold a token.
    pub host: Option<String>,
    /// Whether what it is asked about fails when it does not answer.
    pub fails_closed: bool,
    /// Who keeps the configuration as somebody declared it, as its marks say: `helm`.
    pub owner: Option<String>,
    /// The configuration's labels.
    pub labels: Option<BTreeMap<String, String>>,
}

/// A ConfigMap without its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigMapSize {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// Its keys, of `data` and `binaryData`.
    pub keys: Vec<String>,
    /// The bytes of its values.
    pub bytes: usize,
    /// When somebody last wrote values of it, as far as the API server remembers.
    pub changed_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Whether it has labels, annotations or owners, by which somebody may find it or keep it.
    pub marked: bool,
}

impl Webhook {
    /// The webhooks of a configuration that validates.
    pub fn validating(configuration: &ValidatingWebhookConfiguration) -> Vec<Self> {
        let webhooks = configuration.webhooks.iter().flatten().enumerate();
        let kind = "ValidatingWebhookConfiguration";
        let of = |(index, it): (usize, &ValidatingWebhook)| {
            let policy = it.failure_policy.as_deref();
            Self::new(kind, &configuration.metadata, (index, &it.name), (&it.client_config, policy))
        };
        webhooks.map(of).collect()
    }

    /// The webhooks of a configuration that changes what it is asked about.
    pub fn mutating(configuration: &MutatingWebhookConfiguration) -> Vec<Self> {
        let webhooks = configuration.webhooks.iter().flatten().enumerate();
        let kind = "MutatingWebhookConfiguration";
        let of = |(index, it): (usize, &MutatingWebhook)| {
            let policy = it.failure_policy.as_deref();
            Self::new(kind, &configuration.metadata, (index, &it.name), (&it.client_config, policy))
        };
        webhooks.map(of).collect()
    }

    fn new(
        kind: &str,
        of: &ObjectMeta,
        (index, name): (usize, &str),
        (client, policy): (&WebhookClientConfig, Option<&str>),
    ) -> Self {
        // Port 443 and policy Fail are the defaults of admissionregistration.k8s.io/v1.
        let service = client.service.as_ref();
        let service =
            service.map(|it| (it.namespace.clone(), it.name.clone(), it.port.unwrap_or(443)));
        Self {
            kind: kind.to_owned(),
            configuration: of.name.clone().unwrap_or_default(),
            name: name.to_owned(),
            index,
            service,
            host: client.url.as_deref().and_then(host),
            fails_closed: policy != Some("Ignore"),
            owner: owners::claimant(of),
            labels: of.labels.clone(),
        }
    }
}

/// What `kubectl apply` notes of an object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Host and port of a URL.
fn host(url: &str) -> Option<String> {
    let rest = url.split_once("://").map_or(url, |it| it.1);
    let host = rest.split(['/', '?', '#']).next()?;
    let host = host.rsplit_once('@').map_or(host, |it| it.1);
    (!host.is_empty()).then(|| host.to_owned())
}

impl Snapshot {
    /// A ConfigMap without its values.
    pub fn size(map: &ConfigMap) -> ConfigMapSize {
        let text = map.data.iter().flatten().map(|it| (it.0.clone(), it.1.len()));
        let binary = map.binary_data.iter().flatten().map(|it| (it.0.clone(), it.1.0.len()));
        let (keys, bytes): (Vec<_>, Vec<_>) = text.chain(binary).unzip();
        ConfigMapSize {
            namespace: map.metadata.namespace.clone().unwrap_or_default(),
            name: map.metadata.name.clone().unwrap_or_default(),
            labels: map.metadata.labels.clone(),
            keys,
            bytes: bytes.iter().sum(),
            changed_at: changed_at(&map.metadata),
            created_at: map.metadata.creation_timestamp.as_ref().map(|it| it.0),
            marked: is_marked(&map.metadata),
        }
    }

    /// Nothing but a time and a name: kinds that were not read are `None`.
    pub fn at(taken_at: Timestamp, cluster: impl Into<String>) -> Self {
        Self {
            taken_at,
            cluster: cluster.into(),
            pods: vec![],
            nodes: vec![],
            workloads: vec![],
            jobs: vec![],
            events: vec![],
            namespaces: None,
            services: None,
            endpoint_slices: None,
            ingresses: None,
            ingress_classes: None,
            network_policies: None,
            claims: None,
            volumes: None,
            storage_classes: None,
            autoscalers: None,
            vertical_autoscalers: None,
            budgets: None,
            quotas: None,
            limit_ranges: None,
            webhooks: None,
            config_maps: None,
            gateway_classes: None,
            gateways: None,
            routes: None,
            service_accounts: None,
            certificates: None,
            issuers: None,
            scaled_objects: None,
            monitors: None,
            applications: None,
            deliveries: None,
            sources: None,
            rights: None,
            hardening: None,
            usage: None,
            k8sgpt_results: None,
            unread: vec![],
        }
    }

    /// What was read around one workload anyway: what stands around it, as far as that goes.
    pub fn around(objects: &Objects) -> Self {
        let mut workloads = objects.workloads.clone();
        workloads.push(objects.root.clone());
        Self {
            pods: objects.namespace_pods.clone(),
            nodes: objects.nodes.clone().unwrap_or_default(),
            workloads,
            jobs: objects.jobs.clone(),
            events: objects.events.clone(),
            services: objects.services.clone(),
            autoscalers: objects.autoscalers.clone(),
            quotas: objects.quotas.clone(),
            limit_ranges: objects.limit_ranges.clone(),
            ..Self::at(objects.taken_at, objects.cluster.clone())
        }
    }

    /// How many objects there are.
    pub fn n_objects(&self) -> usize {
        fn n<T>(items: Option<&Vec<T>>) -> usize {
            items.map_or(0, Vec::len)
        }
        self.pods.len()
            + self.nodes.len()
            + self.workloads.iter().filter(|it| !matches!(it, Root::Pod(_))).count()
            + n(self.namespaces.as_ref())
            + n(self.services.as_ref())
            + n(self.ingresses.as_ref())
            + n(self.network_policies.as_ref())
            + n(self.claims.as_ref())
            + n(self.volumes.as_ref())
            + n(self.storage_classes.as_ref())
            + n(self.autoscalers.as_ref())
            + n(self.budgets.as_ref())
            + n(self.quotas.as_ref())
            + n(self.webhooks.as_ref())
            + n(self.config_maps.as_ref())
            + n(self.gateways.as_ref())
            + n(self.routes.as_ref())
    }
}

/// Whether an object has labels, annotations or owners; what `kubectl apply` notes is none.
fn is_marked(metadata: &ObjectMeta) -> bool {
    let mut annotations = metadata.annotations.iter().flatten();
    metadata.labels.as_ref().is_some_and(|it| !it.is_empty())
        || metadata.owner_references.as_ref().is_some_and(|it| !it.is_empty())
        || metadata.finalizers.as_ref().is_some_and(|it| !it.is_empty())
        || annotations.any(|it| it.0 != LAST_APPLIED)
}

/// When the values of a ConfigMap were last written: the API server remembers it for each of those who write them.
/// The time is that of any field that he wrote, so that only those count who write nothing but values: an upgrade
/// that moves a label alone is no change.
pub(crate) fn changed_at(metadata: &ObjectMeta) -> Option<Timestamp> {
    let writers = metadata.managed_fields.iter().flatten();
    let of_values =
        writers.filter(|it| it.fields_v1.as_ref().is_some_and(|it| is_of_values(&it.0)));
    of_values.filter_map(|it| it.time.as_ref()).map(|it| it.0).max()
}

/// Whether these managed fields are values, beside what `kubectl apply` notes of the same values.
fn is_of_values(fields: &Value) -> bool {
    const NOTE: &str = "f:kubectl.kubernetes.io/last-applied-configuration";
    let is_note = |it: &Value| {
        members(it).all(|(name, it)| {
            name == "f:annotations" && members(it).all(|it| matches!(it.0.as_str(), "." | NOTE))
        })
    };
    let is_value = |it: &str| matches!(it, "f:data" | "f:binaryData");
    members(fields).any(|it| is_value(it.0))
        && members(fields).all(|(name, it)| is_value(name) || name == "f:metadata" && is_note(it))
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}
