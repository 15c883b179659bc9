//! The nodes: what they have, and that they are alive.

use serde_json::{Value, json};

use crate::NodeSpec;
use crate::events::now;
use crate::fields::{Fields, put};
use crate::world::World;

/// The annotation on a node that cuts it off: it stops to report.
pub(crate) const DOWN: &str = "sandbox.k8s-reflexion.io/down";

/// Registers the nodes of a new cluster.
pub(crate) fn register(world: &World, nodes: &[NodeSpec]) {
    for (number, node) in nodes.iter().enumerate() {
        let object = json!({
            "metadata": {
                "name": node.name,
                "labels": {
                    "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux",
                    "kubernetes.io/hostname": node.name,
                },
            },
            "spec": {"podCIDR": format!("10.244.{number}.0/24")},
        });
        // A node that is there already keeps what it has.
        drop(world.kubelet_store.create("nodes", "", object));
        let status = status(node, number);
        drop(world.kubelet_store.update_status("nodes", "", &node.name, |it| {
            put(it, &["status"], status);
            Ok(())
        }));
    }
}

fn status(node: &NodeSpec, number: usize) -> Value {
    let resources = json!({
        "cpu": node.cpu, "memory": node.memory, "pods": "1100", "ephemeral-storage": "100Gi",
    });
    json!({
        "addresses": [
            {"type": "InternalIP", "address": format!("10.99.0.{}", number + 1)},
            {"type": "Hostname", "address": node.name},
        ],
        "allocatable": resources, "capacity": resources,
        "conditions": conditions(&Value::Null),
        "nodeInfo": {
            "architecture": "amd64", "operatingSystem": "linux", "osImage": "sandbox",
            "kernelVersion": "6.1.0", "kubeletVersion": "v1.36.2", "kubeProxyVersion": "",
            "containerRuntimeVersion": "containerd://1.7.0", "machineID": node.name,
            "systemUUID": node.name, "bootID": node.name,
        },
    })
}

fn conditions(node: &Value) -> Value {
    let rows = [
        (
            "MemoryPressure",
            "False",
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available",
        ),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ];
    let now = now();
    let condition = |(kind, status, reason, message): (&str, &str, &str, &str)| {
        let before = node.condition(kind).filter(|it| it.text("/status") == status);
        let since = before.map_or_else(|| json!(now), |it| it.at("/lastTransitionTime").clone());
        json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": now, "lastTransitionTime": since,
        })
    };
    Value::Array(rows.into_iter().map(condition).collect())
}

/// Every node that is not cut off says that it is alive. A condition that somebody else set,
/// such as pressure, stays.
pub(super) fn beat(world: &World) {
    for node in world.store.list("nodes", None).0 {
        let down =
            node.at("/metadata/annotations").get(DOWN).and_then(Value::as_str) == Some("true");
        if down {
            continue;
        }
        let conditions = conditions(&node);
        drop(world.kubelet_store.update_status("nodes", "", node.name(), |it| {
            put(it, &["status", "conditions"], conditions);
            Ok(())
        }));
    }
}

/// The address of a node; `None` when there is no such node, or nobody hears of it.
pub(super) fn address(world: &World, name: &str) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    let node = world.store.get("nodes", "", name)?;
    if node.at("/metadata/annotations").get(DOWN).and_then(Value::as_str) == Some("true") {
        return None;
    }
    let addresses = node.list("/status/addresses");
    let own = addresses.iter().find(|it| it.text("/type") == "InternalIP");
    Some(own.map(|it| it.text("/address").to_owned()).unwrap_or_default())
}
