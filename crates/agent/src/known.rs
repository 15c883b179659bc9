//! What the templates of workloads hide, remembered of those that were looked at, so that events about them are told
//! without it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use diagnosis::Secrets;
use types::ObjectRef;

use crate::cluster::key;

/// Workloads that are remembered: what was looked at longest ago is forgotten first.
const MAX_WORKLOADS: usize = 1000;

/// The secrets of the workloads that were looked at.
#[derive(Default)]
pub(crate) struct Known(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    secrets: BTreeMap<ObjectRef, Secrets>,
    /// In the order of their first look.
    order: VecDeque<ObjectRef>,
}

impl Known {
    /// Remembers what this workload hides, in the place of what it hid before.
    pub(crate) fn remember(&self, subject: &ObjectRef, secrets: Secrets) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let subject = key(subject);
        if secrets.is_empty() && !kept.secrets.contains_key(&subject) {
            return;
        }
        if kept.secrets.insert(subject.clone(), secrets).is_none() {
            kept.order.push_back(subject);
        }
        if MAX_WORKLOADS < kept.order.len()
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.secrets.remove(&oldest);
        }
    }

    /// What this workload hides, as far as it was looked at.
    pub(crate) fn of(&self, subject: &ObjectRef) -> Secrets {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.secrets.get(&key(subject)).cloned().unwrap_or_default()
    }

    /// What all of them hide.
    pub(crate) fn all(&self) -> Secrets {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Secrets::all(kept.secrets.values())
    }
}
