//! Whose hand a field of the spec is of: some were set by another one than most of it.

use std::collections::BTreeMap;

use types::{FieldPath, OtherHand};

use crate::Root;
use crate::evidence::belonging::plain;
use crate::evidence::owners::{MAX_FIELDS, OURS, collect};

/// Hands that are told one by one.
const MAX_HANDS: usize = 10;
/// Every field manager of a person at the command line begins so, and all of them are one hand:
/// `kubectl-client-side-apply`, `kubectl-edit`, `kubectl-set`.
const PERSON: &str = "kubectl";
/// What a person applied before managers were kept.
const BEFORE: &str = "before-first-apply";
/// Who wrote without a name.
const NOBODY: &str = "unknown";
/// The control plane's own, which has no opinion of a spec.
const CONTROL_PLANE: [&str; 3] = ["kube-controller-manager", "kube-scheduler", "kubelet"];

/// Who set fields of the spec last beside the one who set most of it, and which. A person is nobody else, and how many
/// replicas there are is the matter of autoscalers.
pub(super) fn facts(root: &Root) -> Vec<OtherHand> {
    let spec = FieldPath::root().child("spec");
    let object = root.spec_json();
    let mut hands: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in root.metadata().managed_fields.iter().flatten() {
        let manager = entry.manager.as_deref().filter(|it| !it.is_empty());
        let hand = hand(manager.unwrap_or(NOBODY));
        let tree = entry.fields_v1.as_ref().and_then(|it| it.0.get("f:spec"));
        if let (Some(hand), Some(tree), None) = (hand, tree, &entry.subresource) {
            collect(tree, &object, &spec, hands.entry(hand).or_default());
        }
    }
    let hand_beside = |(name, fields): (&&str, &Vec<String>)| {
        let others = hands.iter().filter(|it| it.0 != name);
        let most = others.max_by_key(|it| it.1.len())?;
        let is_other = *name != PERSON && fields.len() <= most.1.len();
        let fields = if fields.len() < MAX_FIELDS {
            fields.iter().filter(|it| !is_passed_over(it, root)).cloned().collect()
        } else {
            vec![spec.to_string()]
        };
        let (name, rest) = (plain(name), plain(most.0));
        (is_other && !fields.is_empty()).then_some(OtherHand { name, rest, fields })
    };
    let mut told: Vec<OtherHand> = hands.iter().filter_map(hand_beside).collect();
    if MAX_HANDS < told.len() {
        // Nobody keeps so many apart: whatever is written may be another's.
        told.truncate(1);
        for it in &mut told {
            it.fields = vec![spec.to_string()];
        }
    }
    told
}

/// Whose hand a field manager is; `None` for ours and the control plane's.
pub(super) fn hand(manager: &str) -> Option<&str> {
    if manager == OURS || CONTROL_PLANE.contains(&manager) {
        None
    } else if manager.starts_with(PERSON) || manager == BEFORE {
        Some(PERSON)
    } else {
        Some(manager)
    }
}

/// What nobody fights for: the number of replicas, and where tools note when and what they wrote.
fn is_passed_over(field: &str, root: &Root) -> bool {
    let marks = root.object_ref().kind.template_path().map(|it| it.child("metadata"));
    let replicas = FieldPath::root().child("spec").child("replicas");
    FieldPath::parse(field).is_some_and(|it| {
        it.is_within(&replicas) || marks.is_some_and(|marks| it.is_within(&marks))
    })
}
