//! The story of a fix, from an order to a verdict.
//!
//! - gather -> diagnose -> plan -> approve -> apply     [`Fixer::fix`]
//! - settle -> judge -> undo -> report                  [`Fixer::see_through`]
//!
//! Intent is in the journal before the cluster is written, every state after it too. Whoever hangs
//! up in between stops nothing: what was begun is seen through, after a restart as well.

mod apply;
mod tell;
mod moved;
mod write;
mod settle;
mod undo;
mod follow;
mod world;
mod resume;
mod replica;
mod people;
mod yes;
mod explain;
mod mode;
mod shop;

use std::sync::Arc;

use diagnosis::{Objects, Patience};
use jiff::Timestamp;
use remedy::{ApprovedPlan, RequestError};
use serde_json::{Map, Value};
use types::{
    Diagnosis, Evidence, Execution, ExecutionState, Fault, FixPlan, IncidentState, Kind, ObjectRef,
    OrderReason, RefusalReport, Verdict,
};
use uuid::Uuid;

use crate::cluster::ClusterError;
use crate::journal::{JournalError, RequestKey, Stored};
use crate::offers;

pub use mode::ModeNotice;
pub use people::{No, PersonError};
pub use shop::{Fixer, OpenError};
pub(crate) use shop::{check_settings, own_namespace, read_policy};

use apply::ApplyError;
use moved::AsSeen;

/// How often a plan is made anew because the object changed under it. Many, since the status of a pod that
/// fails counts as a change of it and comes with every restart; each time costs a few reads.
const TRIES: u32 = 10;
/// How many orders of one caller about one workload may come to nothing within an hour: each is kept with its evidence.
const MAX_IN_VAIN: i64 = 60;

/// What a caller asks for.
#[derive(Debug, Clone)]
pub struct Order {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod, or the name of what never got one, such as a Service.
    pub pod: String,
    /// `type` and `parameters`, as they came.
    pub strategy: Map<String, Value>,
    /// Whether nothing is to be written.
    pub dry_run: bool,
    /// The incident that this answers.
    pub incident: Option<Uuid>,
    /// Who asks, and why.
    pub reason: OrderReason,
    /// His own name for the request.
    pub key: Option<RequestKey>,
}

/// Why an order leads to no execution at all. What the guard or the cluster refuses is an execution.
#[derive(Debug, thiserror::Error)]
pub enum FixError {
    /// The request names no plan.
    #[error("the request names no plan")]
    Request(RequestError),
    /// The cluster could not be read.
    #[error("the cluster could not be read")]
    Cluster(#[from] ClusterError),
    /// The journal could not be written, so nothing was written to the cluster.
    #[error("the journal could not be written, so the cluster was not either")]
    Journal(#[from] JournalError),
    /// The same caller ordered so much about this workload in vain that no more of it is kept.
    #[error(
        "{MAX_IN_VAIN} orders of yours about this workload came to nothing within the hour; the newest say why"
    )]
    TooOften,
    /// The task that carried it out ended; its execution says how far it came.
    #[error("the fix was cut off; its execution says how far it came")]
    CutOff,
}

/// What is known when a plan is made.
struct Case {
    evidence: Evidence,
    diagnoses: Vec<Diagnosis>,
    /// The subject.
    seen: AsSeen,
    /// Hash over what a yes to it is bound to.
    seen_hash: String,
}

/// A plan, what was decided about it, and the object that it was made for.
struct Decided {
    fix: Stored,
    seen: AsSeen,
    decision: Decision,
}

/// What was decided about a plan.
enum Decision {
    /// Intent is in the journal: write it.
    Apply(ApprovedPlan),
    /// Refused, proposed or only tried: nothing more happens by itself.
    Rest,
}

impl Fixer {
    /// Carries out an order up to the write and answers; the rest is seen through behind the answer.
    ///
    /// Runs to that point even when the caller goes away.
    pub async fn order(self: &Arc<Self>, order: Order) -> Result<Execution, FixError> {
        let fixer = Arc::clone(self);
        let done = tokio::spawn(async move { Box::pin(fixer.fix(order)).await });
        done.await.map_err(|_| FixError::CutOff)?
    }

    async fn fix(self: Arc<Self>, order: Order) -> Result<Execution, FixError> {
        let id = Uuid::now_v7();
        let mut outdated: Option<Stored> = None;
        for attempt in 1.. {
            let Decided { mut fix, seen, decision } =
                match self.decide(id, &order, outdated.is_some()).await {
                    Ok(decided) => decided,
                    Err(error) => return self.give_up(outdated, error).await,
                };
            let Decision::Apply(approved) = decision else { return Ok(fix.execution) };
            match self.apply_to_seen(&fix, &approved, &seen).await {
                Ok(result_hash) => {
                    fix.execution.result_hash = result_hash;
                    return self.applied(fix).await;
                }
                Err(ApplyError::Stale(_)) if attempt < TRIES => outdated = Some(fix),
                Err(error) => return self.not_applied(fix, error).await,
            }
        }
        Err(FixError::CutOff)
    }

    /// Everything up to the write, from facts that are read anew.
    async fn decide(&self, id: Uuid, order: &Order, kept: bool) -> Result<Decided, FixError> {
        let case = self.gather(order).await?;
        let plan = plan(order, &case)?;
        let (mut fix, seen) = self.draw_up(id, order, case, plan);
        let decision = self.approve(&mut fix, order, kept).await?;
        Ok(Decided { fix, seen, decision })
    }

    /// No decision came about. Where the intent of an outdated one is in the journal, that has to end too.
    async fn give_up(
        self: Arc<Self>,
        outdated: Option<Stored>,
        error: FixError,
    ) -> Result<Execution, FixError> {
        let Some(mut fix) = outdated else { return Err(error) };
        let why = match &error {
            // What ailed the workload may be over.
            FixError::Request(_) => "nothing that was asked for is to do any more".to_owned(),
            FixError::Cluster(_) | FixError::Journal(_) | FixError::TooOften | FixError::CutOff => {
                service::telemetry::chain(&error)
            }
        };
        let detail = self.agent.redactor_of(&fix.execution.subject).redact(&format!(
            "the object changed while the fix was made, nothing was changed; then: {why}"
        ));
        fix.execution.refusal = Some(RefusalReport::new("stale", detail));
        if matches!(error, FixError::Journal(_)) {
            // Whoever asked is not kept waiting for a journal that refuses.
            tokio::spawn(async move { self.report(fix, ExecutionState::Refused).await });
            return Err(error);
        }
        self.reach(&mut fix, ExecutionState::Refused).await;
        Ok(fix.execution)
    }

    /// Settles, judges, and takes back what did not help. The end of every fix.
    pub(super) async fn see_through(self: Arc<Self>, mut fix: Stored) {
        let verdict = self.settle(&mut fix).await;
        // What somebody else had a hand in says nothing of the fix.
        let in_vain = verdict == Some(Verdict::Unchanged) && settle::had_no_effect(&mut fix);
        let counts = !settle::was_changed(&fix.execution) && !in_vain;
        fix.execution.verdict = verdict.filter(|_| counts);
        let subject = fix.execution.subject.clone();
        match verdict {
            Some(Verdict::Recovered) => self.report(fix, ExecutionState::Verified).await,
            Some(Verdict::Progress) => self.keep(fix).await,
            Some(Verdict::Unchanged | Verdict::Worse) => self.undo(fix).await,
            None => self.report_gone(fix).await,
        }
        Box::pin(self.heed_budget(&subject)).await;
    }

    /// What the order is about: the pod's root owner. Where there is no such pod, the subject of the open incident that
    /// is answered: its pod was just evicted, or it never got one and goes by its owner's name. A Service has none, and
    /// goes by its own name, even where a pod is called the same.
    async fn subject(&self, order: &Order) -> Result<ObjectRef, ClusterError> {
        let incident = order.incident.and_then(|it| self.agent.incidents.find(it));
        let told = incident
            .filter(|it| it.state == IncidentState::Open)
            .map(|it| it.subject)
            .filter(|it| it.namespace == order.namespace);
        if let Some(service) = told.as_ref().filter(|it| is_service(it, order)) {
            return Ok(service.clone());
        }
        let by_pod = self.agent.cluster.root_of(&order.namespace, &order.pod).await;
        match (by_pod, told) {
            (Err(ClusterError::NotFound(_)), Some(subject)) => Ok(subject),
            (by_pod, _) => by_pod,
        }
    }

    /// Reads everything around what the order is about, and what is wrong with it.
    async fn gather(&self, order: &Order) -> Result<Case, FixError> {
        let subject = self.subject(order).await?;
        let objects = self.objects(&subject).await?;
        let (evidence, diagnoses) = self.agent.examine_and_ask(&objects).await;
        let seen_hash = moved::bound_hash(&objects.root, &evidence);
        Ok(Case { evidence, diagnoses, seen: AsSeen::of(&objects.root), seen_hash })
    }

    /// Everything around the subject, or an error while what the watches keep is old: a decision or a verdict
    /// would be made on what was. What shares a node with it is among it: a fix must not starve that either.
    async fn objects(&self, subject: &ObjectRef) -> Result<Objects, ClusterError> {
        self.agent.cluster.up_to_date()?;
        let objects = self.agent.cluster.objects(subject).await?;
        let node_mates = self.agent.cluster.node_mates(subject, &objects.pods);
        Ok(Objects { node_mates, ..objects })
    }

    /// The execution of this plan, before anything was decided, and the object that it is about.
    fn draw_up(&self, id: Uuid, order: &Order, case: Case, plan: FixPlan) -> (Stored, AsSeen) {
        let redactor = &self.agent.redactor_of(&case.evidence.subject);
        let execution = Execution {
            id,
            incident: order
                .incident
                .or_else(|| self.agent.incidents.open_of(&case.evidence.subject).map(|it| it.id)),
            cluster: self.agent.name.to_string(),
            subject: case.evidence.subject.clone(),
            pod: order.pod.clone(),
            fault: remedy::answered(&plan, &case.diagnoses, &case.evidence)
                .unwrap_or(Fault::Unknown),
            context: diagnosis::context(&case.evidence),
            spec_hash: case.evidence.workload.spec_hash.clone(),
            seen_hash: Some(case.seen_hash),
            strategy: plan.strategy.clone(),
            risk: plan.risk,
            diff: offers::diff(&plan, redactor),
            undo: offers::diff(&plan.undo(), redactor),
            state: ExecutionState::Proposed,
            dry_run: order.dry_run,
            requested_by: order.reason.by.clone(),
            decided_by: None,
            undone_by: None,
            requested_at: Timestamp::now(),
            applied_at: None,
            finished_at: None,
            verdict: None,
            refusal: None,
            checks: vec![],
            again: false,
            result_hash: None,
        };
        (Stored { execution, plan, before: case.evidence, decision: None }, case.seen)
    }

    /// The write was made: answer, and see the rest through.
    async fn applied(self: Arc<Self>, mut fix: Stored) -> Result<Execution, FixError> {
        fix.execution.applied_at = Some(Timestamp::now());
        self.reach(&mut fix, ExecutionState::Verifying).await;
        let execution = fix.execution.clone();
        tokio::spawn(self.see_through(fix));
        Ok(execution)
    }

    /// How long a verdict may take, from `since` on.
    fn patience(&self, fix: &Stored, since: Timestamp) -> Patience {
        let next_run = fix.before.workload.next_run;
        let usual = settle::until_next_run(self.patience, &fix.plan, next_run, since);
        // A leak shows from when the new pods run on.
        let growth = diagnosis::shown_after(&fix.plan, &fix.before, self.patience);
        Patience { deadline: usual.deadline.max(growth + self.patience.deadline / 2), ..usual }
    }
}

/// Whether the order is about this Service.
fn is_service(subject: &ObjectRef, order: &Order) -> bool {
    subject.kind == Kind::Service && subject.name == order.pod
}

/// The plan that the order asks for.
fn plan(order: &Order, case: &Case) -> Result<FixPlan, FixError> {
    remedy::requested(&order.strategy, &case.diagnoses, &case.evidence).map_err(FixError::Request)
}
