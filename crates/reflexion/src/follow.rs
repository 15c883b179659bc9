//! Following an agent: its stream, resumed after every break, and a heal for each incident on it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};
use types::{Execution, ExecutionState, Incident, IncidentState, StreamEvent};

use crate::agent::{Agent, AgentError, Heard};
use crate::desk::{Occasion, Patient, withdraw};
use crate::run::{Run, RunState};
use crate::store::{Cursor, StoreError};
use crate::{KNOWLEDGE, Reflexion};

/// The first pause after a break; it doubles up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often an agent that is not followed is asked whether it answers.
const LOOK: Duration = Duration::from_secs(10);
/// How often runs that stopped before their end are taken up again.
const TAKE_UP: Duration = Duration::from_secs(20);

#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error("the stream ended")]
    Ended,
    #[error(transparent)]
    Agent(#[from] AgentError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Reflexion {
    /// Follows every agent for as long as the process lives.
    pub fn follow(&self) {
        self.follows.store(true, Ordering::Relaxed);
        for agent in self.agents.iter() {
            let (reflexion, agent) = (self.clone(), Arc::clone(agent));
            self.runtime.spawn(async move { reflexion.follow_one(agent).await });
        }
    }

    /// Only asks every agent now and then whether it answers, for as long as the process lives.
    pub fn watch(&self) {
        for agent in self.agents.iter() {
            let (reflexion, agent) = (self.clone(), Arc::clone(agent));
            self.runtime.spawn(async move { reflexion.watch_one(&*agent).await });
        }
    }

    async fn watch_one(&self, agent: &dyn Agent) {
        let part = format!("agent {}", agent.url());
        let mut pause = interval(LOOK);
        loop {
            pause.tick().await;
            match agent.check().await {
                Ok(()) => self.probes.ready(&part),
                Err(error) => self.probes.not_ready(&part, service::telemetry::chain(&error)),
            }
        }
    }

    async fn follow_one(self, agent: Arc<dyn Agent>) {
        let part = format!("agent {}", agent.url());
        let mut pause = SHORTEST_PAUSE;
        let mut reported = false;
        loop {
            let Err(error) = self.listen(&agent, &part).await;
            let was_ready = self.probes.checks().get(&part).is_some_and(|it| it == "ok");
            let words = service::telemetry::chain(&error);
            if was_ready {
                pause = SHORTEST_PAUSE;
                reported = false;
            }
            if let FollowError::Store(_) = error {
                self.probes.not_ready(KNOWLEDGE, words.clone());
            }
            // A break is told once, however long it lasts.
            if !reported {
                tracing::warn!(agent = agent.url(), error = words, "not following; trying again");
                reported = true;
            }
            self.probes.not_ready(&part, words);
            self.meters.reconnect(agent.url());
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Hears the stream until it breaks.
    async fn listen(
        &self,
        agent: &Arc<dyn Agent>,
        part: &str,
    ) -> Result<std::convert::Infallible, FollowError> {
        let after = match self.cursor(agent.url()) {
            Some(cursor) => Some(cursor.last_id),
            None => self.memory.store.cursor(agent.url()).await?,
        };
        let mut stream = agent.follow(after).await?;
        self.probes.ready(part);
        tracing::info!(agent = agent.url(), "following");
        self.take_up_runs(agent, &[RunState::Healing, RunState::Waiting]).await?;
        self.check_verified(&**agent).await?;
        let mut take_up = interval(TAKE_UP);
        take_up.set_missed_tick_behavior(MissedTickBehavior::Delay);
        take_up.reset();
        loop {
            tokio::select! {
                heard = stream.next() => {
                    let heard = heard.ok_or(FollowError::Ended)??;
                    self.hear(agent, heard).await?;
                }
                _ = take_up.tick() => self.take_up_runs(agent, &[RunState::Healing]).await?,
            }
        }
    }

    /// Goes on with what was left unfinished by a restart or an agent that was away.
    async fn take_up_runs(
        &self,
        agent: &Arc<dyn Agent>,
        states: &[RunState],
    ) -> Result<(), StoreError> {
        for run in self.memory.store.unfinished_runs(agent.url()).await? {
            if states.contains(&run.state) {
                self.take_up(agent, run, Occasion::Resumed);
            } else if run.not_before.is_some_and(|it| it <= Timestamp::now()) {
                self.take_up(agent, run, Occasion::Due);
            }
        }
        Ok(())
    }

    fn take_up(&self, agent: &Arc<dyn Agent>, run: Run, occasion: Occasion) {
        let agent = Arc::clone(agent);
        let patient = Patient { agent, incident: run.incident, published: run.published };
        self.begin(patient, occasion);
    }

    /// Acts on a message. The place in the stream moves only after what it asks for is durable.
    async fn hear(&self, agent: &Arc<dyn Agent>, heard: Heard) -> Result<(), StoreError> {
        match heard.event {
            StreamEvent::Incident(incident) => {
                self.hear_incident(agent, *incident, &heard.id).await?;
            }
            StreamEvent::Execution(execution) => self.hear_execution(agent, *execution).await?,
        }
        if !heard.id.is_empty() {
            self.move_cursor(agent.url(), &heard.id);
        }
        Ok(())
    }

    async fn hear_incident(
        &self,
        agent: &Arc<dyn Agent>,
        incident: Incident,
        id: &str,
    ) -> Result<(), StoreError> {
        if incident.state != IncidentState::Open {
            let agent = Arc::clone(agent);
            return self.close(&Patient { agent, incident, published: true }).await;
        }
        let store = &self.memory.store;
        if store.run_of_incident(incident.id).await?.is_none() {
            tracing::info!(
                incident.id = %incident.id,
                subject = %incident.subject,
                fault = %incident.fault,
                "an incident"
            );
            let run = Run::new(agent.url(), incident.clone(), true, Timestamp::now());
            let cursor = Cursor { agent: agent.url().to_owned(), last_id: id.to_owned() };
            // The first messages of a stream may carry no id: they are told again after a break.
            store.save_run(&run, Some(&cursor).filter(|it| !it.last_id.is_empty())).await?;
        }
        let patient = Patient { agent: Arc::clone(agent), incident, published: true };
        self.begin(patient, Occasion::Published);
        Ok(())
    }

    /// What was published while its object was being healed, as it is now.
    pub(crate) async fn hear_again(&self, mut patient: Patient) {
        match patient.agent.incident(patient.incident.id).await {
            Ok(incident) => patient.incident = incident,
            // It is told again on the stream, or taken up with the runs that are unfinished.
            Err(error) => return tracing::debug!(%error, "an incident was not read again"),
        }
        if patient.incident.state == IncidentState::Open {
            self.begin(patient, Occasion::Published);
            return;
        }
        if let Err(error) = self.close(&patient).await {
            let error = service::telemetry::chain(&error);
            tracing::error!(error, "the end of an incident was not kept");
        }
    }

    /// An incident ended without a heal under way: nobody has to look any more.
    async fn close(&self, patient: &Patient) -> Result<(), StoreError> {
        if self.leave_news(patient) {
            return Ok(());
        }
        let incident = &patient.incident;
        let reason = match incident.state {
            IncidentState::Open => return Ok(()),
            IncidentState::Resolved => "healthy again",
            IncidentState::Gone => "the object is gone",
        };
        let Some(mut run) = self.memory.store.run_of_incident(incident.id).await? else {
            return Ok(());
        };
        if run.incident.state == incident.state {
            return Ok(());
        }
        run.incident.state = incident.state;
        // Whoever was at it has mended it himself: what was to be done otherwise is for nobody to say yes to.
        if run.goes_on_at().is_some()
            && let Err(error) = withdraw(patient, &mut run).await
        {
            tracing::debug!(%error, "a proposal was not withdrawn");
        }
        match run.state {
            // It stays healed; that it ended is what a return of the trouble is known by.
            RunState::Healed
            | RunState::Closed
            | RunState::Healthy
            | RunState::OnItsWay
            | RunState::Untreatable => {}
            RunState::Healing | RunState::Escalated | RunState::Waiting => {
                run.state = RunState::Closed;
                reason.clone_into(&mut run.reason);
            }
        }
        run.updated_at = Timestamp::now();
        self.memory.store.save_run(&run, None).await
    }

    async fn hear_execution(
        &self,
        agent: &Arc<dyn Agent>,
        execution: Execution,
    ) -> Result<(), StoreError> {
        let (id, state) = (execution.id, execution.state);
        self.board.post(execution.clone());
        if state == ExecutionState::Proposed {
            return Ok(());
        }
        self.unlearn(&execution).await?;
        if let Some(run) = self.memory.store.run_of_execution(id).await?
            && run.state == RunState::Waiting
        {
            self.take_up(agent, run, Occasion::Resumed);
        }
        Ok(())
    }
}
