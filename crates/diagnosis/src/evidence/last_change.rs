//! When somebody else than we last changed what the subject should be, and who it was.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use types::LastChange;

use super::belonging::plain;
use super::hands::hand;
use super::owners::OURS;
use crate::Root;

/// How long after a write of ours its revision may be made: a controller that is busy comes later.
const MADE_AFTER: SignedDuration = SignedDuration::from_secs(10);
/// The number of replicas: nobody mends a workload by it, and autoscalers set it all the time.
const REPLICAS: &str = "f:replicas";

/// The newest of three: what each manager but us last wrote of the spec, the object's making, and that of its newest
/// revision.
///
/// The API server keeps one time for all that a manager wrote, so that one who owns part of the spec and moves a label
/// counts as well. It keeps none for what is only taken away, such as a line of `env`: there the revision tells, unless
/// we wrote when it was made. A rollback makes no new revision, and is told by its manager alone.
///
/// What a controller made is not somebody's, and neither is what the control plane writes. Without `managedFields` the
/// making is left, so that nothing is ever told as new for longer than it is.
pub(super) fn fact(root: &Root, newest_revision: Option<Timestamp>) -> Option<LastChange> {
    let metadata = root.metadata();
    let entries = || metadata.managed_fields.iter().flatten().filter(|it| is_of_spec(it));
    let by = |manager: &str| Some(plain(manager)).filter(|it| it != "?");
    let written = entries().filter_map(|it| {
        let manager = hand(it.manager.as_deref().unwrap_or_default())?;
        Some(LastChange { at: it.time.as_ref()?.0, by: by(manager).filter(|it| !it.is_empty()) })
    });
    let is_controlled =
        metadata.owner_references.iter().flatten().any(|it| it.controller == Some(true));
    let made = metadata.creation_timestamp.as_ref().map(|it| it.0).filter(|_| !is_controlled);
    let ours = entries().filter(|it| it.manager.as_deref() == Some(OURS));
    let ours = ours.filter_map(|it| it.time.as_ref()).map(|it| it.0).max();
    let is_news = |it: &Timestamp| ours.is_none_or(|ours| MADE_AFTER < it.duration_since(ours));
    let revised = newest_revision.filter(is_news);
    let untold = made.into_iter().chain(revised).map(|at| LastChange { at, by: None });
    // Of two at the same time, the one that is told by whom.
    written.chain(untold).max_by_key(|it| (it.at, it.by.is_some()))
}

/// Whether it is a write of the spec itself, and of more than how many replicas there are.
fn is_of_spec(entry: &ManagedFieldsEntry) -> bool {
    let spec = entry.fields_v1.as_ref().and_then(|it| it.0.get("f:spec")?.as_object());
    let is_more = |it: &String| it != "." && it != REPLICAS;
    entry.subresource.is_none() && spec.is_some_and(|it| it.keys().any(is_more))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use k8s_openapi::api::apps::v1::Deployment;
    use serde_json::{Value, json};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn entry(manager: &str, second: i64, fields: &Value) -> Value {
        let (manager, subresource) = manager.split_once('/').unwrap_or((manager, ""));
        let mut entry = json!({"manager": manager, "operation": "Update",
            "time": at(second).to_string(), "fieldsV1": fields});
        if !subresource.is_empty() {
            entry["subresource"] = json!(subresource);
        }
        entry
    }

    /// What a manager wrote of the spec.
    fn spec(manager: &str, second: i64, field: &str) -> Value {
        entry(manager, second, &json!({"f:spec": {field: {}}}))
    }

    /// A Deployment that was made at second 0, and whose newest revision was made then.
    fn told(entries: &[Value], revised: Option<i64>) -> Option<(i64, Option<String>)> {
        let root = json!({"metadata": {"creationTimestamp": at(0).to_string(),
            "managedFields": entries}});
        let root: Deployment = serde_json::from_value(root).unwrap();
        let change = fact(&Root::Deployment(Arc::new(root)), revised.map(at))?;
        Some((change.at.duration_since(at(0)).as_secs(), change.by))
    }

    #[track_caller]
    fn check(entries: &[Value], revised: Option<i64>, expected: (i64, &str)) {
        let by = Some(expected.1.to_owned()).filter(|it| !it.is_empty());
        assert_eq!(told(entries, revised), Some((expected.0, by)));
    }

    #[test]
    fn whoever_writes_the_spec_changes_it() {
        let made = spec("kubectl-client-side-apply", 0, "f:template");
        check(std::slice::from_ref(&made), Some(0), (0, "kubectl"));
        for manager in ["kubectl-edit", "kubectl-set", "kubectl-rollout", "kubectl"] {
            check(&[made.clone(), spec(manager, 50, "f:template")], Some(0), (50, "kubectl"));
        }
        // A Service, and somebody without a name, or with one that is none.
        check(&[made.clone(), spec("ci-bot", 50, "f:ports")], None, (50, "ci-bot"));
        check(&[made.clone(), spec("", 50, "f:template")], None, (50, ""));
        check(&[made, spec("<!channel>", 50, "f:template")], None, (50, ""));
    }

    #[test]
    fn what_is_no_change_of_the_spec_is_none() {
        let made = spec("kubectl", 0, "f:template");
        let mark = json!({"f:metadata": {"f:annotations": {"f:note": {}}}});
        let status = json!({"f:status": {"f:replicas": {}}});
        for other in [
            entry("kubectl-annotate", 50, &mark),
            entry("kube-controller-manager/status", 50, &mark),
            entry("kube-controller-manager", 50, &status),
            spec("kube-controller-manager", 50, "f:suspend"),
            spec("kube-controller-manager/scale", 50, REPLICAS),
            spec("kubectl/scale", 50, REPLICAS),
            spec("sized-by-load", 50, REPLICAS),
            spec(OURS, 50, "f:template"),
        ] {
            check(&[made.clone(), other.clone()], Some(0), (0, "kubectl"));
        }
    }

    #[test]
    fn what_was_only_taken_away_is_told_by_its_revision() {
        let made = spec("kubectl", 0, "f:template");
        check(std::slice::from_ref(&made), Some(70), (70, ""));
        // Ours, made a moment after we wrote, or before.
        let ours = spec(OURS, 60, "f:template");
        check(&[made.clone(), ours.clone()], Some(70), (0, "kubectl"));
        check(&[made.clone(), ours.clone()], Some(40), (0, "kubectl"));
        check(&[made, ours], Some(71), (71, ""));
    }

    #[test]
    fn without_managers_the_making_is_left_and_what_a_controller_made_is_nobodys() {
        check(&[], None, (0, ""));
        let root = |owners: Value| -> Deployment {
            serde_json::from_value(json!({"metadata": {"creationTimestamp": at(0).to_string(),
                "ownerReferences": owners}}))
            .unwrap()
        };
        let owned = |controller: bool| {
            let owner = json!({"apiVersion": "v1", "kind": "Thing", "name": "a", "uid": "a",
                "controller": controller});
            fact(&Root::Deployment(Arc::new(root(json!([owner])))), None)
        };
        assert_eq!(owned(true), None);
        assert!(owned(false).is_some());
        let nothing = Deployment::default();
        assert_eq!(fact(&Root::Deployment(Arc::new(nothing)), None), None);
    }
}
