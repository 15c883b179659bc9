//! What survives: a killed process, an agent that goes away, a stream that breaks.

use reflexion::memory::Memory;
use reflexion::run::RunState;
use types::ExecutionState;

use crate::fakes::{STRONG, incident};
use crate::world::{World, memory, until};

#[tokio::test]
async fn a_run_that_a_restart_interrupted_goes_on_with_the_same_order() {
    let world = World::new(&[(STRONG, ExecutionState::Verifying, "")]).await;
    world.follow().await;
    let incident = incident("web");
    world.agent.publish(&incident);
    until(async || (!world.agent.orders().is_empty()).then_some(())).await;

    let world = world.restarted().await;
    world.agent.finish(ExecutionState::Verified);
    world.follow().await;
    let run = world.run(&incident, RunState::Healed).await;

    let keys: Vec<_> = world.agent.orders().into_iter().map(|it| it.0).collect();
    assert!(1 < keys.len() && keys.iter().all(|it| *it == keys[0]), "{keys:?}");
    assert_eq!(run.attempts.len(), 1);
    assert_eq!(world.episodes().await, 1);
}

#[tokio::test]
async fn a_yes_that_was_said_while_nobody_listened_is_heard_after_a_restart() {
    let world = World::new(&[(STRONG, ExecutionState::Proposed, "needs_approval")]).await;
    world.follow().await;
    let incident = incident("web");
    world.tell(&incident, RunState::Waiting).await;

    let world = world.restarted().await;
    world.agent.finish(ExecutionState::Verified);
    world.follow().await;

    world.run(&incident, RunState::Healed).await;
}

#[tokio::test]
async fn the_stream_is_resumed_after_the_last_message_that_is_durable() {
    let world = World::new(&[]).await;
    world.follow().await;
    world.tell(&incident("web"), RunState::Healed).await;

    let world = world.restarted().await;
    world.follow().await;

    assert_eq!(world.agent.resumed_after(), [None, Some("1".to_owned())]);
}

#[tokio::test]
async fn memory_after_a_restart_is_the_fold_over_what_is_stored() {
    let world = World::new(&[(STRONG, ExecutionState::Undone, "")]).await;
    world.follow().await;
    for name in ["a", "b", "c"] {
        world.tell(&incident(name), RunState::Healed).await;
    }

    let folded: Memory = memory(world.folder.path()).await;

    assert_eq!(*world.reflexion.memory.ledger(), *folded.ledger());
    assert_eq!(world.reflexion.memory.progress(), folded.progress());
    assert_eq!(world.reflexion.memory.episodes(), folded.episodes());
}

#[tokio::test]
async fn an_agent_that_is_away_is_waited_for() {
    let world = World::new(&[]).await;
    world.agent.set_away(true);
    world.reflexion.follow();
    let part = format!("agent {}", crate::fakes::URL);
    let words = async || world.reflexion.probes.checks()[&part].clone();
    until(async || words().await.contains("cannot be reached").then_some(())).await;

    world.agent.set_away(false);

    until(async || (words().await == "ok").then_some(())).await;
    world.tell(&incident("web"), RunState::Healed).await;
}
