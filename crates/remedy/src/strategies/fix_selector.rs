//! Let a Service ask for the label that the pods of the one workload have that it was meant for.
//!
//! ## When it helps
//! One label of the selector keeps all pods out, and with another value or under another key it takes the ready
//! pods of just one workload of the namespace: `app: wbe` for `app: web`. Or the values of two of its labels
//! changed places. Or it takes the pods of another workload, which declare none of its ports, and the one that is
//! called like it declares all.
//!
//! ## When it does not
//! Pods of two workloads would do, or of none; the pods are not ready, or another version of them is on its way; a
//! label too many, which may be there to keep just these pods out; a Service called what it asks for (`cart`),
//! beside pods that have a Service of their own (`card`).
//!
//! ## Risk
//! Traffic goes where it did not go before. Auto only where a letter or two are all that differs, or the word for the
//! kind at its end (`seat-map-svc`), and nothing else is as near, or where an earlier revision of the same workload
//! had the label, and no other Service takes those pods already and the Service is not called what it asks for; or
//! where the same value stands under another usual key, and Service, workload and value have one name and the pods all
//! ports. A person is asked where only the name, or that nothing else is there, points at the workload, where the
//! selector takes another's pods, where the labels differ in digits alone or in a short word that is another one
//! (`orders-eu`, `orders-us`), and where two values change places. A label too many is advice, and only where the
//! workload has it on itself. Bound: one label of the selector, its value or its key, or the values of two of them.
//! Undo: the former label. Verified by the endpoints over time. Attack: a label that is none, or that lies farther
//! away than the facts say, yields no plan.

use types::kind_words::{OF_LABELS, differ_in_kind_word};
use types::{
    Action, Diagnosis, Edit, Evidence, Fault, FieldPath, FixPlan, Kind, LabelSlip, Risk, Step,
    Strategy, SurplusLabel, SwappedLabels, TrafficFacts,
};

use crate::near::{TYPO_DISTANCE, are_siblings, differ_in_a_short_word, distance};

/// The longest value of a label, and the longest name in its key
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/>).
const MAX_LABEL: usize = 63;
/// The longest prefix of a key.
const MAX_PREFIX: usize = 253;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let is_empty = diagnosis.fault == Fault::ServiceWithoutEndpoints;
    let is_twin = diagnosis.fault == Fault::ServicePortMismatch;
    let Some(service) = &evidence.service else { return vec![] };
    // Pods that it does take are another Service's.
    if !is_empty && (!is_twin || service.slip.is_none()) {
        return vec![];
    }
    let Some(slip) = &service.slip else {
        let swap = service.swapped.as_ref().and_then(|it| swapped(it, service, evidence));
        let surplus = || service.surplus.iter().map(|it| without(it, evidence)).collect();
        return swap.map_or_else(surplus, |it| vec![it]);
    };
    let may_be_meant = is_ready(slip) && !is_hardly_meant(slip) && leads_to_a_label(slip);
    if evidence.subject.kind != Kind::Service || !may_be_meant {
        return vec![];
    }
    let (ready, pods) = (slip.ready, slip.pods);
    let formerly = if is_twin {
        " They declare the ports that it leads to, and those that it takes now do not.".to_owned()
    } else if slip.formerly {
        format!(" An earlier revision of it had {}={}.", slip.key, slip.value)
    } else {
        String::new()
    };
    let agreed = if slip.agreed {
        " That is what the Service is called too, and they have all its ports."
    } else {
        ""
    };
    let because = format!(
        "All pods that it takes with {}={} are of {}, and {ready} of {pods} are ready.{formerly}{agreed}",
        slip.meant_key, slip.meant_value, slip.workload
    );
    let risk = if is_sure_label(slip) && is_empty { Risk::Auto } else { Risk::Ask };
    let action = Action::Edit(edits(slip));
    let step = Step { target: evidence.subject.clone(), subresource: None, action };
    vec![FixPlan { strategy: Strategy::FixSelector, risk, because, steps: vec![step] }]
}

/// The values of two labels changed places: exact values, and yet a person decides where traffic goes.
fn swapped(swap: &SwappedLabels, service: &TrafficFacts, evidence: &Evidence) -> Option<FixPlan> {
    let SwappedLabels { keys: [first, second], workload, pods, ready, .. } = swap;
    let edits = swap_edits(swap, service).filter(|_| evidence.subject.kind == Kind::Service)?;
    let because = format!(
        "With the values of {first} and {second} the other way round it takes the pods of {workload}, of which {ready} of \
         {pods} are ready, and of nobody else."
    );
    let action = Action::Edit(edits);
    let step = Step { target: evidence.subject.clone(), subresource: None, action };
    Some(FixPlan { strategy: Strategy::FixSelector, risk: Risk::Ask, because, steps: vec![step] })
}

/// The edits that put two values back, where somebody is ready to take the traffic, and was for a while.
pub(crate) fn swap_edits(swap: &SwappedLabels, service: &TrafficFacts) -> Option<Vec<Edit>> {
    let [first, second] = &swap.keys;
    let (one, other) = (service.selector.get(first)?, service.selector.get(second)?);
    let edit = |key: &str, from: &str, to: &str| {
        let path = FieldPath::root().child("spec").child("selector").child(key);
        Edit { path, from: Some(from.into()), to: Some(to.into()) }
    };
    let is_swap = first != second && one != other;
    let are_labels = is_key(first) && is_key(second) && is_value(one) && is_value(other);
    (0 < swap.ready && swap.settled && is_swap && are_labels)
        .then(|| vec![edit(first, one, other), edit(second, other, one)])
}

/// A label too many may be there to keep these very pods out: a person decides.
fn without(surplus: &SurplusLabel, evidence: &Evidence) -> FixPlan {
    let SurplusLabel { key, value, workload, pods, ready } = surplus;
    let because = format!(
        "{workload} has {key}={value} and does not give it to its pods, of which {ready} of {pods} are ready: apply or commit \
         the patch, or give it to them."
    );
    let path = FieldPath::root().child("spec").child("selector").child(key);
    let edit = Edit { path, from: Some(value.clone().into()), to: None };
    let action = Action::Edit(vec![edit]);
    let step = Step { target: evidence.subject.clone(), subresource: None, action };
    FixPlan { strategy: Strategy::FixSelector, risk: Risk::Advice, because, steps: vec![step] }
}

/// The edits that put what was meant in the place of what stands there.
pub(crate) fn edits(slip: &LabelSlip) -> Vec<Edit> {
    let path = |key: &str| FieldPath::root().child("spec").child("selector").child(key);
    let (from, to) = (Some(slip.value.clone().into()), Some(slip.meant_value.clone().into()));
    if slip.key == slip.meant_key {
        return vec![Edit { path: path(&slip.key), from, to }];
    }
    vec![
        Edit { path: path(&slip.key), from, to: None },
        Edit { path: path(&slip.meant_key), from: None, to },
    ]
}

/// Whether what was meant is another label, and one that Kubernetes would take.
pub(crate) fn leads_to_a_label(slip: &LabelSlip) -> bool {
    let is_same_key = slip.key == slip.meant_key;
    let is_one_change = is_same_key != (slip.value == slip.meant_value);
    is_one_change && is_key(&slip.meant_key) && is_value(&slip.meant_value)
}

/// Whether there is somebody to lead traffic to, and was for a while.
pub(crate) fn is_ready(slip: &LabelSlip) -> bool {
    0 < slip.ready && slip.settled
}

/// Whether the Service asks for what it is called, and the pods have a Service of their own: `cart` beside `card`.
pub(crate) fn is_hardly_meant(slip: &LabelSlip) -> bool {
    slip.meant_so && slip.served
}

/// Whether nobody has to be asked: a letter is wrong, the pods had the label until a rollout gave them another, or
/// they have the same value under another key, and names and ports agree.
pub(crate) fn is_sure_label(slip: &LabelSlip) -> bool {
    let (wrong, meant) = if slip.key == slip.meant_key {
        (&slip.value, &slip.meant_value)
    } else {
        (&slip.key, &slip.meant_key)
    };
    let is_of_kind = slip.key == slip.meant_key && differ_in_kind_word(wrong, meant, OF_LABELS);
    let is_near = distance(wrong, meant) <= TYPO_DISTANCE && !differ_in_a_short_word(wrong, meant);
    let is_slip = is_near || is_of_kind;
    let is_typo = slip.near && is_slip && !are_siblings(wrong, meant);
    !slip.meant_so && !slip.served && (is_typo || slip.formerly || slip.agreed)
}

fn is_key(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').unwrap_or(("web", key));
    let is_prefix = !prefix.is_empty()
        && prefix.len() <= MAX_PREFIX
        && prefix.chars().all(|it| it.is_ascii_alphanumeric() || "-.".contains(it));
    is_prefix && is_value(name)
}

fn is_value(value: &str) -> bool {
    let is_end = |it: Option<char>| it.is_some_and(|it| it.is_ascii_alphanumeric());
    value.len() <= MAX_LABEL
        && is_end(value.chars().next())
        && is_end(value.chars().last())
        && value.chars().all(|it| it.is_ascii_alphanumeric() || "-._".contains(it))
}
