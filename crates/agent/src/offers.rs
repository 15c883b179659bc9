//! Plans as they are shown: in words, without secrets.

use diagnosis::Redactor;
use serde_json::Value;
use types::{Action, Edit, Evidence, FieldPath, FixPlan, Offer, ShownStep, Step, Subresource};

/// The plans as they are shown.
pub(crate) fn offers(plans: &[FixPlan], evidence: &Evidence, redactor: &Redactor) -> Vec<Offer> {
    let diagnoses = diagnosis::diagnose(evidence);
    let offer = |plan: &FixPlan| Offer {
        strategy: plan.strategy.clone(),
        fault: remedy::answered(plan, &diagnoses, evidence),
        title: plan.strategy.to_string(),
        because: redactor.redact(&plan.because),
        risk: plan.risk,
        diff: diff(plan, redactor),
        reversible: plan.is_reversible(),
        owner: remedy::owner_of(plan, evidence).map(|it| redactor.redact(&it.name)),
        patch: patch(plan, redactor),
        manifest: manifest(plan, evidence, redactor),
    };
    plans.iter().map(offer).collect()
}

/// What the plan changes, for a commit. What is hidden in it has to be put in by whoever commits it.
pub(crate) fn patch(plan: &FixPlan, redactor: &Redactor) -> Option<String> {
    let steps = plan.steps.iter().map(|it| masked(it, redactor)).collect();
    let shown = FixPlan { steps, ..plan.clone() };
    remedy::kustomize_patch(&shown).map(|it| redactor.redact(&it))
}

/// What has to be made anew, with literal values of variables hidden: whoever makes it has to put them in.
fn manifest(plan: &FixPlan, evidence: &Evidence, redactor: &Redactor) -> Option<String> {
    let shown = hide(remedy::job_copy(plan, evidence)?, Place::Elsewhere, redactor);
    serde_json::to_string_pretty(&shown).ok().map(|it| redactor.redact(&it))
}

/// What the plan changes, one line an edit, without secrets.
pub(crate) fn diff(plan: &FixPlan, redactor: &Redactor) -> String {
    let steps = plan.steps.iter().map(|it| masked(it, redactor).to_string());
    redactor.redact(&steps.collect::<Vec<_>>().join("\n"))
}

/// What the plan writes, step by step, with what it depends on, without secrets.
pub(crate) fn shown_steps(plan: &FixPlan, redactor: &Redactor) -> Vec<ShownStep> {
    let shown = |step: &Step| {
        let action = match (&step.action, step.subresource) {
            (Action::Edit(_), None) => "edit",
            (Action::Edit(_), Some(Subresource::Resize)) => "resize",
            (Action::Evict, _) => "evict",
            (Action::Restart, _) => "restart",
        };
        let operations = remedy::operations_of(&masked(step, redactor));
        ShownStep {
            target: step.target.to_string(),
            action: action.to_owned(),
            uid: step.target.uid.clone(),
            resource_version: step.target.resource_version.clone(),
            operations: operations.into_iter().map(|it| redacted(it, redactor)).collect(),
        }
    };
    plan.steps.iter().map(shown).collect()
}

/// Every text in it redacted.
fn redacted(value: Value, redactor: &Redactor) -> Value {
    match value {
        Value::String(text) => Value::String(redactor.redact(&text)),
        Value::Array(items) => items.into_iter().map(|it| redacted(it, redactor)).collect(),
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, it)| (name, redacted(it, redactor)));
            Value::Object(members.collect())
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}

/// The step with values of environment variables hidden: a reader has to know that one changes, not to what.
fn masked(step: &Step, redactor: &Redactor) -> Step {
    let mask = |value: &Value, path: &FieldPath| {
        let in_env = path.names().any(|it| it == "env");
        let is_value = in_env && path.as_str().ends_with("/value");
        hide(value.clone(), if is_value { Place::Value } else { Place::of(in_env) }, redactor)
    };
    let masked_edit = |edit: &Edit| Edit {
        path: edit.path.clone(),
        from: edit.from.as_ref().map(|it| mask(it, &edit.path)),
        to: edit.to.as_ref().map(|it| mask(it, &edit.path)),
    };
    let action = match &step.action {
        Action::Edit(edits) => Action::Edit(edits.iter().map(masked_edit).collect()),
        Action::Evict => Action::Evict,
        Action::Restart => Action::Restart,
    };
    Step { action, ..step.clone() }
}

/// Where in an object a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Elsewhere,
    /// Somewhere in a list of environment variables.
    Env,
    /// The literal value of one.
    Value,
}

impl Place {
    fn of(in_env: bool) -> Self {
        if in_env { Self::Env } else { Self::Elsewhere }
    }

    fn member(self, name: &str) -> Self {
        match self {
            Self::Env if name == "value" => Self::Value,
            Self::Elsewhere => Self::of(name == "env"),
            Self::Env | Self::Value => self,
        }
    }
}

/// The value with every literal value of a variable in it hidden, however deep.
fn hide(value: Value, place: Place, redactor: &Redactor) -> Value {
    match value {
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            let text = plain.as_str().map_or_else(|| plain.to_string(), str::to_owned);
            if place == Place::Value { Value::from(redactor.mark(&text)) } else { plain }
        }
        Value::Array(items) => items.into_iter().map(|it| hide(it, place, redactor)).collect(),
        Value::Object(members) => {
            let hidden = members.into_iter().map(|(name, value)| {
                let value = hide(value, place.member(&name), redactor);
                (name, value)
            });
            Value::Object(hidden.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use types::{Kind, ObjectRef, Risk, Strategy};

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
        let entry = json!({"name": "GREETING", "value": "hunter2"});
        let all = shown(&env, json!([entry]), json!([]));
        let whole = shown(&containers, json!([{"name": "app", "env": [entry]}]), json!([]));

        for text in [one, all, whole] {
            assert!(!text.contains("hunter"), "{text}");
            assert!(text.contains("[redacted:"), "{text}");
        }
    }

    #[test]
    fn a_job_is_copied_without_literal_values() {
        let variables = json!([{"name": "GREETING", "value": "hunter2"}]);
        let template = json!({"spec": {"containers": [{"name": "app", "env": variables}]}});
        let job = Some(json!({"metadata": {"name": "report"}, "spec": {"template": template}}));
        let facts = json!({
            "taken_at": "2026-01-01T00:00:00Z", "cluster": "test", "pods": [], "events": [],
            "subject": {"kind": "Job", "namespace": "shop", "name": "report"},
            "workload": {"desired": 1, "ready": 0, "updated": 1, "paused": false, "ordered": false,
                "rolling_out": false, "spec_hash": "", "was_ready": false, "opted_out": false},
            "containers": [], "revisions": [], "references": [], "images": [], "neighbours": [],
        });
        let facts: Evidence = serde_json::from_value(facts).unwrap();
        let evidence = Evidence { manifest: job, ..facts };
        let plan = FixPlan {
            strategy: Strategy::RerunJob,
            risk: Risk::Advice,
            because: String::new(),
            steps: vec![],
        };

        let text = manifest(&plan, &evidence, &Redactor::new([0; 32])).unwrap();

        assert!(text.contains("report-rerun") && text.contains("GREETING"), "{text}");
        assert!(!text.contains("hunter2") && text.contains("[redacted:"), "{text}");
    }

    #[test]
    fn other_values_are_shown() {
        let image = FieldPath::root().child("image");

        let text = shown(&image, json!("web:1.27"), json!("web:1.26"));

        assert!(text.contains(r#""web:1.27" -> "web:1.26""#), "{text}");
    }
}
