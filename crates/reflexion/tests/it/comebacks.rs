//! Trouble that comes back under its old id: healed anew, with a fresh budget, and never twice for one report.

use jiff::{SignedDuration, Timestamp};
use reflexion::run::RunState;
use types::{ExecutionState, Incident, IncidentState, Strategy};

use crate::fakes::{GENTLE, STRONG, incident, offer};
use crate::world::{World, until};

/// The same incident as it is reported after so many seconds.
fn later(incident: &Incident, seconds: i64, state: IncidentState) -> Incident {
    let updated_at = Timestamp::now() + SignedDuration::from_secs(seconds);
    Incident { state, updated_at, ..incident.clone() }
}

/// Publishes that the incident ended, and waits until that is known.
async fn resolve(world: &World, incident: &Incident) {
    let state = IncidentState::Resolved;
    world.agent.publish(&later(incident, 1, state));
    let store = &world.reflexion.memory.store;
    until(async || {
        let run = store.run_of_incident(incident.id).await.unwrap()?;
        (run.incident.state == state).then_some(())
    })
    .await;
}

async fn orders(world: &World, count: usize) {
    until(async || (world.agent.orders().len() == count).then_some(())).await;
}

#[tokio::test]
async fn a_healed_incident_that_comes_back_is_healed_again_however_often() {
    let world = World::new(&[]).await;
    world.follow().await;
    let incident = incident("web");
    world.tell(&incident, RunState::Healed).await;

    for round in 2_usize..=5 {
        resolve(&world, &incident).await;
        world.agent.publish(&later(&incident, 2, IncidentState::Open));
        orders(&world, round).await;
        world.run(&incident, RunState::Healed).await;
    }

    let (keys, strategies): (Vec<_>, Vec<_>) = world.agent.orders().into_iter().unzip();
    assert_eq!(keys, [1, 2, 3, 4, 5].map(|it| format!("{}/{it}", incident.id)));
    assert!(strategies.iter().all(|it| *it == STRONG.key()), "what healed it is tried first");
    assert_eq!(world.episodes().await, 5);
}

#[tokio::test]
async fn trouble_after_the_heal_is_taken_up_although_nobody_said_that_it_had_ended() {
    let world = World::new(&[]).await;
    world.follow().await;
    let incident = incident("web");
    world.tell(&incident, RunState::Healed).await;

    world.agent.publish(&later(&incident, 1, IncidentState::Open));

    orders(&world, 2).await;
    world.run(&incident, RunState::Healed).await;
}

#[tokio::test]
async fn what_is_still_reported_as_it_was_before_the_heal_starts_nothing() {
    let world = World::new(&[]).await;
    world.follow().await;
    let first = incident("web");
    world.tell(&first, RunState::Healed).await;

    world.agent.publish(&first);
    world.tell(&incident("other"), RunState::Healed).await;

    assert_eq!(world.agent.orders().len(), 2);
}

#[tokio::test]
async fn each_return_has_a_budget_of_its_own() {
    let offers = [GENTLE, STRONG, Strategy::RollBack, Strategy::LowerRequests];
    let world = World::new(&[(GENTLE, ExecutionState::Undone, "")]).await;
    world.follow().await;
    let mut incident = incident("web");
    incident.offers = offers.map(offer).to_vec();
    let mut before = 0;

    for round in 1..=4 {
        incident.spec_hash = format!("spec {round}");
        world.agent.publish(&later(&incident, 2, IncidentState::Open));
        until(async || (before < world.agent.orders().len()).then_some(())).await;
        let run = world.run(&incident, RunState::Healed).await;
        assert!(run.may_try() && run.current().len() <= 2, "{:?}", run.current());
        before = world.agent.orders().len();
        resolve(&world, &incident).await;
    }
}

#[tokio::test]
async fn a_return_that_is_refused_is_for_a_person() {
    let world = World::new(&[]).await;
    world.follow().await;
    let incident = incident("web");
    world.tell(&incident, RunState::Healed).await;
    resolve(&world, &incident).await;

    world.agent.script(&STRONG, ExecutionState::Refused, "observing");
    let run = world.tell(&later(&incident, 2, IncidentState::Open), RunState::Escalated).await;

    assert_eq!(run.reason, "the agent refused: because of observing");
}

#[tokio::test]
async fn a_return_after_an_escalation_that_ended_by_itself_is_taken_up_anew() {
    let world = World::new(&[(STRONG, ExecutionState::Refused, "observing")]).await;
    world.follow().await;
    let incident = incident("web");
    world.tell(&incident, RunState::Escalated).await;
    world.tell(&later(&incident, 1, IncidentState::Resolved), RunState::Closed).await;

    world.agent.script(&STRONG, ExecutionState::Verified, "");
    world.tell(&later(&incident, 2, IncidentState::Open), RunState::Healed).await;
}

#[tokio::test]
async fn a_return_is_a_first_attempt_and_is_timed_from_when_it_came_back() {
    let world = World::new(&[]).await;
    world.follow().await;
    let mut incident = incident("web");
    incident.since = Timestamp::now() - SignedDuration::from_hours(5);
    world.tell(&incident, RunState::Healed).await;
    resolve(&world, &incident).await;

    world.agent.publish(&later(&incident, 2, IncidentState::Open));
    until(async || (world.episodes().await == 2).then_some(())).await;

    let filter = reflexion::store::EpisodeFilter { limit: 2, ..Default::default() };
    let episodes = world.reflexion.memory.store.episodes(&filter).await.unwrap();
    let [second, first] = [&episodes[0], &episodes[1]].map(|it| &it.observation);
    assert_eq!((first.attempt, second.attempt), (1, 1));
    assert!(5 * 3600 <= first.took_secs.unwrap() && second.took_secs.unwrap() < 60);
    assert!(!second.comparison.contains("had not helped"), "{}", second.comparison);
}
