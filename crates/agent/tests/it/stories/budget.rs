//! The error budget and the storm, over restarts.

use std::collections::BTreeMap;

use agent::journal::{Journal, Stored};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use types::{ExecutionState, Kind, ObjectRef, Verdict};
use uuid::Uuid;

use crate::agent_binary::AgentBinary;
use crate::stage::{RAISE, Stage, state};

async fn journal(stage: &Stage) -> Journal {
    Journal::open(&stage.data.path().join("agent")).await.unwrap()
}

/// An agent whose journal knows of so many troubles that stayed unhealed yesterday, in these namespaces by turns,
/// beside one that was healed.
async fn after_failures(stage: &Stage, failures: usize, namespaces: &[&str]) -> AgentBinary {
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let fix = agent.fix("web", RAISE).await;
    assert_eq!(state(&agent.end_of(&fix).await), ("verified", ""));
    agent.kill();
    let journal = journal(stage).await;
    let helped = journal.find(fix["id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
    for (number, namespace) in (0..failures).zip(namespaces.iter().cycle()) {
        let mut fix = failed(helped.clone(), number);
        (*namespace).clone_into(&mut fix.execution.subject.namespace);
        journal.begin(&fix, None).await.unwrap();
    }
    journal.close().await;
    stage.run_hungry("api", "128Mi").await;
    let agent = stage.agent().await;
    agent.ready().await;
    agent
}

pub(super) fn failed(mut fix: Stored, number: usize) -> Stored {
    let execution = &mut fix.execution;
    execution.id = Uuid::now_v7();
    execution.subject.name = format!("other-{number}");
    execution.subject.uid = format!("uid-other-{number}");
    execution.requested_at -= SignedDuration::from_hours(24);
    execution.applied_at = Some(execution.requested_at);
    execution.verdict = Some(Verdict::Unchanged);
    execution.state = ExecutionState::Undone;
    fix
}

async fn mode(agent: &AgentBinary) -> (Value, String) {
    let (_, body) = agent.get("/api/v1/mode").await;
    (body["mode"].clone(), body["reason"].as_str().unwrap_or_default().to_owned())
}

#[actix_web::test]
async fn a_spent_error_budget_disarms_until_a_person_arms_again() {
    let stage = Stage::open().await;
    let agent = after_failures(&stage, 4, &["shop", "store", "bank", "mail"]).await;
    assert_eq!(mode(&agent).await.0, "auto");

    let proposed = agent.fix("api", RAISE).await;

    assert_eq!(state(&proposed), ("proposed", "error_budget_exhausted"), "{proposed:#}");
    let (now, reason) = mode(&agent).await;
    assert_eq!(now, "suggest");
    assert!(reason.contains("error budget: 4 of the last 5 troubles stayed unhealed"), "{reason}");
    agent.kill();
    let agent = stage.agent().await;
    agent.ready().await;
    assert_eq!(mode(&agent).await, (json!("suggest"), reason));

    assert_eq!(agent.set_mode("auto").await.0, 200);
    let fix = agent.fix("api", RAISE).await;

    assert_eq!(state(&fix), ("verifying", ""), "{fix:#}");
    assert_eq!(mode(&agent).await.0, "auto");
}

#[actix_web::test]
async fn an_error_budget_that_two_namespaces_spent_alone_is_refused_there_and_disarms_nobody() {
    for (namespaces, expected) in [
        (["shop", "shop"], ("proposed", "error_budget_exhausted")),
        (["shop", "store"], ("proposed", "error_budget_exhausted")),
        (["store", "store"], ("verifying", "")),
        (["store", "bank"], ("verifying", "")),
    ] {
        let stage = Stage::open().await;
        let agent = after_failures(&stage, 8, &namespaces).await;

        let fix = agent.fix("api", RAISE).await;

        assert_eq!(state(&fix), expected, "{fix:#}");
        assert_eq!(mode(&agent).await.0, "auto");
    }
}

#[actix_web::test]
async fn an_error_budget_of_which_something_is_left_lets_automation_go_on() {
    let stage = Stage::open().await;
    let agent = after_failures(&stage, 3, &["shop", "store", "bank"]).await;

    let fix = agent.fix("api", RAISE).await;

    assert_eq!(state(&fix), ("verifying", ""), "{fix:#}");
    assert_eq!(mode(&agent).await.0, "auto");
}

#[actix_web::test]
async fn what_only_waited_takes_no_place_among_the_writes_that_are_looked_back_at() {
    let stage = Stage::open().await;
    drop(after_failures(&stage, 2, &["shop"]).await);
    let journal = journal(&stage).await;
    let (now, subject) = (Timestamp::now(), ObjectRef::named(Kind::Deployment, "shop", "new"));
    let before =
        async |newest| journal.writes_before(now, Some(&subject), newest).await.unwrap().len();
    let known = before(10).await;
    let of_all = journal.recent(Timestamp::UNIX_EPOCH, Uuid::nil()).await.unwrap();
    let template = of_all.into_iter().find(|it| it.execution.applied_at.is_some()).unwrap();
    for number in 0..5 {
        let mut wait = failed(template.clone(), number);
        wait.execution.strategy = types::Strategy::Wait;
        wait.execution.applied_at = Some(now - SignedDuration::from_secs(1));
        journal.begin(&wait, None).await.unwrap();
    }

    assert_eq!((known, before(2).await, before(10).await), (3, 2, 3));
}

/// What becomes of an order after a restart, when a storm was last seen so long before.
async fn after_storm(ago_secs: i64) -> Value {
    let stage = Stage::open().await;
    stage.agent().await.kill();
    let journal = journal(&stage).await;
    let at = Timestamp::now() - SignedDuration::from_secs(ago_secs);
    journal.keep_storms(&BTreeMap::from([(String::new(), at)])).await.unwrap();
    journal.close().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    agent.fix("web", RAISE).await
}

#[actix_web::test]
async fn the_time_after_a_storm_is_not_ended_by_a_restart() {
    let (near, over) = (after_storm(5).await, after_storm(61).await);

    assert_eq!(state(&near), ("proposed", "storm"), "{near:#}");
    assert_eq!(state(&over), ("verifying", ""), "{over:#}");
}
