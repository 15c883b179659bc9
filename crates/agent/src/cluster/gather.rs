//! Reads everything around one root owner: itself fresh and whole, the rest from the caches or at once.

use std::sync::Arc;

use diagnosis::{AllPods, Objects, Root};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{ControllerRevision, ReplicaSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::api::{Api, DynamicObject, ListParams};
use kube::core::{NamespaceResourceScope, Selector};
use kube::{Resource, ResourceExt};
use serde::de::DeserializeOwned;
use types::{Kind, ObjectRef};

use super::caches::Caches;
use super::commons::Common;
use super::kube::{KubeCluster, READ, within};
use super::revisions::ReadyRevisions;
use super::{ClusterError, Commons, classes, config_maps, logs, traffic};

/// A list of more than this in one namespace is read in part: a near miss is then not sure to be the only one.
pub(super) const MAX_LIST: u32 = 500;

/// Everything around the root owner. Only the root itself has to be readable; the rest may be missing. With
/// `commons`, what its namespace has in common is taken from there.
pub(super) async fn objects(
    cluster: &KubeCluster,
    subject: &ObjectRef,
    commons: Option<&Commons<'_>>,
) -> Result<Objects, ClusterError> {
    if subject.kind == Kind::Service {
        return Box::pin(traffic::objects(cluster, subject, commons)).await;
    }
    let caches = &cluster.caches;
    let (pods, known) = (caches.pods_of(subject), caches.root(subject));
    let selector = known.as_ref().and_then(selector);
    let wanted = config_maps::wanted(&pods, known.as_ref(), &caches.events_of(subject));

    let namespace = subject.namespace.as_str();
    let (root, replica_sets, revisions, jobs, config_maps, common, logs) = tokio::join!(
        root(cluster, subject),
        revisions_of::<ReplicaSet>(cluster, subject, Kind::Deployment, selector.as_ref()),
        controller_revisions(cluster, subject, selector.as_ref()),
        revisions_of::<Job>(cluster, subject, Kind::CronJob, None),
        config_maps::read(cluster, namespace, &wanted),
        common(cluster, namespace, commons),
        logs::of_failing(cluster, &pods),
    );
    let root = root?;
    // Only the words of a log are looked for.
    let config_maps =
        config_maps.map(|it| if logs.logs.is_empty() { config_maps::unsearched(it) } else { it });
    let classes = classes::of_template(cluster, &root).await;
    let (nodes, all_pods) = of_cluster(caches, commons);
    let mut unread = Unread(logs.unread);
    // A root that is not yet in the caches has pods that are not either: they come with the next change.
    let objects = Objects {
        taken_at: Timestamp::now(),
        cluster: cluster.name.to_string(),
        root,
        pods,
        replica_sets: unread.or_empty("replica sets", replica_sets),
        controller_revisions: unread.or_empty("revisions", revisions),
        jobs: caches.jobs_of(subject),
        whole_jobs: unread.or_empty("jobs", jobs),
        events: caches.events_of(subject),
        nodes: Some(nodes).filter(|it| !it.is_empty()),
        namespace_pods: commons.map_or_else(|| caches.pods.of(namespace), |it| it.pods(namespace)),
        node_mates: vec![],
        all_pods,
        config_maps: unread.or_none("config maps", config_maps),
        claims: unread.or_none("claims", common.claims),
        service_accounts: unread.or_none("service accounts", common.accounts),
        services: unread.or_none("services", common.services),
        endpoint_slices: None,
        autoscalers: unread.or_none("autoscalers", common.scalers),
        vertical_autoscalers: unread.or_none(types::VERTICAL_AUTOSCALERS, common.vertical),
        limit_ranges: unread.or_none("limit ranges", common.limit_ranges),
        quotas: unread.or_none("quotas", common.quotas),
        priority_classes: classes.priority.and_then(|it| unread.or_none("priority classes", it)),
        runtime_classes: classes.runtime.and_then(|it| unread.or_none("runtime classes", it)),
        kubernetes_minor: cluster.minor_version().await,
        workloads: commons
            .map_or_else(|| caches.workloads_of(namespace), |it| it.workloads(namespace)),
        logs: logs.logs,
        usage: common.usage,
        ready_revisions: vec![],
        longest_ready: vec![],
        unread: vec![],
    };
    Ok(Objects { unread: unread.0, ..with_its_own(objects, subject, &caches.ready_revisions) })
}

/// All nodes, and all pods in outline. Thousands: for the workloads of a scan they are looked up once.
fn of_cluster(caches: &Caches, commons: Option<&Commons<'_>>) -> (Vec<Arc<Node>>, Arc<AllPods>) {
    let looked_up = || (caches.nodes.all(), Arc::new(AllPods::new(caches.pods.outlines())));
    commons.map_or_else(looked_up, Commons::of_cluster)
}

/// The objects without revisions that only bear the name of this owner, as those of one that is gone do, and with
/// what was seen ready of its own.
fn with_its_own(mut objects: Objects, subject: &ObjectRef, seen: &ReadyRevisions) -> Objects {
    let uid = objects.root.metadata().uid.clone().unwrap_or_default();
    objects.replica_sets.retain(|it| is_of(&**it, &uid) && is_named_by_its_hash(it, subject));
    objects.controller_revisions.retain(|it| is_of(&**it, &uid));
    objects.whole_jobs.retain(|it| is_of(&**it, &uid));
    let is_its = |name: &str, holder: &str| match subject.kind {
        // Its pods are owned by what holds their template.
        Kind::Deployment => objects.replica_sets.iter().any(|it| {
            it.metadata.name.as_deref() == Some(name) && it.metadata.uid.as_deref() == Some(holder)
        }),
        Kind::Pod
        | Kind::ReplicaSet
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::Job
        | Kind::CronJob
        | Kind::Service
        | Kind::Node
        | Kind::PersistentVolumeClaim
        | Kind::ConfigMap => holder == uid,
    };
    let ready_revisions = seen.that_worked(subject, is_its);
    let longest_ready = seen.longest(subject, is_its);
    Objects { ready_revisions, longest_ready, ..objects }
}

/// Whether the owner with this uid controls it.
fn is_of(object: &impl Resource, uid: &str) -> bool {
    let mut owners = object.owner_references().iter();
    owners.any(|it| it.controller == Some(true) && it.uid == uid)
}

/// Whether the controller of Deployments made it: it names what it makes by the hash that it labels it with.
fn is_named_by_its_hash(set: &ReplicaSet, subject: &ObjectRef) -> bool {
    let labels = set.metadata.labels.as_ref();
    let hash = labels.and_then(|it| it.get("pod-template-hash"));
    let name = hash.map(|it| format!("{}-{it}", subject.name));
    name.is_some() && name == set.metadata.name
}

/// What all workloads of a namespace have in common.
async fn common(cluster: &KubeCluster, namespace: &str, commons: Option<&Commons<'_>>) -> Common {
    match commons {
        Some(commons) => commons.of_namespace(cluster, namespace).await,
        None => Box::pin(Common::read(cluster, namespace)).await,
    }
}

/// What could not be read, in words.
#[derive(Default)]
pub(super) struct Unread(pub(super) Vec<String>);

impl Unread {
    pub(super) fn or_none<T>(&mut self, what: &str, read: Result<T, ClusterError>) -> Option<T> {
        read.inspect_err(|error| self.0.push(format!("{what}: {error}"))).ok()
    }

    fn or_empty<T>(&mut self, what: &str, read: Result<Vec<T>, ClusterError>) -> Vec<T> {
        self.or_none(what, read).unwrap_or_default()
    }
}

pub(super) async fn root(cluster: &KubeCluster, subject: &ObjectRef) -> Result<Root, ClusterError> {
    root_from(subject.kind, cluster.read(subject).await?)
}

/// The object as a root owner of this kind.
pub(super) fn root_from(kind: Kind, object: DynamicObject) -> Result<Root, ClusterError> {
    match kind {
        Kind::Pod => whole(object).map(Root::Pod),
        Kind::Deployment => whole(object).map(Root::Deployment),
        Kind::ReplicaSet => whole(object).map(Root::ReplicaSet),
        Kind::StatefulSet => whole(object).map(Root::StatefulSet),
        Kind::DaemonSet => whole(object).map(Root::DaemonSet),
        Kind::Job => whole(object).map(Root::Job),
        Kind::CronJob => whole(object).map(Root::CronJob),
        Kind::Service => whole(object).map(Root::Service),
        Kind::Node | Kind::PersistentVolumeClaim | Kind::ConfigMap => {
            Err(ClusterError::Refused(format!("a {kind} is no workload")))
        }
    }
}

/// Hash over the template of an object of this kind, as it was read; `None` where it cannot be read as one.
pub(crate) fn spec_hash_of(kind: Kind, object: &serde_json::Value) -> Option<String> {
    let object = serde_json::from_value::<DynamicObject>(object.clone()).ok()?;
    root_from(kind, object).ok().map(|it| it.spec_hash())
}

fn whole<K: Resource + DeserializeOwned>(object: DynamicObject) -> Result<Arc<K>, ClusterError> {
    let object = object.try_parse().map_err(|it| ClusterError::Malformed(it.to_string()))?;
    Ok(Arc::new(object))
}

fn selector(root: &Root) -> Option<LabelSelector> {
    match root {
        Root::Deployment(it) => it.spec.as_ref().map(|it| it.selector.clone()),
        Root::StatefulSet(it) => it.spec.as_ref().map(|it| it.selector.clone()),
        Root::DaemonSet(it) => it.spec.as_ref().map(|it| it.selector.clone()),
        Root::Pod(_) | Root::ReplicaSet(_) | Root::Job(_) | Root::CronJob(_) | Root::Service(_) => {
            None
        }
    }
}

async fn controller_revisions(
    cluster: &KubeCluster,
    subject: &ObjectRef,
    selector: Option<&LabelSelector>,
) -> Result<Vec<Arc<ControllerRevision>>, ClusterError> {
    let kind = match subject.kind {
        Kind::StatefulSet | Kind::DaemonSet => subject.kind,
        Kind::Pod
        | Kind::Deployment
        | Kind::ReplicaSet
        | Kind::Job
        | Kind::CronJob
        | Kind::Node
        | Kind::Service
        | Kind::PersistentVolumeClaim
        | Kind::ConfigMap => return Ok(vec![]),
    };
    revisions_of(cluster, subject, kind, selector).await
}

/// The objects that hold the templates of an owner of this kind; none for an owner of another kind.
async fn revisions_of<K>(
    cluster: &KubeCluster,
    subject: &ObjectRef,
    kind: Kind,
    selector: Option<&LabelSelector>,
) -> Result<Vec<Arc<K>>, ClusterError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + std::fmt::Debug + DeserializeOwned,
{
    if subject.kind != kind {
        return Ok(vec![]);
    }
    let selector = selector.cloned().unwrap_or_default();
    let selector =
        Selector::try_from(selector).map_err(|it| ClusterError::Malformed(it.to_string()))?;
    let params = ListParams::default().labels_from(&selector);
    let mut found = list::<K>(cluster, &subject.namespace, params).await?;
    let is_mine = |it: &K| {
        let mut owners = it.owner_references().iter();
        owners.any(|it| {
            it.controller == Some(true) && it.kind == kind.as_str() && it.name == subject.name
        })
    };
    found.retain(is_mine);
    Ok(found.into_iter().map(Arc::new).collect())
}

/// The names of all objects of a kind in the namespace: no more is transferred.
pub(super) async fn names_of<K>(
    cluster: &KubeCluster,
    namespace: &str,
) -> Result<Vec<String>, ClusterError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + std::fmt::Debug + DeserializeOwned,
{
    let api = Api::<K>::namespaced(cluster.client.clone(), namespace);
    let params = ListParams::default().limit(MAX_LIST);
    let list = within(READ, &K::plural(&()), api.list_metadata(&params)).await?;
    Ok(list.items.iter().map(ResourceExt::name_any).collect())
}

pub(super) async fn list<K>(
    cluster: &KubeCluster,
    namespace: &str,
    params: ListParams,
) -> Result<Vec<K>, ClusterError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + std::fmt::Debug + DeserializeOwned,
{
    let api = Api::<K>::namespaced(cluster.client.clone(), namespace);
    let list = within(READ, &K::plural(&()), api.list(&params.limit(MAX_LIST))).await?;
    Ok(list.items)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_revision_is_known_by_its_owner_and_by_the_hash_in_its_name() {
        let web = ObjectRef::named(Kind::Deployment, "shop", "web");
        let counts = |name: &str, hash: &str, owner: &str| {
            let set: ReplicaSet = serde_json::from_value(json!({"metadata": {
                "name": name, "labels": {"pod-template-hash": hash}, "ownerReferences": [{
                    "apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": owner,
                    "controller": true}],
            }}))
            .unwrap();
            is_of(&set, "now") && is_named_by_its_hash(&set, &web)
        };

        assert!(counts("web-7d9", "7d9", "now"));
        assert!(!counts("web-7d9", "7d9", "before"));
        assert!(!counts("web-evil", "7d9", "now"));
        assert!(!counts("web-api-7d9", "7d9", "now"));
    }
}
