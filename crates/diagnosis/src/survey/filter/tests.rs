//! Labels are asked of every kind that has them, and of no other.

use jiff::Timestamp;
use serde_json::json;
use types::{AnyFault, Fault};

use super::*;

fn snapshot() -> Snapshot {
    let labelled = |kind: &str, name: &str| json!({"kind": kind, "metadata": {"name": name, "namespace": "shop", "labels": {"app": "web"}}});
    let read = |it: Value| serde_json::from_value(it).unwrap();
    let quota = read(labelled("ResourceQuota", "small"));
    let bare = read(json!({"metadata": {"name": "bare", "namespace": "shop"}}));
    let map = |it: Value| Snapshot::size(&serde_json::from_value(it).unwrap());
    let bare_map = map(json!({"metadata": {"name": "bare", "namespace": "shop"}}));
    let validating = serde_json::from_value(webhook("validates")).unwrap();
    let mutating = serde_json::from_value(webhook("changes")).unwrap();
    Snapshot {
        quotas: Some(vec![quota, bare]),
        config_maps: Some(vec![map(labelled("ConfigMap", "web")), bare_map]),
        webhooks: Some([Webhook::validating(&validating), Webhook::mutating(&mutating)].concat()),
        deliveries: Some(vec![labelled("HelmRelease", "web"), labelled("Kustomization", "web")]),
        certificates: Some(vec![labelled("Certificate", "web")]),
        ..Snapshot::at(Timestamp::UNIX_EPOCH, "default")
    }
}

fn webhook(name: &str) -> Value {
    json!({"metadata": {"name": name, "labels": {"app": "web"}}, "webhooks": [{"name": "a.example.com",
        "admissionReviewVersions": ["v1"], "sideEffects": "None", "clientConfig": {"url": "https://example.com"}}]})
}

#[track_caller]
fn check(kind: &str, name: &str, labels: &str, expected: bool) {
    let space = if kind.ends_with("WebhookConfiguration") { "" } else { "shop" };
    let subject = Subject::new(kind, space, name);
    let fault = AnyFault::Workload(Fault::CrashLoopBackOff);
    let found = vec![Finding::new(subject, Severity::Warning, fault, String::new())];
    let request = ScanRequest::default();
    let told = asked_for(found, &request, &labels.parse().unwrap(), &snapshot());
    assert_eq!(!told.is_empty(), expected, "{kind} {name} {labels}");
}

#[test]
fn labels_are_asked_of_every_kind_that_has_them() {
    for (kind, name) in [
        ("ResourceQuota", "small"),
        ("HelmRelease", "web"),
        ("Kustomization", "web"),
        ("Certificate", "web"),
        ("ConfigMap", "web"),
        ("ValidatingWebhookConfiguration", "validates"),
        ("MutatingWebhookConfiguration", "changes"),
    ] {
        check(kind, name, "app=web", true);
        check(kind, name, "app!=web", false);
    }
}

#[test]
fn an_object_without_labels_has_none_of_what_is_excluded() {
    for kind in ["ResourceQuota", "ConfigMap"] {
        check(kind, "bare", "app=web", false);
        check(kind, "bare", "app!=web", true);
    }
}

#[test]
fn where_labels_are_not_known_nothing_fits() {
    for (kind, name) in [
        ("ConfigMap", "gone"),
        ("HelmChart", "web"),
        ("ResourceQuota", "gone"),
        ("ValidatingWebhookConfiguration", "changes"),
    ] {
        check(kind, name, "app=web", false);
        check(kind, name, "app!=web", false);
        check(kind, name, "", true);
    }
}
