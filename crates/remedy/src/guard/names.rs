//! The bounds of references: names, keys and labels of what exists.

use types::{Edit, ReferenceFacts, ReferenceKind, Risk, Strategy};

use super::fields::{Answer, Scene, spec_names, text};
use crate::near::is_near;
use crate::reference::{OF_THE_SYSTEM, is_name, of_kind, risk_of_reference, synonym};

/// The node affinity that a scheduler must not ignore.
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// The one near miss of a reference that was seen to lead nowhere, in a field that holds a name.
pub(super) fn reference(edit: &Edit, names: &[&str], scene: &Scene<'_>) -> Answer {
    if !holds_reference(names) {
        return Err("the field holds no reference");
    }
    let to = text(edit.to.as_ref()).ok_or("a name is a text")?;
    let from = text(edit.from.as_ref()).ok_or("the reference was not seen")?;
    let ends_with_key =
        matches!(names, [.., "key" | "topologyKey"] | [.., "volumeMounts", _, "subPath"]);
    let is_near_miss = |it: &&ReferenceFacts| {
        let held =
            if ends_with_key && !is_label(it.kind) { it.key.as_deref() } else { Some(&*it.name) };
        it.path == edit.path.as_str()
            && it.exists != Some(true)
            && it.near_miss.as_deref().or(synonym(it)).or(of_kind(it)) == Some(to)
            && held == Some(from)
            && (it.kind != ReferenceKind::NodeLabelKey || ends_with_key)
            && may_be_named(to, it.kind)
    };
    let mut known = scene.evidence.references.iter();
    let known = known.find(is_near_miss).ok_or("only the one near miss that exists is named")?;
    may_follow(known, (from, to), scene)
}

/// The same, of a ConfigMap that is known not to be there.
pub(super) fn config_map(edit: &Edit, names: &[&str], scene: &Scene<'_>) -> Answer {
    let is_absent = |it: &ReferenceFacts| {
        it.path == edit.path.as_str()
            && it.kind == ReferenceKind::ConfigMap
            && it.exists == Some(false)
    };
    if scene.evidence.references.iter().any(is_absent) {
        reference(edit, names, scene)
    } else {
        Err("this strategy never writes this field")
    }
}

/// Facts may be wrong: how far the names are apart and who has to say yes is looked at here once more.
fn may_follow(known: &ReferenceFacts, (from, to): (&str, &str), scene: &Scene<'_>) -> Answer {
    let is_meant = [synonym(known), of_kind(known)].contains(&Some(to));
    if from == to || !(is_near(from, to) || is_meant) {
        return Err(
            "a name that is more than two letters away, and not the same in another style, is another one",
        );
    }
    match (risk_of_reference(known, (from, to), scene.evidence), scene.risk) {
        (Risk::Auto, _) | (Risk::Ask, Risk::Ask | Risk::Advice) => Ok(()),
        (Risk::Ask, Risk::Auto) => Err("a person is asked where data or scheduling change hands"),
        (Risk::Advice, _) => Err("rights and isolation stay as they are"),
    }
}

fn holds_reference(names: &[&str]) -> bool {
    match names {
        ["containers" | "initContainers", _, rest @ ..] => matches!(
            rest,
            ["env", _, "valueFrom", "configMapKeyRef" | "secretKeyRef", "name" | "key"]
                | ["envFrom", _, "configMapRef" | "secretRef", "name"]
                | ["volumeMounts", _, "subPath"]
        ),
        ["volumes", _, rest @ ..] => matches!(
            rest,
            ["configMap", "name"]
                | ["secret", "secretName"]
                | ["persistentVolumeClaim", "claimName"]
                | ["configMap" | "secret", "items", _, "key"]
                | ["projected", "sources", _, "configMap" | "secret", "name"]
                | ["projected", "sources", _, "configMap" | "secret", "items", _, "key"]
        ),
        ["imagePullSecrets", _, "name"]
        | ["priorityClassName" | "schedulerName"]
        | ["nodeSelector", _]
        | ["topologySpreadConstraints", _, "topologyKey"] => true,
        [
            "affinity",
            "nodeAffinity",
            REQUIRED,
            "nodeSelectorTerms",
            _,
            "matchExpressions",
            _,
            rest @ ..,
        ] => {
            matches!(rest, ["key"] | ["values", _])
        }
        _ => false,
    }
}

/// Whether the edits give one label that nodes are selected by the key of its near miss, and leave its value.
pub(super) fn is_rename(strategy: &Strategy, edits: &[Edit], scene: &Scene<'_>) -> bool {
    let (Strategy::FixReference, [removed, added]) = (strategy, edits) else { return false };
    let key = |edit: &Edit| {
        let names = spec_names(edit, scene.kind)?;
        let [list, key] = names.as_slice() else { return None };
        (list == "nodeSelector").then(|| key.clone())
    };
    let (Some(wrong), Some(right)) = (key(removed), key(added)) else { return false };
    let is_moved = removed.to.is_none() && added.from.is_none() && removed.from == added.to;
    let value = text(removed.from.as_ref());
    let is_known = |it: &ReferenceFacts| {
        it.kind == ReferenceKind::NodeLabelKey
            && it.path == removed.path.as_str()
            && it.exists == Some(false)
            && it.name == wrong
            && it.near_miss.as_ref() == Some(&right)
            && it.key.as_deref() == value
            && may_be_named(&right, it.kind)
    };
    let mut references = scene.evidence.references.iter();
    let known = references.find(|it| is_known(it));
    is_moved
        && value.is_some()
        && known.is_some_and(|it| may_follow(it, (&wrong, &right), scene).is_ok())
}

fn is_label(kind: ReferenceKind) -> bool {
    matches!(kind, ReferenceKind::NodeLabelKey | ReferenceKind::NodeLabelValue)
}

/// Letters of a name, and no class that only the system's own pods have.
fn may_be_named(to: &str, kind: ReferenceKind) -> bool {
    let is_raised = kind == ReferenceKind::PriorityClass && to.starts_with(OF_THE_SYSTEM);
    is_name(to, kind) && !is_raised
}
