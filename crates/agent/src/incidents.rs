//! Incidents in memory: one per root owner while it lasts, and the feed that publishes them.

mod feed;

pub use feed::{Feed, Message, Subscription};

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use types::{Incident, IncidentState, ObjectRef};
use uuid::Uuid;

/// How many closed incidents are remembered.
const CLOSED: usize = 500;

/// The incidents of this life of the process: all open ones, and the last closed ones.
#[derive(Debug, Default)]
pub struct Incidents {
    known: Mutex<VecDeque<Incident>>,
}

impl Incidents {
    /// The incident of this id, with its evidence.
    pub fn find(&self, id: Uuid) -> Option<Incident> {
        self.read(|known| known.iter().find(|it| it.id == id).cloned())
    }

    /// The open incident of this root owner, with its evidence.
    pub fn open_of(&self, subject: &ObjectRef) -> Option<Incident> {
        self.read(|known| {
            known
                .iter()
                .find(|it| it.state == IncidentState::Open && it.subject.is_same(subject))
                .cloned()
        })
    }

    fn read<T>(&self, look: impl FnOnce(&VecDeque<Incident>) -> T) -> T {
        let _ = CLOSED;
        look(&self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
