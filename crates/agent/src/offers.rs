//! Plans as they are shown: in words, without secrets.

use diagnosis::Redactor;
use serde_json::Value;
use types::{Action, Edit, FixPlan, Offer, Step};

/// Stands where the value of an environment variable stood: a reader needs to know that it changes, not what it is.
const HIDDEN: &str = "[hidden]";

/// The plans as they are shown.
pub(crate) fn offers(plans: &[FixPlan], redactor: &Redactor) -> Vec<Offer> {
    let offer = |plan: &FixPlan| Offer {
        strategy: plan.strategy.clone(),
        title: plan.strategy.to_string(),
        because: redactor.redact(&plan.because),
        risk: plan.risk,
        diff: diff(plan, redactor),
        reversible: plan.is_reversible(),
    };
    plans.iter().map(offer).collect()
}

/// What the plan changes, one line an edit, without secrets.
pub(crate) fn diff(plan: &FixPlan, redactor: &Redactor) -> String {
    let steps = plan.steps.iter().map(|it| masked(it).to_string());
    redactor.redact(&steps.collect::<Vec<_>>().join("\n"))
}

/// The step with values of environment variables hidden.
fn masked(step: &Step) -> Step {
    let action = match &step.action {
        Action::Edit(edits) => Action::Edit(edits.iter().map(masked_edit).collect()),
        Action::Evict => Action::Evict,
        Action::Restart => Action::Restart,
    };
    Step { action, ..step.clone() }
}

fn masked_edit(edit: &Edit) -> Edit {
    let names: Vec<_> = edit.path.names().collect();
    let in_env = names.iter().any(|it| it == "env");
    let is_value = in_env && names.last().is_some_and(|it| it == "value");
    let mask = |value: &Value| match (is_value, value) {
        (true, _) => Value::from(HIDDEN),
        (false, value) => hide(value.clone(), in_env),
    };
    Edit {
        path: edit.path.clone(),
        from: edit.from.as_ref().map(mask),
        to: edit.to.as_ref().map(mask),
    }
}

/// The value with every `value` inside an `env` hidden, however deep.
fn hide(value: Value, in_env: bool) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, value)| {
                    let value = if in_env && name == "value" {
                        Value::from(HIDDEN)
                    } else {
                        hide(value, in_env || name == "env")
                    };
                    (name, value)
                })
                .collect(),
        ),
        Value::Array(items) => items.into_iter().map(|it| hide(it, in_env)).collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use types::{FieldPath, Kind, ObjectRef, Risk, Strategy};

    use super::*;

    fn shown(path: &FieldPath, from: Value, to: Value) -> String {
        let edit = Edit { path: path.clone(), from: Some(from), to: Some(to) };
        let step = Step {
            target: ObjectRef::named(Kind::Deployment, "shop", "web"),
            subresource: None,
            action: Action::Edit(vec![edit]),
        };
        let plan = FixPlan {
            strategy: Strategy::RollBack,
            risk: Risk::Auto,
            because: String::new(),
            steps: vec![step],
        };
        diff(&plan, &Redactor::new([0; 32]))
    }

    #[test]
    fn a_diff_tells_that_a_variable_changes_and_not_its_value() {
        let containers = FieldPath::root().child("containers");
        let env = containers.index(0).child("env");

        let one = shown(&env.index(0).child("value"), json!("hunter2"), json!("hunter3"));
        let entry = json!({"name": "PASSWORD", "value": "hunter2"});
        let all = shown(&env, json!([entry]), json!([]));
        let whole = shown(&containers, json!([{"name": "app", "env": [entry]}]), json!([]));

        for text in [one, all, whole] {
            assert!(!text.contains("hunter"), "{text}");
            assert!(text.contains(HIDDEN), "{text}");
        }
    }

    #[test]
    fn other_values_are_shown() {
        let image = FieldPath::root().child("image");

        let text = shown(&image, json!("web:1.27"), json!("web:1.26"));

        assert!(text.contains(r#""web:1.27" -> "web:1.26""#), "{text}");
    }
}
