//! Keeps as many pods as a `ReplicaSet` says.

use std::cmp::Reverse;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Desk;
use super::children::{count, min_ready, pod, put_counts};
use super::family::{is_active, is_ready};
use crate::clock::Moment;
use crate::events::now;
use crate::fields::{Fields, put};
use crate::status::StatusError;

/// More pods than this are not created in one go, so that others get their turn.
const BURST: usize = 500;

pub(super) fn reconcile(desk: &mut Desk<'_>, namespace: &str, name: &str) -> Option<Moment> {
    let set = desk.world.store.get("replicasets", namespace, name)?;
    let mut pods = desk.family.of(&desk.world.store, &set, "pods");
    if set.is_going() {
        report(desk, &set, &pods, None);
        return None;
    }
    let recorder = &desk.world.replicaset;
    let wanted = usize::try_from(count(&set, "/spec/replicas", 1)).unwrap_or(0);
    let mut active: Vec<_> = pods.iter().filter(|it| is_active(it)).map(Arc::clone).collect();
    let mut refusal = None;
    for _ in active.len()..wanted.min(active.len() + BURST) {
        let mut pod = pod(set.at("/spec/template"), &set);
        put(&mut pod, &["metadata", "generateName"], json!(format!("{name}-")));
        match desk.create_pod(recorder, &set, pod) {
            Ok(pod) => pods.push(pod),
            Err(error) => {
                refusal = Some(error);
                break;
            }
        }
    }
    if wanted < active.len() {
        let surplus = active.len() - wanted;
        active.sort_by_key(|it| rank(it));
        for pod in active.iter().take(surplus) {
            desk.delete_pod(recorder, &set, pod);
        }
        // Their deletion is a change, after which the status is worked out anew.
    }
    let next = report(desk, &set, &pods, refusal.as_ref());
    if refusal.is_some() {
        return Some(desk.after_failure(&set));
    }
    desk.family.failures.remove(set.uid());
    next
}

/// Who goes first when there are too many: those that help least, then the youngest.
fn rank(pod: &Value) -> (bool, u8, bool, Reverse<i64>, Reverse<String>) {
    let phase = match pod.text("/status/phase") {
        "Pending" => 0,
        "Running" => 2,
        _ => 1,
    };
    let restarts =
        pod.list("/status/containerStatuses").iter().filter_map(|it| it.number("/restartCount"));
    let assigned = !pod.text("/spec/nodeName").is_empty();
    let created = pod.text("/metadata/creationTimestamp").to_owned();
    (assigned, phase, is_ready(pod), Reverse(restarts.max().unwrap_or(0)), Reverse(created))
}

fn report(
    desk: &Desk<'_>,
    set: &Value,
    pods: &[Arc<Value>],
    refusal: Option<&StatusError>,
) -> Option<Moment> {
    let tally = desk.tally(pods, min_ready(set));
    let mut status = set.at("/status").clone();
    put(&mut status, &["replicas"], json!(tally.active));
    put(&mut status, &["observedGeneration"], set.at("/metadata/generation").clone());
    put(&mut status, &["terminatingReplicas"], json!(tally.going));
    put_counts(
        &mut status,
        &[
            ("fullyLabeledReplicas", tally.active),
            ("readyReplicas", tally.ready),
            ("availableReplicas", tally.available),
        ],
    );
    let failed = set.condition("ReplicaFailure");
    let complete = count(set, "/spec/replicas", 1) <= tally.active;
    match (refusal, failed) {
        (Some(error), None) => {
            let condition = json!({
                "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
                "message": error.to_string(), "lastTransitionTime": now(),
            });
            put(&mut status, &["conditions"], json!([condition]));
        }
        (None, Some(_)) if complete => crate::fields::remove(&mut status, &["conditions"]),
        (Some(_), Some(_)) | (None, _) => {}
    }
    desk.report("replicasets", set, status);
    tally.next
}
