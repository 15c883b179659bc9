//! Reads the fields of untyped documents; what is absent reads as empty.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::quantity::Quantity;

const ABSENT: Value = Value::Null;

/// Reading by JSON pointer without a care for what is missing.
pub(crate) trait Fields {
    /// The value at a JSON pointer, or null.
    fn at(&self, pointer: &str) -> &Value;

    /// The text there, or the empty one.
    fn text(&self, pointer: &str) -> &str {
        self.at(pointer).as_str().unwrap_or_default()
    }

    /// The whole number there.
    fn number(&self, pointer: &str) -> Option<i64> {
        self.at(pointer).as_i64()
    }

    /// Whether there is a `true`.
    fn is_true(&self, pointer: &str) -> bool {
        self.at(pointer).as_bool().unwrap_or_default()
    }

    /// The elements of the list there.
    fn list(&self, pointer: &str) -> &[Value] {
        self.at(pointer).as_array().map_or(&[], Vec::as_slice)
    }

    /// The names and texts of the object there.
    fn texts(&self, pointer: &str) -> BTreeMap<String, String> {
        let Some(object) = self.at(pointer).as_object() else { return BTreeMap::new() };
        let texts =
            object.iter().filter_map(|(key, it)| Some((key.clone(), it.as_str()?.to_owned())));
        texts.collect()
    }

    /// The texts of the list there.
    fn words(&self, pointer: &str) -> Vec<String> {
        self.list(pointer).iter().filter_map(|it| it.as_str().map(str::to_owned)).collect()
    }

    /// The object's own name.
    fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// The object's namespace.
    fn namespace(&self) -> &str {
        self.text("/metadata/namespace")
    }

    /// The object's identity.
    fn uid(&self) -> &str {
        self.text("/metadata/uid")
    }

    /// Whether somebody asked for the object's deletion.
    fn is_going(&self) -> bool {
        !self.at("/metadata/deletionTimestamp").is_null()
    }

    /// The owner that manages the object.
    fn controller(&self) -> Option<&Value> {
        self.list("/metadata/ownerReferences").iter().find(|it| it.is_true("/controller"))
    }

    /// A condition of the status by its type.
    fn condition(&self, kind: &str) -> Option<&Value> {
        self.list("/status/conditions").iter().find(|it| it.text("/type") == kind)
    }
}

impl Fields for Value {
    fn at(&self, pointer: &str) -> &Value {
        self.pointer(pointer).unwrap_or(&ABSENT)
    }
}

/// Puts a value at a path of object keys and makes the objects on the way.
pub(crate) fn put(document: &mut Value, path: &[&str], value: Value) {
    let mut place = document;
    for key in path {
        if !place.is_object() {
            *place = Value::Object(serde_json::Map::new());
        }
        let Some(object) = place.as_object_mut() else { return };
        place = object.entry(*key).or_insert(Value::Null);
    }
    *place = value;
}

/// Removes what stands at a path of object keys.
pub(crate) fn remove(document: &mut Value, path: &[&str]) {
    let Some((last, parents)) = path.split_last() else { return };
    let pointer: String = parents.iter().map(|it| format!("/{it}")).collect();
    if let Some(object) = document.pointer_mut(&pointer).and_then(Value::as_object_mut) {
        object.remove(*last);
    }
}

/// Whether a label selector chooses these labels; an absent selector chooses nothing.
pub(crate) fn selects(selector: &Value, labels: &Value) -> bool {
    if !selector.is_object() {
        return false;
    }
    let wanted = selector.texts("/matchLabels");
    let equal =
        wanted.iter().all(|(key, value)| labels.get(key).and_then(Value::as_str) == Some(value));
    equal && selector.list("/matchExpressions").iter().all(|it| expression_holds(it, labels))
}

/// Whether one expression of a selector holds.
pub(crate) fn expression_holds(expression: &Value, labels: &Value) -> bool {
    let found = labels.get(expression.text("/key")).and_then(Value::as_str);
    let values = expression.words("/values");
    let listed = found.is_some_and(|it| values.iter().any(|value| value == it));
    let number = |it: Option<&str>| it.and_then(|it| it.parse::<i64>().ok());
    let bound = number(values.first().map(String::as_str));
    match expression.text("/operator") {
        "In" => listed,
        "NotIn" => !listed,
        "Exists" => found.is_some(),
        "DoesNotExist" => found.is_none(),
        "Gt" => number(found).zip(bound).is_some_and(|(it, bound)| bound < it),
        "Lt" => number(found).zip(bound).is_some_and(|(it, bound)| it < bound),
        _ => false,
    }
}

/// The quantity that a value holds.
pub(crate) fn quantity(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => Quantity::read(text),
        Value::Number(number) => Quantity::read(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A quantity such as `180Mi` or `250m` in thousandths, which is as fine as the scheduler looks.
pub(crate) fn thousandths(value: &Value) -> Option<i128> {
    quantity(value).map(Quantity::milli)
}

/// A quantity of memory in bytes.
pub(crate) fn bytes(quantity: &Value) -> Option<u64> {
    u64::try_from(thousandths(quantity)? / 1_000).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_selector_needs_all_its_parts() {
        let selector = json!({"matchLabels": {"app": "web"},
            "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["db"]}]});

        assert!(selects(&selector, &json!({"app": "web"})));
        assert!(!selects(&selector, &json!({"app": "web", "tier": "db"})));
        assert!(!selects(&Value::Null, &json!({"app": "web"})));
    }
}
