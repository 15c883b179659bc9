//! What this replica tells the others in the Lease, and what it remembers of what they told.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use jiff::Timestamp;
use remedy::PastWrite;
use uuid::Uuid;

use super::{EarlierWrite, Lead, Seen, Shared, SharedWrite};
use crate::cluster::LeaseRecord;

/// What is told, and which writes are not ours.
#[derive(Default)]
pub(super) struct Told {
    pub(super) shared: Shared,
    pub(super) others: Vec<Uuid>,
    /// Executions of ours that ended while another replica led, which the Lease may still call under way.
    pub(super) ended: BTreeSet<Uuid>,
}

impl Lead {
    /// What replicas before this one wrote.
    pub fn writes_of_others(&self) -> Vec<PastWrite> {
        let told = self.told();
        let others = told.shared.writes.iter().filter(|it| told.others.contains(&it.id));
        others.map(SharedWrite::past_write).collect()
    }

    /// What they wrote longer ago.
    pub fn earlier_writes_of_others(&self) -> Vec<PastWrite> {
        let told = self.told();
        let others = told.shared.earlier.iter().filter(|it| told.others.contains(&it.id));
        others.map(EarlierWrite::past_write).collect()
    }

    /// Brings up to date what is told; it goes out with the next renewal, which is at once.
    pub fn note(&self, change: impl FnOnce(&mut Shared)) {
        if !self.is_alone() {
            change(&mut self.told().shared);
            self.news.notify_one();
        }
    }

    /// An execution of ours has ended. Where another replica leads, it may still take it for one under way, and
    /// leave the workload alone for it: then we ask for our turn, to say so.
    pub fn note_end(&self, id: Uuid) {
        if !self.is_alone() && !self.leads() {
            self.told().ended.insert(id);
        }
    }

    /// Whether the Lease calls something under way that has ended here. What it does not is forgotten.
    pub(super) fn owes_word(&self, record: Option<&LeaseRecord>) -> bool {
        let mut told = self.told();
        if told.ended.is_empty() {
            return false;
        }
        // What cannot be read is said where the Lease is taken.
        let Ok(shared) = Shared::parse(record.and_then(LeaseRecord::shared)) else { return false };
        told.ended.retain(|id| shared.writes.iter().any(|it| it.under_way && it.id == *id));
        !told.ended.is_empty()
    }

    /// Keeps what others told, as it was read. Whoever forgets it in the Lease does not make us forget.
    pub(super) fn remember(&self, seen: &mut Seen, record: &LeaseRecord) {
        let text = record.shared();
        if seen.text.as_deref() == text {
            return;
        }
        seen.text = text.map(str::to_owned);
        // What cannot be read is said where the Lease is taken.
        let Ok(mut read) = Shared::parse(text) else { return };
        let mut told = self.told();
        read.recall(&told.shared);
        read.forget_old(Timestamp::now());
        told.shared = read;
    }

    pub(super) fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
