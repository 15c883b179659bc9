//! The board: executions as they were last heard of, for whoever waits for one to end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::broadcast;
use types::{Execution, ExecutionState};
use uuid::Uuid;

use crate::agent::{Agent, AgentError};

/// News that a slow waiter may miss; it then asks the agent.
const NEWS: usize = 256;
/// How often an agent is asked for an execution of which nothing is heard.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// The same while the stream tells by itself: only against a message that was lost.
const ASK_AGAIN_FOLLOWING: Duration = Duration::from_secs(5);
/// After this the run is left for later: no fix is verified or undone that slowly.
const PATIENCE: Duration = Duration::from_hours(1);

/// Where executions that were heard of are passed on.
#[derive(Debug, Clone)]
pub(crate) struct Board {
    news: broadcast::Sender<Arc<Execution>>,
}

impl Default for Board {
    fn default() -> Self {
        Self { news: broadcast::channel(NEWS).0 }
    }
}

impl Board {
    /// Passes on what was heard of an execution.
    pub(crate) fn post(&self, execution: Execution) {
        // Nobody waiting is fine.
        let _ = self.news.send(Arc::new(execution));
    }

    /// The execution once nothing more happens to it, or once it waits for a person.
    pub(crate) async fn settle(
        &self,
        agent: &dyn Agent,
        id: Uuid,
        following: bool,
    ) -> Result<Execution, AgentError> {
        let mut news = self.news.subscribe();
        let patience = Instant::now() + PATIENCE;
        let pause = if following { ASK_AGAIN_FOLLOWING } else { ASK_AGAIN };
        loop {
            match agent.execution(id).await {
                Ok(execution) if has_settled(&execution) => return Ok(execution),
                Ok(_) => {}
                Err(error) if error.is_passing() && Instant::now() < patience => {}
                Err(error) => return Err(error),
            }
            if let Some(execution) = heard(&mut news, id, pause).await {
                return Ok(execution);
            }
            if patience < Instant::now() {
                return agent.execution(id).await;
            }
        }
    }
}

fn has_settled(execution: &Execution) -> bool {
    execution.state.is_final() || execution.state == ExecutionState::Proposed
}

/// The execution, if it is heard to have settled within this time.
async fn heard(
    news: &mut broadcast::Receiver<Arc<Execution>>,
    id: Uuid,
    pause: Duration,
) -> Option<Execution> {
    let listen = async {
        while let Ok(execution) = news.recv().await {
            if execution.id == id && has_settled(&execution) {
                return Some(Arc::unwrap_or_clone(execution));
            }
        }
        // Too much was missed: ask.
        None
    };
    tokio::time::timeout(pause, listen).await.ok().flatten()
}
