//! The arrows of the story, one function each.

use std::sync::atomic::Ordering;
use std::time::Instant;

use jiff::Timestamp;
use learning::{Attempt, Choice, Decision, Question, RankedOffer};
use serde_json::{Map, Value};
use types::wire::ExecuteFixRequest;
use types::{Episode, Execution, ExecutionState, IncidentState, Observation, Reflection, Strategy};
use uuid::Uuid;

use super::answers::{executed, not_there, refused, untried};
use super::{Case, Executed, HealError, Then};
use crate::Reflexion;
use crate::agent::{AgentError, Order};
use crate::config::Depth;
use crate::llm::Counsel;
use crate::memory::Recalled;
use crate::run::{RunAttempt, RunState};
use crate::store::{EpisodeFilter, StoreError};

/// Episodes that a look back reads.
const LOOK_BACK: u32 = 20;

impl Reflexion {
    /// What to try. An attempt that was ordered and not judged is taken up before any other.
    pub(super) async fn choose(&self, case: &mut Case, recalled: &Recalled) -> Decision {
        if let Some(pending) = case.run.pending() {
            return Decision::Act(Box::new(pending.choice.clone()));
        }
        let decision = self.choose_by(case, recalled, &[]);
        let after_failure = case.run.current().iter().any(|it| it.execution.is_some());
        let nothing_to_rank = matches!(decision, Decision::Escalate { open: false, .. });
        if nothing_to_rank || !(decision.needs_model() || after_failure) {
            return decision;
        }
        match self.advise(case, recalled).await {
            Some(advice) => self.choose_by(case, recalled, &advice),
            None => decision,
        }
    }

    fn choose_by(&self, case: &Case, recalled: &Recalled, advice: &[RankedOffer]) -> Decision {
        let started = Instant::now();
        let incident = &case.run.incident;
        let mut failed: Vec<Strategy> = recalled.failed.clone();
        failed.extend(case.run.spent().cloned());
        let uniforms: Vec<_> = incident.offers.iter().map(|_| uniform()).collect();
        let decision = learning::choose(&Question {
            incident,
            ledger: &self.memory.ledger(),
            failed: &failed,
            advice,
            uniforms: &uniforms,
        });
        self.meters.choose_seconds.observe(started.elapsed().as_secs_f64());
        match decision {
            Decision::Escalate { open, .. } if let Some(reason) = untried(case, recalled) => {
                Decision::Escalate { reason, open }
            }
            Decision::Escalate { .. } | Decision::Act(_) => decision,
        }
    }

    /// The model's ranking, where there is a model and it answers.
    async fn advise(&self, case: &mut Case, recalled: &Recalled) -> Option<Vec<RankedOffer>> {
        let counsel = self.adviser()?;
        let incident = &case.run.incident;
        let prompt =
            learning::advise(incident, &self.memory.ledger(), &case.run.tried(), &recalled.lessons);
        let outcome = counsel.advice(prompt, incident.offers.len()).await;
        case.run.model_calls += outcome.calls;
        // Why there is no answer, was told where it failed.
        let advice = outcome.answer.ok()?;
        tracing::info!(incident.id = %incident.id, by_model = advice.cause, "the model ranked the offers");
        Some(advice.ranking)
    }

    /// Orders the fix and waits until it is judged. The order is durable before it is sent.
    pub(super) async fn execute(
        &self,
        case: &mut Case,
        choice: Choice,
    ) -> Result<Executed, HealError> {
        let order = self.order(case, &choice).await?;
        tracing::info!(
            incident.id = %case.run.incident.id,
            subject = %case.run.subject(),
            strategy = choice.strategy.key(),
            reason = choice.reason,
            "ordering a fix"
        );
        let answer = match case.agent.execute(order).await {
            Ok(answer) => answer,
            // Its pod was evicted, and the next is not there yet.
            Err(AgentError::Problem(problem)) if problem.status == 404 => {
                return Ok(not_there(case, problem.detail));
            }
            Err(AgentError::Problem(problem)) => {
                return Ok(refused(case, problem.detail, Then::Another));
            }
            Err(error) => return Err(error.into()),
        };
        let Ok(id) = answer.execution_id.parse::<Uuid>() else {
            return Ok(refused(case, answer.error, Then::Another));
        };
        let following = self.follows.load(Ordering::Relaxed);
        match self.board.settle(&*case.agent, id, following).await {
            Ok(execution) => Ok(executed(case, execution)),
            // What was offered a moment ago is not to be done at this very moment.
            Err(error) if error.is_not_found() => Ok(not_there(case, answer.error)),
            Err(error) => Err(error.into()),
        }
    }

    /// The order of the newest attempt; a new attempt is kept first.
    async fn order(&self, case: &mut Case, choice: &Choice) -> Result<Order, HealError> {
        if case.run.pending().is_none() {
            case.run.attempts.push(RunAttempt {
                number: case.run.next_number(),
                choice: choice.clone(),
                diagnosis: case.run.incident.diagnoses.first().cloned(),
                execution: None,
                refused: None,
                put_off: false,
            });
            self.save(case).await?;
        }
        let run = &case.run;
        let number = run.attempts.last().map_or(1, |it| it.number);
        let incident = &run.incident;
        let key = if run.published { incident.id } else { run.id };
        Ok(Order {
            idempotency_key: format!("{key}/{number}"),
            request: ExecuteFixRequest {
                pod_name: incident.pod.clone().unwrap_or_else(|| incident.subject.name.clone()),
                namespace: incident.subject.namespace.clone(),
                strategy: members(&choice.strategy),
                dry_run: false,
                wait_seconds: 0,
                incident: run.published.then_some(incident.id),
                reason: Some(choice.reason.clone()),
                decided_by: Some(choice.decided_by().to_owned()),
                propensity: Some(choice.propensity),
            },
        })
    }

    /// What was seen of the attempt.
    pub(super) fn observe(case: &Case, execution: &Execution, recalled: &Recalled) -> Observation {
        let run = &case.run;
        let Some((newest, earlier)) = run.current().split_last() else {
            return unseen(execution);
        };
        let number = u32::try_from(earlier.len()).unwrap_or(u32::MAX).saturating_add(1);
        let earlier: Vec<_> = earlier.iter().filter_map(|it| it.execution.clone()).collect();
        learning::observe(&Attempt {
            execution,
            choice: &newest.choice,
            since: run.since(),
            number,
            earlier: &earlier,
            typical_secs: recalled.typical_secs,
        })
    }

    /// What it teaches: by rules, and by the model after a failure or a surprise.
    pub(super) async fn reflect(
        &self,
        case: &mut Case,
        execution: &Execution,
        observation: &Observation,
        recalled: &Recalled,
    ) -> Reflection {
        let diagnosis = case.run.attempts.last().and_then(|it| it.diagnosis.as_ref());
        let by_rules = learning::reflect_by_rules(execution, observation, diagnosis);
        let wanted = !observation.recovered || observation.surprising;
        let reflection = match self.adviser().filter(|_| wanted) {
            None => by_rules,
            Some(counsel) => {
                let incident = &case.run.incident;
                let lessons = &recalled.lessons;
                let prompt = learning::reflect(incident, execution, observation, lessons);
                let outcome = counsel.lesson(prompt).await;
                case.run.model_calls += outcome.calls;
                outcome.answer.map_or(by_rules, learning::Lesson::reflection)
            }
        };
        case.run.reflections += 1;
        case.run.lessons.push(reflection.lesson.clone());
        reflection
    }

    /// Keeps the episode, the run and the place in the stream together, and counts the outcome once.
    pub(super) async fn remember(
        &self,
        case: &mut Case,
        execution: &Execution,
        observation: Observation,
        reflection: Reflection,
    ) -> Result<(), HealError> {
        let now = Timestamp::now();
        let newest = case.run.attempts.last();
        let episode = Episode {
            id: Uuid::now_v7(),
            at: now,
            execution: execution.clone(),
            diagnosis: newest.and_then(|it| it.diagnosis.clone()),
            observation,
            reflection,
            propensity: newest.map_or(1.0, |it| it.choice.propensity),
            correction: None,
        };
        if episode.observation.recovered {
            case.run.state = RunState::Healed;
            case.run.reason = format!("{} helped", execution.strategy);
        }
        case.run.updated_at = now;
        let cursor = self.cursor(case.agent.url());
        let added = self.memory.remember(&episode, &case.run, cursor.as_ref()).await?;
        if added {
            self.meters.episodes.inc();
            let took = episode.observation.took_secs.unwrap_or(0);
            tracing::info!(
                incident.id = %case.run.incident.id,
                execution.id = %execution.id,
                state = %execution.state,
                took_secs = took,
                lesson = episode.reflection.lesson,
                "learned"
            );
            self.look_back();
        }
        Ok(())
    }

    /// Whether the newest execution is still not decided about.
    pub(super) async fn still_waits(&self, case: &Case) -> Result<bool, HealError> {
        let newest = case.run.attempts.last().and_then(|it| it.execution.as_ref());
        let Some(id) = newest.map(|it| it.id) else { return Ok(true) };
        let execution = case.agent.execution(id).await?;
        Ok(execution.state == ExecutionState::Proposed)
    }

    /// Reads the incident anew before another attempt; false when it has ended by itself.
    pub(crate) async fn look_again(&self, case: &mut Case) -> Result<bool, HealError> {
        if !case.run.published {
            return Ok(true);
        }
        let (state, reason) = match case.agent.incident(case.run.incident.id).await {
            Ok(incident) => {
                let state = incident.state;
                case.run.incident = incident;
                match state {
                    IncidentState::Open => return Ok(true),
                    IncidentState::Resolved => (RunState::Closed, "healthy again by itself"),
                    IncidentState::Gone => (RunState::Closed, "the object is gone"),
                }
            }
            Err(error) if error.is_not_found() => (RunState::Closed, "the incident is gone"),
            Err(error) => return Err(error.into()),
        };
        self.end(case, state, reason.to_owned()).await?;
        Ok(false)
    }

    /// Keeps the run as it is now.
    pub(super) async fn save(&self, case: &mut Case) -> Result<(), HealError> {
        case.run.updated_at = Timestamp::now();
        let cursor = self.cursor(case.agent.url());
        Ok(self.memory.store.save_run(&case.run, cursor.as_ref()).await?)
    }

    /// In the depth `deep`, and every 20 episodes: what do the newest teach together? Not waited for.
    fn look_back(&self) {
        let due = learning::Progress::is_meta_due(self.memory.episodes());
        if !due || self.depth() != Depth::Deep {
            return;
        }
        let Some(counsel) = self.counsel.clone() else { return };
        let reflexion = self.clone();
        self.runtime.spawn(async move {
            match reflexion.meta_reflect(&counsel).await {
                Ok(Some(lesson)) => tracing::info!(lesson, "looked back"),
                Ok(None) => tracing::info!("no look back without the model"),
                Err(error) => tracing::error!(%error, "a lesson was not kept"),
            }
        });
    }

    async fn meta_reflect(&self, counsel: &Counsel) -> Result<Option<String>, StoreError> {
        let store = &self.memory.store;
        let filter = EpisodeFilter { limit: LOOK_BACK, ..EpisodeFilter::default() };
        let episodes = store.episodes(&filter).await?;
        let prompt = learning::meta_reflect(&episodes, &self.memory.ledger().records());
        let Ok(lesson) = counsel.lesson(prompt).await.answer else { return Ok(None) };
        store.add_lesson(&lesson.lesson).await?;
        Ok(Some(lesson.lesson))
    }
}

/// What is said of an execution that belongs to no attempt; nothing was expected of it.
fn unseen(execution: &Execution) -> Observation {
    Observation {
        recovered: execution.state == ExecutionState::Verified && !execution.is_progress(),
        took_secs: None,
        verify_secs: None,
        attempt: 0,
        tried_before: 0,
        won_before: 0,
        expected: 0.5,
        surprising: false,
        comparison: String::new(),
        anomalies: vec![],
    }
}

/// The strategy as the contract writes it.
pub(crate) fn members(strategy: &Strategy) -> Map<String, Value> {
    match serde_json::to_value(strategy) {
        Ok(Value::Object(members)) => members,
        Ok(_) | Err(_) => Map::new(),
    }
}

/// A number drawn evenly from 0 to 1: the low bits of a version 7 id are random.
fn uniform() -> f64 {
    let low = u32::try_from(Uuid::now_v7().as_u128() & u128::from(u32::MAX)).unwrap_or(0);
    f64::from(low) / f64::from(u32::MAX)
}
