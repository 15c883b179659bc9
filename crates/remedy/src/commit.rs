//! A plan for people who change the cluster by a commit: the same edits, ready for kustomize.

use serde_json::{Map, Value, json};
use types::{
    Action, ContainerFacts, Edit, Evidence, Finding, FixPlan, Kind, Owner, Step, Strategy,
};

use crate::guard::owner_of_step;
use crate::job_copy::edits_a_job;
use crate::patch::{RESTARTED_BY_ANNOTATION, restart_path};
use crate::place;

/// The groups of kinds that we never write. Their version is left open: a manifest may be of an older one.
const GROUPS: [(&str, &str); 13] = [
    ("Certificate", "cert-manager.io"),
    ("GRPCRoute", "gateway.networking.k8s.io"),
    ("Gateway", "gateway.networking.k8s.io"),
    ("HTTPRoute", "gateway.networking.k8s.io"),
    ("HorizontalPodAutoscaler", "autoscaling"),
    ("Ingress", "networking.k8s.io"),
    ("MutatingWebhookConfiguration", "admissionregistration.k8s.io"),
    ("NetworkPolicy", "networking.k8s.io"),
    ("PodDisruptionBudget", "policy"),
    ("ScaledObject", "keda.sh"),
    ("TCPRoute", "gateway.networking.k8s.io"),
    ("TLSRoute", "gateway.networking.k8s.io"),
    ("ValidatingWebhookConfiguration", "admissionregistration.k8s.io"),
];

/// Who else writes a field that the plan edits, where somebody does: then it is committed and not written. Who
/// writes the workload says nothing of a node.
pub fn owner_of<'a>(plan: &FixPlan, evidence: &'a Evidence) -> Option<&'a Owner> {
    let mut steps = plan.steps.iter().filter(|it| it.target.kind != Kind::Node);
    steps.find_map(|step| owner_of_step(step, evidence)).map(|(owner, _)| owner)
}

/// The edits of the plan as `patches` of a kustomization; `None` where it edits no field of a manifest.
///
/// Each edit is a `test` of what was seen and the change, so that a manifest that says something else is not
/// changed by surprise (RFC 6902, <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/>). An
/// amount that the template did not state is merged in, by the name of its container among these.
pub fn kustomize_patch(plan: &FixPlan, containers: &[ContainerFacts]) -> Option<String> {
    // A job is made anew and not patched.
    if plan.strategy == Strategy::RerunJob || edits_a_job(plan) {
        return None;
    }
    let patches: Vec<_> = plan.steps.iter().filter_map(|it| patch(it, containers)).collect();
    (!patches.is_empty()).then(|| format!("patches:\n{}", patches.concat()))
}

/// The edits of a finding in the same form, whatever the kind of its object; `None` where the facts determine none.
/// What a volume was bound to stands in no manifest: that is shown as operations, as of a node.
pub fn finding_patch(finding: &Finding) -> Option<String> {
    let about = &finding.subject;
    if about.kind == "PersistentVolume" {
        return volume_patch(&finding.edits);
    }
    let operations: Vec<_> = finding.edits.iter().flat_map(operations).collect();
    let group = GROUPS.iter().find(|it| it.0 == about.kind).map(|it| it.1);
    let mut target = match (Kind::parse(&about.kind), group) {
        (Some(kind), _) => version(kind),
        (None, Some(group)) => json!({"group": group}),
        (None, None) => json!({}),
    };
    let members = target.as_object_mut()?;
    for (name, value) in
        [("kind", &about.kind), ("name", &about.name), ("namespace", &about.namespace)]
    {
        if !value.is_empty() {
            members.insert(name.to_owned(), value.as_str().into());
        }
    }
    (!operations.is_empty()).then(|| format!("patches:\n{}", entry(&target, &operations, true)))
}

/// The edits of a volume as a patch for `kubectl patch pv NAME --type=json` (RFC 6902), in one line.
pub fn volume_patch(edits: &[Edit]) -> Option<String> {
    let operations: Vec<Value> = edits.iter().flat_map(operations).collect();
    (!operations.is_empty()).then(|| in_one_line(&Value::Array(operations)))
}

/// The edits of a node as a patch for `kubectl patch --type=json` (RFC 6902), in one line; `None` for any other
/// plan: nodes are in no kustomization.
pub fn node_patch(plan: &FixPlan) -> Option<String> {
    let of_nodes = plan.steps.iter().filter(|it| it.target.kind == Kind::Node);
    let operations: Vec<Value> = of_nodes.flat_map(operations_of).collect();
    (!operations.is_empty()).then(|| Value::Array(operations).to_string())
}

fn patch(step: &Step, containers: &[ContainerFacts]) -> Option<String> {
    let (lines, is_list) = match &step.action {
        Action::Edit(_) if step.target.kind == Kind::Node => return None,
        Action::Edit(edits) if step.subresource.is_none() => {
            match amounts_given(step, edits, containers) {
                Some(part) => (vec![part], false),
                None => (operations_of(step), true),
            }
        }
        Action::Restart => (vec![restarted(step)], false),
        Action::Edit(_) | Action::Evict => return None,
    };
    let target = &step.target;
    let mut name = version(target.kind);
    let members = name.as_object_mut()?;
    members.insert("kind".to_owned(), target.kind.as_str().into());
    members.insert("name".to_owned(), target.name.as_str().into());
    members.insert("namespace".to_owned(), target.namespace.as_str().into());
    Some(entry(&name, &lines, is_list))
}

/// Group and version of a kind, as a target names them.
fn version(kind: Kind) -> Value {
    let (group, version) = kind.api_version().split_once('/').unwrap_or(("", kind.api_version()));
    json!({"group": group, "version": version})
}

/// One of the `patches`.
fn entry(target: &Value, lines: &[Value], is_list: bool) -> String {
    let bullet = if is_list { "- " } else { "" };
    let lines = lines.iter().map(|it| format!("      {bullet}{}\n", in_one_line(it)));
    let target = in_one_line(target);
    format!("  - target: {target}\n    patch: |-\n{}", lines.collect::<String>())
}

/// A value as JSON, which is YAML as well, without what YAML takes for the end of a line or for no text: what
/// stands in a text never becomes a part of the file.
fn in_one_line(value: &Value) -> String {
    let is_plain =
        |it: char| !it.is_control() && !matches!(it, '\u{2028}' | '\u{2029}' | '\u{feff}');
    let escaped = |it: char| {
        if is_plain(it) { it.to_string() } else { format!("\\u{:04x}", u32::from(it)) }
    };
    value.to_string().chars().map(escaped).collect()
}

/// A restart as a part of the manifest, to be merged into it: a list of operations would need to know whether the
/// template has annotations already.
fn restarted(step: &Step) -> Value {
    let target = &step.target;
    let template = json!({"metadata": {"annotations": {RESTARTED_BY_ANNOTATION: "now"}}});
    json!({
        "apiVersion": target.kind.api_version(), "kind": target.kind.as_str(),
        "metadata": {"name": target.name, "namespace": target.namespace},
        "spec": {"template": template},
    })
}

/// Amounts of containers of which their template states none yet, as a part of the manifest for the same reason:
/// where one has no `resources` there is nothing that an operation could add to. `None` for other edits.
fn amounts_given(step: &Step, edits: &[Edit], containers: &[ContainerFacts]) -> Option<Value> {
    let target = &step.target;
    let mut lists = Map::new();
    for edit in edits {
        let (container, [list, resource]) = given(edit, target.kind, containers)?;
        let all = lists.entry(container.role.list()).or_insert_with(|| json!([])).as_array_mut()?;
        if all.iter().all(|it| it["name"] != container.name.as_str()) {
            all.push(json!({"name": container.name, "resources": {}}));
        }
        let of_it = all.iter_mut().find(|it| it["name"] == container.name.as_str())?;
        let resources = of_it.get_mut("resources")?.as_object_mut()?;
        let list = resources.entry(list).or_insert_with(|| json!({}));
        list.as_object_mut()?.insert(resource, edit.to.clone()?);
    }
    if lists.is_empty() {
        return None;
    }
    let mut part = Value::Object(lists);
    for name in target.kind.pod_spec_path()?.names().collect::<Vec<_>>().into_iter().rev() {
        part = Value::Object(Map::from_iter([(name, part)]));
    }
    let fields = part.as_object_mut()?;
    fields.insert("apiVersion".to_owned(), target.kind.api_version().into());
    fields.insert("kind".to_owned(), target.kind.as_str().into());
    let name = json!({"name": target.name, "namespace": target.namespace});
    fields.insert("metadata".to_owned(), name);
    Some(part)
}

/// The container that an edit gives an amount that was not stated, with the list and the resource.
fn given<'c>(
    edit: &Edit,
    kind: Kind,
    containers: &'c [ContainerFacts],
) -> Option<(&'c ContainerFacts, [String; 2])> {
    let below = |it: &&ContainerFacts| {
        let resources = place::container_path(kind, it)?.child("resources");
        let below = edit.path.as_str().strip_prefix(resources.as_str())?;
        below.starts_with('/').then_some(())
    };
    let container = containers.iter().find(|it| below(it).is_some() && edit.from.is_none())?;
    let mut names: Vec<_> = edit.path.names().collect();
    let (resource, list) = (names.pop()?, names.pop()?);
    Some((container, [list, resource]))
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
