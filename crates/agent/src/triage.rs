//! Triage: from what the watch sees to one incident for each root owner.

mod suspicion;
mod again;
mod queue;
mod services;

use std::sync::Arc;
use std::time::{Duration, Instant};

use diagnosis::Root;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use types::{Diagnosis, Evidence, IncidentState, Kind, ObjectRef, Subject};

use crate::Agent;
use crate::cluster::{Caches, Change, ClusterError, Seen};
use crate::incidents::{Published, Report};
use crate::offers::{of_claims, offers};
use queue::{Queue, Turn};
use services::Services;
use suspicion::Suspicion;

/// How many workloads are read at once: more would only wait for the API server.
const AT_ONCE: usize = 8;
/// How long to wait before a workload that could not be read is read again.
const UNREAD: Duration = Duration::from_secs(2);
/// How long things have to last before they count.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Health, before an incident is resolved: crash loops look healthy between crashes.
    pub settle: Duration,
    /// Trouble of a Service, before it is an incident.
    pub service: Duration,
}

/// From what the watch sees to one incident for each root owner and each Service.
pub struct Triage {
    agent: Agent,
    caches: Arc<Caches>,
    /// How long health has to last before an incident is resolved: crash loops look healthy between crashes.
    settle: Duration,
    queue: Queue,
    services: Services,
    looks: JoinSet<Look>,
}

/// What a look at one workload showed.
#[derive(Debug)]
struct Look {
    turn: Turn,
    took: Duration,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    /// Something is wrong.
    Wrong(Box<Report>),
    /// Nothing that a rule knows is wrong.
    Fine(Box<Evidence>),
    /// The object is gone.
    Gone,
    /// It could not be read.
    Unread(ClusterError),
}

impl Triage {
    /// Triage for this agent.
    pub fn new(agent: Agent, caches: Arc<Caches>, times: Times) -> Self {
        Self {
            agent,
            caches,
            settle: times.settle,
            queue: Queue::default(),
            services: Services::patient_for(times.service),
            looks: JoinSet::new(),
        }
    }

    /// Works until nobody sends changes any more.
    pub async fn run(mut self, mut changes: mpsc::Receiver<Change>) {
        loop {
            let look = self.queue.next_at().filter(|_| self.looks.len() < AT_ONCE);
            let next = [look, self.services.next_at()].into_iter().flatten().min();
            tokio::select! {
                change = changes.recv() => match change {
                    Some(change) => self.take(&change),
                    None => return,
                },
                Some(look) = self.looks.join_next() => match look {
                    Ok(look) => self.finish(look),
                    Err(error) => tracing::error!(%error, "a look at a workload broke off"),
                },
                () = until(next) => {}
            }
            self.consider_services();
            while self.looks.len() < AT_ONCE
                && let Some(turn) = self.queue.pop_due(Instant::now())
            {
                self.start(&turn);
            }
        }
    }

    fn take(&mut self, change: &Change) {
        match &change.seen {
            Seen::Pod(pod) => {
                self.services.touch(pod.metadata.namespace.as_deref().unwrap_or_default());
                let suspicion = suspicion::of_pod(pod, change.seen_at);
                let subject = self.caches.root_or_pod(pod);
                self.consider(&subject, suspicion, change.seen_at);
            }
            Seen::Workload(root) => {
                let Some(subject) = self.caches.root_of_root(root) else { return };
                let suspicion = suspicion::of_workload(root, change.seen_at);
                self.consider(&subject, suspicion, change.seen_at);
            }
            Seen::Service(service) => {
                self.services.forget(service);
                self.services.touch(&service.namespace);
                self.consider(service, Suspicion::None, change.seen_at);
            }
            Seen::Warning(event) => {
                let Some(subject) = self.caches.root_of_event(event) else { return };
                // Any warning is worth a look: the rules decide.
                self.consider(&subject, Suspicion::Now, change.seen_at);
            }
            Seen::Gone(subject) => {
                self.services.touch(&subject.namespace);
                self.consider(subject, Suspicion::None, change.seen_at);
            }
            Seen::Relisted => self.consider_all(change.seen_at),
        }
    }

    fn consider(&mut self, subject: &ObjectRef, suspicion: Suspicion, seen_at: Timestamp) {
        match suspicion {
            Suspicion::Now => self.queue.mark(subject, Duration::ZERO, Some(seen_at)),
            Suspicion::None | Suspicion::Later(_) if self.agent.incidents.is_open(subject) => {
                self.queue.mark(subject, Duration::ZERO, Some(seen_at));
            }
            Suspicion::Later(patience) => self.queue.mark(subject, patience, None),
            Suspicion::None => {}
        }
    }

    /// Goes through the Services of the namespaces in which something changed.
    fn consider_services(&mut self) {
        let now = Instant::now();
        while let Some(namespace) = self.services.pop_due(now) {
            let services = self.caches.services.outlines_of(&namespace);
            let pods = self.caches.pods.outlines_of(&namespace);
            let asked = services.into_iter().map(|(name, outline)| {
                let subject = ObjectRef::named(Kind::Service, &*namespace, name);
                let is_suspicious = outline.is_suspicious(pods.iter().map(|it| &it.1.marks));
                (subject, is_suspicious)
            });
            let asked: Vec<_> = asked.collect();
            for subject in self.services.overdue(&namespace, &asked, now) {
                self.queue.mark(&subject, Duration::ZERO, None);
            }
            let is_over = |it: &&(ObjectRef, bool)| !it.1 && self.agent.incidents.is_open(&it.0);
            for (subject, _) in asked.iter().filter(is_over) {
                self.queue.mark(subject, Duration::ZERO, None);
            }
        }
    }

    fn consider_all(&mut self, seen_at: Timestamp) {
        for namespace in self.caches.services.namespaces() {
            self.services.touch(&namespace);
        }
        // What is quiet is not suspicious now, and will not be without a change.
        for pod in self.caches.pods.restless() {
            let subject = self.caches.root_or_pod(&pod);
            self.consider(&subject, suspicion::of_pod(&pod, seen_at), seen_at);
        }
        for root in self.caches.restless_workloads() {
            let Some(subject) = self.caches.root_of_root(&root) else { continue };
            self.consider(&subject, suspicion::of_workload(&root, seen_at), seen_at);
        }
        for incident in self.agent.incidents.open() {
            self.consider(&incident.subject, Suspicion::None, seen_at);
        }
    }

    fn start(&mut self, turn: &Turn) {
        let Some(subject) = self.settled_subject(turn) else { return };
        let turn = Turn { subject, ..turn.clone() };
        let agent = self.agent.clone();
        self.looks.spawn(async move {
            let started = Instant::now();
            let outcome = look(&agent, &turn).await;
            Look { turn, took: started.elapsed(), outcome }
        });
    }

    /// The root owner, where only the pod was known when it was marked.
    ///
    /// A pod may be seen before its ReplicaSet: then it gets another turn, until the caches know.
    fn settled_subject(&mut self, turn: &Turn) -> Option<ObjectRef> {
        let subject = &turn.subject;
        let pod = (subject.kind == Kind::Pod)
            .then(|| self.caches.pods.find(&subject.namespace, &subject.name))
            .flatten();
        let Some(pod) = pod else { return Some(subject.clone()) };
        match self.caches.root_of_pod(&pod) {
            Ok(root) if root.is_same(subject) => Some(root),
            Ok(root) => {
                self.queue.done(subject, Instant::now());
                self.queue.mark(&root, Duration::ZERO, turn.seen_at);
                None
            }
            Err(unknown) if self.queue.mark_orphan(turn) => {
                tracing::debug!(pod = %subject, owner = %unknown.owner, "the owner is not known yet");
                self.queue.done(subject, Instant::now());
                None
            }
            // The watch does not bring it: it is read.
            Err(_) => Some(subject.clone()),
        }
    }

    fn finish(&mut self, look: Look) {
        let Look { turn, took, outcome } = look;
        let now = Instant::now();
        self.agent.measures.gathered(took);
        self.queue.done(&turn.subject, now);
        match outcome {
            Outcome::Wrong(report) => {
                self.queue.not_healthy(&turn.subject);
                self.publish(*report);
                let since = self.agent.incidents.open_since(&turn.subject);
                let again = again::after(turn.subject.kind, since, Timestamp::now());
                self.queue.mark(&turn.subject, again, None);
            }
            Outcome::Fine(evidence) => self.fine(&turn, &evidence, now),
            Outcome::Gone => self.close(&turn.subject, IncidentState::Gone),
            Outcome::Unread(error) => {
                tracing::warn!(subject = %turn.subject, %error, "a workload could not be read");
                self.queue.mark(&turn.subject, UNREAD, turn.seen_at);
            }
        }
        self.agent.measures.open(self.agent.incidents.n_open());
    }

    /// No rule knows anything wrong: health, if it lasts; else patience.
    fn fine(&mut self, turn: &Turn, evidence: &Evidence, now: Instant) {
        let subject = &evidence.subject;
        if !diagnosis::healthy(evidence) {
            self.queue.not_healthy(subject);
            if let Some(patience) = turn.next_patience() {
                self.queue.mark_again(turn, patience);
            }
        } else if self.agent.incidents.is_open(subject) {
            let since = self.queue.healthy(subject, now);
            match self.settle.checked_sub(now.duration_since(since)) {
                Some(rest) if !rest.is_zero() => self.queue.mark(subject, rest, None),
                Some(_) | None => self.close(subject, IncidentState::Resolved),
            }
        }
    }

    fn publish(&self, report: Report) {
        match self.agent.incidents.report(report) {
            Published::Opened(incident) => {
                self.agent.measures.opened(&incident, Timestamp::now());
                tracing::info!(incident.id = %incident.id, subject = %incident.subject,
                    fault = %incident.fault, "incident opened");
            }
            Published::Updated(incident) => {
                tracing::info!(incident.id = %incident.id, subject = %incident.subject,
                    fault = %incident.fault, "incident changed");
            }
            Published::Nothing => {}
        }
    }

    fn close(&mut self, subject: &ObjectRef, state: IncidentState) {
        self.queue.not_healthy(subject);
        if let Some(incident) = self.agent.incidents.close(subject, state, Timestamp::now()) {
            tracing::info!(incident.id = %incident.id, subject = %subject, ?state, "incident closed");
        }
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Reads everything around the workload and asks the rules.
async fn look(agent: &Agent, turn: &Turn) -> Outcome {
    let objects = match objects(agent, &turn.subject).await {
        Ok(objects) => objects,
        Err(ClusterError::NotFound(_)) => return Outcome::Gone,
        Err(error) => return Outcome::Unread(error),
    };
    let (evidence, diagnoses) = agent.examine_and_ask(&objects).await;
    if diagnoses.is_empty() {
        return Outcome::Fine(Box::new(evidence));
    }
    let mut report = report(agent, &objects, (evidence, diagnoses), turn.seen_at);
    if diagnosis::are_about_claims(&report.diagnoses) {
        explain_claims(agent, &mut report).await;
    } else if diagnosis::are_about_webhooks(&report.diagnoses) {
        let around = agent.cluster.around(&turn.subject.namespace).await;
        report.caused_by = caused_by(agent, &around, (&report.evidence, &report.diagnoses));
    }
    report.diagnoses = agent.with_reports(report.diagnoses, &report.evidence).await;
    Outcome::Wrong(Box::new(report))
}

/// Tells why the claims that the pod waits for are not bound, and shows those that have to be made anew. What can
/// be carried out does not hang on it.
async fn explain_claims(agent: &Agent, report: &mut Report) {
    let about = &report.evidence.subject;
    let around = agent.cluster.around(&about.namespace).await;
    let own = diagnosis::of_workload(&report.evidence, &report.diagnoses);
    let redactor = agent.redactor_of(about);
    let findings = diagnosis::beside(&around, about, own, &redactor);
    report.diagnoses = diagnosis::told_why(report.diagnoses.clone(), &findings);
    report.caused_by = caused_by(agent, &around, (&report.evidence, &report.diagnoses));
    report.offers.extend(of_claims(&around, &findings, &redactor));
}

/// Everything around the workload; around the owner of a pod whose owner the watch did not bring.
async fn objects(agent: &Agent, subject: &ObjectRef) -> Result<diagnosis::Objects, ClusterError> {
    if subject.kind != Kind::Pod {
        return agent.cluster.objects(subject).await;
    }
    let root = agent.cluster.root_of(&subject.namespace, &subject.name).await?;
    agent.cluster.objects(&root).await
}

/// Brings an open incident up to date with what is seen now.
pub(crate) async fn report_anew(agent: &Agent, objects: &diagnosis::Objects) {
    let (evidence, diagnoses) = agent.examine_and_ask(objects).await;
    if !diagnoses.is_empty() && agent.incidents.is_open(&evidence.subject) {
        let mut report = report(agent, objects, (evidence, diagnoses), None);
        report.diagnoses = agent.with_reports(report.diagnoses, &report.evidence).await;
        agent.incidents.report(report);
    }
}

fn report(
    agent: &Agent,
    objects: &diagnosis::Objects,
    (evidence, diagnoses): (Evidence, Vec<Diagnosis>),
    seen_at: Option<Timestamp>,
) -> Report {
    let plans = remedy::plans(&diagnoses, &evidence);
    let offers = offers(&plans, &evidence, &agent.redactor_of(&evidence.subject));
    let context = diagnosis::context(&evidence);
    let others = agent.incidents.said_beside(&evidence.subject);
    let diagnoses = diagnosis::told_of_keys(diagnoses, &evidence, &others);
    let around = diagnosis::Snapshot::around(objects);
    let caused_by = caused_by(agent, &around, (&evidence, &diagnoses));
    Report { evidence, diagnoses, caused_by, offers, context, seen_at }
}

/// What explains the trouble of a workload from beyond it, as far as that can be told from this.
pub(crate) fn caused_by(
    agent: &Agent,
    around: &diagnosis::Snapshot,
    (evidence, diagnoses): (&Evidence, &[Diagnosis]),
) -> Vec<Subject> {
    let others = agent.incidents.found_beside(&evidence.subject);
    diagnosis::causes_beyond(around, (evidence, diagnoses), others, &agent.redactor)
}

impl Caches {
    /// The root owner of a pod, or the pod itself while its owner is not known yet.
    fn root_or_pod(&self, pod: &k8s_openapi::api::core::v1::Pod) -> ObjectRef {
        self.root_of_pod(pod)
            .unwrap_or_else(|_| crate::cluster::reference(Kind::Pod, &pod.metadata))
    }

    /// The root owner above a workload, itself where nothing owns it.
    fn root_of_root(&self, root: &Root) -> Option<ObjectRef> {
        self.root_of(root.kind(), root.metadata()).ok()
    }
}
