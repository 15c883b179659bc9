//! What holds automation back holds over a takeover: the error budget, a lock, the time after a storm, and a mode that
//! was disarmed. What a person looked at is not held against it again.

use std::collections::BTreeMap;

use agent::journal::{Journal, Stored};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use types::ObjectRef;

use super::budget::failed;
use crate::agent_binary::AgentBinary;
use crate::stage::{RAISE, Stage, state};

const SPENT: (&str, &str) = ("proposed", "error_budget_exhausted");

async fn journal(stage: &Stage, folder: &str) -> Journal {
    let folder = stage.data.path().join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    Journal::open(&folder).await.unwrap()
}

/// A fix that helped, by an agent of before.
async fn helped(stage: &Stage) -> Stored {
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let fix = agent.fix("web", RAISE).await;
    assert_eq!(state(&agent.end_of(&fix).await), ("verified", ""));
    agent.kill();
    let journal = journal(stage, "agent").await;
    let fix = journal.find(fix["id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
    journal.close().await;
    fix
}

/// Keeps in the journal of the first replica what it wrote yesterday in vain, in many namespaces.
async fn spend_budget(stage: &Stage) {
    let helped = helped(stage).await;
    let journal = journal(stage, "first").await;
    journal.begin(&helped, None).await.unwrap();
    for (number, namespace) in ["shop", "store", "bank", "mail"].into_iter().enumerate() {
        let mut fix = failed(helped.clone(), number);
        namespace.clone_into(&mut fix.execution.subject.namespace);
        journal.begin(&fix, None).await.unwrap();
    }
    journal.close().await;
    stage.run_hungry("api", "128Mi").await;
}

/// The first replica leads, something happens, and the second takes over from it.
async fn taken_over(stage: &Stage, before: impl AsyncFnOnce(&AgentBinary)) -> AgentBinary {
    let first = stage.replica("first", &[]).await;
    first.until_leads().await;
    let second = stage.replica("second", &[]).await;
    before(&first).await;
    first.signal("TERM");
    second.until_leads().await;
    second
}

async fn mode(agent: &AgentBinary) -> Value {
    agent.get("/api/v1/mode").await.1["mode"].clone()
}

#[actix_web::test]
async fn a_spent_error_budget_stays_spent_when_another_replica_takes_over() {
    let stage = Stage::open().await;
    spend_budget(&stage).await;

    let second = taken_over(&stage, async |_| {}).await;

    assert_eq!(mode(&second).await, "auto");
    let fix = second.fix("api", RAISE).await;
    assert_eq!(state(&fix), SPENT, "{fix:#}");
    assert_eq!(mode(&second).await, "suggest");
}

#[actix_web::test]
async fn a_mode_that_the_budget_lowered_stays_low_and_who_armed_it_again_armed_the_next_one() {
    let stage = Stage::open().await;
    spend_budget(&stage).await;
    let second = taken_over(&stage, async |first| {
        assert_eq!(state(&first.fix("api", RAISE).await), SPENT);
    });
    let second = second.await;
    assert_eq!(mode(&second).await, "suggest");
    assert_eq!(second.set_mode("auto").await.0, 200);
    let third = stage.replica("third", &[]).await;

    second.signal("TERM");
    third.until_leads().await;

    // What was written before the arming is not held against the third one either.
    assert_eq!(mode(&third).await, "auto");
    let fix = third.fix("api", RAISE).await;
    assert_eq!(state(&fix), ("verifying", ""), "{fix:#}");
    assert_eq!(mode(&third).await, "auto");
}

#[actix_web::test]
async fn a_locked_workload_stays_locked_when_another_replica_takes_over() {
    let stage = Stage::open().await;
    let helped = helped(&stage).await;
    stage.run_hungry("api", "128Mi").await;
    let uid = stage.object("deployments", "api").unwrap()["metadata"]["uid"].clone();
    let journal = journal(&stage, "first").await;
    for (number, hours) in [3, 5, 6].into_iter().enumerate() {
        let mut fix = failed(helped.clone(), number);
        let execution = &mut fix.execution;
        execution.subject = ObjectRef {
            name: "api".to_owned(),
            uid: uid.as_str().unwrap().to_owned(),
            ..execution.subject.clone()
        };
        execution.requested_at = Timestamp::now() - SignedDuration::from_hours(hours);
        execution.applied_at = Some(execution.requested_at);
        "of another spec".clone_into(&mut execution.spec_hash);
        journal.begin(&fix, None).await.unwrap();
    }
    journal.close().await;

    let second = taken_over(&stage, async |_| {}).await;

    let fix = second.fix("api", RAISE).await;
    assert_eq!(state(&fix), ("proposed", "workload_locked"), "{fix:#}");
    assert_eq!(stage.limit("api"), "128Mi");
}

#[actix_web::test]
async fn the_time_after_a_storm_is_not_ended_by_a_takeover() {
    let stage = Stage::open().await;
    stage.set_policy("storm: {exit_seconds: 600}");
    stage.run_hungry("web", "128Mi").await;
    let journal = journal(&stage, "first").await;
    let at = Timestamp::now() - SignedDuration::from_secs(100);
    journal.keep_storms(&BTreeMap::from([(String::new(), at)])).await.unwrap();
    journal.close().await;

    let second = taken_over(&stage, async |_| {}).await;

    let fix = second.fix("web", RAISE).await;
    assert_eq!(state(&fix), ("proposed", "storm"), "{fix:#}");
    assert_eq!(stage.n_writes(), 0);
}
