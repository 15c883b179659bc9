//! The real cluster: reads and writes through the API server, each with a deadline and never repeated by itself.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use k8s_openapi::api::policy::v1::Eviction;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{DeleteOptions, ObjectMeta, Preconditions};
use kube::api::{Api, DynamicObject, PatchParams, PostParams};
use kube::core::Status;
use kube::discovery::ApiResource;
use kube::{Client, ResourceExt};
use prometheus_client::metrics::counter::Counter;
use remedy::Writer;
use service::health::Probes;
use tokio::sync::{OnceCell, mpsc, watch};
use tokio::task::JoinSet;
use types::{Kind, ObjectRef};

use super::caches::{Caches, reference};
use super::changes::{Change, Counters};
use super::connect::Clients;
use super::executor::{Accounts, Writers};
use super::refusals::meaning;
use super::reports::Reports;
use super::watch::Sinks;
use super::{
    Answer, Census, Cluster, ClusterError, Commons, Leave, NodeUsage, Notice, Patch, Purpose,
    RightsReport, RightsWanted, UsageRead, Written, announce, census, gather, json_patch,
    node_mates, rights, snapshot, stop_object, usage,
};
use crate::scan::Progress;

/// Under which name our writes stand in `managedFields`.
pub const FIELD_MANAGER: &str = "k8s-reflexion-agent";
/// How long a read may take.
pub(super) const READ: Duration = Duration::from_secs(10);
/// How long a write may take.
const WRITE: Duration = Duration::from_secs(30);
/// How many changes may wait to be triaged before the watches wait too.
const QUEUE: usize = 1024;

/// What a decision and a verdict are made from, beside what is read for them: the workload's pods and its neighbours.
const DECIDED_ON: [&str; 5] = ["pods", "deployments", "replicasets", "statefulsets", "daemonsets"];

/// The real cluster.
pub struct KubeCluster {
    pub(super) client: Client,
    writers: Writers,
    pub(super) name: Arc<str>,
    pub(super) caches: Arc<Caches>,
    counters: Arc<Counters>,
    probes: Probes,
    /// What the API server said of its version, once it answered.
    minor_version: OnceCell<u32>,
    reports: Reports,
    /// The watches end with the cluster.
    _watches: JoinSet<()>,
}

/// What a cluster that is being watched gives: itself, its caches, and what changes in it.
pub struct Watching {
    /// The cluster.
    pub cluster: Arc<KubeCluster>,
    /// What the watch keeps.
    pub caches: Arc<Caches>,
    /// What the watch sees.
    pub changes: mpsc::Receiver<Change>,
}

impl KubeCluster {
    /// Starts to watch; answers at once, whether the API server can be reached or not.
    ///
    /// `accounts` write; where there is none, the identity that reads does.
    pub fn watch(
        clients: Clients,
        name: Arc<str>,
        accounts: Accounts,
        probes: Probes,
        restarts: Counter,
    ) -> Watching {
        let caches = Arc::new(Caches::default());
        let counters = Arc::new(Counters::default());
        let (sender, changes) = mpsc::channel(QUEUE);
        let sinks = Sinks {
            caches: Arc::clone(&caches),
            counters: Arc::clone(&counters),
            changes: sender,
            probes: probes.clone(),
            restarts,
        };
        let watches = super::watch::start(&clients.watching, &sinks);
        let writers = Writers::new(&clients.asking, &clients.config, accounts);
        let cluster = Self {
            client: clients.asking,
            writers,
            name,
            caches: Arc::clone(&caches),
            counters,
            probes,
            minor_version: OnceCell::new(),
            reports: Reports::default(),
            _watches: watches,
        };
        Watching { cluster: Arc::new(cluster), caches, changes }
    }

    /// Reads one object whole.
    pub(super) async fn read(&self, of: &ObjectRef) -> Result<DynamicObject, ClusterError> {
        let api = self.dynamic(of);
        within(READ, &of.to_string(), api.get(&of.name)).await
    }

    /// The minor version of the API server; `None` while it does not say.
    pub(super) async fn minor_version(&self) -> Option<u32> {
        let ask = async {
            let version = within(READ, "the version", self.client.apiserver_version()).await?;
            // Some vendors write `33+`.
            let digits = version.minor.trim_end_matches('+');
            digits.parse().map_err(|_| ClusterError::Malformed(version.minor.clone()))
        };
        self.minor_version.get_or_try_init(|| ask).await.ok().copied()
    }

    /// Whether the stop object is in this namespace, from now on.
    pub fn stop_object(&self, namespace: &str) -> watch::Receiver<bool> {
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(stop_object::follow(self.client.clone(), namespace.to_owned(), sender));
        receiver
    }

    /// What the API server says about our rights, and those of who writes for us.
    pub async fn rights(&self, wanted: &RightsWanted<'_>) -> Result<RightsReport, ClusterError> {
        rights::review(&self.client, &self.writers, wanted).await
    }

    /// The client that writes what is no fix: Events, and the Lease.
    pub(super) async fn writer(&self) -> Result<Client, ClusterError> {
        self.writers.client(Writer::Executor).await
    }

    /// The client of whoever carries this out, with a connection that is made already where something is written:
    /// that takes its time too, and nothing is to lie between the last question and the request.
    async fn writer_for(&self, purpose: &Purpose) -> Result<Client, ClusterError> {
        let client = self.writers.client(purpose.writer()).await?;
        if purpose.is_rehearsal() {
            return Ok(client);
        }
        match within(READ, "the version", client.apiserver_version()).await {
            Err(silence @ ClusterError::Unreachable(_)) => Err(silence),
            // Whatever it answers, it is there.
            Ok(_)
            | Err(
                ClusterError::NotFound(_)
                | ClusterError::Refused(_)
                | ClusterError::Conflict(_)
                | ClusterError::Throttled { .. }
                | ClusterError::Malformed(_)
                | ClusterError::Stopped,
            ) => Ok(client),
        }
    }

    fn dynamic(&self, of: &ObjectRef) -> Api<DynamicObject> {
        let resource = resource(of.kind);
        if of.namespace.is_empty() {
            Api::all_with(self.client.clone(), &resource)
        } else {
            Api::namespaced_with(self.client.clone(), &of.namespace, &resource)
        }
    }

    async fn find_root(&self, namespace: &str, name: &str) -> Result<ObjectRef, ClusterError> {
        let pod = self.read_pod(namespace, name).await?;
        let mut object = reference(Kind::Pod, &pod.metadata);
        let mut metadata = pod.metadata.clone();
        // The caches know nearly always; where they lag behind, the missing owner is read once.
        for _ in 0..3 {
            let unknown = match self.caches.root_of(object.kind, &metadata) {
                Ok(root) => return Ok(root),
                Err(unknown) => unknown.owner,
            };
            let owner = self.read(&unknown).await?;
            if owner.uid().unwrap_or_default() != unknown.uid {
                return Err(ClusterError::NotFound(unknown.to_string()));
            }
            object = reference(unknown.kind, &owner.metadata);
            metadata = owner.metadata;
        }
        Ok(object)
    }

    async fn read_pod(&self, namespace: &str, name: &str) -> Result<Pod, ClusterError> {
        let api = Api::<Pod>::namespaced(self.client.clone(), namespace);
        within(READ, &format!("Pod {namespace}/{name}"), api.get(name)).await
    }

    async fn write(&self, patch: Patch<'_>) -> Result<Written, ClusterError> {
        let target = patch.target;
        let what = target.to_string();
        let params = PatchParams {
            dry_run: patch.purpose.is_rehearsal(),
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let url = self.dynamic(target).resource_url().to_owned();
        let request =
            json_patch::request(&url, &target.name, patch.subresource, &params, patch.operations)?;
        let client = self.writer_for(&patch.purpose).await?;
        patch.purpose.ask()?;
        let call = within(WRITE, &what, client.request(request));
        let after: DynamicObject = patch.purpose.while_let(call).await?;
        let object = reference(target.kind, &after.metadata);
        let spec_hash = gather::root_from(target.kind, after).ok().map(|it| it.spec_hash());
        Ok(Written { object, spec_hash })
    }

    async fn evict_pod(&self, target: &ObjectRef, purpose: Purpose) -> Result<(), ClusterError> {
        let uid = (!target.uid.is_empty()).then(|| target.uid.clone());
        let eviction = Eviction {
            metadata: ObjectMeta {
                name: Some(target.name.clone()),
                namespace: Some(target.namespace.clone()),
                ..ObjectMeta::default()
            },
            delete_options: Some(DeleteOptions {
                preconditions: Some(Preconditions { uid, resource_version: None }),
                ..DeleteOptions::default()
            }),
        };
        let dry_run = purpose.is_rehearsal();
        let params = PostParams { dry_run, field_manager: Some(FIELD_MANAGER.to_owned()) };
        let client = self.writer_for(&purpose).await?;
        purpose.ask()?;
        let api = Api::<Pod>::namespaced(client, &target.namespace);
        let call =
            api.create_subresource::<_, Status>("eviction", &target.name, &params, &eviction);
        let what = target.to_string();
        let call = within(WRITE, &what, call);
        purpose.while_let(call).await.map(|_: Status| ())
    }
}

impl Cluster for KubeCluster {
    fn root_of<'a>(&'a self, namespace: &'a str, pod: &'a str) -> Answer<'a, ObjectRef> {
        Box::pin(self.find_root(namespace, pod))
    }

    fn up_to_date(&self) -> Result<(), ClusterError> {
        let checks = self.probes.checks();
        let behind = DECIDED_ON.iter().find_map(|kind| {
            let words = checks.get(*kind).filter(|it| *it != "ok")?;
            Some(format!("the watch of {kind} is not up to date: {words}"))
        });
        behind.map_or(Ok(()), |it| Err(ClusterError::Unreachable(it)))
    }

    fn pod<'a>(&'a self, namespace: &'a str, name: &'a str) -> Answer<'a, Pod> {
        Box::pin(self.read_pod(namespace, name))
    }

    fn objects<'a>(&'a self, subject: &'a ObjectRef) -> Answer<'a, diagnosis::Objects> {
        Box::pin(gather::objects(self, subject, None))
    }

    fn objects_among<'a>(
        &'a self,
        subject: &'a ObjectRef,
        commons: &'a Commons<'a>,
    ) -> Answer<'a, diagnosis::Objects> {
        Box::pin(gather::objects(self, subject, Some(commons)))
    }

    fn node_mates(&self, subject: &ObjectRef, pods: &[Arc<Pod>]) -> Vec<diagnosis::NodeMate> {
        node_mates::of(&self.caches, subject, pods)
    }

    fn namespace_enrolled<'a>(&'a self, namespace: &'a str) -> Answer<'a, bool> {
        Box::pin(async move {
            let api = Api::<Namespace>::all(self.client.clone());
            let what = format!("Namespace {namespace}");
            let found = within(READ, &what, api.get_metadata(namespace)).await?;
            let label = found.labels().get(remedy::MANAGED_LABEL);
            Ok(label.is_some_and(|it| it == "true"))
        })
    }

    fn patch<'a>(&'a self, patch: Patch<'a>) -> Answer<'a, Written> {
        Box::pin(self.write(patch))
    }

    fn evict<'a>(&'a self, target: &'a ObjectRef, purpose: Purpose) -> Answer<'a, ()> {
        Box::pin(self.evict_pod(target, purpose))
    }

    fn announce<'a>(
        &'a self,
        about: &'a ObjectRef,
        notice: &'a Notice,
        leave: Leave,
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            let client = self.writer().await?;
            leave.ask()?;
            announce::leave(client, about, notice).await
        })
    }

    fn object<'a>(&'a self, target: &'a ObjectRef) -> Answer<'a, serde_json::Value> {
        Box::pin(async move {
            let object = self.read(target).await?;
            serde_json::to_value(object).map_err(|it| ClusterError::Malformed(it.to_string()))
        })
    }

    fn node_usage(&self) -> Answer<'_, Vec<NodeUsage>> {
        Box::pin(usage::of_nodes(&self.client))
    }

    fn changes(&self, subject: &ObjectRef) -> watch::Receiver<u64> {
        self.counters.of(subject)
    }

    fn snapshot<'a>(&'a self, progress: Progress<'a>) -> BoxFuture<'a, diagnosis::Snapshot> {
        Box::pin(snapshot::take(self, progress))
    }

    fn rights(&self) -> BoxFuture<'_, (diagnosis::Rights, Vec<String>)> {
        Box::pin(snapshot::rights(self))
    }

    fn hardening(&self) -> BoxFuture<'_, (diagnosis::Hardening, Vec<String>)> {
        Box::pin(snapshot::hardening(self))
    }

    fn usage<'a>(&'a self, namespace: Option<&'a str>) -> BoxFuture<'a, UsageRead> {
        Box::pin(usage::of_cluster(&self.client, namespace))
    }

    fn around<'a>(&'a self, namespace: &'a str) -> BoxFuture<'a, diagnosis::Snapshot> {
        Box::pin(snapshot::around(self, namespace))
    }

    fn reports(&self) -> BoxFuture<'_, Arc<[diagnosis::K8sgptResult]>> {
        Box::pin(self.reports.read(&self.client))
    }

    fn census(&self) -> Census {
        census::take(&self.caches)
    }
}

/// The answer, if it comes in time.
pub(super) async fn within<T>(
    limit: Duration,
    what: &str,
    call: impl Future<Output = kube::Result<T>>,
) -> Result<T, ClusterError> {
    match tokio::time::timeout(limit, call).await {
        Ok(answer) => answer.map_err(|it| meaning(&it, what)),
        Err(_) => Err(ClusterError::Unreachable(format!(
            "nothing about {what} for {} seconds",
            limit.as_secs()
        ))),
    }
}

fn resource(kind: Kind) -> ApiResource {
    let (group, version) = kind.api_version().split_once('/').unwrap_or(("", kind.api_version()));
    let plural = match kind {
        Kind::Pod => "pods",
        Kind::Deployment => "deployments",
        Kind::ReplicaSet => "replicasets",
        Kind::StatefulSet => "statefulsets",
        Kind::DaemonSet => "daemonsets",
        Kind::Job => "jobs",
        Kind::CronJob => "cronjobs",
        Kind::Node => "nodes",
        Kind::Service => "services",
        Kind::PersistentVolumeClaim => "persistentvolumeclaims",
        Kind::ConfigMap => "configmaps",
    };
    ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: kind.api_version().to_owned(),
        kind: kind.as_str().to_owned(),
        plural: plural.to_owned(),
    }
}
