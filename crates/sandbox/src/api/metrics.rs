//! What pods and nodes use: `metrics.k8s.io/v1beta1`, as a metrics server answers, where one was installed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::Call;
use super::{Answer, Api};
use crate::json::text;
use crate::store::{PodUsage, Usage, now};

/// How long a metrics server measures for one answer.
const WINDOW: &str = "15s";

impl Api {
    /// Answers a question about use; `None` of other questions, and where nobody measures.
    pub(super) fn usage(&self, call: &Call) -> Option<Answer> {
        let rest = call.path.strip_prefix("/apis/metrics.k8s.io/v1beta1/")?;
        let parts: Vec<&str> = rest.split('/').collect();
        match (call.method.as_str(), parts.as_slice()) {
            ("GET", ["pods"]) => self.pods(None),
            ("GET", ["namespaces", namespace, "pods"]) => self.pods(Some(namespace)),
            ("GET", ["nodes"]) => self.nodes(),
            _ => None,
        }
    }

    fn pods(&self, namespace: Option<&str>) -> Option<Answer> {
        let pods = self.store.measured(namespace)?;
        // Of a pod in which nothing runs there is nothing to say.
        let pods = pods.into_iter().filter(|it| !it.1.is_empty());
        let pods: Vec<_> = pods.map(|it| of_pod(&it.0, &it.1)).collect();
        Some(list("PodMetrics", &pods))
    }

    fn nodes(&self) -> Option<Answer> {
        let mut sums: BTreeMap<String, Usage> = BTreeMap::new();
        for ((namespace, name), pod) in self.store.measured(None)? {
            let Some(object) = self.store.get("pods", &namespace, &name) else { continue };
            let sum = sums.entry(text(&object, "spec.nodeName").to_owned()).or_default();
            for usage in pod.values() {
                sum.cpu_millis = sum.cpu_millis.saturating_add(usage.cpu_millis);
                sum.memory_bytes = sum.memory_bytes.saturating_add(usage.memory_bytes);
            }
        }
        let of_node = |(name, it): (&String, &Usage)| {
            let metadata = json!({"name": name});
            json!({"metadata": metadata, "timestamp": now(), "window": WINDOW, "usage": amounts(it)})
        };
        let nodes: Vec<_> = sums.iter().map(of_node).collect();
        Some(list("NodeMetrics", &nodes))
    }
}

fn of_pod((namespace, name): &(String, String), pod: &PodUsage) -> Value {
    let of_container = |(name, it): (&String, &Usage)| json!({"name": name, "usage": amounts(it)});
    json!({
        "metadata": {"namespace": namespace, "name": name}, "timestamp": now(), "window": WINDOW,
        "containers": pod.iter().map(of_container).collect::<Vec<_>>(),
    })
}

/// In the units of a metrics server.
fn amounts(usage: &Usage) -> Value {
    let billionths = usage.cpu_millis.saturating_mul(1_000_000);
    json!({"cpu": format!("{billionths}n"), "memory": format!("{}Ki", usage.memory_bytes / 1024)})
}

fn list(kind: &str, items: &[Value]) -> Answer {
    let value = json!({
        "kind": format!("{kind}List"), "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {},
        "items": items,
    });
    Answer::json(200, value)
}
