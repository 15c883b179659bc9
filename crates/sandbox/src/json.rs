//! Reaching into JSON documents by dotted paths, without ever panicking.

use serde_json::{Map, Value};

static NULL: Value = Value::Null;

/// What stands at a path such as `metadata.name`; `null` when nothing does.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').try_fold(value, |it, key| it.get(key)).unwrap_or(&NULL)
}

/// The text at a path; empty when there is none.
pub(crate) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    at(value, path).as_str().unwrap_or_default()
}

/// The whole number at a path.
pub(crate) fn number(value: &Value, path: &str) -> Option<i64> {
    at(value, path).as_i64()
}

/// Whether there is anything at a path.
pub(crate) fn has(value: &Value, path: &str) -> bool {
    !at(value, path).is_null()
}

/// The list at a path; empty when there is none.
pub(crate) fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    at(value, path).as_array().map_or(&[], Vec::as_slice)
}

/// The entries of the object at a path; empty when there is none.
pub(crate) fn entries<'a>(
    value: &'a Value,
    path: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    at(value, path).as_object().into_iter().flatten()
}

/// The place at a path, for writing; objects on the way are made when they are missing.
pub(crate) fn place<'a>(value: &'a mut Value, path: &str) -> &'a mut Value {
    path.split('.').fold(value, |it, key| object(it).entry(key.to_owned()).or_insert(Value::Null))
}

/// Writes a value at a path; `null` removes what is there.
pub(crate) fn set(value: &mut Value, path: &str, new: impl Into<Value>) {
    let new = new.into();
    if new.is_null() {
        remove(value, path);
    } else {
        *place(value, path) = new;
    }
}

/// Writes a value at a path when there is none yet.
pub(crate) fn default(value: &mut Value, path: &str, new: impl Into<Value>) {
    if !has(value, path) {
        *place(value, path) = new.into();
    }
}

/// Takes away what stands at a path.
pub(crate) fn remove(value: &mut Value, path: &str) -> Option<Value> {
    let (parent, key) = path.rsplit_once('.').map_or((None, path), |(it, key)| (Some(it), key));
    let parent = match parent {
        Some(parent) => find(value, parent)?,
        None => value,
    };
    parent.as_object_mut()?.remove(key)
}

/// What stands at a path, for writing, when it is there.
pub(crate) fn find<'a>(value: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    path.split('.').try_fold(value, |it, key| it.get_mut(key))
}

/// The list at a path, for writing; empty when there is none.
pub(crate) fn each<'a>(value: &'a mut Value, path: &str) -> impl Iterator<Item = &'a mut Value> {
    find(value, path).and_then(Value::as_array_mut).into_iter().flatten()
}

/// The value as an object, which it becomes when it is none.
pub(crate) fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            unreachable!("it was made an object above")
        }
    }
}
