//! The labels that a template selects nodes by, where no node has them and one has nearly the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, PodSpec};
use types::{FieldPath, ReferenceFacts, ReferenceKind};

use super::placing::{self, MAX_WANTED};
use crate::near_miss::near_miss;
use crate::same_words::of_same_words;

/// The labels of all nodes, each once.
type Labels<'n> = BTreeSet<(&'n str, &'n str)>;

/// A label that a template asks for: its key and value, and the fields of the value and of the key.
struct Wanted<'s> {
    key: &'s str,
    value: &'s str,
    value_path: FieldPath,
    key_path: FieldPath,
}

/// Facts of every label that no node has, of the pod spec at `path`; of the first 50 that are asked for.
pub(crate) fn facts(nodes: &[Arc<Node>], spec: &PodSpec, path: &FieldPath) -> Vec<ReferenceFacts> {
    let all = nodes.iter().flat_map(|it| it.metadata.labels.iter().flatten());
    let labels: Labels<'_> = all.map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let plain = spec.node_selector.iter().flatten().map(|(key, value)| {
        let field = path.child("nodeSelector").child(key);
        Wanted { key, value, value_path: field.clone(), key_path: field }
    });
    let expressions = placing::affinity(spec, path).into_iter();
    let chosen = expressions.filter(|(_, it)| it.operator == "In").flat_map(|(path, it)| {
        let values: Vec<_> = it.values.iter().flatten().enumerate().collect();
        // With several values that do not exist under this key it is the key, or a person's business.
        let is_served = values.iter().any(|(_, value)| labels.contains(&(&it.key, value)));
        let values = if is_served { vec![] } else { values };
        values.into_iter().map(move |(at, value)| Wanted {
            key: &it.key,
            value,
            value_path: path.child("values").index(at),
            key_path: path.child("key"),
        })
    });
    let selected = plain.chain(chosen).take(MAX_WANTED).filter_map(|it| slip(&labels, &it));
    let keys: BTreeSet<&str> = labels.iter().map(|it| it.0).collect();
    selected.chain(spread(spec, path).filter_map(|it| of_spread(&keys, &it))).collect()
}

/// The labels over whose values pods are to be spread, with their fields.
fn spread<'s>(spec: &'s PodSpec, path: &FieldPath) -> impl Iterator<Item = (FieldPath, &'s str)> {
    let list = path.child("topologySpreadConstraints");
    let all = spec.topology_spread_constraints.iter().flatten().enumerate().take(MAX_WANTED);
    let required = all.filter(|(_, it)| it.when_unsatisfiable == "DoNotSchedule");
    required.map(move |(at, it)| (list.index(at).child("topologyKey"), it.topology_key.as_str()))
}

/// A label that no node has, and one that is nearly called so.
fn of_spread(keys: &BTreeSet<&str>, (path, key): &(FieldPath, &str)) -> Option<ReferenceFacts> {
    let is_there = keys.is_empty() || keys.contains(key);
    let near = near_miss(key, keys.iter().copied()).filter(|_| !is_there)?;
    let found = fact(ReferenceKind::NodeLabelKey, (key, None), path);
    Some(ReferenceFacts { near_miss: Some(near), ..found })
}

/// What is wrong with one label: its value, or its key.
fn slip(labels: &Labels<'_>, wanted: &Wanted<'_>) -> Option<ReferenceFacts> {
    let Wanted { key, value, .. } = *wanted;
    if labels.contains(&(key, value)) {
        return None;
    }
    let values = labels.iter().filter(|it| it.0 == key).map(|it| it.1);
    let keys = labels.iter().filter(|it| it.1 == value).map(|it| it.0);
    if let Some(meant) = other_name(key, value).filter(|it| labels.contains(&(key, it))) {
        let alike = format!("nodes call it {meant}");
        return Some(ReferenceFacts {
            near_miss: None,
            alike: Some(alike),
            meant: Some(meant.to_owned()),
            ..fact(ReferenceKind::NodeLabelValue, (value, Some(key)), &wanted.value_path)
        });
    }
    let near_value = near_miss(value, values.clone());
    let is_key = near_value.is_none();
    let Some(near) = near_value.or_else(|| near_miss(key, keys)) else {
        let same = of_same_words(value, values, &[])?.to_owned();
        let alike = format!("a node has {key}={same}, which may have been meant");
        return Some(ReferenceFacts {
            alike: Some(alike),
            meant: Some(same),
            ..fact(ReferenceKind::NodeLabelValue, (value, Some(key)), &wanted.value_path)
        });
    };
    let (kind, path) = if is_key {
        (ReferenceKind::NodeLabelKey, &wanted.key_path)
    } else {
        (ReferenceKind::NodeLabelValue, &wanted.value_path)
    };
    let (name, beside) = if is_key { (key, value) } else { (value, key) };
    Some(ReferenceFacts { near_miss: Some(near), ..fact(kind, (name, Some(beside)), path) })
}

/// A label that no node has.
fn fact(
    kind: ReferenceKind,
    (name, key): (&str, Option<&str>),
    path: &FieldPath,
) -> ReferenceFacts {
    ReferenceFacts {
        kind,
        name: name.to_owned(),
        key: key.map(ToOwned::to_owned),
        path: path.to_string(),
        exists: Some(false),
        near_miss: None,
        alike: None,
        meant: None,
        vouched: None,
        belongs_to: None,
        optional: false,
        changed_at: None,
    }
}

/// What kubelets call an architecture that others call so: they have Go's names
/// (<https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-arch>).
pub(crate) fn other_name(key: &str, value: &str) -> Option<&'static str> {
    if key != "kubernetes.io/arch" {
        return None;
    }
    match value.to_ascii_lowercase().as_str() {
        "x86_64" | "x86-64" | "x64" | "x86_64-linux" => Some("amd64"),
        "aarch64" | "armv8" | "arm64v8" | "arm64-v8a" => Some("arm64"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn found(nodes: usize, spec: &Value) -> Vec<String> {
        let node = |at| {
            let labels =
                json!({"disktype": "nvme-disk", "kubernetes.io/hostname": format!("node-{at}")});
            Arc::new(serde_json::from_value(json!({"metadata": {"labels": labels}})).unwrap())
        };
        let nodes: Vec<_> = (0..nodes).map(node).collect();
        let spec: PodSpec = serde_json::from_value(spec.clone()).unwrap();
        let facts = facts(&nodes, &spec, &FieldPath::root());
        facts.into_iter().map(|it| format!("{} {}", it.path, it.near_miss.unwrap())).collect()
    }

    fn affine(expressions: &[Value]) -> Value {
        let terms = json!({"nodeSelectorTerms": [{"matchExpressions": expressions}]});
        let affinity =
            json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}});
        json!({"containers": [], "affinity": affinity})
    }

    #[test]
    fn a_value_that_some_node_has_makes_up_for_the_others() {
        let wanted = |values| json!({"key": "disktype", "operator": "In", "values": values});

        assert_eq!(found(3, &affine(&[wanted(json!(["nvme-disc", "nvme-disk"]))])).len(), 0);
        assert_eq!(found(3, &affine(&[wanted(json!(["nvme-disc", "tape"]))])).len(), 1);
    }

    #[test]
    fn what_nobody_writes_by_hand_is_not_looked_at() {
        let wanted =
            |values: Vec<&str>| json!({"key": "disktype", "operator": "In", "values": values});
        let one = wanted(vec!["nvme-disc"]);

        assert_eq!(found(3, &affine(&[wanted(vec!["nvme-disc"; MAX_WANTED + 1])])).len(), 0);
        assert_eq!(found(3, &affine(&vec![one; 10 * MAX_WANTED])).len(), MAX_WANTED);
        let many: serde_json::Map<_, _> =
            (0..10 * MAX_WANTED).map(|it| (format!("{it:04}"), json!("x"))).collect();
        let mut many = many;
        many.insert("disktype".to_owned(), json!("nvme-disc"));
        assert_eq!(found(3, &json!({"containers": [], "nodeSelector": many})).len(), 0);
    }
}
