//! What is there under a name that says the same in other words, and names that only look so.

use types::{Evidence, ReferenceFacts};

use crate::casebook::{gathered, scanned};

/// A Deployment that cannot start with this in its pod spec, beside these objects.
fn facts(container: &str, pod: &str, beside: &[&str]) -> Evidence {
    let spec = format!("{{containers: [{{name: app, image: 'shop/web:1', {container}}}]{pod}}}");
    let beside = beside.iter().map(|it| format!("---\n{it}\n")).collect::<String>();
    gathered(&format!(
        "{{taken_at: 2026-11-24T03:00:00Z, root: Deployment web}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop, uid: web, creationTimestamp: 2026-11-24T01:00:00Z}}
spec: {{replicas: 1, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {spec}}}}}
---
apiVersion: v1
kind: Node
metadata: {{name: node1, labels: {{pool: database, tier: production}}}}
status: {{allocatable: {{cpu: '4', memory: 8Gi, pods: '200'}}}}
{beside}"
    ))
}

fn object(kind: &str, name: &str) -> String {
    let spec = if kind == "PersistentVolumeClaim" {
        "spec: {}"
    } else {
        "data: {SMTP_PASSWORD: '', db.toml: ''}"
    };
    format!("{{apiVersion: v1, kind: {kind}, metadata: {{name: {name}, namespace: shop}}, {spec}}}")
}

/// The name, or the key, that is probably meant by the first reference that leads nowhere, and whether it is a slip.
fn meant(evidence: &Evidence) -> Option<(String, bool)> {
    let leads_nowhere = |it: &&ReferenceFacts| it.exists == Some(false);
    let found = evidence.references.iter().find(leads_nowhere)?;
    let slip = found.near_miss.clone().map(|it| (it, true));
    slip.or_else(|| found.meant.clone().map(|it| (it, false)))
}

#[test]
fn a_name_in_other_words_is_told_and_is_no_slip() {
    for (wrong, right) in [
        ("orders-db", "orders-database"),
        ("orders-db-cfg", "orders-database-config"),
        ("auth-settings", "authentication-setting"),
        ("prod-flags", "flags-production"),
        ("mail-msgs", "mail-messages"),
    ] {
        let map = format!("envFrom: [{{configMapRef: {{name: {wrong}}}}}]");
        let beside = [object("ConfigMap", right), object("ConfigMap", "billing")];
        let evidence = facts(&map, "", &beside.each_ref().map(String::as_str));
        assert_eq!(meant(&evidence), Some((right.to_owned(), false)), "{wrong}");

        let claim =
            format!(", volumes: [{{name: a, persistentVolumeClaim: {{claimName: {wrong}}}}}]");
        let beside = [object("PersistentVolumeClaim", right), object("PersistentVolumeClaim", "x")];
        let evidence = facts("", &claim, &beside.each_ref().map(String::as_str));
        assert_eq!(meant(&evidence), Some((right.to_owned(), false)), "{wrong}");
    }
}

#[test]
fn a_key_in_other_words_or_of_the_name_of_its_variable_is_told() {
    let map = object("ConfigMap", "mail");
    for (variable, key, expected) in [
        ("X", "SMTP_PWD", Some("SMTP_PASSWORD")),
        ("SMTP_PASSWORD", "MAIL_SECRET", Some("SMTP_PASSWORD")),
        ("X", "database.toml", Some("db.toml")),
        ("X", "MAIL_SECRET", None),
        ("SMTP", "MAIL_SECRET", None),
    ] {
        let source = format!("valueFrom: {{configMapKeyRef: {{name: mail, key: {key}}}}}");
        let evidence = facts(&format!("env: [{{name: {variable}, {source}}}]"), "", &[&map]);
        let expected = expected.map(|it| (it.to_owned(), false));
        assert_eq!(meant(&evidence), expected, "{variable} {key}");
    }
}

#[test]
fn a_node_label_in_other_words_is_told() {
    for (label, expected) in
        [("pool: db", Some("database")), ("tier: prod", Some("production")), ("pool: web", None)]
    {
        let evidence = facts("", &format!(", nodeSelector: {{{label}}}"), &[]);
        let expected = expected.map(|it| (it.to_owned(), false));
        assert_eq!(meant(&evidence), expected, "{label}");
    }
}

#[test]
fn what_two_say_or_nobody_says_is_not_guessed() {
    let map = "envFrom: [{configMapRef: {name: orders-db}}]";
    for beside in [
        ["orders-database", "database-orders"],
        ["orders-dev", "orders-web"],
        ["authors", "billing"],
    ] {
        let maps = beside.map(|it| object("ConfigMap", it));
        let evidence = facts(map, "", &maps.each_ref().map(String::as_str));
        let told = meant(&evidence).filter(|it| !it.1);
        assert_eq!(told, None, "{beside:?}");
    }
}

/// The edits of what a scan says of a Service that asks for this label, beside pods that have these.
fn edits(value: &str, others: [&str; 2]) -> Vec<String> {
    let pod = |it: &str| {
        format!(
            "---
apiVersion: v1
kind: Pod
metadata: {{name: {it}-0, namespace: shop, uid: {it}, labels: {{app: {it}}}, creationTimestamp: 2026-11-24T01:00:00Z}}
spec: {{containers: [{{name: app, image: 'shop/{it}:1'}}]}}
status: {{phase: Running, conditions: [{{type: Ready, status: 'True', lastTransitionTime: 2026-11-24T02:00:00Z}}]}}
"
        )
    };
    let page = format!(
        "{{taken_at: 2026-11-24T03:00:00Z}}
---
apiVersion: v1
kind: Service
metadata: {{name: front, namespace: shop, uid: s1, creationTimestamp: 2026-11-24T01:00:00Z}}
spec: {{clusterIP: 10.96.0.7, selector: {{app: {value}}}, ports: [{{port: 80}}]}}
{}",
        others.map(pod).concat()
    );
    let found = scanned(&page).unwrap();
    let all = found.iter().filter(|it| it.subject.kind == "Service").flat_map(|it| &it.edits);
    all.map(ToString::to_string).collect()
}

#[test]
fn a_label_in_other_words_goes_before_a_short_one_that_is_two_letters_away() {
    for (value, others, expected) in [
        ("seat-map-svc", ["seat-map", "seat-map-import"], Some("seat-map")),
        ("seat-map", ["seat-map-app", "seat-map-import"], Some("seat-map-app")),
        ("orders-db", ["orders-database", "orders-web"], Some("orders-database")),
        ("orders-apis", ["orders-api", "orders-worker"], Some("orders-api")),
        ("orders-svc", ["orders-app", "orders-pod"], None),
        ("orders-worker", ["orders-queue", "orders-mail"], None),
    ] {
        let expected: Vec<_> = expected
            .map(|it| format!("/spec/selector/app: \"{value}\" -> \"{it}\""))
            .into_iter()
            .collect();
        assert_eq!(edits(value, others), expected, "{value}");
    }
}
