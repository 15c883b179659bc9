//! Keeps the addresses behind every service.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Desk;
use super::children::owner;
use super::family::is_ready;
use crate::clock::Moment;
use crate::fields::{Fields, put};

/// Whether a service sends its traffic to pods with these labels.
pub(super) fn selects(service: &Value, labels: &Value) -> bool {
    let selector = service.texts("/spec/selector");
    !selector.is_empty()
        && selector.iter().all(|(key, it)| labels.get(key).and_then(Value::as_str) == Some(it))
}

pub(super) fn reconcile(desk: &mut Desk<'_>, namespace: &str, name: &str) -> Option<Moment> {
    let service = desk.world.store.get("services", namespace, name)?;
    if service.texts("/spec/selector").is_empty() || service.is_going() {
        return None;
    }
    let (pods, _) = desk.world.store.list("pods", Some(namespace));
    let behind: Vec<_> = pods
        .into_iter()
        .filter(|it| selects(&service, it.at("/metadata/labels")))
        .filter(|it| !it.text("/status/podIP").is_empty())
        .filter(|it| !matches!(it.text("/status/phase"), "Succeeded" | "Failed"))
        .collect();
    write_endpoints(desk, &service, &behind);
    write_slice(desk, &service, &behind);
    None
}

fn target(pod: &Value) -> Value {
    json!({"kind": "Pod", "namespace": pod.namespace(), "name": pod.name(), "uid": pod.uid()})
}

fn number(pod: Option<&Arc<Value>>, port: &Value) -> Value {
    let target = port.at("/targetPort");
    let Some(name) = target.as_str() else {
        return if target.is_null() { port.at("/port").clone() } else { target.clone() };
    };
    let containers = pod.into_iter().flat_map(|it| it.list("/spec/containers"));
    let mut ports = containers.flat_map(|it| it.list("/ports"));
    ports
        .find(|it| it.text("/name") == name)
        .map_or(Value::Null, |it| it.at("/containerPort").clone())
}

fn ports(service: &Value, pods: &[Arc<Value>]) -> Vec<Value> {
    let port = |it: &Value| {
        let mut port = json!({"port": number(pods.first(), it), "protocol": "TCP"});
        if !it.text("/name").is_empty() {
            put(&mut port, &["name"], it.at("/name").clone());
        }
        if !it.text("/protocol").is_empty() {
            put(&mut port, &["protocol"], it.at("/protocol").clone());
        }
        port
    };
    let ports = service.list("/spec/ports").iter().map(port);
    ports.filter(|it| !it.at("/port").is_null()).collect()
}

/// The ports of a slice: none at all, rather than an empty list, where no pod has one.
fn slice_ports(service: &Value, pods: &[Arc<Value>]) -> Value {
    let ports = if pods.is_empty() { vec![] } else { ports(service, pods) };
    if ports.is_empty() { Value::Null } else { Value::Array(ports) }
}

fn write_endpoints(desk: &Desk<'_>, service: &Value, pods: &[Arc<Value>]) {
    let address = |it: &Arc<Value>| json!({"ip": it.text("/status/podIP"), "nodeName": it.text("/spec/nodeName"), "targetRef": target(it)});
    let (ready, unready): (Vec<_>, Vec<_>) =
        pods.iter().filter(|it| !it.is_going()).partition(|it| is_ready(it));
    let mut subset = json!({});
    for (key, pods) in [("addresses", ready), ("notReadyAddresses", unready)] {
        if !pods.is_empty() {
            put(&mut subset, &[key], pods.into_iter().map(address).collect());
        }
    }
    let mut endpoints =
        json!({"metadata": {"name": service.name(), "labels": service.at("/metadata/labels")}});
    if service.at("/metadata/labels").is_null() {
        put(&mut endpoints, &["metadata", "labels"], json!({}));
    }
    if subset.as_object().is_some_and(|it| !it.is_empty()) {
        put(&mut subset, &["ports"], Value::Array(ports(service, pods)));
        // A pod without the port that is asked for is no endpoint here; in a slice it is, without a port.
        let leads_nowhere =
            !service.list("/spec/ports").is_empty() && ports(service, pods).is_empty();
        if !leads_nowhere {
            put(&mut endpoints, &["subsets"], json!([subset]));
        }
    }
    put(&mut endpoints, &["metadata", "ownerReferences"], json!([owner(service)]));
    write(desk, "endpoints", service, endpoints, &["subsets"]);
}

fn write_slice(desk: &Desk<'_>, service: &Value, pods: &[Arc<Value>]) {
    let endpoint = |it: &Arc<Value>| {
        let ready = is_ready(it);
        json!({
            "addresses": [it.text("/status/podIP")], "nodeName": it.text("/spec/nodeName"),
            "conditions": {"ready": ready && !it.is_going(), "serving": ready, "terminating": it.is_going()},
            "targetRef": target(it),
        })
    };
    let slice = json!({
        "metadata": {
            "name": format!("{}-sandb", service.name()),
            "labels": {
                "kubernetes.io/service-name": service.name(),
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            },
            "ownerReferences": [owner(service)],
        },
        "addressType": "IPv4", "ports": slice_ports(service, pods),
        "endpoints": pods.iter().map(endpoint).collect::<Vec<_>>(),
    });
    write(desk, "endpointslices", service, slice, &["ports", "endpoints"]);
}

fn write(desk: &Desk<'_>, plural: &str, service: &Value, object: Value, fields: &[&str]) {
    let store = desk.world.store.written_by("kube-controller-manager");
    let name = object.name().to_owned();
    if store.get(plural, service.namespace(), &name).is_none() {
        // Its namespace may be on its way out.
        drop(store.create(plural, service.namespace(), object));
        return;
    }
    drop(store.update(plural, service.namespace(), &name, |it| {
        for field in fields {
            match object.get(*field) {
                Some(value) => put(it, &[field], value.clone()),
                None => crate::fields::remove(it, &[field]),
            }
        }
        Ok(())
    }));
}
