//! Evictions: deletions that ask a disruption budget first.

use rstest::rstest;
use serde_json::{Value, json};

use super::answer::said;
use super::cluster::Cluster;
use super::cluster::Side::{self, Live, Sandbox};
use super::workload::pod;

async fn with_pod(side: Side) -> Option<Cluster> {
    let cluster = side.open().await?;
    cluster.post("pods", &pod("web", json!({}))).await.ok();
    cluster.until_ready("web").await;
    Some(cluster)
}

fn eviction(options: Value) -> Value {
    json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "web"}, "deleteOptions": options})
}

#[rstest]
#[tokio::test]
async fn an_eviction_is_a_deletion_and_answers_with_a_status(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = with_pod(side).await else { return };

    let answer = cluster.post("pods/web/eviction", &eviction(json!({}))).await;
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    assert_eq!((answer.code, &answer.body), (201, &status));
    cluster.until("pods/web", |it| it["code"] == 404).await;
    let answer = cluster.post("pods/web/eviction", &eviction(json!({}))).await;
    answer.refused(404, "NotFound", "pods \"web\" not found");
}

#[rstest]
#[tokio::test]
async fn an_eviction_of_another_pod_is_refused(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = with_pod(side).await else { return };

    let options = json!({"preconditions": {"uid": "x"}});
    let answer = cluster.post("pods/web/eviction", &eviction(options)).await;
    assert_eq!((answer.code, said(&answer.body["reason"])), (409, "Conflict"));
    assert!(
        answer
            .message()
            .contains("the UID in the precondition (x) does not match the UID in record (")
    );
    let why = "name in URL does not match name in Eviction object";
    for metadata in [json!({"name": "other"}), json!({})] {
        let mut object = eviction(json!({}));
        object["metadata"] = metadata;
        cluster.post("pods/web/eviction", &object).await.refused(400, "BadRequest", why);
    }
    let pod = cluster.get("pods/web").await.ok();
    assert!(pod["metadata"]["deletionTimestamp"].is_null());
}

#[rstest]
#[tokio::test]
async fn a_rehearsed_eviction_evicts_nobody(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = with_pod(side).await else { return };

    let options = json!({"dryRun": ["All"]});
    assert_eq!(cluster.post("pods/web/eviction", &eviction(options)).await.code, 201);
    assert_eq!(cluster.post("pods/web/eviction?dryRun=All", &eviction(json!({}))).await.code, 201);
    let pod = cluster.get("pods/web").await.ok();
    assert!(pod["metadata"]["deletionTimestamp"].is_null());
}

#[rstest]
#[tokio::test]
async fn a_budget_that_needs_the_pod_keeps_it(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = with_pod(side).await else { return };
    let budget = json!({"metadata": {"name": "one"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}});
    cluster.post("poddisruptionbudgets", &budget).await.ok();
    cluster.until("poddisruptionbudgets/one", |it| it["status"]["currentHealthy"] == 1).await;

    let answer = cluster.post("pods/web/eviction", &eviction(json!({}))).await;
    let why = "Cannot evict pod as it would violate the pod's disruption budget.";
    answer.refused(429, "TooManyRequests", why);
    let needs = "The disruption budget one needs 1 healthy pods and has 1 currently";
    assert_eq!(answer.causes(), [("DisruptionBudget", "", needs)]);
    assert!(cluster.get("pods/web").await.ok()["metadata"]["deletionTimestamp"].is_null());
}
