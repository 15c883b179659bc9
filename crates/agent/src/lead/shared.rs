//! What the replica that leads tells the next one: the mode, and what was written, so that caps hold across replicas.
//!
//! It stands in an annotation of the Lease. An intent is put there before the write, so that no replica can have written
//! what the next one does not know of. Values are not: the journal holds those.

use jiff::{SignedDuration, Timestamp};
use remedy::PastWrite;
use serde::{Deserialize, Serialize};
use types::{Edit, Mode, ObjectRef, Verdict};
use uuid::Uuid;

use crate::failures::MEMORY;
use crate::journal::{Stored, past_write};

/// The most writes that are told: an annotation takes 256 KiB, and one of these is half of one. Far more than the caps of
/// the reference policy let through in an hour.
const MAX_WRITES: usize = 400;

/// What one replica tells the next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Shared {
    /// What the agent may do.
    pub mode: Option<Mode>,
    /// What was written in the last hours, the oldest first.
    pub writes: Vec<SharedWrite>,
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
    pub fn text(&self, now: Timestamp) -> String {
        let mut told = self.clone();
        told.forget_old(now);
        serde_json::to_string(&told).unwrap_or_else(|_| "{\"writes\":[]}".to_owned())
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

    /// Forgets what the guard does not look back to, and the oldest where there are too many.
    pub fn forget_old(&mut self, now: Timestamp) {
        // A clock that jumped back must not forget: what lies in the future stays.
        let is_recent =
            |it: &SharedWrite| now.duration_since(it.at) < MEMORY + SignedDuration::from_mins(1);
        self.writes.retain(is_recent);
        let too_many = self.writes.len().saturating_sub(MAX_WRITES);
        self.writes.drain(..too_many);
    }
}

#[cfg(test)]
mod tests {
    use types::Kind;

    use super::*;

    fn write(number: u128, at: Timestamp) -> SharedWrite {
        SharedWrite {
            id: Uuid::from_u128(number),
            at,
            subject: ObjectRef::named(
                Kind::Deployment,
                "a-namespace-of-some-length",
                "a-workload-with-a-name",
            ),
            spec_hash: "0123456789abcdef".to_owned(),
            strategy: "raise_memory_limit@2".to_owned(),
            under_way: true,
            verdict: Some(Verdict::Unchanged),
            undone: true,
            again: true,
            result_hash: Some("fedcba9876543210".to_owned()),
            amounts: vec![],
        }
    }

    #[test]
    fn what_is_told_fits_into_an_annotation_and_the_newest_of_it_is_kept() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let mut shared = Shared::default();
        for number in 0..1000_u128 {
            let at = now - SignedDuration::from_secs(i64::try_from(2000 - number).unwrap());
            shared.put(write(number, at));
        }

        let told = shared.text(now);

        assert!(told.len() < 256 * 1024, "{}", told.len());
        let read = Shared::parse(Some(&told)).unwrap();
        assert_eq!(read.writes.len(), MAX_WRITES);
        assert_eq!(read.writes.last().unwrap().id, Uuid::from_u128(999));
    }

    #[test]
    fn what_is_told_again_is_told_once_and_what_is_old_is_not_told() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let mut shared = Shared::default();
        shared.put(write(1, now));
        shared.put(SharedWrite { under_way: false, ..write(1, now) });
        shared.put(write(2, now - SignedDuration::from_hours(5)));

        let read = Shared::parse(Some(&shared.text(now))).unwrap();

        assert_eq!(read.writes.len(), 1);
        assert!(!read.writes[0].under_way);
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_nothing() {
        assert!(Shared::parse(Some("{")).is_err());
        assert_eq!(Shared::parse(None).unwrap(), Shared::default());
    }
}
