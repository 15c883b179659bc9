//! Names of what is not there, and facts that call the wrong names near.

use serde_json::json;
use types::{Action, Evidence, Fault, FixPlan, ReferenceKind};

use super::{Chance, NAMES};
use crate::scene::{self, APP};

const REFERENCES: [ReferenceKind; 8] = [
    ReferenceKind::ConfigMap,
    ReferenceKind::Secret,
    ReferenceKind::Claim,
    ReferenceKind::ServiceAccount,
    ReferenceKind::PriorityClass,
    ReferenceKind::RuntimeClass,
    ReferenceKind::Scheduler,
    ReferenceKind::NodeLabelValue,
];

/// Slips of the finger, and names of something else that are as near.
const PAIRS: [(&str, &str); 12] = [
    ("hihg", "high"),
    ("db-1", "db-2"),
    ("wbe", "web"),
    ("web-cofig", "web-config"),
    ("web-comfig", "web-config"),
    ("webconfig", "web-config"),
    ("settngs", "settings"),
    ("setngs", "settings"),
    ("pay-ro", "pay-rw"),
    ("now", "new"),
    ("internal", "external"),
    ("minimal", "maximal"),
];

/// The key of a variable.
pub(super) fn wrong_key() -> (Fault, Evidence) {
    let mut evidence = scene::dangling(ReferenceKind::ConfigMap, "web-config", "port");
    evidence.references[0].key = Some("prot".to_owned());
    evidence.references[0].path = format!("{APP}/env/0/valueFrom/configMapKeyRef/key");
    (Fault::ConfigNotFound, evidence)
}

/// A name of any kind, some of them siblings.
pub(super) fn wrong_name(chance: &mut Chance) -> (Fault, Evidence) {
    let kind = *chance.pick(&REFERENCES);
    let (wrong, near) = *chance.pick(&PAIRS);
    (Fault::ConfigNotFound, scene::dangling(kind, wrong, near))
}

/// The name is one of something else.
pub(super) fn disturb_kind(chance: &mut Chance, evidence: &mut Evidence) {
    if let Some(it) = evidence.references.first_mut() {
        it.kind = *chance.pick(&REFERENCES);
        let key = *chance.pick(&["port", "kubernetes.io/arch", "kubernetes.io/os"]);
        it.key = chance.one_in(2).then(|| key.to_owned());
        it.belongs_to = chance.one_in(4).then(|| "team=finance".to_owned());
    }
}

/// Facts that call another name near than the one that is, and a plan that believes them.
pub(super) fn believe(chance: &mut Chance, evidence: &mut Evidence, plan: &mut FixPlan) {
    let Some(it) = evidence.references.first_mut() else { return };
    let held = if chance.one_in(2) { Some(it.name.clone()) } else { it.key.clone() };
    let Some(held) = held else { return };
    let near = match chance.below(5) {
        0 => held.clone(),
        1 => format!("{held}-2"),
        2 => format!("{held}-abc"),
        3 => held.chars().skip(1).collect(),
        _ => (*chance.pick(&NAMES)).to_owned(),
    };
    it.near_miss = Some(near.clone());
    let edits = plan.steps.iter_mut().filter_map(|it| match &mut it.action {
        Action::Edit(edits) => edits.first_mut(),
        Action::Evict | Action::Restart => None,
    });
    for edit in edits {
        edit.from = Some(json!(held));
        edit.to = Some(json!(near));
    }
}
