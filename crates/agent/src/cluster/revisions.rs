//! Which revisions were seen ready: what a rollback may return to.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use types::{Kind, ObjectRef};

use super::caches::controller;

/// How many are remembered. Whoever has more begins anew: what is ready now is seen again at once.
const LIMIT: usize = 20_000;
/// The label with which stateful and daemon sets name the revision of a pod.
const REVISION_LABEL: &str = "controller-revision-hash";

/// The revisions whose pods were seen ready, as namespace and name of the object that holds the template, and uid
/// of the owner of the pods.
#[derive(Debug, Default)]
pub(super) struct ReadyRevisions {
    seen: Mutex<BTreeMap<(String, String, String), Seen>>,
}

/// What was seen of the readiness of a revision.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    /// For how long at a stretch.
    longest: SignedDuration,
    /// How long it would have to be, by a pod that nobody deleted and that lost it at once or ends again and again.
    least: SignedDuration,
}

impl ReadyRevisions {
    /// Remembers the revision of this pod, if it is ready.
    pub(super) fn note(&self, pod: &Pod, now: Timestamp) {
        let Some(since) = ready_since(pod) else { return };
        let Some(name) = revision_name(pod) else { return };
        let longest = now.duration_since(since);
        self.add(pod, name, Seen { longest, least: SignedDuration::ZERO });
    }

    /// Remembers for how long a pod was ready that was so before and may not be any more. What is read late may
    /// have ended long ago: when it did, the pod itself says.
    pub(super) fn note_change(&self, before: &Pod, after: &Pod, now: Timestamp) {
        let Some(since) = ready_since(before) else { return };
        let Some(name) = revision_name(before) else { return };
        let end = [unready_since(after), asked_to_go(after)].into_iter().flatten().min();
        let longest = end.unwrap_or(now).duration_since(since);
        let stays = after.metadata.deletion_timestamp.is_none() && ready_since(after).is_none();
        let between_ends = || diagnosis::needed_readiness(after, now);
        let least = stays.then(|| between_ends().unwrap_or(diagnosis::LASTING));
        self.add(before, name, Seen { longest, least: least.unwrap_or(SignedDuration::ZERO) });
    }

    fn add(&self, pod: &Pod, name: String, new: Seen) {
        let namespace = pod.metadata.namespace.clone().unwrap_or_default();
        let owner = controller(&pod.metadata).map(|it| it.uid.clone()).unwrap_or_default();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if LIMIT <= seen.len() {
            seen.clear();
        }
        let known = seen.entry((namespace, name, owner)).or_default();
        known.longest = known.longest.max(new.longest);
        known.least = known.least.max(new.least);
    }

    /// Those of a subject that were seen ready, and for no mere moment between two ends.
    pub(super) fn that_worked(
        &self,
        subject: &ObjectRef,
        is_its: impl Fn(&str, &str) -> bool,
    ) -> Vec<String> {
        let known = self.of(subject, is_its).into_iter();
        known.filter(|(_, it)| it.least <= it.longest).map(|it| it.0).collect()
    }

    /// For how long at a stretch a pod of each of them was ready.
    pub(super) fn longest(
        &self,
        subject: &ObjectRef,
        is_its: impl Fn(&str, &str) -> bool,
    ) -> Vec<(String, SignedDuration)> {
        let known = self.of(subject, is_its).into_iter();
        known.map(|(name, it)| (name, it.longest)).collect()
    }

    /// Those of a subject: the names of its revisions begin with its own, and `is_its` says of a name and the uid
    /// of the owner of its pods whether they are its own and not of another of that name.
    fn of(&self, subject: &ObjectRef, is_its: impl Fn(&str, &str) -> bool) -> Vec<(String, Seen)> {
        let prefix = format!("{}-", subject.name);
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.range((subject.namespace.clone(), prefix.clone(), String::new())..)
            .take_while(|((it, name, _), _)| *it == subject.namespace && name.starts_with(&prefix))
            .filter(|((_, name, owner), _)| is_its(name, owner))
            .map(|((_, name, _), it)| (name.clone(), *it))
            .collect()
    }
}

/// The name of the ReplicaSet or ControllerRevision that holds the template of this pod.
fn revision_name(pod: &Pod) -> Option<String> {
    let owner = controller(&pod.metadata)?;
    let hash = || pod.metadata.labels.as_ref()?.get(REVISION_LABEL);
    if owner.kind == Kind::ReplicaSet.as_str() {
        Some(owner.name.clone())
    } else if owner.kind == Kind::StatefulSet.as_str() {
        // Here the label is the whole name.
        hash().cloned()
    } else if owner.kind == Kind::DaemonSet.as_str() {
        hash().map(|it| format!("{}-{it}", owner.name))
    } else {
        None
    }
}

/// Since when the pod is ready; `None` while it is not.
fn ready_since(pod: &Pod) -> Option<Timestamp> {
    since(pod, "True")
}

/// Since when the pod is not ready; `None` while it is.
fn unready_since(pod: &Pod) -> Option<Timestamp> {
    since(pod, "False")
}

fn since(pod: &Pod, ready: &str) -> Option<Timestamp> {
    let mut conditions = pod.status.iter().flat_map(|it| it.conditions.iter().flatten());
    let condition = conditions.find(|it| it.type_ == "Ready" && it.status == ready)?;
    condition.last_transition_time.as_ref().map(|it| it.0)
}

/// When somebody deleted the pod: its time to go begins then.
fn asked_to_go(pod: &Pod) -> Option<Timestamp> {
    let end = pod.metadata.deletion_timestamp.as_ref()?.0;
    let grace = SignedDuration::from_secs(pod.metadata.deletion_grace_period_seconds.unwrap_or(0));
    end.checked_sub(grace).ok()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn pod(kind: &str, owner: &str, hash: &str, ready: &str) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"namespace": "shop", "labels": {REVISION_LABEL: hash}, "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": kind, "name": owner, "uid": "u", "controller": true}]},
            "status": {"conditions": [
                {"type": "Ready", "status": ready, "lastTransitionTime": at(100)}]}}))
        .unwrap()
    }

    #[test]
    fn each_kind_names_its_revisions_in_its_own_way() {
        let revisions = ReadyRevisions::default();
        revisions.note(&pod("ReplicaSet", "web-7d9", "", "True"), at(101));
        revisions.note(&pod("ReplicaSet", "web-bad", "", "False"), at(101));
        revisions.note(&pod("StatefulSet", "db", "db-5f4", "True"), at(101));
        revisions.note(&pod("DaemonSet", "log", "6c8", "True"), at(101));

        let of =
            |kind, name| revisions.that_worked(&ObjectRef::named(kind, "shop", name), |_, _| true);

        assert_eq!(of(Kind::Deployment, "web"), ["web-7d9"]);
        assert_eq!(of(Kind::StatefulSet, "db"), ["db-5f4"]);
        assert_eq!(of(Kind::DaemonSet, "log"), ["log-6c8"]);
        let other = ObjectRef::named(Kind::Deployment, "other", "web");
        assert!(revisions.that_worked(&other, |_, _| true).is_empty());
    }

    #[test]
    fn a_pod_of_another_owner_of_the_same_name_says_nothing() {
        let revisions = ReadyRevisions::default();
        revisions.note(&pod("ReplicaSet", "web-7d9", "", "True"), at(101));
        let web = ObjectRef::named(Kind::Deployment, "shop", "web");

        let owned_by = |uid: &str| revisions.that_worked(&web, |_, owner| owner == uid);

        assert_eq!(owned_by("u"), ["web-7d9"]);
        assert!(owned_by("of its successor").is_empty());
    }

    #[test]
    fn a_moment_of_readiness_is_not_remembered_as_one_that_lasted() {
        let revisions = ReadyRevisions::default();
        let web = ObjectRef::named(Kind::Deployment, "shop", "web");
        revisions.note(&pod("ReplicaSet", "web-crashes", "", "True"), at(102));
        revisions.note(&pod("ReplicaSet", "web-works", "", "True"), at(102));
        revisions.note(&pod("ReplicaSet", "web-works", "", "True"), at(110));

        assert_eq!(revisions.that_worked(&web, |_, _| true), ["web-crashes", "web-works"]);
        let secs = SignedDuration::from_secs;
        let longest = [("web-crashes".to_owned(), secs(2)), ("web-works".to_owned(), secs(10))];
        assert_eq!(revisions.longest(&web, |_, _| true), longest);
    }

    /// The pod as it is once it is not ready any more, since then.
    fn unready(revision: &str, since: i64) -> Pod {
        let mut pod = pod("ReplicaSet", revision, "", "False");
        let conditions = pod.status.as_mut().unwrap().conditions.as_mut().unwrap();
        conditions[0].last_transition_time = Some(Time(at(since)));
        pod
    }

    #[test]
    fn what_lost_its_readiness_at_once_was_never_well() {
        let revisions = ReadyRevisions::default();
        let web = ObjectRef::named(Kind::Deployment, "shop", "web");
        let mut deleted = unready("web-replaced", 103);
        deleted.metadata.deletion_timestamp = Some(Time(at(133)));
        deleted.metadata.deletion_grace_period_seconds = Some(30);
        let ends = [
            ("web-broke", unready("web-broke", 103)),
            ("web-replaced", deleted),
            ("web-worked", unready("web-worked", 200)),
        ];
        for (name, after) in ends {
            let before = pod("ReplicaSet", name, "", "True");
            revisions.note(&before, at(101));
            // Read late: that says nothing of when it ended.
            revisions.note_change(&before, &after, at(300));
        }

        assert_eq!(revisions.that_worked(&web, |_, _| true), ["web-replaced", "web-worked"]);
    }

    /// A pod whose second container has been restarted so often, and ends again after 12 seconds.
    fn crashed(revision: &str, restarts: i32, since: i64) -> Pod {
        let mut pod = unready(revision, since);
        let statuses = json!([
            {"name": "app", "image": "", "imageID": "", "ready": true, "restartCount": 0,
                "state": {"running": {"startedAt": at(100)}}},
            {"name": "beside", "image": "", "imageID": "", "ready": false, "restartCount": restarts,
                "state": {"terminated": {"exitCode": 1, "startedAt": at(since - 12), "finishedAt": at(since)}}}]);
        let statuses = serde_json::from_value(statuses).unwrap();
        pod.status.as_mut().unwrap().container_statuses = Some(statuses);
        pod
    }

    #[test]
    fn what_is_ready_as_long_as_it_lives_never_worked_however_often_it_is() {
        let revisions = ReadyRevisions::default();
        let web = ObjectRef::named(Kind::Deployment, "shop", "web");
        let mut worked = pod("ReplicaSet", "web-worked", "", "True");
        revisions.note_change(&worked, &unready("web-worked", 400), at(400));
        for (restarts, start) in [(0, 100), (1, 113), (2, 135), (3, 167), (4, 219)] {
            for name in ["web-crashes", "web-worked"] {
                worked = pod("ReplicaSet", name, "", "True");
                let conditions = worked.status.as_mut().unwrap().conditions.as_mut().unwrap();
                conditions[0].last_transition_time = Some(Time(at(start)));
                revisions.note(&worked, at(start + 11));
                let ended = crashed(name, restarts, start + 12);
                revisions.note_change(&worked, &ended, at(start + 12));
            }
        }

        assert_eq!(revisions.that_worked(&web, |_, _| true), ["web-worked"]);
        let longest = revisions.longest(&web, |_, _| true);
        assert_eq!(longest[0], ("web-crashes".to_owned(), SignedDuration::from_secs(12)));
    }
}
