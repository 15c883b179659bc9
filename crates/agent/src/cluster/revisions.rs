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

/// For how long a revision was ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lasted {
    /// It was seen ready, and no pod of it was seen to lose that at once.
    Ever,
    /// It was ready for [`diagnosis::LASTING`].
    Long,
}

/// The revisions whose pods were seen ready, as namespace and name of the object that holds the template, and uid
/// of the owner of the pods.
#[derive(Debug, Default)]
pub(super) struct ReadyRevisions {
    seen: Mutex<BTreeMap<(String, String, String), Seen>>,
}

/// What was seen of the readiness of a revision.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    /// It lasted.
    lasted: bool,
    /// A pod that nobody deleted lost it before it had lasted.
    broke: bool,
}

impl ReadyRevisions {
    /// Remembers the revision of this pod, if it is ready.
    pub(super) fn note(&self, pod: &Pod, now: Timestamp) {
        let Some(since) = ready_since(pod) else { return };
        let Some(name) = revision_name(pod) else { return };
        let lasts = diagnosis::LASTING <= now.duration_since(since);
        self.add(pod, name, Seen { lasted: lasts, broke: false });
    }

    /// Remembers for how long a pod was ready that was so before and may not be any more. What is read late may
    /// have ended long ago: when it did, the pod itself says.
    pub(super) fn note_change(&self, before: &Pod, after: &Pod, now: Timestamp) {
        let Some(since) = ready_since(before) else { return };
        let Some(name) = revision_name(before) else { return };
        let end = [unready_since(after), asked_to_go(after)].into_iter().flatten().min();
        let lasted = diagnosis::LASTING <= end.unwrap_or(now).duration_since(since);
        let stays = after.metadata.deletion_timestamp.is_none() && ready_since(after).is_none();
        self.add(before, name, Seen { lasted, broke: stays && !lasted });
    }

    fn add(&self, pod: &Pod, name: String, new: Seen) {
        let namespace = pod.metadata.namespace.clone().unwrap_or_default();
        let owner = controller(&pod.metadata).map(|it| it.uid.clone()).unwrap_or_default();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if LIMIT <= seen.len() {
            seen.clear();
        }
        let known = seen.entry((namespace, name, owner)).or_default();
        known.lasted |= new.lasted;
        known.broke |= new.broke;
    }

    /// Those of a subject: the names of its revisions begin with its own, and `is_its` says of a name and the uid
    /// of the owner of its pods whether they are its own and not of another of that name.
    pub(super) fn of(
        &self,
        subject: &ObjectRef,
        lasted: Lasted,
        is_its: impl Fn(&str, &str) -> bool,
    ) -> Vec<String> {
        let prefix = format!("{}-", subject.name);
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.range((subject.namespace.clone(), prefix.clone(), String::new())..)
            .take_while(|((it, name, _), _)| *it == subject.namespace && name.starts_with(&prefix))
            .filter(|(_, it)| it.lasted || lasted == Lasted::Ever && !it.broke)
            .filter(|((_, name, owner), _)| is_its(name, owner))
            .map(|((_, name, _), _)| name.clone())
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

        let of = |kind, name| {
            revisions.of(&ObjectRef::named(kind, "shop", name), Lasted::Ever, |_, _| true)
        };

        assert_eq!(of(Kind::Deployment, "web"), ["web-7d9"]);
        assert_eq!(of(Kind::StatefulSet, "db"), ["db-5f4"]);
        assert_eq!(of(Kind::DaemonSet, "log"), ["log-6c8"]);
        let other = ObjectRef::named(Kind::Deployment, "other", "web");
        assert!(revisions.of(&other, Lasted::Ever, |_, _| true).is_empty());
    }

    #[test]
    fn a_pod_of_another_owner_of_the_same_name_says_nothing() {
        let revisions = ReadyRevisions::default();
        revisions.note(&pod("ReplicaSet", "web-7d9", "", "True"), at(101));
        let web = ObjectRef::named(Kind::Deployment, "shop", "web");

        let owned_by = |uid: &str| revisions.of(&web, Lasted::Ever, |_, owner| owner == uid);

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

        assert_eq!(revisions.of(&web, Lasted::Ever, |_, _| true), ["web-crashes", "web-works"]);
        assert_eq!(revisions.of(&web, Lasted::Long, |_, _| true), ["web-works"]);
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

        assert_eq!(revisions.of(&web, Lasted::Ever, |_, _| true), ["web-replaced", "web-worked"]);
        assert_eq!(revisions.of(&web, Lasted::Long, |_, _| true), ["web-worked"]);
    }
}
