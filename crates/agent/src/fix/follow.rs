//! After an undo: pods of the template that was taken back, where nobody else replaces them.
//!
//! A StatefulSet that waits for each pod waits for a broken one too, and a ReplicaSet replaces none. What has to be
//! evicted is computed from what is seen after the undo, as the undo is from the plan.

use remedy::{Writer, WrittenPlan};
use serde_json::Value;

use super::Fixer;
use super::undo::{MAX_PAUSE, PAUSE, TakeBackError};
use crate::cluster::ClusterError;
use crate::journal::Stored;

/// How often a controller is looked at until it has seen the template that was put back: half a minute in all.
const LOOKS: u32 = 120;

impl Fixer {
    /// Evicts what stayed behind of the template that was taken back.
    pub(super) async fn let_pods_follow(
        &self,
        plan: &WrittenPlan,
        fix: &Stored,
    ) -> Result<(), TakeBackError> {
        if remedy::pods_follow(&fix.before) {
            return Ok(());
        }
        let (mut looks, mut pause) = (0, PAUSE);
        loop {
            self.until_armed().await;
            match self.try_to_let_follow(plan, fix, looks < LOOKS).await {
                Ok(true) | Err(ClusterError::NotFound(_)) => return Ok(()),
                Ok(false) => {
                    looks += 1;
                    pause = PAUSE;
                }
                Err(ClusterError::Stopped) => continue,
                Err(ClusterError::Refused(detail) | ClusterError::Conflict(detail)) => {
                    let target = format!("a broken pod of {}", fix.execution.subject);
                    return Err(TakeBackError::Refused { target, detail });
                }
                Err(error) => {
                    let error = self.words(&fix.execution.subject, &error);
                    tracing::warn!(error, execution = %fix.execution.id, "an undo waits for the API server");
                    pause = (pause * 2).min(MAX_PAUSE);
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// False while the controller has not seen the template that was put back: a pod that goes now could come
    /// back from the wrong one.
    async fn try_to_let_follow(
        &self,
        plan: &WrittenPlan,
        fix: &Stored,
        patient: bool,
    ) -> Result<bool, ClusterError> {
        let subject = &fix.execution.subject;
        let object = self.agent.cluster.object(subject).await?;
        if patient && !is_observed(&object) {
            return Ok(false);
        }
        let objects = self.objects(subject).await?;
        let now = diagnosis::gather(&objects, &self.agent.redactor);
        for step in &plan.undo_of_pods(&fix.before, &now).steps {
            if self.is_spared(&step.target).await? {
                continue;
            }
            let purpose = self.to_write(Writer::of(&fix.plan.strategy));
            match self.agent.cluster.evict(&step.target, purpose).await {
                // Another pod has its name by now.
                Ok(()) | Err(ClusterError::NotFound(_) | ClusterError::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

/// Whether the controller has seen the newest template.
fn is_observed(object: &Value) -> bool {
    let number = |path: &str| object.pointer(path).and_then(Value::as_i64).unwrap_or(0);
    number("/metadata/generation") <= number("/status/observedGeneration")
}
