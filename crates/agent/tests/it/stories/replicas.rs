//! Two replicas of the agent, each with a journal of its own, that agree by a Lease who writes.

use std::time::Duration;

use serde_json::json;

use crate::fault_proxy::{Fault, rehearsal, renewal};
use crate::stage::{RAISE, Stage, code, state, until};

/// A verdict takes so long that something can come before it.
const SLOW: [&str; 4] = ["--settle-seconds", "4", "--verify-seconds", "60"];

#[actix_web::test]
async fn of_two_replicas_one_writes_and_the_other_says_which() {
    let stage = Stage::open().await;
    stage.run_hungry("web", "128Mi").await;
    let first = stage.replica("first", &[]).await;
    first.until_leads().await;
    let second = stage.replica("second", &[]).await;
    let order = second.order_for("web", RAISE).await;

    let (status, problem) = second.post("/api/v1/execute-fix", &order).await;

    assert_eq!((status, code(&problem)), (503, "not-leading"), "{problem:#}");
    let lease = stage.cluster.sandbox.store().get("leases", "k8s-reflexion", "agent").unwrap();
    let holder = lease["spec"]["holderIdentity"].as_str().unwrap();
    assert!(problem["detail"].as_str().unwrap().contains(holder), "{problem:#}");
    let id = "018f0000-0000-7000-8000-000000000000";
    for path in ["approve", "undo"] {
        let path = format!("/api/v1/executions/{id}/{path}");
        let (status, problem) = second.post(&path, &json!({})).await;
        assert_eq!((status, code(&problem)), (503, "not-leading"), "{path}: {problem:#}");
    }
    assert_eq!(code(&second.set_mode("auto").await.1), "not-leading");
    assert_eq!((second.get("/readyz").await.0, second.leads().await), (200, false));
    assert_eq!(second.get("/api/v1/executions").await.0, 200);

    let end = first.end_of(&first.carry_out(&order).await).await;
    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("192Mi", 1));
}

#[actix_web::test]
async fn a_replica_that_is_told_to_stop_hands_over_at_once_with_its_mode_and_its_caps() {
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

    first.signal("TERM");
    let took = second.until_leads().await;

    assert!(took < Duration::from_secs(3), "{took:?}");
    let fix = second.carry_out(&order).await;
    assert_eq!(state(&fix), ("refused", "too_often"), "{fix:#}");
    assert_eq!((stage.limit("api").as_str(), stage.n_writes()), ("128Mi", 1));
}

#[actix_web::test]
async fn what_was_stopped_stays_stopped_when_another_replica_takes_over() {
    let stage = Stage::open().await;
    let first = stage.replica("first", &[]).await;
    first.until_leads().await;
    let second = stage.replica("second", &[]).await;
    assert_eq!(second.get("/api/v1/mode").await.1["mode"], "auto");

    assert_eq!(first.set_mode("observe").await.0, 200);
    first.kill();
    second.until_leads().await;

    assert_eq!(second.get("/api/v1/mode").await.1["mode"], "observe");
    assert_eq!(second.set_mode("auto").await.0, 200);
    let third = stage.replica("third", &[]).await;
    second.signal("TERM");
    third.until_leads().await;
    assert_eq!(third.get("/api/v1/mode").await.1["mode"], "auto");
}

#[actix_web::test]
async fn a_fix_of_a_replica_that_crashed_is_left_alone_and_ended_by_it_when_it_is_back() {
    let stage = Stage::open().await;
    stage.run_hungry("web", "64Mi").await;
    let first = stage.replica("first", &SLOW).await;
    first.until_leads().await;
    let second = stage.replica("second", &SLOW).await;
    let fix = first.fix("web", RAISE).await;
    assert_eq!(state(&fix), ("verifying", ""), "{fix:#}");

    first.kill();
    let took = second.until_leads().await;

    // The lease of 15 seconds, two looks at it, and what a busy machine adds.
    assert!(took < Duration::from_secs(25), "{took:?}");
    let order = second.order_for("web", "raise_memory_limit").await;
    let other = second.carry_out(&order).await;
    assert_eq!(state(&other), ("refused", "fix_in_flight"), "{other:#}");
    let first = stage.replica("first", &["--settle-seconds", "0.5", "--verify-seconds", "4"]).await;
    let end = first.end_of(&fix).await;
    assert_eq!(state(&end), ("undone", ""), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("64Mi", 2));
    assert!(first.leads().await && !second.leads().await);
}

#[actix_web::test]
async fn a_leader_that_was_paused_between_decision_and_write_writes_nothing_when_it_wakes_up() {
    let stage = Stage::open().await;
    stage.run_hungry("web", "128Mi").await;
    let first = stage.replica("first", &[]).await;
    first.until_leads().await;
    let second = stage.replica("second", &[]).await;
    let order = second.order_for("web", RAISE).await;

    let held = stage.proxy.next(rehearsal, Fault::HoldAnswer);
    let pause = async {
        held.here().await;
        first.signal("STOP");
        held.let_go();
        second.until_leads().await;
        let end = second.end_of(&second.carry_out(&order).await).await;
        assert_eq!(state(&end), ("verified", ""), "{end:#}");
        first.signal("CONT");
    };
    let (late, ()) = tokio::join!(first.post("/api/v1/execute-fix", &order), pause);

    let late = first.execution(&late.1).await;
    assert!(["not_leading", "stale"].contains(&state(&late).1), "{late:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("192Mi", 1));
    assert!(second.leads().await && !first.leads().await);
}

#[actix_web::test]
async fn who_cannot_renew_writes_nothing_and_goes_on_when_it_can() {
    let stage = Stage::open().await;
    stage.run_hungry("web", "128Mi").await;
    let agent = stage.replica("first", &[]).await;
    agent.until_leads().await;
    let order = agent.order_for("web", RAISE).await;

    stage.proxy.every(renewal, Fault::Answer(503, json!({"kind": "Status", "code": 503})));

    let (status, answer) = agent.post("/api/v1/execute-fix", &order).await;
    let refused = agent.execution(&answer).await;
    assert_eq!((status, state(&refused)), (200, ("refused", "not_leading")), "{refused:#}");
    while agent.leads().await {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (status, problem) = agent.post("/api/v1/execute-fix", &order).await;
    assert_eq!((status, code(&problem)), (503, "not-leading"), "{problem:#}");
    assert_eq!(stage.n_writes(), 0);

    stage.proxy.heal();
    agent.until_leads().await;
    let end = agent.end_of(&agent.carry_out(&order).await).await;
    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    until("it was written once", || stage.n_writes() == 1).await;
}

#[actix_web::test]
async fn a_lease_that_says_what_cannot_be_read_is_not_taken_for_nothing_written() {
    let stage = Stage::open().await;
    let first = stage.replica("first", &[]).await;
    first.until_leads().await;
    first.signal("TERM");
    let store = stage.cluster.sandbox.store();
    let lease = || store.get("leases", "k8s-reflexion", "agent").unwrap();
    until("it was let go", || lease()["spec"]["holderIdentity"].is_null()).await;
    let spoil = |it: &mut serde_json::Value| {
        it["metadata"]["annotations"]["k8s-reflexion.io/shared"] = json!("{");
        Ok(())
    };
    store.update("leases", "k8s-reflexion", "agent", spoil).unwrap();

    let second =
        stage.replica("second", &["--settle-seconds", "0.5", "--verify-seconds", "8"]).await;
    until("it was looked at", || second.log().contains("cannot be read")).await;

    assert!(!second.leads().await);
}
