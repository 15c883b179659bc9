//! Nodes.

use serde_json::{Value, json};

use super::{Draw, written_by};

const MINUTE: usize = 60;
const DAY: usize = 24 * 60 * MINUTE;
/// A kubelet tells of its fifty largest images.
const IMAGES: usize = 50;

pub(super) fn name(n: usize) -> String {
    format!("ip-10-0-{}-{}.eu-central-1.compute.internal", n / 250, n % 250)
}

/// The node of this number, with all its images.
pub(super) fn node(draw: &mut Draw, n: usize) -> Value {
    let name = name(n);
    let mut metadata = draw.metadata("", &name, 40 * DAY);
    metadata["labels"] = json!({
        "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": name, "node.kubernetes.io/instance-type": "m6i.8xlarge",
        "topology.kubernetes.io/region": "eu-central-1",
        "topology.kubernetes.io/zone": format!("eu-central-1{}", ["a", "b", "c"][n % 3]),
    });
    metadata["annotations"] = json!({"node.alpha.kubernetes.io/ttl": "0",
        "volumes.kubernetes.io/controller-managed-attach-detach": "true"});
    let mut node = json!({"apiVersion": "v1", "kind": "Node", "metadata": metadata,
        "spec": {"podCIDR": format!("10.{}.{}.0/24", 64 + n / 250, n % 250),
            "providerID": format!("aws:///eu-central-1a/i-{}", draw.chance.digits(17))}});
    let status = status(draw, n, &name);
    written_by(&mut node, "kubelet", ("kubelet", status));
    node
}

fn status(draw: &mut Draw, n: usize, name: &str) -> Value {
    let (beat, since) = (draw.ago(MINUTE / 2), draw.ago(40 * DAY));
    let rows = [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID"),
        ("Ready", "True", "KubeletReady"),
    ];
    let conditions: Vec<_> = rows
        .iter()
        .map(|(kind, status, reason)| {
            json!({"type": kind, "status": status, "reason": reason, "message": "as it should be",
                "lastHeartbeatTime": beat, "lastTransitionTime": since})
        })
        .collect();
    let images: Vec<_> = (0..IMAGES)
        .map(|it| {
            let repository = format!("registry.example.com/team-{it}/service-{it}");
            json!({"names": [format!("{repository}@sha256:{}", draw.chance.digits(64)),
                format!("{repository}:1.{it}.0")], "sizeBytes": 80_000_000 + it})
        })
        .collect();
    let room = json!({"cpu": "32", "memory": "128Gi", "pods": "250",
        "ephemeral-storage": "200Gi", "hugepages-1Gi": "0", "hugepages-2Mi": "0"});
    json!({
        "addresses": [{"type": "InternalIP", "address": format!("10.0.{}.{}", n / 250, n % 250)},
            {"type": "Hostname", "address": name}],
        "allocatable": room, "capacity": room, "conditions": conditions, "images": images,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {"architecture": "amd64", "operatingSystem": "linux",
            "osImage": "Debian GNU/Linux 12 (bookworm)", "kernelVersion": "6.1.0-18-amd64",
            "kubeletVersion": "v1.35.6", "kubeProxyVersion": "",
            "containerRuntimeVersion": "containerd://1.7.20", "machineID": draw.chance.digits(32),
            "systemUUID": draw.chance.uid(), "bootID": draw.chance.uid()},
    })
}
