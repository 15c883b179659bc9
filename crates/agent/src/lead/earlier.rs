//! What is told of writes that lie longer ago than the guard looks back: what became of them, for the error budget and
//! for locks.

use jiff::Timestamp;
use remedy::PastWrite;
use serde::{Deserialize, Serialize};
use types::{ObjectRef, Verdict};
use uuid::Uuid;

use super::shared::{SharedWrite, is_failure};

/// The most that are told: as many as the error budget of the reference policy looks back to, and some.
pub(crate) const MAX: usize = 90;
/// The most bytes of them.
const MAX_BYTES: usize = 24 * 1024;

/// A write of longer ago that came to something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EarlierWrite {
    /// The id of its execution.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// The workload. Without a version.
    pub subject: ObjectRef,
    /// Hash over its template before it.
    pub spec_hash: String,
    /// What it did.
    pub verdict: Verdict,
    /// Whether it was taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undone: bool,
}

impl EarlierWrite {
    /// What stays of a write; nothing of one that came to nothing, or is under way.
    pub(super) fn of(write: &SharedWrite) -> Option<Self> {
        let past = write.past_write();
        Self::of_past(write.id, &past)
    }

    /// The same of a write from the journal.
    pub fn of_past(id: Uuid, write: &PastWrite) -> Option<Self> {
        let mut subject = write.subject.clone();
        subject.resource_version.clear();
        Some(Self {
            id,
            at: write.at,
            subject,
            spec_hash: write.spec_hash.clone(),
            verdict: write.verdict.filter(|_| !write.under_way)?,
            undone: write.undone,
        })
    }

    /// Whether it may be believed: nothing can have helped already that is still to come.
    pub fn is_credible(&self, now: Timestamp) -> bool {
        self.at <= now || self.undone || is_failure(Some(self.verdict))
    }

    /// The same, as the guard knows a write.
    pub fn past_write(&self) -> PastWrite {
        PastWrite {
            at: self.at,
            subject: self.subject.clone(),
            spec_hash: self.spec_hash.clone(),
            strategy: String::new(),
            under_way: false,
            verdict: Some(self.verdict),
            undone: self.undone,
            again: false,
            result_hash: None,
            edits: vec![],
        }
    }

    /// Adds what was told before: what was taken back or failed then is not forgotten.
    pub(super) fn recall<'a>(told: &mut Vec<Self>, known: impl Iterator<Item = &'a Self>) {
        for before in known {
            match told.iter_mut().find(|it| it.id == before.id) {
                Some(now) => {
                    now.undone |= before.undone;
                    if is_failure(Some(before.verdict)) {
                        now.verdict = before.verdict;
                    }
                }
                None => told.push(before.clone()),
            }
        }
        told.sort_by_key(|it| it.at);
    }

    /// Keeps the newest, in order, as many as there is room for, each once.
    pub(super) fn keep_newest(all: &mut Vec<Self>) {
        all.sort_by_key(|it| (it.id, it.at));
        all.dedup_by_key(|it| it.id);
        all.sort_by_key(|it| it.at);
        let (mut n_writes, mut n_bytes) = (0, 0);
        let fits = |it: &&Self| {
            n_writes += 1;
            n_bytes += serde_json::to_string(it).map_or(0, |it| it.len()) + 1;
            n_writes <= MAX && n_bytes <= MAX_BYTES
        };
        let n_kept = all.iter().rev().take_while(fits).count();
        all.drain(..all.len() - n_kept);
    }
}
