//! Webhooks: what happened is told to other programs, and never waits for them.
//!
//! One queue for each hook, so that one that does not answer keeps no other waiting. A queue that is full forgets its
//! oldest. What was not delivered when the process ends is not delivered.

mod settings;
mod event;
mod queue;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::sync::broadcast::error::RecvError;
use types::{Incident, IncidentState, StreamEvent};
use uuid::Uuid;

use crate::fix::Fixer;
use crate::measures::HookMeasures;
use event::Event;
use queue::Hook;

pub use settings::{HookFormat, HookSetting, HooksError, read};

/// The most incidents that are known to be told.
const MAX_KNOWN: usize = 10_000;
/// How much later than this replica another one may see an incident and tell it. Rather twice than never.
const TOLD_BY_THEN: Duration = Duration::from_secs(10);

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
    let mut teller = Teller::of_cluster(&fixer.agent().name);
    loop {
        let mut events = vec![];
        tokio::select! {
            message = live.recv() => match message {
                Ok(message) => {
                    events.extend(catch_up(&mut teller, &fixer));
                    events.extend(teller.of(&message.event, Instant::now()));
                }
                Err(RecvError::Lagged(missed)) => {
                    measures.missed(missed);
                    continue;
                }
                Err(RecvError::Closed) => return,
            },
            notice = modes.recv() => {
                events.extend(notice.ok().map(|it| event::of_mode(&teller.cluster, &it)));
            }
            () = fixer.lead().until_leads(), if !teller.leads => {
                events.extend(catch_up(&mut teller, &fixer));
            }
        }
        for event in events.into_iter().map(Arc::new) {
            for hook in hooks {
                hook.put(&event);
            }
        }
    }
}

/// Takes in whether this replica leads; what nobody has told before it did.
fn catch_up(teller: &mut Teller, fixer: &Fixer) -> Vec<Event> {
    let led = std::mem::replace(&mut teller.leads, fixer.lead().leads());
    if led || !teller.leads {
        return vec![];
    }
    teller.take_over(&fixer.agent().incidents.open(), fixer.lead().other_seen())
}

/// Says what of all that is published is worth a word. Of several replicas the one that leads tells of incidents; each
/// tells of its own executions.
struct Teller {
    cluster: String,
    leads: bool,
    /// Incidents that are open and told: what is published of them after that is no news here.
    open: BTreeSet<Uuid>,
    /// Those that opened while another one led, or nobody, and when.
    waiting: BTreeMap<Uuid, Instant>,
}

impl Teller {
    fn of_cluster(name: &str) -> Self {
        Self {
            cluster: name.to_owned(),
            leads: false,
            open: BTreeSet::new(),
            waiting: BTreeMap::new(),
        }
    }

    fn of(&mut self, event: &StreamEvent, now: Instant) -> Option<Event> {
        match event {
            StreamEvent::Incident(incident) => self.of_incident(incident, now),
            StreamEvent::Execution(execution) => Event::of_execution(execution),
        }
    }

    fn of_incident(&mut self, incident: &Incident, now: Instant) -> Option<Event> {
        let is_news = match incident.state {
            IncidentState::Open if self.leads => self.open.insert(incident.id),
            IncidentState::Open => {
                if !self.open.contains(&incident.id) {
                    self.waiting.entry(incident.id).or_insert(now);
                }
                false
            }
            IncidentState::Resolved | IncidentState::Gone => {
                self.open.remove(&incident.id);
                self.waiting.remove(&incident.id);
                true
            }
        };
        while MAX_KNOWN < self.open.len() {
            self.open.pop_first();
        }
        while MAX_KNOWN < self.waiting.len() {
            self.waiting.pop_first();
        }
        (is_news && self.leads).then(|| Event::of_incident(incident))
    }

    /// This replica leads from now on. Who led before was seen last then: what opened well before that he has told.
    fn take_over(&mut self, open: &[Incident], other_seen: Option<Instant>) -> Vec<Event> {
        let waiting = std::mem::take(&mut self.waiting);
        let mut events = vec![];
        for incident in open {
            let Some(at) = waiting.get(&incident.id) else { continue };
            let is_untold = other_seen.is_none_or(|seen| seen < *at + TOLD_BY_THEN);
            if self.open.insert(incident.id) && is_untold {
                events.push(Event::of_incident(incident));
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(number: u128, state: &str) -> Incident {
        serde_json::from_value(serde_json::json!({
            "id": Uuid::from_u128(number), "cluster": "c", "state": state,
            "subject": {"kind": "Deployment", "namespace": "shop", "name": "web", "uid": "u",
                "resource_version": "1"},
            "since": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
            "fault": "OomKilled", "error_type": "OOMKilled", "diagnoses": [], "offers": [],
            "context": {"owner_kind": "Deployment", "image_family": "web",
                "workload_class": "service", "since_rollout": false}, "spec_hash": "h",
        }))
        .unwrap()
    }

    fn published(incident: &Incident) -> StreamEvent {
        StreamEvent::Incident(Box::new(incident.clone()))
    }

    #[test]
    fn what_opened_while_nobody_led_is_told_once_and_what_another_one_told_is_not() {
        let mut teller = Teller::of_cluster("c");
        let (told, untold) = (incident(1, "open"), incident(2, "open"));
        let begin = Instant::now();
        let seen = begin + 2 * TOLD_BY_THEN;
        assert!(teller.of(&published(&told), begin).is_none());
        assert!(teller.of(&published(&untold), seen + TOLD_BY_THEN).is_none());

        teller.leads = true;
        let events = teller.take_over(&[told.clone(), untold.clone()], Some(seen));

        assert_eq!(events.len(), 1);
        assert!(teller.take_over(&[told.clone(), untold.clone()], Some(seen)).is_empty());
        for it in [&told, &untold] {
            assert!(teller.of(&published(it), seen).is_none());
        }
        assert!(teller.of(&published(&incident(3, "open")), seen).is_some());
    }

    #[test]
    fn where_no_other_one_was_seen_all_that_waited_is_told() {
        let mut teller = Teller::of_cluster("c");
        let (open, over) = (incident(1, "open"), incident(2, "open"));
        for it in [&open, &over, &incident(2, "resolved")] {
            assert!(teller.of(&published(it), Instant::now()).is_none());
        }

        teller.leads = true;

        assert_eq!(teller.take_over(&[open], None).len(), 1);
    }
}
