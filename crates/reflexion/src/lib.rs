//! Reflexion: follows agents, heals what they see by what it learned, and learns from what came of it.
//!
//! Begin with [`heal`](Reflexion::heal), the story. It has no cluster credential and needs no model.

pub mod config;
pub mod agent;
pub mod llm;
pub mod run;
pub mod store;
pub mod memory;
mod heal;
mod board;
mod desk;
mod follow;
mod unlearn;
mod knowledge;
pub mod metrics;
pub mod http;
pub mod start;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use agent::Agent;
use board::Board;
use config::Depth;
use desk::Desk;
use knowledge::KNOWLEDGE;
use llm::Counsel;
use memory::Memory;
use metrics::Meters;
use service::health::Probes;
use store::{Cursor, StoreError};

pub use desk::{Ended, Occasion};
pub use heal::HealError;

/// The setting under which the depth of reflection is kept.
const DEPTH_SETTING: &str = "reflection_depth";

/// What all parts of the process share. Cheap to clone.
#[derive(Clone)]
pub struct Reflexion {
    /// What was experienced.
    pub memory: Memory,
    /// The agents, one a cluster.
    pub agents: Arc<[Arc<dyn Agent>]>,
    /// Who is asked where experience is thin; `None` without a model.
    pub counsel: Option<Counsel>,
    /// What is counted.
    pub meters: Meters,
    /// What is ready.
    pub probes: Probes,
    depth: Arc<RwLock<Depth>>,
    /// The depth that the setting gives, which wins at every start.
    set_depth: Option<Depth>,
    /// What happened to the knowledge base before it was opened, if a person has to know.
    damaged: Option<Arc<str>>,
    board: Board,
    desk: Desk,
    /// Whether executions are heard of by themselves.
    follows: Arc<AtomicBool>,
    cursors: Arc<Mutex<BTreeMap<String, String>>>,
    /// Where heals run: not on the threads that answer requests.
    runtime: tokio::runtime::Handle,
}

/// What a [`Reflexion`] is put together from.
pub struct Parts {
    /// What was experienced.
    pub memory: Memory,
    /// The agents.
    pub agents: Vec<Arc<dyn Agent>>,
    /// Who is asked.
    pub counsel: Option<Counsel>,
    /// How much to think. Without it, what was last chosen while running, or else the default.
    pub depth: Option<Depth>,
    /// What happened to the knowledge base before it was opened: not ready until somebody looked and started anew.
    pub damaged: Option<String>,
    /// What is counted.
    pub meters: Meters,
}

impl Reflexion {
    /// Puts the parts together; heals run on the runtime that this is called on.
    pub async fn new(parts: Parts) -> Result<Self, StoreError> {
        let kept = parts.memory.store.setting(DEPTH_SETTING).await?;
        let kept: Option<Depth> = kept.and_then(|it| it.parse().ok());
        if let (Some(set), Some(kept)) = (parts.depth, kept)
            && set != kept
        {
            tracing::info!(depth = %set, chosen_before = %kept, "the setting of the depth wins over what was chosen before");
        }
        let names = parts.agents.iter().map(|it| format!("agent {}", it.url()));
        let names: Vec<_> = names.chain([KNOWLEDGE.to_owned()]).collect();
        let probes = Probes::waiting_for(names.iter().map(String::as_str));
        match &parts.damaged {
            Some(words) => probes.not_ready(KNOWLEDGE, words),
            None => probes.ready(KNOWLEDGE),
        }
        Ok(Self {
            memory: parts.memory,
            agents: parts.agents.into(),
            counsel: parts.counsel,
            meters: parts.meters,
            probes,
            depth: Arc::new(RwLock::new(parts.depth.or(kept).unwrap_or_default())),
            set_depth: parts.depth,
            damaged: parts.damaged.map(Arc::from),
            board: Board::default(),
            desk: Desk::default(),
            follows: Arc::default(),
            cursors: Arc::default(),
            runtime: tokio::runtime::Handle::current(),
        })
    }

    /// How much to think about outcomes.
    pub fn depth(&self) -> Depth {
        *self.depth.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The depth that the setting gives; it wins over what is chosen while running at the next start.
    pub fn depth_setting(&self) -> Option<Depth> {
        self.set_depth
    }

    /// Changes how much to think, now and after a restart without the setting.
    pub async fn set_depth(&self, depth: Depth) -> Result<(), StoreError> {
        self.memory.store.set_setting(DEPTH_SETTING, &depth.to_string()).await?;
        *self.depth.write().unwrap_or_else(PoisonError::into_inner) = depth;
        Ok(())
    }

    /// The model, when reflection is deep enough to ask it.
    fn adviser(&self) -> Option<&Counsel> {
        match self.depth() {
            Depth::Shallow => None,
            Depth::Medium | Depth::Deep => self.counsel.as_ref(),
        }
    }

    /// How far this agent's stream was handled.
    fn cursor(&self, agent: &str) -> Option<Cursor> {
        let cursors = self.cursors.lock().unwrap_or_else(PoisonError::into_inner);
        let last_id = cursors.get(agent)?.clone();
        Some(Cursor { agent: agent.to_owned(), last_id })
    }

    fn move_cursor(&self, agent: &str, last_id: &str) {
        let mut cursors = self.cursors.lock().unwrap_or_else(PoisonError::into_inner);
        cursors.insert(agent.to_owned(), last_id.to_owned());
    }
}
