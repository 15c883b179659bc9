//! The decision: what the guard has to know is collected, asked, and its answer is kept.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use diagnosis::Redactor;
use jiff::{SignedDuration, Timestamp};
use remedy::{ApprovedPlan, Authority, Past, PastWrite, Refusal, World};
use types::{Execution, ExecutionState, FixPlan, ObjectRef, RefusalReport};
use uuid::Uuid;

use super::{Decision, FixError, Fixer, MAX_IN_VAIN, Order};
use crate::cluster::{Census, Share};
use crate::failures::MEMORY;
use crate::journal::{JournalError, Stored};
use crate::lead::EVERYWHERE;

/// The most offers beside the one that was ordered of which the guard's answer is kept.
const MAX_BESIDE: usize = 20;

/// So many writes a trouble may have taken, for the error budget to see as many troubles as its window has.
const ATTEMPTS: usize = 4;

/// What the guard says.
pub(super) struct Answer {
    /// Of the plan that was ordered.
    pub(super) decision: Result<ApprovedPlan, Refusal>,
    /// Of what else is offered, under the same authority.
    pub(super) beside: Vec<(FixPlan, Option<RefusalReport>)>,
}

impl Fixer {
    /// Asks the guard. What it lets through is journalled as intent before this returns; what it does not is
    /// journalled as refused, or as proposed where a person's yes would answer it. `kept` says whether the
    /// journal knows the execution from a try before this.
    pub(super) async fn approve(
        &self,
        fix: &mut Stored,
        order: &Order,
        kept: bool,
    ) -> Result<Decision, FixError> {
        let _turn = self.deciding.acquire().await.map_err(|_| FixError::CutOff)?;
        let answer = self.ask_guard(fix, Authority::Automation).await?;
        fix.decision = Some(Box::new(self.explained(fix, order.reason.clone(), &answer)));
        let decision = match answer.decision {
            Ok(approved) if order.dry_run => {
                self.try_out(fix, &approved).await;
                Decision::Rest
            }
            Ok(approved) => {
                fix.execution.state = ExecutionState::Applying;
                Decision::Apply(approved)
            }
            Err(refusal) => {
                let told = self.told(&fix.execution.subject, &refusal);
                turn_down(fix, told, refusal.needs_person());
                if matches!(refusal, Refusal::BudgetExhausted { .. }) {
                    Box::pin(self.heed_budget(&fix.execution.subject)).await;
                }
                Decision::Rest
            }
        };
        if !kept && matches!(decision, Decision::Rest) {
            self.has_room_for(&fix.execution).await?;
        }
        if kept {
            self.journal.update(fix, None).await?;
        } else {
            self.journal.begin(fix, order.key.as_ref()).await?;
        }
        self.publish(&fix.execution);
        Ok(decision)
    }

    /// Whether another order that writes nothing is kept.
    async fn has_room_for(&self, execution: &Execution) -> Result<(), FixError> {
        let since = Timestamp::now() - SignedDuration::from_hours(1);
        let by = &execution.requested_by;
        let in_vain = self.journal.in_vain(&execution.subject, by, since).await?;
        if in_vain < MAX_IN_VAIN { Ok(()) } else { Err(FixError::TooOften) }
    }

    /// What the guard says of this plan, and of all that is offered beside it, in the world as it is now.
    pub(super) async fn ask_guard(
        &self,
        fix: &Stored,
        authority: Authority,
    ) -> Result<Answer, FixError> {
        let now = Timestamp::now();
        let namespace = &fix.execution.subject.namespace;
        let enrolled = self.agent.cluster.namespace_enrolled(namespace).await?;
        let mut writes = self.journal.writes_since(now - MEMORY, fix.execution.id).await?;
        writes.extend(self.lead.writes_of_others());
        let census = self.agent.cluster.census();
        let counted = census.seen_from(namespace);
        let last_storm = self.last_storm(&census, namespace, now).await?;
        let earlier = self.earlier_writes(&fix.execution.subject, now).await?;
        let armed_at = self.journal.armed_at().await?;
        let accepted = self.journal.accepted(now).await?;
        let diagnoses = diagnosis::diagnose(&fix.before);
        let world = World {
            now,
            mode: self.mode(),
            authority,
            authenticated: self.authenticated,
            policy_given: self.policy_given,
            enrolled,
            evidence: &fix.before,
            writes: &writes,
            past: Past { writes: &earlier, armed_at },
            unhealthy: counted.unhealthy,
            workloads: counted.workloads,
            own_namespaces: self.own_namespaces.iter().map(String::as_str).collect(),
            last_storm,
            accepted: diagnosis::accepted_trouble(&fix.before, &diagnoses, &accepted, now),
        };
        let offered = remedy::plans(&diagnoses, &fix.before);
        let others = offered.into_iter().filter(|it| it.strategy != fix.plan.strategy);
        let beside = others.take(MAX_BESIDE).map(|plan| {
            let refusal = remedy::approve(plan.clone(), &self.policy, &world).err();
            (plan, refusal.as_ref().map(|it| self.told(&fix.execution.subject, it)))
        });
        let beside = beside.collect();
        Ok(Answer { decision: remedy::approve(fix.plan.clone(), &self.policy, &world), beside })
    }

    /// What we wrote before the last hours, this replica and others: as far back as the error budget looks, and further
    /// where it was this workload.
    async fn earlier_writes(
        &self,
        subject: &ObjectRef,
        now: Timestamp,
    ) -> Result<Vec<PastWrite>, JournalError> {
        let newest = self.policy.error_budget.window.saturating_mul(ATTEMPTS);
        let own = self.journal.writes_before(now - MEMORY, Some(subject), newest).await?;
        let others = self.lead.earlier_writes_of_others();
        Ok(own.into_iter().map(|it| it.1).chain(others).collect())
    }

    /// What the guard says to automation where three namespaces or more spent the error budget of the cluster.
    pub(super) async fn spent_budget(
        &self,
        subject: &ObjectRef,
    ) -> Result<Option<Refusal>, JournalError> {
        let now = Timestamp::now();
        let mut writes = self.journal.writes_since(now - MEMORY, Uuid::nil()).await?;
        writes.extend(self.lead.writes_of_others());
        let earlier = self.earlier_writes(subject, now).await?;
        let past = Past { writes: &earlier, armed_at: self.journal.armed_at().await? };
        Ok(remedy::budget_spent(&self.policy, &writes, &past, now, None))
    }

    /// When a storm was last seen in this namespace, or anywhere. One that is seen now is kept, so that a restart does
    /// not end the time after it.
    async fn last_storm(
        &self,
        census: &Census,
        namespace: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, JournalError> {
        let (last, storms) = self.storms_seen(census, namespace, now);
        if storms.values().any(|it| *it == now) {
            self.journal.keep_storms(&storms).await?;
            self.lead.note(|it| it.storms = storms);
        }
        Ok(last)
    }

    /// Takes in when another replica saw storms, and answers with all that is known of them now.
    pub(super) async fn take_over_storms(
        &self,
        told: &BTreeMap<String, Timestamp>,
    ) -> Result<BTreeMap<String, Timestamp>, JournalError> {
        let now = Timestamp::now();
        let storms = {
            let mut last = self.last_storms.lock().unwrap_or_else(PoisonError::into_inner);
            for (place, at) in told {
                // One that is told of the future is seen now, and ends as others do.
                let at = (*at).min(now);
                let known = last.entry(place.clone()).or_insert(at);
                *known = (*known).max(at);
            }
            last.clone()
        };
        if !told.is_empty() {
            self.journal.keep_storms(&storms).await?;
        }
        Ok(storms)
    }

    fn storms_seen(
        &self,
        census: &Census,
        namespace: &str,
        now: Timestamp,
    ) -> (Option<Timestamp>, BTreeMap<String, Timestamp>) {
        let mut last = self.last_storms.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = self.policy.storm.exit_seconds;
        let is_over = |at: Timestamp| {
            u64::try_from(now.duration_since(at).as_secs()).is_ok_and(|it| counts < it)
        };
        last.retain(|_, at| !is_over(*at));
        for place in [EVERYWHERE, namespace] {
            let Share { unhealthy, workloads } = census.seen_from(place);
            if self.policy.is_stormy(unhealthy, workloads) {
                last.insert(place.to_owned(), now);
            }
        }
        (last.get(EVERYWHERE).max(last.get(namespace)).copied(), last.clone())
    }

    /// The refusal as it is shown: what it quotes of the cluster is redacted, and what the workload hides.
    pub(super) fn told(&self, subject: &ObjectRef, refusal: &Refusal) -> RefusalReport {
        shown(refusal, &self.agent.redactor_of(subject))
    }

    /// A dry run: the API server checks every step and writes none.
    async fn try_out(&self, fix: &mut Stored, approved: &ApprovedPlan) {
        if let Err(error) = self.rehearse(fix, approved, None).await {
            fix.execution.state = ExecutionState::Refused;
            fix.execution.finished_at = Some(Timestamp::now());
            let detail = self.words(&fix.execution.subject, &error);
            fix.execution.refusal = Some(RefusalReport::new("refused_by_cluster", detail));
        }
    }
}

fn shown(refusal: &Refusal, redactor: &Redactor) -> RefusalReport {
    RefusalReport {
        code: refusal.code().to_owned(),
        detail: redactor.redact(&refusal.detail()),
        retry_secs: refusal.retry_secs(),
    }
}

/// Proposed where a person's yes answers the refusal, else refused.
fn turn_down(fix: &mut Stored, refusal: RefusalReport, needs_person: bool) {
    let execution = &mut fix.execution;
    execution.refusal = Some(refusal);
    if needs_person {
        execution.state = ExecutionState::Proposed;
    } else {
        execution.state = ExecutionState::Refused;
        execution.finished_at = Some(Timestamp::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_shows_no_secret_of_the_plan_that_was_ordered() {
        let redactor = Redactor::new([7; 32]);
        let words = "password=hunter2hunter2";
        let refusal = Refusal::OutOfScope { what: words.to_owned(), rule: "a rule" };

        let told = shown(&refusal, &redactor);

        assert!(
            refusal.detail().contains("hunter2") && !told.detail.contains("hunter2"),
            "{told:?}"
        );
    }
}
