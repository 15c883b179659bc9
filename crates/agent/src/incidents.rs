//! Incidents in memory: one per root owner while it lasts, and the feed that publishes them.

mod feed;
mod told;

pub use feed::{Feed, Message, Subscription};

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use types::{
    AnyFault, Context, Diagnosis, Evidence, Finding, Incident, IncidentState, ObjectRef, Offer,
    Severity, StreamEvent, Subject,
};
use uuid::Uuid;

use crate::cluster::key;
use told::Told;

/// How many closed incidents are remembered.
const CLOSED: usize = 500;
/// Trouble that comes back within this time was never over: the incident goes on under its id.
const SAME_TROUBLE: SignedDuration = SignedDuration::from_secs(60);
/// How many incidents keep their evidence; a storm must not fill the memory with facts.
const WITH_EVIDENCE: usize = 64;
/// How many incidents beside one are asked whether they explain it.
const BESIDE: usize = 100;
/// How many pods evidence lists at most: one that is not in a full list may well be there.
const LISTED_PODS: usize = 50;

/// What triage found out about a root owner that is not well.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The facts.
    pub evidence: Evidence,
    /// What is wrong, causes first; not empty.
    pub diagnoses: Vec<Diagnosis>,
    /// What explains it from beyond.
    pub caused_by: Vec<Subject>,
    /// What could be done.
    pub offers: Vec<Offer>,
    /// What kind of workload this is.
    pub context: Context,
    /// When the change that led here reached the agent.
    pub seen_at: Option<Timestamp>,
}

/// The incidents of this life of the process: all open ones, and the last closed ones.
#[derive(Debug)]
pub struct Incidents {
    feed: Arc<Feed>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    open: BTreeMap<ObjectRef, Incident>,
    /// What the open ones were opened with.
    told: BTreeMap<ObjectRef, Told>,
    /// The workloads whose fix is being verified: what they show is between two states.
    held: BTreeSet<ObjectRef>,
    /// Oldest first.
    closed: VecDeque<Incident>,
}

/// What came of a report.
#[derive(Debug, Clone, PartialEq)]
pub enum Published {
    /// A new incident, or one that came back.
    Opened(Box<Incident>),
    /// Something that matters changed.
    Updated(Box<Incident>),
    /// Nothing that anybody has to know.
    Nothing,
}

impl Incidents {
    /// No incidents yet; what happens to them is published on this feed.
    pub fn publishing_on(feed: Arc<Feed>) -> Self {
        Self { feed, known: Mutex::default() }
    }

    /// Opens the incident of this root owner, or brings it up to date.
    pub fn report(&self, report: Report) -> Published {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let subject = key(&report.evidence.subject);
        let before = known.open.remove(&subject);
        let was_open = before.is_some();
        let earlier = before.clone().or_else(|| known.come_back(&report));
        let mut incident = incident(earlier.as_ref(), report);
        if known.held.contains(&subject)
            && let Some(before) = before.clone()
        {
            incident = as_told(before, incident);
        } else {
            let told = known.told.entry(subject.clone());
            told.or_insert_with(|| Told::of(earlier.as_ref())).add(&incident);
        }
        known.open.insert(subject, incident.clone());
        known.forget_old_evidence();

        let published = Incident { evidence: None, ..incident };
        if before.is_some_and(|it| !matters(&it, &published)) {
            return Published::Nothing;
        }
        // Published under the lock, so that readers see the versions of an incident in their order.
        self.feed.publish(StreamEvent::Incident(Box::new(published.clone())));
        if was_open {
            Published::Updated(Box::new(published))
        } else {
            Published::Opened(Box::new(published))
        }
    }

    /// Holds the words of the incident of this root owner while its fix is verified, or lets them go again.
    pub fn hold(&self, subject: &ObjectRef, holds: bool) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if holds {
            known.held.insert(key(subject));
        } else {
            known.held.remove(&key(subject));
        }
    }

    /// Closes the open incident of this root owner, if there is one. It is told as it was opened, not as a fix has
    /// left it.
    pub fn close(
        &self,
        subject: &ObjectRef,
        state: IncidentState,
        at: Timestamp,
    ) -> Option<Incident> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let open = known.open.remove(&key(subject))?;
        let open = match known.told.remove(&key(subject)) {
            Some(told) => told.put_into(open),
            None => open,
        };
        let closed = Incident { state, updated_at: at, seen_at: None, evidence: None, ..open };
        if known.closed.len() == CLOSED {
            known.closed.pop_front();
        }
        known.closed.push_back(closed.clone());
        self.feed.publish(StreamEvent::Incident(Box::new(closed.clone())));
        Some(closed)
    }

    /// The incident of this id, with its evidence where that is kept.
    pub fn find(&self, id: Uuid) -> Option<Incident> {
        self.read(|known| known.all().find(|it| it.id == id).cloned())
    }

    /// The open incident of this root owner, with its evidence where that is kept.
    pub fn open_of(&self, subject: &ObjectRef) -> Option<Incident> {
        self.read(|known| known.open.get(&key(subject)).cloned())
    }

    /// Whether this root owner has an open incident.
    pub fn is_open(&self, subject: &ObjectRef) -> bool {
        self.read(|known| known.open.contains_key(&key(subject)))
    }

    /// Since when this root owner has an open incident; `None` where it has none.
    pub fn open_since(&self, subject: &ObjectRef) -> Option<Timestamp> {
        self.read(|known| known.open.get(&key(subject)).map(|it| it.since))
    }

    /// How many incidents are open.
    pub fn n_open(&self) -> usize {
        self.read(|known| known.open.len())
    }

    /// All open incidents, without evidence.
    pub fn open(&self) -> Vec<Incident> {
        self.read(|known| known.open.values().map(bare).collect())
    }

    /// What the open incidents of other subjects of its namespace say.
    pub fn said_beside(&self, subject: &ObjectRef) -> Vec<Diagnosis> {
        let own = key(subject);
        self.read(|known| {
            let open = known.open.iter().filter(|it| it.0.namespace == own.namespace);
            open.filter(|it| *it.0 != own).flat_map(|it| it.1.diagnoses.clone()).collect()
        })
    }

    /// What the open incidents of other workloads of its namespace are about, as findings: what explains them may
    /// explain this one.
    pub fn found_beside(&self, subject: &ObjectRef) -> Vec<Finding> {
        let own = key(subject);
        self.read(|known| {
            let open = known.open.iter().filter(|it| it.0.namespace == own.namespace);
            let others = open.filter(|it| *it.0 != own).take(BESIDE);
            others.flat_map(|it| findings(it.1)).collect()
        })
    }

    /// All incidents that are known, newest first, without evidence.
    pub fn all(&self) -> Vec<Incident> {
        let mut all: Vec<_> = self.read(|known| known.all().map(bare).collect());
        all.sort_by_key(|it: &Incident| Reverse(it.id));
        all
    }

    fn read<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Known {
    fn all(&self) -> impl Iterator<Item = &Incident> {
        self.open.values().chain(&self.closed)
    }

    /// Takes back the incident that this report goes on with, if it was closed only just now.
    fn come_back(&mut self, report: &Report) -> Option<Incident> {
        let fault = report.diagnoses.first()?.fault;
        let index = self.closed.iter().rposition(|it| {
            it.subject.is_same(&report.evidence.subject)
                && it.fault == fault
                && it.state == IncidentState::Resolved
                && report.evidence.taken_at.duration_since(it.updated_at) < SAME_TROUBLE
        })?;
        self.closed.remove(index)
    }

    fn forget_old_evidence(&mut self) {
        let with = || self.open.iter().filter(|(_, it)| it.evidence.is_some());
        if with().count() <= WITH_EVIDENCE {
            return;
        }
        let oldest = with().min_by_key(|(_, it)| it.updated_at).map(|(key, _)| key.clone());
        if let Some(incident) = oldest.and_then(|it| self.open.get_mut(&it)) {
            incident.evidence = None;
        }
    }
}

/// The diagnoses of an incident of a workload; a Service is looked at anew.
fn findings(incident: &Incident) -> Vec<Finding> {
    if incident.subject.kind == types::Kind::Service {
        return vec![];
    }
    let finding = |it: &Diagnosis| Finding {
        container: it.container.clone(),
        clues: it.clues.clone(),
        ..Finding::new(
            Subject::from(&incident.subject),
            Severity::Critical,
            AnyFault::Workload(it.fault),
            it.cause.clone(),
        )
    };
    incident.diagnoses.iter().map(finding).collect()
}

fn bare(incident: &Incident) -> Incident {
    // The evidence is by far the largest part: it is not even copied.
    let Incident { id, since, updated_at, seen_at, state, fault, .. } = *incident;
    Incident {
        id,
        since,
        updated_at,
        seen_at,
        state,
        fault,
        cluster: incident.cluster.clone(),
        subject: incident.subject.clone(),
        pod: incident.pod.clone(),
        error_type: incident.error_type.clone(),
        diagnoses: incident.diagnoses.clone(),
        caused_by: incident.caused_by.clone(),
        offers: incident.offers.clone(),
        context: incident.context.clone(),
        spec_hash: incident.spec_hash.clone(),
        evidence: None,
    }
}

/// The incident after this report, with the identity of the one before.
fn incident(before: Option<&Incident>, report: Report) -> Incident {
    let Report { evidence, diagnoses, caused_by, offers, context, seen_at } = report;
    let fault = diagnoses.first().map_or(types::Fault::Unknown, |it| it.fault);
    let known_pod = before.and_then(|it| it.pod.clone());
    Incident {
        id: before.map_or_else(Uuid::now_v7, |it| it.id),
        since: before.map_or(evidence.taken_at, |it| it.since),
        cluster: evidence.cluster.clone(),
        subject: evidence.subject.clone(),
        pod: failing_pod(&evidence, known_pod),
        updated_at: evidence.taken_at,
        seen_at,
        state: IncidentState::Open,
        fault,
        error_type: fault.error_type().to_owned(),
        diagnoses,
        caused_by,
        offers,
        context,
        spec_hash: evidence.workload.spec_hash.clone(),
        evidence: Some(Box::new(evidence)),
    }
}

/// The incident with what was told of it before, at the time of this report.
fn as_told(before: Incident, now: Incident) -> Incident {
    Incident {
        pod: now.pod,
        updated_at: now.updated_at,
        seen_at: now.seen_at,
        evidence: now.evidence,
        ..before
    }
}

/// The pod that was named before as long as it is not known to be well or gone: replicas fail in turn,
/// and naming another each time would be news that is none.
fn failing_pod(evidence: &Evidence, known: Option<String>) -> Option<String> {
    let still_failing = |name: &String| match evidence.pods.iter().find(|it| it.name == *name) {
        Some(pod) => !pod.ready && !pod.terminating,
        None => LISTED_PODS <= evidence.pods.len(),
    };
    known
        .filter(still_failing)
        .or_else(|| evidence.failing_pod().map(|it| it.name.clone()))
        .or_else(|| evidence.pods.first().map(|it| it.name.clone()))
}

/// Whether a reader has to know. Clues count restarts and seconds: they alone are no news.
fn matters(before: &Incident, now: &Incident) -> bool {
    let faults = |it: &Incident| -> Vec<_> {
        it.diagnoses.iter().map(|it| (it.fault, it.container.clone(), it.cause.clone())).collect()
    };
    let offers = |it: &Incident| -> Vec<_> {
        it.offers.iter().map(|it| (it.strategy.clone(), it.risk, it.backed)).collect()
    };
    before.state != now.state
        || before.pod != now.pod
        || before.spec_hash != now.spec_hash
        || before.caused_by != now.caused_by
        || faults(before) != faults(now)
        || offers(before) != offers(now)
}
