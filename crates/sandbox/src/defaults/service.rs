//! What the API server fills into services, addresses included.

use std::hash::{BuildHasher, RandomState};

use serde_json::{Value, json};

use crate::json::{at, default, each, has, set, text};

/// Fills in a service.
pub(super) fn fill(service: &mut Value) {
    default(service, "spec.type", "ClusterIP");
    default(service, "spec.sessionAffinity", "None");
    default(service, "status", json!({"loadBalancer": {}}));
    for port in each(service, "spec.ports") {
        default(port, "protocol", "TCP");
        let number = at(port, "port").clone();
        default(port, "targetPort", number);
    }
    let kind = text(service, "spec.type").to_owned();
    if kind == "ExternalName" {
        return;
    }
    default(service, "spec.internalTrafficPolicy", "Cluster");
    default(service, "spec.ipFamilies", json!(["IPv4"]));
    default(service, "spec.ipFamilyPolicy", "SingleStack");
    if !has(service, "spec.clusterIP") || text(service, "spec.clusterIP").is_empty() {
        set(service, "spec.clusterIP", address());
    }
    let address = at(service, "spec.clusterIP").clone();
    default(service, "spec.clusterIPs", json!([address]));
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        default(service, "spec.externalTrafficPolicy", "Cluster");
        for port in each(service, "spec.ports") {
            default(port, "nodePort", node_port());
        }
    }
    if kind == "LoadBalancer" {
        default(service, "spec.allocateLoadBalancerNodePorts", true);
    }
}

/// An address in 10.96.0.0/16 outside its first /24; two of thousands hardly ever meet.
fn address() -> String {
    let [high, low, ..] = chance();
    format!("10.96.{}.{}", high.max(1), low.clamp(1, 254))
}

/// A port in the cluster's range for node ports.
fn node_port() -> u32 {
    let [high, low, ..] = chance();
    30_000 + (u32::from(high) * 256 + u32::from(low)) % 2_768
}

fn chance() -> [u8; 8] {
    RandomState::new().hash_one(uuid::Uuid::now_v7()).to_ne_bytes()
}
