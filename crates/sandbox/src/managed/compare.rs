//! Which fields an object has, and in which fields two objects differ.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::tree::Fields;
use crate::schema::{Listing, is_always_there, is_atomic, key_default, listing};

/// Metadata and type, which nobody owns.
const UNOWNED: [&str; 10] = [
    "f:name",
    "f:namespace",
    "f:creationTimestamp",
    "f:selfLink",
    "f:uid",
    "f:generation",
    "f:managedFields",
    "f:resourceVersion",
    "f:deletionTimestamp",
    "f:deletionGracePeriodSeconds",
];

/// How two objects differ.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    /// New fields, and fields with another value.
    pub(crate) changed: Fields,
    /// Fields that are no more.
    pub(crate) removed: Fields,
}

/// In which fields two objects differ.
pub(crate) fn compare(before: &Value, after: &Value) -> Difference {
    let mut res = differ(("", ""), before, after);
    strip(&mut res.changed);
    strip(&mut res.removed);
    res
}

/// The fields that a client names by applying this object.
pub(crate) fn named(object: &Value) -> Fields {
    let mut fields = all(("", ""), object, Presence::Named);
    fields.member = false;
    strip(&mut fields);
    fields
}

fn strip(fields: &mut Fields) {
    fields.member = false;
    fields.under.remove("f:apiVersion");
    fields.under.remove("f:kind");
    if let Some(metadata) = fields.under.get_mut("f:metadata") {
        metadata.under.retain(|step, _| !UNOWNED.contains(&step.as_str()));
        metadata.member = false;
        if metadata.is_empty() {
            fields.under.remove("f:metadata");
        }
    }
}

/// Whose presence counts as a field of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// Only that of list items and empty things: what an applied document names.
    Named,
    /// That of every map and list as well: what an update brings.
    Added,
}

/// The place of a value: the field around it, and its own.
type Place<'a> = (&'a str, &'a str);

fn differ(place: Place<'_>, before: &Value, after: &Value) -> Difference {
    if before == after {
        return Difference::default();
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) if !is_atomic(place.1) => {
            let old = members(old);
            let new = members(new);
            differ_steps(place, &old, &new)
        }
        (Value::Array(old), Value::Array(new)) => match listing(place.0, place.1) {
            Listing::Atomic => Difference { changed: Fields::leaf(), removed: Fields::default() },
            kind @ (Listing::Keyed(_) | Listing::Set) => {
                differ_steps(place, &items(kind, old), &items(kind, new))
            }
        },
        _ => Difference { changed: Fields::leaf(), removed: Fields::default() },
    }
}

fn differ_steps(place: Place<'_>, old: &Steps<'_>, new: &Steps<'_>) -> Difference {
    let mut res = Difference::default();
    for (step, after) in new {
        let inner = inside(place, step);
        match old.get(step) {
            Some(before) => {
                let one = differ(inner, before, after);
                res.changed.put(step.clone(), one.changed);
                res.removed.put(step.clone(), one.removed);
            }
            None => res.changed.put(step.clone(), whole(step, all(inner, after, Presence::Added))),
        }
    }
    for (step, before) in old.iter().filter(|(step, _)| !new.contains_key(*step)) {
        let gone = all(inside(place, step), before, Presence::Added);
        res.removed.put(step.clone(), whole(step, gone));
    }
    res
}

/// All fields of a value.
fn all(place: Place<'_>, value: &Value, presence: Presence) -> Fields {
    let steps = match value {
        Value::Object(map) if !is_atomic(place.1) => members(map),
        Value::Array(list) => match listing(place.0, place.1) {
            Listing::Atomic => return Fields::leaf(),
            kind @ (Listing::Keyed(_) | Listing::Set) => items(kind, list),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            return Fields::leaf();
        }
    };
    let mut fields = Fields::default();
    for (step, value) in &steps {
        fields.put(step.clone(), whole(step, all(inside(place, step), value, presence)));
    }
    let empty = fields.under.is_empty();
    fields.member = empty || (presence == Presence::Added && !is_always_there(place.1));
    fields
}

/// A list item is there by its key, whatever else is said of it.
fn whole(step: &str, mut fields: Fields) -> Fields {
    fields.member |= !step.starts_with("f:");
    fields
}

/// The place of a step: an item of a list stands where the list stands.
fn inside<'a>(place: Place<'a>, step: &'a str) -> Place<'a> {
    match step.strip_prefix("f:") {
        Some(field) => (place.1, field),
        None => (place.0, place.1),
    }
}

/// The parts of a value by their steps.
pub(crate) type Steps<'a> = BTreeMap<String, &'a Value>;

fn members(map: &Map<String, Value>) -> Steps<'_> {
    map.iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (format!("f:{key}"), value))
        .collect()
}

fn items(kind: Listing, list: &[Value]) -> Steps<'_> {
    list.iter().filter_map(|item| Some((step(kind, item)?, item))).collect()
}

/// The step to an item of a list; `None` when it lacks its key.
pub(crate) fn step(kind: Listing, item: &Value) -> Option<String> {
    match kind {
        Listing::Atomic => None,
        Listing::Set => Some(format!("v:{item}")),
        Listing::Keyed(keys) => {
            let mut found = Map::new();
            for &key in keys {
                let value = item.get(key).cloned().or_else(|| key_default(key).map(Value::from))?;
                found.insert(key.to_owned(), value);
            }
            Some(format!("k:{}", Value::Object(found)))
        }
    }
}
