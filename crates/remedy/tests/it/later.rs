//! What is offered, or stands, after something has changed since.

use types::{Action, Evidence, Fault, FixPlan, Kind, Risk, Strategy};

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

#[test]
fn a_yes_to_a_limit_of_a_cron_job_holds_while_its_pods_come_and_go() {
    let offered = |pod: Option<&str>| {
        let mut evidence = scene::out_of_memory(Kind::CronJob, "64Mi");
        evidence.containers[0].state.running_since = Some(scene::at(scene::NOW));
        evidence.pods = pod.map(scene::pod).into_iter().collect();
        (plans(Fault::OomKilled, &evidence).remove(0), evidence)
    };
    let carried_out = |shown: Option<&str>, now: Option<&str>| {
        let (now, evidence) = offered(now);
        let plan = remedy::as_shown(&offered(shown).0, &now, &evidence)?;
        Some(plan.steps.iter().map(|it| it.target.to_string()).collect::<Vec<_>>())
    };
    let template = "CronJob shop/web".to_owned();
    let of = |pod: &str| Some(vec![template.clone(), format!("Pod shop/{pod}")]);

    assert_eq!(carried_out(Some("web-1"), Some("web-2")), of("web-2"));
    assert_eq!(carried_out(Some("web-1"), None), Some(vec![template.clone()]));
    // A pod was not part of what was shown.
    assert_eq!(carried_out(None, Some("web-1")), Some(vec![template.clone()]));

    let (shown, _) = offered(Some("web-1"));
    let (mut now, evidence) = offered(Some("web-2"));
    if let Action::Edit(edits) = &mut now.steps[0].action {
        edits[0].to = Some("97Mi".into());
    }
    assert_eq!(remedy::as_shown(&shown, &now, &evidence), None);
    let (now, evidence) = offered(Some("web-2"));
    let other = FixPlan { strategy: Strategy::RaiseMemoryLimit { halves: 2 }, ..shown };
    assert_eq!(remedy::as_shown(&other, &now, &evidence), None);
}
