//! Pods that find no place.

use serde_json::json;

use super::cluster::{Cluster, condition, is_ready};

#[tokio::test]
async fn too_great_a_request_waits_until_it_is_smaller() {
    let cluster = Cluster::start();
    let huge =
        json!({"command": ["sleep", "1000000"], "resources": {"requests": {"memory": "64Gi"}}});
    cluster.deployment("big", 1, huge);

    let text = "0/3 nodes are available: 3 Insufficient memory. no new claims to deallocate, \
                preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.";
    let pod = cluster
        .until_pod("big", |it| condition(it, "PodScheduled")["reason"] == "Unschedulable")
        .await;
    assert_eq!(condition(&pod, "PodScheduled")["message"], text);
    assert_eq!(pod["status"]["phase"], "Pending");
    cluster.until_event("big", "FailedScheduling", text).await;

    cluster.change(
        "deployments",
        "big",
        &["spec", "template", "spec", "containers", "0", "resources", "requests", "memory"],
        json!("64Mi"),
    );
    cluster.until_pod("big", is_ready).await;
}

#[tokio::test]
async fn a_full_cluster_has_no_victims() {
    let cluster = Cluster::start();
    let large =
        || json!({"command": ["sleep", "1000000"], "resources": {"requests": {"memory": "5Gi"}}});
    cluster.deployment("web", 4, large());

    let text = "0/3 nodes are available: 3 Insufficient memory. no new claims to deallocate, \
                preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.";
    cluster.until_event("web", "FailedScheduling", text).await;
}

#[tokio::test]
async fn a_missing_claim_is_named() {
    let cluster = Cluster::start();
    cluster.create(
        "pods",
        json!({
            "metadata": {"name": "db"},
            "spec": {
                "containers": [{"name": "app", "image": "redis:7"}],
                "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}],
            },
        }),
    );

    cluster.until_event("db", "FailedScheduling", "persistentvolumeclaim \"data\" not found").await;
    let claim = json!({"metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    cluster.create("persistentvolumeclaims", claim);
    cluster.until_pod("db", is_ready).await;
}
