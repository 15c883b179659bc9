//! The one label of a selector that keeps all pods out.

use std::collections::{BTreeMap, BTreeSet};

use types::kind_words::{OF_LABELS, differ_in_kind_word};

use super::scene::Scene;
use crate::near_miss::near_miss;
use crate::same_words::of_same_words;

/// Labels that controllers make: nobody means them.
pub(super) const MADE: [&str; 3] =
    ["pod-template-hash", "controller-revision-hash", "statefulset.kubernetes.io/pod-name"];
/// Keys that are used for what a pod is.
pub(super) const USUAL: [&str; 5] =
    ["app", "name", "k8s-app", "app.kubernetes.io/name", "app.kubernetes.io/instance"];

/// A label of a selector, and what would let pods in.
pub(super) struct Slip {
    /// The label.
    pub(super) key: String,
    /// The value in the selector.
    pub(super) value: String,
    /// The label that pods have instead; none where they have nothing like it.
    pub(super) meant: Option<(String, String)>,
}

impl Slip {
    /// The label that was meant: `app=web`.
    pub(super) fn shown_meant(&self) -> Option<String> {
        self.meant.as_ref().map(|(key, value)| format!("{key}={value}"))
    }

    /// What would take pods: `with app=web instead of wbe`.
    pub(super) fn words(&self) -> String {
        let Self { key, value, meant } = self;
        match meant {
            Some((other, meant)) if other == key => {
                format!("with {key}={meant} instead of {value}")
            }
            Some((other, meant)) => format!("with {other}={meant} instead of {key}={value}"),
            None => format!("without {key}={value}"),
        }
    }
}

/// The one label of the selector that keeps all pods out, with the one that would let some in. `own` is the name of
/// who selects: a label with that value is meant where no other is nearer.
pub(super) fn slip(
    selector: &BTreeMap<String, String>,
    names: (&str, &str),
    scene: &Scene<'_>,
) -> Option<Slip> {
    slip_told_by(selector, names, scene, |_, _| None)
}

/// The same, where of several values of this key that are near `which` may know the one.
pub(super) fn slip_told_by(
    selector: &BTreeMap<String, String>,
    (namespace, own): (&str, &str),
    scene: &Scene<'_>,
    which: impl Fn(&str, &[&str]) -> Option<String>,
) -> Option<Slip> {
    let mut found = selector.iter().filter_map(|(key, value)| {
        let mut others = selector.clone();
        others.remove(key);
        let pods = scene.pods_with(namespace, &others);
        let labels: BTreeSet<(&str, &str)> = pods
            .iter()
            .flat_map(|it| it.metadata.labels.iter().flatten())
            .map(|it| (it.0.as_str(), it.1.as_str()))
            .collect();
        let near = near_values((key, value), &labels);
        let told = if 1 < near.len() { which(key, &near) } else { None };
        let told = told.map(|it| (key.clone(), it));
        let meant =
            told.or_else(|| meant((key, value), &labels, (!others.is_empty(), own, namespace)));
        // Pods with all the other labels, and nothing like this one: it is too many.
        let is_too_many = meant.is_none()
            && !others.is_empty()
            && !pods.is_empty()
            && labels.iter().all(|it| it.0 != key);
        (meant.is_some() || is_too_many).then(|| Slip {
            key: key.clone(),
            value: value.clone(),
            meant,
        })
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// The values of this key that are near this one, each by itself.
pub(super) fn near_values<'a>(
    (key, value): (&str, &str),
    labels: &BTreeSet<(&'a str, &'a str)>,
) -> Vec<&'a str> {
    let values = labels.iter().filter(|it| it.0 == key).map(|it| it.1);
    values.filter(|it| is_near(value, it)).collect()
}

/// Whether two values of a label are the same but for a slip, or for a word for the kind: `seat-map-svc`.
fn is_near(value: &str, other: &str) -> bool {
    near_miss(value, [other]).is_some() || differ_in_kind_word(value, other, OF_LABELS)
}

/// Whether one may be meant by the other: a slip, or the same in other words.
pub(super) fn may_be_meant(value: &str, other: &str) -> bool {
    is_near(value, other) || of_same_words(value, [other], OF_LABELS).is_some()
}

/// Words that may be left out: those for the kind, and the name of the namespace, which some put before every name.
fn kinds(namespace: &str) -> Vec<&str> {
    OF_LABELS.iter().copied().chain([namespace]).collect()
}

/// The one value that is this one but for a word for its kind.
fn of_kind(value: &str, values: &[&str]) -> Option<String> {
    let mut same = values.iter().filter(|it| differ_in_kind_word(value, it, OF_LABELS));
    let only = same.next()?;
    same.all(|it| it == only).then(|| (*only).to_owned())
}

/// The label that was meant instead of this one, among those of the pods that all other labels take.
fn meant(
    (key, value): (&str, &str),
    labels: &BTreeSet<(&str, &str)>,
    (has_others, own, namespace): (bool, &str, &str),
) -> Option<(String, String)> {
    let values: Vec<_> = labels.iter().filter(|it| it.0 == key).map(|it| it.1).collect();
    let of_value = match values.as_slice() {
        [only] if has_others => Some((*only).to_owned()),
        // Of short words another one is a letter or two away as well: `orders-db` is no `orders-web`.
        _ => of_same_words(value, values.iter().copied(), &kinds(namespace))
            .map(ToOwned::to_owned)
            .or_else(|| near_miss(value, values.iter().copied()))
            .or_else(|| of_kind(value, &values))
            .or_else(|| values.iter().find(|it| **it == own).map(|it| (*it).to_owned())),
    };
    if let Some(meant) = of_value {
        return Some((key.to_owned(), meant));
    }
    let keys = labels.iter().filter(|it| it.1 == value).map(|it| it.0);
    let keys: Vec<_> = keys.filter(|it| !MADE.contains(it)).collect();
    let near = near_miss(key, keys.iter().copied()).or_else(|| match keys.as_slice() {
        // The same value under another of the keys that all the world uses.
        [only] if USUAL.contains(only) && USUAL.contains(&key) => Some((*only).to_owned()),
        _ => None,
    });
    near.map(|it| (it, value.to_owned()))
}

/// `app=web,tier=front`
pub(super) fn shown(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

/// A name as one step of a JSON Pointer.
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
