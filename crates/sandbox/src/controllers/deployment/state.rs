//! What a deployment's status says.

use serde_json::{Value, json};

use super::super::Desk;
use super::super::children::{count, put_counts};
use super::{Rollout, deadline, size};
use crate::clock::Moment;
use crate::events::now;
use crate::fields::{Fields, put};

/// One condition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    pub(super) kind: &'a str,
    pub(super) status: &'a str,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
}

/// The conditions with one of them set. It is touched only when its status or reason is new.
pub(super) fn with(conditions: &[Value], word: Word<'_>) -> Vec<Value> {
    let before = conditions.iter().find(|it| it.text("/type") == word.kind);
    let same = before.is_some_and(|it| {
        it.text("/status") == word.status
            && it.text("/reason") == word.reason
            && it.text("/message") == word.message
    });
    if same {
        return conditions.to_vec();
    }
    let since = before.filter(|it| it.text("/status") == word.status);
    let since = since.map_or_else(|| json!(now()), |it| it.at("/lastTransitionTime").clone());
    let others = conditions.iter().filter(|it| it.text("/type") != word.kind);
    let mut res: Vec<Value> = others.cloned().collect();
    res.push(json!({
        "type": word.kind, "status": word.status, "reason": word.reason, "message": word.message,
        "lastTransitionTime": since, "lastUpdateTime": now(),
    }));
    res
}

/// The numbers of a deployment's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    replicas: i64,
    updated: i64,
    ready: i64,
    available: i64,
    going: i64,
}

impl Counts {
    fn of(rollout: &Rollout) -> Self {
        let sum = |pointer: &str| rollout.all().map(|it| count(it, pointer, 0)).sum();
        let updated = rollout.new.as_ref().map_or(0, |it| count(it, "/status/replicas", 0));
        Self {
            replicas: sum("/status/replicas"),
            updated,
            ready: sum("/status/readyReplicas"),
            available: sum("/status/availableReplicas"),
            going: sum("/status/terminatingReplicas"),
        }
    }

    fn said(deployment: &Value) -> Self {
        let number = |key: &str| count(deployment, &format!("/status/{key}"), 0);
        Self {
            replicas: number("replicas"),
            updated: number("updatedReplicas"),
            ready: number("readyReplicas"),
            available: number("availableReplicas"),
            going: number("terminatingReplicas"),
        }
    }

    /// Whether these are nearer to the goal than those.
    fn are_nearer(&self, before: &Self) -> bool {
        before.updated < self.updated
            || self.replicas - self.updated < before.replicas - before.updated
            || before.ready < self.ready
            || before.available < self.available
    }
}

/// Writes the status; when to look again.
pub(super) fn report(desk: &mut Desk<'_>, rollout: &Rollout) -> Option<Moment> {
    let deployment = &rollout.deployment;
    let counts = Counts::of(rollout);
    let (progress, again) = progress(desk, rollout, &counts);
    let mut conditions = deployment.list("/status/conditions").to_vec();
    let bounds = rollout.bounds();
    let available = if bounds.desired - bounds.unavailable <= counts.available {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    let (status, reason, message) = available;
    conditions = with(&conditions, Word { kind: "Available", status, reason, message });
    let failure = rollout.all().find_map(|it| it.condition("ReplicaFailure"));
    conditions.retain(|it| it.text("/type") != "ReplicaFailure" || failure.is_some());
    if let Some(failure) = failure {
        let (reason, message) = (failure.text("/reason"), failure.text("/message"));
        conditions =
            with(&conditions, Word { kind: "ReplicaFailure", status: "True", reason, message });
    }
    if let Some((status, reason, message)) = &progress {
        let word = Word { kind: "Progressing", status, reason, message };
        conditions = with(&conditions, word);
    }
    let mut status = deployment.at("/status").clone();
    put(&mut status, &["observedGeneration"], deployment.at("/metadata/generation").clone());
    put(&mut status, &["conditions"], Value::Array(conditions));
    put(&mut status, &["terminatingReplicas"], json!(counts.going));
    put_counts(
        &mut status,
        &[
            ("replicas", counts.replicas),
            ("updatedReplicas", counts.updated),
            ("readyReplicas", counts.ready),
            ("availableReplicas", counts.available),
            ("unavailableReplicas", (total(rollout) - counts.available).max(0)),
        ],
    );
    desk.report("deployments", deployment, status);
    again
}

fn total(rollout: &Rollout) -> i64 {
    rollout.all().map(|it| size(it).wanted).sum()
}

/// What the condition `Progressing` should say, and when it may be late.
fn progress(
    desk: &mut Desk<'_>,
    rollout: &Rollout,
    counts: &Counts,
) -> (Option<(&'static str, &'static str, String)>, Option<Moment>) {
    let deployment = &rollout.deployment;
    let reason =
        deployment.condition("Progressing").map(|it| it.text("/reason")).unwrap_or_default();
    if deployment.is_true("/spec/paused") {
        let word = ("Unknown", "DeploymentPaused", "Deployment is paused".to_owned());
        return ((reason != "DeploymentPaused").then_some(word), None);
    }
    let Some(new) = &rollout.new else { return (None, None) };
    if reason == "DeploymentPaused" {
        desk.note_progress(rollout);
        return (Some(("Unknown", "DeploymentResumed", "Deployment is resumed".to_owned())), None);
    }
    let Some(deadline) = deadline(deployment) else { return (None, None) };
    let desired = rollout.desired();
    let settled = counts.updated == counts.replicas && reason == "NewReplicaSetAvailable";
    if settled {
        return (None, None);
    }
    let name = new.name();
    if [counts.updated, counts.replicas, counts.available].iter().all(|it| *it == desired) {
        let text = format!("ReplicaSet {name:?} has successfully progressed.");
        return (Some(("True", "NewReplicaSetAvailable", text)), None);
    }
    let begun = desk.family.progress.get(deployment.uid()).copied();
    if counts.are_nearer(&Counts::said(deployment)) {
        desk.note_progress(rollout);
        let text = format!("ReplicaSet {name:?} is progressing.");
        return (Some(("True", "ReplicaSetUpdated", text)), Some(desk.now + deadline));
    }
    let Some(begun) = begun else {
        desk.note_progress(rollout);
        return (None, Some(desk.now + deadline));
    };
    if desk.now < begun + deadline {
        return (None, Some(begun + deadline));
    }
    let text = format!("ReplicaSet {name:?} has timed out progressing.");
    (Some(("False", "ProgressDeadlineExceeded", text)), None)
}
