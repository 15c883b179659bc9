//! What helped stays, and what did not is taken back.

use serde_json::json;

use crate::cluster::container;
use crate::stage::{RAISE, Stage, state, until};

#[actix_web::test]
async fn a_raised_limit_that_helps_is_verified_and_stays() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;

    let fix = agent.fix("web", RAISE).await;
    let end = agent.end_of(&fix).await;

    assert_eq!((state(&end), &end["verdict"]), (("verified", ""), &json!("recovered")), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("192Mi", 1));
}

#[actix_web::test]
async fn a_raised_limit_that_does_not_help_is_taken_back() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "64Mi").await;

    let fix = agent.fix("web", RAISE).await;
    let end = agent.end_of(&fix).await;

    assert_eq!((state(&end), &end["verdict"]), (("undone", ""), &json!("unchanged")), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("64Mi", 2));
}

#[actix_web::test]
async fn a_fix_after_which_a_neighbour_suffers_is_taken_back() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.cluster.run(types::Kind::Deployment, "steady", &container("nginx:1.27")).await;
    until("the neighbour is ready", || {
        stage.object("deployments", "steady").unwrap()["status"]["readyReplicas"] == 1
    })
    .await;
    stage.run_hungry("web", "128Mi").await;

    let order = agent.order_for("web", RAISE).await;
    let fix = agent.carry_out(&order).await;
    let no_replica = json!({"spec": {"strategy": {"type": "Recreate", "rollingUpdate": null},
        "template": {"spec": {"containers": [{"name": "app", "image": "nginx:9"}]}}}});
    stage.cluster.change("deployments/steady", &no_replica).await;
    let end = agent.end_of(&fix).await;

    assert_eq!((state(&end), &end["verdict"]), (("undone", ""), &json!("worse")), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("128Mi", 2));
}
