//! Pods and the templates that they are made from.

use serde_json::{Value, json};

use super::statuses::{self, End, Trouble};
use super::workloads::App;
use super::{Draw, nodes, written_by};

/// The template of an application, so many revisions back.
pub(super) fn template(app: &App, back: usize) -> Value {
    let mut containers = vec![main_container(app, back)];
    if app.sidecar {
        containers.push(sidecar());
    }
    let mut labels = app.labels();
    labels["app.kubernetes.io/version"] = json!(format!("1.{}.0", app.version - back.min(1)));
    json!({
        "metadata": {"labels": labels, "annotations": {
            "prometheus.io/scrape": "true", "prometheus.io/port": "8080", "prometheus.io/path": "/metrics",
            "checksum/config": format!("{:064x}", app.version + back)}},
        "spec": {
            "containers": containers,
            "volumes": [{"name": "config", "configMap": {"name": config(app), "defaultMode": 420}},
                {"name": "tmp", "emptyDir": {}}],
            "securityContext": {"runAsNonRoot": true, "fsGroup": 2000},
            "serviceAccount": app.account, "serviceAccountName": app.account,
            "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 100, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname",
                    "labelSelector": {"matchLabels": app.selector()}}}]}},
            "dnsPolicy": "ClusterFirst", "restartPolicy": "Always",
            "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30,
        },
    })
}

/// The ConfigMap that it reads.
pub(super) fn config(app: &App) -> String {
    format!("{}-config", app.name)
}

/// The key of it that it reads; one that is not there where that is the trouble.
fn key(app: &App) -> &'static str {
    if app.trouble == Some(Trouble::KeyMissing) { "LOG_LEVL" } else { "LOG_LEVEL" }
}

fn image(app: &App, back: usize) -> String {
    format!("registry.example.com/{}/{}:1.{}.0", app.namespace, app.name, app.version - back.min(1))
}

fn main_container(app: &App, back: usize) -> Value {
    let probe = |path: &str, delay: usize| {
        json!({"httpGet": {"path": path, "port": "http", "scheme": "HTTP"}, "initialDelaySeconds": delay,
            "periodSeconds": 10, "timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3})
    };
    let literal = |name: &str, value: &str| json!({"name": name, "value": value});
    let cpu = if app.trouble == Some(Trouble::TooLarge) { "64" } else { "100m" };
    json!({
        "name": "app", "image": image(app, back), "imagePullPolicy": "IfNotPresent",
        "args": ["--config", "/etc/app/app.yaml", "--listen", "0.0.0.0:8080"],
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"},
            {"name": "metrics", "containerPort": 9090, "protocol": "TCP"}],
        "env": [
            {"name": "LOG_LEVEL", "valueFrom": {"configMapKeyRef": {"name": config(app), "key": key(app)}}},
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}},
            {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}},
            literal("DATABASE_HOST", "postgres.data.svc.cluster.local"),
            literal("REDIS_URL", "redis://redis.data.svc.cluster.local:6379/0"),
            literal("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.telemetry.svc.cluster.local:4317"),
            literal("JAVA_TOOL_OPTIONS", "-XX:MaxRAMPercentage=75.0 -XX:+ExitOnOutOfMemoryError"),
        ],
        "resources": {"requests": {"cpu": cpu, "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        "livenessProbe": probe("/livez", 10), "readinessProbe": probe("/readyz", 5),
        "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]}},
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        "volumeMounts": [{"name": "config", "mountPath": "/etc/app", "readOnly": true},
            {"name": "tmp", "mountPath": "/tmp"}],
    })
}

fn sidecar() -> Value {
    json!({
        "name": "proxy", "image": "registry.example.com/mesh/proxy:1.22.3", "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "proxy", "containerPort": 15090, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "10m", "memory": "40Mi"}, "limits": {"memory": "128Mi"}},
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
    })
}

/// Whose pod it is, how it is called, and where it runs.
pub(super) struct Birth<'a> {
    pub(super) owner: &'a Value,
    pub(super) name: String,
    /// What its name was made from; empty for one that was named.
    pub(super) prefix: String,
    /// The number of its node; any one where there is none.
    pub(super) node: Option<usize>,
    /// How it ended, for one that is over.
    pub(super) end: Option<End>,
}

impl<'a> Birth<'a> {
    /// A pod of this name that runs on any node.
    pub(super) fn of(owner: &'a Value, name: String) -> Self {
        Self { owner, name, prefix: String::new(), node: None, end: None }
    }
}

/// Puts a pod of the application that is made from this template.
pub(super) fn put(draw: &mut Draw, app: &App, template: &Value, birth: &Birth<'_>) {
    let mut metadata = draw.metadata(&app.namespace, &birth.name, app.age);
    if !birth.prefix.is_empty() {
        metadata["generateName"] = json!(birth.prefix);
    }
    metadata["generation"] = json!(1);
    metadata["labels"] = template["metadata"]["labels"].clone();
    metadata["annotations"] = template["metadata"]["annotations"].clone();
    metadata["ownerReferences"] = birth.owner.clone();
    let mut spec = template["spec"].clone();
    complete(draw, &mut spec);
    let drawn = draw.chance.below(draw.size.nodes);
    let node = birth.node.unwrap_or(drawn);
    if app.trouble != Some(Trouble::TooLarge) {
        spec["nodeName"] = json!(nodes::name(node));
    }
    let status = match birth.end {
        Some(end) => statuses::of_ended_pod(draw, app, (&spec, node), end),
        None => statuses::of_pod(draw, app, (&spec, node)),
    };
    let mut object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
    written_by(&mut object, "kube-controller-manager", ("kubelet", status));
    draw.put("pods", object);
}

/// What admission adds.
fn complete(draw: &mut Draw, spec: &mut Value) {
    let token = format!("kube-api-access-{}", draw.chance.letters(5));
    let toleration = |key: &str| json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
    spec["tolerations"] = json!([
        toleration("node.kubernetes.io/not-ready"),
        toleration("node.kubernetes.io/unreachable")
    ]);
    spec["enableServiceLinks"] = json!(true);
    spec["priority"] = json!(0);
    spec["preemptionPolicy"] = json!("PreemptLowerPriority");
    for container in spec["containers"].as_array_mut().into_iter().flatten() {
        let mount = json!({"name": token, "readOnly": true,
            "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"});
        match container["volumeMounts"].as_array_mut() {
            Some(mounts) => mounts.push(mount),
            None => container["volumeMounts"] = json!([mount]),
        }
    }
    if let Some(volumes) = spec["volumes"].as_array_mut() {
        volumes.push(json!({"name": token, "projected": {"defaultMode": 420, "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace",
                "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}]}}));
    }
}
