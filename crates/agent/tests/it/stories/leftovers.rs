//! Pods that were put off their node and that their owner has replaced: a person lets them be cleared away.

use serde_json::{Value, json};
use types::Kind;

use crate::agent_binary::AgentBinary;
use crate::cluster::container;
use crate::stage::{Stage, state, until};

const CLEAR: &str = "clear_leftovers";

/// The names of the pods that are over, or of those that are not.
fn pods(stage: &Stage, are_over: bool) -> Vec<String> {
    let pods = stage.cluster.sandbox.store().list("pods", Some("shop")).0;
    let wanted = pods.iter().filter(|it| (it["status"]["phase"] == "Failed") == are_over);
    wanted.map(|it| it["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

async fn until_whole(stage: &Stage) {
    until("web is ready", || {
        stage.object("deployments", "web").unwrap()["status"]["readyReplicas"] == 1
    })
    .await;
}

/// Whether another pod than this one serves.
fn is_replaced(stage: &Stage, name: &str) -> bool {
    let serves = |it: &&Value| it["type"] == "Ready" && it["status"] == "True";
    let pods = stage.cluster.sandbox.store().list("pods", Some("shop")).0;
    pods.iter().filter(|it| it["metadata"]["name"] != name).any(|it| {
        let conditions = it["status"]["conditions"].as_array();
        conditions.is_some_and(|it| it.iter().any(|it| serves(&it)))
    })
}

/// The pod of `web` is put off its node twice, and replaced each time.
async fn put_off_twice(stage: &Stage) {
    for _ in 0..2 {
        let pod = pods(stage, false).remove(0);
        stage.put_off("shop", &pod);
        until("it is replaced", || is_replaced(stage, &pod)).await;
        until_whole(stage).await;
    }
}

/// The order, and a person's yes to it.
async fn clear(agent: &AgentBinary) -> Value {
    let proposed = agent.fix("web", CLEAR).await;
    assert_eq!(state(&proposed), ("proposed", "needs_approval"), "{proposed:#}");
    let id = proposed["id"].as_str().unwrap();
    let (status, answer) =
        agent.post(&format!("/api/v1/executions/{id}/approve"), &json!({})).await;
    assert_eq!(status, 200, "{answer:#}");
    proposed
}

#[actix_web::test]
async fn what_was_put_off_and_replaced_is_cleared_away_after_a_yes_and_what_runs_stays() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.cluster.run(Kind::Deployment, "web", &container("nginx:1.27")).await;
    until_whole(&stage).await;
    put_off_twice(&stage).await;
    let running = pods(&stage, false);
    assert_eq!((pods(&stage, true).len(), running.len()), (2, 1));

    let fix = clear(&agent).await;
    let end = agent.end_of(&fix).await;

    assert_eq!((state(&end), &end["verdict"]), (("verified", ""), &json!("recovered")), "{end:#}");
    assert_eq!((pods(&stage, true).len(), pods(&stage, false)), (0, running));
    assert_eq!(stage.n_writes(), 2);
}

#[actix_web::test]
async fn what_is_put_off_again_and_again_is_not_healed_by_clearing_up_and_nothing_is_made_again() {
    let stage = Stage::open().await;
    let agent = stage.slow_agent().await;
    stage.cluster.run(Kind::Deployment, "web", &container("nginx:1.27")).await;
    until_whole(&stage).await;
    put_off_twice(&stage).await;
    let cleared = pods(&stage, true);

    let fix = clear(&agent).await;
    agent.in_state(&fix, "verifying").await;
    put_off_twice(&stage).await;
    let end = agent.end_of(&fix).await;

    // There is nothing to take back: a pod that is over cannot be made again.
    assert_eq!((state(&end), &end["verdict"]), (("undone", ""), &json!("unchanged")), "{end:#}");
    let left = pods(&stage, true);
    assert!(left.len() == 2 && !left.iter().any(|it| cleared.contains(it)), "{left:?}");
    assert_eq!(stage.n_writes(), 2);
}
