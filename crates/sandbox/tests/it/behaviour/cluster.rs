//! A cluster without its API server, and ways to wait for what it does.

use std::sync::Arc;
use std::time::Duration;

use sandbox::controllers::{self, Controllers};
use sandbox::store::{Deletion, Store};
use sandbox::{NodeSpec, Options};
use serde_json::{Value, json};

/// So much faster than life that minutes pass in a second.
const SPEED: f64 = 60.0;
/// The longest wait for anything, on a machine that has much else to do.
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct Cluster {
    pub(crate) store: Store,
    controllers: Controllers,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.controllers.stop();
    }
}

impl Cluster {
    pub(crate) fn start() -> Self {
        Self::with_nodes(&Options::default().nodes)
    }

    pub(crate) fn with_nodes(nodes: &[NodeSpec]) -> Self {
        let store = Store::new();
        let controllers = controllers::start(&store, SPEED, nodes);
        let namespace = json!({"metadata": {"name": "shop"}});
        store.create("namespaces", "", namespace).unwrap();
        Self { store, controllers }
    }

    pub(crate) fn create(&self, plural: &str, object: Value) -> Arc<Value> {
        self.store.create(plural, "shop", object).unwrap()
    }

    /// A pod with one container `app`.
    pub(crate) fn pod(&self, name: &str, container: Value) -> Arc<Value> {
        self.create(
            "pods",
            json!({"metadata": {"name": name}, "spec": {"containers": [app(container)]}}),
        )
    }

    /// A deployment with one container `app`.
    pub(crate) fn deployment(&self, name: &str, replicas: u32, container: Value) -> Arc<Value> {
        self.create("deployments", workload(name, json!({"replicas": replicas}), container))
    }

    /// Sets one field, given by its path.
    pub(crate) fn change(&self, plural: &str, name: &str, path: &[&str], value: Value) {
        let changed = self.store.update(plural, "shop", name, |it| {
            let place = path.iter().fold(it, |it, key| match key.parse::<usize>() {
                Ok(index) => &mut it[index],
                Err(_) => &mut it[*key],
            });
            *place = value;
            Ok(())
        });
        changed.unwrap();
    }

    pub(crate) fn delete(&self, plural: &str, name: &str) {
        self.store.delete(plural, "shop", name, &Deletion::default()).unwrap();
    }

    pub(crate) fn get(&self, plural: &str, name: &str) -> Arc<Value> {
        self.store.get(plural, "shop", name).unwrap()
    }

    pub(crate) fn pods(&self) -> Vec<Arc<Value>> {
        self.store.list("pods", Some("shop")).0
    }

    /// Waits until something can be found in the cluster.
    pub(crate) async fn until<T>(&self, what: &str, look: impl Fn(&Store) -> Option<T>) -> T {
        let mut wake_ups = self.store.subscribe();
        let found = async {
            loop {
                if let Some(found) = look(&self.store) {
                    return found;
                }
                // A lagging reader simply looks again.
                drop(wake_ups.recv().await);
            }
        };
        let found = tokio::time::timeout(LIMIT, found).await;
        found.unwrap_or_else(|_| {
            let pods: Vec<_> = self
                .pods()
                .iter()
                .map(|it| (it["metadata"]["name"].clone(), it["status"].clone()))
                .collect();
            panic!("never came: {what}\npods: {}", serde_json::to_string_pretty(&pods).unwrap())
        })
    }

    /// Waits until a condition holds for an object.
    pub(crate) async fn until_object(
        &self,
        plural: &str,
        name: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Arc<Value> {
        let what = format!("{plural}/{name}");
        self.until(&what, |it| it.get(plural, "shop", name).filter(|it| holds(it))).await
    }

    /// Waits until some pod of a workload looks so.
    pub(crate) async fn until_pod(
        &self,
        prefix: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Arc<Value> {
        let fits = |it: &Arc<Value>| {
            it["metadata"]["name"].as_str().unwrap().starts_with(prefix) && holds(it)
        };
        self.until(&format!("a pod of {prefix}"), |it| {
            it.list("pods", Some("shop")).0.into_iter().find(fits)
        })
        .await
    }

    /// Waits for an event about an object whose name begins so.
    pub(crate) async fn until_event(&self, about: &str, reason: &str, message: &str) -> Arc<Value> {
        let fits = |it: &Arc<Value>| {
            it["involvedObject"]["name"].as_str().unwrap().starts_with(about)
                && it["reason"] == reason
                && it["message"].as_str().unwrap().contains(message)
        };
        let look = |it: &Store| it.list("events", Some("shop")).0.into_iter().find(fits);
        self.until(&format!("event {reason} {message} about {about}"), look).await
    }
}

/// The container `app`, of a busybox unless it says otherwise.
pub(crate) fn app(container: Value) -> Value {
    let mut res = json!({"name": "app", "image": "busybox:1.36"});
    for (key, value) in container.as_object().unwrap() {
        res[key] = value.clone();
    }
    res
}

/// A workload with a selector and one container.
pub(crate) fn workload(name: &str, spec: Value, container: Value) -> Value {
    let mut res = json!({
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [app(container)]}},
        },
    });
    for (key, value) in spec.as_object().unwrap() {
        res["spec"][key] = value.clone();
    }
    res
}

/// A command for a shell.
pub(crate) fn shell(script: &str) -> Value {
    json!({"command": ["sh", "-c", script]})
}

/// The status of the pod's only container.
pub(crate) fn status(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]
}

pub(crate) fn waits_for(pod: &Value, reason: &str) -> bool {
    status(pod)["state"]["waiting"]["reason"] == reason
}

pub(crate) fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready")["status"] == "True"
}

pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> &'a Value {
    let conditions = object["status"]["conditions"].as_array();
    conditions.and_then(|it| it.iter().find(|it| it["type"] == kind)).unwrap_or(&Value::Null)
}
