//! A yes is kept from the moment it is said until it is carried out, comes to nothing, or its proposal has had its
//! time: a cap that is reached puts it off, and a process that ends takes nothing of it away.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use types::{Execution, ExecutionState};
use uuid::Uuid;

use super::people::LIFETIME;
use super::{FixError, Fixer, OpenError, PersonError};

/// How long a yes waits for a cluster that cannot be read, as after a start.
const UNREAD_SECS: u64 = 2;

/// When a proposal that got its yes can be carried out, in seconds, where a cap alone stands in the way.
fn put_off(execution: &Execution) -> Option<u64> {
    let refusal =
        execution.refusal.as_ref().filter(|_| execution.state == ExecutionState::Proposed)?;
    u64::try_from(refusal.retry_secs?).ok()
}

impl Fixer {
    /// A person says yes to a proposal: once, to what was shown, while it is still true.
    pub async fn approved_by(
        self: &Arc<Self>,
        id: Uuid,
        who: &str,
    ) -> Result<Execution, PersonError> {
        let (fixer, by) = (Arc::clone(self), who.to_owned());
        let carried_out = tokio::spawn(async move { Box::pin(fixer.say_yes(id, by)).await });
        carried_out.await.map_err(|_| FixError::CutOff)?
    }

    async fn say_yes(self: Arc<Self>, id: Uuid, who: String) -> Result<Execution, PersonError> {
        self.lead().check()?;
        self.waiting(id).await?;
        self.journal.keep_yes(id, &who).await.map_err(FixError::from)?;
        let mut said = Arc::clone(&self).carry_out_approved(id, who.clone()).await;
        match said.as_mut().ok().and_then(|it| Some((put_off(it)?, it.refusal.as_mut()?))) {
            Some((secs, refusal)) => {
                refusal.detail += "; the yes is kept until then";
                tokio::spawn(Arc::clone(&self).say_again(id, who, secs));
            }
            None => self.forget_yes(id, &who).await,
        }
        said
    }

    /// A cap that is reached opens again. The yes is kept until then, as long as the proposal lives. Whatever else has
    /// changed meanwhile is found out as if it had been said now.
    async fn say_again(self: Arc<Self>, id: Uuid, who: String, mut secs: u64) {
        loop {
            tokio::time::sleep(Duration::from_secs(secs)).await;
            secs = match Arc::clone(&self).carry_out_approved(id, who.clone()).await {
                Ok(execution) => match put_off(&execution) {
                    Some(more) => more,
                    None => break,
                },
                Err(PersonError::Fix(FixError::Cluster(error))) => {
                    tracing::debug!(execution = %id, %error, "a yes waits for the cluster");
                    UNREAD_SECS
                }
                Err(error) => {
                    tracing::info!(execution = %id, %error, "a yes that was kept came to nothing");
                    break;
                }
            };
        }
        self.forget_yes(id, &who).await;
    }

    /// The yes does not count any more; of a proposal that waits no more, its state says so.
    async fn forget_yes(&self, id: Uuid, who: &str) {
        if self.waiting(id).await.is_err() {
            return;
        }
        if let Err(error) = self.journal.end_yes(id, who).await {
            let error = service::telemetry::chain(&error);
            tracing::warn!(execution = %id, error, "a yes that came to nothing may be tried again after a restart");
        }
    }

    /// Takes up every yes that an earlier life of the process was given and did not carry out, as soon as this
    /// replica leads.
    pub(super) async fn recall_yeses(self: &Arc<Self>) -> Result<(), OpenError> {
        for yes in self.journal.kept_yeses().await? {
            let Ok(waits) = self.waiting(yes.execution).await else { continue };
            if LIFETIME < Timestamp::now().duration_since(waits.execution.requested_at) {
                continue;
            }
            tracing::info!(execution = %yes.execution, who = yes.who, "a yes was kept");
            let fixer = Arc::clone(self);
            tokio::spawn(async move {
                fixer.lead().until_leads().await;
                Box::pin(fixer.say_again(yes.execution, yes.who, 0)).await;
            });
        }
        Ok(())
    }
}
