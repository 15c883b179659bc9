//! What a person is told who asks why.

use serde_json::{Value, json};

use crate::stage::{RAISE, Stage, state};

#[actix_web::test]
async fn an_execution_is_explained_from_its_evidence_to_its_end_over_a_restart_too() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let mut order = agent.order_for("web", RAISE).await;
    order["reason"] = json!("it helped 3 of 4 times before, password=hunter2secret \u{1b}[31m");
    order["decided_by"] = json!("record");
    order["propensity"] = json!(0.75);
    let end = agent.end_of(&agent.carry_out(&order).await).await;
    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    agent.kill();
    let agent = stage.agent().await;

    let path = format!("/api/v1/executions/{}/explain", end["id"].as_str().unwrap());
    let (status, told) = agent.get(&path).await;

    assert_eq!(status, 200, "{told:#}");
    assert_eq!(told["execution"], end);
    assert_eq!(told["evidence"]["subject"]["name"], "web");
    let decision = &told["decision"];
    assert_eq!(decision["diagnoses"][0]["fault"], "OomKilled", "{told:#}");
    let order = &decision["order"];
    assert_eq!((&order["by"], &order["propensity"]), (&json!("alice"), &json!(0.75)));
    let reason = order["reason"].as_str().unwrap();
    assert!(reason.starts_with("it helped 3 of 4") && !reason.contains("hunter2"), "{reason}");
    assert!(!reason.contains('\u{1b}'), "{reason:?}");
    let others = decision["alternatives"].as_array().unwrap();
    assert!(others.iter().all(|it| it["strategy"] != end["strategy"]), "{decision:#}");
    assert!(!others.is_empty(), "{decision:#}");
    let step = &decision["patch"][0];
    assert_eq!(step["target"], "Deployment shop/web", "{decision:#}");
    assert!(!step["resource_version"].as_str().unwrap().is_empty());
    let last = step["operations"].as_array().unwrap().last().unwrap();
    assert_eq!(last["value"], "192Mi", "{decision:#}");
    let back = decision["undo"][0]["operations"].as_array().unwrap().last().unwrap();
    assert_eq!(back["value"], "128Mi", "{decision:#}");
    assert!(decision["kustomize"].as_str().unwrap().contains("192Mi"));
    assert!(decision["kustomize_undo"].as_str().unwrap().contains("128Mi"));
    let states: Vec<_> =
        told["entries"].as_array().unwrap().iter().map(|it| it["what"].as_str().unwrap()).collect();
    assert_eq!(states, ["applying", "verifying", "verified"], "{told:#}");
    assert_eq!(agent.get(&path.replace("explain", "nothing")).await.0, 404);
}

#[actix_web::test]
async fn what_the_guard_said_of_each_other_offer_is_kept_with_its_code() {
    let stage = Stage::open().await;
    stage.set_policy("strategies: {raise_memory_limit: off}");
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;

    let fix = agent.fix("web", RAISE).await;

    assert_eq!(state(&fix).0, "refused", "{fix:#}");
    let path = format!("/api/v1/executions/{}/explain", fix["id"].as_str().unwrap());
    let (_, told) = agent.get(&path).await;
    assert_eq!(told["decision"]["refusal"], fix["refusal"], "{told:#}");
    let others = told["decision"]["alternatives"].as_array().unwrap();
    let raise = others.iter().find(|it| it["strategy"]["type"] == "raise_memory_limit").unwrap();
    assert_eq!(raise["refusal"]["code"], fix["refusal"]["code"], "{told:#}");
}

#[actix_web::test]
async fn it_is_explained_on_the_command_line() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry("web", "128Mi").await;
    let end = agent.end_of(&agent.fix("web", RAISE).await).await;
    let explain = |more: &[&str]| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_agent"));
        command.env("AGENT_URL", agent.url()).args(["explain", end["id"].as_str().unwrap()]);
        command.arg("--token-file").arg(agent.token_file()).args(more).output()
    };

    let told = explain(&[]).await.unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    for words in
        ["Deployment shop/web", "verdict: recovered", "192Mi", "instead there was", "journal"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    let told = explain(&["-o", "json"]).await.unwrap();
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["execution"]["id"], end["id"]);
}
