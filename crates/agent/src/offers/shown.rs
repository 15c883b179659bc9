//! What a plan writes, as it is shown to who asks why: step by step, without secrets.

use diagnosis::Redactor;
use serde_json::Value;
use types::{Action, FixPlan, ShownStep, Step, Subresource};

use super::masked;

/// What the plan writes, step by step, with what it depends on, without secrets.
pub(crate) fn shown_steps(plan: &FixPlan, redactor: &Redactor) -> Vec<ShownStep> {
    let shown = |step: &Step| {
        let action = match (&step.action, step.subresource) {
            (Action::Edit(_), None) => "edit",
            (Action::Edit(_), Some(Subresource::Resize)) => "resize",
            (Action::Evict, _) => "evict",
            (Action::Restart, _) => "restart",
        };
        let operations = remedy::operations_of(&masked(step, plan, redactor));
        ShownStep {
            target: step.target.to_string(),
            action: action.to_owned(),
            uid: step.target.uid.clone(),
            resource_version: step.target.resource_version.clone(),
            operations: operations.into_iter().map(|it| operation(it, redactor)).collect(),
        }
    };
    plan.steps.iter().map(shown).collect()
}

/// An operation of a patch without secrets: the end of its path names its value.
fn operation(mut operation: Value, redactor: &Redactor) -> Value {
    let path = operation.get("path").and_then(Value::as_str).unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    if let Some(value) = operation.get_mut("value") {
        *value = redacted(value.take(), &name, redactor);
    }
    redacted(operation, "", redactor)
}

/// What something of this name holds, with every text in it redacted.
fn redacted(value: Value, name: &str, redactor: &Redactor) -> Value {
    match value {
        Value::String(text) => Value::String(redactor.redact_value(name, &text)),
        Value::Array(items) => items.into_iter().map(|it| redacted(it, name, redactor)).collect(),
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, it)| {
                let it = redacted(it, &name, redactor);
                (name, it)
            });
            Value::Object(members.collect())
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_operation_hides_what_its_path_or_a_member_calls_a_secret() {
        let redactor = Redactor::new([0; 32]);
        let annotations = json!({"vault/token": "swordfish", "team": "shop"});
        let whole = json!({"op": "remove", "path": "/metadata/annotations", "value": annotations});
        let one = json!({"op": "test", "path": "/metadata/annotations/vault~1token", "value": "swordfish"});

        let shown = operation(whole, &redactor);

        assert_eq!(shown["value"]["vault/token"], redactor.mark("swordfish"));
        assert_eq!(shown["value"]["team"], "shop");
        assert_eq!(operation(one, &redactor)["value"], redactor.mark("swordfish"));
    }
}
