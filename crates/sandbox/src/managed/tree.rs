//! Sets of fields, in the form that `managedFields` has them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A set of fields: this one, perhaps, and those under it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) member: bool,
    pub(crate) under: BTreeMap<String, Fields>,
}

impl Fields {
    /// The set that has only the field itself.
    pub(crate) fn leaf() -> Self {
        Self { member: true, under: BTreeMap::new() }
    }

    /// Whether nothing is in the set.
    pub(crate) fn is_empty(&self) -> bool {
        !self.member && self.under.is_empty()
    }

    /// Adds what is under a field; nothing when there is nothing.
    pub(crate) fn put(&mut self, step: String, fields: Fields) {
        if !fields.is_empty() {
            self.under.insert(step, fields);
        }
    }

    /// Everything that is in either.
    pub(crate) fn union(&mut self, other: &Fields) {
        self.member |= other.member;
        for (step, fields) in &other.under {
            self.under.entry(step.clone()).or_default().union(fields);
        }
    }

    /// Everything that is in this one and not in the other.
    pub(crate) fn without(&self, other: &Fields) -> Fields {
        let mut rest = Self { member: self.member && !other.member, under: BTreeMap::new() };
        for (step, fields) in &self.under {
            let fields = match other.under.get(step) {
                Some(other) => fields.without(other),
                None => fields.clone(),
            };
            rest.put(step.clone(), fields);
        }
        rest
    }

    /// Everything that is in both.
    pub(crate) fn common(&self, other: &Fields) -> Fields {
        let mut both = Self { member: self.member && other.member, under: BTreeMap::new() };
        for (step, fields) in &self.under {
            if let Some(other) = other.under.get(step) {
                both.put(step.clone(), fields.common(other));
            }
        }
        both
    }

    /// Everything without what lies under the other's members: a value that was replaced takes
    /// all of its parts along.
    pub(crate) fn outside(&self, other: &Fields) -> Fields {
        if other.member && other.under.is_empty() {
            return Fields::default();
        }
        let mut rest = Self { member: self.member && !other.member, under: BTreeMap::new() };
        for (step, fields) in &self.under {
            let fields = match other.under.get(step) {
                Some(other) => fields.outside(other),
                None => fields.clone(),
            };
            rest.put(step.clone(), fields);
        }
        rest
    }

    /// The paths in the set, as messages show them.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.walk("", &mut paths);
        paths
    }

    fn walk(&self, path: &str, paths: &mut Vec<String>) {
        if self.member {
            paths.push(path.to_owned());
        }
        for (step, fields) in &self.under {
            fields.walk(&format!("{path}{}", shown(step)), paths);
        }
    }

    /// Reads `fieldsV1`.
    pub(crate) fn read(value: &Value) -> Self {
        let mut fields = Self::default();
        let Some(map) = value.as_object() else { return fields };
        fields.member = map.is_empty() || map.contains_key(".");
        for (step, under) in map.iter().filter(|(step, _)| *step != ".") {
            fields.under.insert(step.clone(), Self::read(under));
        }
        fields
    }

    /// Writes `fieldsV1`.
    pub(crate) fn write(&self) -> Value {
        let mut map = Map::new();
        if self.member && !self.under.is_empty() {
            map.insert(".".to_owned(), json!({}));
        }
        for (step, fields) in &self.under {
            map.insert(step.clone(), fields.write());
        }
        Value::Object(map)
    }
}

/// One step of a path: `.spec`, `[name="web"]`, `["value"]`.
fn shown(step: &str) -> String {
    let Some((kind, rest)) = step.split_once(':') else { return step.to_owned() };
    match kind {
        "f" => format!(".{rest}"),
        "k" => {
            let keys = serde_json::from_str::<Map<String, Value>>(rest).unwrap_or_default();
            let keys: Vec<_> = keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("[{}]", keys.join(","))
        }
        "v" => format!("[={rest}]"),
        _ => step.to_owned(),
    }
}
