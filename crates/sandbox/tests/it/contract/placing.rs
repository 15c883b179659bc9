//! Pods that find no place, and those that may not be made at all.

use rstest::rstest;
use serde_json::{Value, json};

use super::answer::{condition, said};
use super::cluster::Side::{self, Live, Sandbox};
use super::workload::{deployment, pod};

#[rstest]
#[tokio::test]
async fn a_pod_that_fits_nowhere_says_what_is_short(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let n_nodes = cluster.get("/api/v1/nodes").await.ok()["items"].as_array().unwrap().len();
    cluster
        .post("pods", &pod("huge", json!({"resources": {"requests": {"cpu": "900"}}})))
        .await
        .ok();

    let pod =
        cluster.until("pods/huge", |it| condition(it, "PodScheduled")["status"] == "False").await;
    let scheduled = condition(&pod, "PodScheduled");
    assert_eq!(scheduled["reason"], "Unschedulable");
    let text = format!("0/{n_nodes} nodes are available: {n_nodes} Insufficient cpu. ");
    assert!(said(&scheduled["message"]).starts_with(&text), "{scheduled}");
    let event = cluster.until_event("huge", "FailedScheduling", &text).await;
    assert_eq!((said(&event["type"]), said(&pod["status"]["phase"])), ("Warning", "Pending"));
}

#[rstest]
#[tokio::test]
async fn a_pod_that_no_node_matches_says_so(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let mut object = pod("picky", json!({}));
    object["spec"]["nodeSelector"] = json!({"disk": "gold"});
    cluster.post("pods", &object).await.ok();

    let pod =
        cluster.until("pods/picky", |it| condition(it, "PodScheduled")["status"] == "False").await;
    let text = said(&condition(&pod, "PodScheduled")["message"]);
    assert!(text.contains("node(s) didn't match Pod's node affinity/selector. "), "{text}");
}

#[rstest]
#[tokio::test]
async fn a_quota_keeps_pods_from_being_made(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let quota = json!({"metadata": {"name": "tight"}, "spec": {"hard": {"pods": "0"}}});
    cluster.post("resourcequotas", &quota).await.ok();
    cluster.until("resourcequotas/tight", |it| it["status"]["used"]["pods"] == "0").await;

    let answer = cluster.post("pods", &pod("one", json!({}))).await;
    let why = "pods \"one\" is forbidden: exceeded quota: tight, requested: pods=1, used: pods=0, limited: pods=0";
    answer.refused(403, "Forbidden", why);
    cluster.post("deployments", &deployment("web", json!({}))).await.ok();
    let failing = |it: &Value| condition(it, "ReplicaFailure")["status"] == "True";
    let object = cluster.until("deployments/web", failing).await;
    assert_eq!(condition(&object, "ReplicaFailure")["reason"], "FailedCreate");
    let event = cluster.until_event("web-", "FailedCreate", "Error creating: pods \"web-").await;
    let rest =
        "is forbidden: exceeded quota: tight, requested: pods=1, used: pods=0, limited: pods=0";
    assert!(said(&event["message"]).ends_with(rest), "{event}");
    assert_eq!(event["involvedObject"]["kind"], "ReplicaSet");
}
