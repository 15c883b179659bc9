//! The classes and the scheduler that a template names, and whether they are known.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::PodSpec;
use types::{FieldPath, ReferenceFacts, ReferenceKind};

use super::references::continued;
use crate::Objects;
use crate::near_miss::near_miss;
use crate::same_words::of_same_words;

/// The scheduler that every cluster has.
const OWN_SCHEDULER: &str = "default-scheduler";

/// Facts of the priority class, the runtime class and the scheduler that the pod spec at `path` names.
pub(super) fn facts(objects: &Objects, spec: &PodSpec, path: &FieldPath) -> Vec<ReferenceFacts> {
    let classes = |names: &Option<Vec<String>>| names.clone().map(BTreeSet::from_iter);
    let named = [
        (
            ReferenceKind::PriorityClass,
            "priorityClassName",
            &spec.priority_class_name,
            classes(&objects.priority_classes),
        ),
        (
            ReferenceKind::RuntimeClass,
            "runtimeClassName",
            &spec.runtime_class_name,
            classes(&objects.runtime_classes),
        ),
        (
            ReferenceKind::Scheduler,
            "schedulerName",
            &spec.scheduler_name,
            Some(working_schedulers(objects)),
        ),
    ];
    let fact =
        |(kind, field, name, known): (_, &str, &Option<String>, Option<BTreeSet<String>>)| {
            let name = name.clone().filter(|it| !it.is_empty())?;
            let exists = known.as_ref().map(|it| it.contains(&name));
            let names = known.iter().flatten().map(String::as_str).collect::<Vec<_>>();
            let is_missing = exists == Some(false);
            let near = near_miss(&name, names.iter().copied()).filter(|_| is_missing);
            // Who schedules is told by name, and in which class a pod is has consequences: only told.
            let is_class = kind == ReferenceKind::PriorityClass && is_missing && near.is_none();
            let longer = || {
                let same = || of_same_words(&name, names.iter().copied(), &[]);
                continued(&name, &names).or_else(same).map(ToOwned::to_owned)
            };
            let longer = is_class.then(longer).flatten();
            Some(ReferenceFacts {
                kind,
                path: path.child(field).to_string(),
                near_miss: near,
                alike: longer
                    .as_ref()
                    .map(|it| format!("there is {it}, which may have been meant")),
                meant: longer,
                vouched: None,
                belongs_to: None,
                exists,
                key: None,
                optional: false,
                changed_at: None,
                name,
            })
        };
    named.into_iter().filter_map(fact).collect()
}

/// The cluster's own scheduler, and those that gave some pod its node.
fn working_schedulers(objects: &Objects) -> BTreeSet<String> {
    let others = objects.all_pods.schedulers().iter().cloned();
    others.chain([OWN_SCHEDULER.to_owned()]).collect()
}
