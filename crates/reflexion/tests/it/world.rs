//! A reflexion over fakes and a store in a folder of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reflexion::config::Depth;
use reflexion::llm::Counsel;
use reflexion::memory::Memory;
use reflexion::metrics::Meters;
use reflexion::run::{Run, RunState};
use reflexion::store::Store;
use reflexion::{Parts, Reflexion};
use tempfile::TempDir;
use types::{ExecutionState, Incident, Strategy};

use crate::fakes::{ScriptedAgent, ScriptedModel};

/// Nothing in these tests takes longer, or it hangs.
const LIMIT: Duration = Duration::from_secs(10);

pub(crate) struct World {
    pub(crate) agent: Arc<ScriptedAgent>,
    pub(crate) model: Option<Arc<ScriptedModel>>,
    pub(crate) reflexion: Reflexion,
    pub(crate) folder: Arc<TempDir>,
}

impl World {
    /// Rules only.
    pub(crate) async fn new(script: &[(Strategy, ExecutionState, &'static str)]) -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        Self::with(ScriptedAgent::new(script), None, folder).await
    }

    /// With a model that answers this.
    pub(crate) async fn advised(
        script: &[(Strategy, ExecutionState, &'static str)],
        answers: &[&str],
    ) -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        let model = Some(ScriptedModel::new(answers));
        Self::with(ScriptedAgent::new(script), model, folder).await
    }

    pub(crate) async fn with(
        agent: Arc<ScriptedAgent>,
        model: Option<Arc<ScriptedModel>>,
        folder: Arc<TempDir>,
    ) -> Self {
        Self::set_to(None, agent, model, folder).await
    }

    /// With this setting of the depth.
    pub(crate) async fn set_to(
        depth: Option<Depth>,
        agent: Arc<ScriptedAgent>,
        model: Option<Arc<ScriptedModel>>,
        folder: Arc<TempDir>,
    ) -> Self {
        let meters = Meters::default();
        let counsel = model.clone().map(|it| Counsel::new(it, meters.clone()));
        let reflexion = Reflexion::new(Parts {
            memory: memory(folder.path()).await,
            agents: vec![Arc::clone(&agent) as _],
            counsel,
            depth,
            damaged: None,
            meters,
        })
        .await
        .unwrap();
        Self { agent, model, reflexion, folder }
    }

    /// Follows the agent, from when the stream is open.
    pub(crate) async fn follow(&self) {
        let connections = self.agent.resumed_after().len();
        self.reflexion.follow();
        until(async || (connections < self.agent.resumed_after().len()).then_some(())).await;
    }

    /// The same folder and agent after the process was killed. The old one no longer hears anything.
    pub(crate) async fn restarted(self) -> Self {
        self.reflexion.memory.store.close().await;
        Self::with(self.agent, self.model, self.folder).await
    }

    /// Publishes the incident and waits until its run is in this state.
    pub(crate) async fn tell(&self, incident: &Incident, state: RunState) -> Run {
        self.agent.publish(incident);
        self.run(incident, state).await
    }

    /// The incident's run, once it is in this state.
    pub(crate) async fn run(&self, incident: &Incident, state: RunState) -> Run {
        let store = &self.reflexion.memory.store;
        until(async || {
            let run = store.run_of_incident(incident.id).await.unwrap();
            run.filter(|it| it.state == state)
        })
        .await
    }

    pub(crate) async fn episodes(&self) -> u64 {
        self.reflexion.memory.store.episode_count().await.unwrap()
    }
}

pub(crate) async fn memory(folder: &Path) -> Memory {
    let opened = Store::open(folder, Timestamp::now()).await.unwrap();
    Memory::load(opened.store).await.unwrap()
}

/// Looks again and again until there is something, or panics after the limit.
pub(crate) async fn until<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let mut ticks = tokio::time::interval(Duration::from_millis(2));
    let looking = async {
        loop {
            ticks.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    };
    tokio::time::timeout(LIMIT, looking).await.expect("it did not happen in time")
}
