//! What a fix does to the pods of other namespaces on its node: what the node explains is taken back, and no more
//! than that.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use types::Kind;

use crate::cluster::container;
use crate::stage::{RAISE, Stage, hungry, state, until};

/// The namespace of somebody else, which does not take part.
const OTHER: &str = "other";
/// The node on which everything runs that is told of here.
const NODE: &str = "node-1";

/// The spec of a pod that runs on that node.
fn there(mut spec: Value) -> Value {
    spec["nodeSelector"] = json!({"kubernetes.io/hostname": NODE});
    spec
}

fn is_ready(stage: &Stage, namespace: &str, name: &str) -> bool {
    let found = stage.cluster.sandbox.store().get("deployments", namespace, name);
    found.is_some_and(|it| it["status"]["readyReplicas"] == 1)
}

/// A Deployment `quiet` of another namespace on the node, which has been ready for a while; the name of its pod.
async fn run_beside(stage: &Stage) -> String {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OTHER}});
    stage.cluster.create("/api/v1/namespaces", &namespace).await;
    let labels = json!({"app": "quiet"});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "quiet", "namespace": OTHER},
        "spec": {"selector": {"matchLabels": labels}, "strategy": {"type": "Recreate"},
            "template": {"metadata": {"labels": labels}, "spec": there(container("nginx:1.27"))}}});
    stage
        .cluster
        .create(&format!("/apis/apps/v1/namespaces/{OTHER}/deployments"), &deployment)
        .await;
    until("what is beside is ready", || is_ready(stage, OTHER, "quiet")).await;
    let store = stage.cluster.sandbox.store();
    let pod = store.list("pods", Some(OTHER)).0[0]["metadata"]["name"].as_str().unwrap().to_owned();
    let earlier = Timestamp::now() - SignedDuration::from_mins(5);
    let aged = store.update_status("pods", OTHER, &pod, |it| {
        for condition in it["status"]["conditions"].as_array_mut().unwrap() {
            condition["lastTransitionTime"] = json!(earlier);
        }
        Ok(())
    });
    aged.unwrap();
    pod
}

/// The limit of `web` is raised, and it runs on the node with what it needs; the execution so far.
async fn raise(stage: &Stage, agent: &crate::agent_binary::AgentBinary) -> Value {
    stage.cluster.run(Kind::Deployment, "web", &there(hungry("128Mi"))).await;
    let order = agent.order_for("web", RAISE).await;
    let fix = agent.carry_out(&order).await;
    until("web runs again", || is_ready(stage, "shop", "web")).await;
    fix
}

/// As the kubelet does it when the node runs out of memory: the node says so and takes nobody in, and the pod is
/// put off.
fn run_out_of_memory(stage: &Stage, pod: &str) {
    let store = stage.cluster.sandbox.store();
    let taint = json!([{"key": "node.kubernetes.io/memory-pressure", "effect": "NoSchedule"}]);
    let tainted = store.update("nodes", "", NODE, |it| {
        it["spec"]["taints"] = taint;
        Ok(())
    });
    tainted.unwrap();
    stage.put_off(OTHER, pod);
}

#[actix_web::test]
async fn a_raise_after_which_a_pod_of_another_namespace_is_put_off_the_node_is_taken_back() {
    let stage = Stage::open().await;
    let agent = stage.slow_agent().await;
    let beside = run_beside(&stage).await;

    let fix = raise(&stage, &agent).await;
    run_out_of_memory(&stage, &beside);
    let end = agent.end_of(&fix).await;

    assert_eq!((state(&end), &end["verdict"]), (("undone", ""), &json!("worse")), "{end:#}");
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("128Mi", 2));
    let said = "same node: Deployment other/quiet lost replicas that were ready: a pod of it was evicted from node-1";
    let checks = end["checks"].as_array().unwrap();
    assert!(checks.iter().any(|it| it["note"] == said), "{checks:#?}");
}

#[actix_web::test]
async fn a_rollout_of_somebody_else_on_the_node_is_not_blamed_on_a_fix() {
    let stage = Stage::open().await;
    let agent = stage.slow_agent().await;
    run_beside(&stage).await;

    let fix = raise(&stage, &agent).await;
    let rolled_out = stage.cluster.sandbox.store().update("deployments", OTHER, "quiet", |it| {
        it["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:9.99");
        Ok(())
    });
    rolled_out.unwrap();
    until("it is not ready any more", || !is_ready(&stage, OTHER, "quiet")).await;
    let end = agent.end_of(&fix).await;

    assert_eq!((state(&end), &end["verdict"]), (("verified", ""), &json!("recovered")), "{end:#}");
    assert!(!is_ready(&stage, OTHER, "quiet"));
    assert_eq!((stage.limit("web").as_str(), stage.n_writes()), ("192Mi", 1));
}
