//! Objects become facts, redacted on the way.

use types::{Context, Evidence, Kind, ObjectRef, WorkloadFacts};

use crate::{Objects, Redactor};

/// The facts in these objects, redacted.
pub fn gather(objects: &Objects, _redactor: &Redactor) -> Evidence {
    Evidence {
        taken_at: objects.taken_at,
        cluster: objects.cluster.clone(),
        subject: ObjectRef::named(Kind::Pod, "", ""),
        workload: WorkloadFacts::default(),
        containers: vec![],
        pods: vec![],
        events: vec![],
        revisions: vec![],
        references: vec![],
        images: vec![],
        nodes: None,
        neighbours: vec![],
        unread: vec![],
    }
}

/// What experience with this workload is kept under.
pub fn context(evidence: &Evidence) -> Context {
    Context {
        owner_kind: evidence.subject.kind,
        image_family: String::new(),
        workload_class: String::new(),
        since_rollout: false,
    }
}
