//! Server-side apply: a client says what it wants of an object, and owns what it says.

use serde_json::{Value, json};

use crate::api::Call;
use crate::json::{has, object, text};
use crate::managed::compare::{compare, named, step};
use crate::managed::tree::Fields;
use crate::managed::{self, Entry};
use crate::resources::Resource;
use crate::schema::{Listing, is_atomic, listing};
use crate::status::StatusError;
use crate::store::now;

/// Who applies, and how.
#[derive(Clone, Debug)]
pub(crate) struct Manager {
    pub(crate) name: String,
    /// Takes fields over that others own.
    pub(crate) force: bool,
    pub(crate) subresource: String,
}

/// Reads an applied document.
pub(crate) fn read(call: &Call, resource: &Resource) -> Result<Value, StatusError> {
    let document: Value = serde_yaml_ng::from_slice(&call.body)
        .map_err(|error| StatusError::bad_request(format!("error decoding YAML: {error}")))?;
    let (version, kind) = (text(&document, "apiVersion"), text(&document, "kind"));
    if version != resource.api_version() || kind != resource.kind {
        let group_version = if version.is_empty() { "/" } else { version };
        let why = format!("invalid object type: {group_version}, Kind={kind}");
        return Err(StatusError::bad_request(why));
    }
    if has(&document, "metadata.managedFields") {
        return Err(StatusError::bad_request("metadata.managedFields must be nil"));
    }
    let document = crate::api::without_nulls(document);
    crate::api::declared(resource, document.clone())
        .map_err(|why| untyped(resource, &document, &why))
}

fn untyped(resource: &Resource, document: &Value, why: &str) -> StatusError {
    let place =
        format!("{}/{}", text(document, "metadata.namespace"), text(document, "metadata.name"));
    let what = format!("{}, Kind={}", resource.api_version(), resource.kind);
    let why = format!("failed to create typed patch object ({place}; {what}): {why}");
    StatusError::plain(500, "", why)
}

/// Names the applier as the owner of all fields of a new object.
pub(crate) fn claim(object: &mut Value, manager: &Manager) {
    let fields = named(object);
    let entry = Entry { fields, ..empty_entry(object, manager) };
    managed::write(object, vec![entry]);
}

fn empty_entry(object: &Value, manager: &Manager) -> Entry {
    Entry {
        manager: manager.name.clone(),
        operation: "Apply".to_owned(),
        subresource: manager.subresource.clone(),
        api_version: text(object, "apiVersion").to_owned(),
        time: now(),
        fields: Fields::default(),
    }
}

/// The object as it is when everything applied is as it was wanted.
pub(crate) fn apply(
    resource: &Resource,
    before: &Value,
    wanted: &Value,
    manager: &Manager,
) -> Result<Value, StatusError> {
    check_keys(resource, wanted)?;
    let mut entries = managed::entries(before);
    let fields = named(wanted);
    let is_own = |it: &Entry| {
        it.manager == manager.name
            && it.operation == "Apply"
            && it.subresource == manager.subresource
    };
    let last = entries.iter().find(|it| is_own(it)).map(|it| it.fields.clone());
    let mut after = before.clone();
    merge(("", ""), &mut after, wanted);
    if let Some(last) = &last {
        let mut given_up = last.without(&fields);
        for other in entries.iter().filter(|it| !is_own(it)) {
            given_up = given_up.without(&other.fields);
        }
        prune(("", ""), &mut after, &given_up, &fields);
    }
    let difference = compare(before, &after);
    let others: Vec<_> = entries.iter().filter(|it| !is_own(it)).collect();
    let contested: Vec<_> = others
        .iter()
        .map(|it| (*it, it.fields.common(&difference.changed)))
        .filter(|(_, common)| !common.paths().is_empty())
        .collect();
    if !contested.is_empty() && !manager.force {
        return Err(conflict(&contested));
    }
    for entry in entries.iter_mut().filter(|it| !is_own(it)) {
        entry.fields = entry.fields.without(&difference.changed).outside(&difference.removed);
    }
    let same = last.as_ref() == Some(&fields) && difference.changed.under.is_empty();
    if same && difference.removed.under.is_empty() {
        return Ok(before.clone());
    }
    entries.retain(|it| !is_own(it));
    entries.push(Entry { fields, ..empty_entry(before, manager) });
    managed::write(&mut after, entries);
    Ok(after)
}

fn conflict(contested: &[(&Entry, Fields)]) -> StatusError {
    let total: usize = contested.iter().map(|(_, fields)| fields.paths().len()).sum();
    let mut lines = Vec::new();
    let mut causes = Vec::new();
    for (entry, fields) in contested {
        let with = if entry.subresource.is_empty() {
            String::new()
        } else {
            format!(" with subresource {:?}", entry.subresource)
        };
        let how = match entry.operation.as_str() {
            "Apply" => String::new(),
            _ => format!(" using {}", entry.api_version),
        };
        let who = format!("with {:?}{with}{how}", entry.manager);
        let paths = fields.paths();
        lines.push(match paths.as_slice() {
            [only] if contested.len() == 1 => format!("conflict {who}: {only}"),
            several => format!("conflicts {who}:\n- {}", several.join("\n- ")),
        });
        causes.extend(paths.into_iter().map(|field| {
            json!({"reason": "FieldManagerConflict", "message": format!("conflict {who}"), "field": field})
        }));
    }
    let plural = if total == 1 { "conflict" } else { "conflicts" };
    let message = format!("Apply failed with {total} {plural}: {}", lines.join("\n"));
    let mut error = StatusError::plain(409, "Conflict", message);
    error.details = json!({"causes": causes});
    error
}

/// The place of a value: the field around it, and its own.
type Place<'a> = (&'a str, &'a str);

fn merge(place: Place<'_>, value: &mut Value, wanted: &Value) {
    match wanted {
        Value::Object(members) if !is_atomic(place.1) => {
            let map = object(value);
            for (key, wanted) in members {
                let inner = (place.1, key.as_str());
                merge(inner, map.entry(key.clone()).or_insert(Value::Null), wanted);
            }
        }
        Value::Array(items) => merge_list(place, value, items),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            *value = wanted.clone();
        }
    }
}

fn merge_list(place: Place<'_>, value: &mut Value, items: &[Value]) {
    let kind = listing(place.0, place.1);
    if kind == Listing::Atomic || !value.is_array() {
        *value = Value::Array(items.to_vec());
        return;
    }
    let Some(present) = value.as_array_mut() else { return };
    for item in items {
        let wanted = step(kind, item);
        let found = present.iter_mut().find(|it| wanted.is_some() && step(kind, it) == wanted);
        match found {
            Some(found) => merge(place, found, item),
            None => present.push(item.clone()),
        }
    }
}

/// Takes out what the applier no longer wants and nobody else does.
fn prune(place: Place<'_>, value: &mut Value, gone: &Fields, kept: &Fields) {
    let none = Fields::default();
    match value {
        Value::Object(map) => {
            for (step, fields) in &gone.under {
                let Some(key) = step.strip_prefix("f:") else { continue };
                let kept = kept.under.get(step).unwrap_or(&none);
                if fields.member && kept.is_empty() {
                    map.remove(key);
                } else if let Some(inner) = map.get_mut(key) {
                    prune((place.1, key), inner, fields, kept);
                }
            }
        }
        Value::Array(items) => {
            let kind = listing(place.0, place.1);
            items.retain_mut(|item| {
                let Some(step) = step(kind, item) else { return true };
                let Some(fields) = gone.under.get(&step) else { return true };
                let kept = kept.under.get(&step).unwrap_or(&none);
                if fields.member && kept.is_empty() {
                    return false;
                }
                prune(place, item, fields, kept);
                true
            });
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// An applied list may name each item once.
fn check_keys(resource: &Resource, wanted: &Value) -> Result<(), StatusError> {
    match twice(("", ""), "", wanted) {
        Some(why) => Err(untyped(resource, wanted, &why)),
        None => Ok(()),
    }
}

fn twice(place: Place<'_>, path: &str, value: &Value) -> Option<String> {
    match value {
        Value::Object(map) => map.iter().find_map(|(key, value)| {
            twice((place.1, key.as_str()), &format!("{path}.{key}"), value)
        }),
        Value::Array(items) => {
            let kind = listing(place.0, place.1);
            let mut seen = Vec::new();
            for item in items {
                let step = step(kind, item);
                if step.is_some() && seen.contains(&step) {
                    let mut one = Fields::default();
                    one.put(step.unwrap_or_default(), Fields::leaf());
                    let key = one.paths().join("");
                    return Some(format!("{path}: duplicate entries for key {key}"));
                }
                seen.push(step);
            }
            items.iter().find_map(|it| twice(place, path, it))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Refuses fields that a kind does not have.
pub(crate) fn undeclared(field: &str) -> String {
    format!(".{field}: field not declared in schema")
}
