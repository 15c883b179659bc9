//! Somebody else changes a workload again while its fix is verified.

use serde_json::{Value, json};

use crate::agent_binary::AgentBinary;
use crate::stage::{RAISE, Stage, hungry, state, until};

/// Another template, and no other need: a version of something in it.
fn another_template() -> Value {
    json!({"spec": {"template": {"metadata": {"annotations": {"version": "2"}}}}})
}

fn template_note(stage: &Stage) -> Value {
    stage.object("deployments", "web").unwrap()["spec"]["template"]["metadata"]["annotations"]["version"].clone()
}

/// A fix that was written and seen, and is not judged yet.
async fn seen(agent: &AgentBinary, stage: &Stage) -> Value {
    let fix = agent.fix("web", RAISE).await;
    assert_eq!(state(&fix), ("verifying", ""), "{fix:#}");
    until("its pods are made anew", || {
        stage.object("deployments", "web").unwrap()["status"]["observedGeneration"]
            == stage.generation("web")
    })
    .await;
    fix
}

#[actix_web::test]
async fn what_did_not_help_is_taken_back_and_counts_for_nothing_where_somebody_had_a_hand_in_it() {
    let stage = Stage::open().await;
    stage.set_policy(
        "caps: {workload_per_5min: 9, workload_attempts_per_5min: 9, namespace_per_60s: 9}",
    );
    let agent = stage.slow_agent().await;
    stage.run_hungry("web", "64Mi").await;
    let fix = seen(&agent, &stage).await;

    stage.cluster.change("deployments/web", &another_template()).await;

    let end = agent.end_of(&fix).await;
    assert_eq!(state(&end), ("undone", "changed_meanwhile"), "{end:#}");
    assert!(end["verdict"].is_null(), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), template_note(&stage)), ("64Mi", json!("2")));
    // Just taken back it is not seen to fail yet, and there is nothing to do.
    let started = std::time::Instant::now();
    let again = loop {
        let order = agent.order_for("web", RAISE).await;
        let (_, answer) = agent.post("/api/v1/execute-fix", &order).await;
        if answer["result"]["state"].is_string() {
            break answer;
        }
        assert!(started.elapsed() < crate::agent_binary::PATIENCE, "{answer:#}");
    };
    assert_eq!(again["result"]["state"], "verifying", "{again:#}");
}

#[actix_web::test]
async fn what_did_not_help_counts_where_nobody_had_a_hand_in_it() {
    let stage = Stage::open().await;
    stage.set_policy(
        "caps: {workload_per_5min: 9, workload_attempts_per_5min: 9, namespace_per_60s: 9}",
    );
    let agent = stage.agent().await;
    stage.run_hungry("web", "64Mi").await;
    let order = agent.order_for("web", RAISE).await;

    let end = agent.end_of(&agent.carry_out(&order).await).await;

    assert_eq!((state(&end), &end["verdict"]), (("undone", ""), &json!("unchanged")), "{end:#}");
    let order =
        json!({"pod_name": pod(&stage).await, "namespace": "shop", "strategy": order["strategy"]});
    let (_, answer) = agent.post("/api/v1/execute-fix", &order).await;
    assert_eq!(answer["result"]["refusal"]["code"], "failed_before", "{answer:#}");
}

#[actix_web::test]
async fn a_workload_that_is_well_after_somebody_changed_it_keeps_the_fix_and_teaches_nothing() {
    let stage = Stage::open().await;
    let agent = stage.slow_agent().await;
    stage.run_hungry("web", "128Mi").await;
    let fix = seen(&agent, &stage).await;

    stage.cluster.change("deployments/web", &another_template()).await;

    let end = agent.end_of(&fix).await;
    assert_eq!(state(&end), ("verified", "changed_meanwhile"), "{end:#}");
    assert!(end["verdict"].is_null(), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("192Mi", 1));
}

#[actix_web::test]
async fn what_somebody_wrote_over_the_fix_stays() {
    let stage = Stage::open().await;
    let agent = stage.slow_agent().await;
    stage.run_hungry("web", "64Mi").await;
    let fix = seen(&agent, &stage).await;

    let container = json!({"name": "app", "resources": {"limits": {"memory": "80Mi"}}});
    let his = json!({"spec": {"template": {"spec": {"containers": [container]}}}});
    stage.cluster.change("deployments/web", &his).await;

    let end = agent.end_of(&fix).await;
    assert_eq!(state(&end), ("undone", "changed_meanwhile"), "{end:#}");
    assert!(
        end["refusal"]["detail"].as_str().unwrap().contains("nothing is taken back"),
        "{end:#}"
    );
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("80Mi", 1));
}

/// A pod of the workload as it is now.
async fn pod(stage: &Stage) -> String {
    let name = || {
        let pods = stage.cluster.sandbox.store().list("pods", Some("shop")).0;
        let pod = pods.iter().find(|it| it["metadata"]["labels"]["app"] == "web")?;
        Some(pod["metadata"]["name"].as_str()?.to_owned())
    };
    until("there is a pod", || name().is_some()).await;
    name().unwrap()
}

#[actix_web::test]
async fn what_another_hand_set_than_the_rest_is_proposed_and_what_the_same_set_is_written() {
    for (bot, risk, expected) in
        [("?fieldManager=config-bot", "ask", "proposed"), ("", "auto", "verifying")]
    {
        let stage = Stage::open().await;
        stage.run_hungry("web", "256Mi").await;
        stage.until_steady("web").await;
        let agent = stage.agent().await;

        let smaller = json!({"spec": {"template": {"spec": hungry("128Mi")}}});
        stage.cluster.change(&format!("deployments/web{bot}"), &smaller).await;
        // What is told before anybody orders anything is what the order will meet.
        let told = agent.until("/api/v1/incidents?state=open", |body| {
            let offers = body["incidents"][0]["offers"].as_array()?;
            let offer = offers.iter().find(|it| it["strategy"]["type"] == RAISE)?;
            offer["risk"].as_str().map(str::to_owned)
        });
        assert_eq!(told.await, risk);
        let fix = agent.fix("web", RAISE).await;

        assert_eq!(fix["state"], expected, "{fix:#}");
        if !bot.is_empty() {
            let why = fix["refusal"]["detail"].as_str().unwrap();
            assert!(why.contains("config-bot set /spec/template/spec/containers/0"), "{why}");
            assert_eq!(stage.n_writes(), 0);
        }
    }
}
