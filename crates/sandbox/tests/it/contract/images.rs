//! Images that cannot be had, in the words that diagnoses are read from.

use rstest::rstest;
use serde_json::json;

use super::answer::waiting;
use super::cluster::STRATEGIC;
use super::cluster::Side::{self, Live, Sandbox};
use super::workload::{deployment, pod};

#[rstest]
#[tokio::test]
async fn an_image_that_does_not_exist_backs_off(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("pods", &pod("typo", json!({"image": "nginx:1.99"}))).await.ok();

    let pod = cluster.until("pods/typo", |it| waiting(it).0 == "ErrImagePull").await;
    let why = waiting(&pod).1.to_owned();
    assert!(why.contains("docker.io/library/nginx:1.99"), "{why}");
    assert!(why.ends_with("not found"), "{why}");
    let pod = cluster.until("pods/typo", |it| waiting(it).0 == "ImagePullBackOff").await;
    let text = waiting(&pod).1;
    assert!(text.starts_with("Back-off pulling image \"nginx:1.99\": ErrImagePull: "), "{text}");
    assert_eq!(pod["status"]["phase"], "Pending");
    let failed =
        cluster.until_event("typo", "Failed", "Failed to pull image \"nginx:1.99\": ").await;
    assert_eq!(failed["type"], "Warning");
    cluster.until_event("typo", "Pulling", "Pulling image \"nginx:1.99\"").await;
    cluster.until_event("typo", "Failed", "Error: ErrImagePull").await;
    cluster.until_event("typo", "BackOff", "Back-off pulling image \"nginx:1.99\"").await;
    cluster.until_event("typo", "Failed", "Error: ImagePullBackOff").await;
}

#[rstest]
#[tokio::test]
async fn an_image_that_is_mended_lets_the_rollout_finish(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("deployments", &deployment("web", json!({"image": "busybox:nope"}))).await.ok();
    let fails = |it: &serde_json::Value| waiting(&it["items"][0]).0 == "ErrImagePull";
    cluster.until("pods", fails).await;

    let mended = json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "busybox:1.36"}]}}}});
    cluster.patch("deployments/web", STRATEGIC, mended).await.ok();
    let done = |it: &serde_json::Value| {
        it["status"]["availableReplicas"] == 1 && it["status"]["replicas"] == 1
    };
    cluster.until("deployments/web", done).await;
}

#[rstest]
#[tokio::test]
async fn an_image_that_must_not_be_pulled_or_cannot_be_named_says_so(
    #[values(Sandbox, Live)] side: Side,
) {
    let Some(cluster) = side.open().await else { return };
    cluster
        .post("pods", &pod("never", json!({"image": "nginx:9", "imagePullPolicy": "Never"})))
        .await
        .ok();
    cluster.post("pods", &pod("syntax", json!({"image": "nginx::1"}))).await.ok();

    let pod = cluster.until("pods/never", |it| waiting(it).0 == "ErrImageNeverPull").await;
    assert_eq!(
        waiting(&pod).1,
        "Container image \"nginx:9\" is not present with pull policy of Never"
    );
    let pod = cluster.until("pods/syntax", |it| waiting(it).0 == "InvalidImageName").await;
    let why = "Failed to apply default image tag \"nginx::1\": couldn't parse image name \"nginx::1\": invalid reference format";
    assert_eq!(waiting(&pod).1, why);
    cluster.until_event("syntax", "InspectFailed", "Failed to apply default image tag").await;
}
