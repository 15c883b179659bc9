//! The fewest fields to edit so that one document becomes another.

use serde_json::{Map, Value};
use types::{Edit, FieldPath};

/// Documents nested deeper than this are replaced whole; Kubernetes' own are not half as deep.
const MAX_DEPTH: usize = 32;

/// The edits that turn `from` into `to`, where `from` stands at `path`. Lists whose elements have
/// other names, or another number, are replaced whole.
pub(super) fn edits(path: &FieldPath, from: &Value, to: &Value) -> Vec<Edit> {
    let mut edits = Vec::new();
    compare(path, Some(from), Some(to), 0, &mut edits);
    edits
}

fn compare(
    path: &FieldPath,
    from: Option<&Value>,
    to: Option<&Value>,
    depth: usize,
    edits: &mut Vec<Edit>,
) {
    if from == to {
        return;
    }
    match (from, to) {
        (Some(Value::Object(a)), Some(Value::Object(b))) if depth < MAX_DEPTH => {
            members(path, a, b, depth, edits);
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) if depth < MAX_DEPTH && same_names(a, b) => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&path.index(index), Some(a), Some(b), depth + 1, edits);
            }
        }
        (from, to) => {
            edits.push(Edit { path: path.clone(), from: from.cloned(), to: to.cloned() });
        }
    }
}

fn members(
    path: &FieldPath,
    from: &Map<String, Value>,
    to: &Map<String, Value>,
    depth: usize,
    edits: &mut Vec<Edit>,
) {
    let mut names: Vec<_> =
        from.keys().chain(to.keys().filter(|it| !from.contains_key(*it))).collect();
    names.sort();
    for name in names {
        compare(&path.child(name), from.get(name), to.get(name), depth + 1, edits);
    }
}

/// Whether two lists have the same elements by name, in the same order.
fn same_names(a: &[Value], b: &[Value]) -> bool {
    let name = |it: &Value| it.get("name").and_then(Value::as_str).map(ToOwned::to_owned);
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| name(a).is_some() && name(a) == name(b))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(from: &Value, to: &Value, expected: &[&str]) {
        let words: Vec<_> =
            edits(&FieldPath::root(), from, to).iter().map(ToString::to_string).collect();
        assert_eq!(words, expected);
    }

    #[test]
    fn only_what_differs_is_edited() {
        check(
            &json!({"a": 1, "b": {"c": 2, "d": 3}}),
            &json!({"a": 1, "b": {"c": 4, "e": 5}}),
            &["/b/c: 2 -> 4", "/b/d: 3 -> nothing", "/b/e: nothing -> 5"],
        );
    }

    #[test]
    fn a_container_is_edited_in_place() {
        check(
            &json!([{"name": "app", "image": "nginx:1.72"}]),
            &json!([{"name": "app", "image": "nginx:1.27"}]),
            &[r#"/0/image: "nginx:1.72" -> "nginx:1.27""#],
        );
    }

    #[test]
    fn a_list_with_other_elements_is_replaced_whole() {
        check(
            &json!({"args": ["a", "b"]}),
            &json!({"args": ["a"]}),
            &[r#"/args: ["a","b"] -> ["a"]"#],
        );
    }
}
