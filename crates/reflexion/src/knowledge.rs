//! Whether the knowledge base keeps what it is given: asked now and then by writing, and told on `/readyz`.

use std::time::Duration;

use tokio::time::interval;

use crate::Reflexion;

/// The part's name on `/readyz` and `/health`.
pub(crate) const KNOWLEDGE: &str = "knowledge";
/// How often it is asked. Each time is one small write.
const LOOK: Duration = Duration::from_secs(10);

impl Reflexion {
    /// Checks the knowledge base for as long as the process lives.
    pub fn watch_knowledge(&self) {
        let reflexion = self.clone();
        self.runtime.spawn(async move {
            let mut pause = interval(LOOK);
            loop {
                pause.tick().await;
                reflexion.check_knowledge().await;
            }
        });
    }

    /// Checks the knowledge base once, by writing, and says on the probes how it is.
    pub async fn check_knowledge(&self) {
        let failed = self.memory.store.check().await.err();
        let words = failed.map(|it| {
            let folder = self.memory.store.path().parent().map(|it| it.display().to_string());
            let error = service::telemetry::chain(&it);
            format!(
                "cannot be written: {error}; look at the disk of {}",
                folder.unwrap_or_default()
            )
        });
        let before = self.probes.checks().remove(KNOWLEDGE).unwrap_or_default();
        if let Some(words) = words {
            // A failure is told once, however long it lasts.
            if before != words {
                tracing::error!(reason = words, "the knowledge base cannot be written");
            }
            self.probes.not_ready(KNOWLEDGE, words);
        } else if let Some(words) = &self.damaged {
            self.probes.not_ready(KNOWLEDGE, &**words);
        } else {
            if before != "ok" {
                tracing::info!("the knowledge base can be written again");
            }
            self.probes.ready(KNOWLEDGE);
        }
    }
}
