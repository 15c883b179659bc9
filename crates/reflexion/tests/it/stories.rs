//! Whole incidents, from the first report to what was learned.

use types::{ExecutionState, Fault, IncidentState, Kind, ReflectionSource, Risk, Strategy};

use crate::fakes::{GENTLE, STRONG, incident, offer};
use crate::world::World;
use reflexion::run::RunState;

const REFUSED: ExecutionState = ExecutionState::Refused;
const UNDONE: ExecutionState = ExecutionState::Undone;
const VERIFIED: ExecutionState = ExecutionState::Verified;

#[tokio::test]
async fn an_incident_is_healed_verified_and_remembered() {
    let world = World::new(&[]).await;
    world.follow().await;

    let run = world.tell(&incident("web"), RunState::Healed).await;

    assert_eq!(world.agent.orders(), [(format!("{}/1", run.incident.id), STRONG.key())]);
    assert_eq!(world.episodes().await, 1);
    assert_eq!(
        run.lessons,
        [
            "raise_memory_limit@2 healed out of memory of web (Deployment) in 0 s; 1 of 1 times so far."
        ]
    );
}

#[tokio::test]
async fn a_service_has_no_pod_and_is_ordered_by_its_name_and_its_incident() {
    let world = World::new(&[]).await;
    world.follow().await;
    let mut incident = incident("front");
    incident.subject.kind = Kind::Service;
    incident.pod = None;
    incident.fault = Fault::ServiceWithoutEndpoints;
    incident.offers = vec![offer(Strategy::FixSelector)];

    let run = world.tell(&incident, RunState::Healed).await;

    assert_eq!(world.agent.ordered(), [("front".to_owned(), Some(run.incident.id))]);
    assert_eq!(world.agent.strategies(), ["fix_selector"]);
}

#[tokio::test]
async fn a_fix_that_does_not_help_is_followed_by_the_next_best() {
    let world = World::new(&[(STRONG, UNDONE, "")]).await;
    world.follow().await;

    let run = world.tell(&incident("web"), RunState::Healed).await;

    assert_eq!(world.agent.strategies(), [STRONG.key(), GENTLE.key()]);
    assert_eq!(world.agent.orders()[1].0, format!("{}/2", run.incident.id));
    assert_eq!(world.episodes().await, 2);
}

#[tokio::test]
async fn a_fault_behind_the_first_gets_attempts_of_its_own_and_the_first_fix_counts_for_nothing() {
    let world = World::new(&[(STRONG, VERIFIED, "fault_behind")]).await;
    world.follow().await;

    let run = world.tell(&incident("web"), RunState::Healed).await;

    assert_eq!(world.agent.strategies(), [STRONG.key(), STRONG.key()]);
    assert_eq!(
        (run.current().len(), run.reason.as_str()),
        (1, "raise the memory limit to 2 times helped")
    );
    assert!(run.lessons[0].contains("counts neither for it nor against it"), "{:?}", run.lessons);
    let counts = |it: &reflexion::memory::Memory| {
        let records = it.ledger().records();
        records.iter().map(|it| (it.record.tries, it.record.wins)).collect::<Vec<_>>()
    };
    crate::world::until(async || (counts(&world.reflexion.memory) == [(1, 1)]).then_some(())).await;
    // What is folded anew counts the same.
    assert_eq!(counts(&crate::world::memory(world.folder.path()).await), [(1, 1)]);
}

#[tokio::test]
async fn when_nothing_helps_a_person_has_to_look() {
    let world = World::new(&[(STRONG, UNDONE, ""), (GENTLE, UNDONE, "")]).await;
    world.follow().await;

    let run = world.tell(&incident("web"), RunState::Escalated).await;

    assert_eq!(world.agent.strategies(), [STRONG.key(), GENTLE.key()]);
    assert_eq!(run.reason, "everything that may be tried has failed on this very spec");
}

#[tokio::test]
async fn no_more_than_three_attempts_are_made() {
    let offers = [GENTLE, STRONG, Strategy::RollBack, Strategy::LowerRequests];
    let script = offers.clone().map(|it| (it, UNDONE, ""));
    let world = World::new(&script).await;
    world.follow().await;
    let mut incident = incident("web");
    incident.offers = offers.map(|it| types::Offer { risk: Risk::Ask, ..offer(it) }).to_vec();

    let run = world.tell(&incident, RunState::Escalated).await;

    assert_eq!(world.agent.orders().len(), 3);
    assert!(run.reason.starts_with("3 attempts did not help"), "{}", run.reason);
}

#[tokio::test]
async fn what_a_fix_left_behind_is_for_a_person_at_once() {
    let world = World::new(&[(STRONG, ExecutionState::Stranded, "")]).await;
    world.follow().await;

    let run = world.tell(&incident("web"), RunState::Escalated).await;

    assert_eq!(world.agent.orders().len(), 1);
    assert_eq!(run.reason, "a fix could not be taken back");
    assert_eq!(world.episodes().await, 1);
}

#[tokio::test]
async fn the_second_equal_incident_is_healed_from_memory_without_a_model() {
    let world = World::advised(
        &[(STRONG, UNDONE, "")],
        &[
            r#"{"cause":"a leak","ranking":[{"offer":0,"why":"gently"}]}"#,
            r#"{"lesson":"Never seen.","insights":[]}"#,
        ],
    )
    .await;
    world.follow().await;

    let first = world.tell(&incident("web"), RunState::Healed).await;
    let second = world.tell(&incident("web-two"), RunState::Healed).await;

    assert_eq!(first.model_calls, 1);
    assert_eq!(world.model.as_ref().unwrap().asked(), ["advise"]);
    assert_eq!(second.model_calls, 0);
    assert!(second.attempts[0].choice.from_memory);
    assert_eq!(world.agent.strategies(), [GENTLE.key(), GENTLE.key()]);
}

#[tokio::test]
async fn after_a_failure_the_model_words_the_lesson_and_ranks_what_is_left() {
    let world = World::advised(
        &[(STRONG, UNDONE, "")],
        &[
            r#"{"cause":"a leak","ranking":[{"offer":1,"why":"x"}]}"#,
            r#"{"lesson":"Doubling was not enough.","insights":["It leaks."]}"#,
            r#"{"cause":"a leak","ranking":[{"offer":0,"why":"x"}]}"#,
        ],
    )
    .await;
    world.follow().await;

    let run = world.tell(&incident("web"), RunState::Healed).await;

    assert_eq!(world.model.as_ref().unwrap().asked(), ["advise", "reflect", "advise"]);
    assert_eq!(run.lessons[0], "Doubling was not enough.");
    assert_eq!(run.model_calls, 3);
    let episodes = world.reflexion.memory.store.episodes(&filter()).await.unwrap();
    assert_eq!(episodes[1].reflection.source, ReflectionSource::Model);
    assert_eq!(episodes[0].reflection.source, ReflectionSource::Rules);
}

fn filter() -> reflexion::store::EpisodeFilter {
    reflexion::store::EpisodeFilter { limit: 10, ..Default::default() }
}

#[tokio::test]
async fn a_model_that_talks_nonsense_is_asked_once_more_and_then_rules_choose() {
    let world =
        World::advised(&[], &["restart it!", r#"{"cause":"","ranking":[{"offer":9,"why":""}]}"#])
            .await;
    world.follow().await;

    let run = world.tell(&incident("web"), RunState::Healed).await;

    assert_eq!(run.model_calls, 2);
    assert_eq!(world.agent.strategies(), [STRONG.key()]);
}

#[tokio::test]
async fn a_model_cannot_order_what_is_not_for_a_machine() {
    let world =
        World::advised(&[], &[r#"{"cause":"","ranking":[{"offer":1,"why":"do it"}]}"#]).await;
    world.follow().await;
    let mut incident = incident("web");
    incident.offers[1].risk = Risk::Advice;

    world.tell(&incident, RunState::Healed).await;

    assert_eq!(world.agent.strategies(), [GENTLE.key()]);
}

#[tokio::test]
async fn a_refusal_teaches_nothing_and_another_offer_is_tried() {
    let world = World::new(&[(STRONG, REFUSED, "over_cap")]).await;
    world.follow().await;

    world.tell(&incident("web"), RunState::Healed).await;

    assert_eq!(world.agent.strategies(), [STRONG.key(), GENTLE.key()]);
    assert_eq!(world.episodes().await, 1);
}

#[tokio::test]
async fn a_refusal_that_no_other_offer_changes_is_for_a_person() {
    let world = World::new(&[(STRONG, REFUSED, "observing")]).await;
    world.follow().await;

    let run = world.tell(&incident("web"), RunState::Escalated).await;

    assert_eq!(world.agent.orders().len(), 1);
    assert_eq!(run.reason, "the agent refused: because of observing");
    assert_eq!(world.episodes().await, 0);
}

#[tokio::test]
async fn a_refusal_that_passes_is_tried_again_later() {
    let world = World::new(&[(STRONG, REFUSED, "too_often")]).await;
    world.follow().await;
    let incident = incident("web");

    world.tell(&incident, RunState::Healing).await;
    let run = crate::world::until(async || {
        let run = world.reflexion.memory.store.run_of_incident(incident.id).await.unwrap()?;
        run.not_before.is_some().then_some(run)
    })
    .await;

    assert_eq!(world.agent.orders().len(), 1);
    assert!(run.updated_at < run.not_before.unwrap());
}

#[tokio::test]
async fn a_fix_that_waits_for_a_yes_goes_on_with_it() {
    let world = World::new(&[(STRONG, ExecutionState::Proposed, "needs_approval")]).await;
    world.follow().await;
    let incident = incident("web");

    let run = world.tell(&incident, RunState::Waiting).await;
    assert!(run.reason.contains("waits for approval"), "{}", run.reason);
    assert_eq!(world.episodes().await, 0);
    world.agent.decide(VERIFIED);

    let run = world.run(&incident, RunState::Healed).await;
    assert_eq!(run.attempts.len(), 1);
    assert_eq!(world.episodes().await, 1);
}

#[tokio::test]
async fn a_no_is_not_held_against_the_strategy() {
    let world = World::new(&[(STRONG, ExecutionState::Proposed, "needs_approval")]).await;
    world.follow().await;
    let incident = incident("web");
    world.tell(&incident, RunState::Waiting).await;

    world.agent.decide(ExecutionState::Rejected);

    world.run(&incident, RunState::Escalated).await;
    assert_eq!(world.episodes().await, 0);
}

#[tokio::test]
async fn an_incident_that_ends_by_itself_needs_nobody_any_more() {
    let world = World::new(&[(STRONG, REFUSED, "observing")]).await;
    world.follow().await;
    let mut incident = incident("web");
    world.tell(&incident, RunState::Escalated).await;

    incident.state = IncidentState::Resolved;
    let run = world.tell(&incident, RunState::Closed).await;

    assert_eq!(run.reason, "healthy again");
}

#[tokio::test]
async fn an_escalated_incident_is_taken_up_again_when_something_new_is_offered() {
    let world = World::new(&[]).await;
    world.follow().await;
    let mut incident = incident("web");
    incident.offers.clear();
    let run = world.tell(&incident, RunState::Escalated).await;
    assert_eq!(run.reason, "there is no known remedy for out of memory here");

    incident.offers = vec![offer(STRONG)];

    world.tell(&incident, RunState::Healed).await;
}

#[tokio::test]
async fn what_somebody_else_writes_is_left_to_him_with_the_patch_and_nothing_is_restarted_instead()
{
    let world = World::new(&[(STRONG, REFUSED, "owned_elsewhere")]).await;
    world.follow().await;

    let run = world.tell(&incident("web"), RunState::Escalated).await;

    assert_eq!(world.agent.strategies(), [STRONG.key()]);
    assert_eq!(run.reason, "the agent refused: because of owned_elsewhere");
}

#[tokio::test]
async fn a_report_that_repeats_itself_starts_nothing() {
    let world = World::new(&[(STRONG, REFUSED, "observing")]).await;
    world.follow().await;
    let first = incident("web");
    world.tell(&first, RunState::Escalated).await;

    world.agent.publish(&first);
    world.tell(&incident("other"), RunState::Escalated).await;

    let orders = world.agent.orders();
    let of_first = orders.iter().filter(|it| it.0.starts_with(&first.id.to_string()));
    assert_eq!(of_first.count(), 1);
}

#[tokio::test]
async fn what_failed_on_a_spec_is_not_tried_there_again() {
    let world = World::new(&[(STRONG, UNDONE, "")]).await;
    world.follow().await;
    world.tell(&incident("web"), RunState::Healed).await;

    world.tell(&incident("web"), RunState::Healed).await;

    assert_eq!(world.agent.strategies(), [STRONG.key(), GENTLE.key(), GENTLE.key()]);
}

#[tokio::test]
async fn what_failed_on_an_object_that_is_gone_is_tried_on_the_one_that_was_made_anew() {
    let world = World::new(&[(STRONG, UNDONE, "")]).await;
    world.follow().await;
    let of_life = |uid: &str| {
        let mut incident = incident("web");
        uid.clone_into(&mut incident.subject.uid);
        incident
    };
    world.tell(&of_life("first"), RunState::Healed).await;

    world.tell(&of_life("first"), RunState::Healed).await;
    assert_eq!(world.agent.strategies(), [STRONG.key(), GENTLE.key(), GENTLE.key()]);
    let only_strong = |mut it: types::Incident| {
        it.offers = vec![offer(STRONG)];
        it
    };
    world.tell(&only_strong(of_life("second")), RunState::Escalated).await;

    assert_eq!(world.agent.strategies()[3..], [STRONG.key()]);
}
