//! Roll all pods of the owner once.
//!
//! ## When it helps
//! Several pods hang at once: a connection that none of them takes up again, a configuration they only
//! read at start. By the facts: a container has from a ConfigMap what was changed there since, and fails by that.
//!
//! ## When it does not
//! The cause lies in the template (no pod of the newest was ready, and one of an earlier was), or in what the pods
//! depend on. Nor for what is still on its way.
//!
//! ## Risk
//! Ask: every pod is replaced. Bound: one annotation on the template, whose value is the fix id. There is
//! nothing to undo. Verified by the pods' health over time. Attack: kinds without a rollout yield no plan.

use types::{Action, Diagnosis, Evidence, Fault, FixPlan, Kind, Risk, SpotTopic, Step, Strategy};

use crate::place;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let may_heal = matches!(
        diagnosis.fault,
        Fault::ReadinessProbeFailing | Fault::CrashLoopBackOff | Fault::Unknown
    );
    let rolls =
        matches!(evidence.subject.kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet);
    let is_outdated = place::container(diagnosis, evidence)
        .is_some_and(|it| it.spots.iter().any(|it| it.topic == SpotTopic::Outdated));
    let may_wait = matches!(
        diagnosis.fault,
        Fault::InitNotDone | Fault::LivenessProbeFailing | Fault::StartupProbeFailing
    );
    if is_outdated && rolls && (may_heal || may_wait) {
        let because = "Variables are read when a container starts: all pods begin afresh with the new ones, one after \
                       the other.";
        return vec![plan_for(evidence, because)];
    }
    let is_on_its_way = diagnosis.fault == Fault::Unknown && evidence.workload.rolling_out;
    let is_hopeless = is_on_its_way || place::lies_in_template(evidence);
    if !may_heal || !rolls || !evidence.workload.was_ready || is_hopeless {
        return vec![];
    }
    vec![plan_for(evidence, "All pods begin afresh, one after the other.")]
}

fn plan_for(evidence: &Evidence, because: &str) -> FixPlan {
    let step =
        Step { target: evidence.subject.clone(), subresource: None, action: Action::Restart };
    FixPlan {
        strategy: Strategy::RestartRollout,
        risk: Risk::Ask,
        because: because.to_owned(),
        steps: vec![step],
    }
}
