//! One replica among several: it stands by, takes over what the one before it told, and leads.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::resume::failed_fix;
use super::{Fixer, OpenError};
use crate::failures::MEMORY;
use crate::journal::Stored;
use crate::lead::{Lead, Looked, Shared, SharedWrite, Unshared};

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
    async fn take_over(&self, told: Shared) -> Result<(), OpenError> {
        if let Some(mode) = told.mode {
            self.take_over_mode(mode).await?;
        }
        let own = self.journal.recent(Timestamp::now() - MEMORY, Uuid::nil()).await?;
        let own: Vec<_> = own.iter().filter(|it| it.plan.writes()).map(SharedWrite::of).collect();
        let is_ours = |it: &SharedWrite| own.iter().any(|own| own.id == it.id);
        let mode = self.mode();
        let mut shared = Shared { mode: Some(mode), writes: own.clone() };
        let mut others = vec![];
        for write in told.writes.into_iter().filter(|it| !is_ours(it)) {
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
        shared.forget_old(Timestamp::now());
        self.lead.begin(shared, others).await.map_err(OpenError::Lease)?;
        if self.mode() != mode {
            // Stopped meanwhile: what was told is not so any more.
            self.lead.note(|it| it.mode = Some(self.mode()));
        }
        Ok(())
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
        let was_written = fix.execution.applied_at.is_some() || !fix.execution.state.is_final();
        let write = SharedWrite::of(fix);
        if fix.execution.state.is_final() {
            self.lead.note_end(write.id);
        }
        self.lead.note(|it| if was_written { it.put(write) } else { it.remove(write.id) });
    }
}
