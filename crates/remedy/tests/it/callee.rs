//! What waits for a Service of which no pod is ready.

use types::{Clue, Evidence, Fault};

use crate::scene;
use crate::shown::unanswered;

/// The same with nothing ready behind the Service, and an earlier revision to go back to.
fn unready(desired: u32) -> (Evidence, types::Diagnosis) {
    let (mut evidence, diagnosis) = unanswered(None);
    evidence.neighbours[0].desired = desired;
    evidence.neighbours[0].newest_pod_secs = Some(70);
    (evidence, diagnosis)
}

fn names(evidence: &Evidence, diagnosis: &types::Diagnosis) -> Vec<&'static str> {
    let plans = remedy::plans(std::slice::from_ref(diagnosis), evidence);
    plans.iter().map(|it| it.strategy.name()).collect()
}

#[test]
fn who_calls_what_is_on_its_way_is_to_wait_before_anything_shakes_him() {
    let (mut evidence, mut diagnosis) = unready(2);
    let back =
        scene::edit("/spec/template/spec/containers/0/image", "shop/web:1.4", "shop/web:1.3");
    evidence.revisions =
        vec![scene::revision(4, false, vec![]), scene::revision(3, true, vec![back])];
    for fault in [Fault::CrashLoopBackOff, Fault::InitNotDone, Fault::ReadinessProbeFailing] {
        diagnosis.fault = fault;
        let offered = names(&evidence, &diagnosis);
        let place = |name: &str| offered.iter().position(|it| *it == name);
        assert_eq!(place("wait"), Some(0), "{fault}: {offered:?}");
    }
    let plans = remedy::plans(std::slice::from_ref(&diagnosis), &evidence);
    assert_eq!(
        plans[0].because,
        "Deployment store, which stands behind Service db, has 0 of 2 ready and its newest pod is 70 seconds old: it is on its way or in \
         trouble of its own, and who waits for it goes on by himself."
    );
}

#[test]
fn nobody_waits_for_what_rests_is_ready_or_is_nowhere() {
    let none = |evidence: &Evidence, diagnosis: &types::Diagnosis| {
        assert!(!names(evidence, diagnosis).contains(&"wait"));
    };
    let (evidence, diagnosis) = unready(0);
    none(&evidence, &diagnosis);
    let (mut evidence, mut diagnosis) = unready(2);
    evidence.neighbours[0].ready = 1;
    none(&evidence, &diagnosis);
    evidence.neighbours[0].ready = 0;
    assert!(names(&evidence, &diagnosis).contains(&"wait"));
    diagnosis.clues = vec![Clue::new("containers[app].needs", "db.example.com:5432")];
    none(&evidence, &diagnosis);
    diagnosis.clues = vec![Clue::new("containers[app].needs", "db:5432")];
    diagnosis.fault = Fault::OomKilled;
    none(&evidence, &diagnosis);
    diagnosis.fault = Fault::CrashLoopBackOff;
    evidence.services[0].selects = false;
    none(&evidence, &diagnosis);
}
