//! The scale of a workload, whatever its kind.

use rstest::rstest;
use serde_json::json;

use super::answer::said;
use super::cluster::Side::{self, Live, Sandbox};
use super::cluster::{Cluster, MERGE};
use super::workload::deployment;

async fn with_deployment(side: Side) -> Option<Cluster> {
    let cluster = side.open().await?;
    let mut object = deployment("web", json!({}));
    object["spec"]["replicas"] = json!(0);
    cluster.post("deployments", &object).await.ok();
    Some(cluster)
}

#[rstest]
#[tokio::test]
async fn a_scale_has_the_replicas_and_the_selector(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = with_deployment(side).await else { return };

    let scale = cluster.get("deployments/web/scale").await.ok();
    assert_eq!((said(&scale["kind"]), said(&scale["apiVersion"])), ("Scale", "autoscaling/v1"));
    assert_eq!(
        (&scale["spec"], &scale["status"]),
        (&json!({}), &json!({"replicas": 0, "selector": "app=web"}))
    );
    let scale =
        cluster.patch("deployments/web/scale", MERGE, json!({"spec": {"replicas": 2}})).await.ok();
    assert_eq!(scale["spec"]["replicas"], 2);
    cluster.until("deployments/web", |it| it["status"]["availableReplicas"] == 2).await;
    let object = cluster.get("deployments/web").await.ok();
    assert_eq!(
        (&object["spec"]["replicas"], &object["metadata"]["generation"]),
        (&json!(2), &json!(2))
    );
}

#[rstest]
#[tokio::test]
async fn a_scale_is_checked_as_objects_are(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = with_deployment(side).await else { return };

    let answer =
        cluster.patch("deployments/web/scale", MERGE, json!({"spec": {"replicas": -1}})).await;
    assert_eq!(answer.code, 422);
    let why = "Invalid value: -1: must be greater than or equal to 0";
    assert_eq!(answer.causes()[0].2, why);
    let answer =
        cluster.patch("deployments/web/scale", MERGE, json!({"spec": {"replicas": "x"}})).await;
    assert_eq!((answer.code, answer.causes()[0].1), (422, "patch"));
    let mut scale = cluster.get("deployments/web/scale").await.ok();
    scale["metadata"]["resourceVersion"] = json!("1");
    let answer = cluster.put("deployments/web/scale", &scale).await;
    let why = "Operation cannot be fulfilled on deployments.apps \"web\": the object has been modified; \
               please apply your changes to the latest version and try again";
    answer.refused(409, "Conflict", why);
    let answer = cluster.get("deployments/nope/scale").await;
    answer.refused(404, "NotFound", "deployments.apps \"nope\" not found");
}
