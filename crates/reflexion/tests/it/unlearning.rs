//! A person takes back what was verified: it did not help, in every record, and after every restart.

use reflexion::memory::Memory;
use reflexion::run::RunState;
use reflexion::store::EpisodeFilter;
use types::{Episode, ExecutionState, Incident};

use crate::fakes::{GENTLE, STRONG, incident};
use crate::world::{World, memory, until};

async fn newest(world: &World) -> Episode {
    let filter = EpisodeFilter { limit: 1, ..EpisodeFilter::default() };
    world.reflexion.memory.store.episodes(&filter).await.unwrap().remove(0)
}

/// A world that healed this incident with one fix.
async fn healed(incident: &Incident) -> World {
    let world = World::new(&[]).await;
    world.follow().await;
    world.tell(incident, RunState::Healed).await;
    world
}

/// Waits until the record of the fix says so many wins in so many tries.
async fn record_is(world: &World, wins: u32, tries: u32) {
    until(async || {
        let records = world.reflexion.memory.ledger().records();
        let record = &records.iter().find(|it| it.record.strategy == STRONG.key())?.record;
        ((record.wins, record.tries) == (wins, tries)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_a_person_took_back_counts_as_no_success_and_says_so() {
    let incident = incident("web");
    let world = healed(&incident).await;
    record_is(&world, 1, 1).await;

    world.agent.take_back(ExecutionState::Undone);
    let run = world.run(&incident, RunState::Closed).await;

    record_is(&world, 0, 1).await;
    let episode = newest(&world).await;
    assert!(!episode.observation.recovered);
    assert_eq!(episode.correction.unwrap().was, ExecutionState::Verified);
    assert!(!run.is_success() && run.reason.starts_with("a person took back"), "{}", run.reason);
    let lessons = world.reflexion.memory.store.lessons_about("person success", 5).await.unwrap();
    assert_eq!(lessons, [episode.reflection.lesson]);
    let folded: Memory = memory(world.folder.path()).await;
    assert_eq!(*world.reflexion.memory.ledger(), *folded.ledger());
    assert_eq!(world.reflexion.memory.progress(), folded.progress());
}

#[tokio::test]
async fn after_that_another_fix_is_tried_and_not_the_same_again() {
    let incident = incident("web");
    let world = healed(&incident).await;
    world.agent.take_back(ExecutionState::Undone);
    world.run(&incident, RunState::Closed).await;

    world.tell(&incident, RunState::Healed).await;

    assert_eq!(world.agent.strategies(), [STRONG.key(), GENTLE.key()]);
}

#[tokio::test]
async fn what_was_taken_back_while_nobody_listened_is_unlearned_when_the_stream_is_opened() {
    let incident = incident("web");
    let world = healed(&incident).await.restarted().await;
    world.agent.take_back_unheard(ExecutionState::Undone);

    world.follow().await;

    record_is(&world, 0, 1).await;
}

#[tokio::test]
async fn what_could_not_be_taken_back_is_for_a_person() {
    let incident = incident("web");
    let world = healed(&incident).await;

    world.agent.take_back(ExecutionState::Stranded);

    world.run(&incident, RunState::Escalated).await;
    record_is(&world, 0, 1).await;
}

#[tokio::test]
async fn told_twice_it_is_corrected_once() {
    let incident = incident("web");
    let world = healed(&incident).await;
    world.agent.take_back(ExecutionState::Undone);
    world.run(&incident, RunState::Closed).await;
    let before = newest(&world).await;

    let again = before.execution.clone();
    assert_eq!(world.reflexion.memory.correct(&again, None).await.unwrap(), None);

    assert_eq!(newest(&world).await, before);
}
