//! Strategic merge patches: lists are merged by the key that their kind declares.

use serde_json::{Map, Value};

use crate::json::object;
use crate::schema::{Listing, strategic};
use crate::status::StatusError;

/// Applies a patch.
pub(crate) fn apply(value: &mut Value, patch: &Value) -> Result<(), StatusError> {
    merge_map(("", ""), value, patch)
}

/// The place of a value: the field around it, and its own.
type Place<'a> = (&'a str, &'a str);

/// What a directive in a map asks for.
fn directive(patch: &Value) -> Option<&str> {
    patch.get("$patch").and_then(Value::as_str)
}

fn merge_map(place: Place<'_>, value: &mut Value, patch: &Value) -> Result<(), StatusError> {
    let Some(changes) = patch.as_object() else {
        *value = patch.clone();
        return Ok(());
    };
    match directive(patch) {
        Some("replace") => {
            *value = plain(patch);
            return Ok(());
        }
        Some("delete") => {
            *value = Value::Null;
            return Ok(());
        }
        Some("merge") | None => {}
        Some(other) => {
            let why = format!("unknown patch type: {other} in map: {}", go_map(patch));
            return Err(StatusError::plain(500, "", why));
        }
    }
    let map = object(value);
    for (key, change) in changes {
        if let Some(field) = key.strip_prefix("$deleteFromPrimitiveList/") {
            delete_from(map, field, change);
        } else if key == "$retainKeys" {
            let kept = change.as_array().map(Vec::as_slice).unwrap_or_default();
            map.retain(|key, _| kept.iter().any(|it| it == key));
        } else if key.starts_with('$') {
        } else if change.is_null() {
            map.remove(key);
        } else {
            let order = changes.get(&format!("$setElementOrder/{key}"));
            let inner = (place.1, key.as_str());
            merge_member(inner, map.entry(key.clone()).or_insert(Value::Null), change)?;
            reorder(inner, map.get_mut(key), order);
        }
    }
    // An order may be given for a list in which nothing else changes.
    for (key, order) in changes {
        if let Some(field) = key.strip_prefix("$setElementOrder/")
            && !changes.contains_key(field)
        {
            reorder((place.1, field), map.get_mut(field), Some(order));
        }
    }
    map.retain(|_, value| !value.is_null());
    Ok(())
}

fn merge_member(place: Place<'_>, value: &mut Value, change: &Value) -> Result<(), StatusError> {
    match change {
        Value::Object(_) => merge_map(place, value, change),
        Value::Array(items) => merge_list(place, value, items),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            *value = change.clone();
            Ok(())
        }
    }
}

fn merge_list(place: Place<'_>, value: &mut Value, items: &[Value]) -> Result<(), StatusError> {
    let replaced = items.iter().any(|it| directive(it) == Some("replace"));
    let kind = strategic(place.0, place.1);
    if replaced || kind == Listing::Atomic {
        let kept = items.iter().filter(|it| directive(it) != Some("replace"));
        *value = Value::Array(kept.map(plain).collect());
        return Ok(());
    }
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    let Some(present) = value.as_array_mut() else { return Ok(()) };
    for item in items {
        match kind {
            Listing::Keyed([key, ..]) => merge_item(place, present, item, key)?,
            Listing::Set if !present.contains(item) => present.push(item.clone()),
            Listing::Keyed([]) | Listing::Set | Listing::Atomic => {}
        }
    }
    Ok(())
}

fn merge_item(
    place: Place<'_>,
    present: &mut Vec<Value>,
    item: &Value,
    key: &str,
) -> Result<(), StatusError> {
    let Some(wanted) = item.get(key) else {
        let why = format!("map: {} does not contain declared merge key: {key}", go_map(item));
        return Err(StatusError::plain(500, "", why));
    };
    let index = present.iter().position(|it| it.get(key) == Some(wanted));
    if directive(item) == Some("delete") {
        present.retain(|it| it.get(key) != Some(wanted));
        return Ok(());
    }
    if let Some(found) = index.and_then(|it| present.get_mut(it)) {
        return merge_map(place, found, item);
    }
    let mut new = Value::Object(Map::new());
    merge_map(place, &mut new, item)?;
    present.push(new);
    Ok(())
}

fn delete_from(map: &mut Map<String, Value>, field: &str, gone: &Value) {
    let gone = gone.as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(list) = map.get_mut(field).and_then(Value::as_array_mut) {
        list.retain(|it| !gone.contains(it));
    }
}

/// Puts the items that an order names into that order; the others keep their places after them.
fn reorder(place: Place<'_>, list: Option<&mut Value>, order: Option<&Value>) {
    let (Some(list), Some(order)) =
        (list.and_then(Value::as_array_mut), order.and_then(Value::as_array))
    else {
        return;
    };
    let kind = strategic(place.0, place.1);
    let rank = |item: &Value| {
        let found = order.iter().position(|wanted| match kind {
            Listing::Keyed([key, ..]) => {
                wanted.get(key).is_some() && wanted.get(key) == item.get(key)
            }
            Listing::Keyed([]) | Listing::Set | Listing::Atomic => wanted == item,
        });
        found.unwrap_or(order.len())
    };
    list.sort_by_key(rank);
}

/// A value without directives.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, value)| !key.starts_with('$') && !value.is_null());
            Value::Object(kept.map(|(key, value)| (key.clone(), plain(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(plain).collect()),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            other.clone()
        }
    }
}

/// A map as the real server's messages show it.
pub(crate) fn go_map(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let members: Vec<_> =
                map.iter().map(|(key, value)| format!("{key}:{}", go_map(value))).collect();
            format!("map[{}]", members.join(" "))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(go_map).collect();
            format!("[{}]", items.join(" "))
        }
        Value::String(text) => text.clone(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other.to_string(),
    }
}
