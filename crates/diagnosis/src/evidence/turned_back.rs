//! Fields of the template that somebody turns back again: two owners take turns.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::{ControllerRevision, ReplicaSet};
use serde_json::Value;
use types::{Edit, FieldPath};

use crate::evidence::{diff, owners, revisions};
use crate::{Objects, Root};

/// Fields that are listed.
const MAX_FIELDS: usize = 20;
/// Former turns that are looked at, from the newest on.
const MAX_TURNS: usize = 100;
/// Old revisions that a controller keeps where its owner does not say how many.
const DEFAULT_LIMIT: usize = 10;
/// The annotation with the numbers that a ReplicaSet had before it was taken up again.
const HISTORY: &str = "deployment.kubernetes.io/revision-history";

/// A template that was wanted, and the number of the revision that it was then.
type Turn = (i64, Value);

/// The fields that hold now what they held before the revision before: whatever is written there is turned back again.
/// None where something new came with them, and none that we put back ourselves.
pub(super) fn facts(objects: &Objects) -> Vec<String> {
    let mut turns = match &objects.root {
        Root::Deployment(_) => of_replica_sets(&objects.replica_sets),
        Root::StatefulSet(_) | Root::DaemonSet(_) => of_controller_revisions(objects),
        Root::Pod(_) | Root::ReplicaSet(_) | Root::Job(_) | Root::CronJob(_) | Root::Service(_) => {
            return vec![];
        }
    };
    turns.sort_by_key(|it| Reverse(it.0));
    let now = objects.root.template_json();
    let mut earlier = turns.into_iter().map(|it| it.1).skip_while(|it| *it == now).take(MAX_TURNS);
    let Some(before) = earlier.next() else { return vec![] };
    let edits = |to: &Value| diff::edits(&Root::template_path(), &now, to);
    let changed: Vec<_> =
        edits(&before).into_iter().map(|it| it.path).filter(|it| !is_a_mark(it)).collect();
    let earlier: Vec<Vec<Edit>> = earlier.map(|it| edits(&it)).collect();
    let was_so =
        |path: &FieldPath| earlier.iter().any(|it| !it.iter().any(|it| touches(&it.path, path)));
    let ours = owners::ours(objects);
    let is_ours = |path: &FieldPath| ours.iter().any(|it| touches(it, path));
    if !changed.iter().all(|it| was_so(it) && !is_ours(it)) {
        return vec![];
    }
    changed.iter().take(MAX_FIELDS).map(ToString::to_string).collect()
}

/// Whether one is the other, or lies in it.
fn touches(a: &FieldPath, b: &FieldPath) -> bool {
    a.is_within(b) || b.is_within(a)
}

/// Whether it is a label or an annotation of the pods: tools note there when and what they wrote.
fn is_a_mark(path: &FieldPath) -> bool {
    path.is_within(&Root::template_path().child("metadata"))
}

/// Every number that a set has or had.
fn of_replica_sets(sets: &[std::sync::Arc<ReplicaSet>]) -> Vec<Turn> {
    let turns = |set: &ReplicaSet| {
        let template = revisions::replica_set_template(set)?;
        let history = set.metadata.annotations.as_ref().and_then(|it| it.get(HISTORY));
        let former = history.into_iter().flat_map(|it| it.split(','));
        let former = former.filter_map(|it| it.trim().parse().ok()).take(MAX_TURNS);
        let numbers = std::iter::once(revisions::number(set)).chain(former);
        Some(numbers.map(|it| (it, template.clone())).collect::<Vec<_>>())
    };
    sets.iter().filter_map(|it| turns(it)).flatten().collect()
}

/// A revision that is taken up again gets a new number, and nothing tells its former ones. Where none was dropped yet,
/// every number that nobody has is such a one: the first of each follows from the order in which they were made.
fn of_controller_revisions(objects: &Objects) -> Vec<Turn> {
    let mut made: Vec<&ControllerRevision> =
        objects.controller_revisions.iter().map(AsRef::as_ref).collect();
    let time = |it: &ControllerRevision| it.metadata.creation_timestamp.as_ref().map(|it| it.0);
    made.sort_by_key(|it| (time(it), it.revision));
    if limit(&objects.root) < made.len() {
        return vec![];
    }
    let taken: BTreeSet<i64> = made.iter().map(|it| it.revision).collect();
    let mut turns = vec![];
    let mut last = 0_i64;
    for revision in made {
        let mut first = last.saturating_add(1);
        while first != revision.revision && taken.contains(&first) {
            first = first.saturating_add(1);
        }
        last = first.min(revision.revision);
        if let Some(template) = revisions::controller_revision_template(revision) {
            turns.extend(
                BTreeSet::from([last, revision.revision])
                    .into_iter()
                    .map(|it| (it, template.clone())),
            );
        }
    }
    turns
}

fn limit(root: &Root) -> usize {
    let stated = match root {
        Root::StatefulSet(it) => it.spec.as_ref().and_then(|it| it.revision_history_limit),
        Root::DaemonSet(it) => it.spec.as_ref().and_then(|it| it.revision_history_limit),
        Root::Pod(_)
        | Root::Deployment(_)
        | Root::ReplicaSet(_)
        | Root::Job(_)
        | Root::CronJob(_)
        | Root::Service(_) => None,
    };
    stated.map_or(DEFAULT_LIMIT, |it| usize::try_from(it).unwrap_or(0))
}
