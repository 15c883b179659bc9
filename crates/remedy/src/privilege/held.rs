//! What the admission policy keeps as it is, whoever writes: who a pod is, how it is kept apart, and what may run
//! in it.
//!
//! A rollback that would change it is refused by the API server, so no machine orders it in the first place.

use std::collections::BTreeSet;

use serde_json::Value;
use types::Edit;

use super::beside;

/// Fields of a pod that say who it is.
const IDENTITY: [&str; 6] = [
    "serviceAccountName",
    "serviceAccount",
    "automountServiceAccountToken",
    "hostUsers",
    "runtimeClassName",
    "restartPolicy",
];
/// Fields of a container that stay as they are.
const OF_CONTAINER: [&str; 2] = ["lifecycle", "volumeDevices"];
/// The lists of containers.
const LISTS: [&str; 2] = ["containers", "initContainers"];
/// What stands before an image by mistake.
const SCHEMES: [&str; 3] = ["docker://", "https://", "http://"];

/// A value before and after.
pub(super) type Change<'a> = (Option<&'a Value>, Option<&'a Value>);

/// The first field of these edits that only a person changes.
pub(crate) fn held(edits: &[Edit]) -> Option<&str> {
    edits.iter().find(|it| is_held(it)).map(|it| it.path.as_str())
}

fn is_held(edit: &Edit) -> bool {
    let names: Vec<String> = edit.path.names().collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let change = (edit.from.as_ref(), edit.to.as_ref());
    let Some(template) = names.iter().position(|it| *it == "template") else {
        // What the template lies in: nobody knows which of it.
        return ["", "/spec", "/spec/jobTemplate", "/spec/jobTemplate/spec"]
            .contains(&edit.path.as_str());
    };
    match names.get(template + 1..).unwrap_or_default() {
        [] => true,
        ["metadata", below @ ..] => beside::is_mark_changed(below, change),
        ["spec", below @ ..] => is_of_spec_held(below, change),
        [..] => false,
    }
}

fn is_of_spec_held(names: &[&str], change: Change<'_>) -> bool {
    match names {
        // The whole of it: nobody knows which of its parts.
        [] | ["dnsConfig", _, ..] => true,
        [list] if LISTS.contains(list) => of_list(change),
        [list, _] if LISTS.contains(list) => of_container(change),
        [list, _, "image"] if LISTS.contains(list) => is_another_repository(change),
        [list, _, "securityContext", below @ ..] if LISTS.contains(list) => {
            of_context(below, change)
        }
        [list, _, "ports", _, "hostIP"] if LISTS.contains(list) => true,
        [list, _, name, ..] if LISTS.contains(list) => OF_CONTAINER.contains(name),
        ["securityContext"] => {
            members(change).iter().any(|name| *name != "sysctls" && is_changed(of(change, name)))
        }
        ["securityContext", name, ..] => *name != "sysctls",
        ["volumes", below @ ..] => {
            mounts_a_token(below, change) || beside::is_volume_opened(below, change)
        }
        ["priorityClassName"] => {
            change.1.and_then(Value::as_str).is_some_and(|it| it.starts_with("system-"))
        }
        [name, ..] => IDENTITY.contains(name),
    }
}

/// A list of containers: none is added, and each is kept as the one of its name was.
fn of_list((from, to): Change<'_>) -> bool {
    let list = |it: Option<&Value>| it.and_then(Value::as_array).cloned().unwrap_or_default();
    let before = list(from);
    list(to).iter().any(|after| {
        match before.iter().find(|it| it.get("name") == after.get("name")) {
            Some(before) => of_container((Some(before), Some(after))),
            None => true,
        }
    })
}

fn of_container(change: Change<'_>) -> bool {
    OF_CONTAINER.iter().any(|it| is_changed(of(change, it)))
        || is_another_repository(of(change, "image"))
        || of_context(&[], of(change, "securityContext"))
}

/// The security context of a container, or a part of it: as it was, or narrower. What is switched on beyond that is
/// a right that is given, and told apart.
fn of_context(below: &[&str], change: Change<'_>) -> bool {
    let is = |it: Option<&Value>, flag: bool| it == Some(&Value::Bool(flag));
    let (from, to) = change;
    match below {
        [] => members(change).iter().any(|it| of_context(&[it], of(change, it))),
        ["readOnlyRootFilesystem" | "runAsNonRoot"] => {
            is(from, true) && !is(to, true) || is(to, false) && !is(from, false)
        }
        ["allowPrivilegeEscalation"] => is(from, false) && !is(to, false),
        ["capabilities"] => loses_one(of(change, "drop")),
        ["capabilities", "drop"] => loses_one(change),
        ["capabilities" | "privileged" | "procMount", ..] => false,
        [..] => is_changed(change),
    }
}

/// Whether a capability is dropped no more.
fn loses_one((from, to): Change<'_>) -> bool {
    let list = |it: Option<&Value>| it.and_then(Value::as_array).cloned().unwrap_or_default();
    let after = list(to);
    list(from).iter().any(|it| !after.contains(it))
}

/// A token of a service account in a volume that was not there before.
fn mounts_a_token(below: &[&str], (from, to): Change<'_>) -> bool {
    let has = |it: &Value| it.to_string().contains("\"serviceAccountToken\"");
    let Some(to) = to else { return false };
    match (to.as_array(), from.and_then(Value::as_array)) {
        (Some(after), Some(before)) => after.iter().any(|it| has(it) && !before.contains(it)),
        (_, _) => has(to) || below.contains(&"serviceAccountToken"),
    }
}

/// A member of what changes.
fn of<'a>((from, to): Change<'a>, name: &str) -> Change<'a> {
    (from.and_then(|it| it.get(name)), to.and_then(|it| it.get(name)))
}

/// The names of the members before and after.
fn members((from, to): Change<'_>) -> BTreeSet<&str> {
    let objects = [from, to].into_iter().flatten().filter_map(Value::as_object);
    objects.flat_map(|it| it.keys().map(String::as_str)).collect()
}

/// Whether it is not the same after as before.
fn is_changed((from, to): Change<'_>) -> bool {
    from != to
}

/// Whether an image is of another repository than the one before, as the admission policy reads them.
fn is_another_repository((from, to): Change<'_>) -> bool {
    let repository = |it: Option<&Value>| it.and_then(Value::as_str).map(repository);
    to.is_some() && repository(from) != repository(to)
}

/// An image without digest and tag, and without a scheme or a second tag.
fn repository(image: &str) -> String {
    let image = SCHEMES.iter().fold(image.to_owned(), |it, scheme| it.replace(scheme, ""));
    let path = registry(&image);
    let rest = image.get(path..).unwrap_or_default();
    let end = rest.find([':', '@']).unwrap_or(rest.len());
    image.get(..path + end).unwrap_or_default().to_owned()
}

/// Where the path begins behind a registry with or without a port; 0 where there is none.
fn registry(image: &str) -> usize {
    let is_address = |it: &str| it.chars().all(|it| it.is_ascii_hexdigit() || ":.".contains(it));
    let inside = image.strip_prefix('[').and_then(|it| it.split_once(']'));
    let host = match inside.filter(|it| is_address(it.0)) {
        Some((inside, _)) => inside.len() + 2,
        None => image.find([':', '@', '/']).unwrap_or(image.len()),
    };
    let rest = image.get(host..).unwrap_or_default();
    let port = rest.strip_prefix(':').map_or(0, |it| {
        let digits = it.bytes().take_while(u8::is_ascii_digit).count();
        if 0 < digits { digits + 1 } else { 0 }
    });
    if rest.get(port..).is_some_and(|it| it.starts_with('/')) { host + port + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use types::FieldPath;

    use super::*;

    #[track_caller]
    fn check(path: &str, from: Value, to: Value, expected: bool) {
        let path = FieldPath::parse(&format!("/spec/template/{path}")).unwrap();
        let seen = |it: Value| Some(it).filter(|it| !it.is_null());
        let edit = Edit { path, from: seen(from), to: seen(to) };
        assert_eq!(held(std::slice::from_ref(&edit)).is_some(), expected, "{edit}");
    }

    #[test]
    fn who_a_pod_is_and_how_it_is_kept_apart_stays() {
        let none = Value::Null;
        check("spec/serviceAccountName", json!("a"), json!("b"), true);
        check("spec/securityContext/runAsGroup", json!(65534), json!(0), true);
        check("spec/securityContext/fsGroup", none.clone(), json!(3000), true);
        check("spec/securityContext", json!({"fsGroup": 1}), none.clone(), true);
        check("spec/securityContext", json!({"sysctls": []}), none.clone(), false);
        check("spec/securityContext/sysctls", json!([]), none.clone(), false);
        check("spec/priorityClassName", json!("web"), json!("system-node-critical"), true);
        check("spec/priorityClassName", json!("web"), json!("api"), false);
        check("spec/nodeSelector", json!({"a": "b"}), none.clone(), false);
        check("metadata/labels/serviceAccountName", json!("a"), json!("b"), false);
        let token = json!({"name": "t", "projected": {"sources": [{"serviceAccountToken": {}}]}});
        check("spec/volumes", json!([]), json!([token]), true);
        check("spec/volumes", json!([token, {"name": "a"}]), json!([token]), false);
        check("spec", json!({"hostname": "a"}), json!({}), true);
    }

    #[test]
    fn a_container_keeps_its_rights_or_gets_fewer() {
        let none = Value::Null;
        let context = "spec/containers/0/securityContext";
        check(&format!("{context}/runAsUser"), json!(1000), none.clone(), true);
        check(&format!("{context}/readOnlyRootFilesystem"), json!(true), none.clone(), true);
        check(&format!("{context}/readOnlyRootFilesystem"), none.clone(), json!(true), false);
        check(&format!("{context}/runAsNonRoot"), json!(true), json!(false), true);
        check(&format!("{context}/allowPrivilegeEscalation"), json!(false), none.clone(), true);
        check(&format!("{context}/privileged"), json!(true), none.clone(), false);
        check(&format!("{context}/capabilities/drop"), json!(["ALL"]), none.clone(), true);
        check(&format!("{context}/capabilities/drop"), none.clone(), json!(["ALL"]), false);
        check(context, json!({"capabilities": {"drop": ["ALL"]}}), none.clone(), true);
        check(context, json!({"privileged": true}), none.clone(), false);
        check("spec/containers/0/lifecycle/preStop", none.clone(), json!({}), true);
        check("spec/containers/0/env/0/value", json!("a"), json!("b"), false);
    }

    #[test]
    fn no_container_is_added_and_none_gets_another_repository() {
        let app = json!({"name": "app", "image": "shop/web:2"});
        let old = json!({"name": "app", "image": "shop/web:1"});
        let sidecar = json!({"name": "proxy", "image": "shop/proxy:1"});
        check("spec/containers", json!([app, sidecar]), json!([old]), false);
        check("spec/containers", json!([app]), json!([old, sidecar]), true);
        check("spec/initContainers", json!([sidecar]), Value::Null, false);
        check("spec/initContainers", Value::Null, json!([sidecar]), true);
        let image = "spec/containers/0/image";
        check(image, json!("shop/web:2"), json!("shop/web:1"), false);
        check(image, json!("shop/wbe:2"), json!("shop/web:2"), true);
        check(image, json!("docker://nginx:1.27"), json!("nginx:1.27"), false);
        check(image, json!("nginx:feature/login-2"), json!("nginx:1.27"), false);
        check(image, json!("r:5000/a/b@sha256:0"), json!("r:5000/a/b:1"), false);
        check(image, json!("[fe80::1]:5000/a:2"), json!("[fe80::1]:5000/a:1"), false);
        check(image, json!("r:5000/a:1"), json!("r:5001/a:1"), true);
    }
}
