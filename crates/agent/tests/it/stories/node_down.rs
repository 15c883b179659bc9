//! A node that is down takes its pods along: every workload says so and names it, and nothing is done about any of
//! them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use types::Kind;

use crate::cluster::container;
use crate::stage::{Stage, until};

/// The node that goes down.
const NODE: &str = "node-1";
/// What runs there.
const WORKLOADS: [(Kind, &str); 3] =
    [(Kind::Deployment, "web"), (Kind::StatefulSet, "db"), (Kind::Pod, "report")];

/// The spec of a pod that runs on that node.
fn there() -> Value {
    let mut spec = container("nginx:1.27");
    spec["nodeSelector"] = json!({"kubernetes.io/hostname": NODE});
    spec
}

/// Workloads that run on a node which has been there for an hour.
async fn run_there(stage: &Stage) {
    let store = stage.cluster.sandbox.store();
    let mut node = Value::clone(&store.get("nodes", "", NODE).unwrap());
    node["metadata"]["creationTimestamp"] = json!(Timestamp::now() - SignedDuration::from_hours(1));
    store.restore("nodes", node);
    for (kind, name) in WORKLOADS {
        stage.cluster.run(kind, name, &there()).await;
    }
    until("all is ready", || {
        let pods = store.list("pods", Some("shop")).0;
        let ready = pods.iter().filter(|it| is_ready(it)).count();
        ready == WORKLOADS.len()
    })
    .await;
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|it| it["type"] == "Ready" && it["status"] == "True")
}

/// Cuts the node off, or lets it be heard again.
async fn cut_off(stage: &Stage, down: &str) {
    let patch = json!({"metadata": {"annotations": {"sandbox.k8s-reflexion.io/down": down}}});
    stage.cluster.change_node(NODE, &patch).await;
}

/// The open incidents, once there is one for each workload and all are like this.
fn all_alike(body: &Value, is_so: impl Fn(&Value) -> bool) -> Option<Vec<Value>> {
    let incidents = body["incidents"].as_array()?;
    let is_done = incidents.len() == WORKLOADS.len() && incidents.iter().all(is_so);
    is_done.then(|| incidents.clone())
}

#[actix_web::test]
async fn every_workload_on_a_node_that_is_down_names_it_and_is_left_alone() {
    let stage = Stage::open().await;
    run_there(&stage).await;
    let agent = stage.agent().await;

    cut_off(&stage, "true").await;
    let open = "/api/v1/incidents?state=open";
    let is_of_node = |it: &Value| {
        it["fault"] == "NodeDown" && it["caused_by"] == json!([{"kind": "Node", "name": NODE}])
    };
    let first = agent.until(open, |body| all_alike(body, is_of_node)).await;
    // The cluster deletes its pods then, and none of them goes.
    until("its pods are deleted", || {
        stage.object("pods", "db-0").unwrap()["metadata"]["deletionTimestamp"].is_string()
    })
    .await;
    let store = stage.cluster.sandbox.store();
    until("another pod waits for the node", || {
        store.list("pods", Some("shop")).0.iter().any(|it| it["spec"]["nodeName"].is_null())
    })
    .await;
    let is_stuck = |it: &Value| {
        let clues = it["diagnoses"][0]["clues"].as_array().unwrap();
        is_of_node(it)
            && clues.iter().any(|it| it["fact"].as_str().unwrap().ends_with("].terminating"))
    };
    let then = agent.until(open, |body| all_alike(body, is_stuck)).await;

    for incident in first.iter().chain(&then) {
        let cause = incident["diagnoses"][0]["cause"].as_str().unwrap();
        assert!(cause.starts_with("Node node-1 is not ready since "), "{cause}");
        assert!(cause.ends_with("its kubelet says nothing of the 1 of 1 pods there."), "{cause}");
        assert_eq!(incident["offers"], json!([]), "{incident:#}");
    }
    let (_, executions) = agent.get("/api/v1/executions").await;
    assert_eq!((&executions["executions"], stage.n_writes()), (&json!([]), 0), "{executions:#}");

    cut_off(&stage, "false").await;
    let is_over = |body: &Value| body["incidents"].as_array()?.is_empty().then_some(());
    agent.until("/api/v1/incidents?state=open", is_over).await;
}
