//! JSON patches: a list of operations, all or none of which happen.

use serde_json::Value;

use crate::json::text;
use crate::status::StatusError;

/// The longest list of operations that the API server takes.
const LONGEST: usize = 10_000;

/// What the API server's own encoding escapes in a text, beyond what JSON asks for.
const ESCAPED: [char; 5] = ['<', '>', '&', '\u{2028}', '\u{2029}'];
/// Stands for one of them that a client did not escape. It is no character, so no object holds it.
const UNEQUAL: &str = "\u{fffe}";

/// Reads a patch as it is compared and applied.
///
/// The real server compares the bytes of a text in a `test` with its own encoding of the object. So a
/// text in which a client left one of [`ESCAPED`] as it is equals nothing.
pub(crate) fn read(body: &[u8]) -> serde_json::Result<Value> {
    let mut patch: Value = serde_json::from_slice(body)?;
    let text = String::from_utf8_lossy(body);
    if text.contains(ESCAPED) {
        let compared: Value = serde_json::from_str(&text.replace(ESCAPED, UNEQUAL))?;
        let operations = patch.as_array_mut().into_iter().flatten();
        for (operation, compared) in operations.zip(compared.as_array().into_iter().flatten()) {
            if is_test(operation)
                && let (Some(value), Some(compared)) =
                    (operation.get_mut("value"), compared.get("value"))
            {
                value.clone_from(compared);
            }
        }
    }
    Ok(patch)
}

fn is_test(operation: &Value) -> bool {
    text(operation, "op") == "test"
}

/// Applies a patch.
pub(crate) fn apply(value: &mut Value, patch: &Value) -> Result<(), StatusError> {
    let operations = patch.as_array().map(Vec::as_slice).unwrap_or_default();
    if LONGEST < operations.len() {
        let why = format!(
            "The allowed maximum operations in a JSON patch is {LONGEST}, got {}",
            operations.len()
        );
        return Err(StatusError::plain(413, "RequestEntityTooLarge", why));
    }
    operations.iter().try_for_each(|it| step(value, it)).map_err(|Impossible| {
        // The real server says no more than this, whichever operation failed.
        StatusError::general(
            422,
            "Invalid",
            "the server rejected our request due to an error in our request",
        )
    })
}

/// An operation that cannot be done, or a test that does not hold.
struct Impossible;

fn step(value: &mut Value, operation: &Value) -> Result<(), Impossible> {
    let path = parts(text(operation, "path"));
    let new = || operation.get("value").cloned().unwrap_or(Value::Null);
    let from = || {
        let from = operation.get("from").and_then(Value::as_str).ok_or(Impossible)?;
        Ok(parts(from))
    };
    match text(operation, "op") {
        "test" => test(value, &path, &new()),
        "add" => put(value, &path, new(), Mode::Insert),
        "replace" => put(value, &path, new(), Mode::Overwrite),
        "remove" => take(value, &path).map(drop),
        "move" => {
            let moved = take(value, &from()?)?;
            put(value, &path, moved, Mode::Insert)
        }
        "copy" => {
            let copied = find(value, &from()?).cloned().ok_or(Impossible)?;
            put(value, &path, copied, Mode::Insert)
        }
        _ => Err(Impossible),
    }
}

fn parts(path: &str) -> Vec<String> {
    path.split('/').skip(1).map(|it| it.replace("~1", "/").replace("~0", "~")).collect()
}

fn find<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |it, key| match it.as_array() {
        Some(items) => items.get(key.parse::<usize>().ok()?),
        None => it.get(key),
    })
}

fn parent<'a>(
    value: &'a mut Value,
    path: &'a [String],
) -> Result<(&'a mut Value, &'a str), Impossible> {
    let (last, before) = path.split_last().ok_or(Impossible)?;
    let place = before.iter().try_fold(value, |it, key| {
        if it.is_array() { it.get_mut(key.parse::<usize>().ok()?) } else { it.get_mut(key) }
    });
    Ok((place.ok_or(Impossible)?, last))
}

/// A field that is not there equals null.
fn test(value: &Value, path: &[String], wanted: &Value) -> Result<(), Impossible> {
    let parent = path.split_last().and_then(|(_, before)| find(value, before));
    let found = find(value, path);
    let holds = match found {
        Some(found) => same(found, wanted),
        None => wanted.is_null() && parent.is_some_and(Value::is_object),
    };
    if holds { Ok(()) } else { Err(Impossible) }
}

/// Whether two values are equal; `1` and `1.0` are.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Insert,
    Overwrite,
}

fn put(value: &mut Value, path: &[String], new: Value, mode: Mode) -> Result<(), Impossible> {
    if path.is_empty() {
        *value = new;
        return Ok(());
    }
    let (place, key) = parent(value, path)?;
    match place {
        Value::Object(map) => {
            map.insert(key.to_owned(), new);
            Ok(())
        }
        Value::Array(items) => put_item(items, key, new, mode),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(Impossible),
    }
}

fn put_item(items: &mut Vec<Value>, key: &str, new: Value, mode: Mode) -> Result<(), Impossible> {
    if key == "-" && mode == Mode::Insert {
        items.push(new);
        return Ok(());
    }
    let index: usize = key.parse().map_err(|_| Impossible)?;
    match mode {
        Mode::Insert if index <= items.len() => items.insert(index, new),
        Mode::Insert => return Err(Impossible),
        Mode::Overwrite => *items.get_mut(index).ok_or(Impossible)? = new,
    }
    Ok(())
}

fn take(value: &mut Value, path: &[String]) -> Result<Value, Impossible> {
    let (place, key) = parent(value, path)?;
    match place {
        Value::Object(map) => map.remove(key).ok_or(Impossible),
        Value::Array(items) => {
            let index: usize = key.parse().map_err(|_| Impossible)?;
            if index < items.len() { Ok(items.remove(index)) } else { Err(Impossible) }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(Impossible),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(body: &str) -> bool {
        let mut object = json!({"command": ["sh", "-c", "a <b >&2"]});
        apply(&mut object, &read(body.as_bytes()).unwrap()).is_ok()
    }

    #[test]
    fn a_test_compares_the_bytes_that_the_server_would_write() {
        assert!(holds(
            r#"[{"op": "test", "path": "/command/2", "value": "a \u003cb \u003e\u00262"}]"#
        ));
        assert!(!holds(r#"[{"op": "test", "path": "/command/2", "value": "a <b >&2"}]"#));
        assert!(!holds(
            r#"[{"op": "test", "path": "/command", "value": ["sh", "-c", "a <b >&2"]}]"#
        ));
    }

    #[test]
    fn what_is_written_may_hold_any_text() {
        assert!(holds(r#"[{"op": "replace", "path": "/command/2", "value": "exit 1 >&2"}]"#));
    }
}
