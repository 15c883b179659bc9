//! What an object gets when it is created, and what is created along with it.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Store;
use super::objects::State;
use crate::json::{at, remove, set, text};
use crate::resources::Resource;
use crate::status::StatusError;

/// The letters of generated names: none that could spell a word.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// Generated names end in this many letters, as everywhere in Kubernetes.
const SUFFIX: usize = 5;
/// The longest prefix of a generated name: with its suffix it still is a DNS label.
const LONGEST_PREFIX: usize = 58;

/// The namespaces that every cluster has.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// Creates what a new cluster has.
pub(super) fn seed(store: &Store) {
    let store = store.written_by("kube-apiserver");
    for name in NAMESPACES {
        let namespace = json!({"metadata": {"name": name}});
        // A new cluster has no namespace that this could collide with.
        drop(store.create("namespaces", "", namespace));
    }
    let service = json!({
        "metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {"clusterIP": "10.96.0.1", "ports": [
            {"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}]},
    });
    drop(store.create("services", "default", service));
    for (name, value) in
        [("system-cluster-critical", 2_000_000_000_i64), ("system-node-critical", 2_000_001_000)]
    {
        let class = json!({"metadata": {"name": name}, "value": value,
            "description": "Used for system critical pods."});
        drop(store.create("priorityclasses", "", class));
    }
}

/// Fills in metadata and defaults, and asks whether the object may be there.
pub(super) fn prepare(
    state: &State,
    resource: &'static Resource,
    namespace: &str,
    mut object: Value,
    manager: Option<&str>,
) -> Result<Value, StatusError> {
    if !object.is_object() {
        return Err(StatusError::bad_request("the object provided is unrecognized"));
    }
    set(&mut object, "apiVersion", stored_version(resource));
    set(&mut object, "kind", resource.kind);
    let prefix = text(&object, "metadata.generateName").to_owned();
    if text(&object, "metadata.name").is_empty() && !prefix.is_empty() {
        set(&mut object, "metadata.name", generated(&prefix));
    }
    if resource.namespaced {
        set(&mut object, "metadata.namespace", namespace);
    }
    set(&mut object, "metadata.uid", Uuid::now_v7().to_string());
    set(&mut object, "metadata.creationTimestamp", now());
    for field in ["resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"]
    {
        remove(&mut object, &format!("metadata.{field}"));
    }
    set(&mut object, "metadata.generation", resource.generation.then_some(1));
    crate::defaults::fill(resource, &mut object);
    // What admission adds belongs to nobody, and neither does a first status.
    let status = if resource.subresources.contains(&"status") {
        remove(&mut object, "status").unwrap_or_else(|| first_status(resource))
    } else {
        Value::Null
    };
    if let Some(manager) = manager {
        let nobodys = json!({"spec": {"finalizers": at(&object, "spec.finalizers")}});
        let nobodys = if resource.plural == "namespaces" { nobodys } else { json!({}) };
        crate::managed::record(&nobodys, &mut object, manager, "");
    }
    set(&mut object, "status", status);
    crate::admission::admit(
        &|plural, namespace, name| state.get(plural, namespace, name),
        &|plural, namespace| state.list(plural, Some(namespace)),
        resource,
        &mut object,
    )?;
    let name = text(&object, "metadata.name");
    if state.get(resource.plural, if resource.namespaced { namespace } else { "" }, name).is_some()
    {
        return Err(StatusError::already_exists(&resource.qualified(), name));
    }
    Ok(object)
}

/// The status of an object that nobody has looked at yet.
fn first_status(resource: &Resource) -> Value {
    match resource.plural {
        "deployments" | "jobs" | "cronjobs" | "resourcequotas" | "networkpolicies" => json!({}),
        "replicasets" | "replicationcontrollers" => json!({"replicas": 0}),
        "statefulsets" => json!({"replicas": 0, "availableReplicas": 0}),
        "daemonsets" => json!({"currentNumberScheduled": 0, "desiredNumberScheduled": 0,
            "numberMisscheduled": 0, "numberReady": 0}),
        "poddisruptionbudgets" => json!({"currentHealthy": 0, "desiredHealthy": 0,
            "disruptionsAllowed": 0, "expectedPods": 0}),
        _ => Value::Null,
    }
}

/// Events are served by two groups and kept as the core group's.
fn stored_version(resource: &Resource) -> String {
    if resource.plural == "events" { "v1".to_owned() } else { resource.api_version() }
}

/// Every namespace is born with a service account and the cluster's certificate.
pub(super) fn company(state: &mut State, resource: &Resource, created: &Arc<Value>) {
    if resource.plural != "namespaces" {
        return;
    }
    let namespace = text(created, "metadata.name").to_owned();
    let companions = [
        ("serviceaccounts", json!({"metadata": {"name": "default"}})),
        (
            "configmaps",
            json!({
                "metadata": {"name": "kube-root-ca.crt", "annotations": {"kubernetes.io/description":
                    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."}},
                "data": {"ca.crt": ""},
            }),
        ),
    ];
    for (plural, object) in companions {
        let Some(resource) = crate::resources::by_plural(plural) else { continue };
        if let Ok(object) =
            prepare(state, resource, &namespace, object, Some("kube-controller-manager"))
        {
            state.insert(resource, object);
        }
    }
}

/// A name that starts with the prefix and is new with near certainty.
fn generated(prefix: &str) -> String {
    let prefix: String = prefix.chars().take(LONGEST_PREFIX).collect();
    let mut number = RandomState::new().hash_one(Uuid::now_v7());
    let letters = LETTERS.len() as u64;
    let suffix: String = (0..SUFFIX)
        .filter_map(|_| {
            let index = usize::try_from(number % letters).ok()?;
            number /= letters;
            LETTERS.get(index).map(|&it| char::from(it))
        })
        .collect();
    format!("{prefix}{suffix}")
}

/// The present moment in whole seconds, as metadata has it.
pub(crate) fn now() -> String {
    seconds(Timestamp::now())
}

/// A moment in whole seconds.
pub(crate) fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
