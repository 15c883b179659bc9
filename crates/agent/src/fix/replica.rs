//! One replica among several: it stands by, takes over what the one before it told, and leads.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use types::Mode;
use uuid::Uuid;

use super::resume::failed_fix;
use super::shop::unarmed;
use super::{Fixer, OpenError};
use crate::failures::MEMORY;
use crate::journal::Stored;
use crate::lead::{Lead, Looked, Shared, SharedWrite};

/// Who set a mode that was taken over.
const WHO: &str = "lease";

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
        self.take_over_mode(told.mode).await?;
        let own = self.journal.recent(Timestamp::now() - MEMORY, Uuid::nil()).await?;
        let own: Vec<_> = own.iter().filter(|it| it.plan.writes()).map(SharedWrite::of).collect();
        let is_ours = |it: &SharedWrite| own.iter().any(|own| own.id == it.id);
        let mut shared = Shared { mode: Some(self.mode()), writes: own.clone() };
        let mut others = vec![];
        for write in told.writes.into_iter().filter(|it| !is_ours(it)) {
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
        self.lead.begin(shared, others).await.map_err(OpenError::Lease)
    }

    /// The mode is that of the replica before this one. What was stopped here by a setting or an object stays stopped.
    async fn take_over_mode(&self, told: Option<Mode>) -> Result<(), OpenError> {
        let Some(told) = told else { return Ok(()) };
        let stays = self.pinned.load(Ordering::Relaxed) && self.mode() == Mode::Observe;
        let missing = unarmed(told, self.policy_given, self.authenticated);
        let mode = if missing.is_some() { Mode::Suggest } else { told };
        if stays || mode == self.mode() {
            return Ok(());
        }
        match self.set_mode(mode, WHO, "the mode of the replica that led before").await {
            Ok(()) | Err(OpenError::Held) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Puts the intent of a fix where the next replica finds it. Fails where this one does not lead.
    pub(super) async fn share_intent(&self, fix: &Stored) -> Result<(), crate::lead::NotLeading> {
        if !fix.plan.writes() {
            return self.lead.check();
        }
        let write = SharedWrite::of(fix);
        self.lead.share(|it| it.put(write)).await
    }

    /// Tells other replicas how a fix stands.
    pub(super) fn note_for_others(&self, fix: &Stored) {
        if !fix.plan.writes() {
            return;
        }
        let was_written = fix.execution.applied_at.is_some() || !fix.execution.state.is_final();
        let write = SharedWrite::of(fix);
        self.lead.note(|it| if was_written { it.put(write) } else { it.remove(write.id) });
    }
}
