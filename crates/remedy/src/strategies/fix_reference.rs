//! Point a reference at the one near miss that is known to exist in the same namespace.
//!
//! ## When it helps
//! A name or key is a letter or two away from one that exists: `web-cofig` for `web-config`.
//!
//! ## When it does not
//! Nothing near exists, or more than one thing does; then a person has to make it or say which.
//!
//! ## Risk
//! Bound: the field that holds the name or key, and only the near miss in the facts, at most two
//! letters away. Auto for config maps and secrets. A person is asked where data or rights change hands
//! (claims, service accounts) and where the names differ in digits alone, which is how siblings are named.
//! Undo: the former name. Verified by the pods' health over time. Attack: a near miss with a slash, a
//! line break or more than two letters away yields no plan.

use types::{
    Diagnosis, Evidence, Fault, FieldPath, FixPlan, ReferenceFacts, ReferenceKind, Risk, Strategy,
};

use crate::near::{are_siblings, distance};
use crate::place;

/// The longest name that Kubernetes gives to anything.
const MAX_NAME_LENGTH: usize = 253;
/// Letters between a typo and what was meant.
pub(crate) const TYPO_DISTANCE: usize = 2;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    if !matches!(
        diagnosis.fault,
        Fault::ConfigNotFound
            | Fault::FailedCreate
            | Fault::Unschedulable
            | Fault::ImageNotPullable
    ) {
        return vec![];
    }
    let broken = evidence.references.iter().filter(|it| is_broken(it) && !it.optional);
    broken.filter_map(|it| plan_for(evidence, it)).take(1).collect()
}

/// Whether it is known to point at nothing; a Secret is never read, but its near miss is a hint.
fn is_broken(reference: &ReferenceFacts) -> bool {
    reference.exists == Some(false)
        || reference.exists.is_none() && reference.kind == ReferenceKind::Secret
}

fn plan_for(evidence: &Evidence, reference: &ReferenceFacts) -> Option<FixPlan> {
    let near = reference.near_miss.as_deref()?;
    let path = FieldPath::parse(&reference.path)?;
    let wrong = pointed_at(reference, &path)?;
    if !is_name(near) || wrong == near || TYPO_DISTANCE < distance(wrong, near) {
        return None;
    }

    let because = format!("{near} exists in the namespace, and nothing else is as near.");
    let edits = vec![place::edit(path, Some(wrong.into()), near)];
    if !place::has_editable_template(evidence.subject.kind) {
        return Some(place::advice(Strategy::FixReference, &because, evidence, edits));
    }
    let changes_hands = match reference.kind {
        ReferenceKind::Claim | ReferenceKind::ServiceAccount => true,
        ReferenceKind::ConfigMap | ReferenceKind::Secret => false,
    };
    let risk = if changes_hands || are_siblings(wrong, near) { Risk::Ask } else { Risk::Auto };
    let steps = place::in_template(evidence, edits);
    Some(FixPlan { strategy: Strategy::FixReference, risk, because, steps })
}

/// What the field holds now: the key where the path ends in one, else the name.
fn pointed_at<'a>(reference: &'a ReferenceFacts, path: &FieldPath) -> Option<&'a str> {
    let field = path.names().last()?;
    if field == "key" { reference.key.as_deref() } else { Some(&reference.name) }
}

/// Letters that names and keys are made of.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME_LENGTH
        && name.chars().all(|it| it.is_ascii_alphanumeric() || "-._".contains(it))
}
