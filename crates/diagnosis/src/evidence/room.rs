//! What the nodes could still take.

use k8s_openapi::api::core::v1::{Node, PodSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use types::NodeFacts;

use super::{cut_off, placing, stray};
use crate::outline::{cpu, memory, requests};
use crate::{Objects, Redactor};

/// What the nodes could take; `None` when nodes cannot be read.
pub(super) fn facts(objects: &Objects, redactor: &Redactor) -> Option<NodeFacts> {
    let nodes = objects.nodes.as_ref()?;
    let open: Vec<_> = nodes.iter().filter(|it| takes_pods(it)).collect();
    let of_pods = |node: &Node| {
        let name = node.metadata.name.as_deref().unwrap_or_default();
        objects.all_pods.asked_of(name)
    };
    let room = |node: &Node| {
        let (cpu, memory) = allocatable(node);
        let asked = of_pods(node);
        (cpu.saturating_sub(asked.cpu_millis), memory.saturating_sub(asked.memory_bytes))
    };
    let holds = |node: &Node, spec: &PodSpec| {
        let ((cpu, memory), (cpu_free, memory_free)) = (requests(spec), room(node));
        let fits = cpu <= cpu_free && memory <= memory_free && has_others(node, spec);
        takes_pods(node) && fits && of_pods(node).n_pods < amount_of(node, "pods")
    };
    let most = |it: &mut dyn Iterator<Item = u64>| it.max().unwrap_or(0);
    Some(NodeFacts {
        ready: u32::try_from(open.len()).unwrap_or(u32::MAX),
        total: u32::try_from(nodes.len()).unwrap_or(u32::MAX),
        largest_cpu: most(&mut open.iter().map(|it| allocatable(it).0)),
        largest_memory: most(&mut open.iter().map(|it| allocatable(it).1)),
        free_cpu: most(&mut open.iter().map(|it| room(it).0)),
        free_memory: most(&mut open.iter().map(|it| room(it).1)),
        down: placing::down(nodes),
        strained: placing::strained(objects, nodes),
        cut_off: cut_off::nodes(objects, redactor),
        taints: placing::taints(objects, nodes),
        stray: stray::taints(objects, nodes, holds),
        selectors: placing::selectors(objects, nodes, redactor),
        selected: placing::selected(objects, nodes),
        taken_ports: placing::taken_ports(objects),
    })
}

/// How much of `cpu` (in millicores) or `memory` the largest node has that takes pods; `None` where none does.
pub(super) fn largest(objects: &Objects, resource: &str) -> Option<u64> {
    let open = objects.nodes.iter().flatten().filter(|it| takes_pods(it));
    let sizes = open.map(|it| allocatable(it));
    sizes.map(|it| if resource == "cpu" { it.0 } else { it.1 }).max()
}

fn takes_pods(node: &Node) -> bool {
    let conditions = node.status.iter().flat_map(|it| it.conditions.iter().flatten());
    let ready = conditions.into_iter().any(|it| it.type_ == "Ready" && it.status == "True");
    ready && !node.spec.as_ref().and_then(|it| it.unschedulable).unwrap_or(false)
}

/// CPU in millicores and memory in bytes.
fn allocatable(node: &Node) -> (u64, u64) {
    (cpu(amount(node, "cpu")), memory(amount(node, "memory")))
}

fn amount<'n>(node: &'n Node, name: &str) -> Option<&'n Amount> {
    node.status.as_ref()?.allocatable.as_ref()?.get(name)
}

/// In whole units; what is not there is none.
fn amount_of(node: &Node, name: &str) -> u64 {
    memory(amount(node, name))
}

/// Whether the node has what the containers ask for besides CPU and memory: devices, storage of its own. Who else has
/// some of it is not known.
fn has_others(node: &Node, spec: &PodSpec) -> bool {
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let mut asked = containers
        .flat_map(|it| it.resources.iter().flat_map(|it| it.requests.iter().flatten()))
        .filter(|it| it.0 != "cpu" && it.0 != "memory");
    asked.all(|(name, it)| memory(Some(it)) <= amount_of(node, name))
}
