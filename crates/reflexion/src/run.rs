//! A run: one healing of one incident, durable, so that a restart takes it up where it was.

use jiff::Timestamp;
use learning::Choice;
use serde::{Deserialize, Serialize};
use types::{Diagnosis, Execution, Incident, IncidentState, ObjectRef, Offer, Risk, Strategy};
use utoipa::ToSchema;
use uuid::Uuid;

/// A person is asked after this many attempts that were written: each failed one is a disturbance.
pub const MAX_ATTEMPTS: usize = 3;
/// And after this many orders, written or refused.
const MAX_ORDERS: usize = 10;
/// And after an order was put off this many times: somebody has to see what keeps standing in the way.
const MAX_PUT_OFFS: usize = 40;
/// Attempts and lessons of earlier times that a run keeps when it is opened again: trouble may come back for ever.
const MAX_EARLIER: usize = 20;

/// The code of a fix that waits only until somebody's change of the workload is some seconds old.
pub(crate) const JUST_CHANGED: &str = "just_changed";

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Being healed.
    Healing,
    /// A fix waits for a person's yes.
    Waiting,
    /// Healed, verified over time.
    Healed,
    /// A person has to look.
    Escalated,
    /// It ended without us: healthy again, or gone.
    Closed,
    /// There was nothing to heal when somebody asked. No heal, and counted as none.
    Healthy,
    /// It was still on its way when somebody asked. No heal, and counted as none.
    OnItsWay,
    /// It suffers from something beside it, for which there is no fix: whoever asked has to look. No heal, and counted
    /// as none.
    Untreatable,
}

/// The states of what somebody asked about and we did nothing for.
pub const DISMISSED: [RunState; 3] = [RunState::Healthy, RunState::OnItsWay, RunState::Untreatable];

impl RunState {
    /// The state as one word, as it stands in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healing => "healing",
            Self::Waiting => "waiting",
            Self::Healed => "healed",
            Self::Escalated => "escalated",
            Self::Closed => "closed",
            Self::Healthy => "healthy",
            Self::OnItsWay => "on_its_way",
            Self::Untreatable => "untreatable",
        }
    }

    /// Whether there is more to do for us.
    pub fn is_unfinished(self) -> bool {
        match self {
            Self::Healing | Self::Waiting => true,
            Self::Healed
            | Self::Escalated
            | Self::Closed
            | Self::Healthy
            | Self::OnItsWay
            | Self::Untreatable => false,
        }
    }
}

/// One attempt of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunAttempt {
    /// Its number in the incident, from 1: part of the idempotency key.
    pub number: u32,
    /// Why this was chosen.
    pub choice: Choice,
    /// The diagnosis that the choice was made on.
    pub diagnosis: Option<Diagnosis>,
    /// How it ended, or where it was last seen.
    pub execution: Option<Execution>,
    /// Why nothing was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Whether it was only put off: nothing was tried, and the same may be ordered again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub put_off: bool,
}

/// One healing of one incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id: the workflow id of the wire contract.
    pub id: Uuid,
    /// The address of the agent.
    pub agent: String,
    /// The incident, as it was when the last choice was made.
    pub incident: Incident,
    /// Whether the agent knows the incident by this id.
    pub published: bool,
    /// Where it is.
    pub state: RunState,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was last opened again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopened_at: Option<Timestamp>,
    /// When something was last written here.
    pub updated_at: Timestamp,
    /// What was tried, oldest first.
    pub attempts: Vec<RunAttempt>,
    /// Attempts made before this run was opened again; they no longer count against the limit.
    pub forgiven: usize,
    /// When to try again what the agent did not allow yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Why it is where it is, in one sentence.
    pub reason: String,
    /// Calls of a model.
    pub model_calls: u32,
    /// Reflections made.
    pub reflections: u32,
    /// Lessons learned.
    pub lessons: Vec<String>,
}

impl Run {
    /// A new run for this incident.
    pub fn new(agent: &str, incident: Incident, published: bool, now: Timestamp) -> Self {
        Self {
            id: Uuid::now_v7(),
            agent: agent.to_owned(),
            incident,
            published,
            state: RunState::Healing,
            started_at: now,
            reopened_at: None,
            updated_at: now,
            attempts: vec![],
            forgiven: 0,
            not_before: None,
            reason: String::new(),
            model_calls: 0,
            reflections: 0,
            lessons: vec![],
        }
    }

    /// The object that is healed.
    pub fn subject(&self) -> &ObjectRef {
        &self.incident.subject
    }

    /// The attempt that was ordered and not judged, if there is one: it is taken up before any other.
    pub fn pending(&self) -> Option<&RunAttempt> {
        let newest = self.attempts.last()?;
        let judged = newest.execution.as_ref().is_some_and(|it| it.state.is_final());
        let open = !judged && newest.refused.is_none();
        (open && self.state.is_unfinished()).then_some(newest)
    }

    /// Whether the workload is healthy again, by us or by itself.
    pub fn is_success(&self) -> bool {
        match self.state {
            RunState::Healed | RunState::Healthy => true,
            RunState::Closed => self.incident.state == IncidentState::Resolved,
            RunState::Healing
            | RunState::Waiting
            | RunState::Escalated
            | RunState::OnItsWay
            | RunState::Untreatable => false,
        }
    }

    /// When it goes on by itself, where all that is waited for is that somebody's change had its time.
    pub fn goes_on_at(&self) -> Option<Timestamp> {
        let newest = self.attempts.last().and_then(|it| it.execution.as_ref());
        let code = newest.and_then(|it| it.refusal.as_ref()).map(|it| it.code.as_str());
        let passes = self.state == RunState::Waiting && code == Some(JUST_CHANGED);
        self.not_before.filter(|_| passes)
    }

    /// Whether nothing goes on before a person did something.
    pub fn needs_person(&self) -> bool {
        match self.state {
            RunState::Waiting => self.goes_on_at().is_none(),
            RunState::Escalated | RunState::Untreatable => true,
            RunState::Healing
            | RunState::Healed
            | RunState::Closed
            | RunState::Healthy
            | RunState::OnItsWay => false,
        }
    }

    /// The attempts since it was begun or last opened again: those that count.
    pub fn current(&self) -> &[RunAttempt] {
        self.attempts.get(self.forgiven..).unwrap_or_default()
    }

    /// The number of the next attempt. Never used twice in an incident: it is part of the idempotency key.
    pub fn next_number(&self) -> u32 {
        self.attempts.last().map_or(0, |it| it.number).saturating_add(1)
    }

    /// When the present trouble was first seen: not before the run was last opened again.
    pub fn since(&self) -> Timestamp {
        self.reopened_at.map_or(self.incident.since, |it| it.max(self.incident.since))
    }

    /// Whether another attempt may be made.
    pub fn may_try(&self) -> bool {
        let (put_off, counted): (Vec<_>, Vec<_>) =
            self.current().iter().partition(|it: &&RunAttempt| it.put_off);
        let written = counted.iter().filter(|it| it.refused.is_none()).count();
        written < MAX_ATTEMPTS && counted.len() < MAX_ORDERS && put_off.len() < MAX_PUT_OFFS
    }

    /// Opens it again with a fresh budget: for a changed incident, for trouble that came back, or because a person
    /// asked.
    pub fn reopen(&mut self, incident: Incident, now: Timestamp) {
        forget_oldest(&mut self.attempts);
        forget_oldest(&mut self.lessons);
        self.forgiven = self.attempts.len();
        self.not_before = None;
        self.reopened_at = Some(now);
        self.incident = incident;
        self.state = RunState::Healing;
        self.reason.clear();
    }

    /// How often in a row the newest order was put off.
    pub fn put_offs(&self) -> usize {
        self.current().iter().rev().take_while(|it| it.put_off).count()
    }

    /// What was ordered for the present trouble and not only put off: not tried again.
    pub fn spent(&self) -> impl Iterator<Item = &Strategy> {
        self.current().iter().filter(|it| !it.put_off).map(|it| &it.choice.strategy)
    }

    /// What was written for the present trouble, the newest last.
    pub fn tried(&self) -> Vec<Execution> {
        let written = self.current().iter().filter(|it| it.refused.is_none());
        written.filter_map(|it| it.execution.clone()).collect()
    }

    /// Whether this report is of trouble after the heal: it had ended meanwhile, or was seen after the fix was
    /// verified.
    ///
    /// Until it settles, what was healed is still reported as it was before.
    pub fn has_come_back(&self, incident: &Incident) -> bool {
        let newest = self.attempts.last().and_then(|it| it.execution.as_ref());
        self.incident.state != IncidentState::Open
            || newest.and_then(|it| it.finished_at).is_some_and(|it| it < incident.updated_at)
    }

    /// Whether the incident is now about something else than what was considered: another spec, or another fault
    /// first. Not while what waits is offered still and nothing else is: the pods of a job fail one way, and then
    /// the job another.
    pub fn is_of_another(&self, incident: &Incident) -> bool {
        let considered = |it: &Diagnosis| it.fault == incident.fault;
        let newest = self.attempts.last().map(|it| &it.choice.strategy);
        let waits_still = incident.offers.iter().any(|it| Some(&it.strategy) == newest);
        if waits_still && !self.is_news(incident) {
            return false;
        }
        self.incident.spec_hash != incident.spec_hash
            || !self.incident.diagnoses.iter().any(considered)
    }

    /// Whether what was ordered and waits for a yes is offered without one now, and was not then: a sibling that speaks
    /// for it became ready meanwhile.
    pub fn needs_no_yes(&self, incident: &Incident) -> bool {
        let Some(newest) = self.attempts.last() else { return false };
        let risk = |it: &Incident| {
            let mut offers = it.offers.iter();
            offers.find(|it| it.strategy == newest.choice.strategy).map(|it| it.risk)
        };
        risk(&self.incident) == Some(Risk::Ask) && risk(incident) == Some(Risk::Auto)
    }

    /// Whether the incident now holds something that this run has not considered: another spec or another offer, or
    /// one that the facts speak for by now. An offer that was gone when its time came, and is there again, was only
    /// put off.
    pub fn is_news(&self, incident: &Incident) -> bool {
        let ordered = |strategy: &Strategy| {
            self.attempts.iter().any(|it| !it.put_off && it.choice.strategy == *strategy)
        };
        let is_known = |now: &Offer| {
            let is_it = |it: &Offer| it.strategy == now.strategy && (it.backed || !now.backed);
            self.incident.offers.iter().any(is_it) || ordered(&now.strategy)
        };
        self.incident.spec_hash != incident.spec_hash || !incident.offers.iter().all(is_known)
    }
}

fn forget_oldest<T>(earlier: &mut Vec<T>) {
    earlier.drain(..earlier.len().saturating_sub(MAX_EARLIER));
}
