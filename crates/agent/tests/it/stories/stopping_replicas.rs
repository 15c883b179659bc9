//! The stop button where replicas agree by a Lease: it works on each of them, and nobody takes over more than was told.

use std::time::Duration;

use serde_json::{Value, json};

use crate::agent_binary::AgentBinary;
use crate::fault_proxy::{Fault, renewal};
use crate::stage::{RAISE, Stage, code, state, until};

fn away() -> Fault {
    Fault::Answer(503, json!({"kind": "Status", "code": 503}))
}

async fn mode(agent: &AgentBinary) -> String {
    agent.get("/api/v1/mode").await.1["mode"].as_str().unwrap().to_owned()
}

fn lease(stage: &Stage) -> Value {
    (*stage.cluster.sandbox.store().get("leases", "k8s-reflexion", "agent").unwrap()).clone()
}

/// The mode that the next replica is told.
fn told_mode(stage: &Stage) -> Value {
    let text = lease(stage)["metadata"]["annotations"]["k8s-reflexion.io/shared"].clone();
    serde_json::from_str::<Value>(text.as_str().unwrap()).unwrap()["mode"].clone()
}

#[actix_web::test]
async fn a_stop_is_taken_while_nobody_leads_and_holds_when_the_lease_is_renewed() {
    let stage = Stage::open().await;
    stage.run_hungry("web", "128Mi").await;
    let agent = stage.replica("first", &[]).await;
    agent.until_leads().await;
    let order = agent.order_for("web", RAISE).await;
    stage.proxy.every(renewal, away());
    while agent.leads().await {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let (status, problem) = agent.set_mode("observe").await;

    assert_eq!((status, code(&problem)), (503, "not-shared"), "{problem:#}");
    assert_eq!(mode(&agent).await, "observe");
    let (status, problem) = agent.set_mode("auto").await;
    assert_eq!((status, code(&problem)), (503, "not-leading"), "{problem:#}");
    stage.proxy.heal();
    agent.until_leads().await;
    let fix = agent.carry_out(&order).await;
    assert_eq!((state(&fix), stage.n_writes()), (("refused", "observing"), 0), "{fix:#}");
    until("the next one is told", || told_mode(&stage) == "observe").await;
}

#[actix_web::test]
async fn a_stop_that_nobody_else_was_told_of_survives_a_restart_and_the_takeover_after_it() {
    let stage = Stage::open().await;
    let agent = stage.replica("first", &[]).await;
    agent.until_leads().await;
    stage.proxy.every(renewal, away());
    let (status, problem) = agent.set_mode("observe").await;
    assert_eq!((status, code(&problem)), (503, "not-shared"), "{problem:#}");
    agent.kill();
    assert_eq!(told_mode(&stage), "auto");
    stage.proxy.heal();

    let agent = stage.replica("first", &[]).await;
    agent.until_leads().await;

    assert_eq!(mode(&agent).await, "observe");
    until("the next one is told", || told_mode(&stage) == "observe").await;
    assert_eq!(agent.set_mode("auto").await.0, 200);
    assert_eq!((mode(&agent).await.as_str(), told_mode(&stage)), ("auto", json!("auto")));
}

#[actix_web::test]
async fn a_replica_that_stands_by_takes_a_stop_and_is_not_armed_by_what_it_takes_over() {
    let stage = Stage::open().await;
    let first = stage.replica("first", &[]).await;
    first.until_leads().await;
    let second = stage.replica("second", &[]).await;

    let (status, problem) = second.set_mode("observe").await;

    assert_eq!((status, code(&problem)), (503, "not-shared"), "{problem:#}");
    assert_eq!((mode(&first).await.as_str(), mode(&second).await.as_str()), ("auto", "observe"));
    first.signal("TERM");
    second.until_leads().await;
    assert_eq!(mode(&second).await, "observe");
}

#[actix_web::test]
async fn a_stop_is_told_to_the_others_even_where_the_journal_does_not_take_it() {
    let stage = Stage::open().await;
    let agent = stage.replica("first", &[]).await;
    agent.until_leads().await;
    let full =
        "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    crate::journal::run(&stage.data.path().join("first"), &[full]).await;

    let (status, problem) = agent.set_mode("observe").await;

    assert_eq!((status, code(&problem)), (503, "journal-unavailable"), "{problem:#}");
    assert_eq!((mode(&agent).await.as_str(), told_mode(&stage)), ("observe", json!("observe")));
}

#[actix_web::test]
async fn a_lease_that_was_forged_makes_nobody_forget_what_others_wrote() {
    let stage = Stage::open().await;
    stage.set_policy("caps: {namespace_per_60s: 1}");
    stage.run_hungry("web", "128Mi").await;
    stage.run_hungry("api", "128Mi").await;
    let first = stage.replica("first", &[]).await;
    first.until_leads().await;
    let second = stage.replica("second", &[]).await;
    let end = first.end_of(&first.fix("web", RAISE).await).await;
    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    let order = second.order_for("api", RAISE).await;
    // Everybody looks at the Lease every two seconds.
    let looked = || stage.proxy.n_seen(|it| it.starts_with("GET ") && it.contains("/leases/"));
    let before = looked();
    until("both have looked twice", || before + 4 <= looked()).await;

    first.signal("STOP");
    let forge = |it: &mut Value| {
        it["spec"]["holderIdentity"] = json!("");
        it["metadata"]["annotations"]["k8s-reflexion.io/shared"] =
            json!(json!({"mode": "auto", "writes": []}).to_string());
        Ok(())
    };
    let store = stage.cluster.sandbox.store();
    store.update("leases", "k8s-reflexion", "agent", forge).unwrap();
    second.until_leads().await;

    let fix = second.carry_out(&order).await;
    assert_eq!(state(&fix), ("refused", "too_often"), "{fix:#}");
    assert_eq!((stage.limit("api").as_str(), stage.n_writes()), ("128Mi", 1));
    first.signal("CONT");
}
