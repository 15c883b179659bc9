//! Show how a taint that nobody tolerates is taken off the node that would take the pod.
//!
//! ## When it helps
//! The scheduler finds taints in the way, a node would take the pod without one, and that taint looks forgotten: it is
//! nobody's whom we know, and neither a pod of the cluster nor a workload of the namespace tolerates it by name.
//!
//! ## When it does not
//! The taint is meant for workloads that do not run just now: then a toleration is missing, not a patch of the node.
//!
//! ## Risk
//! Advice, whatever a policy or a plan says: nodes are never written by machine, and the guard lets no plan of this
//! strategy through. Bound: the taints of one key on one node, each as it was seen at its place. There is nothing
//! to undo or to verify. Attack: a key, an effect or a node whose name is none, and a taint that the scheduler says
//! nothing of, yield no plan.

use serde_json::{Map, Value};
use types::{
    Action, Diagnosis, Edit, Evidence, Fault, FieldPath, FixPlan, Kind, Risk, Step, Strategy,
    StrayTaint,
};

/// What the scheduler says of a node with a taint, whether it names the taint or not.
const UNTOLERATED: &str = "untolerated taint";
/// What keeps pods away, rather than to advise against the node.
const EFFECTS: [&str; 2] = ["NoSchedule", "NoExecute"];
/// The longest name of a node, key of a taint with its prefix, and value of one (Kubernetes, "Object Names and IDs",
/// "Labels and Selectors").
const MAX_NODE: usize = 253;
const MAX_KEY: usize = 253 + 1 + MAX_VALUE;
const MAX_VALUE: usize = 63;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let mut said = evidence.pods.iter().filter_map(|it| it.unschedulable.as_deref());
    let is_said = said.any(|it| it.contains(UNTOLERATED));
    if diagnosis.fault != Fault::Unschedulable || !is_said {
        return vec![];
    }
    let stray = evidence.nodes.iter().flat_map(|it| &it.stray).filter(|it| is_plain(it));
    let stray: Vec<&StrayTaint> = stray.collect();
    stray.first().map(|it| plan_for(it, &stray)).into_iter().collect()
}

/// Whether it can be named in a command and in a patch without saying anything else.
fn is_plain(taint: &StrayTaint) -> bool {
    let is_word = |text: &str, most: usize, marks: &str| {
        let is_alphanumeric = |it: Option<char>| it.is_some_and(|it| it.is_ascii_alphanumeric());
        text.len() <= most
            && is_alphanumeric(text.chars().next())
            && is_alphanumeric(text.chars().last())
            && text.chars().all(|it| it.is_ascii_alphanumeric() || marks.contains(it))
    };
    taint.node.kind == Kind::Node
        && taint.node.namespace.is_empty()
        && is_word(&taint.node.name, MAX_NODE, "-.")
        && is_word(&taint.key, MAX_KEY, "-._/")
        && taint.value.as_deref().is_none_or(|it| is_word(it, MAX_VALUE, "-._"))
        && EFFECTS.contains(&taint.effect.as_str())
}

fn plan_for(first: &StrayTaint, stray: &[&StrayTaint]) -> FixPlan {
    let is_same = |it: &&&StrayTaint| it.key == first.key && it.node.is_same(&first.node);
    let mut taints: Vec<&StrayTaint> = stray.iter().filter(is_same).copied().collect();
    // From behind: what is taken out moves what follows it.
    taints.sort_by_key(|it| std::cmp::Reverse(it.index));
    FixPlan {
        strategy: Strategy::RemoveTaint,
        risk: Risk::Advice,
        because: because(first, &taints, stray),
        steps: vec![Step {
            target: first.node.clone(),
            subresource: None,
            action: Action::Edit(taints.into_iter().map(edit).collect()),
        }],
    }
}

fn because(first: &StrayTaint, taints: &[&StrayTaint], stray: &[&StrayTaint]) -> String {
    let StrayTaint { node, key, .. } = first;
    let of_key = stray.iter().filter(|it| it.key == *key && it.effect == first.effect);
    let others = of_key.filter(|it| !it.node.is_same(node)).count();
    let others = match others {
        0 => String::new(),
        1 => " One other node has it as well.".to_owned(),
        more => format!(" {more} other nodes have it as well."),
    };
    let removals: Vec<_> = taints.iter().map(|it| format!("{key}:{}-", it.effect)).collect();
    format!(
        "As far as is seen, the taint {key} alone keeps the pod off {node}, and no pod of the cluster and no workload of this \
         namespace tolerates it by name: it may have been forgotten.{others} No machine writes nodes: \
         `kubectl taint nodes {} {}` takes it away; or, if it is meant, let the workload tolerate it.",
        node.name,
        removals.join(" "),
    )
}

/// Takes the taint out of the list, where it is still as it was seen.
fn edit(taint: &StrayTaint) -> Edit {
    let path = FieldPath::root().child("spec").child("taints").index(taint.index);
    let mut seen = Map::from_iter([
        ("key".to_owned(), Value::from(taint.key.clone())),
        ("effect".to_owned(), Value::from(taint.effect.clone())),
    ]);
    seen.extend(taint.value.clone().map(|it| ("value".to_owned(), Value::from(it))));
    let added_at = taint.added_at.map(|it| ("timeAdded".to_owned(), Value::from(it.to_string())));
    seen.extend(added_at);
    Edit { path, from: Some(Value::Object(seen)), to: None }
}
