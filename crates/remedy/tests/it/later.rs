//! What is offered, or stands, after something has changed since.

use types::{Evidence, Fault, Kind, Risk};

use crate::scene::{self, plans};

#[test]
fn what_was_resized_in_vain_where_it_runs_is_shown_and_not_resized_to_more() {
    for kind in [Kind::Pod, Kind::Job] {
        let mut evidence = scene::out_of_memory(kind, "64Mi");
        let risks = |evidence: &Evidence| {
            let plans = plans(Fault::OomKilled, evidence);
            let raises = plans.into_iter().filter(|it| it.strategy.name() == "raise_memory_limit");
            raises.map(|it| it.risk).collect::<Vec<_>>()
        };
        assert_eq!(risks(&evidence)[0], Risk::Auto, "{kind}");

        evidence.failed = vec![scene::failed_raise("raise_memory_limit@2", "128Mi")];
        assert!(risks(&evidence).iter().all(|it| *it == Risk::Advice), "{kind}");
        assert!(!risks(&evidence).is_empty(), "{kind}");

        // It was not there again: something else was wrong.
        evidence.failed[0].again = false;
        assert_eq!(risks(&evidence)[0], Risk::Auto, "{kind}");
    }
}

#[test]
fn requests_that_a_person_was_shown_lowered_stand_as_long_as_they_still_fit() {
    let offered = |free_mib: u64| {
        let mut evidence = scene::unschedulable(Kind::Deployment, "9Gi");
        let nodes = evidence.nodes.as_mut().unwrap();
        (nodes.free_memory, nodes.largest_memory) = (free_mib << 20, 16 << 30);
        (plans(Fault::Unschedulable, &evidence).remove(0), evidence)
    };
    let (shown, _) = offered(8000);

    for free_mib in [7990, 8000, 8100] {
        let (now, evidence) = offered(free_mib);
        assert_eq!(remedy::as_shown(&shown, &now, &evidence), Some(shown.clone()), "{free_mib}");
    }
    // It does not fit any more, or the node that it was made for is another one's now.
    let (now, evidence) = offered(4000);
    assert_eq!(remedy::as_shown(&shown, &now, &evidence), None);
    let mut elsewhere = offered(8100).0;
    elsewhere.steps[0].target.name = "cart".to_owned();
    assert_eq!(remedy::as_shown(&shown, &elsewhere, &offered(8100).1), None);
}
