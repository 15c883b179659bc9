//! Who plays: the workloads, and what breaks each.

use anyhow::Context;
use serde_json::{Value, json};

use crate::stage::Stage;

/// One fault.
pub(crate) struct Act {
    /// What is shown above it.
    pub(crate) title: &'static str,
    /// Its namespace: one each, as different teams would have them.
    pub(crate) namespace: &'static str,
    /// The workload's name.
    pub(crate) name: &'static str,
    /// The plural of its kind.
    pub(crate) plural: &'static str,
    /// What breaks it.
    fault: Fault,
}

/// How a workload is broken.
enum Fault {
    /// It was never well: it is created like this, with what it needs.
    Born(Vec<(&'static str, Value)>),
    /// A rollout: this strategic merge patch.
    RolledOut(Value),
}

/// The namespace of the workload that nobody breaks.
const BYSTANDER: (&str, &str) = ("shop", "landing");

/// The acts in order.
pub(crate) fn acts() -> Vec<Act> {
    vec![
        Act {
            title: "A rollout to an image tag that does not exist",
            namespace: "shop",
            name: "web",
            plural: "deployments",
            fault: Fault::RolledOut(container(&json!({"name": "app", "image": "nginx:1.72"}))),
        },
        Act {
            title: "A container that needs more memory than its limit",
            namespace: "cache",
            name: "sessions",
            plural: "deployments",
            fault: Fault::Born(vec![("deployments", hungry("cache", "sessions"))]),
        },
        Act {
            title: "A reference to a ConfigMap with a slip of the pen",
            namespace: "orders",
            name: "api",
            plural: "deployments",
            fault: Fault::Born(misspelt()),
        },
        Act {
            title: "A rollout that asks for more than any node has",
            namespace: "ledger",
            name: "ledger",
            plural: "statefulsets",
            fault: Fault::RolledOut(container(
                &json!({"name": "app", "resources": {"requests": {"memory": "64Gi"}}}),
            )),
        },
        Act {
            title: "A liveness probe that asks at a port nobody listens on",
            namespace: "edge",
            name: "gateway",
            plural: "daemonsets",
            fault: Fault::RolledOut(container(
                &json!({"name": "app", "livenessProbe": {"httpGet": {"path": "/", "port": 8081}}}),
            )),
        },
        Act {
            title: "Again a container that needs more memory: what was learned?",
            namespace: "search",
            name: "index",
            plural: "deployments",
            fault: Fault::Born(vec![("deployments", hungry("search", "index"))]),
        },
    ]
}

impl Act {
    /// Breaks the workload.
    pub(crate) async fn break_it(&self, stage: &Stage) -> anyhow::Result<()> {
        match &self.fault {
            Fault::Born(objects) => {
                for (plural, object) in objects {
                    stage.create(plural, self.namespace, object).await?;
                }
                Ok(())
            }
            Fault::RolledOut(patch) => {
                stage.patch(self.plural, self.namespace, self.name, patch).await
            }
        }
    }
}

/// Creates the namespaces and the workloads that begin well, and waits until they are.
pub(crate) async fn enter(stage: &Stage) -> anyhow::Result<()> {
    for namespace in ["shop", "cache", "orders", "ledger", "edge", "search"] {
        stage.create_namespace(namespace).await?;
    }
    let healthy = [
        ("deployments", "shop", workload("Deployment", "shop", "web", 2)),
        ("deployments", BYSTANDER.0, workload("Deployment", BYSTANDER.0, BYSTANDER.1, 2)),
        ("deployments", "orders", workload("Deployment", "orders", "worker", 1)),
        ("deployments", "search", workload("Deployment", "search", "query", 1)),
        ("statefulsets", "ledger", workload("StatefulSet", "ledger", "ledger", 2)),
        ("daemonsets", "edge", workload("DaemonSet", "edge", "gateway", 0)),
    ];
    for (plural, namespace, object) in &healthy {
        stage.create(plural, namespace, object).await?;
    }
    for (plural, namespace, object) in &healthy {
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        stage.wait_until_healthy(plural, namespace, name).await?;
    }
    Ok(())
}

/// Whether the workload that nobody broke is as it was created.
pub(crate) async fn bystander_is_untouched(stage: &Stage) -> anyhow::Result<bool> {
    let object = stage.get("deployments", BYSTANDER.0, BYSTANDER.1).await?;
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
    Ok(generation.context("an object without generation")? == 1)
}

/// A patch of one container of a pod template.
fn container(container: &Value) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [container]}}}})
}

/// A small web server, healthy.
fn workload(kind: &str, namespace: &str, name: &str, replicas: u32) -> Value {
    let labels = json!({"app": name});
    let mut object = json!({
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{
                    "name": "app",
                    "image": "nginx:1.27",
                    "ports": [{"name": "http", "containerPort": 80}],
                    "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 5},
                    "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
                }]},
            },
        },
    });
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        if kind != "DaemonSet" {
            spec.insert("replicas".to_owned(), json!(replicas));
        }
        if kind == "StatefulSet" {
            spec.insert("serviceName".to_owned(), json!(name));
        }
    }
    object
}

/// A workload that wants 110 MiB and may have 64.
fn hungry(namespace: &str, name: &str) -> Value {
    let wants = json!({"memory_need": "110Mi", "ports": [6379]}).to_string();
    let labels = json!({"app": name});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {
                    "labels": labels,
                    "annotations": {"sandbox.k8s-reflexion.io/behaviour": wants},
                },
                "spec": {"containers": [{
                    "name": "app",
                    "image": "redis:7",
                    "ports": [{"containerPort": 6379}],
                    "readinessProbe": {"tcpSocket": {"port": 6379}, "periodSeconds": 5},
                    "resources": {"limits": {"memory": "64Mi"}},
                }]},
            },
        },
    })
}

/// A workload whose ConfigMap is called a little differently.
fn misspelt() -> Vec<(&'static str, Value)> {
    let settings = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "api-settings", "namespace": "orders"},
        "data": {"LOG_LEVEL": "info"},
    });
    let mut object = workload("Deployment", "orders", "api", 1);
    let container = object.pointer_mut("/spec/template/spec/containers/0");
    if let Some(container) = container.and_then(Value::as_object_mut) {
        let source = json!([{"configMapRef": {"name": "api-setings"}}]);
        container.insert("envFrom".to_owned(), source);
    }
    vec![("configmaps", settings), ("deployments", object)]
}
