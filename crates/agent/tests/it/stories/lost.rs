//! Requests and answers get lost, and the API server goes away.

use serde_json::Value;

use crate::fault_proxy::{Fault, write};
use crate::stage::{RAISE, Stage, code, state, until};

#[actix_web::test]
async fn a_write_whose_answer_gets_lost_is_made_once_and_found_by_its_fix_id() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    stage.proxy.next(write, Fault::LoseAnswer);
    let fix = agent.carry_out(&order).await;
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    assert_eq!((stage.n_writes(), stage.generation("web"), stage.proxy.n_seen(write)), (1, 2, 1));
    let annotations = &stage.object("deployments", "web").unwrap()["metadata"]["annotations"];
    assert_eq!(annotations["k8s-reflexion.io/fix-id"], end["id"]);
}

#[actix_web::test]
async fn a_write_that_gets_lost_is_sent_again() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    stage.proxy.next(write, Fault::LoseRequest);
    let fix = agent.carry_out(&order).await;
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    assert_eq!((stage.n_writes(), stage.generation("web"), stage.proxy.n_seen(write)), (1, 2, 2));
}

#[actix_web::test]
async fn a_write_that_arrives_late_and_its_repeat_have_one_effect() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let late = stage.proxy.next(write, Fault::ArriveLate);
    let repeat = stage.proxy.next(write, Fault::HoldRequest);
    let arrive = async {
        repeat.here().await;
        late.let_go();
        until("the late one is there", || stage.n_writes() == 1).await;
        repeat.let_go();
    };
    let (fix, ()) = tokio::join!(agent.carry_out(&order), arrive);
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    assert_eq!((stage.n_writes(), stage.generation("web")), (1, 2));
    assert_eq!(stage.limit("web"), "192Mi");
}

#[actix_web::test]
async fn what_became_of_a_write_is_found_out_when_the_cluster_can_be_reached_again() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let held = stage.proxy.next(write, Fault::HoldAnswer);
    let cut = async {
        held.here().await;
        stage.proxy.cut();
        held.let_go();
    };
    let (fix, ()) = tokio::join!(agent.carry_out(&order), cut);
    agent.kill();
    let agent = stage.agent().await;
    let waiting = agent.in_state(&fix, "applying").await;
    stage.proxy.heal();
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&fix), ("applying", ""), "{fix:#}");
    assert_eq!(waiting["verdict"], Value::Null);
    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    assert_eq!((stage.n_writes(), stage.generation("web")), (1, 2));
}

#[actix_web::test]
async fn an_undo_whose_answer_gets_lost_is_made_once() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "64Mi").await;

    stage.proxy.second(write, Fault::LoseAnswer);
    let fix = agent.fix("web", RAISE).await;
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("undone", ""), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("64Mi", 2));
    assert_eq!(stage.generation("web"), 3);
}

#[actix_web::test]
async fn an_undo_that_loses_a_race_over_another_field_is_made_all_the_same() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "64Mi").await;

    let contended = crate::api_server::status(409, "the object has been modified");
    stage.proxy.second(write, Fault::Answer(409, contended));
    let fix = agent.fix("web", RAISE).await;
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("undone", ""), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("64Mi", 2));
}

#[actix_web::test]
async fn an_api_server_that_cannot_be_reached_is_written_nothing() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let order = agent.order_for("web", RAISE).await;

    stage.proxy.cut();
    let (status, problem) = agent.post("/api/v1/execute-fix", &order).await;

    assert_eq!((status, code(&problem)), (503, "cluster-unreachable"), "{problem}");
    assert_eq!(stage.n_writes(), 0);
}

#[actix_web::test]
async fn an_api_server_that_is_away_longer_than_a_verdict_may_take_is_waited_for() {
    check_absence(|stage| stage.proxy.cut(), 5).await;
}

#[actix_web::test]
async fn an_api_server_that_says_nothing_is_waited_for() {
    check_absence(|stage| stage.proxy.silence(), 1).await;
}

/// What was seen of the cluster before it went away, and the time since, say nothing against the fix.
async fn check_absence(go_away: fn(&Stage), n_asked: usize) {
    let stage = Stage::open().await;
    let patience = ["--mode", "auto", "--settle-seconds", "3", "--verify-seconds", "4"];
    let agent = stage.agent_with(&patience).await;
    stage.run_hungry("web", "128Mi").await;
    let is_look = |it: &str| it.starts_with("GET /apis/apps/v1/namespaces/shop/deployments/web");

    let fix = agent.fix("web", RAISE).await;
    go_away(&stage);
    let asked = stage.proxy.n_seen(is_look);
    // A cut line is asked again each second, a silent one after ten.
    until("it was asked in vain", || asked + n_asked < stage.proxy.n_seen(is_look)).await;
    let meanwhile = agent.in_state(&fix, "verifying").await;
    stage.proxy.heal();
    let end = agent.end_of(&fix).await;

    assert_eq!(meanwhile["verdict"], Value::Null);
    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("192Mi", 1));
}
