//! The labels that a template selects nodes by, where no node has them and one has nearly the same.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, PodSpec};
use types::{FieldPath, ReferenceFacts, ReferenceKind};

use super::placing;
use crate::near_miss::near_miss;

/// Facts of every label that no node has, of the pod spec at `path`.
pub(super) fn facts(nodes: &[Arc<Node>], spec: &PodSpec, path: &FieldPath) -> Vec<ReferenceFacts> {
    let plain = spec.node_selector.iter().flatten().filter_map(|(key, value)| {
        let field = path.child("nodeSelector").child(key);
        slip(nodes, (key, value), (field.clone(), field))
    });
    let expressions = placing::affinity(spec, path).into_iter();
    let chosen = expressions.filter(|(_, it)| it.operator == "In").flat_map(|(path, it)| {
        let values: Vec<_> = it.values.iter().flatten().enumerate().collect();
        // With several values that do not exist under this key it is the key, or a person's business.
        let is_served = values.iter().any(|(_, value)| has(nodes, &it.key, value));
        let slips = values.into_iter().filter_map(|(at, value)| {
            let fields = (path.child("values").index(at), path.child("key"));
            slip(nodes, (&it.key, value), fields).filter(|_| !is_served)
        });
        slips.collect::<Vec<_>>()
    });
    plain.chain(chosen).collect()
}

/// What is wrong with one label: its value, or its key. `fields` are those of the value and of the key.
fn slip(
    nodes: &[Arc<Node>],
    (key, value): (&str, &str),
    fields: (FieldPath, FieldPath),
) -> Option<ReferenceFacts> {
    if has(nodes, key, value) {
        return None;
    }
    let labels = || nodes.iter().flat_map(|it| it.metadata.labels.iter().flatten());
    let values = labels().filter(|it| it.0 == key).map(|it| it.1.as_str());
    let keys = labels().filter(|it| it.1 == value).map(|it| it.0.as_str());
    let near_value = near_miss(value, values);
    let is_key = near_value.is_none();
    let near = near_value.or_else(|| near_miss(key, keys))?;
    let (kind, path) = if is_key {
        (ReferenceKind::NodeLabelKey, fields.1)
    } else {
        (ReferenceKind::NodeLabelValue, fields.0)
    };
    let (name, beside) = if is_key { (key, value) } else { (value, key) };
    Some(ReferenceFacts {
        kind,
        name: name.to_owned(),
        key: Some(beside.to_owned()),
        path: path.to_string(),
        exists: Some(false),
        near_miss: Some(near),
        optional: false,
    })
}

fn has(nodes: &[Arc<Node>], key: &str, value: &str) -> bool {
    let mut labels = nodes.iter().filter_map(|it| it.metadata.labels.as_ref());
    labels.any(|it| it.get(key).is_some_and(|it| it == value))
}
