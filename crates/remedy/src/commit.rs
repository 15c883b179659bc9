//! A plan for people who change the cluster by a commit: the same edits, ready for kustomize.

use serde_json::{Value, json};
use types::{Action, Edit, Evidence, FixPlan, Kind, Owner, Step, Strategy};

use crate::guard::owner_of_step;
use crate::patch::{RESTARTED_BY_ANNOTATION, restart_path};

/// Who else writes a field that the plan edits, where somebody does: then it is committed and not written. Who writes the
/// workload says nothing of a node.
pub fn owner_of<'a>(plan: &FixPlan, evidence: &'a Evidence) -> Option<&'a Owner> {
    let mut steps = plan.steps.iter().filter(|it| it.target.kind != Kind::Node);
    steps.find_map(|step| owner_of_step(step, evidence)).map(|(owner, _)| owner)
}

/// The edits of the plan as `patches` of a kustomization; `None` where it edits no field of a manifest.
///
/// Each edit is a `test` of what was seen and the change, so that a manifest that says something else is not
/// changed by surprise (RFC 6902, <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/>).
pub fn kustomize_patch(plan: &FixPlan) -> Option<String> {
    // A job is made anew and not patched.
    if plan.strategy == Strategy::RerunJob {
        return None;
    }
    let patches: Vec<_> = plan.steps.iter().filter_map(patch).collect();
    (!patches.is_empty()).then(|| format!("patches:\n{}", patches.concat()))
}

/// The edits of a node as a patch for `kubectl patch --type=json` (RFC 6902), in one line; `None` for any other plan: nodes
/// are in no kustomization.
pub fn node_patch(plan: &FixPlan) -> Option<String> {
    let of_nodes = plan.steps.iter().filter(|it| it.target.kind == Kind::Node);
    let operations: Vec<Value> = of_nodes.flat_map(operations_of).collect();
    (!operations.is_empty()).then(|| Value::Array(operations).to_string())
}

fn patch(step: &Step) -> Option<String> {
    let lines: Vec<Value> = match &step.action {
        Action::Edit(_) if step.target.kind == Kind::Node => return None,
        Action::Edit(_) if step.subresource.is_none() => operations_of(step),
        Action::Restart => vec![restarted(step)],
        Action::Edit(_) | Action::Evict => return None,
    };
    let is_list = step.action != Action::Restart;
    let target = &step.target;
    let (group, version) =
        target.kind.api_version().split_once('/').unwrap_or(("", target.kind.api_version()));
    // JSON is YAML, and needs no care about what a text looks like.
    let name = json!({
        "group": group, "version": version, "kind": target.kind.as_str(),
        "name": target.name, "namespace": target.namespace,
    });
    let bullet = if is_list { "- " } else { "" };
    let lines = lines.iter().map(|it| format!("      {bullet}{it}\n"));
    Some(format!("  - target: {name}\n    patch: |-\n{}", lines.collect::<String>()))
}

/// A restart as a part of the manifest, to be merged into it: a list of operations would need to know whether the template has
/// annotations already.
fn restarted(step: &Step) -> Value {
    let target = &step.target;
    let template = json!({"metadata": {"annotations": {RESTARTED_BY_ANNOTATION: "now"}}});
    json!({
        "apiVersion": target.kind.api_version(), "kind": target.kind.as_str(),
        "metadata": {"name": target.name, "namespace": target.namespace},
        "spec": {"template": template},
    })
}

/// The operations of a step (RFC 6902): of each edit a `test` of what was seen and the change.
pub fn operations_of(step: &Step) -> Vec<Value> {
    match &step.action {
        Action::Edit(edits) => edits.iter().flat_map(operations).collect(),
        Action::Restart => {
            vec![json!({"op": "add", "path": restart_path().as_str(), "value": "now"})]
        }
        Action::Evict => vec![],
    }
}

fn operations(edit: &Edit) -> Vec<Value> {
    let path = edit.path.as_str();
    match (&edit.from, &edit.to) {
        (Some(from), Some(to)) => vec![
            json!({"op": "test", "path": path, "value": from}),
            json!({"op": "replace", "path": path, "value": to}),
        ],
        (Some(from), None) => vec![
            json!({"op": "test", "path": path, "value": from}),
            json!({"op": "remove", "path": path}),
        ],
        (None, Some(to)) => vec![json!({"op": "add", "path": path, "value": to})],
        (None, None) => vec![],
    }
}
