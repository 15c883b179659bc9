//! Which nodes would take the template: their taints and labels.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, NodeSelectorRequirement, PodSpec, Taint};
use types::{FieldPath, PortFacts, SelectedNodes, SelectorFacts};

use super::labels;
use crate::near_miss::near_miss;
use crate::node_state::{is_cordoned, is_down, pressures};
use crate::{Objects, PodOutline, Redactor, scheduling};

/// Nodes that are named.
const MAX_NODES: usize = 50;
/// Taints and labels that are told.
const MAX_ENTRIES: usize = 20;
/// Requirements of a template that are looked at, and values that one of them may list.
pub(super) const MAX_WANTED: usize = 50;

/// The nodes that are not ready.
pub(super) fn down(nodes: &[Arc<Node>]) -> Vec<String> {
    let down = nodes.iter().filter(|it| is_down(it));
    let names = down.filter_map(|it| it.metadata.name.clone());
    let sorted: BTreeSet<_> = names.collect();
    sorted.into_iter().take(MAX_NODES).collect()
}

/// The nodes of the subject's pods that run out of something by their own account, or take no new pods.
pub(super) fn strained(objects: &Objects, nodes: &[Arc<Node>]) -> Vec<String> {
    let its = objects.pods.iter().filter_map(|it| it.spec.as_ref()?.node_name.as_deref());
    let its: BTreeSet<&str> = its.collect();
    let is_its =
        |it: &&Arc<Node>| it.metadata.name.as_deref().is_some_and(|name| its.contains(name));
    let is_strained = |it: &&Arc<Node>| pressures(it).next().is_some() || is_cordoned(it);
    let strained = nodes.iter().filter(is_its).filter(is_strained);
    let sorted: BTreeSet<_> = strained.filter_map(|it| it.metadata.name.clone()).collect();
    sorted.into_iter().take(MAX_ENTRIES).collect()
}

/// The taints that the template does not tolerate.
pub(super) fn taints(objects: &Objects, nodes: &[Arc<Node>]) -> Vec<String> {
    let Some(spec) = objects.root.pod_spec() else { return vec![] };
    let taints = nodes.iter().flat_map(|it| scheduling::untolerated(spec, it)).map(shown);
    let sorted: BTreeSet<_> = taints.collect();
    sorted.into_iter().take(MAX_ENTRIES).collect()
}

/// The nodes with all labels that the template selects, where each of them has a taint that it does not tolerate.
pub(super) fn selected(objects: &Objects, nodes: &[Arc<Node>]) -> Option<SelectedNodes> {
    let spec = objects.root.pod_spec()?;
    let selects = |it: &&Arc<Node>| scheduling::selects(spec, it);
    let (selected, others): (Vec<_>, Vec<_>) = nodes.iter().partition(selects);
    // Where all nodes are selected, labels have nothing to do with it.
    if others.is_empty() {
        return None;
    }
    let mut taints = BTreeSet::new();
    for node in &selected {
        let own = scheduling::untolerated(spec, node);
        if own.is_empty() {
            return None;
        }
        taints.extend(own.into_iter().map(shown));
    }
    let first = selected.iter().filter_map(|it| it.metadata.name.as_ref()).min()?;
    Some(SelectedNodes {
        nodes: u32::try_from(selected.len()).unwrap_or(u32::MAX),
        first: first.clone(),
        taints: taints.into_iter().take(MAX_ENTRIES).collect(),
    })
}

/// `dedicated=gpu:NoSchedule`
fn shown(taint: &Taint) -> String {
    let value = taint.value.as_deref().filter(|it| !it.is_empty());
    let value = value.map(|it| format!("={it}")).unwrap_or_default();
    format!("{}{value}:{}", taint.key, taint.effect)
}

/// The labels that the template selects nodes by, and how many nodes have them.
pub(super) fn selectors(
    objects: &Objects,
    nodes: &[Arc<Node>],
    redactor: &Redactor,
) -> Vec<SelectorFacts> {
    let path = objects.root.kind().pod_spec_path();
    let (Some(spec), Some(path)) = (objects.root.pod_spec(), path) else { return vec![] };
    let plain = spec.node_selector.iter().flatten().map(|(key, value)| {
        let has = |it: &&Arc<Node>| label(it, key) == Some(value.as_str());
        let path = path.child("nodeSelector").child(key);
        let count = nodes.iter().filter(has).count();
        let shown = format!("{key}={}", redactor.redact_value(key, value));
        let res = facts(&path, shown, count, || near(key, value, nodes));
        SelectorFacts { all_have: all_have(key, nodes).filter(|_| count == 0), ..res }
    });
    let expressions = affinity(spec, &path).into_iter().map(|(path, wanted)| {
        let has = |it: &&Arc<Node>| scheduling::takes(wanted, label(it, &wanted.key));
        let values = wanted.values.as_deref().unwrap_or_default();
        let shown: Vec<_> =
            values.iter().map(|it| redactor.redact_value(&wanted.key, it)).collect();
        let shown = format!("{} {} {}", wanted.key, wanted.operator, shown.join(", "));
        facts(&path, shown.trim_end().to_owned(), nodes.iter().filter(has).count(), || {
            values.iter().find_map(|it| near(&wanted.key, it, nodes))
        })
    });
    plain.chain(expressions).chain(spreads(spec, &path, nodes)).take(MAX_ENTRIES).collect()
}

/// The value that all nodes have under this key, where it is one.
fn all_have(key: &str, nodes: &[Arc<Node>]) -> Option<String> {
    let values: Option<BTreeSet<_>> = nodes.iter().map(|it| label(it, key)).collect();
    let values = values?;
    let only = values.first().filter(|_| values.len() == 1)?;
    Some(format!("{key}={only}"))
}

/// The labels over whose values the pods must be spread: a node without one takes none.
fn spreads(spec: &PodSpec, path: &FieldPath, nodes: &[Arc<Node>]) -> Vec<SelectorFacts> {
    let path = path.child("topologySpreadConstraints");
    let constraints = spec.topology_spread_constraints.iter().flatten().enumerate();
    let required = constraints.filter(|it| it.1.when_unsatisfiable == "DoNotSchedule");
    let of = required.map(|(index, it)| {
        let has = |node: &&Arc<Node>| label(node, &it.topology_key).is_some();
        let path = path.index(index).child("topologyKey");
        let labels = || nodes.iter().flat_map(|it| it.metadata.labels.iter().flatten());
        let near = || near_miss(&it.topology_key, labels().map(|it| it.0.as_str()));
        facts(&path, it.topology_key.clone(), nodes.iter().filter(has).count(), near)
    });
    of.collect()
}

fn facts(
    path: &FieldPath,
    wanted: String,
    nodes: usize,
    near: impl Fn() -> Option<String>,
) -> SelectorFacts {
    SelectorFacts {
        path: path.to_string(),
        wanted,
        nodes: u32::try_from(nodes).unwrap_or(u32::MAX),
        near_miss: if nodes == 0 { near() } else { None },
        all_have: None,
    }
}

/// The requirements of the node affinity that must hold, each with its path: no more than 50, and none that lists more
/// than 50 values. Nobody writes those by hand, and each value is compared with the labels of all nodes.
pub(super) fn affinity<'s>(
    spec: &'s PodSpec,
    path: &FieldPath,
) -> Vec<(FieldPath, &'s NodeSelectorRequirement)> {
    let affinity = spec.affinity.as_ref().and_then(|it| it.node_affinity.as_ref());
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    let path = path.child("affinity").child("nodeAffinity").child(required);
    let path = path.child("nodeSelectorTerms");
    let terms = affinity
        .and_then(|it| it.required_during_scheduling_ignored_during_execution.as_ref())
        .map(|it| it.node_selector_terms.as_slice());
    let terms = terms.unwrap_or_default().iter().enumerate();
    terms
        .flat_map(|(term, it)| {
            let path = path.index(term).child("matchExpressions");
            let expressions = it.match_expressions.iter().flatten().enumerate();
            let is_short = |it: &&NodeSelectorRequirement| {
                it.values.as_ref().is_none_or(|it| it.len() <= MAX_WANTED)
            };
            let short = expressions.filter(move |it| is_short(&it.1));
            short.map(move |(at, it)| (path.index(at), it))
        })
        .take(MAX_WANTED)
        .collect()
}

fn label<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.metadata.labels.as_ref()?.get(key).map(String::as_str)
}

/// The label that was probably meant: another value of the same key, or the same value under a similar key.
fn near(key: &str, value: &str, nodes: &[Arc<Node>]) -> Option<String> {
    let mut values = nodes.iter().filter_map(|it| label(it, key));
    if let Some(meant) = labels::other_name(key, value) {
        return values.any(|it| it == meant).then(|| format!("{key}={meant}"));
    }
    if let Some(near) = near_miss(value, values) {
        return Some(format!("{key}={near}"));
    }
    let labels = nodes.iter().flat_map(|it| it.metadata.labels.iter().flatten());
    let keys = labels.filter(|it| it.1 == value).map(|it| it.0.as_str());
    near_miss(key, keys).map(|it| format!("{it}={value}"))
}

/// The host ports that the template wants and a pod on some node has: a stranger, else one of its own.
pub(super) fn taken_ports(objects: &Objects) -> Vec<PortFacts> {
    let path = objects.root.kind().pod_spec_path();
    let (Some(spec), Some(path)) = (objects.root.pod_spec(), path) else { return vec![] };
    // Who shares the network of the node has each of its ports there.
    let shares = spec.host_network == Some(true);
    let wanted = spec.containers.iter().enumerate().flat_map(|(at, container)| {
        let path = path.child("containers").index(at).child("ports");
        let ports = container.ports.iter().flatten().enumerate();
        ports.filter_map(move |(at, it)| {
            let of_host = it.host_port.filter(|it| *it != 0).map(|it| ("hostPort", it));
            let (field, port) =
                of_host.or(shares.then_some(("containerPort", it.container_port)))?;
            Some((path.index(at).child(field), port))
        })
    });
    let wanted: Vec<_> = wanted.collect();
    if wanted.is_empty() {
        return vec![];
    }
    let own: BTreeSet<_> =
        objects.pods.iter().filter_map(|it| it.metadata.uid.as_deref()).collect();
    let placed = objects.all_pods.with_ports().iter();
    let (own, others): (Vec<_>, Vec<_>) = placed.partition(|it| own.contains(it.uid.as_str()));
    let taken = wanted.into_iter().filter_map(|(path, port)| {
        let holder = |pods: &[&Arc<PodOutline>]| {
            let holders = pods.iter().filter(|it| it.host_ports.contains(&port));
            holders.map(|it| format!("Pod {}/{}", it.namespace, it.name)).min()
        };
        let holder = holder(&others).or_else(|| holder(&own))?;
        Some(PortFacts { path: path.to_string(), port, holder })
    });
    taken.take(MAX_ENTRIES).collect()
}
