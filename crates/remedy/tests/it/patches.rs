//! What is sent to the API server, and that the undo leads back.

use remedy::{json_patch, undo_patch};
use serde_json::{Value, json};
use types::{Action, Edit, Kind, ObjectRef, Step};

use crate::scene::{APP, edit, path};

fn step(action: Action) -> Step {
    let mut target = ObjectRef::named(Kind::Deployment, "shop", "web");
    (target.uid, target.resource_version) = ("u".to_owned(), "7".to_owned());
    Step { target, subresource: None, action }
}

fn object() -> Value {
    json!({
        "metadata": {"uid": "u", "resourceVersion": "7"},
        "spec": {"template": {"metadata": {}, "spec": {"containers": [
            {"name": "app", "image": "web:1", "resources": {"limits": {"memory": "64Mi"}}},
        ]}}},
    })
}

fn patched(mut object: Value, patch: &Value) -> Result<Value, json_patch::PatchError> {
    let patch: json_patch::Patch = serde_json::from_value(patch.clone()).unwrap();
    json_patch::patch(&mut object, &patch)?;
    Ok(object)
}

/// The object without our mark and without maps that hold nothing, as the API server keeps it.
fn bare(mut value: Value) -> Value {
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("annotations");
    }
    match value {
        Value::Object(map) => map
            .into_iter()
            .map(|(name, it)| (name, bare(it)))
            .filter(|(_, it)| *it != json!({}))
            .collect(),
        Value::Array(list) => list.into_iter().map(bare).collect(),
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => scalar,
    }
}

fn raise() -> Step {
    step(Action::Edit(vec![
        edit(&format!("{APP}/resources/limits/memory"), "64Mi", "96Mi"),
        Edit {
            path: path(&format!("{APP}/resources/requests/memory")),
            from: None,
            to: Some(json!("96Mi")),
        },
        Edit {
            path: path(&format!("{APP}/resources/requests/cpu")),
            from: None,
            to: Some(json!("1")),
        },
    ]))
}

#[test]
fn a_patch_tests_what_was_seen_then_writes_and_leaves_its_mark() {
    let patch = json_patch(&raise(), "fix-1", &object()).unwrap();

    let limits = format!("{APP}/resources/limits/memory");
    assert_eq!(
        patch,
        json!([
            {"op": "test", "path": "/metadata/uid", "value": "u"},
            {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
            {"op": "test", "path": limits, "value": "64Mi"},
            {"op": "replace", "path": limits, "value": "96Mi"},
            {"op": "add", "path": format!("{APP}/resources/requests"), "value": {"memory": "96Mi"}},
            {"op": "add", "path": format!("{APP}/resources/requests/cpu"), "value": "1"},
            {"op": "add", "path": "/metadata/annotations",
             "value": {"k8s-reflexion.io/fix-id": "fix-1"}},
        ])
    );
}

#[test]
fn the_mark_joins_annotations_that_are_there() {
    let mut object = object();
    object["metadata"]["annotations"] = json!({"team": "shop", "k8s-reflexion.io/fix-id": "fix-0"});

    let after = patched(object.clone(), &json_patch(&raise(), "fix-1", &object).unwrap()).unwrap();

    assert_eq!(
        after["metadata"]["annotations"],
        json!({"team": "shop", "k8s-reflexion.io/fix-id": "fix-1"})
    );
}

#[test]
fn a_restart_marks_the_template_with_the_fix() {
    let patch = json_patch(&step(Action::Restart), "fix-1", &object()).unwrap();
    let after = patched(object(), &patch).unwrap();

    assert_eq!(
        after["spec"]["template"]["metadata"]["annotations"],
        json!({"k8s-reflexion.io/restarted-by": "fix-1"})
    );
}

#[test]
fn an_eviction_is_no_patch() {
    assert_eq!(json_patch(&step(Action::Evict), "fix-1", &object()), None);
}

#[test]
fn another_object_version_or_value_makes_the_patch_fail() {
    let patch = json_patch(&raise(), "fix-1", &object()).unwrap();
    for pointer in
        ["/metadata/uid", "/metadata/resourceVersion", &format!("{APP}/resources/limits/memory")]
    {
        let mut other = object();
        *other.pointer_mut(pointer).unwrap() = json!("else");
        assert!(patched(other, &patch).is_err(), "{pointer}");
    }
}

#[test]
fn undo_leads_back_whatever_the_edits_were() {
    let app = |name: &str| path(&format!("{APP}/{name}"));
    let sidecar = json!({"name": "sidecar"});
    let list = "/spec/template/spec/containers";
    for edits in [
        vec![edit(&format!("{APP}/image"), "web:1", "web:2")],
        vec![Edit { path: app("image"), from: Some(json!("web:1")), to: None }],
        vec![Edit { path: app("new~1field"), from: None, to: Some(json!({"deep": [1]})) }],
        vec![Edit { path: path(&format!("{list}/1")), from: None, to: Some(sidecar.clone()) }],
        vec![Edit { path: path(&format!("{list}/0")), from: None, to: Some(sidecar) }],
        vec![
            edit(&format!("{APP}/image"), "web:1", "web:2"),
            edit(&format!("{APP}/image"), "web:2", "web:3"),
        ],
    ] {
        let step = step(Action::Edit(edits));
        let done = patched(object(), &json_patch(&step, "f", &object()).unwrap()).unwrap();
        let undo = undo_patch(&step.inverse().unwrap(), "f", &done).unwrap();

        assert_eq!(bare(patched(done, &undo).unwrap()), bare(object()), "{step}");
    }
    let done = patched(object(), &json_patch(&raise(), "f", &object()).unwrap()).unwrap();
    let undo = undo_patch(&raise().inverse().unwrap(), "f", &done).unwrap();
    assert_eq!(bare(patched(done, &undo).unwrap()), bare(object()));
}

#[test]
fn undo_bears_with_others_elsewhere_and_fails_where_our_value_is_gone() {
    let step = step(Action::Edit(vec![edit(&format!("{APP}/image"), "web:1", "web:2")]));
    let mut done = patched(object(), &json_patch(&step, "f", &object()).unwrap()).unwrap();
    done["metadata"]["resourceVersion"] = json!("8");
    done["spec"]["replicas"] = json!(5);
    let inverse = step.inverse().unwrap();

    let undone = patched(done.clone(), &undo_patch(&inverse, "f", &done).unwrap()).unwrap();
    assert_eq!(undone.pointer(&format!("{APP}/image")), Some(&json!("web:1")));
    assert_eq!(undone["spec"]["replicas"], 5);

    *done.pointer_mut(&format!("{APP}/image")).unwrap() = json!("web:3");
    assert!(patched(done.clone(), &undo_patch(&inverse, "f", &done).unwrap()).is_err());
}

#[test]
fn undo_fails_where_somebody_filled_what_we_had_emptied() {
    let removed =
        Edit { path: path(&format!("{APP}/image")), from: Some(json!("web:1")), to: None };
    let step = step(Action::Edit(vec![removed]));
    let done = patched(object(), &json_patch(&step, "f", &object()).unwrap()).unwrap();
    let mut filled = done.clone();
    filled["spec"]["template"]["spec"]["containers"][0]["image"] = json!("web:9");
    let inverse = step.inverse().unwrap();

    assert!(patched(done.clone(), &undo_patch(&inverse, "f", &done).unwrap()).is_ok());
    assert!(patched(filled.clone(), &undo_patch(&inverse, "f", &filled).unwrap()).is_err());
}
