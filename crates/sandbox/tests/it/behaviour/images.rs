//! Images that cannot be had.

use sandbox::store::Store;
use serde_json::json;

use super::cluster::{Cluster, is_ready, status, waits_for};

#[tokio::test]
async fn a_typo_in_a_tag_backs_off_in_containerds_words_and_heals() {
    let cluster = Cluster::start();
    cluster.deployment("web", 1, json!({"image": "nginx:1.99"}));

    let pod = cluster.until_pod("web", |it| waits_for(it, "ErrImagePull")).await;
    let why = "rpc error: code = NotFound desc = failed to pull and unpack image \
               \"docker.io/library/nginx:1.99\": failed to resolve reference \
               \"docker.io/library/nginx:1.99\": docker.io/library/nginx:1.99: not found";
    assert_eq!(status(&pod)["state"]["waiting"]["message"], why);

    let pod = cluster.until_pod("web", |it| waits_for(it, "ImagePullBackOff")).await;
    let text = format!("Back-off pulling image \"nginx:1.99\": ErrImagePull: {why}");
    assert_eq!(status(&pod)["state"]["waiting"]["message"], text);
    assert_eq!(pod["status"]["phase"], "Pending");
    cluster
        .until_event("web", "Failed", &format!("Failed to pull image \"nginx:1.99\": {why}"))
        .await;
    cluster.until_event("web", "BackOff", "Back-off pulling image \"nginx:1.99\"").await;

    cluster.change(
        "deployments",
        "web",
        &["spec", "template", "spec", "containers", "0", "image"],
        json!("nginx:1.27"),
    );
    cluster.until_object("deployments", "web", |it| it["status"]["availableReplicas"] == 1).await;
    let pods = cluster
        .until("the bad pod goes", |it| {
            Some(it.list("pods", Some("shop")).0).filter(|it| it.len() == 1)
        })
        .await;
    assert!(is_ready(&pods[0]));
}

/// A kubelet that pulls again says nothing until that has failed as well.
#[tokio::test]
async fn between_two_tries_the_last_obstacle_stays_on_show() {
    let cluster = Cluster::start();
    cluster.pod("web", json!({"image": "nginx:1.99"}));
    let mut seen = cluster.store.watch("pods", Some("shop"), 0).unwrap();

    let third_try = |it: &Store| {
        let events = it.list("events", Some("shop")).0;
        events
            .into_iter()
            .find(|it| it["reason"] == "Pulling" && 3 <= it["count"].as_i64().unwrap())
    };
    cluster.until("a third try", third_try).await;

    let changes = seen.ready().unwrap();
    let reasons = changes.iter().map(|it| &status(&it.object)["state"]["waiting"]["reason"]);
    let mut after_failure = reasons.skip_while(|it| **it != "ErrImagePull");
    assert!(after_failure.all(|it| it == "ErrImagePull" || it == "ImagePullBackOff"));
}

#[tokio::test]
async fn every_way_not_to_get_an_image_has_its_reason() {
    let cluster = Cluster::start();
    cluster.pod("syntax", json!({"image": "nginx::1"}));
    cluster.pod("never", json!({"image": "nginx:9", "imagePullPolicy": "Never"}));
    cluster.pod("private", json!({"image": "private.example/app:1"}));

    cluster.until_pod("syntax", |it| waits_for(it, "InvalidImageName")).await;
    cluster
        .until_event(
            "syntax",
            "InspectFailed",
            "couldn't parse image name \"nginx::1\": invalid reference format",
        )
        .await;
    cluster.until_pod("never", |it| waits_for(it, "ErrImageNeverPull")).await;
    cluster
        .until_event(
            "never",
            "ErrImageNeverPull",
            "Container image \"nginx:9\" is not present with pull policy of Never",
        )
        .await;
    cluster.until_event("private", "Failed", "401 Unauthorized").await;
}
