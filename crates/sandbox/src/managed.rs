//! Who wrote which field: `metadata.managedFields`.

use serde_json::{Value, json};

use crate::json::{at, list, set, text};

pub(crate) mod compare;
pub(crate) mod tree;

use compare::compare;
use tree::Fields;

/// One writer's entry.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) manager: String,
    pub(crate) operation: String,
    pub(crate) subresource: String,
    pub(crate) api_version: String,
    pub(crate) time: String,
    pub(crate) fields: Fields,
}

impl Entry {
    /// Whether two entries are of the same writer, writing in the same way.
    fn is_of(&self, manager: &str, operation: &str, subresource: &str) -> bool {
        self.manager == manager && self.operation == operation && self.subresource == subresource
    }
}

/// Reads the entries of an object.
pub(crate) fn entries(object: &Value) -> Vec<Entry> {
    list(object, "metadata.managedFields")
        .iter()
        .filter(|it| !text(it, "manager").is_empty())
        .map(|it| Entry {
            manager: text(it, "manager").to_owned(),
            operation: text(it, "operation").to_owned(),
            subresource: text(it, "subresource").to_owned(),
            api_version: text(it, "apiVersion").to_owned(),
            time: text(it, "time").to_owned(),
            fields: Fields::read(at(it, "fieldsV1")),
        })
        .collect()
}

/// Writes the entries into an object: those that apply first, then by time and name.
pub(crate) fn write(object: &mut Value, mut entries: Vec<Entry>) {
    entries.retain(|it| !it.fields.under.is_empty());
    entries.sort_by(|a, b| {
        let key = |it: &Entry| (it.operation != "Apply", it.time.clone(), it.manager.clone());
        key(a).cmp(&key(b))
    });
    let entries: Vec<_> = entries.iter().map(shown).collect();
    let entries = if entries.is_empty() { Value::Null } else { Value::Array(entries) };
    set(object, "metadata.managedFields", entries);
}

fn shown(entry: &Entry) -> Value {
    let mut value = json!({
        "manager": entry.manager, "operation": entry.operation, "apiVersion": entry.api_version,
        "time": entry.time, "fieldsType": "FieldsV1", "fieldsV1": entry.fields.write(),
    });
    if !entry.subresource.is_empty() {
        set(&mut value, "subresource", entry.subresource.clone());
    }
    value
}

/// The entry of a writer, a new one when there is none yet.
pub(crate) fn entry<'a>(
    entries: &'a mut Vec<Entry>,
    object: &Value,
    (manager, operation, subresource): (&str, &str, &str),
) -> Option<&'a mut Entry> {
    if !entries.iter().any(|it| it.is_of(manager, operation, subresource)) {
        entries.push(Entry {
            manager: manager.to_owned(),
            operation: operation.to_owned(),
            subresource: subresource.to_owned(),
            api_version: text(object, "apiVersion").to_owned(),
            time: String::new(),
            fields: Fields::default(),
        });
    }
    entries.iter_mut().find(|it| it.is_of(manager, operation, subresource))
}

/// Records the fields that an update set under its writer's name.
pub(crate) fn record(before: &Value, after: &mut Value, manager: &str, subresource: &str) {
    let difference = compare(before, after);
    if difference.changed.under.is_empty() && difference.removed.under.is_empty() {
        return;
    }
    let mut all = entries(after);
    for other in &mut all {
        other.fields = other.fields.outside(&difference.removed);
        if !other.is_of(manager, "Update", subresource) {
            other.fields = other.fields.without(&difference.changed);
        }
    }
    if let Some(own) = entry(&mut all, after, (manager, "Update", subresource)) {
        own.fields.union(&difference.changed);
        own.time = crate::store::now();
    }
    write(after, all);
}
