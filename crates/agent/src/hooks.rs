//! Webhooks: what happened is told to other programs, and never waits for them.
//!
//! One queue for each hook, so that one that does not answer keeps no other waiting. A queue that is full forgets its
//! oldest. What was not delivered when the process ends is not delivered.

mod settings;
mod event;
mod queue;

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::broadcast::error::RecvError;
use types::{IncidentState, StreamEvent};
use uuid::Uuid;

use crate::fix::Fixer;
use crate::measures::HookMeasures;
use event::Event;
use queue::Hook;

pub use settings::{HookFormat, HookSetting, HooksError, read};

/// The most incidents that are known to be told.
const MAX_KNOWN: usize = 10_000;

/// Tells these hooks what happens, until the process ends.
pub async fn run(fixer: Arc<Fixer>, settings: Vec<HookSetting>, measures: HookMeasures) {
    let hooks: Vec<_> =
        settings.into_iter().map(|it| Arc::new(Hook::new(it, measures.clone()))).collect();
    let deliveries = join_all(hooks.iter().map(|it| Arc::clone(it).deliver()));
    tokio::select! {
        _ = deliveries => {}
        () = listen(fixer, &hooks, &measures) => {}
    }
}

async fn listen(fixer: Arc<Fixer>, hooks: &[Arc<Hook>], measures: &HookMeasures) {
    let mut modes = fixer.mode_notices();
    let mut live = fixer.agent().feed.subscribe(None).live;
    let mut teller = Teller { cluster: fixer.agent().name.to_string(), open: BTreeSet::new() };
    loop {
        let event = tokio::select! {
            message = live.recv() => match message {
                Ok(message) => teller.of(&message.event, fixer.lead().leads()),
                Err(RecvError::Lagged(missed)) => {
                    measures.missed(missed);
                    continue;
                }
                Err(RecvError::Closed) => return,
            },
            notice = modes.recv() => notice.ok().map(|it| event::of_mode(&teller.cluster, &it)),
        };
        let Some(event) = event.map(Arc::new) else { continue };
        for hook in hooks {
            hook.put(&event);
        }
    }
}

/// Says what of all that is published is worth a word.
struct Teller {
    cluster: String,
    /// Incidents that are open and known: what is published of them after that is no news here.
    open: BTreeSet<Uuid>,
}

impl Teller {
    /// Of several replicas the one that leads tells of incidents; each tells of its own executions.
    fn of(&mut self, event: &StreamEvent, leads: bool) -> Option<Event> {
        match event {
            StreamEvent::Incident(incident) => {
                let is_news = match incident.state {
                    IncidentState::Open => self.open.insert(incident.id),
                    IncidentState::Resolved | IncidentState::Gone => {
                        self.open.remove(&incident.id);
                        true
                    }
                };
                while MAX_KNOWN < self.open.len() {
                    self.open.pop_first();
                }
                (is_news && leads).then(|| Event::of_incident(incident))
            }
            StreamEvent::Execution(execution) => Event::of_execution(execution),
        }
    }
}
