//! A step as a JSON Patch (RFC 6902) that fails instead of overwriting what it did not see.

use serde_json::{Map, Value, json};
use types::{Action, Edit, FieldPath, Step};

/// The annotation that carries the id of the fix that wrote last.
pub const FIX_ID_ANNOTATION: &str = "k8s-reflexion.io/fix-id";
/// The annotation on a pod template whose change rolls all pods once; its value is the fix id.
pub const RESTARTED_BY_ANNOTATION: &str = "k8s-reflexion.io/restarted-by";

/// The patch of this step: tests for uid, resourceVersion and each value that was seen, then the
/// writes, the fix id among them. `None` for a step that is no write of the object (an eviction).
///
/// `object` is the target as it is read just before the write; it only decides which parents have to
/// be made. Whether it is still what the plan was made for is decided by the tests in the patch.
/// Through `pods/resize` the API server keeps resources alone and drops the fix id.
pub fn json_patch(step: &Step, fix_id: &str, object: &Value) -> Option<Value> {
    let mut patch = Patch::new(object);
    patch.test("/metadata/uid", &json!(step.target.uid));
    patch.test("/metadata/resourceVersion", &json!(step.target.resource_version));
    patch.act(&step.action, fix_id, Absent::Trusted)
}

/// The patch that takes a step back, made from its inverse.
///
/// It tests the uid and that each of our fields still holds our value, but no resourceVersion: others
/// may rightly have written other fields since. A field that somebody set where we had left none
/// makes it fail too.
pub fn undo_patch(step: &Step, fix_id: &str, object: &Value) -> Option<Value> {
    let mut patch = Patch::new(object);
    patch.test("/metadata/uid", &json!(step.target.uid));
    patch.act(&step.action, fix_id, Absent::Tested)
}

/// What vouches for a field that was seen absent. RFC 6902 has no test for that.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absent {
    /// The test of the resourceVersion.
    Trusted,
    /// The object at hand: when the field is there, the patch gets a test that fails.
    Tested,
}

/// Operations, and the document as they will have left it.
struct Patch {
    operations: Vec<Value>,
    document: Value,
}

impl Patch {
    fn new(object: &Value) -> Self {
        Self { operations: vec![], document: object.clone() }
    }

    fn act(mut self, action: &Action, fix_id: &str, absent: Absent) -> Option<Value> {
        match action {
            Action::Edit(edits) => edits.iter().for_each(|edit| self.edit(edit, absent)),
            Action::Restart => self.add(&restart_path(), &json!(fix_id)),
            Action::Evict => return None,
        }
        self.add(&path(&["metadata", "annotations", FIX_ID_ANNOTATION]), &json!(fix_id));
        Some(Value::Array(self.operations))
    }

    /// Each edit sees what those before it left: so the inverse, in reverse order, fits as well.
    fn edit(&mut self, edit: &Edit, absent: Absent) {
        let path = edit.path.as_str();
        match (&edit.from, &edit.to) {
            (Some(from), Some(to)) => {
                self.test(path, from);
                self.operations.push(json!({"op": "replace", "path": path, "value": to}));
                if let Some(field) = self.document.pointer_mut(path) {
                    *field = to.clone();
                }
            }
            (Some(from), None) => {
                self.test(path, from);
                self.operations.push(json!({"op": "remove", "path": path}));
                write(&mut self.document, &edit.path, None);
            }
            (None, Some(to)) => {
                let in_list = parent(&edit.path).is_some_and(|it| {
                    self.document.pointer(it.as_str()).is_some_and(Value::is_array)
                });
                let taken = self.document.pointer(path).is_some_and(|it| !it.is_null());
                if absent == Absent::Tested && taken && !in_list {
                    self.test(path, &Value::Null);
                }
                self.add(&edit.path, to);
            }
            (None, None) => {}
        }
    }

    fn test(&mut self, path: &str, value: &Value) {
        self.operations.push(json!({"op": "test", "path": path, "value": value}));
    }

    /// Adds a value, and with it the maps above it that are not there yet.
    fn add(&mut self, path: &FieldPath, value: &Value) {
        let (mut path, mut value) = (path.clone(), value.clone());
        while let Some(above) = parent(&path)
            && above != FieldPath::root()
            && self.document.pointer(above.as_str()).is_none_or(Value::is_null)
        {
            let name = path.names().last().unwrap_or_default();
            value = Value::Object(Map::from_iter([(name, value)]));
            path = above;
        }
        write(&mut self.document, &path, Some(&value));
        self.operations.push(json!({"op": "add", "path": path.as_str(), "value": value}));
    }
}

/// The field whose change rolls all pods once.
pub(crate) fn restart_path() -> FieldPath {
    path(&["spec", "template", "metadata", "annotations", RESTARTED_BY_ANNOTATION])
}

fn path(names: &[&str]) -> FieldPath {
    names.iter().fold(FieldPath::root(), |path, name| path.child(name))
}

/// The field that this one lies in; `None` for the whole object.
fn parent(path: &FieldPath) -> Option<FieldPath> {
    let names: Vec<String> = path.names().collect();
    let (_, above) = names.split_last()?;
    Some(above.iter().fold(FieldPath::root(), |path, name| path.child(name)))
}

/// Writes or removes one field of a document whose parent is there; else leaves it as it is.
fn write(document: &mut Value, path: &FieldPath, value: Option<&Value>) {
    let Some(name) = path.names().last() else { return };
    let above = parent(path).and_then(|it| document.pointer_mut(it.as_str()));
    match (above, value) {
        (Some(Value::Object(map)), Some(value)) => {
            map.insert(name, value.clone());
        }
        (Some(Value::Object(map)), None) => {
            map.remove(&name);
        }
        (Some(Value::Array(list)), value) => write_element(list, &name, value),
        (Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None, _) => {}
    }
}

fn write_element(list: &mut Vec<Value>, name: &str, value: Option<&Value>) {
    let Ok(index) = name.parse::<usize>() else { return };
    match value {
        Some(value) if index <= list.len() => list.insert(index, value.clone()),
        None if index < list.len() => {
            list.remove(index);
        }
        Some(_) | None => {}
    }
}
