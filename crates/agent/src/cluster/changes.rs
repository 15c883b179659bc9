//! A counter for each subject that somebody waits for, and the one queue of what was seen.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use diagnosis::Root;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Pod};
use tokio::sync::watch;
use types::{Kind, ObjectRef};

/// Something that the watch saw.
#[derive(Debug, Clone)]
pub struct Change {
    /// What it was.
    pub seen: Seen,
    /// When it reached us.
    pub seen_at: Timestamp,
}

/// What the watch saw.
#[derive(Debug, Clone)]
pub enum Seen {
    /// A pod is new or other than before.
    Pod(Arc<Pod>),
    /// A workload is new or other than before.
    Workload(Root),
    /// A Service is new or other than before.
    Service(ObjectRef),
    /// A warning about some object.
    Warning(Arc<Event>),
    /// An object of this root owner is gone, or the root itself.
    Gone(ObjectRef),
    /// A whole list was read anew: anything may have changed unseen.
    Relisted,
}

/// A counter for each subject that somebody waits for.
#[derive(Debug, Default)]
pub(super) struct Counters {
    senders: Mutex<BTreeMap<ObjectRef, watch::Sender<u64>>>,
}

impl Counters {
    /// The counter of this subject.
    pub(super) fn of(&self, subject: &ObjectRef) -> watch::Receiver<u64> {
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever stopped waiting is forgotten here: as many stay as there are waiting now.
        senders.retain(|_, it| !it.is_closed());
        senders.entry(key(subject)).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// Something of this subject changed.
    pub(super) fn bump(&self, subject: &ObjectRef) {
        let senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        let subject = key(subject);
        // A Service waits for the pods that it takes, whosever they are. Few wait at all.
        let is_beside =
            |it: &ObjectRef| it.kind == Kind::Service && it.namespace == subject.namespace;
        for (_, sender) in senders.iter().filter(|(it, _)| **it == subject || is_beside(it)) {
            sender.send_modify(|it| *it += 1);
        }
    }

    /// Anything may have changed.
    pub(super) fn bump_all(&self) {
        let senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        for sender in senders.values() {
            sender.send_modify(|it| *it += 1);
        }
    }
}

/// The subject without its version: what stays the same while it changes.
pub(crate) fn key(subject: &ObjectRef) -> ObjectRef {
    ObjectRef::named(subject.kind, subject.namespace.clone(), subject.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_a_subject_hears_of_any_version_of_it() {
        let counters = Counters::default();
        let web = ObjectRef::named(Kind::Deployment, "shop", "web");
        let receiver = counters.of(&web);

        counters.bump(&ObjectRef { uid: "u".to_owned(), ..web });
        counters.bump(&ObjectRef::named(Kind::Deployment, "shop", "other"));

        assert_eq!(*receiver.borrow(), 1);
    }

    #[test]
    fn who_waits_for_a_service_hears_of_all_of_its_namespace() {
        let counters = Counters::default();
        let receiver = counters.of(&ObjectRef::named(Kind::Service, "shop", "web"));

        counters.bump(&ObjectRef::named(Kind::Deployment, "shop", "api"));
        counters.bump(&ObjectRef::named(Kind::Deployment, "other", "api"));

        assert_eq!(*receiver.borrow(), 1);
    }

    #[test]
    fn nobody_waiting_costs_no_memory() {
        let counters = Counters::default();
        for number in 0..10 {
            drop(counters.of(&ObjectRef::named(Kind::Pod, "shop", format!("web-{number}"))));
        }

        assert_eq!(counters.senders.lock().unwrap().len(), 1);
    }
}
