//! Taints that stand alone between the template and a node that would take it, and that nobody seems to have meant.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, PodSpec, Taint};
use types::{Kind, ObjectRef, StrayTaint};

use crate::{Objects, PodOutline, Root, scheduling};

/// Taints that are told.
const MAX_STRAY: usize = 20;

/// The taints without which a node would take the template. `holds` says whether a node has room for it.
///
/// Whether volumes or other pods keep it off as well is not looked at; nor is who tolerates a taint in a template
/// without pods of another namespace.
pub(super) fn taints(
    objects: &Objects,
    nodes: &[Arc<Node>],
    holds: impl Fn(&Node, &PodSpec) -> bool,
) -> Vec<StrayTaint> {
    let Some(spec) = objects.root.pod_spec() else { return vec![] };
    let alone = |node: &&Arc<Node>| {
        let taints = scheduling::untolerated(spec, node);
        let Some((first, rest)) = taints.split_first() else { return false };
        rest.iter().all(|it| it.key == first.key) && !scheduling::is_meant(first, node)
    };
    let is_free = |node: &&Arc<Node>| holds(node, spec) && has_free_ports(objects, node, spec);
    let suitable: Vec<_> = nodes
        .iter()
        .filter(|it| scheduling::selects(spec, it))
        .filter(alone)
        .filter(is_free)
        .collect();
    if suitable.is_empty() {
        return vec![];
    }
    let tolerated = tolerated(objects, spec);
    let found = suitable.into_iter().flat_map(|node| entries(node, spec));
    let mut found: Vec<_> = found.filter(|it| !tolerated.contains(it.key.as_str())).collect();
    found.sort_by(|a, b| (&a.node.name, a.index).cmp(&(&b.node.name, b.index)));
    found.truncate(MAX_STRAY);
    found
}

/// The taints of one node that keep the template off it, each with its place.
fn entries(node: &Node, spec: &PodSpec) -> Vec<StrayTaint> {
    let keeping = scheduling::untolerated(spec, node);
    let is_keeping = |it: &&Taint| keeping.iter().any(|keeping| std::ptr::eq(*keeping, *it));
    let word = |it: &Option<String>| it.clone().unwrap_or_default();
    let all = node.spec.iter().flat_map(|it| it.taints.iter().flatten()).enumerate();
    let entry = |(index, taint): (usize, &Taint)| StrayTaint {
        node: ObjectRef {
            kind: Kind::Node,
            namespace: String::new(),
            name: word(&node.metadata.name),
            uid: word(&node.metadata.uid),
            resource_version: word(&node.metadata.resource_version),
        },
        index,
        key: taint.key.clone(),
        value: taint.value.clone().filter(|it| !it.is_empty()),
        effect: taint.effect.clone(),
        added_at: taint.time_added.as_ref().map(|it| it.0),
    };
    all.filter(|it| is_keeping(&it.1)).map(entry).collect()
}

/// The keys that a pod of the cluster or a template of the namespace names.
fn tolerated<'o>(objects: &'o Objects, spec: &'o PodSpec) -> BTreeSet<&'o str> {
    let of_pods = objects.all_pods.tolerated().iter().map(String::as_str);
    let templates = objects.workloads.iter().filter_map(Root::pod_spec).chain([spec]);
    templates.flat_map(scheduling::tolerated_keys).chain(of_pods).collect()
}

/// Whether no pod of the node has a host port that the template wants.
fn has_free_ports(objects: &Objects, node: &Node, spec: &PodSpec) -> bool {
    let ports = spec.containers.iter().flat_map(|it| it.ports.iter().flatten());
    let wanted: BTreeSet<i32> = ports.filter_map(|it| it.host_port).filter(|it| *it != 0).collect();
    let has_one = |it: &Arc<PodOutline>| {
        it.node == node.metadata.name && it.host_ports.iter().any(|port| wanted.contains(port))
    };
    wanted.is_empty() || !objects.all_pods.with_ports().iter().any(has_one)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::AllPods;

    /// A pod that waits, beside two nodes of which `tainted` has these taints.
    fn objects(pod: &Value, taints: &Value) -> (Objects, Vec<Arc<Node>>) {
        let node = json!({"metadata": {"name": "tainted", "labels": {"disk": "ssd"}}, "spec": {"taints": taints}});
        let node: Node = serde_json::from_value(node).unwrap();
        let objects = Objects {
            taken_at: "2026-11-27T20:00:00Z".parse().unwrap(),
            cluster: "test".to_owned(),
            root: Root::Pod(Arc::new(
                serde_json::from_value(json!({"metadata": {"name": "web"}, "spec": pod})).unwrap(),
            )),
            pods: vec![],
            replica_sets: vec![],
            controller_revisions: vec![],
            whole_jobs: vec![],
            jobs: vec![],
            events: vec![],
            nodes: None,
            node_mates: vec![],
            namespace_pods: vec![],
            all_pods: Arc::default(),
            config_maps: None,
            claims: None,
            service_accounts: None,
            services: None,
            endpoint_slices: None,
            autoscalers: None,
            vertical_autoscalers: None,
            limit_ranges: None,
            quotas: None,
            priority_classes: None,
            runtime_classes: None,
            kubernetes_minor: None,
            workloads: vec![],
            logs: vec![],
            usage: vec![],
            ready_revisions: vec![],
            longest_ready: vec![],
            unread: vec![],
        };
        (objects, vec![Arc::new(node)])
    }

    fn stray() -> Value {
        json!([{"key": "maintenance", "value": "yes", "effect": "NoSchedule"}])
    }

    /// The places of the taints that are told.
    fn told(pod: &Value, list: &Value) -> Vec<usize> {
        let (objects, nodes) = objects(pod, list);
        taints(&objects, &nodes, |_, _| true).iter().map(|it| it.index).collect()
    }

    #[test]
    fn a_taint_that_alone_keeps_a_pod_off_a_node_is_told_with_its_place() {
        let pod = json!({"containers": [], "nodeSelector": {"disk": "ssd"}});
        assert_eq!(told(&pod, &stray()), [0]);
        // One that only advises against the node keeps nobody off it.
        let soft = json!({"key": "slow", "effect": "PreferNoSchedule"});
        let twice = json!([soft, {"key": "drain", "effect": "NoSchedule"}, {"key": "drain", "effect": "NoExecute"}]);
        assert_eq!(told(&pod, &twice), [1, 2]);
    }

    #[test]
    fn what_would_not_take_the_pod_without_its_taint_is_not_told() {
        let pod = json!({"containers": [], "nodeSelector": {"disk": "hdd"}});
        assert_eq!(told(&pod, &stray()), [0; 0]);
        let pod = json!({"containers": []});
        let other =
            json!([{"key": "a", "effect": "NoSchedule"}, {"key": "b", "effect": "NoSchedule"}]);
        assert_eq!(told(&pod, &other), [0; 0]);
        let (objects, nodes) = objects(&pod, &stray());
        assert_eq!(taints(&objects, &nodes, |_, _| false), []);
    }

    #[test]
    fn a_host_port_that_is_taken_keeps_a_pod_off_as_well() {
        let pod = json!({"containers": [{"name": "app", "ports": [{"containerPort": 80, "hostPort": 80}]}]});
        let (mut objects, nodes) = objects(&pod, &stray());
        let holder = |node: &str| PodOutline {
            node: Some(node.to_owned()),
            host_ports: vec![80],
            ..PodOutline::default()
        };
        objects.all_pods = Arc::new(AllPods::new(vec![Arc::new(holder("elsewhere"))]));
        assert_eq!(taints(&objects, &nodes, |_, _| true).len(), 1);
        objects.all_pods = Arc::new(AllPods::new(vec![Arc::new(holder("tainted"))]));
        assert_eq!(taints(&objects, &nodes, |_, _| true), []);
    }

    #[test]
    fn what_a_pod_or_a_template_tolerates_by_name_was_meant() {
        let (mut objects, nodes) = objects(&json!({"containers": []}), &stray());
        let tolerating =
            |key: &str| PodOutline { tolerated: vec![key.to_owned()], ..PodOutline::default() };
        objects.all_pods = Arc::new(AllPods::new(vec![Arc::new(tolerating("other"))]));
        assert_eq!(taints(&objects, &nodes, |_, _| true).len(), 1);
        objects.all_pods = Arc::new(AllPods::new(vec![Arc::new(tolerating("maintenance"))]));
        assert_eq!(taints(&objects, &nodes, |_, _| true), []);
        // With another value: what is wrong then is the toleration.
        let near =
            json!({"containers": [], "tolerations": [{"key": "maintenance", "value": "no"}]});
        assert_eq!(told(&near, &stray()), [0; 0]);
    }

    #[test]
    fn no_more_taints_are_told_than_a_page_holds() {
        let many: Vec<Value> = (0..500)
            .map(|it| json!({"key": "k", "value": it.to_string(), "effect": "NoSchedule"}))
            .collect();
        assert_eq!(told(&json!({"containers": []}), &json!(many)).len(), MAX_STRAY);
    }
}
