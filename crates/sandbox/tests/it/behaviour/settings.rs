//! Settings that are missing.

use serde_json::json;

use super::cluster::{Cluster, is_ready, status, waits_for};

#[tokio::test]
async fn a_missing_configmap_blocks_the_start_until_it_is_there() {
    let cluster = Cluster::start();
    let from = json!([{"configMapRef": {"name": "settings"}}]);
    cluster.pod("web", json!({"command": ["sleep", "1000000"], "envFrom": from}));

    let pod = cluster.until_pod("web", |it| waits_for(it, "CreateContainerConfigError")).await;
    assert_eq!(status(&pod)["state"]["waiting"]["message"], "configmap \"settings\" not found");
    cluster.until_event("web", "Failed", "Error: configmap \"settings\" not found").await;

    cluster.create("configmaps", json!({"metadata": {"name": "settings"}, "data": {"A": "1"}}));
    cluster.until_pod("web", is_ready).await;
}

#[tokio::test]
async fn a_missing_key_is_named_with_its_place() {
    let cluster = Cluster::start();
    cluster.create("configmaps", json!({"metadata": {"name": "have"}, "data": {"a": "1"}}));
    let env =
        json!([{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "have", "key": "k"}}}]);
    cluster.pod("nokey", json!({"command": ["sleep", "1000000"], "env": env}));
    let env = json!([{"name": "A", "valueFrom": {"secretKeyRef": {"name": "nos", "key": "k"}}}]);
    cluster.pod("nosecret", json!({"command": ["sleep", "1000000"], "env": env}));

    cluster
        .until_event("nokey", "Failed", "Error: couldn't find key k in ConfigMap shop/have")
        .await;
    cluster.until_event("nosecret", "Failed", "Error: secret \"nos\" not found").await;
}

#[tokio::test]
async fn a_missing_volume_source_keeps_the_container_creating() {
    let cluster = Cluster::start();
    cluster.create("pods", json!({
        "metadata": {"name": "web"},
        "spec": {
            "containers": [{"name": "app", "image": "busybox:1.36", "command": ["sleep", "1000000"],
                "volumeMounts": [{"name": "c", "mountPath": "/c"}]}],
            "volumes": [{"name": "c", "configMap": {"name": "missing"}}],
        },
    }));

    cluster
        .until_event(
            "web",
            "FailedMount",
            "MountVolume.SetUp failed for volume \"c\" : configmap \"missing\" not found",
        )
        .await;
    assert!(waits_for(&cluster.get("pods", "web"), "ContainerCreating"));
    cluster.create("configmaps", json!({"metadata": {"name": "missing"}}));
    cluster.until_pod("web", is_ready).await;
}
