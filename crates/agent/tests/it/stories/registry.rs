//! A tag with a slip in it that nothing here ever ran: the registry knows what was meant, if it may be asked.

use serde_json::{Value, json};
use types::Kind;
use wiremock::MockServer;

use crate::agent_binary::AgentBinary;
use crate::cluster::container;
use crate::registry::{list, listed_in, mount, registry_at};
use crate::stage::{Stage, state};

/// The registry has `2.0`.
const SLIP: &str = "registry.example/shop/web:v2.0";
const MEANT: &str = "registry.example/shop/web:2.0";
const REPLACE: &str = "replace_image_tag";

/// A registry that lists what the cluster can pull.
async fn registry() -> MockServer {
    let server = MockServer::start().await;
    mount(&server, list(&["2.0", "2.1", "latest"])).await;
    server
}

async fn n_requests(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

/// The open incident of this workload, with its evidence.
async fn incident(agent: &AgentBinary, name: &str) -> Value {
    let listed = agent
        .until("/api/v1/incidents?state=open", |body| {
            let incidents = body["incidents"].as_array()?;
            let found = incidents
                .iter()
                .find(|it| it["subject"]["name"] == name && it["fault"] == "ImageNotFound");
            found.cloned()
        })
        .await;
    let path = format!("/api/v1/incidents/{}", listed["id"].as_str().unwrap());
    let (status, incident) = agent.get(&path).await;
    assert!(status == 200 && incident["evidence"].is_object(), "{incident:#}");
    incident
}

fn image(stage: &Stage) -> String {
    let web = stage.object("deployments", "web").unwrap();
    web["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_tag_that_the_registry_has_is_put_after_a_yes_and_helps() {
    let (stage, server) = (Stage::open().await, registry().await);
    stage.set_policy("strategies: {replace_image_tag: auto}");
    let agent = stage.agent_with(&["--mode", "auto", "--registries", &registry_at(&server)]).await;
    stage.cluster.run(Kind::Deployment, "web", &container(SLIP)).await;

    let mut order = agent.order_for("web", REPLACE).await;
    order["strategy"]["parameters"] = json!({"new_tag": "2.0"});
    let proposed = agent.carry_out(&order).await;

    assert_eq!(state(&proposed), ("proposed", "needs_approval"), "{proposed:#}");
    assert_eq!((proposed["risk"].as_str(), stage.n_writes()), (Some("ask"), 0), "{proposed:#}");
    let told = incident(&agent, "web").await;
    assert_eq!(listed_in(&told)["meant"], "2.0", "{told:#}");
    let cause = told["diagnoses"][0]["cause"].as_str().unwrap();
    assert!(cause.contains("the registry has 2.0, which was probably meant"), "{cause}");

    let id = proposed["id"].as_str().unwrap();
    agent.post(&format!("/api/v1/executions/{id}/approve"), &json!({})).await;
    let end = agent.end_of(&proposed).await;

    assert_eq!((state(&end), image(&stage).as_str()), (("verified", ""), MEANT), "{end:#}");
    assert_eq!((stage.n_writes(), n_requests(&server).await), (1, 1));
}

#[actix_web::test]
async fn without_the_setting_nothing_is_asked_and_nothing_offered() {
    let (stage, server) = (Stage::open().await, registry().await);
    let agent = stage.agent().await;
    stage.cluster.run(Kind::Deployment, "web", &container(SLIP)).await;

    let told = incident(&agent, "web").await;

    assert_eq!((listed_in(&told), n_requests(&server).await), (&Value::Null, 0), "{told:#}");
    let offers = told["offers"].as_array().unwrap();
    assert!(offers.iter().all(|it| it["strategy"]["type"] != REPLACE), "{told:#}");
}

#[actix_web::test]
async fn a_scan_asks_no_registry_and_takes_no_answer_of_one() {
    let (stage, server) = (Stage::open().await, registry().await);
    let agent = stage.agent_with(&["--registries", &registry_at(&server)]).await;
    stage.cluster.run(Kind::Deployment, "web", &container(SLIP)).await;
    agent.order_for("web", REPLACE).await;

    let (status, scan) = agent.post("/api/v1/scan", &json!({"namespace": "shop"})).await;

    let findings = scan["findings"].as_array().unwrap();
    let found = findings.iter().find(|it| it["fault"] == "ImageNotFound").unwrap();
    assert_eq!((status, n_requests(&server).await), (200, 1), "{scan:#}");
    assert!(!found.to_string().contains("the registry has 2.0"), "{found:#}");
}
