//! What the agent only put off is waited for and ordered again; what it proposed for another trouble is withdrawn.

use reflexion::run::RunState;
use serde_json::json;
use types::{Diagnosis, ExecutionState, Fault, Incident, IncidentState, Risk, Strategy};

use crate::fakes::{GENTLE, STRONG, incident, offer};
use crate::http::{oom, process};
use crate::world::{World, until};

const PROPOSED: ExecutionState = ExecutionState::Proposed;
const REFUSED: ExecutionState = ExecutionState::Refused;
const REJECTED: ExecutionState = ExecutionState::Rejected;
const VERIFIED: ExecutionState = ExecutionState::Verified;

async fn put_off(world: &World, incident: &Incident) {
    let store = &world.reflexion.memory.store;
    until(async || {
        let run = store.run_of_incident(incident.id).await.unwrap()?;
        run.not_before.map(|_| ())
    })
    .await;
}

#[tokio::test]
async fn what_was_only_put_off_is_tried_again_and_heals() {
    for code in ["too_often", "fix_in_flight", "stale", "cluster_unreachable", "not_applied"] {
        let world = World::new(&[(STRONG, REFUSED, code)]).await;
        world.follow().await;
        let incident = incident("web");
        world.agent.publish(&incident);
        put_off(&world, &incident).await;

        world.agent.script(&STRONG, VERIFIED, "");
        let run = world.run(&incident, RunState::Healed).await;

        assert_eq!(world.agent.strategies(), [STRONG.key(), STRONG.key()], "{code}");
        assert_eq!((run.attempts.len(), world.episodes().await), (2, 1), "{code}");
    }
}

#[tokio::test]
async fn what_is_put_off_again_and_again_is_no_attempt() {
    let world = World::new(&[(STRONG, REFUSED, "too_often")]).await;
    world.follow().await;
    let incident = incident("web");
    world.agent.publish(&incident);
    until(async || (4 <= world.agent.orders().len()).then_some(())).await;

    world.agent.script(&STRONG, VERIFIED, "");

    world.run(&incident, RunState::Healed).await;
    assert!(world.agent.strategies().iter().all(|it| *it == STRONG.key()));
}

#[tokio::test]
async fn an_offer_that_was_gone_when_its_time_came_is_taken_up_when_it_is_back() {
    let world = World::new(&[(STRONG, REFUSED, "too_often")]).await;
    world.follow().await;
    let mut incident = incident("web");
    world.agent.publish(&incident);
    put_off(&world, &incident).await;
    let offers = std::mem::take(&mut incident.offers);
    world.tell(&incident, RunState::Escalated).await;

    world.agent.script(&STRONG, VERIFIED, "");
    incident.offers = offers;

    world.tell(&incident, RunState::Healed).await;
}

#[tokio::test]
async fn a_pod_that_is_not_there_is_waited_for() {
    let world = World::new(&[]).await;
    world.follow().await;
    world.agent.set_no_pod(true);
    let incident = incident("web");
    world.agent.publish(&incident);
    put_off(&world, &incident).await;

    world.agent.set_no_pod(false);

    let run = world.run(&incident, RunState::Healed).await;
    assert_eq!(run.attempts.len(), 2);
    assert!(run.attempts[0].put_off && !run.attempts[1].put_off);
}

#[tokio::test]
async fn trouble_without_a_pod_is_ordered_by_its_incident() {
    let world = World::new(&[]).await;
    world.follow().await;
    let mut incident = incident("web");
    incident.pod = None;

    world.tell(&incident, RunState::Healed).await;

    assert_eq!(world.agent.orders().len(), 1);
}

/// What waits for a yes that may not be needed any more soon.
const PASSING: [&str; 2] = ["storm", "just_changed"];

#[tokio::test]
async fn after_a_storm_and_a_change_the_fix_is_ordered_anew_without_a_yes() {
    for code in PASSING {
        let world = World::new(&[(STRONG, PROPOSED, code)]).await;
        world.follow().await;
        let incident = incident("web");
        let waiting = world.tell(&incident, RunState::Waiting).await;
        assert_eq!(waiting.needs_person(), code == "storm");

        world.agent.script(&STRONG, VERIFIED, "");
        world.run(&incident, RunState::Healed).await;

        let mut ends = world.agent.ends_of(&STRONG);
        ends.sort();
        assert_eq!(ends, [(VERIFIED, String::new()), (REJECTED, "superseded".to_owned())]);
    }
}

#[tokio::test]
async fn a_yes_before_that_still_counts() {
    for code in PASSING {
        let world = World::new(&[(STRONG, PROPOSED, code)]).await;
        world.follow().await;
        let incident = incident("web");
        world.tell(&incident, RunState::Waiting).await;

        world.agent.decide(VERIFIED);

        let run = world.run(&incident, RunState::Healed).await;
        assert_eq!(run.attempts.len(), 1);
    }
}

#[tokio::test]
async fn what_somebody_mends_himself_leaves_no_proposal() {
    let world = World::new(&[(STRONG, PROPOSED, "just_changed")]).await;
    world.follow().await;
    let mut incident = incident("web");
    world.tell(&incident, RunState::Waiting).await;

    incident.state = IncidentState::Resolved;
    let run = world.tell(&incident, RunState::Closed).await;

    assert_eq!(world.agent.ends_of(&STRONG), [(REJECTED, "superseded".to_owned())]);
    assert_eq!((run.attempts.len(), world.episodes().await), (1, 0));
}

#[tokio::test]
async fn whoever_asks_meanwhile_is_kept_until_it_is_healed_and_makes_the_wait_no_longer() {
    let world = World::new(&[(STRONG, PROPOSED, "just_changed")]).await;
    let incident = incident("web");
    world.agent.publish(&incident);
    let ask_again = async {
        let store = &world.reflexion.memory.store;
        let due = until(async || {
            let run = store.run_of_incident(incident.id).await.unwrap()?;
            run.goes_on_at()
        })
        .await;
        world.agent.script(&STRONG, VERIFIED, "");
        (due, process(&world, oom("web-1")).await)
    };

    let (first, (due, second)) = futures::join!(process(&world, oom("web-1")), ask_again);

    for (status, answer) in [first, second] {
        assert_eq!((status, &answer["success"]), (200, &json!(true)), "{answer}");
    }
    let run = world.run(&incident, RunState::Healed).await;
    let late = run.updated_at.duration_since(due).as_secs_f64();
    assert!((0.0..1.0).contains(&late), "{late}");
    assert_eq!(run.attempts.len(), 2);
}

#[tokio::test]
async fn another_fault_takes_the_place_of_a_proposal_that_waits() {
    let lower = Strategy::LowerRequests;
    let world = World::new(&[(lower.clone(), PROPOSED, "needs_approval")]).await;
    world.follow().await;
    let mut first = incident("web");
    first.fault = Fault::Unschedulable;
    first.diagnoses = vec![Diagnosis { fault: Fault::Unschedulable, ..first.diagnoses.remove(0) }];
    first.offers = vec![offer(lower.clone())];
    world.tell(&first, RunState::Waiting).await;

    let now = Incident { id: first.id, ..incident("web") };
    world.tell(&now, RunState::Healed).await;

    assert_eq!(world.agent.ends_of(&lower), [(REJECTED, "superseded".to_owned())]);
    assert_eq!(world.agent.strategies(), [lower.key(), STRONG.key()]);
}

#[tokio::test]
async fn what_is_offered_without_a_yes_by_now_is_ordered_anew() {
    let world = World::new(&[(STRONG, PROPOSED, "needs_approval")]).await;
    world.follow().await;
    let mut incident = incident("web");
    incident.offers.iter_mut().for_each(|it| it.risk = Risk::Ask);
    world.tell(&incident, RunState::Waiting).await;

    world.agent.script(&STRONG, VERIFIED, "");
    incident.offers.iter_mut().for_each(|it| it.risk = Risk::Auto);
    world.tell(&incident, RunState::Healed).await;

    let mut ends = world.agent.ends_of(&STRONG);
    ends.sort();
    assert_eq!(ends, [(VERIFIED, String::new()), (REJECTED, "superseded".to_owned())]);
}

#[tokio::test]
async fn a_fault_that_is_told_otherwise_leaves_a_proposal_that_is_offered_still() {
    let world = World::new(&[(STRONG, PROPOSED, "needs_approval")]).await;
    world.follow().await;
    let first = incident("web");
    world.tell(&first, RunState::Waiting).await;

    // The pods of a job crash, and then the job has failed.
    let mut later = Incident { fault: Fault::JobFailed, ..first.clone() };
    later.diagnoses[0].fault = Fault::JobFailed;
    world.agent.publish(&later);
    world.tell(&incident("other"), RunState::Waiting).await;

    assert!(world.agent.ends_of(&STRONG).iter().all(|it| it.0 == PROPOSED));
}

#[tokio::test]
async fn a_report_of_the_same_fault_leaves_the_proposal_that_waits() {
    let world = World::new(&[(STRONG, PROPOSED, "needs_approval")]).await;
    world.follow().await;
    let mut incident = incident("web");
    world.tell(&incident, RunState::Waiting).await;

    incident.pod = Some("web-2".to_owned());
    world.agent.publish(&incident);
    world.tell(&crate::fakes::incident("other"), RunState::Waiting).await;

    assert!(world.agent.ends_of(&STRONG).iter().all(|it| it.0 == PROPOSED));
    assert_eq!(world.agent.ends_of(&GENTLE), []);
}
