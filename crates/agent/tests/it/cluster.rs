//! A cluster in which workloads really start, fail and heal.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Method;
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use types::Kind;

/// Seconds of the cluster in one of ours.
const SPEED: f64 = 50.0;

/// A cluster with a namespace `shop` that takes part.
pub(crate) struct Cluster {
    pub(crate) sandbox: Sandbox,
    http: reqwest::Client,
}

impl Cluster {
    pub(crate) async fn start() -> Self {
        Self::audited(None).await
    }

    /// A cluster that writes down every request.
    pub(crate) async fn audited(audit_log: Option<PathBuf>) -> Self {
        let options = Options { speed: SPEED, audit_log, ..Options::default() };
        let sandbox = sandbox::start(options).await.unwrap();
        let http = service::client::http(Duration::from_secs(10)).unwrap();
        let cluster = Self { sandbox, http };
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "shop", "labels": {"k8s-reflexion.io/managed": "true"}}});
        cluster.create("/api/v1/namespaces", &namespace).await;
        cluster
    }

    pub(crate) async fn create(&self, path: &str, object: &Value) {
        self.send(Method::POST, path, "application/json", object).await;
    }

    /// Sends a request on a connection of its own: a kept one may be closed just when it is used again.
    async fn send(&self, method: Method, path: &str, content_type: &str, body: &Value) {
        let request = self.http.request(method, format!("{}{path}", self.sandbox.url()));
        let request = request.header("Connection", "close").header("Content-Type", content_type);
        let response = request.body(body.to_string()).send().await.unwrap();
        let status = response.status();
        assert!(status.is_success(), "{status}: {}", response.text().await.unwrap());
    }

    /// Changes the image of a Deployment.
    pub(crate) async fn set_image(&self, deployment: &str, image: &str) {
        let container = json!({"name": "app", "image": image});
        let patch = json!({"spec": {"template": {"spec": {"containers": [container]}}}});
        self.change(&format!("deployments/{deployment}"), &patch).await;
    }

    /// Changes an object of the group `apps`, named as `deployments/web`, as a person does.
    pub(crate) async fn change(&self, object: &str, patch: &Value) {
        let path = format!("/apis/apps/v1/namespaces/shop/{object}");
        self.send(Method::PATCH, &path, "application/strategic-merge-patch+json", patch).await;
    }

    /// A Service of one port that asks for these labels.
    pub(crate) async fn serve(&self, name: &str, selector: &Value, port: &Value) {
        let object = json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"selector": selector, "ports": [port]}});
        self.create("/api/v1/namespaces/shop/services", &object).await;
    }

    /// Changes a Service, as a person does.
    pub(crate) async fn change_service(&self, name: &str, patch: &Value) {
        let path = format!("/api/v1/namespaces/shop/services/{name}");
        self.send(Method::PATCH, &path, "application/strategic-merge-patch+json", patch).await;
    }

    /// Changes a node, as a person does.
    pub(crate) async fn change_node(&self, name: &str, patch: &Value) {
        let path = format!("/api/v1/nodes/{name}");
        self.send(Method::PATCH, &path, "application/merge-patch+json", patch).await;
    }

    /// Applies an object on the server's side, as a tool of this name does.
    pub(crate) async fn apply(&self, object: &str, manager: &str, body: &Value) {
        let query = format!("fieldManager={manager}&force=true");
        let path = format!("/apis/apps/v1/namespaces/shop/{object}?{query}");
        self.send(Method::PATCH, &path, "application/apply-patch+yaml", body).await;
    }

    /// Says whether the shop takes part.
    pub(crate) async fn enrol(&self, managed: &str) {
        let patch = json!({"metadata": {"labels": {"k8s-reflexion.io/managed": managed}}});
        let path = "/api/v1/namespaces/shop";
        self.send(Method::PATCH, path, "application/merge-patch+json", &patch).await;
    }

    /// A disruption budget that lets no running pod of this workload go.
    pub(crate) async fn guard(&self, name: &str) {
        let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": name}}}});
        self.create("/apis/policy/v1/namespaces/shop/poddisruptionbudgets", &budget).await;
    }

    /// Deletes what lies at this path.
    pub(crate) async fn delete(&self, path: &str) {
        self.send(Method::DELETE, path, "application/json", &json!({})).await;
    }

    /// A workload of this kind with this pod spec.
    pub(crate) async fn run(&self, kind: Kind, name: &str, pod_spec: &Value) {
        let labels = json!({"app": name});
        let template = json!({"metadata": {"labels": labels}, "spec": pod_spec});
        let mut spec = json!({"selector": {"matchLabels": labels}, "template": template});
        let path = match kind {
            Kind::Pod => "/api/v1/namespaces/shop/pods",
            Kind::Deployment => "/apis/apps/v1/namespaces/shop/deployments",
            Kind::ReplicaSet => "/apis/apps/v1/namespaces/shop/replicasets",
            Kind::StatefulSet => "/apis/apps/v1/namespaces/shop/statefulsets",
            Kind::DaemonSet => "/apis/apps/v1/namespaces/shop/daemonsets",
            Kind::Job => "/apis/batch/v1/namespaces/shop/jobs",
            Kind::CronJob
            | Kind::Node
            | Kind::Service
            | Kind::PersistentVolumeClaim
            | Kind::ConfigMap => {
                panic!("not run here: {kind}")
            }
        };
        if kind == Kind::Pod {
            spec = pod_spec.clone();
        } else if kind == Kind::Job {
            spec = json!({"template": template, "backoffLimit": 6});
        }
        let metadata = json!({"name": name, "namespace": "shop", "labels": labels});
        let object = json!({"apiVersion": kind.api_version(), "kind": kind.as_str(),
            "metadata": metadata, "spec": spec});
        self.create(path, &object).await;
    }
}

/// The spec of a pod with one container.
pub(crate) fn container(image: &str) -> Value {
    json!({"containers": [{"name": "app", "image": image}]})
}
