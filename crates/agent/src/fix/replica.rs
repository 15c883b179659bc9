//! One replica among several: it stands by, takes over what the one before it told, and leads.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use types::ExecutionState;
use uuid::Uuid;

use super::resume::failed_fix;
use super::{Fixer, OpenError};
use crate::failures::MEMORY;
use crate::journal::Stored;
use crate::lead::{EarlierWrite, Lead, Looked, MAX_EARLIER, Shared, SharedWrite, Unshared};

impl Fixer {
    /// Looks at the Lease again and again: renews it, takes it over, or lets it go.
    pub async fn stand(self: Arc<Self>) {
        if self.lead.is_alone() {
            return;
        }
        loop {
            let looked = self.lead.look(self.under_way() == 0).await;
            match looked {
                Ok(Looked::Settled) => {}
                Ok(Looked::Took(shared)) => self.begin(shared).await,
                Err(error) => self.lead.could_not_look(&error),
            }
            self.lead.pause().await;
        }
    }

    /// Whether this replica leads.
    pub fn lead(&self) -> &Lead {
        &self.lead
    }

    async fn begin(&self, shared: Shared) {
        if let Err(error) = self.take_over(shared).await {
            let error = service::telemetry::chain(&error);
            tracing::error!(
                error,
                "the Lease is ours, but what goes with it could not be taken over"
            );
        }
    }

    /// Takes in what the replica before this one told, and tells it on with what this one knows better.
    async fn take_over(&self, mut told: Shared) -> Result<(), OpenError> {
        told.forget_old(Timestamp::now());
        if let Some(mode) = told.mode {
            self.take_over_mode(mode).await?;
        }
        self.take_over_arming(&told).await?;
        let mode = self.mode();
        let mut shared = Shared {
            mode: Some(mode),
            armed_at: self.journal.armed_at().await?,
            storms: self.take_over_storms(&told.storms).await?,
            ..Shared::default()
        };
        let mut others =
            self.take_over_writes(std::mem::take(&mut told.writes), &mut shared).await?;
        others.extend(self.take_over_earlier(told.earlier, &mut shared).await?);
        shared.forget_old(Timestamp::now());
        self.lead.begin(shared, others).await.map_err(OpenError::Lease)?;
        if self.mode() != mode {
            // Stopped meanwhile: what was told is not so any more.
            self.lead.note(|it| it.mode = Some(self.mode()));
        }
        Ok(())
    }

    /// What was written in the last hours, our own and what is told of others; the ids of those.
    async fn take_over_writes(
        &self,
        told: Vec<SharedWrite>,
        shared: &mut Shared,
    ) -> Result<Vec<Uuid>, OpenError> {
        let own = self.journal.recent(Timestamp::now() - MEMORY, Uuid::nil()).await?;
        shared.writes = own.iter().filter(|it| it.plan.writes()).map(SharedWrite::of).collect();
        let ours: BTreeSet<Uuid> = shared.writes.iter().map(|it| it.id).collect();
        let mut others = vec![];
        for write in told.into_iter().filter(|it| !ours.contains(&it.id)) {
            // An intent of ours that came to nothing while another one led: nobody has to wait for it any more.
            if write.under_way && self.journal.find(write.id).await?.is_some() {
                continue;
            }
            others.push(write.id);
            if write.undone {
                self.agent.failures.add(&write.subject, failed_fix(write.past_write()));
            }
            if write.under_way {
                tracing::warn!(
                    execution = %write.id, subject = %write.subject,
                    "a fix of another replica is under way: that one sees it through when it leads"
                );
            }
            shared.put(write);
        }
        Ok(others)
    }

    /// The same of what was written before that.
    async fn take_over_earlier(
        &self,
        told: Vec<EarlierWrite>,
        shared: &mut Shared,
    ) -> Result<Vec<Uuid>, OpenError> {
        let now = Timestamp::now();
        let own = self.journal.writes_before(now - MEMORY, None, MAX_EARLIER).await?;
        let mut others = vec![];
        for write in told.into_iter().filter(|it| it.is_credible(now)) {
            // What is ours, the journal knows better.
            if self.journal.find(write.id).await?.is_none() {
                others.push(write.id);
                shared.earlier.push(write);
            }
        }
        shared.earlier.extend(own.iter().filter_map(|(id, it)| EarlierWrite::of_past(*id, it)));
        Ok(others)
    }

    /// Puts the intent of a fix where the next replica finds it. Fails where this one does not lead, or where there
    /// is no room for it.
    pub(super) async fn share_intent(&self, fix: &Stored) -> Result<(), Unshared> {
        if !fix.plan.writes() {
            return Ok(self.lead.check()?);
        }
        self.lead.share_intent(SharedWrite::of(fix)).await
    }

    /// Tells other replicas how a fix stands.
    pub(super) fn note_for_others(&self, fix: &Stored) {
        if !fix.plan.writes() {
            return;
        }
        let state = fix.execution.state;
        let may_be = !state.is_final() && state != ExecutionState::Proposed;
        let was_written = fix.execution.applied_at.is_some() || may_be;
        let write = SharedWrite::of(fix);
        if fix.execution.state.is_final() {
            self.lead.note_end(write.id);
        }
        self.lead.note(|it| if was_written { it.put(write) } else { it.remove(write.id) });
    }
}
