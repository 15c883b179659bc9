//! What the nodes could still take.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Node;
use types::NodeFacts;

use super::placing;
use crate::Objects;
use crate::outline::{cpu, memory};

/// What the nodes could take; `None` when nodes cannot be read.
pub(super) fn facts(objects: &Objects) -> Option<NodeFacts> {
    let nodes = objects.nodes.as_ref()?;
    let mut asked: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for pod in &objects.all_pods {
        let Some(node) = pod.node.as_deref() else { continue };
        let sum = asked.entry(node).or_default();
        sum.0 = sum.0.saturating_add(pod.cpu_millis);
        sum.1 = sum.1.saturating_add(pod.memory_bytes);
    }
    let open: Vec<_> = nodes.iter().filter(|it| takes_pods(it)).collect();
    let room = |node: &Node| {
        let name = node.metadata.name.as_deref().unwrap_or_default();
        let (cpu, memory) = allocatable(node);
        let (cpu_asked, memory_asked) = asked.get(name).copied().unwrap_or_default();
        (cpu.saturating_sub(cpu_asked), memory.saturating_sub(memory_asked))
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
        taints: placing::taints(objects, nodes),
        selectors: placing::selectors(objects, nodes),
        taken_ports: placing::taken_ports(objects),
    })
}

fn takes_pods(node: &Node) -> bool {
    let conditions = node.status.iter().flat_map(|it| it.conditions.iter().flatten());
    let ready = conditions.into_iter().any(|it| it.type_ == "Ready" && it.status == "True");
    ready && !node.spec.as_ref().and_then(|it| it.unschedulable).unwrap_or(false)
}

/// CPU in millicores and memory in bytes.
fn allocatable(node: &Node) -> (u64, u64) {
    let amounts = node.status.as_ref().and_then(|it| it.allocatable.as_ref());
    let amount = |name: &str| amounts.and_then(|it| it.get(name));
    (cpu(amount("cpu")), memory(amount("memory")))
}
