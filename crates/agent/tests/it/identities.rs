//! Who writes what: rollbacks are written by an identity of their own.

use serde_json::{Value, json};
use types::Kind;

use crate::agent_binary::AgentBinary;
use crate::cluster::container;
use crate::stage::{RAISE, Stage, until};

const EXECUTOR: &str = "system:serviceaccount:k8s-reflexion:executor";
const RESTORER: &str = "system:serviceaccount:k8s-reflexion:restorer";
const GOOD: &str = "registry.example/shop/web:2.0";
const BAD: &str = "registry.example/shop/web:9.9";

/// A cluster with these service accounts beside the agent.
async fn with_accounts(names: &[&str]) -> Stage {
    let stage = Stage::open().await;
    stage.set_policy("caps: {global_per_60s: 100, namespace_per_60s: 100}");
    let store = stage.cluster.sandbox.store();
    store.create("namespaces", "", json!({"metadata": {"name": "k8s-reflexion"}})).unwrap();
    for name in names {
        let account = json!({"metadata": {"name": name, "namespace": "k8s-reflexion"}});
        store.create("serviceaccounts", "k8s-reflexion", account).unwrap();
    }
    stage
}

async fn agent(stage: &Stage, more: &[&str]) -> AgentBinary {
    let flags = ["--mode", "auto", "--executor", "k8s-reflexion/executor"];
    stage.agent_with(&[&flags, more].concat()).await
}

/// A Deployment whose image runs, and then one that nobody has.
async fn roll_out_badly(stage: &Stage, agent: &AgentBinary) {
    stage.cluster.run(Kind::Deployment, "web", &container(GOOD)).await;
    stage.until_steady("web").await;
    let ready = |it: &Value| (it["containers_ready"] == true).then_some(());
    let pods = stage.cluster.sandbox.store().list("pods", Some("shop")).0;
    let name = pods[0]["metadata"]["name"].as_str().unwrap();
    agent.until(&format!("/api/v1/pod-status/{name}?namespace=shop"), ready).await;
    stage.cluster.set_image("web", BAD).await;
}

/// Who wrote, in order.
fn writers(stage: &Stage) -> Vec<Value> {
    stage.writes().into_iter().map(|mut it| it["user"].take()).collect()
}

#[actix_web::test]
async fn a_rollback_and_its_undo_are_written_by_the_restorer_and_all_else_by_the_executor() {
    let stage = with_accounts(&["executor", "restorer"]).await;
    let first = agent(&stage, &[]).await;
    roll_out_badly(&stage, &first).await;

    let fix = first.fix("web", "roll_back").await;
    let end = first.end_of(&fix).await;
    assert_eq!(end["state"], "verified", "{end:#}");
    assert_eq!(writers(&stage), [RESTORER]);

    // Another life of the process takes it back as the same.
    first.kill();
    let agent = agent(&stage, &[]).await;
    agent.ready().await;
    let id = end["id"].as_str().unwrap();
    agent.post(&format!("/api/v1/executions/{id}/undo"), &json!({})).await;
    agent.in_state(&end, "undone").await;
    assert_eq!(writers(&stage), [RESTORER, RESTORER]);

    stage.run_hungry("hungry", "128Mi").await;
    let fix = agent.fix("hungry", RAISE).await;
    let end = agent.end_of(&fix).await;
    assert_eq!(end["state"], "verified", "{end:#}");
    assert_eq!(writers(&stage), [RESTORER, RESTORER, EXECUTOR]);
}

#[actix_web::test]
async fn where_the_account_for_rollbacks_is_not_there_one_is_refused_with_what_to_apply() {
    let stage = with_accounts(&["executor", "other"]).await;
    let first = agent(&stage, &[]).await;
    roll_out_badly(&stage, &first).await;

    let refused = first.fix("web", "roll_back").await;

    let refused = first.end_of(&refused).await;
    assert_eq!((&refused["state"], stage.n_writes()), (&json!("refused"), 0), "{refused:#}");
    let detail = refused["refusal"]["detail"].as_str().unwrap();
    for words in ["ServiceAccount k8s-reflexion/restorer", "apply what `agent rbac` prints"] {
        assert!(detail.contains(words), "{detail}");
    }
    // Everything else is mended as before, and another account may be named.
    stage.run_hungry("hungry", "128Mi").await;
    let fix = first.fix("hungry", RAISE).await;
    assert_eq!(first.end_of(&fix).await["state"], "verified");
    first.kill();
    let second = agent(&stage, &["--restorer", "k8s-reflexion/other"]).await;
    second.ready().await;
    let fix = second.fix("web", "roll_back").await;
    assert_eq!(second.end_of(&fix).await["state"], "verified");
    let all = [EXECUTOR, "system:serviceaccount:k8s-reflexion:other"];
    until("both wrote", || writers(&stage) == all).await;
}
