//! Replacing objects: versions, identities, generations and what cannot be changed.

use rstest::rstest;
use serde_json::{Value, json};

use super::answer::said;
use super::cluster::Cluster;
use super::cluster::MERGE;
use super::cluster::Side::{self, Live, Sandbox};
use super::workload::{config_map, deployment};

fn version(object: &Value) -> u64 {
    said(&object["metadata"]["resourceVersion"]).parse().unwrap()
}

async fn create(cluster: &Cluster) -> Value {
    cluster.post("configmaps", &config_map("a", json!({"k": "v"}))).await.ok()
}

#[rstest]
#[tokio::test]
async fn a_stale_object_is_a_conflict(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let mut stale = create(&cluster).await;
    cluster.patch("configmaps/a", MERGE, json!({"data": {"k": "w"}})).await.ok();

    stale["data"]["k"] = json!("mine");
    let answer = cluster.put("configmaps/a", &stale).await;
    let why = "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; \
               please apply your changes to the latest version and try again";
    answer.refused(409, "Conflict", why);
    assert_eq!(answer.body["details"], json!({"name": "a", "kind": "configmaps"}));
    let answer = cluster
        .patch(
            "configmaps/a",
            MERGE,
            json!({"metadata": {"resourceVersion": stale["metadata"]["resourceVersion"]}}),
        )
        .await;
    answer.refused(409, "Conflict", why);
    assert_eq!(cluster.get("configmaps/a").await.ok()["data"], json!({"k": "w"}));
}

#[rstest]
#[tokio::test]
async fn versions_rise_and_the_uid_stays(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let first = create(&cluster).await;

    let mut next = first.clone();
    next["data"]["k"] = json!("w");
    let second = cluster.put("configmaps/a", &next).await.ok();
    assert!(version(&first) < version(&second));
    for member in ["uid", "creationTimestamp", "name"] {
        assert_eq!(first["metadata"][member], second["metadata"][member]);
    }
    // A write that changes nothing makes no version.
    let third = cluster.put("configmaps/a", &second).await.ok();
    assert_eq!(version(&second), version(&third));
}

#[rstest]
#[tokio::test]
async fn an_object_cannot_become_another(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let object = create(&cluster).await;

    let answer = cluster.put("configmaps/a", &config_map("b", json!({}))).await;
    let why = "the name of the object (b) does not match the name on the URL (a)";
    answer.refused(400, "BadRequest", why);
    let answer = cluster.put("configmaps/a", &json!({"data": {}})).await;
    let why = "the name of the object (a based on URL) was undeterminable: name must be provided";
    answer.refused(400, "BadRequest", why);
    let mut other = config_map("a", json!({}));
    other["metadata"]["uid"] = json!("6e5b0e4e-0000-4000-8000-000000000000");
    let answer = cluster.put("configmaps/a", &other).await;
    assert_eq!((answer.code, said(&answer.body["reason"])), (409, "Conflict"));
    let uids = format!(
        "Precondition failed: UID in precondition: 6e5b0e4e-0000-4000-8000-000000000000, UID in object meta: {}",
        said(&object["metadata"]["uid"])
    );
    assert!(answer.message().ends_with(&uids), "{}", answer.message());
    let answer = cluster.put("configmaps/nope", &config_map("nope", json!({}))).await;
    answer.refused(404, "NotFound", "configmaps \"nope\" not found");
}

#[rstest]
#[tokio::test]
async fn the_generation_counts_changes_of_the_spec_only(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let mut object = deployment("web", json!({}));
    object["spec"]["replicas"] = json!(0);
    cluster.post("deployments", &object).await.ok();

    let labelled = json!({"metadata": {"labels": {"a": "b"}}});
    let object = cluster.patch("deployments/web", MERGE, labelled).await.ok();
    assert_eq!(object["metadata"]["generation"], 1);
    let deadline = json!({"spec": {"progressDeadlineSeconds": 100}});
    let object = cluster.patch("deployments/web", MERGE, deadline).await.ok();
    assert_eq!(object["metadata"]["generation"], 2);
    cluster.until("deployments/web", |it| it["status"]["observedGeneration"] == 2).await;
}

#[rstest]
#[tokio::test]
async fn the_status_is_written_through_its_own_door(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let mut budget = json!({"metadata": {"name": "b"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"x": "y"}}}});
    budget["status"] = json!({"currentHealthy": 5});
    let created = cluster.post("poddisruptionbudgets", &budget).await.ok();
    assert_eq!(created["status"]["currentHealthy"], 0);
    let place = "poddisruptionbudgets/b";
    cluster.until(place, |it| it["status"]["observedGeneration"] == 1).await;

    let both = json!({"spec": {"minAvailable": 9}, "status": {"conditions": [
        {"type": "Ours", "status": "True", "reason": "Test", "message": "", "lastTransitionTime": "2024-01-01T00:00:00Z"}]}});
    let through_status =
        cluster.patch("poddisruptionbudgets/b/status", MERGE, both.clone()).await.ok();
    assert_eq!(through_status["spec"]["minAvailable"], 1);
    assert_eq!(through_status["status"]["conditions"][0]["type"], "Ours");
    assert_eq!(through_status["metadata"]["generation"], 1);
    let through_main = cluster
        .patch(place, MERGE, json!({"spec": {"minAvailable": 2}, "status": {"conditions": null}}))
        .await
        .ok();
    assert_eq!(
        (&through_main["spec"]["minAvailable"], &through_main["metadata"]["generation"]),
        (&json!(2), &json!(2))
    );
    assert!(!through_main["status"]["conditions"].is_null());
}

#[rstest]
#[tokio::test]
async fn what_is_immutable_stays(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let mut object = deployment("web", json!({}));
    object["spec"]["replicas"] = json!(0);
    cluster.post("deployments", &object).await.ok();

    let patch = json!({"spec": {"selector": {"matchLabels": {"app": "web", "q": "1"}},
        "template": {"metadata": {"labels": {"q": "1"}}}}});
    let answer = cluster.patch("deployments/web", MERGE, patch).await;
    assert_eq!((answer.code, said(&answer.body["reason"])), (422, "Invalid"));
    let why = "Invalid value: {\"matchLabels\":{\"app\":\"web\",\"q\":\"1\"}}: field is immutable";
    assert_eq!(answer.causes(), [("FieldValueInvalid", "spec.selector", why)]);
    let mut sealed = config_map("sealed", json!({"k": "v"}));
    sealed["immutable"] = json!(true);
    cluster.post("configmaps", &sealed).await.ok();
    let answer = cluster.patch("configmaps/sealed", MERGE, json!({"data": {"k": "w"}})).await;
    let why = "Forbidden: field is immutable when `immutable` is set";
    assert_eq!(answer.causes(), [("FieldValueForbidden", "data", why)]);
}
