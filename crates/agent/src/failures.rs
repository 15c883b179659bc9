//! Fixes that did not help, in memory: facts of their workloads, and what no return leads to.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use types::{Evidence, FailedFix, ObjectRef};

use crate::cluster::key;

/// How long a failure says something. The guard looks back as far.
pub(crate) const MEMORY: SignedDuration = SignedDuration::from_hours(4);
/// How many of one workload are kept.
const OF_ONE: usize = 16;

/// The failed fixes of the last hours, by their workload.
#[derive(Debug, Default)]
pub struct Failures {
    known: Mutex<BTreeMap<ObjectRef, Vec<FailedFix>>>,
}

impl Failures {
    /// Keeps one. It counts from before it is taken back, so that whoever looks after that knows of it.
    pub fn add(&self, subject: &ObjectRef, fix: FailedFix) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Timestamp::now();
        known.retain(|_, of_one| {
            of_one.retain(|it| now.duration_since(it.at) < MEMORY);
            !of_one.is_empty()
        });
        let of_one = known.entry(life(subject)).or_default();
        of_one.retain(|it| it.at != fix.at);
        of_one.push(fix);
        if OF_ONE < of_one.len() {
            of_one.remove(0);
        }
    }

    /// Adds what is known of the workload to its facts. A revision that a failed fix made was not ready, even if it
    /// looked so for a moment.
    pub fn add_to(&self, evidence: &mut Evidence) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(of_one) = known.get(&life(&evidence.subject)) else { return };
        let now = evidence.taken_at;
        evidence.failed =
            of_one.iter().filter(|it| now.duration_since(it.at) < MEMORY).cloned().collect();
        let results: Vec<_> =
            evidence.failed.iter().filter_map(|it| it.result_hash.clone()).collect();
        for revision in &mut evidence.revisions {
            revision.was_ready &= !results.contains(&revision.spec_hash);
        }
    }
}

/// The workload as long as it lives: what is made anew under its name is another.
fn life(subject: &ObjectRef) -> ObjectRef {
    ObjectRef { uid: subject.uid.clone(), ..key(subject) }
}
