//! A Secret is asked for where a ConfigMap of that very name is there, or the other way round.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use types::{Edit, FieldPath, SlipKind};

use super::Slip;
use crate::evidence::failing::Failing;
use crate::evidence::known_secrets;

/// What a container waits with while its volumes are mounted, or the containers before it.
const MOUNTING: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// The kind of what is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Secret,
    ConfigMap,
}

impl Asked {
    /// The word before the name of what the kubelet does not find.
    fn said(self) -> &'static str {
        match self {
            Self::Secret => "secret \"",
            Self::ConfigMap => "configmap \"",
        }
    }

    /// The members that ask for it, with those that ask for the other kind.
    fn members(self) -> [(&'static str, &'static str); 3] {
        let pairs = [
            ("secretRef", "configMapRef"),
            ("secretKeyRef", "configMapKeyRef"),
            ("secret", "configMap"),
        ];
        match self {
            Self::Secret => pairs,
            Self::ConfigMap => pairs.map(|(secret, map)| (map, secret)),
        }
    }
}

/// What the kubelet does not find is there as the other kind, with all keys that are taken of it.
pub(super) fn is_there(failing: &Failing<'_>) -> Option<Slip> {
    [Asked::Secret, Asked::ConfigMap].into_iter().find_map(|asked| {
        let names = missing(failing, asked.said());
        names.iter().find_map(|name| turned_round(failing, asked, name))
    })
}

/// The edits of all that asks for it.
fn turned_round(failing: &Failing<'_>, asked: Asked, name: &str) -> Option<Slip> {
    let (keys, shown_by) = there(failing, asked, name)?;
    let keys = keys.iter().map(String::as_str).collect();
    let spec = serde_json::to_value(failing.spec).ok()?;
    let path = failing.objects.root.kind().pod_spec_path()?;
    let mut edits = vec![];
    if asked.members().iter().any(|it| is_named(&spec, it.1, name)) {
        // Both kinds are meant, and one of them is still to come.
        return None;
    }
    for (path, place) in places(&spec, &path) {
        for (own, other) in asked.members() {
            let source = place.get(own).and_then(Value::as_object);
            let is_it = |it: &&Map<String, Value>| name_of(it) == Some(name) && !is_optional(it);
            let Some(source) = source.filter(is_it) else { continue };
            if !keys_of(source).is_subset(&keys) {
                return None;
            }
            let to = turned(source, other, &path);
            edits.push(Edit { path: path.child(own), from: Some(source.clone().into()), to: None });
            edits.push(Edit { path: path.child(other), from: None, to: Some(to.into()) });
        }
    }
    (!edits.is_empty()).then_some(Slip { kind: SlipKind::Key, shown_by, edits })
}

/// Whether a member like this, anywhere below, asks for this name.
fn is_named(below: &Value, member: &str, name: &str) -> bool {
    match below {
        Value::Object(members) => members.iter().any(|(key, value)| {
            let is_it = key == member && value.as_object().and_then(name_of) == Some(name);
            is_it || is_named(value, member, name)
        }),
        Value::Array(items) => items.iter().any(|it| is_named(it, member, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The keys that are known of the other kind, and a sentence that it is there. A Secret is never read: it is there
/// where other pods run with it.
fn there(failing: &Failing<'_>, asked: Asked, name: &str) -> Option<(BTreeSet<String>, String)> {
    match asked {
        Asked::Secret => {
            let mut maps = failing.objects.config_maps.iter().flatten();
            let keys = maps.find(|it| it.name == name)?.keys.iter().cloned().collect();
            Some((
                keys,
                format!("There is no Secret {name}, and there is a ConfigMap of this name."),
            ))
        }
        Asked::ConfigMap => {
            let keys = known_secrets(failing.objects).remove(name)?;
            let words = "and other pods run with a Secret of this name.";
            Some((keys, format!("There is no ConfigMap {name}, {words}")))
        }
    }
}

/// The names of what the kubelet does not find: what the container waits with, or what is said of its pod's mounts.
fn missing(failing: &Failing<'_>, before: &str) -> BTreeSet<String> {
    let named = |it: &str| Some(it.split_once(before)?.1.split_once("\" not found")?.0.to_owned());
    let state = &failing.facts.state;
    if let Some(name) = state.waiting_message.as_deref().and_then(named) {
        return [name].into();
    }
    if !state.waiting.as_deref().is_some_and(|it| MOUNTING.contains(&it)) {
        return BTreeSet::new();
    }
    let is_there = |name: &String| {
        let mut pods = failing.objects.pods.iter();
        pods.any(|it| it.metadata.name.as_ref() == Some(name))
    };
    let events = failing.objects.events.iter();
    let mounts = events.filter(|it| {
        let about = it.involved_object.name.as_ref();
        it.reason.as_deref() == Some("FailedMount") && about.is_some_and(is_there)
    });
    mounts.filter_map(|it| it.message.as_deref().and_then(named)).collect()
}

/// Whatever may ask for a ConfigMap or a Secret: variables, sources of variables, volumes, parts of volumes.
fn places<'v>(spec: &'v Value, path: &FieldPath) -> Vec<(FieldPath, &'v Value)> {
    let mut found = vec![];
    let lists = ["initContainers", "containers"];
    for (path, container) in lists.iter().flat_map(|it| each(spec, path, it)) {
        found.extend(each(container, &path, "envFrom"));
        let variables = each(container, &path, "env").into_iter();
        found.extend(
            variables
                .filter_map(|(path, it)| Some((path.child("valueFrom"), it.get("valueFrom")?))),
        );
    }
    for (path, volume) in each(spec, path, "volumes") {
        if let Some(projected) = volume.get("projected") {
            found.extend(each(projected, &path.child("projected"), "sources"));
        }
        found.push((path, volume));
    }
    found
}

/// The members of a list, each with its path.
fn each<'v>(of: &'v Value, path: &FieldPath, name: &str) -> Vec<(FieldPath, &'v Value)> {
    let list = of.get(name).and_then(Value::as_array).into_iter().flatten().enumerate();
    list.map(|(at, it)| (path.child(name).index(at), it)).collect()
}

fn name_of(source: &Map<String, Value>) -> Option<&str> {
    source.get("secretName").or_else(|| source.get("name")).and_then(Value::as_str)
}

fn is_optional(source: &Map<String, Value>) -> bool {
    source.get("optional") == Some(&Value::Bool(true))
}

/// The keys that are taken of it one by one.
fn keys_of(source: &Map<String, Value>) -> BTreeSet<&str> {
    let items = source.get("items").and_then(Value::as_array).into_iter().flatten();
    let items = items.filter_map(|it| it.get("key"));
    source.get("key").into_iter().chain(items).filter_map(Value::as_str).collect()
}

/// The same source as one of the other kind: a volume alone calls the name of a Secret otherwise.
fn turned(source: &Map<String, Value>, into: &str, path: &FieldPath) -> Map<String, Value> {
    let is_volume = !path.as_str().contains("/projected/");
    let called = if into == "secret" && is_volume { "secretName" } else { "name" };
    let rename =
        |it: &str| if matches!(it, "secretName" | "name") { called } else { it }.to_owned();
    source.iter().map(|(key, value)| (rename(key), value.clone())).collect()
}

#[test]
fn a_volume_alone_calls_the_name_of_a_secret_otherwise() {
    let named = |source: Value, into: &str, path: &str| -> Value {
        let path = FieldPath::parse(path).unwrap();
        turned(source.as_object().unwrap(), into, &path).into()
    };
    let (plain, secret) = (
        serde_json::json!({"name": "a", "items": []}),
        serde_json::json!({"secretName": "a", "items": []}),
    );
    let (volume, part) = ("/spec/volumes/0", "/spec/volumes/0/projected/sources/0");
    assert_eq!(named(secret.clone(), "configMap", volume), plain);
    assert_eq!(named(plain.clone(), "secret", volume), secret);
    assert_eq!(named(plain.clone(), "secret", part), plain);
    assert_eq!(named(plain.clone(), "secretRef", "/spec/containers/0/envFrom/0"), plain);
}
