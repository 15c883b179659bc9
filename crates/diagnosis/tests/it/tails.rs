//! Where the manifest has what the tail of a log is about: the everyday ones.

use crate::fields::{Case, fields};

/// A Service of the namespace with the pods behind it.
fn service(name: &str, port: u16) -> String {
    format!(
        "---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop, uid: {name}, creationTimestamp: 2026-11-20T00:00:00Z}}
spec: {{type: ClusterIP, clusterIP: 10.96.7.7, selector: {{app: {name}}}, ports: [{{port: {port}, targetPort: {port}}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: {name}-0, namespace: shop, uid: {name}-0, labels: {{app: {name}}}, creationTimestamp: 2026-11-20T00:00:00Z}}
spec: {{containers: [{{name: app, image: 'shop/db:1', ports: [{{containerPort: {port}}}]}}]}}
status: {{phase: Running, conditions: [{{type: Ready, status: 'True', lastTransitionTime: 2026-11-20T00:00:00Z}}]}}
"
    )
}

fn map(name: &str, key: &str) -> String {
    format!(
        "---
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}, namespace: shop, uid: {name}, creationTimestamp: 2026-11-20T00:00:00Z}}
data: {{{key}: x}}
"
    )
}

/// The cases: `=== container`, `+++ Service NAME PORT` or `+++ ConfigMap NAME KEY` for what is beside it, the log, and
/// `--- field | words of the cause`, where no field is one that nothing in the template is to blame for.
#[test]
fn the_field_is_told_that_a_log_is_about() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tails.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let wrong: Vec<_> = text.split("=== ").skip(1).filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

fn wrong(case: &str) -> Option<String> {
    let (container, rest) = case.split_once('\n').unwrap();
    let beside = rest.lines().find_map(|it| it.strip_prefix("+++ ")).map(beside);
    let is_log = |it: &&str| !it.starts_with("+++ ") && !it.starts_with("--- ");
    let log = rest.lines().filter(is_log).collect::<Vec<_>>().join("\n");
    let expected = rest.lines().find_map(|it| it.strip_prefix("--- ")).unwrap();
    let (field, words) = expected.split_once(" | ").unwrap();
    let told = Case { container, log: &log, beside: &beside.unwrap_or_default() }.told();
    let named = told.clues.iter().filter(|it| it.fact.ends_with(".named_in"));
    let mut found = fields(&told);
    found.extend(named.map(|it| it.value.strip_prefix("/spec/containers/0").unwrap()));
    (found != [field] || !told.cause.contains(words))
        .then(|| format!("{log}\n  expected {expected}\n  told {found:?} {}", told.cause))
}

fn beside(text: &str) -> String {
    match text.split(' ').collect::<Vec<_>>().as_slice() {
        ["Service", name, port] => service(name, port.parse().unwrap()),
        ["ConfigMap", name, key] => map(name, key),
        other => panic!("{other:?}"),
    }
}
