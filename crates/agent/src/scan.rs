//! A scan: every workload that looks wrong is read and judged by its rules, the rest of the cluster is surveyed.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread;

use diagnosis::{Objects, Snapshot};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use tokio::runtime::Handle;
use types::{
    BadLabelQuery, Finding, Kind, LabelQuery, ObjectRef, ScanRequest, ScanResponse, Suppression,
    UnknownKind, scanned_kind,
};

use crate::apart::{self, BrokeOff};
use crate::cluster::{Caches, ClusterError, Commons, key};
use crate::offers::findings::with_patch;
use crate::{Agent, k8sgpt};

/// How many workloads are read at once: more would only wait for the API server.
const AT_ONCE: usize = 8;

/// What was read of one workload, or came of that.
type Of<T> = (Result<T, ClusterError>, ObjectRef);

/// What a scan is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// So many kinds of what is watched are read, of so many.
    Watching(usize, usize),
    /// So many kinds of all else are listed, of so many.
    Listing(usize, usize),
    /// So many workloads that seem wrong were looked at, of so many.
    Looking(usize, usize),
}

/// Hears what a scan is at while it lasts.
pub type Progress<'a> = &'a (dyn Fn(Stage) + Sync);

/// Why nothing can be scanned as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadScan {
    /// The selector is none.
    #[error(transparent)]
    Labels(#[from] BadLabelQuery),
    /// A kind is none.
    #[error(transparent)]
    Kind(#[from] UnknownKind),
    /// There is no such namespace.
    #[error("there is no namespace `{0}` in the cluster")]
    Namespace(String),
}

/// The question, with each kind under its own name; refused where it asks for none that there is.
pub fn understood(request: &ScanRequest) -> Result<(ScanRequest, LabelQuery), BadScan> {
    let kinds = request.kinds.iter().map(|it| scanned_kind(it).map(ToOwned::to_owned));
    let kinds = kinds.collect::<Result<_, _>>()?;
    Ok((ScanRequest { kinds, ..request.clone() }, request.labels.parse()?))
}

/// A scan on a thread of its own: between two waits it works for long, and those who serve HTTP are not kept. One at a
/// time: it unpacks the whole cluster.
pub async fn scan_apart(
    agent: Agent,
    caches: Arc<Caches>,
    request: ScanRequest,
    accepted: Vec<Suppression>,
) -> Result<Result<ScanResponse, BadScan>, BrokeOff> {
    let runtime = Handle::current();
    let look = move || {
        let seen = runtime.block_on(seen(&agent, &caches, &request, &accepted, &|_| {}));
        seen.map_or_else(|bad| (Err(bad), None), |(told, snapshot)| (Ok(told), Some(snapshot)))
    };
    apart::done(look).await
}

/// What is wrong in the cluster, as far as it was asked for. What is accepted stands last.
pub async fn scan(
    agent: &Agent,
    caches: &Caches,
    request: &ScanRequest,
    accepted: &[Suppression],
    progress: Progress<'_>,
) -> Result<ScanResponse, BadScan> {
    seen(agent, caches, request, accepted, progress).await.map(|(told, _)| told)
}

/// What is wrong in the cluster, and the cluster in which it was found.
async fn seen(
    agent: &Agent,
    caches: &Caches,
    request: &ScanRequest,
    accepted: &[Suppression],
    progress: Progress<'_>,
) -> Result<(ScanResponse, Snapshot), BadScan> {
    let (request, labels) = &understood(request)?;
    let (mut snapshot, theirs) =
        tokio::join!(agent.cluster.snapshot(progress), k8sgpt::reports(agent, request));
    if let Some(namespace) = request.namespace.as_deref().filter(|it| lacks(&snapshot, it)) {
        return Err(BadScan::Namespace(namespace.to_owned()));
    }
    match theirs {
        Ok(theirs) => snapshot.k8sgpt_results.get_or_insert_default().extend(theirs),
        Err(error) => snapshot.unread.push(error.to_string()),
    }
    let asked = request.namespace.as_deref();
    if request.notices {
        let (hardening, unread) = agent.cluster.hardening().await;
        snapshot.hardening = Some(hardening);
        snapshot.unread.extend(unread);
        let (usage, unread) = agent.cluster.usage(asked).await;
        snapshot.usage = usage;
        snapshot.unread.extend(unread);
    }
    let (workloads, unread) = workloads(agent, caches, &snapshot, (asked, progress)).await;
    if request.notices || diagnosis::tells_of_refusals(&snapshot, &workloads) {
        let (rights, unread) = agent.cluster.rights().await;
        snapshot.rights = Some(rights);
        snapshot.unread.extend(unread);
    }
    let redactor = agent.redactor.knowing_apart(agent.known.by_namespace());
    let found = diagnosis::survey(&snapshot, workloads, &redactor);
    let findings = diagnosis::asked_for(found, request, labels, &snapshot);
    let findings = diagnosis::accept(findings, accepted, snapshot.taken_at).into_iter();
    let findings = findings.map(|it| {
        let redactor = redactor.within(&it.subject.namespace);
        with_patch(it, &redactor)
    });
    let findings = findings.collect();
    snapshot.unread.extend(unread);
    let unread = snapshot.unread.iter().map(|it| agent.redactor.redact(it)).collect();
    let told = ScanResponse {
        cluster: agent.name.to_string(),
        taken_at: snapshot.taken_at,
        n_objects: snapshot.n_objects(),
        findings,
        unread,
    };
    Ok((told, snapshot))
}

/// Whether it is known that there is no such namespace.
fn lacks(snapshot: &Snapshot, namespace: &str) -> bool {
    let all = snapshot.namespaces.as_ref().filter(|it| !it.is_empty());
    let is_it = |it: &Namespace| it.metadata.name.as_deref() == Some(namespace);
    all.is_some_and(|it| !it.iter().any(is_it))
}

/// The findings of the workloads that look wrong, and what could not be read. Of another namespace than the one that
/// was asked for only those that may be the cause of what is found.
async fn workloads(
    agent: &Agent,
    caches: &Caches,
    snapshot: &Snapshot,
    (asked, progress): (Option<&str>, Progress<'_>),
) -> (Vec<Finding>, Vec<String>) {
    let commons = Commons::of(snapshot, caches);
    let mut left = suspects(caches, snapshot);
    let mut spaces: BTreeSet<String> = asked.map(ToOwned::to_owned).into_iter().collect();
    let (mut found, mut unread) = (vec![], vec![]);
    loop {
        let due: BTreeSet<_> = match asked {
            None => std::mem::take(&mut left),
            Some(_) => left.extract_if(.., |it| spaces.contains(&it.namespace)).collect(),
        };
        if due.is_empty() {
            break;
        }
        looked_at(agent, due, &commons, progress, (&mut found, &mut unread)).await;
        if !left.is_empty() {
            spaces.extend(diagnosis::reach(&found, snapshot, &agent.redactor));
        }
    }
    // They arrive in any order; what is told has one.
    found.sort_by(|a: &Finding, b| a.subject.cmp(&b.subject));
    (found, unread)
}

/// Reads these workloads, several at once, and adds what is found, and what could not be read.
async fn looked_at(
    agent: &Agent,
    due: BTreeSet<ObjectRef>,
    commons: &Commons<'_>,
    progress: Progress<'_>,
    (found, unread): (&mut Vec<Finding>, &mut Vec<String>),
) {
    let (n_due, mut n_read) = (due.len(), 0);
    let mut read = stream::iter(due)
        .map(|it| async move { (agent.cluster.objects_among(&it, commons).await, it) })
        .buffer_unordered(AT_ONCE)
        .ready_chunks(AT_ONCE);
    while let Some(some) = read.next().await {
        n_read += some.len();
        for (findings, subject) in all_judged(agent, some) {
            match findings {
                Ok(findings) => found.extend(findings),
                // What went in between is no trouble.
                Err(ClusterError::NotFound(_)) => {}
                Err(error) => {
                    unread.push(agent.redactor_of(&subject).redact(&format!("{subject}: {error}")));
                }
            }
        }
        progress(Stage::Looking(n_read, n_due));
    }
}

/// What is found at each of these. The rules wait for nobody, so that a second thread takes half of the work.
fn all_judged(agent: &Agent, mut read: Vec<Of<Objects>>) -> Vec<Of<Vec<Finding>>> {
    let in_turn = |it: Vec<Of<Objects>>| -> Vec<_> {
        let judged = |objects: Objects| judged(agent, &objects);
        it.into_iter().map(|(objects, of)| (objects.and_then(judged), of)).collect()
    };
    let rest = read.split_off(read.len().div_ceil(2));
    if rest.is_empty() {
        return in_turn(read);
    }
    thread::scope(|scope| {
        let rest = scope.spawn(|| in_turn(rest));
        let mut all = in_turn(read);
        all.extend(rest.join().unwrap_or_else(|it| resume_unwind(it)));
        all
    })
}

/// What is found at one workload.
fn judged(agent: &Agent, objects: &Objects) -> Result<Vec<Finding>, ClusterError> {
    // One that cannot be judged does not keep the others from it.
    let judged = catch_unwind(AssertUnwindSafe(|| {
        let (evidence, diagnoses) = agent.examine(objects);
        diagnosis::of_workload(&evidence, &diagnoses)
    }));
    judged.map_err(|_| ClusterError::Malformed("its rules did not end".to_owned()))
}

/// The root owners that deserve a closer look.
fn suspects(caches: &Caches, snapshot: &Snapshot) -> BTreeSet<ObjectRef> {
    let now: Timestamp = snapshot.taken_at;
    let pods = snapshot.pods.iter().filter(|it| diagnosis::suspicious_pod(it, now));
    let by_pods = pods.filter_map(|it| caches.root_of_pod(it).ok());
    let workloads = snapshot.workloads.iter().filter(|it| diagnosis::suspicious_workload(it));
    let by_themselves = workloads.map(diagnosis::Root::object_ref);
    // A job of a CronJob shows trouble that neither the CronJob nor any pod shows.
    let jobs = snapshot.jobs.iter().filter(|it| diagnosis::lacks_pods(it));
    let by_jobs = jobs.filter_map(|it| caches.root_of(Kind::Job, &it.metadata).ok());
    let events = snapshot.events.iter().filter(|it| diagnosis::tells_of_unmade_job(it));
    let by_events = events.filter_map(|it| caches.root_of_event(it));
    by_pods.chain(by_themselves).chain(by_jobs).chain(by_events).map(|it| key(&it)).collect()
}
