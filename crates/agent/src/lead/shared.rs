//! What the replica that leads tells the next one: the mode, what was written, when a person armed automation and when
//! a storm was seen, so that caps, locks, storms and the error budget hold across replicas.
//!
//! It stands in an annotation of the Lease. An intent is put there before the write, so that no replica can have
//! written what the next one does not know of. Values are not: the journal holds those. What an older version does not
//! tell is not known, and what a newer one tells besides is passed over.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use remedy::PastWrite;
use serde::{Deserialize, Serialize};
use types::{Edit, Mode, ObjectRef, Verdict};
use uuid::Uuid;

use super::earlier::EarlierWrite;
use crate::failures::MEMORY;
use crate::journal::{Stored, past_write};

/// The most writes that are told. Far more than the caps of the reference policy let through in an hour.
const MAX_WRITES: usize = 400;
/// The most bytes of them: all annotations of an object together take 256 KiB
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/>), what is known of a write grows
/// until it has ended, and what lies longer ago takes 24 KiB.
const MAX_BYTES: usize = 192 * 1024;
/// The most namespaces of which a storm is told by name.
const MAX_STORMS: usize = 50;
/// What a namespace is called at the most.
const MAX_NAME: usize = 63;
/// What no namespace is called: a storm seen from anywhere.
pub(crate) const EVERYWHERE: &str = "";

/// What one replica tells the next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Shared {
    /// What the agent may do.
    pub mode: Option<Mode>,
    /// When a person last set mode `auto`, whichever replica he told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub armed_at: Option<Timestamp>,
    /// When storms were last seen, by the namespace from which.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub storms: BTreeMap<String, Timestamp>,
    /// What was written in the last hours, the oldest first.
    pub writes: Vec<SharedWrite>,
    /// What was written before that and has come to something, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierWrite>,
}

/// A write, as another replica has to know it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedWrite {
    /// The id of its execution.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// The workload. Without a version.
    pub subject: ObjectRef,
    /// Hash over its template before it.
    pub spec_hash: String,
    /// The strategy's key.
    pub strategy: String,
    /// Whether it has not ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub under_way: bool,
    /// What it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Whether it was taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undone: bool,
    /// Whether its fault was there again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// Hash over the template with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_hash: Option<String>,
    /// What it wrote, of requests and limits alone: a next dose is measured by the last one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amounts: Vec<Edit>,
}

impl SharedWrite {
    /// What others have to know of this execution.
    pub fn of(stored: &Stored) -> Self {
        let PastWrite {
            at,
            mut subject,
            spec_hash,
            strategy,
            under_way,
            verdict,
            undone,
            again,
            result_hash,
            mut edits,
        } = past_write(stored);
        subject.resource_version.clear();
        edits.retain(|it| it.path.as_str().contains("/resources/"));
        Self {
            id: stored.execution.id,
            at,
            subject,
            spec_hash,
            strategy,
            under_way,
            verdict,
            undone,
            again,
            result_hash,
            amounts: edits,
        }
    }

    /// The bytes of its text, with the comma after it.
    fn n_bytes(&self) -> usize {
        serde_json::to_string(self).map_or(0, |it| it.len()) + 1
    }

    /// The same, as the guard knows a write.
    pub fn past_write(&self) -> PastWrite {
        PastWrite {
            at: self.at,
            subject: self.subject.clone(),
            spec_hash: self.spec_hash.clone(),
            strategy: self.strategy.clone(),
            under_way: self.under_way,
            verdict: self.verdict,
            undone: self.undone,
            again: self.again,
            result_hash: self.result_hash.clone(),
            edits: self.amounts.clone(),
        }
    }
}

impl Shared {
    /// What a Lease holds; an error is no reason to think that nothing was written.
    pub fn parse(text: Option<&str>) -> Result<Self, serde_json::Error> {
        text.map_or_else(|| Ok(Self::default()), serde_json::from_str)
    }

    /// As it stands in the Lease, without what is too old to matter.
    pub fn text(&mut self, now: Timestamp) -> String {
        self.forget_old(now);
        serde_json::to_string(self).unwrap_or_else(|_| "{\"writes\":[]}".to_owned())
    }

    /// Adds a write, or brings it up to date.
    pub fn put(&mut self, write: SharedWrite) {
        self.remove(write.id);
        self.writes.push(write);
        self.writes.sort_by_key(|it| it.at);
    }

    /// Forgets a write that was not made.
    pub fn remove(&mut self, id: Uuid) {
        self.writes.retain(|it| it.id != id);
    }

    /// Adds the intent of a write, where there is room for it; whether there is. Nothing under way is forgotten for it.
    pub fn make_room_for(&mut self, write: SharedWrite, now: Timestamp) -> bool {
        let id = write.id;
        self.put(write);
        self.forget_old(now);
        let fits = self.n_bytes() <= MAX_BYTES && self.writes.len() <= MAX_WRITES;
        if !fits {
            self.remove(id);
        }
        fits
    }

    /// Keeps of what lies longer ago what the error budget and locks ask for, and of all of it as much as there is room
    /// for: the oldest that have ended are forgotten first.
    pub fn forget_old(&mut self, now: Timestamp) {
        // A clock that jumped back must not forget: what lies in the future stays.
        let is_recent =
            |it: &SharedWrite| now.duration_since(it.at) < MEMORY + SignedDuration::from_mins(1);
        let (recent, old) = std::mem::take(&mut self.writes).into_iter().partition(is_recent);
        self.writes = recent;
        self.earlier.extend(old.iter().filter_map(EarlierWrite::of));
        EarlierWrite::keep_newest(&mut self.earlier);
        self.bound_storms();
        let (mut n_writes, mut n_bytes) = (self.writes.len(), self.n_bytes());
        self.writes.retain(|it| {
            let stays = it.under_way || (n_writes <= MAX_WRITES && n_bytes <= MAX_BYTES);
            if !stays {
                n_writes -= 1;
                n_bytes = n_bytes.saturating_sub(it.n_bytes());
            }
            stays
        });
    }

    /// Takes in what this replica read there before: a write or a storm that was told once is not forgotten because
    /// somebody leaves it out, and what failed has not helped since. Nobody says any more that it is under way. When
    /// a person armed automation counts as it is told now, for an earlier arming forgives less.
    pub fn recall(&mut self, known: &Self) {
        self.mode = self.mode.or(known.mode);
        for (place, at) in &known.storms {
            let last = self.storms.entry(place.clone()).or_insert(*at);
            *last = (*last).max(*at);
        }
        for before in &known.writes {
            if self.earlier.iter().any(|it| it.id == before.id) {
                continue;
            }
            match self.writes.iter_mut().find(|it| it.id == before.id) {
                Some(now) => {
                    now.at = now.at.max(before.at);
                    now.undone |= before.undone;
                    now.again |= before.again;
                    if !before.under_way && is_failure(before.verdict) {
                        now.verdict = before.verdict;
                    }
                }
                None => self.writes.push(SharedWrite { under_way: false, ..before.clone() }),
            }
        }
        self.writes.sort_by_key(|it| it.at);
        let lately: Vec<Uuid> = self.writes.iter().map(|it| it.id).collect();
        let known = known.earlier.iter().filter(|it| !lately.contains(&it.id));
        EarlierWrite::recall(&mut self.earlier, known);
    }

    /// Where more storms are told than there is room for, or of what is no namespace, all of the cluster is calm no
    /// earlier than the last of them.
    fn bound_storms(&mut self) {
        let is_name = |it: &String| it.len() <= MAX_NAME;
        if self.storms.len() <= MAX_STORMS && self.storms.keys().all(is_name) {
            return;
        }
        let newest = self.storms.values().max().copied();
        self.storms = newest.map(|it| (EVERYWHERE.to_owned(), it)).into_iter().collect();
    }

    /// About as many bytes as its text has.
    fn n_bytes(&self) -> usize {
        self.writes.iter().map(SharedWrite::n_bytes).sum()
    }
}

/// Whether it did not help.
pub(super) fn is_failure(verdict: Option<Verdict>) -> bool {
    matches!(verdict, Some(Verdict::Unchanged | Verdict::Worse))
}

#[cfg(test)]
mod tests;
