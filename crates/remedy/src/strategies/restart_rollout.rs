//! Roll all pods of the owner once.
//!
//! ## When it helps
//! Several pods hang at once: a connection that none of them takes up again, a configuration they only
//! read at start.
//!
//! ## When it does not
//! The cause lies in the template, or in what the pods depend on.
//!
//! ## Risk
//! Ask: every pod is replaced. Bound: one annotation on the template, whose value is the fix id. There is
//! nothing to undo. Verified by the pods' health over time. Attack: kinds without a rollout yield no plan.

use types::{Action, Diagnosis, Evidence, Fault, FixPlan, Kind, Risk, Step, Strategy};

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let may_heal = matches!(
        diagnosis.fault,
        Fault::ReadinessProbeFailing | Fault::CrashLoopBackOff | Fault::Unknown
    );
    let rolls =
        matches!(evidence.subject.kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet);
    if !may_heal || !rolls || !evidence.workload.was_ready {
        return vec![];
    }
    let because = "All pods begin afresh, one after the other.".to_owned();
    let step =
        Step { target: evidence.subject.clone(), subresource: None, action: Action::Restart };
    vec![FixPlan {
        strategy: Strategy::RestartRollout,
        risk: Risk::Ask,
        because,
        steps: vec![step],
    }]
}
