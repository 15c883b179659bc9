//! What leads traffic to an application and what keeps it away: Ingresses and network policies.

use serde_json::{Value, json};

use super::workloads::App;
use super::{Draw, SYSTEM, written_by};

const DAY: usize = 24 * 60 * 60;
/// The class of every Ingress.
const CLASS: &str = "nginx";

/// The class of Ingresses.
pub(super) fn class(draw: &mut Draw) {
    let metadata = draw.metadata("", CLASS, 50 * DAY);
    draw.declare(
        "ingressclasses",
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": metadata,
            "spec": {"controller": "k8s.io/ingress-nginx"}}),
    );
}

/// The policy for all pods of a namespace: every other one lets its own pods talk to each other, the rest say whom pods
/// may reach.
pub(super) fn of_namespace(draw: &mut Draw, namespace: &str, n: usize) {
    let metadata = draw.metadata(namespace, "base", 50 * DAY);
    let spec = if n.is_multiple_of(2) {
        json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}]}]})
    } else {
        json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [
            lookups(), {"to": [{"namespaceSelector": {}}]}]})
    };
    draw.declare("networkpolicies", policy(&metadata, &spec));
}

/// The Ingress of an application and its policy.
pub(super) fn put(draw: &mut Draw, app: &App) {
    ingress(draw, app);
    let mut metadata = draw.metadata(&app.namespace, &app.name, app.age);
    metadata["labels"] = app.labels();
    let mut spec = json!({
        "podSelector": {"matchLabels": app.selector()}, "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": SYSTEM}}},
                {"podSelector": {}}], "ports": [{"port": "http", "protocol": "TCP"}]},
            {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "telemetry"}}}],
                "ports": [{"port": 9090, "protocol": "TCP"}]}],
        "egress": [lookups(), {"to": [{"podSelector": {}}]},
            {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}],
                "ports": [{"port": 443, "protocol": "TCP"}]}],
    });
    // A label that no pod has, or a port that nobody sends traffic to.
    let (misspelt, misled) = (draw.is_wrong(), draw.is_wrong());
    if misspelt {
        spec["podSelector"]["matchLabels"]["app.kubernetes.io/name"] =
            json!(format!("{}x", app.name));
    }
    if misled {
        spec["ingress"][0]["ports"][0]["port"] = json!(9999);
    }
    draw.declare("networkpolicies", policy(&metadata, &spec));
}

/// A rule that lets pods ask for names.
fn lookups() -> Value {
    json!({"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": SYSTEM}}}],
        "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]})
}

fn policy(metadata: &Value, spec: &Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec})
}

fn ingress(draw: &mut Draw, app: &App) {
    let mut metadata = draw.metadata(&app.namespace, &app.name, app.age);
    metadata["labels"] = app.labels();
    metadata["annotations"] = json!({
        "cert-manager.io/cluster-issuer": "letsencrypt",
        "nginx.ingress.kubernetes.io/proxy-body-size": "8m",
        "meta.helm.sh/release-name": app.name, "meta.helm.sh/release-namespace": app.namespace,
    });
    let host = format!("{}.example.com", app.name);
    let service = if draw.is_wrong() { format!("{}-web", app.name) } else { app.name.clone() };
    let backend = json!({"service": {"name": service, "port": {"name": "http"}}});
    let spec = json!({"ingressClassName": CLASS,
        "tls": [{"hosts": [host], "secretName": format!("{}-tls", app.name)}],
        "rules": [{"host": host, "http": {"paths": [
            {"path": "/", "pathType": "Prefix", "backend": backend}]}}]});
    let mut object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": metadata, "spec": spec});
    let status = json!({"loadBalancer": {"ingress": [{"ip": "203.0.113.10"}]}});
    written_by(&mut object, "helm", ("nginx-ingress-controller", status));
    draw.put("ingresses", object);
}
