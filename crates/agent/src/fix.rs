//! The story of a fix: approve, apply, settle, judge, undo.

use std::sync::Arc;

use types::Execution;

use crate::Agent;
use crate::config::Config;

/// Carries out fixes, one per workload at a time, and keeps their journal.
pub struct Fixer {
    #[expect(dead_code, reason = "the story is not told yet")]
    agent: Agent,
}

impl Fixer {
    /// Opens the journal and the policy.
    #[expect(clippy::unused_async, reason = "the journal is opened here")]
    pub async fn open(agent: Agent, _config: &Config) -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self { agent }))
    }

    /// How many fixes are under way.
    pub fn under_way(&self) -> usize {
        0
    }

    /// The executions that have not reached a final state, for a reader that joins the stream.
    pub fn unfinished(&self) -> Vec<Execution> {
        vec![]
    }
}
