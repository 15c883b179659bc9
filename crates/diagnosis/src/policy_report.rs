//! What policy engines write into reports (`wgpolicyk8s.io/v1alpha2`):
//! <https://github.com/kubernetes-sigs/wg-policy-prototypes>.

use serde_json::{Value, json};
use types::Subject;

/// One rule of a policy that one object breaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BrokenPolicy {
    /// The object.
    pub subject: Subject,
    /// The policy.
    pub policy: String,
    /// Its rule; empty where the engine names none.
    pub rule: String,
    /// What the engine says of it, as it says it.
    pub message: String,
    /// The engine; empty where it does not name itself.
    pub engine: String,
}

impl BrokenPolicy {
    /// What a `PolicyReport` or `ClusterPolicyReport` says is broken. What passed, was skipped or only warned of is
    /// left out. What names no object is said of the report.
    pub fn of(report: &Value) -> Vec<Self> {
        let results = report.get("results").and_then(Value::as_array);
        let failed = results.into_iter().flatten().filter(|it| word(it, "result") == "fail");
        failed.flat_map(|it| of_result(it, report)).collect()
    }
}

fn of_result(result: &Value, report: &Value) -> Vec<BrokenPolicy> {
    let named = result.get("resources").and_then(Value::as_array);
    let objects = named.map_or_else(Vec::new, |it| it.iter().collect());
    // A report for one object names it once, for all its results.
    let scope = report.get("scope").filter(|_| objects.is_empty());
    let namespace = report.pointer("/metadata/namespace").and_then(Value::as_str);
    let broken = |object: &Value| {
        let (kind, name) = (word(object, "kind"), word(object, "name"));
        let own = Some(word(object, "namespace")).filter(|it| !it.is_empty());
        (!kind.is_empty() && !name.is_empty()).then(|| BrokenPolicy {
            subject: Subject::new(kind, own.or(namespace).unwrap_or_default(), name),
            policy: word(result, "policy").to_owned(),
            rule: word(result, "rule").to_owned(),
            message: word(result, "message").to_owned(),
            engine: word(result, "source").to_owned(),
        })
    };
    let found: Vec<_> = objects.into_iter().chain(scope).filter_map(broken).collect();
    if !found.is_empty() {
        return found;
    }
    // Objects of a list need not say of which kind they are.
    let kind = if namespace.is_some() { "PolicyReport" } else { "ClusterPolicyReport" };
    let name = report.pointer("/metadata/name");
    broken(&json!({"kind": kind, "name": name})).into_iter().collect()
}

fn word<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}
