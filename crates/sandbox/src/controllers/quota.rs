//! Counts what a namespace uses against its quotas.

use serde_json::{Value, json};

use super::Desk;
use crate::clock::Moment;
use crate::fields::{Fields, put, quantity};
use crate::quantity::Quantity;

pub(super) fn reconcile(desk: &mut Desk<'_>, namespace: &str, name: &str) -> Option<Moment> {
    let quota = desk.world.store.get("resourcequotas", namespace, name)?;
    let hard = quota.at("/spec/hard");
    let mut used = json!({});
    for key in hard.as_object().into_iter().flatten().map(|it| it.0) {
        put(&mut used, &[key], json!(self::used(desk, namespace, key)));
    }
    desk.report("resourcequotas", &quota, json!({"hard": hard, "used": used}));
    None
}

fn used(desk: &Desk<'_>, namespace: &str, key: &str) -> String {
    let store = &desk.world.store;
    if let Some(plural) = key.strip_prefix("count/") {
        let plural = plural.split('.').next().unwrap_or_default();
        return store.list(plural, Some(namespace)).0.len().to_string();
    }
    let (kind, resource) = match key.split_once('.') {
        Some((kind @ ("requests" | "limits"), resource)) => (kind, resource),
        _ if matches!(key, "cpu" | "memory") => ("requests", key),
        _ => ("", key),
    };
    if kind.is_empty() && resource != "pods" {
        return store.list(resource, Some(namespace)).0.len().to_string();
    }
    let (pods, _) = store.list("pods", Some(namespace));
    let living =
        pods.iter().filter(|it| !matches!(it.text("/status/phase"), "Succeeded" | "Failed"));
    if kind.is_empty() {
        return living.count().to_string();
    }
    let amount = |container: &Value| {
        container.at(&format!("/resources/{kind}")).get(resource).and_then(quantity)
    };
    let amounts = living.flat_map(|it| it.list("/spec/containers")).filter_map(amount);
    amounts.fold(Quantity::ZERO, Quantity::plus).write()
}
