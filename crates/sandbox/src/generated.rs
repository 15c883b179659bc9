//! A cluster of any size that nothing moves, for measurements: the same objects for the same seed and time.
//!
//! Its objects are as large as a real API server gives them, with `managedFields`, annotations, environment,
//! probes, volumes and statuses; a few percent of its Deployments are broken in one of several ways.
#![expect(
    clippy::indexing_slicing,
    reason = "JSON is null where nothing is, and what is written to was made here"
)]

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

mod chance;
mod nodes;
mod workloads;
mod pods;
mod statuses;
mod services;
mod events;

use chance::Chance;
use workloads::App;

/// How large a generated cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// What all that is drawn depends on.
    pub seed: u64,
    /// Pods, all of them of Deployments.
    pub pods: usize,
    /// Deployments.
    pub deployments: usize,
    /// Events.
    pub events: usize,
    /// Nodes.
    pub nodes: usize,
}

/// Pods of a Deployment, ReplicaSets of one, Deployments of a namespace and pods of a node, on average.
const PODS_EACH: usize = 5;
const REVISIONS: usize = 3;
const DEPLOYMENTS_EACH: usize = 40;
const PODS_ON_A_NODE: usize = 100;

impl Size {
    /// A cluster with so many pods, and as much around them as there usually is.
    pub fn of_pods(pods: usize) -> Self {
        Self {
            seed: 1,
            pods,
            deployments: pods.div_ceil(PODS_EACH),
            events: pods,
            nodes: pods.div_ceil(PODS_ON_A_NODE),
        }
    }

    fn namespaces(&self) -> usize {
        self.deployments.div_ceil(DEPLOYMENTS_EACH)
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
    for n in 0..size.namespaces() {
        services::namespace(&mut draw, &format!("team-{n}"));
    }
    let mut pods_left = size.pods;
    for n in 0..size.deployments {
        let app = App::draw(&mut draw, n, pods_left);
        pods_left -= app.replicas;
        workloads::put(&mut draw, &app);
        services::put(&mut draw, &app);
    }
    events::put(&mut draw);
    draw.objects
}

impl Draw {
    fn put(&mut self, plural: &'static str, object: Value) {
        self.objects.push((plural, object));
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
    }

    #[test]
    fn a_pod_is_as_large_as_a_real_one() {
        let pods: Vec<_> = small().into_iter().filter(|it| it.0 == "pods").collect();
        let bytes: usize = pods.iter().map(|it| it.1.to_string().len()).sum();

        assert!((6_000..14_000).contains(&(bytes / pods.len())), "{} bytes", bytes / pods.len());
    }
}
