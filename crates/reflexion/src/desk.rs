//! The desk: who is being healed now. One heal per object at a time; whoever asks for another joins it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};
use types::{ExecutionState, Incident};

use crate::Reflexion;
use crate::agent::{Agent, AgentError};
use crate::heal::{Case, HealError};
use crate::run::{Run, RunState};

/// Heals at the same time; more wait. The agent has caps of its own.
const AT_ONCE: usize = 32;
/// The code that a proposal ends with that another one takes the place of.
pub(crate) const SUPERSEDED: &str = "superseded";

/// How a heal ended: its run, or why it stopped before its end. `None` when there was nothing to do.
pub type Ended = Result<Option<Run>, HealError>;
/// Tells how a heal ended, once it has.
pub(crate) type Ending = watch::Receiver<Option<Ended>>;

/// Why a heal is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// An agent published the incident.
    Published,
    /// A run was left unfinished, or a person decided about a fix that waited.
    Resumed,
    /// The time has come for what was put off.
    Due,
    /// A caller asked for it.
    Asked,
}

/// One object of one cluster.
type Seat = (String, String);

#[derive(Clone)]
pub(crate) struct Desk {
    seats: Arc<Mutex<BTreeMap<Seat, Heal>>>,
    permits: Arc<Semaphore>,
}

impl Default for Desk {
    fn default() -> Self {
        Self { seats: Arc::default(), permits: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

/// A heal under way.
struct Heal {
    ending: Ending,
    /// What was published about the object meanwhile: looked at when the heal is over.
    news: Option<Patient>,
    /// What was decided about it meanwhile: the same.
    resumed: Option<Patient>,
    /// What was put off and had its time meanwhile: the same.
    due: Option<Patient>,
}

/// An incident at an agent, to be healed.
#[derive(Clone)]
pub(crate) struct Patient {
    pub(crate) agent: Arc<dyn Agent>,
    pub(crate) incident: Incident,
    /// Whether the agent knows the incident by its id.
    pub(crate) published: bool,
}

impl Patient {
    fn seat(&self) -> Seat {
        (self.incident.cluster.clone(), self.incident.subject.to_string())
    }
}

/// Frees the seat when the heal ends, also when it panics.
struct Seated {
    desk: Desk,
    seat: Seat,
}

impl Seated {
    /// Frees the seat, and hands over what came meanwhile.
    fn leave(self) -> Option<Heal> {
        self.desk.seats().remove(&self.seat)
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        self.desk.seats().remove(&self.seat);
    }
}

impl Desk {
    fn seats(&self) -> MutexGuard<'_, BTreeMap<Seat, Heal>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reflexion {
    /// Leaves news for the heal that is under way for the object; false when there is none.
    pub(crate) fn leave_news(&self, patient: &Patient) -> bool {
        let mut seats = self.desk.seats();
        let Some(heal) = seats.get_mut(&patient.seat()) else { return false };
        heal.news = Some(patient.clone());
        true
    }

    /// Begins a heal, or joins the one that is under way for the same object.
    pub(crate) fn begin(&self, patient: Patient, occasion: Occasion) -> Ending {
        let seat = patient.seat();
        let mut seats = self.desk.seats();
        if let Some(heal) = seats.get_mut(&seat) {
            match occasion {
                Occasion::Published => heal.news = Some(patient),
                Occasion::Resumed => heal.resumed = Some(patient),
                Occasion::Due => heal.due = Some(patient),
                Occasion::Asked => {}
            }
            return heal.ending.clone();
        }
        let (tell, ending) = watch::channel(None);
        let heal = Heal { ending: ending.clone(), news: None, resumed: None, due: None };
        seats.insert(seat.clone(), heal);
        drop(seats);
        let reflexion = self.clone();
        let seated = Seated { desk: self.desk.clone(), seat };
        self.runtime.spawn(async move {
            let ended = reflexion.attend(patient, occasion).await;
            if let Err(error) = &ended {
                let error = service::telemetry::chain(error);
                tracing::warn!(error, "a heal stopped; it is taken up again");
                reflexion.meters.heal("failed", false);
            }
            let left = seated.leave();
            // Nobody waiting is fine.
            let _ = tell.send(Some(ended));
            let Some(Heal { ending: _, news, resumed, due }) = left else { return };
            if let Some(resumed) = resumed {
                reflexion.begin(resumed, Occasion::Resumed);
            }
            if let Some(due) = due {
                reflexion.begin(due, Occasion::Due);
            }
            if let Some(news) = news {
                reflexion.hear_again(news).await;
            }
        });
        ending
    }

    async fn attend(&self, patient: Patient, occasion: Occasion) -> Ended {
        let has_waited = self.desk.permits.available_permits() == 0;
        let Ok(_permit) = self.desk.permits.acquire().await else { return Ok(None) };
        let Some(run) = self.open(&patient, occasion).await? else { return Ok(None) };
        let mut case = Case { agent: patient.agent, run };
        // The offers may be of another time.
        let is_old = has_waited || matches!(occasion, Occasion::Resumed | Occasion::Due);
        if is_old && case.run.pending().is_none() && !self.look_again(&mut case).await? {
            return Ok(Some(case.run));
        }
        self.meters.healing.inc();
        let healed = self.heal(&mut case).await;
        self.meters.healing.dec();
        healed?;
        let from_memory = case.run.attempts.last().is_some_and(|it| it.choice.from_memory);
        self.meters.heal(case.run.state.as_str(), from_memory);
        if case.run.state == RunState::Healed {
            let took = case.run.updated_at.as_second() - case.run.since().as_second();
            self.meters.heal_seconds.observe(f64::from(i32::try_from(took.max(0)).unwrap_or(0)));
        }
        Ok(Some(case.run))
    }

    /// The run to go on with; `None` when there is nothing to do.
    async fn open(&self, patient: &Patient, occasion: Occasion) -> Result<Option<Run>, HealError> {
        let incident = &patient.incident;
        let Some(mut run) = self.memory.store.run_of_incident(incident.id).await? else {
            let url = patient.agent.url();
            return Ok(Some(Run::new(url, incident.clone(), patient.published, Timestamp::now())));
        };
        let mut what = take_up(&run, incident, occasion, Timestamp::now());
        let replaces =
            matches!(what, TakeUp::Anew | TakeUp::Renew) && run.state == RunState::Waiting;
        if replaces && !withdraw(patient, &mut run).await? {
            what = TakeUp::GoOn;
        }
        match what {
            TakeUp::Leave => return Ok(None),
            TakeUp::GoOn | TakeUp::Renew => {
                if run.pending().is_none() {
                    run.incident = incident.clone();
                }
                // Whoever asks what is waited for does not make it longer.
                if run.state != RunState::Waiting || matches!(what, TakeUp::Renew) {
                    run.not_before = None;
                }
                run.state = RunState::Healing;
            }
            TakeUp::Anew => {
                if run.state == RunState::Healed {
                    tracing::info!(
                        incident.id = %incident.id,
                        subject = %incident.subject,
                        fault = %incident.fault,
                        "a healed incident came back"
                    );
                }
                run.reopen(incident.clone(), Timestamp::now());
            }
        }
        Ok(Some(run))
    }
}

/// What to do with a run that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TakeUp {
    Leave,
    GoOn,
    /// Go on with another order in place of the proposal that waits.
    Renew,
    Anew,
}

/// Takes back the proposal that waits, so that nobody says yes to it any more. False when somebody has decided about
/// it already: then it is gone on with.
pub(crate) async fn withdraw(patient: &Patient, run: &mut Run) -> Result<bool, HealError> {
    let Some(newest) = run.attempts.last_mut() else { return Ok(true) };
    let Some(shown) = newest.execution.as_ref() else { return Ok(true) };
    match patient.agent.withdraw(shown.id).await {
        Ok(execution) => newest.execution = Some(execution),
        Err(AgentError::Problem(problem)) if problem.status == 409 => return Ok(false),
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(error.into()),
    }
    newest.refused = Some("the proposal was withdrawn".to_owned());
    newest.put_off = true;
    Ok(true)
}

fn take_up(run: &Run, incident: &Incident, occasion: Occasion, now: Timestamp) -> TakeUp {
    use {Occasion as O, RunState as R};
    let anew_if = |it: bool| if it { TakeUp::Anew } else { TakeUp::Leave };
    match (run.state, occasion) {
        // The agent did not allow it yet; a caller may try all the same.
        (R::Healing, O::Published | O::Resumed | O::Due)
            if run.not_before.is_some_and(|it| now < it) =>
        {
            TakeUp::Leave
        }
        (R::Healing, _) | (R::Waiting, O::Resumed | O::Asked) => TakeUp::GoOn,
        (R::Waiting, O::Due) if run.not_before.is_some_and(|it| it <= now) => TakeUp::Renew,
        // What waits was made for another trouble, or for another spec.
        (R::Waiting, O::Published) if run.is_of_another(incident) => TakeUp::Anew,
        (R::Waiting, O::Published) if run.needs_no_yes(incident) => TakeUp::Renew,
        // A person's yes is told by the execution.
        (R::Waiting, O::Published | O::Due)
        | (
            R::Healed | R::Escalated | R::Closed | R::Healthy | R::OnItsWay | R::Untreatable,
            O::Resumed | O::Due,
        ) => TakeUp::Leave,
        (
            R::Healed | R::Escalated | R::Closed | R::Healthy | R::OnItsWay | R::Untreatable,
            O::Asked,
        )
        | (R::Closed | R::Healthy | R::OnItsWay | R::Untreatable, O::Published) => TakeUp::Anew,
        (R::Healed, O::Published) => anew_if(run.has_come_back(incident)),
        (R::Escalated, O::Published) => anew_if(run.is_news(incident) && !is_stranded(run)),
    }
}

/// What a fix left behind is another spec, and nothing that a machine should go on with.
fn is_stranded(run: &Run) -> bool {
    let newest = run.attempts.last().and_then(|it| it.execution.as_ref());
    newest.is_some_and(|it| it.state == ExecutionState::Stranded)
}
