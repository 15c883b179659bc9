//! What the replica that leads tells the next one: the mode, and what was written, so that caps hold across replicas.
//!
//! It stands in an annotation of the Lease. An intent is put there before the write, so that no replica can have
//! written what the next one does not know of. Values are not: the journal holds those.

use jiff::{SignedDuration, Timestamp};
use remedy::PastWrite;
use serde::{Deserialize, Serialize};
use types::{Edit, Mode, ObjectRef, Verdict};
use uuid::Uuid;

use crate::failures::MEMORY;
use crate::journal::{Stored, past_write};

/// The most writes that are told. Far more than the caps of the reference policy let through in an hour.
const MAX_WRITES: usize = 400;
/// The most bytes of them: all annotations of an object together take 256 KiB
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/>), and what is known of a write
/// grows until it has ended.
const MAX_BYTES: usize = 200 * 1024;

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

    /// Forgets what the guard does not look back to, and the oldest that have ended where there are too many.
    pub fn forget_old(&mut self, now: Timestamp) {
        // A clock that jumped back must not forget: what lies in the future stays.
        let is_recent =
            |it: &SharedWrite| now.duration_since(it.at) < MEMORY + SignedDuration::from_mins(1);
        self.writes.retain(is_recent);
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

    /// Takes in what this replica read there before: a write that was told once is not forgotten because somebody
    /// leaves it out. Nobody says any more that it is under way.
    pub fn recall(&mut self, known: &Self) {
        for before in &known.writes {
            match self.writes.iter_mut().find(|it| it.id == before.id) {
                Some(now) => {
                    now.at = now.at.max(before.at);
                    now.undone |= before.undone;
                    now.again |= before.again;
                }
                None => self.writes.push(SharedWrite { under_way: false, ..before.clone() }),
            }
        }
        self.writes.sort_by_key(|it| it.at);
    }

    /// About as many bytes as its text has.
    fn n_bytes(&self) -> usize {
        self.writes.iter().map(SharedWrite::n_bytes).sum()
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

    /// A write with the longest names that there are, and two amounts.
    fn long(number: u128, at: Timestamp) -> SharedWrite {
        let path = "/spec/template/spec/containers/0/resources/limits/memory";
        let edit = Edit {
            path: types::FieldPath::parse(path).unwrap(),
            from: Some(serde_json::json!("1024Mi")),
            to: Some(serde_json::json!("1536Mi")),
        };
        let (namespace, name) = ("n".repeat(63), "w".repeat(253));
        SharedWrite {
            subject: ObjectRef::named(Kind::Deployment, &namespace, &name),
            amounts: vec![edit.clone(), edit],
            ..write(number, at)
        }
    }

    #[test]
    fn what_is_told_fits_into_an_annotation_and_the_newest_of_it_is_kept() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        for (make, at_least) in [(write as fn(_, _) -> _, MAX_WRITES), (long, 150)] {
            let mut shared = Shared::default();
            for number in 0..1000_u128 {
                let at = now - SignedDuration::from_secs(i64::try_from(2000 - number).unwrap());
                shared.put(SharedWrite { under_way: false, ..make(number, at) });
            }

            let told = shared.text(now);

            assert!(told.len() < 256 * 1024, "{}", told.len());
            let read = Shared::parse(Some(&told)).unwrap();
            assert!(at_least <= read.writes.len(), "{}", read.writes.len());
            assert_eq!(read.writes.last().unwrap().id, Uuid::from_u128(999));
            assert_eq!(shared.writes.len(), read.writes.len(), "nothing more is kept than is told");
        }
    }

    #[test]
    fn what_is_under_way_is_never_forgotten_for_a_new_write_and_what_has_ended_is() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let mut shared = Shared::default();
        let mut n_made = 0;
        while shared.make_room_for(long(n_made, now), now) {
            n_made += 1;
        }

        assert_eq!(shared.writes.len(), usize::try_from(n_made).unwrap());
        assert!((150..MAX_WRITES as u128).contains(&n_made), "{n_made}");
        shared.put(SharedWrite { under_way: false, ..long(0, now) });
        assert!(shared.make_room_for(long(n_made, now), now));
        assert!(shared.writes.iter().all(|it| it.under_way && it.id != Uuid::from_u128(0)));
    }

    #[test]
    fn what_was_read_once_is_not_forgotten_when_somebody_leaves_it_out_or_makes_it_older() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let known = Shared { mode: None, writes: vec![write(1, now), write(2, now)] };
        let older = SharedWrite { undone: false, ..write(2, now - SignedDuration::from_hours(3)) };
        let mut told = Shared { mode: None, writes: vec![older] };

        told.recall(&known);

        let kept: Vec<_> = told.writes.iter().map(|it| (it.at, it.undone, it.under_way)).collect();
        assert_eq!(kept, [(now, true, true), (now, true, false)]);
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
