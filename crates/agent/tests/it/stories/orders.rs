//! The same order twice, and two at once.

use serde_json::json;

use crate::fault_proxy::{Fault, rehearsal, write};
use crate::stage::{RAISE, Stage, code, state};

const FIX: &str = "/api/v1/execute-fix";

#[actix_web::test]
async fn the_same_name_for_the_same_order_is_answered_and_not_carried_out_again() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let (_, first) = agent.post_named("one", FIX, &order).await;
    agent.end_of(&agent.execution(&first).await).await;
    agent.kill();
    let agent = stage.agent().await;
    let (status, again) = agent.post_named("one", FIX, &order).await;

    assert_eq!((status, &again["execution_id"]), (200, &first["execution_id"]));
    assert_eq!((&again["success"], &again["result"]["state"]), (&json!(true), &json!("verified")));
    assert_eq!(stage.n_writes(), 1);
}

#[actix_web::test]
async fn the_same_name_for_another_order_is_a_conflict() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let mut order = agent.order_for("web", RAISE).await;

    let (first, _) = agent.post_named("one", FIX, &order).await;
    order["strategy"]["parameters"]["halves"] = json!(2);
    let (second, problem) = agent.post_named("one", FIX, &order).await;

    assert_eq!((first, second, code(&problem)), (200, 409, "key-used"), "{problem}");
    assert_eq!(stage.proxy.n_seen(write), 1);
}

#[actix_web::test]
async fn who_orders_in_vain_again_and_again_is_told_to_wait_and_another_workload_is_not() {
    let stage = Stage::open().await;
    let agent = stage.agent_with(&["--mode", "observe"]).await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    for _ in 0..60 {
        let (status, answer) = agent.post(FIX, &order).await;
        assert_eq!((status, &answer["result"]["state"]), (200, &json!("refused")), "{answer:#}");
    }
    let (status, problem) = agent.post(FIX, &order).await;

    assert_eq!((status, code(&problem)), (429, "too-many-orders"), "{problem:#}");
    assert_eq!(agent.get("/api/v1/executions?limit=500").await.1["count"], 60);
    stage.run_hungry("shop", "128Mi").await;
    assert_eq!(state(&agent.fix("shop", RAISE).await), ("refused", "observing"));
}

#[actix_web::test]
async fn two_equal_orders_of_one_name_at_once_get_the_same_answer() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let orders = [(); 8].map(|()| agent.post_named("one", FIX, &order));
    let answers = futures::future::join_all(orders).await;

    for (status, answer) in &answers {
        assert_eq!((*status, &answer["execution_id"]), (200, &answers[0].1["execution_id"]));
    }
    let end = agent.end_of(&agent.execution(&answers[0].1).await).await;
    assert_eq!((state(&end), stage.n_writes()), (("verified", ""), 1), "{end:#}");
    assert_eq!(agent.get("/api/v1/executions").await.1["count"], 1);
}

#[actix_web::test]
async fn of_two_orders_at_once_for_one_workload_one_is_carried_out() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let held = stage.proxy.next(rehearsal, Fault::HoldRequest);
    let second = async {
        held.here().await;
        let second = agent.carry_out(&order).await;
        held.let_go();
        second
    };
    let (first, second) = tokio::join!(agent.carry_out(&order), second);

    assert_eq!(state(&first), ("verifying", ""), "{first:#}");
    assert_eq!(state(&second), ("refused", "fix_in_flight"), "{second:#}");
    assert_eq!((stage.n_writes(), stage.generation("web")), (1, 2));
}

#[actix_web::test]
async fn a_caller_that_goes_away_stops_nothing() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let held = stage.proxy.next(rehearsal, Fault::HoldRequest);
    tokio::select! {
        _ = agent.carry_out(&order) => panic!("it is held"),
        () = held.here() => {}
    }
    held.let_go();
    let id = agent
        .until("/api/v1/executions", |it| it["executions"][0]["id"].as_str().map(str::to_owned));
    let end = agent.end_of(&json!({"id": id.await})).await;

    assert_eq!((state(&end), stage.n_writes()), (("verified", ""), 1), "{end:#}");
}

#[actix_web::test]
async fn where_the_pod_is_gone_an_open_incident_says_what_is_meant() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let mut order = agent.order_for("web", RAISE).await;
    let (_, incidents) = agent.get("/api/v1/incidents?state=open").await;
    order["pod_name"] = json!("web");

    let (unknown, problem) = agent.post(FIX, &order).await;
    order["incident"] = json!("019ac000-0000-7000-8000-000000000000");
    let (other, _) = agent.post(FIX, &order).await;
    order["incident"] = incidents["incidents"][0]["id"].clone();
    let fix = agent.carry_out(&order).await;
    let end = agent.end_of(&fix).await;

    assert_eq!((unknown, other), (404, 404), "{problem}");
    assert_eq!((state(&end), &end["subject"]["name"]), (("verified", ""), &json!("web")));
    // Healed, it says nothing any more.
    agent.until("/api/v1/incidents?state=open", |it| (it["count"] == 0).then_some(())).await;
    assert_eq!(agent.post(FIX, &order).await.0, 404);
}
