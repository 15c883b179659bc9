//! Show how the workload that is called, and was scaled to nothing, gets its declared replicas back.
//!
//! ## When it helps
//! A program cannot reach a Service, the one workload behind it is scaled to 0, and its own declaration (`kubectl
//! apply`) says that it has replicas, or its autoscaler keeps some.
//!
//! ## When it does not
//! KEDA scales it, nothing declares its replicas, or nobody misses it: what is scaled to nothing
//! on purpose is no trouble, and has no incident.
//!
//! ## Risk
//! Advice, on the incident of who calls: the workload that is called is somebody else's object, and the guard lets
//! no plan of this strategy through. Bound: from 0 to exactly the declared number, or the fewest of the autoscaler.
//! There is nothing to undo or to verify. Attack: a Service with several workloads behind it, or of another
//! namespace, yields no plan.

use types::{
    Action, Diagnosis, Evidence, FieldPath, FixPlan, NeighbourFacts, Risk, ServiceFacts, Step,
    Strategy,
};

use crate::needs::needed;
use crate::place;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    needed(diagnosis, evidence).filter_map(|it| plan_for(it, evidence)).take(1).collect()
}

fn plan_for(service: &ServiceFacts, evidence: &Evidence) -> Option<FixPlan> {
    let [only] = service.behind.as_slice() else { return None };
    let is_it = |it: &&NeighbourFacts| *only == format!("{} {}", it.object.kind, it.object.name);
    let callee = evidence.neighbours.iter().find(is_it)?;
    let declared =
        callee.declared.filter(|it| callee.desired == 0 && 1 <= *it && service.selects)?;
    let path = FieldPath::root().child("spec").child("replicas");
    let step = Step {
        target: callee.object.clone(),
        subresource: None,
        action: Action::Edit(vec![place::edit(path, Some(0.into()), declared)]),
    };
    let because = format!(
        "{only} stands behind Service {}, is scaled to 0, and is to have {declared} by its own declaration or its autoscaler. It is another workload: \
         apply the patch, if nobody meant it to rest.",
        service.name
    );
    Some(FixPlan {
        strategy: Strategy::RestoreReplicas,
        risk: Risk::Advice,
        because,
        steps: vec![step],
    })
}
