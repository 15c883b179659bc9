//! A paused Deployment whose template was changed since its pods were made: how they fare says nothing of the present
//! template, which none of them has.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use types::Evidence;

use super::revisions::{self, number, replica_set_template};
use super::{diff, secrets};
use crate::{Objects, Redactor, Root};

/// The label that tells the ReplicaSets of a Deployment apart.
const HASH: &str = "pod-template-hash";

/// The facts by the template that the pods have, with what was changed since; `None` where that is the present one, or
/// where nothing keeps it.
pub(super) fn facts(
    objects: &Objects,
    redactor: &Redactor,
    read: impl FnOnce(&Objects, &Redactor) -> Evidence,
) -> Option<Evidence> {
    let Root::Deployment(owner) = &objects.root else { return None };
    let set = newest_with_pods(owner, objects)?;
    let (before, present) = (replica_set_template(set)?, objects.root.template_json());
    let earlier = Objects { root: Root::Deployment(with_template(owner, set)?), ..objects.clone() };
    let redactor = redactor.knowing(&secrets(&earlier, redactor));
    let edits = diff::edits(&Root::template_path(), &before, &present);
    let mut evidence = read(&earlier, &redactor);
    evidence.workload.spec_hash = objects.root.spec_hash();
    evidence.workload.held_back = revisions::changed(&edits, &redactor);
    // What may be mistyped in a template that was changed since is no field to edit any more.
    evidence.slips.clear();
    Some(evidence)
}

/// The newest ReplicaSet that has pods, where the owner is paused and none of them is of its template.
fn newest_with_pods<'o>(owner: &Deployment, objects: &'o Objects) -> Option<&'o ReplicaSet> {
    let spec = owner.spec.as_ref().filter(|it| it.paused == Some(true))?;
    if spec.replicas == Some(0) {
        return None;
    }
    let has_pods = |set: &ReplicaSet| {
        let uid = set.metadata.uid.as_ref();
        let mut owners =
            objects.pods.iter().flat_map(|it| it.metadata.owner_references.iter().flatten());
        uid.is_some() && owners.any(|it| Some(&it.uid) == uid)
    };
    let sets = objects.replica_sets.iter().map(|it| &**it).filter(|it| has_pods(it));
    let sets: Vec<_> = sets.collect();
    let present = objects.root.template_json();
    // Where it was not read whole, nothing is known of it.
    let is_cut = |it: &ReplicaSet| {
        it.spec.as_ref().and_then(|it| it.template.as_ref()?.spec.as_ref()).is_none()
    };
    let is_present =
        |it: &&ReplicaSet| is_cut(it) || replica_set_template(it).as_ref() == Some(&present);
    if sets.iter().any(is_present) {
        return None;
    }
    sets.into_iter().max_by_key(|it| number(it))
}

/// The owner with the template of this ReplicaSet.
fn with_template(owner: &Deployment, set: &ReplicaSet) -> Option<Arc<Deployment>> {
    let mut template = set.spec.as_ref()?.template.clone()?;
    if let Some(labels) = template.metadata.as_mut().and_then(|it| it.labels.as_mut()) {
        labels.remove(HASH);
    }
    let mut owner = owner.clone();
    owner.spec.as_mut()?.template = template;
    Some(Arc::new(owner))
}
