//! Plans of several steps: an ordered set waits for its broken pod, so the pod is evicted too.

use serde_json::{Value, json};
use types::Kind;

use crate::api_server::status;
use crate::fault_proxy::{Fault, write};
use crate::stage::{RAISE, Stage, limit_of, state, until};

fn eviction(request: &str) -> bool {
    write(request) && request.contains("/eviction")
}

fn deletion(request: &str) -> bool {
    request.starts_with("DELETE ")
}

/// The memory limit of the set's first pod, while there is one.
fn limit_of_pod(stage: &Stage) -> Option<Value> {
    let pod = stage.object("pods", "db-0")?;
    Some(pod["spec"]["containers"][0]["resources"]["limits"]["memory"].clone())
}

fn limit_of_set(stage: &Stage) -> String {
    limit_of(&stage.object("statefulsets", "db").unwrap())
}

/// An answer that a disruption budget gives.
fn budget() -> Fault {
    let mut body = status(429, "Cannot evict pod as it would violate the pod's disruption budget.");
    body["details"] = json!({"causes": [{"reason": "DisruptionBudget", "message": "needs 1"}]});
    Fault::Answer(429, body)
}

#[actix_web::test]
async fn a_set_whose_fix_helps_is_verified_after_an_edit_and_an_eviction() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry_as(Kind::StatefulSet, "db", "128Mi").await;

    let fix = agent.fix("db", RAISE).await;
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    assert_eq!(
        (limit_of_set(&stage).as_str(), limit_of_pod(&stage)),
        ("192Mi", Some(json!("192Mi")))
    );
    assert_eq!((stage.n_writes(), stage.proxy.n_seen(deletion)), (2, 0));
}

#[actix_web::test]
async fn a_pod_that_is_ready_by_the_time_of_its_eviction_stays() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry_as(Kind::StatefulSet, "db", "128Mi").await;
    let order = agent.order_for("db", RAISE).await;
    let mut ready = stage.object("pods", "db-0").unwrap();
    ready["status"]["phase"] = json!("Running");
    ready["status"]["conditions"] = json!([{"type": "Ready", "status": "True"}]);
    let read =
        |it: &str| it.starts_with("GET /api/v1/namespaces/shop/pods/db-0") && !it.contains("/log");
    stage.proxy.every(read, Fault::Answer(200, ready));

    let fix = agent.carry_out(&order).await;

    assert_eq!(state(&fix), ("verifying", ""), "{fix:#}");
    assert_eq!((limit_of_set(&stage).as_str(), stage.proxy.n_seen(eviction)), ("192Mi", 0));
}

#[actix_web::test]
async fn a_set_whose_fix_does_not_help_gets_its_old_template_and_its_old_pod_back() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry_as(Kind::StatefulSet, "db", "64Mi").await;

    let fix = agent.fix("db", RAISE).await;
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("undone", ""), "{end:#}");
    assert_eq!(limit_of_set(&stage), "64Mi");
    until("the pod is the old one", || limit_of_pod(&stage) == Some(json!("64Mi"))).await;
    assert_eq!((stage.proxy.n_seen(eviction), stage.proxy.n_seen(deletion)), (2, 0));
}

#[actix_web::test]
async fn the_pod_of_a_replica_set_is_resized_where_it_runs_and_its_template_lasts() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry_as(Kind::ReplicaSet, "rs", "128Mi").await;
    let pod = || stage.cluster.sandbox.store().list("pods", Some("shop")).0.remove(0);
    let uid = pod()["metadata"]["uid"].clone();

    let fix = agent.fix("rs", RAISE).await;
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    assert_eq!(limit_of(&stage.object("replicasets", "rs").unwrap()), "192Mi");
    let limit = pod()["spec"]["containers"][0]["resources"]["limits"]["memory"].clone();
    assert_eq!((limit, pod()["metadata"]["uid"].clone()), (json!("192Mi"), uid));
    assert_eq!((stage.n_writes(), stage.proxy.n_seen(eviction)), (2, 0));
}

#[actix_web::test]
async fn a_replica_set_whose_fix_does_not_help_gets_its_old_template_and_its_old_limit_back() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry_as(Kind::ReplicaSet, "rs", "64Mi").await;
    let limits_of_pods = || -> Vec<Value> {
        let pods = stage.cluster.sandbox.store().list("pods", Some("shop")).0;
        let limit =
            |it: &Value| it["spec"]["containers"][0]["resources"]["limits"]["memory"].clone();
        pods.iter().map(|it| limit(it)).collect()
    };

    let fix = agent.fix("rs", RAISE).await;
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("undone", ""), "{end:#}");
    assert_eq!(limit_of(&stage.object("replicasets", "rs").unwrap()), "64Mi");
    until("the pod is the old one", || limits_of_pods() == [json!("64Mi")]).await;
    assert_eq!((stage.proxy.n_seen(eviction), stage.proxy.n_seen(deletion)), (0, 0));
}

#[actix_web::test]
async fn an_eviction_that_a_budget_forbids_is_refused_before_anything_is_written() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.cluster.guard("db").await;
    stage.run_hungry_as(Kind::StatefulSet, "db", "128Mi").await;

    let end = agent.fix("db", RAISE).await;

    assert_eq!(state(&end), ("refused", "refused_by_cluster"), "{end:#}");
    assert!(end["refusal"]["detail"].as_str().unwrap().contains("disruption budget"), "{end:#}");
    assert_eq!((stage.n_writes(), stage.proxy.n_seen(write)), (0, 0));
    assert_eq!(limit_of_set(&stage), "128Mi");
}

#[actix_web::test]
async fn an_eviction_that_is_refused_after_the_edit_takes_the_edit_back_and_becomes_no_delete() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry_as(Kind::StatefulSet, "db", "128Mi").await;
    let order = agent.order_for("db", RAISE).await;

    stage.proxy.next(eviction, budget());
    let fix = agent.carry_out(&order).await;
    let end = agent.end_of(&fix).await;

    assert_eq!((state(&end), &end["verdict"]), (("undone", "refused_by_cluster"), &Value::Null));
    assert_eq!((limit_of_set(&stage).as_str(), stage.n_writes()), ("128Mi", 2));
    assert_eq!((stage.proxy.n_seen(eviction), stage.proxy.n_seen(deletion)), (1, 0));
    // What the cluster refuses is not tried again on the same spec.
    assert_eq!(state(&agent.carry_out(&order).await), ("refused", "failed_before"));
}

#[actix_web::test]
async fn a_pod_that_was_replaced_before_its_eviction_needs_none() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry_as(Kind::StatefulSet, "db", "128Mi").await;
    let order = agent.order_for("db", RAISE).await;

    let held = stage.proxy.next(eviction, Fault::HoldRequest);
    let replace = async {
        held.here().await;
        stage.cluster.delete("/api/v1/namespaces/shop/pods/db-0").await;
        until("another has its name", || limit_of_pod(&stage) == Some(json!("192Mi"))).await;
        held.let_go();
    };
    let (fix, ()) = tokio::join!(agent.carry_out(&order), replace);
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("verified", ""), "{end:#}");
    assert_eq!((limit_of_set(&stage).as_str(), stage.n_writes()), ("192Mi", 1));
}

#[actix_web::test]
async fn a_stop_between_two_steps_answers_at_once_and_takes_the_first_back_later() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry_as(Kind::StatefulSet, "db", "128Mi").await;
    let order = agent.order_for("db", RAISE).await;

    let held = stage.proxy.next(write, Fault::HoldAnswer);
    let press = async {
        held.here().await;
        agent.set_mode("observe").await;
        held.let_go();
    };
    let (fix, ()) = tokio::join!(agent.carry_out(&order), press);

    assert_eq!((state(&fix).0, stage.n_writes()), ("undoing", 1), "{fix:#}");
    agent.set_mode("auto").await;
    let end = agent.end_of(&fix).await;
    assert_eq!((state(&end).0, limit_of_set(&stage).as_str()), ("undone", "128Mi"), "{end:#}");
}

#[actix_web::test]
async fn an_agent_that_ends_between_two_steps_takes_the_first_back_and_says_so() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry_as(Kind::StatefulSet, "db", "128Mi").await;
    let order = agent.order_for("db", RAISE).await;

    // The edit is made, and nobody is told.
    let held = stage.proxy.next(write, Fault::HoldAnswer);
    tokio::select! {
        answer = agent.post("/api/v1/execute-fix", &order) => panic!("it is not held: {answer:?}"),
        () = held.here() => {}
    }
    assert_eq!(limit_of_set(&stage), "192Mi");
    agent.kill();
    held.let_go();
    let agent = stage.agent().await;
    let listed = agent.get("/api/v1/executions").await.1;
    let end = agent.end_of(&listed["executions"][0]).await;

    assert_eq!((state(&end), &end["verdict"]), (("undone", "cut_off"), &Value::Null), "{end:#}");
    assert!(end["refusal"]["detail"].as_str().unwrap().contains("halfway"), "{end:#}");
    assert_eq!((limit_of_set(&stage).as_str(), stage.n_writes()), ("128Mi", 2));
    assert_eq!((stage.proxy.n_seen(eviction), limit_of_pod(&stage)), (0, Some(json!("128Mi"))));
    // Nobody knows whether it would have helped.
    assert_ne!(state(&agent.carry_out(&order).await).1, "failed_before");
}

#[actix_web::test]
async fn an_old_pod_that_a_budget_keeps_is_left_to_a_person() {
    let stage = Stage::open().await;
    let agent = stage.agent().await;
    stage.run_hungry_as(Kind::StatefulSet, "db", "64Mi").await;

    stage.proxy.after_first(eviction, budget());
    let fix = agent.fix("db", RAISE).await;
    let end = agent.end_of(&fix).await;

    assert_eq!(state(&end), ("stranded", "stranded"), "{end:#}");
    assert_eq!((limit_of_set(&stage).as_str(), stage.proxy.n_seen(deletion)), ("64Mi", 0));
}
