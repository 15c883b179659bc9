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
    Snapshot {
        quotas: Some(vec![quota, bare]),
        deliveries: Some(vec![labelled("HelmRelease", "web"), labelled("Kustomization", "web")]),
        certificates: Some(vec![labelled("Certificate", "web")]),
        ..Snapshot::at(Timestamp::UNIX_EPOCH, "default")
    }
}

#[track_caller]
fn check(kind: &str, name: &str, labels: &str, expected: bool) {
    let subject = Subject::new(kind, "shop", name);
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
    ] {
        check(kind, name, "app=web", true);
        check(kind, name, "app!=web", false);
    }
}

#[test]
fn an_object_without_labels_has_none_of_what_is_excluded() {
    check("ResourceQuota", "bare", "app=web", false);
    check("ResourceQuota", "bare", "app!=web", true);
}

#[test]
fn where_labels_are_not_known_nothing_fits() {
    for (kind, name) in [("ConfigMap", "web"), ("HelmChart", "web"), ("ResourceQuota", "gone")] {
        check(kind, name, "app=web", false);
        check(kind, name, "app!=web", false);
        check(kind, name, "", true);
    }
}
