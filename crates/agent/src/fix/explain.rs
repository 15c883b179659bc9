//! What is kept of a decision, and told to whoever asks why.

use jiff::Timestamp;
use types::{Alternative, DecisionRecord, Explanation, OrderReason};
use uuid::Uuid;

use super::Fixer;
use super::world::Answer;
use crate::journal::{JournalError, Stored};
use crate::offers;

/// The most bytes of patches that are kept: a rollback may put back a large template.
const MAX_PATCHES: usize = 64 * 1024;

impl Fixer {
    /// The execution with all that led to it; `None` where there is none of this id.
    pub async fn explain(&self, id: Uuid) -> Result<Option<Explanation>, JournalError> {
        let Some(stored) = self.journal.find(id).await? else { return Ok(None) };
        Ok(Some(Explanation {
            execution: stored.execution,
            evidence: stored.before,
            decision: self.journal.decision(id).await?,
            entries: self.journal.entries_of(id).await?,
        }))
    }

    /// What is kept of the decision about this fix.
    pub(super) fn explained(
        &self,
        fix: &Stored,
        order: OrderReason,
        answer: &Answer,
    ) -> DecisionRecord {
        let subject = &fix.before.subject;
        let redactor = &self.agent.redactor_of(subject);
        let alternative = |(plan, refusal): &(types::FixPlan, Option<types::RefusalReport>)| {
            let (refusal, strategy) = (refusal.clone(), plan.strategy.clone());
            Alternative { title: strategy.to_string(), strategy, risk: plan.risk, refusal }
        };
        let back = fix.plan.undo();
        let mut undo = offers::shown_steps(&back, redactor);
        // Others may rightly have written other fields since: an undo is held to the values alone.
        for step in &mut undo {
            step.resource_version.clear();
        }
        let incident = self.agent.incidents.open_of(&fix.before.subject);
        let record = DecisionRecord {
            at: Timestamp::now(),
            mode: self.mode(),
            diagnoses: diagnosis::diagnose(&fix.before),
            caused_by: incident.map(|it| it.caused_by).unwrap_or_default(),
            order,
            refusal: answer.decision.as_ref().err().map(|it| self.told(subject, it)),
            alternatives: answer.beside.iter().map(alternative).collect(),
            patch: offers::shown_steps(&fix.plan, redactor),
            undo,
            kustomize: offers::patch(&fix.plan, &fix.before, redactor),
            kustomize_undo: offers::patch(&back, &fix.before, redactor),
            shortened: false,
        };
        bounded(record)
    }
}

/// The record without patches that are too large to keep.
fn bounded(record: DecisionRecord) -> DecisionRecord {
    let shown =
        [&record.patch, &record.undo].map(|it| serde_json::to_string(it).map_or(0, |it| it.len()));
    let committed =
        [&record.kustomize, &record.kustomize_undo].map(|it| it.as_ref().map_or(0, String::len));
    if shown.iter().chain(&committed).sum::<usize>() <= MAX_PATCHES {
        return record;
    }
    DecisionRecord {
        patch: vec![],
        undo: vec![],
        kustomize: None,
        kustomize_undo: None,
        shortened: true,
        ..record
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use types::{Mode, ShownStep};

    use super::*;

    fn record(value: &str) -> DecisionRecord {
        let step = ShownStep {
            target: "Deployment shop/web".to_owned(),
            action: "edit".to_owned(),
            uid: "u".to_owned(),
            resource_version: String::new(),
            operations: vec![json!({"op": "replace", "path": "/a", "value": value})],
        };
        DecisionRecord {
            at: Timestamp::UNIX_EPOCH,
            mode: Mode::Auto,
            diagnoses: vec![],
            caused_by: vec![],
            order: OrderReason::default(),
            refusal: None,
            alternatives: vec![],
            patch: vec![step],
            undo: vec![],
            kustomize: None,
            kustomize_undo: None,
            shortened: false,
        }
    }

    #[test]
    fn a_patch_that_is_too_large_is_left_out_and_that_is_said() {
        assert_eq!(bounded(record("small")), record("small"));
        let large = bounded(record(&"x".repeat(MAX_PATCHES)));
        assert!(large.shortened && large.patch.is_empty());
    }
}
