//! A request that no node has, where another workload runs the same image with the one that was meant.

use types::{Diagnosis, Edit, Evidence, Fault, FixPlan, Risk, SlipFacts, Strategy};

use crate::place;
use crate::twin::is_alike;

/// The plan, where a template can be edited and the scheduler misses just this.
pub(super) fn offer(diagnosis: &Diagnosis, evidence: &Evidence) -> Option<FixPlan> {
    let said = evidence.pods.iter().find_map(|it| it.unschedulable.as_deref())?;
    let is_missing = |it: &Edit| {
        let resource = it.path.names().last().unwrap_or_default();
        said.contains(&format!("Insufficient {resource}"))
    };
    let is_it = |it: &&SlipFacts| {
        !it.edits.is_empty()
            && it.edits.iter().all(|edit| is_missing(edit) && is_alike(edit, evidence))
    };
    let is_pending = diagnosis.fault == Fault::Unschedulable
        && place::has_editable_template(evidence.subject.kind);
    let slip = evidence.slips.iter().find(is_it).filter(|_| is_pending)?;
    Some(FixPlan {
        strategy: Strategy::LowerRequests,
        risk: Risk::Auto,
        because: slip.shown_by.clone(),
        steps: place::in_template(evidence, slip.edits.clone()),
    })
}
