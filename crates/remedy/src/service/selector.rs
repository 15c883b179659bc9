//! Which labels a selector may ask for instead, and when nobody has to be asked.

use types::kind_words::{OF_LABELS, differ_in_kind_word, stem};
use types::{Edit, FieldPath, LabelSlip, SwappedLabels, TrafficFacts};

use crate::near::{TYPO_DISTANCE, are_siblings, differ_in_a_short_word, distance};

/// The longest value of a label, and the longest name in its key
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/>).
const MAX_LABEL: usize = 63;

/// The longest prefix of a key.
const MAX_PREFIX: usize = 253;

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

/// The edits that put what was meant in the place of what stands there.
pub(crate) fn selector_edits(slip: &LabelSlip) -> Vec<Edit> {
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
    // Two words for two kinds may be two things: `orders-service` and `orders-app`.
    let is_bare = |it: &str| stem(it, OF_LABELS) == it;
    let is_of_kind = slip.key == slip.meant_key
        && (is_bare(wrong) || is_bare(meant))
        && differ_in_kind_word(wrong, meant, OF_LABELS);
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
