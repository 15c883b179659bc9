//! Deleting: preconditions, grace, finalizers, and what becomes of what was owned.

use rstest::rstest;
use serde_json::{Value, json};

use super::answer::{items, said};
use super::cluster::Side::{self, Live, Sandbox};
use super::cluster::{Cluster, MERGE};
use super::workload::{config_map, deployment, pod};

/// The config map `parent`, and `child` which it owns.
async fn family(cluster: &Cluster) {
    let parent = cluster.post("configmaps", &config_map("parent", json!({}))).await.ok();
    let mut child = config_map("child", json!({}));
    child["metadata"]["ownerReferences"] = json!([{"apiVersion": "v1", "kind": "ConfigMap",
        "name": "parent", "uid": parent["metadata"]["uid"], "blockOwnerDeletion": true}]);
    cluster.post("configmaps", &child).await.ok();
}

fn is_gone(answer: &Value) -> bool {
    answer["code"] == 404
}

#[rstest]
#[tokio::test]
async fn a_deletion_for_another_object_is_a_conflict(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let object = cluster.post("configmaps", &config_map("a", json!({}))).await.ok();

    let answer = cluster.delete("configmaps/a", json!({"preconditions": {"uid": "x"}})).await;
    let why = format!(
        "Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (x) does not match \
         the UID in record ({}). The object might have been deleted and then recreated",
        said(&object["metadata"]["uid"])
    );
    answer.refused(409, "Conflict", &why);
    let answer =
        cluster.delete("configmaps/a", json!({"preconditions": {"resourceVersion": "1"}})).await;
    assert_eq!(answer.code, 409);
    let uid = &object["metadata"]["uid"];
    let gone = cluster.delete("configmaps/a", json!({"preconditions": {"uid": uid}})).await.ok();
    assert_eq!((said(&gone["kind"]), said(&gone["status"])), ("Status", "Success"));
    assert_eq!(gone["details"], json!({"name": "a", "kind": "configmaps", "uid": uid}));
    let answer = cluster.delete("configmaps/a", json!(null)).await;
    answer.refused(404, "NotFound", "configmaps \"a\" not found");
}

#[rstest]
#[tokio::test]
async fn a_rehearsed_deletion_deletes_nothing(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("configmaps", &config_map("a", json!({}))).await.ok();

    cluster.delete("configmaps/a?dryRun=All", json!(null)).await.ok();
    cluster.delete("configmaps/a", json!({"dryRun": ["All"]})).await.ok();
    cluster.get("configmaps/a").await.ok();
}

#[rstest]
#[tokio::test]
async fn what_is_owned_goes_after_its_owner(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    family(&cluster).await;

    cluster.delete("configmaps/parent", json!(null)).await.ok();
    cluster.until("configmaps/child", is_gone).await;
}

#[rstest]
#[tokio::test]
async fn orphans_stay_and_forget_their_owner(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    family(&cluster).await;

    let answer =
        cluster.delete("configmaps/parent", json!({"propagationPolicy": "Orphan"})).await.ok();
    assert_eq!(answer["metadata"]["finalizers"], json!(["orphan"]));
    cluster.until("configmaps/parent", is_gone).await;
    let child = cluster.get("configmaps/child").await.ok();
    assert!(child["metadata"]["ownerReferences"].is_null());
}

#[rstest]
#[tokio::test]
async fn in_the_foreground_what_is_owned_goes_first(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    family(&cluster).await;

    let held = json!({"metadata": {"finalizers": ["example.com/wait"]}});
    cluster.patch("configmaps/child", MERGE, held).await.ok();
    let options = json!({"propagationPolicy": "Foreground"});
    let waiting = cluster.delete("configmaps/parent", options).await.ok();
    assert_eq!(waiting["metadata"]["finalizers"], json!(["foregroundDeletion"]));
    assert!(waiting["metadata"]["deletionTimestamp"].is_string());
    cluster.until("configmaps/child", |it| it["metadata"]["deletionTimestamp"].is_string()).await;
    cluster.get("configmaps/parent").await.ok();
    let free = json!({"metadata": {"finalizers": null}});
    cluster.patch("configmaps/child", MERGE, free).await.ok();
    cluster.until("configmaps/parent", is_gone).await;
}

#[rstest]
#[tokio::test]
async fn an_unknown_policy_is_refused(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("configmaps", &config_map("a", json!({}))).await.ok();

    let answer = cluster.delete("configmaps/a", json!({"propagationPolicy": "Foo"})).await;
    let why = "Unsupported value: \"Foo\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"";
    assert_eq!(answer.causes(), [("FieldValueNotSupported", "propagationPolicy", why)]);
}

#[rstest]
#[tokio::test]
async fn a_running_pod_gets_its_time_and_a_forced_one_none(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    for name in ["slow", "forced"] {
        cluster.post("pods", &pod(name, json!({}))).await.ok();
        cluster.until_ready(name).await;
    }

    let marked = cluster.delete("pods/slow", json!({"gracePeriodSeconds": 2})).await.ok();
    assert_eq!(
        (said(&marked["kind"]), &marked["metadata"]["deletionGracePeriodSeconds"]),
        ("Pod", &json!(2))
    );
    assert_eq!(marked["metadata"]["generation"], 2);
    cluster.until("pods/slow", is_gone).await;
    let gone = cluster.delete("pods/forced", json!({"gracePeriodSeconds": 0})).await.ok();
    assert_eq!(gone["metadata"]["deletionGracePeriodSeconds"], 0);
    assert!(gone["metadata"]["deletionTimestamp"].is_string());
    assert!(is_gone(&cluster.get("pods/forced").await.body));
}

#[rstest]
#[tokio::test]
async fn a_deployment_takes_its_pods_along(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("deployments", &deployment("web", json!({}))).await.ok();
    cluster.until("deployments/web", |it| it["status"]["availableReplicas"] == 1).await;

    let gone = cluster.delete("deployments/web", json!(null)).await.ok();
    assert_eq!((said(&gone["status"]), said(&gone["details"]["group"])), ("Success", "apps"));
    cluster.until("replicasets", |it| it["items"] == json!([])).await;
    cluster.until("pods", |it| it["items"] == json!([])).await;
}

#[rstest]
#[tokio::test]
async fn a_selection_can_be_deleted_at_once(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    for name in ["a", "b"] {
        let mut object = config_map(name, json!({}));
        object["metadata"]["labels"] = json!({"name": name});
        cluster.post("configmaps", &object).await.ok();
    }

    let gone = cluster.delete("configmaps?labelSelector=name%3Da", json!(null)).await.ok();
    assert_eq!((said(&gone["kind"]), items(&gone).len()), ("ConfigMapList", 1));
    assert_eq!(cluster.get("configmaps/a").await.code, 404);
    cluster.get("configmaps/b").await.ok();
}
