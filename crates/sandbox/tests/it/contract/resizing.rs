//! Changing the resources of a pod that runs.

use rstest::rstest;
use serde_json::{Value, json};

use super::answer::{condition, container};
use super::cluster::Side::{self, Live, Sandbox};
use super::cluster::{Cluster, STRATEGIC};
use super::workload::pod;

/// The pod `web`, which runs with 64Mi at most.
async fn with_pod(side: Side) -> Option<Cluster> {
    let cluster = side.open().await?;
    let resources = json!({"limits": {"cpu": "200m", "memory": "64Mi"}, "requests": {"cpu": "100m", "memory": "32Mi"}});
    cluster.post("pods", &pod("web", json!({"resources": resources}))).await.ok();
    cluster.until_ready("web").await;
    Some(cluster)
}

fn resources(value: Value) -> Value {
    json!({"spec": {"containers": [{"name": "app", "resources": value}]}})
}

#[rstest]
#[tokio::test]
async fn a_resize_is_done_in_place(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = with_pod(side).await else { return };

    let more = resources(json!({"limits": {"memory": "80Mi"}}));
    let resized = cluster.patch("pods/web/resize", STRATEGIC, more).await.ok();
    assert_eq!(
        resized["spec"]["containers"][0]["resources"]["limits"],
        json!({"cpu": "200m", "memory": "80Mi"})
    );
    assert_eq!(resized["metadata"]["generation"], 2);
    let done = |it: &Value| {
        container(it)["resources"]["limits"]["memory"] == "80Mi"
            && condition(it, "PodResizeInProgress").is_null()
            && condition(it, "PodResizePending").is_null()
    };
    let pod = cluster.until("pods/web", done).await;
    assert_eq!(
        (&container(&pod)["restartCount"], &pod["status"]["phase"]),
        (&json!(0), &json!("Running"))
    );
}

#[rstest]
#[tokio::test]
async fn resources_cannot_be_changed_by_a_plain_patch(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = with_pod(side).await else { return };

    let answer = cluster
        .patch("pods/web", STRATEGIC, resources(json!({"limits": {"memory": "80Mi"}})))
        .await;
    assert_eq!(answer.code, 422);
    let (reason, field, message) = answer.causes()[0];
    assert_eq!((reason, field), ("FieldValueForbidden", "spec"));
    let why = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,\
               `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions \
               to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it \
               was previously negative)";
    assert!(message.starts_with(why), "{message}");
}

#[rstest]
#[tokio::test]
async fn a_resize_that_is_none_is_refused(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = with_pod(side).await else { return };
    let resize =
        async |value: Value| cluster.patch("pods/web/resize", STRATEGIC, resources(value)).await;

    let answer = resize(json!({"limits": {"cpu": "100m", "memory": "32Mi"}})).await;
    let why = "Invalid value: \"Burstable\": Pod QOS Class may not change as a result of resizing";
    assert_eq!(answer.causes().iter().map(|it| (it.1, it.2)).collect::<Vec<_>>(), [("spec", why)]);
    let answer = resize(json!({"limits": {"cpu": null}})).await;
    assert_eq!(answer.code, 422);
    let answer = resize(json!({"requests": {"memory": "100Mi"}})).await;
    assert_eq!(answer.causes()[0].1, "spec.containers[0].resources.requests");
    let why = "Invalid value: \"100Mi\": must be less than or equal to memory limit of 64Mi";
    assert_eq!(answer.causes()[0].2, why);
    let answer = cluster.patch("pods/nope/resize", STRATEGIC, json!({})).await;
    answer.refused(404, "NotFound", "pods \"nope\" not found");
}

#[rstest]
#[tokio::test]
async fn a_resize_larger_than_the_node_stays_a_wish(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = with_pod(side).await else { return };

    let huge = resources(json!({"requests": {"cpu": "500"}, "limits": {"cpu": "600"}}));
    cluster.patch("pods/web/resize", STRATEGIC, huge).await.ok();
    let pod = cluster.until("pods/web", |it| !condition(it, "PodResizePending").is_null()).await;
    let pending = condition(&pod, "PodResizePending");
    assert_eq!((&pending["status"], &pending["reason"]), (&json!("True"), &json!("Infeasible")));
    let why = pending["message"].as_str().unwrap();
    assert!(
        why.starts_with("Node didn't have enough capacity: cpu, requested: 500000, capacity: "),
        "{why}"
    );
    assert_eq!(container(&pod)["resources"]["limits"]["cpu"], "200m");
}
