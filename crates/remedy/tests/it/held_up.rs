//! Pods of an earlier template that hold up an ordered set.

use remedy::{Policy, approve};
use types::{Action, Evidence, Fault, FixPlan, Kind, Strategy};

use crate::scene::{self, pod};

/// An ordered set whose three pods have an earlier template than the set, and of which these are not ready.
fn set(failing: &[&str]) -> Evidence {
    let mut evidence = scene::evidence(Kind::StatefulSet);
    evidence.workload.ordered = true;
    evidence.workload.desired = 3;
    let names = ["web-0", "web-1", "web-10"];
    evidence.pods = names.map(pod).to_vec();
    for it in &mut evidence.pods {
        it.current = false;
        it.ready = !failing.contains(&it.name.as_str());
    }
    evidence
}

fn restart(evidence: &Evidence) -> Option<FixPlan> {
    let mut plans = scene::plans(Fault::RolloutStuck, evidence).into_iter();
    plans.find(|it| it.strategy == Strategy::RestartPod)
}

fn evicted(evidence: &Evidence) -> Vec<String> {
    let steps = restart(evidence).map(|it| it.steps).unwrap_or_default();
    assert!(steps.iter().all(|it| it.action == Action::Evict));
    steps.into_iter().map(|it| it.target.name).collect()
}

#[test]
fn all_that_hold_up_a_set_are_evicted_from_the_last_on_and_two_at_most() {
    assert_eq!(evicted(&set(&["web-1"])), ["web-1"]);
    // The first alone would be made from the earlier template again.
    assert_eq!(evicted(&set(&["web-0", "web-10"])), ["web-10", "web-0"]);
    assert_eq!(evicted(&set(&["web-0", "web-1", "web-10"])), ["web-10", "web-1"]);
    // One of the newest template fails as well: it is that which has to be mended.
    let mut newest = set(&["web-0", "web-10"]);
    newest.pods[2].current = true;
    assert_eq!(evicted(&newest), ["web-10"]);
    let mut parallel = set(&["web-0", "web-10"]);
    parallel.workload.ordered = false;
    assert_eq!(evicted(&parallel).len(), 1);
}

#[test]
fn the_guard_lets_just_these_through() {
    let evidence = set(&["web-0", "web-10"]);
    let world = scene::world(&evidence, &[]);
    let code = |plan: FixPlan| {
        approve(plan, &Policy::default(), &world).map(|_| ()).map_err(|it| it.code())
    };
    let plan = restart(&evidence).unwrap();
    assert_eq!(code(plan.clone()), Ok(()));
    // In another order, with one that is ready, and with one twice.
    let steps = |names: &[usize]| {
        let all = &evidence.pods;
        let of = |it: &usize| {
            let mut step = plan.steps[0].clone();
            (step.target.name, step.target.uid) = (all[*it].name.clone(), all[*it].uid.clone());
            step
        };
        FixPlan { steps: names.iter().map(of).collect(), ..plan.clone() }
    };
    assert_eq!(code(steps(&[2, 0])), Ok(()));
    for wrong in [&[0, 2][..], &[2, 1], &[2, 2], &[2, 0, 1]] {
        assert!(code(steps(wrong)).is_err(), "{wrong:?}");
    }
}
