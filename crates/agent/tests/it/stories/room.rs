//! Where there is no room for more, less is offered or nothing, and nothing is written.

use serde_json::{Value, json};

use crate::stage::{RAISE, Stage, state, until};

/// The halves of every raise that is offered for `web`; `None` until its incident is there.
fn doses(body: &Value) -> Option<Vec<Value>> {
    let incidents = body["incidents"].as_array()?;
    let incident = incidents.iter().find(|it| it["subject"]["name"] == "web")?;
    let offers = incident["offers"].as_array()?.iter().map(|it| &it["strategy"]);
    let raises = offers.filter(|it| it["type"] == RAISE);
    (incident["fault"] == "OomKilled")
        .then(|| raises.map(|it| it["parameters"]["halves"].clone()).collect())
}

#[actix_web::test]
async fn a_limit_is_raised_as_far_as_the_policy_lets_it() {
    let stage = Stage::open().await;
    stage.set_policy("caps: {memory: 150Mi}");
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;

    let offered = agent.until("/api/v1/incidents?state=open", doses).await;

    assert_eq!(offered, [json!(0)]);
}

#[actix_web::test]
async fn what_a_quota_has_no_room_for_is_neither_offered_nor_written() {
    let stage = Stage::open().await;
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight", "namespace": "shop"},
        "spec": {"hard": {"limits.memory": "130Mi"}}});
    stage.cluster.create("/api/v1/namespaces/shop/resourcequotas", &quota).await;
    until("the quota counts", || {
        stage.object("resourcequotas", "tight").unwrap()["status"]["used"]["limits.memory"] == "0"
    })
    .await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;

    let offered = agent.until("/api/v1/incidents?state=open", doses).await;
    let pods = stage.cluster.sandbox.store().list("pods", Some("shop")).0;
    let strategy = json!({"type": RAISE, "parameters": {"halves": 1}});
    let order =
        json!({"pod_name": pods[0]["metadata"]["name"], "namespace": "shop", "strategy": strategy});
    let end = agent.carry_out(&order).await;

    assert_eq!((offered, state(&end)), (vec![], ("refused", "no_room")), "{end:#}");
    assert_eq!((stage.n_writes(), stage.limit("web").as_str()), (0, "128Mi"));
}

#[actix_web::test]
async fn a_quota_for_other_pods_takes_no_room() {
    let stage = Stage::open().await;
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight", "namespace": "shop"},
        "spec": {"hard": {"limits.memory": "130Mi"}, "scopes": ["Terminating"]}});
    stage.cluster.create("/api/v1/namespaces/shop/resourcequotas", &quota).await;
    until("the quota counts", || {
        stage.object("resourcequotas", "tight").unwrap()["status"]["used"]["limits.memory"] == "0"
    })
    .await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;

    let offered = agent.until("/api/v1/incidents?state=open", doses).await;

    assert_eq!(offered, [json!(1), json!(2)]);
}
