//! Where a pod that is made anew may help, and where it cannot.

use types::{Evidence, Fault, Kind};

use crate::scene::{self, plans};

#[test]
fn a_pod_is_made_anew_only_where_another_of_its_template_was_or_may_be_well() {
    let offered = |fault: Fault, change: fn(&mut Evidence)| {
        let mut evidence = scene::evidence(Kind::Deployment);
        evidence.workload.was_ready = true;
        change(&mut evidence);
        let plans = plans(fault, &evidence);
        let has = |name: &str| plans.iter().any(|it| it.strategy.name() == name);
        assert!(has("restart_pod") || !has("restart_rollout"), "{fault}");
        has("restart_pod")
    };
    let faults = [Fault::ReadinessProbeFailing, Fault::ContainerCannotRun, Fault::Unknown];
    for fault in faults {
        assert!(offered(fault, |_| {}), "{fault}");
        // It never was well, so that a new one begins as badly.
        assert!(!offered(fault, |it| it.workload.was_ready = false), "{fault}");
    }
    for fault in [Fault::CrashLoopBackOff, Fault::RolloutStuck].into_iter().chain(faults) {
        let is_new = |it: &mut Evidence| {
            it.revisions = scene::rolled_out(Kind::Deployment).revisions;
        };
        assert!(!offered(fault, is_new), "{fault}");
    }
    // It is on its way, or no pod can be made at all.
    assert!(!offered(Fault::Unknown, |it| it.workload.rolling_out = true));
    assert!(!offered(Fault::FailedCreate, |_| {}));
    assert!(!offered(Fault::StartupProbeFailing, |_| {}));
}
