//! What somebody is at is left to him for a while, and to nobody after that.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use types::Kind;

use crate::agent_binary::AgentBinary;
use crate::cluster::container;
use crate::stage::{RAISE, Stage, code, state, until};

const GOOD: &str = "registry.example/shop/web:2.0";
const BAD: &str = "registry.example/shop/web:9.9";
const WAITS: (&str, &str) = ("proposed", "just_changed");

/// A Deployment whose image runs, and then one that nobody has, at an agent that waits for so many seconds.
async fn push_badly(stage: &Stage, grace: &str) -> AgentBinary {
    stage.set_policy(&format!("change_grace_seconds: {grace}"));
    let agent = stage.agent().await;
    stage.cluster.run(Kind::Deployment, "web", &container(GOOD)).await;
    stage.until_steady("web").await;
    agent.saw_ready(stage, "web").await;
    stage.cluster.set_image("web", BAD).await;
    agent
}

/// When somebody last wrote it, by the API server's own word.
fn changed_at(stage: &Stage) -> Timestamp {
    let web = stage.object("deployments", "web").unwrap();
    let entries = web["metadata"]["managedFields"].as_array().unwrap().clone();
    let of_spec = entries.iter().filter(|it| it["fieldsV1"]["f:spec"].is_object());
    of_spec.map(|it| it["time"].as_str().unwrap().parse().unwrap()).max().unwrap()
}

/// Lets an object have been there, and been written, for two hours.
fn make_old(stage: &Stage, plural: &str, mut object: Value) {
    let long_ago = json!((Timestamp::now() - SignedDuration::from_hours(2)).to_string());
    object["metadata"]["creationTimestamp"] = long_ago.clone();
    for entry in object["metadata"]["managedFields"].as_array_mut().into_iter().flatten() {
        entry["time"] = long_ago.clone();
    }
    stage.cluster.sandbox.store().restore(plural, object);
}

async fn say_yes(agent: &AgentBinary, proposed: &Value) -> (u16, Value) {
    let id = proposed["id"].as_str().unwrap();
    agent.post(&format!("/api/v1/executions/{id}/approve"), &json!({})).await
}

#[actix_web::test]
async fn whoever_mends_her_tag_in_time_finds_it_untouched() {
    let stage = Stage::open().await;
    let agent = push_badly(&stage, "3600").await;

    let order = agent.order_for("web", "roll_back").await;
    let mut waiting = order.clone();
    waiting["wait_seconds"] = json!(60);
    let (_, answer) = agent.post("/api/v1/execute-fix", &waiting).await;
    let refusal = &answer["result"]["refusal"];
    assert_eq!((&answer["success"], &refusal["code"]), (&json!(false), &json!("just_changed")));
    let left = refusal["retry_secs"].as_i64().unwrap();
    assert!((3_500..=3_601).contains(&left), "{answer:#}");
    let proposed = agent.execution(&answer).await;

    stage.cluster.set_image("web", GOOD).await;
    agent.until("/api/v1/incidents?state=open", |it| (it["count"] == 0).then_some(())).await;
    let (status, problem) = say_yes(&agent, &proposed).await;

    assert_eq!((status, code(&problem)), (409, "changed"), "{problem:#}");
    assert_eq!((stage.n_writes(), stage.generation("web")), (0, 3));
}

#[actix_web::test]
async fn what_nobody_mends_in_time_is_mended_right_after() {
    let stage = Stage::open().await;
    let agent = push_badly(&stage, "6").await;
    let order = agent.order_for("web", "roll_back").await;
    let pushed = changed_at(&stage);

    let proposed = agent.carry_out(&order).await;
    assert_eq!(state(&proposed), WAITS, "{proposed:#}");
    let left = proposed["refusal"]["retry_secs"].as_i64().unwrap();
    let due = Timestamp::now() + SignedDuration::from_secs(left);
    until("the change has had its time", || due <= Timestamp::now()).await;
    let end = agent.end_of(&agent.carry_out(&order).await).await;

    assert_eq!((state(&end), stage.n_writes()), (("verified", ""), 1), "{end:#}");
    let applied: Timestamp = end["applied_at"].as_str().unwrap().parse().unwrap();
    let after = applied.duration_since(pushed);
    assert!(SignedDuration::from_secs(6) < after, "{after}");
}

#[actix_web::test]
async fn a_yes_does_not_wait_and_a_first_deployment_does() {
    let stage = Stage::open().await;
    stage.set_policy("change_grace_seconds: 3600");
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;

    let proposed = agent.fix("web", RAISE).await;
    assert_eq!((state(&proposed), stage.n_writes()), (WAITS, 0), "{proposed:#}");
    let (status, answer) = say_yes(&agent, &proposed).await;

    assert_eq!(status, 200, "{answer:#}");
    let end = agent.end_of(&proposed).await;
    assert_eq!((state(&end), stage.n_writes()), (("verified", ""), 1), "{end:#}");
}

#[actix_web::test]
async fn trouble_of_old_is_not_delayed_and_neither_is_the_next_try_by_our_own() {
    let stage = Stage::open().await;
    stage.set_policy("change_grace_seconds: 3600");
    let agent = stage.agent().await;
    // It needs 180 MiB: half as much again is too little.
    stage.run_hungry("web", "64Mi").await;
    let mut order = agent.order_for("web", RAISE).await;
    make_old(&stage, "deployments", stage.object("deployments", "web").unwrap());
    for set in stage.cluster.sandbox.store().list("replicasets", Some("shop")).0 {
        make_old(&stage, "replicasets", Value::clone(&set));
    }

    let first = agent.end_of(&agent.carry_out(&order).await).await;
    assert_eq!(state(&first), ("undone", ""), "{first:#}");
    order["strategy"]["parameters"]["halves"] = json!(2);
    order["pod_name"] = agent.order_for("web", RAISE).await["pod_name"].take();
    let next = agent.carry_out(&order).await;

    assert_eq!(state(&next), ("verifying", ""), "{next:#}");
}
