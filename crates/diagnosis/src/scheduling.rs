//! What a scheduler says about its nodes, and whether a node would take a pod: labels and taints.

use k8s_openapi::api::core::v1::{Node, NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Taint};

/// Taints that the cluster itself puts on a node that is in trouble.
const LIFECYCLE: [&str; 7] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/memory-pressure",
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/network-unavailable",
    "node.kubernetes.io/unschedulable",
];

/// Domains whose taints are put on nodes and taken away by the cluster, a cloud, an autoscaler or a driver, and
/// those below them: `node-role.kubernetes.io/control-plane`, `karpenter.sh/disrupted`, `nvidia.com/gpu`.
const OWNED_DOMAINS: [&str; 24] = [
    "kubernetes.io",
    "k8s.io",
    "x-k8s.io",
    "karpenter.sh",
    "amazonaws.com",
    "aws.com",
    "google.com",
    "gke.io",
    "azure.com",
    "alibabacloud.com",
    "aliyun.com",
    "digitalocean.com",
    "oraclecloud.com",
    "ibm.com",
    "openshift.io",
    "cattle.io",
    "nvidia.com",
    "amd.com",
    "intel.com",
    "cilium.io",
    "projectcalico.org",
    "istio.io",
    "longhorn.io",
    "rook.io",
];
/// Words in a key that say that its node is kept for something.
const KEPT_FOR: [&str; 6] = ["autoscaler", "dedicated", "gpu", "spot", "preempt", "criticaladdons"];

/// Why so many nodes do not take a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason<'m> {
    /// How many nodes.
    pub(crate) nodes: u32,
    /// Why, in the scheduler's words: `Insufficient memory`.
    pub(crate) words: &'m str,
}

/// The reasons in a message such as `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. …`.
///
/// What it says about preemption is left out. Empty for a message of another form.
pub(crate) fn reasons(message: &str) -> Vec<Reason<'_>> {
    let Some((_, rest)) = message.split_once("nodes are available: ") else { return vec![] };
    // What follows the first sentence is about preemption or about claims of devices.
    let ends = [
        ". preemption:",
        ". no new claims",
        ". not found",
        ". still not schedulable",
        ", preemption:",
    ];
    let end = ends.iter().filter_map(|it| rest.find(it)).min();
    let list = end.and_then(|it| rest.get(..it)).unwrap_or(rest);
    let mut found: Vec<Reason<'_>> = vec![];
    for part in split_outside_braces(list) {
        let part = part.trim().trim_end_matches('.');
        let counted = part.split_once(' ').and_then(|(count, words)| {
            count.parse().ok().map(|nodes| Reason { nodes, words: words.trim() })
        });
        found.extend(counted);
    }
    found
}

/// The parts of a list at its commas; a taint's value may hold one itself.
fn split_outside_braces(list: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    list.split(|it: char| {
        match it {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        it == ',' && depth == 0
    })
    .collect()
}

/// Whether a node's labels are those that a pod selects.
pub(crate) fn selects(spec: &PodSpec, node: &Node) -> bool {
    let label = |key: &str| node.metadata.labels.as_ref()?.get(key).map(String::as_str);
    let by_labels = spec.node_selector.iter().flatten().all(|it| label(it.0) == Some(it.1));
    let affinity = spec.affinity.as_ref().and_then(|it| it.node_affinity.as_ref());
    let terms = affinity
        .and_then(|it| it.required_during_scheduling_ignored_during_execution.as_ref())
        .map(|it| it.node_selector_terms.as_slice());
    by_labels && terms.is_none_or(|it| it.iter().any(|it| term_selects(it, node)))
}

/// Whether one term of a node selector takes a node; an empty term takes none.
pub(crate) fn term_selects(term: &NodeSelectorTerm, node: &Node) -> bool {
    let labels = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    let label = |key: &str| node.metadata.labels.as_ref()?.get(key).map(String::as_str);
    let field = |_: &str| node.metadata.name.as_deref();
    !(labels.is_empty() && fields.is_empty())
        && labels.iter().all(|it| takes(it, label(&it.key)))
        && fields.iter().all(|it| takes(it, field(&it.key)))
}

/// Whether a label's value, or its absence, is what is required.
pub(crate) fn takes(wanted: &NodeSelectorRequirement, value: Option<&str>) -> bool {
    let values = wanted.values.as_deref().unwrap_or_default();
    let listed = |it: &str| values.iter().any(|value| value == it);
    let number = |it: &str| it.parse::<i64>().ok();
    let bound = values.first().and_then(|it| number(it));
    match wanted.operator.as_str() {
        "In" => value.is_some_and(listed),
        "NotIn" => value.is_none_or(|it| !listed(it)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => value.and_then(number).zip(bound).is_some_and(|(it, bound)| bound < it),
        "Lt" => value.and_then(number).zip(bound).is_some_and(|(it, bound)| it < bound),
        _ => false,
    }
}

/// The taints of a node that keep a pod away.
pub(crate) fn untolerated<'n>(spec: &PodSpec, node: &'n Node) -> Vec<&'n Taint> {
    let taints = node.spec.iter().flat_map(|it| it.taints.iter().flatten());
    taints.filter(|it| it.effect != "PreferNoSchedule" && !tolerates(spec, it)).collect()
}

/// Whether this taint is one that the cluster puts on nodes in trouble.
pub(crate) fn is_lifecycle(taint: &Taint) -> bool {
    LIFECYCLE.contains(&taint.key.as_str())
}

/// Whether a taint is the business of somebody who is known, or says by its key or by an equal label of the node
/// that the node is kept for something.
pub(crate) fn is_meant(taint: &Taint, node: &Node) -> bool {
    let key = taint.key.to_ascii_lowercase();
    let domain = key.split_once('/').map_or("", |it| it.0);
    let is_below = |it: &&str| {
        domain.strip_suffix(*it).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let has_label = node.metadata.labels.as_ref().is_some_and(|it| it.contains_key(&taint.key));
    is_lifecycle(taint)
        || has_label
        || OWNED_DOMAINS.iter().any(is_below)
        || KEPT_FOR.iter().any(|it| key.contains(it))
}

/// The keys of taints that a pod tolerates by name, without those that the cluster itself makes every pod tolerate.
pub(crate) fn tolerated_keys(spec: &PodSpec) -> impl Iterator<Item = &str> {
    let keys = spec.tolerations.iter().flatten().filter_map(|it| it.key.as_deref());
    keys.filter(|it| !it.is_empty() && !LIFECYCLE.contains(it))
}

fn tolerates(spec: &PodSpec, taint: &Taint) -> bool {
    spec.tolerations.iter().flatten().any(|it| {
        let effect = it.effect.as_deref().filter(|it| !it.is_empty());
        let key = it.key.as_deref().filter(|it| !it.is_empty());
        let exists = it.operator.as_deref() == Some("Exists");
        let same =
            it.value.as_deref().unwrap_or_default() == taint.value.as_deref().unwrap_or_default();
        effect.is_none_or(|it| it == taint.effect)
            && key.map_or(exists, |it| it == taint.key)
            && (exists || same)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(message: &str, expected: &[(u32, &str)]) {
        let found: Vec<_> = reasons(message).iter().map(|it| (it.nodes, it.words)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_message_falls_into_its_reasons() {
        check(
            "0/3 nodes are available: 1 node(s) had untolerated taint {team: a,b}, 2 Insufficient \
             memory. preemption: 0/3 nodes are available: 3 Preemption is not helpful.",
            &[(1, "node(s) had untolerated taint {team: a,b}"), (2, "Insufficient memory")],
        );
        check(
            "0/1 nodes are available: 1 Insufficient example.com/gpu. no new claims to deallocate, \
             preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
            &[(1, "Insufficient example.com/gpu")],
        );
        check("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.", &[]);
        check("no nodes available to schedule pods", &[]);
        check("0/1 nodes are available: ", &[]);
    }

    #[test]
    fn a_taint_of_somebody_known_or_of_a_node_that_is_kept_for_something_is_meant() {
        let labels = json!({"metadata": {"name": "n", "labels": {"team": "a"}}});
        let node: Node = serde_json::from_value(labels).unwrap();
        let is_meant = |key: &str| {
            let taint = json!({"key": key, "effect": "NoSchedule"});
            is_meant(&serde_json::from_value(taint).unwrap(), &node)
        };
        for key in [
            "node.kubernetes.io/not-ready",
            "node-role.kubernetes.io/control-plane",
            "node.cloudprovider.kubernetes.io/uninitialized",
            "ToBeDeletedByClusterAutoscaler",
            "karpenter.sh/disrupted",
            "nvidia.com/gpu",
            "node.cilium.io/agent-not-ready",
            "cluster.x-k8s.io/drain",
            "CriticalAddonsOnly",
            "dedicated",
            "example.com/spot-instance",
            "team",
        ] {
            assert!(is_meant(key), "{key}");
        }
        for key in ["maintenance", "example.com/debug", "notkubernetes.io/x", "kubernetes.io", ""] {
            assert!(!is_meant(key), "{key}");
        }
    }

    #[test]
    fn a_toleration_without_a_key_tolerates_all() {
        let taint: Taint =
            serde_json::from_value(json!({"key": "gpu", "value": "yes", "effect": "NoSchedule"}))
                .unwrap();
        let of = |it| {
            let spec = json!({"containers": [], "tolerations": [it]});
            tolerates(&serde_json::from_value(spec).unwrap(), &taint)
        };

        assert!(of(json!({"operator": "Exists"})));
        assert!(of(json!({"key": "gpu", "operator": "Exists"})));
        assert!(of(json!({"key": "gpu", "value": "yes", "effect": "NoSchedule"})));
        assert!(!of(json!({"key": "gpu", "value": "no"})));
        assert!(!of(json!({"key": "gpu", "operator": "Exists", "effect": "NoExecute"})));
    }
}
