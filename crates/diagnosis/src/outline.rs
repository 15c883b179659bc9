//! A pod in outline: as much as has to be known of the thousands that a diagnosis is not about.

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use types::Quantity;

use crate::marks::Marks;
use crate::scheduling;

/// Keys of taints that are kept of one pod: nobody writes more by hand.
const MAX_TOLERATED: usize = 50;

/// As much of a pod as has to be known of one that a diagnosis is not about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodOutline {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// The node that it holds room of: it has one, and has not ended.
    pub node: Option<String>,
    /// The scheduler that gave it its node, where that is not the cluster's own.
    pub scheduler: Option<String>,
    /// CPU that it asks for, in millicores.
    pub cpu_millis: u64,
    /// Memory that it asks for, in bytes.
    pub memory_bytes: u64,
    /// Ports that it has on its node.
    pub host_ports: Vec<i32>,
    /// The images of its containers that are ready, as its spec names them.
    pub ready_images: Vec<String>,
    /// The keys of taints that it tolerates by name, without those that every pod tolerates; at most 50.
    pub tolerated: Vec<String>,
    /// What a Service may ask of it, unless it has ended: its labels and its ports.
    pub marks: Marks,
}

impl PodOutline {
    /// The outline of this pod.
    pub fn of(pod: &Pod) -> Self {
        let word = |it: &Option<String>| it.clone().unwrap_or_default();
        let phase = pod.status.as_ref().and_then(|it| it.phase.as_deref());
        let is_over = matches!(phase, Some("Succeeded" | "Failed"));
        let node = pod.spec.as_ref().and_then(|it| it.node_name.clone());
        let containers = pod.spec.iter().flat_map(|it| &it.containers);
        let ports = containers.flat_map(|it| it.ports.iter().flatten());
        let (cpu_millis, memory_bytes) = pod.spec.as_ref().map(requests).unwrap_or_default();
        let tolerated = pod.spec.iter().flat_map(scheduling::tolerated_keys);
        Self {
            namespace: word(&pod.metadata.namespace),
            name: word(&pod.metadata.name),
            uid: word(&pod.metadata.uid),
            scheduler: own_scheduler(pod).filter(|_| node.is_some()),
            node: node.filter(|_| !is_over),
            cpu_millis,
            memory_bytes,
            host_ports: ports.filter_map(|it| it.host_port).filter(|it| *it != 0).collect(),
            ready_images: ready_images(pod).map(str::to_owned).collect(),
            tolerated: tolerated.take(MAX_TOLERATED).map(str::to_owned).collect(),
            marks: if is_over { Marks::default() } else { Marks::of_pod(pod) },
        }
    }
}

/// The scheduler that the pod names, where it is not the cluster's own.
pub(crate) fn own_scheduler(pod: &Pod) -> Option<String> {
    let name = pod.spec.as_ref()?.scheduler_name.clone();
    name.filter(|it| !it.is_empty() && it != "default-scheduler")
}

/// What a pod asks for: the sum of its containers, or the largest init container when that is more.
pub(crate) fn requests(spec: &PodSpec) -> (u64, u64) {
    let init = spec.init_containers.as_deref().unwrap_or_default();
    let of = |it: &Container| {
        let requests = it.resources.as_ref().and_then(|it| it.requests.as_ref());
        let amount = |name: &str| requests.and_then(|it| it.get(name));
        (cpu(amount("cpu")), memory(amount("memory")))
    };
    let sum = |it: &mut dyn Iterator<Item = u64>| it.fold(0_u64, u64::saturating_add);
    let cpu = sum(&mut spec.containers.iter().map(|it| of(it).0));
    let memory = sum(&mut spec.containers.iter().map(|it| of(it).1));
    let init_cpu = init.iter().map(|it| of(it).0).max().unwrap_or(0);
    let init_memory = init.iter().map(|it| of(it).1).max().unwrap_or(0);
    (cpu.max(init_cpu), memory.max(init_memory))
}

/// In millicores.
pub(crate) fn cpu(amount: Option<&Amount>) -> u64 {
    amount.and_then(|it| Quantity(it.0.clone()).milli_units()).unwrap_or(0)
}

/// In bytes.
pub(crate) fn memory(amount: Option<&Amount>) -> u64 {
    amount.and_then(|it| Quantity(it.0.clone()).units()).unwrap_or(0)
}

fn ready_images(pod: &Pod) -> impl Iterator<Item = &str> {
    let statuses = pod.status.as_ref().and_then(|it| it.container_statuses.as_deref());
    let statuses = statuses.unwrap_or_default();
    let containers = pod.spec.iter().flat_map(|it| &it.containers);
    containers
        .filter(|it| statuses.iter().any(|status| status.name == it.name && status.ready))
        .filter_map(|it| it.image.as_deref())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(phase: &str, ready: bool, node: Option<&str>, images: &[&str]) {
        let pod = json!({
            "metadata": {"namespace": "shop", "name": "web"},
            "spec": {"nodeName": "node-1", "tolerations": [
                {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"},
                {"operator": "Exists"}, {"key": "maintenance", "operator": "Exists"}], "containers": [{"name": "app", "image": "web:1",
                "ports": [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 81}],
                "resources": {"requests": {"cpu": "250m", "memory": "1Ki"}}}],
                "initContainers": [{"name": "first", "resources": {"requests": {"cpu": "1"}}}]},
            "status": {"phase": phase, "containerStatuses": [{"name": "app", "image": "web:1",
                "imageID": "", "ready": ready, "restartCount": 0}]},
        });

        let outline = PodOutline::of(&serde_json::from_value(pod).unwrap());

        assert_eq!(outline.node.as_deref(), node);
        assert_eq!(outline.ready_images, images);
        assert_eq!((outline.cpu_millis, outline.memory_bytes), (1000, 1024));
        assert_eq!(outline.host_ports, [8080]);
        assert_eq!(outline.tolerated, ["maintenance"]);
    }

    #[test]
    fn only_a_pod_that_has_not_ended_holds_room() {
        check("Running", true, Some("node-1"), &["web:1"]);
        check("Running", false, Some("node-1"), &[]);
        check("Succeeded", false, None, &[]);
    }
}
