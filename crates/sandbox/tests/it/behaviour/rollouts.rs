//! Deployments on their way from one version to the next.

use serde_json::{Value, json};

use super::cluster::{Cluster, condition, is_ready, waits_for};

const IMAGE: &[&str] = &["spec", "template", "spec", "containers", "0", "image"];

fn is_complete(deployment: &Value) -> bool {
    condition(deployment, "Progressing")["reason"] == "NewReplicaSetAvailable"
}

#[tokio::test]
async fn a_bad_rollout_keeps_the_old_pods_and_can_be_undone() {
    let cluster = Cluster::start();
    cluster.deployment("web", 3, json!({"image": "nginx:1.25"}));
    cluster.change("deployments", "web", &["spec", "progressDeadlineSeconds"], json!(60));
    cluster.until_object("deployments", "web", is_complete).await;
    cluster.until_event("web", "ScalingReplicaSet", "from 0 to 3").await;

    cluster.change("deployments", "web", IMAGE, json!("nginx:1.99"));
    let stuck = cluster
        .until_object("deployments", "web", |it| {
            condition(it, "Progressing")["reason"] == "ProgressDeadlineExceeded"
        })
        .await;
    assert_eq!(stuck["status"]["availableReplicas"], 3);
    assert_eq!(stuck["status"]["unavailableReplicas"], 1);
    assert_eq!(condition(&stuck, "Available")["status"], "True");
    assert_eq!(stuck["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "2");
    assert_eq!(cluster.pods().iter().filter(|it| is_ready(it)).count(), 3);

    cluster.change("deployments", "web", IMAGE, json!("nginx:1.25"));
    let undone = cluster
        .until_object("deployments", "web", |it| {
            it["status"]["replicas"] == 3 && it["status"]["updatedReplicas"] == 3 && is_complete(it)
        })
        .await;
    assert_eq!(undone["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "3");
    let (sets, _) = cluster.store.list("replicasets", Some("shop"));
    assert_eq!(sets.len(), 2);
}

#[tokio::test]
async fn a_good_rollout_replaces_all_pods() {
    let cluster = Cluster::start();
    cluster.deployment("web", 3, json!({"image": "nginx:1.25"}));
    cluster.until_object("deployments", "web", is_complete).await;

    cluster.change("deployments", "web", IMAGE, json!("nginx:1.27"));
    cluster
        .until("three new pods alone", |it| {
            let (pods, _) = it.list("pods", Some("shop"));
            let new =
                |it: &Value| it["spec"]["containers"][0]["image"] == "nginx:1.27" && is_ready(it);
            (pods.len() == 3 && pods.iter().all(|it| new(it))).then_some(())
        })
        .await;
    cluster.until_event("web", "ScalingReplicaSet", "Scaled down replica set").await;
}

#[tokio::test]
async fn an_evicted_pod_comes_back() {
    let cluster = Cluster::start();
    cluster.deployment("web", 2, json!({"image": "nginx:1.27"}));
    cluster.until_object("deployments", "web", is_complete).await;
    let victim = cluster.pods()[0]["metadata"]["name"].as_str().unwrap().to_owned();

    cluster.delete("pods", &victim);
    cluster.until_event(&victim, "Killing", "Stopping container app").await;
    cluster
        .until("another pod", |it| {
            let (pods, _) = it.list("pods", Some("shop"));
            let others = pods.iter().all(|it| it["metadata"]["name"] != victim.as_str());
            (others && pods.iter().filter(|it| is_ready(it)).count() == 2).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_quota_refuses_what_is_too_much() {
    let cluster = Cluster::start();
    cluster.create(
        "resourcequotas",
        json!({"metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}}}),
    );
    cluster.deployment("over", 2, json!({"command": ["sleep", "1000000"]}));

    cluster
        .until_event(
            "over",
            "FailedCreate",
            "is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1",
        )
        .await;
    let deployment = cluster
        .until_object("deployments", "over", |it| {
            condition(it, "ReplicaFailure")["reason"] == "FailedCreate"
        })
        .await;
    assert!(deployment["status"]["replicas"] == 1 || deployment["status"]["replicas"].is_null());

    cluster.change("resourcequotas", "q", &["spec", "hard", "pods"], json!("5"));
    cluster.until_object("deployments", "over", |it| it["status"]["availableReplicas"] == 2).await;
}

#[tokio::test]
async fn a_deleted_deployment_takes_everything_along() {
    let cluster = Cluster::start();
    cluster.deployment("web", 2, json!({"image": "nginx:9.99"}));
    cluster.until_pod("web", |it| waits_for(it, "ImagePullBackOff")).await;

    cluster.delete("deployments", "web");
    cluster
        .until("nothing left", |it| {
            let left = it.list("pods", Some("shop")).0.len()
                + it.list("replicasets", Some("shop")).0.len();
            (left == 0).then_some(())
        })
        .await;
}
