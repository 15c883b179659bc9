//! A cluster of any size that nothing moves, for measurements: the same objects for the same seed and time.
//!
//! Its objects are as large as a real API server gives them, with `managedFields`, annotations, environment,
//! probes, volumes and statuses. Beside Deployments there is what a cluster of that size has: Ingresses, policies,
//! budgets, autoscalers, StatefulSets with their volumes, DaemonSets, CronJobs with their Jobs, roles, quotas. A few
//! percent of its workloads are broken in one of several ways, and of most other kinds one object in fifty is wrong.
#![expect(
    clippy::indexing_slicing,
    reason = "JSON is null where nothing is, and what is written to was made here"
)]

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

mod chance;
mod nodes;
mod workloads;
mod sets;
mod timed;
mod pods;
mod statuses;
mod services;
mod traffic;
mod bounds;
mod rights;
mod storage;
mod events;

use chance::Chance;
use workloads::App;

/// How large a generated cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// What all that is drawn depends on.
    pub seed: u64,
    /// Pods of all that makes pods.
    pub pods: usize,
    /// Deployments.
    pub deployments: usize,
    /// One of so many Deployments has an Ingress, a network policy, a budget, an autoscaler and an account with a role;
    /// none has where it is 0.
    pub furnished: usize,
    /// StatefulSets; each of their pods has a claim and a volume.
    pub stateful_sets: usize,
    /// DaemonSets, with a pod on each node.
    pub daemon_sets: usize,
    /// CronJobs, each with its last Jobs and their pods.
    pub cron_jobs: usize,
    /// Events.
    pub events: usize,
    /// Nodes.
    pub nodes: usize,
}

/// Pods for each Deployment, ReplicaSets of one, Deployments of a namespace and pods of a node, on average.
const PODS_EACH: usize = 5;
const REVISIONS: usize = 3;
const DEPLOYMENTS_EACH: usize = 40;
const PODS_ON_A_NODE: usize = 100;
/// Deployments for each StatefulSet and for each CronJob, on average, and the most DaemonSets.
const FOR_A_STATEFUL_SET: usize = 10;
const FOR_A_CRON_JOB: usize = 20;
const DAEMON_SETS: usize = 10;
/// Where what belongs to the cluster itself runs, and what watches it.
const SYSTEM: &str = "kube-system";
const TELEMETRY: &str = "telemetry";
/// One of so many objects of a kind is made wrong.
const WRONG: usize = 50;
/// One of so many Deployments has all that may stand beside one.
const FURNISHED: usize = 3;

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pods, deployments, events, nodes, .. } = self;
        let namespaces = self.namespaces() + 2;
        write!(
            f,
            "A generated cluster: {pods} pods of {deployments} Deployments with Services and ConfigMaps, on {nodes} nodes \
             in {namespaces} namespaces with quotas and limit ranges; {events} events"
        )?;
        if self.furnished == 0 {
            return write!(f, ".");
        }
        let Self { stateful_sets, daemon_sets, cron_jobs, furnished, .. } = self;
        write!(
            f,
            "; {stateful_sets} StatefulSets with claims and volumes, {daemon_sets} DaemonSets and {cron_jobs} CronJobs \
             with their last Jobs; for one of {furnished} Deployments an Ingress, a network policy, a budget, an \
             autoscaler, an account and a role."
        )
    }
}

impl Size {
    /// A cluster with so many pods, and as much around them as there usually is.
    pub fn of_pods(pods: usize) -> Self {
        let deployments = pods.div_ceil(PODS_EACH);
        Self {
            seed: 1,
            pods,
            deployments,
            furnished: FURNISHED,
            stateful_sets: deployments / FOR_A_STATEFUL_SET,
            daemon_sets: DAEMON_SETS.min(deployments / FOR_A_STATEFUL_SET),
            cron_jobs: deployments / FOR_A_CRON_JOB,
            events: pods,
            nodes: pods.div_ceil(PODS_ON_A_NODE),
        }
    }

    /// A cluster with so many pods, all of them of Deployments, and nothing beside these.
    pub fn of_deployments(pods: usize) -> Self {
        Self { furnished: 0, stateful_sets: 0, daemon_sets: 0, cron_jobs: 0, ..Self::of_pods(pods) }
    }

    /// Whether the Deployment of this number has all that may stand beside one.
    fn is_furnished(&self, n: usize) -> bool {
        0 < self.furnished && n.is_multiple_of(self.furnished)
    }

    fn namespaces(&self) -> usize {
        self.deployments.div_ceil(DEPLOYMENTS_EACH)
    }

    /// Those pods that are left for the Deployments.
    fn pods_of_deployments(&self) -> usize {
        let others = self.stateful_sets * sets::REPLICAS
            + self.daemon_sets * self.nodes
            + self.cron_jobs * timed::JOBS;
        self.pods.saturating_sub(others)
    }
}

/// What is drawn in a moment of the cluster.
struct Draw {
    size: Size,
    now: Timestamp,
    chance: Chance,
    objects: Vec<(&'static str, Value)>,
}

/// The objects of a cluster as it is at `now`, each with the resource that it is of.
pub fn objects(size: Size, now: Timestamp) -> Vec<(&'static str, Value)> {
    let mut draw = Draw { size, now, chance: Chance::new(size.seed), objects: vec![] };
    for n in 0..size.nodes {
        let node = nodes::node(&mut draw, n);
        draw.put("nodes", node);
    }
    cluster(&mut draw);
    let mut pods_left = size.pods_of_deployments();
    for n in 0..size.deployments {
        let app = App::draw(&mut draw, n, pods_left);
        pods_left -= app.replicas;
        workloads::put(&mut draw, &app);
        services::put(&mut draw, &app);
        if size.is_furnished(n) {
            traffic::put(&mut draw, &app);
            bounds::put(&mut draw, &app);
            rights::put(&mut draw, &app);
        }
    }
    for n in 0..size.stateful_sets {
        sets::stateful(&mut draw, n);
    }
    for n in 0..size.daemon_sets {
        sets::daemon(&mut draw, n);
    }
    for n in 0..size.cron_jobs {
        timed::put(&mut draw, n);
    }
    events::put(&mut draw);
    draw.objects
}

/// What no application brings along: namespaces with their bounds, classes, and the roles of the whole cluster.
fn cluster(draw: &mut Draw) {
    for name in [SYSTEM, TELEMETRY] {
        services::namespace(draw, name);
    }
    for n in 0..draw.size.namespaces() {
        let name = team(n);
        services::namespace(draw, &name);
        bounds::of_namespace(draw, &name);
        traffic::of_namespace(draw, &name, n);
        storage::of_namespace(draw, &name);
    }
    traffic::class(draw);
    storage::class(draw);
    rights::of_cluster(draw);
}

/// The namespace of this number.
fn team(n: usize) -> String {
    format!("team-{n}")
}

impl Draw {
    fn put(&mut self, plural: &'static str, object: Value) {
        self.objects.push((plural, object));
    }

    /// Puts an object that somebody declared and that has no status.
    fn declare(&mut self, plural: &'static str, mut object: Value) {
        written_by(&mut object, "helm", ("", Value::Null));
        if let Some(object) = object.as_object_mut() {
            object.remove("status");
        }
        self.put(plural, object);
    }

    /// Whether this object is made wrong.
    fn is_wrong(&mut self) -> bool {
        self.chance.below(WRONG) == 0
    }

    /// A moment so many seconds ago, as the API server writes it.
    fn ago(&self, secs: usize) -> String {
        let secs = i64::try_from(secs).unwrap_or(0);
        let at = self.now - SignedDuration::from_secs(secs);
        at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Metadata of a new object that was made so many seconds ago.
    fn metadata(&mut self, namespace: &str, name: &str, age: usize) -> Value {
        let mut metadata = json!({"name": name, "uid": self.chance.uid(),
            "creationTimestamp": self.ago(age)});
        if !namespace.is_empty() {
            metadata["namespace"] = json!(namespace);
        }
        metadata
    }
}

/// A reference to the owner that controls an object.
fn owner(object: &Value) -> Value {
    json!([{"apiVersion": object["apiVersion"], "kind": object["kind"],
        "name": object["metadata"]["name"], "uid": object["metadata"]["uid"],
        "controller": true, "blockOwnerDeletion": true}])
}

/// Writes down who wrote which field: `manager` all that is there, and then `status` by another.
fn written_by(object: &mut Value, manager: &str, status: (&str, Value)) {
    let made = object["metadata"]["creationTimestamp"].clone();
    crate::managed::record(&json!({}), object, manager, "");
    let before = object.clone();
    object["status"] = status.1;
    crate::managed::record(&before, object, status.0, "status");
    for entry in object["metadata"]["managedFields"].as_array_mut().into_iter().flatten() {
        entry["time"] = made.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Vec<(&'static str, Value)> {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        objects(Size::of_pods(200), now)
    }

    fn n(plural: &str) -> usize {
        small().iter().filter(|it| it.0 == plural).count()
    }

    #[test]
    fn a_cluster_is_the_same_for_the_same_seed() {
        assert_eq!(small(), small());
    }

    #[test]
    fn a_cluster_has_the_size_that_was_asked_for() {
        assert_eq!([n("pods"), n("deployments"), n("events"), n("nodes")], [200, 40, 200, 2]);
        assert_eq!([n("statefulsets"), n("daemonsets"), n("cronjobs")], [4, 4, 2]);
    }

    #[test]
    fn a_large_cluster_keeps_its_pods_however_they_are_made() {
        let size = Size::of_pods(10_000);

        assert_eq!((size.deployments, size.events, size.nodes), (2_000, 10_000, 100));
        assert_eq!((size.stateful_sets, size.daemon_sets, size.cron_jobs), (200, 10, 100));
        assert_eq!(size.pods_of_deployments(), 8_100);
    }

    #[test]
    fn a_third_of_the_deployments_has_all_that_may_stand_beside_one() {
        let full = 14;
        let kinds = ["ingresses", "poddisruptionbudgets", "horizontalpodautoscalers", "roles"];

        assert_eq!(kinds.map(n), [full; 4]);
        assert_eq!(n("networkpolicies"), full + 1);
        assert_eq!([n("resourcequotas"), n("limitranges")], [1, 1]);
        assert_eq!([n("persistentvolumes"), n("jobs")], [12, 6]);
    }

    #[test]
    fn every_object_is_of_a_kind_that_is_served() {
        for (plural, object) in small() {
            let resource = crate::resources::by_plural(plural);
            let served = resource.map(|it| (it.api_version(), it.kind, it.namespaced));
            let (version, kind) = (object["apiVersion"].as_str(), object["kind"].as_str());
            let in_namespace = object["metadata"]["namespace"].is_string();
            let is =
                (version.unwrap_or_default().to_owned(), kind.unwrap_or_default(), in_namespace);
            assert_eq!(served, Some(is), "{object}");
        }
    }

    #[test]
    fn a_pod_is_as_large_as_a_real_one() {
        let pods: Vec<_> = small().into_iter().filter(|it| it.0 == "pods").collect();
        let bytes: usize = pods.iter().map(|it| it.1.to_string().len()).sum();

        assert!((6_000..14_000).contains(&(bytes / pods.len())), "{} bytes", bytes / pods.len());
    }
}
