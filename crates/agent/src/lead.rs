//! Whether this replica of the agent leads: only the one that holds the Lease writes.
//!
//! A Lease keeps two replicas from working at the same time; it does not make it impossible (a process that was
//! paused may wake up late). What makes it harmless is elsewhere: every write carries the version that it was made
//! for, and its intent stands in the Lease before, under the version that this replica has seen there. Whoever was
//! overtaken cannot write that, and so does not write at all.

mod earlier;
mod election;
mod refusal;
mod shared;
mod told;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::cluster::{ClusterError, KubeLease, LeaseRecord};
use election::{Observed, Replica, Step, Terms};
use told::Told;

pub use earlier::EarlierWrite;
pub(crate) use earlier::MAX as MAX_EARLIER;
pub use refusal::{NotLeading, Unshared};
pub(crate) use shared::EVERYWHERE;
pub use shared::{Shared, SharedWrite};

/// How often a Lease is written anew that somebody else wrote at the same time, to ask for a turn.
const TRIES: usize = 3;
/// How long the Lease may take to be let go when the process stops.
const GOODBYE: Duration = Duration::from_secs(2);

/// How this replica stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// Until when it leads, if the Lease is not renewed before.
    until: Option<Instant>,
    /// Who holds the Lease, as it was seen last.
    holder: Option<String>,
    /// When another one was last seen to renew it.
    other_seen: Option<Instant>,
}

/// What a look at the Lease came to.
#[derive(Debug, PartialEq)]
pub enum Looked {
    /// Nothing that anybody has to do something about.
    Settled,
    /// The Lease is ours now. Before anything is written this has to be taken in: see [`Lead::begin`].
    Took(Shared),
}

/// What was seen of the Lease.
#[derive(Default)]
struct Seen {
    observed: Observed,
    /// The Lease as we wrote it last.
    record: Option<LeaseRecord>,
    /// Whether what the one before us told was taken in.
    begun: bool,
    /// What the holder told last, as it was read.
    text: Option<String>,
}

/// Whether this replica leads.
pub struct Lead {
    me: String,
    lease: Option<KubeLease>,
    terms: Terms,
    standing: watch::Sender<Standing>,
    /// One use of the Lease at a time.
    turn: tokio::sync::Mutex<Seen>,
    told: Mutex<Told>,
    news: Notify,
    /// What was said last of a Lease that cannot be used.
    said: Mutex<String>,
}

impl Lead {
    /// One that leads whatever happens: there is no other.
    pub fn alone() -> Self {
        Self::by(None, Duration::ZERO)
    }

    /// One that leads while it holds this Lease, whose silent holder is believed for so long.
    pub fn with(lease: KubeLease, lasts: Duration) -> Self {
        Self::by(Some(lease), lasts)
    }

    fn by(lease: Option<KubeLease>, lasts: Duration) -> Self {
        let place = std::env::var("HOSTNAME").unwrap_or_else(|_| "agent".to_owned());
        Self {
            me: format!("{place}_{}", Uuid::now_v7()),
            lease,
            terms: Terms::of(lasts),
            standing: watch::Sender::default(),
            turn: tokio::sync::Mutex::default(),
            told: Mutex::default(),
            news: Notify::new(),
            said: Mutex::default(),
        }
    }

    /// Whether there may be another one.
    pub fn is_alone(&self) -> bool {
        self.lease.is_none()
    }

    /// Whether this replica may write now. By its own clock: one that was paused does not lead when it wakes up.
    pub fn leads(&self) -> bool {
        let now = Instant::now();
        self.is_alone() || self.standing.borrow().until.is_some_and(|it| now < it)
    }

    /// Refuses where another one leads.
    pub fn check(&self) -> Result<(), NotLeading> {
        match &self.lease {
            Some(lease) if !self.leads() => {
                let holder = self.standing.borrow().holder.clone();
                let holder = holder.filter(|it| *it != self.me);
                let holder = holder.unwrap_or_else(|| "nobody for the moment".to_owned());
                Err(NotLeading { lease: lease.name().clone(), holder })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Waits until this replica leads.
    pub async fn until_leads(&self) {
        let mut standing = self.standing.subscribe();
        while !self.leads() {
            if standing.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits until this replica, which leads, does not any more; for ever where it did not.
    pub async fn until_lost(&self) {
        let mut standing = self.standing.subscribe();
        if standing.borrow_and_update().until.is_none()
            || standing.wait_for(|it| it.until.is_none()).await.is_err()
        {
            std::future::pending::<()>().await;
        }
    }

    /// When another replica was last seen to lead.
    pub fn other_seen(&self) -> Option<Instant> {
        self.standing.borrow().other_seen
    }

    /// Tells the intent of a write, and returns when it stands in the Lease. Fails where this replica does not lead, or
    /// where there is no room for it: nothing under way is left out in its place.
    pub async fn share_intent(&self, write: SharedWrite) -> Result<(), Unshared> {
        if self.is_alone() {
            return Ok(());
        }
        if !self.told().shared.make_room_for(write, Timestamp::now()) {
            return Err(Unshared::NoRoom);
        }
        Ok(self.share(|_| {}).await?)
    }

    /// Brings up to date what is told, and returns when it stands in the Lease. Fails where this replica does not lead.
    pub async fn share(&self, change: impl FnOnce(&mut Shared)) -> Result<(), NotLeading> {
        let Some(lease) = &self.lease else { return Ok(()) };
        change(&mut self.told().shared);
        let mut seen = self.turn.lock().await;
        for _ in 0..TRIES {
            self.check()?;
            match self.hold(lease, &mut seen).await {
                Ok(()) => return Ok(()),
                Err(ClusterError::Conflict(_)) => self.see_anew(lease, &mut seen).await?,
                Err(error) => return Err(self.unknown(lease, &error)),
            }
        }
        Err(self.unknown(lease, &"somebody else writes it all the time"))
    }

    /// Looks at the Lease, and renews, takes or lets it go. `is_idle` says whether nothing of ours is unfinished.
    pub async fn look(&self, is_idle: bool) -> Result<Looked, ClusterError> {
        let Some(lease) = &self.lease else { return Ok(Looked::Settled) };
        let mut seen = self.turn.lock().await;
        let read = lease.read().await?;
        let now = Instant::now();
        seen.observed.see(read.as_ref(), now);
        let is_idle = is_idle && !self.owes_word(read.as_ref());
        let replica = Replica { me: &self.me, is_idle, terms: self.terms };
        let step = seen.observed.step(read.as_ref(), replica, now);
        let record = read.unwrap_or_default();
        self.lose_unless_held(&mut seen, &record);
        if !seen.begun {
            self.remember(&mut seen, &record);
        }
        match step {
            Step::Renew if seen.begun => {
                seen.record = Some(record);
                self.hold(lease, &mut seen).await?;
            }
            Step::Renew | Step::Take => return self.take(lease, &mut seen, record).await,
            Step::Ask => drop(lease.write(record.asked_for_by(&self.me)).await?),
            Step::LetGo => {
                tracing::info!(
                    to = record.wanted_by(),
                    "the Lease is let go: another replica has something to finish"
                );
                seen.record = Some(record);
                self.let_go(lease, &mut seen).await?;
            }
            Step::Wait => {}
        }
        Ok(Looked::Settled)
    }

    /// What the one before us told was taken in: from now on this replica leads, and tells this.
    pub async fn begin(&self, shared: Shared, others: Vec<Uuid>) -> Result<(), ClusterError> {
        let Some(lease) = &self.lease else { return Ok(()) };
        *self.told() = Told { shared, others, ended: BTreeSet::new() };
        let mut seen = self.turn.lock().await;
        self.hold(lease, &mut seen).await?;
        seen.begun = true;
        tracing::info!(lease = %lease.name(), me = self.me, "this replica leads");
        Ok(())
    }

    /// The Lease could not be read or written. While it was renewed a short time ago that changes nothing.
    pub fn could_not_look(&self, error: &ClusterError) {
        let lapses = !self.leads() && self.standing.borrow().until.is_some();
        if lapses {
            self.standing.send_modify(|it| it.until = None);
            tracing::warn!(%error, "the Lease could not be renewed: nothing is written until it is");
        }
        let words = error.to_string();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if !lapses && *said != words {
            // Of two that start at once, one makes the Lease; the other one sees it with its next look.
            if matches!(error, ClusterError::Conflict(_)) {
                tracing::info!(%error, "another replica wrote the Lease first");
            } else {
                tracing::warn!(%error, "the Lease cannot be used");
            }
        }
        *said = words;
    }

    /// Waits until the Lease has to be looked at again.
    pub async fn pause(&self) {
        // Whatever comes first; a notice that is missed comes with the next look.
        let _ = tokio::time::timeout(self.terms.retry, self.news.notified()).await;
    }

    /// The process stops: nothing is written from here on, and another one can take over at once.
    pub async fn release(&self) {
        let Some(lease) = &self.lease else { return };
        self.standing.send_modify(|it| it.until = None);
        let release = async {
            let mut seen = self.turn.lock().await;
            if !seen.begun {
                return Ok(());
            }
            if let Err(ClusterError::Conflict(_)) = self.let_go(lease, &mut seen).await {
                seen.record = lease.read().await?.filter(|it| it.holder() == Some(&self.me));
                self.let_go(lease, &mut seen).await?;
            }
            Ok::<(), ClusterError>(())
        };
        match tokio::time::timeout(GOODBYE, release).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the Lease was not let go; it ends by itself"),
            Err(_) => tracing::warn!("the Lease was not let go in time; it ends by itself"),
        }
    }

    async fn take(
        &self,
        lease: &KubeLease,
        seen: &mut Seen,
        record: LeaseRecord,
    ) -> Result<Looked, ClusterError> {
        // What cannot be read is no reason to think that nothing was written.
        let mut shared = Shared::parse(record.shared()).map_err(|it| {
            let name = lease.name();
            ClusterError::Malformed(format!(
                "the annotation of the Lease {name} cannot be read ({it}); delete the Lease"
            ))
        })?;
        let text = record.shared().map_or_else(|| shared.text(Timestamp::now()), str::to_owned);
        let mut next = record.held_by(&self.me, text, Timestamp::now()).lasting(self.terms.lease);
        if next.wanted_by().is_some() {
            next = next.asked_for_by_nobody();
        }
        seen.record = Some(lease.write(next).await?);
        seen.begun = false;
        shared.recall(&self.told().shared);
        Ok(Looked::Took(shared))
    }

    /// Writes the Lease as ours. Counted from before the request: by others it is from after it.
    async fn hold(&self, lease: &KubeLease, seen: &mut Seen) -> Result<(), ClusterError> {
        let until = Instant::now() + self.terms.renew_deadline;
        let now = Timestamp::now();
        let text = self.told().shared.text(now);
        let record = seen.record.clone().unwrap_or_default().held_by(&self.me, text, now);
        let record = record.lasting(self.terms.lease);
        seen.record = Some(lease.write(record).await?);
        self.standing.send_modify(|it| {
            (it.until, it.holder) = (Some(until), Some(self.me.clone()));
        });
        Ok(())
    }

    async fn let_go(&self, lease: &KubeLease, seen: &mut Seen) -> Result<(), ClusterError> {
        self.standing.send_modify(|it| it.until = None);
        let Some(record) = seen.record.take() else { return Ok(()) };
        let text = self.told().shared.text(Timestamp::now());
        seen.record = Some(record.clone());
        seen.record = Some(lease.write(record.let_go(text)).await?);
        seen.begun = false;
        Ok(())
    }

    /// Somebody wrote the Lease: he asked for a turn, or took it.
    async fn see_anew(&self, lease: &KubeLease, seen: &mut Seen) -> Result<(), NotLeading> {
        match lease.read().await {
            Ok(record) => {
                let record = record.unwrap_or_default();
                self.lose_unless_held(seen, &record);
                seen.record = Some(record);
                self.check()
            }
            Err(error) => Err(self.unknown(lease, &error)),
        }
    }

    fn lose_unless_held(&self, seen: &mut Seen, record: &LeaseRecord) {
        let holder = record.holder();
        if holder == Some(&self.me) {
            return;
        }
        // Where it was deleted, it is made again; somebody else may be faster.
        if seen.begun {
            tracing::warn!(
                holder,
                "the Lease is not ours any more: nothing is written from here on"
            );
        }
        seen.begun = false;
        let mut standing =
            Standing { until: None, holder: holder.map(str::to_owned), other_seen: None };
        let before = self.standing.borrow().other_seen;
        standing.other_seen = if holder.is_some() { seen.observed.at() } else { before };
        self.standing.send_if_modified(|it| std::mem::replace(it, standing.clone()) != standing);
    }

    fn unknown(&self, lease: &KubeLease, why: &impl std::fmt::Display) -> NotLeading {
        NotLeading { lease: lease.name().clone(), holder: format!("an unknown one ({why})") }
    }
}
