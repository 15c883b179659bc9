//! Events: written by components and by anybody, found by what they are about.

use rstest::rstest;
use serde_json::json;

use super::answer::{items, said};
use super::cluster::Side::{self, Live, Sandbox};
use super::workload::pod;

#[rstest]
#[tokio::test]
async fn an_event_can_be_written_and_found_by_its_object(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let about = json!({"apiVersion": "v1", "kind": "Pod", "name": "web", "namespace": cluster.namespace, "uid": "u-1"});
    let event = json!({"metadata": {"name": "web.1"}, "involvedObject": about, "reason": "Tested", "type": "Normal",
        "message": "This was a test", "source": {"component": "tests"}, "count": 2,
        "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:10Z"});
    cluster.post("events", &event).await.ok();

    let queries = [
        "involvedObject.name%3Dweb",
        "involvedObject.kind%3DPod,involvedObject.uid%3Du-1",
        "reason%3DTested,type%3DNormal",
        "source%3Dtests",
    ];
    for query in queries {
        let list = cluster.get(&format!("events?fieldSelector={query}")).await.ok();
        assert_eq!(items(&list).len(), 1, "{query}");
        assert_eq!(items(&list)[0]["count"], 2);
    }
    let list = cluster.get("events?fieldSelector=involvedObject.name%3Dother").await.ok();
    assert_eq!(list["items"], json!([]));
}

#[rstest]
#[tokio::test]
async fn both_groups_show_the_same_event_in_their_own_words(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let about =
        json!({"apiVersion": "v1", "kind": "Pod", "name": "web", "namespace": cluster.namespace});
    let event = json!({"metadata": {"name": "web.1"}, "involvedObject": about, "reason": "Tested", "type": "Warning", "message": "Once"});
    cluster.post("events", &event).await.ok();

    let path = format!("/apis/events.k8s.io/v1/namespaces/{}/events/web.1", cluster.namespace);
    let event = cluster.get(&path).await.ok();
    assert_eq!(event["apiVersion"], "events.k8s.io/v1");
    assert_eq!((said(&event["note"]), said(&event["regarding"]["name"])), ("Once", "web"));
}

#[rstest]
#[tokio::test]
async fn an_event_about_another_namespace_is_refused(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let about = json!({"kind": "Pod", "name": "web", "namespace": "elsewhere"});
    let event = json!({"metadata": {"name": "web.1"}, "involvedObject": about, "reason": "Tested", "type": "Normal"});
    let answer = cluster.post("events", &event).await;
    assert_eq!((answer.code, answer.causes()[0].1), (422, "involvedObject.namespace"));
}

#[rstest]
#[tokio::test]
async fn the_life_of_a_pod_is_told_in_events(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("pods", &pod("web", json!({}))).await.ok();
    let pod = cluster.until_ready("web").await;

    let place = format!(
        "Successfully assigned {}/web to {}",
        cluster.namespace,
        said(&pod["spec"]["nodeName"])
    );
    let scheduled = cluster.until_event("web", "Scheduled", &place).await;
    assert_eq!(scheduled["type"], "Normal");
    cluster.until_event("web", "Created", "Container created").await;
    let started = cluster.until_event("web", "Started", "Container started").await;
    assert_eq!(started["involvedObject"]["fieldPath"], "spec.containers{app}");
    assert_eq!(started["source"]["component"], "kubelet");
    assert_eq!(started["involvedObject"]["uid"], pod["metadata"]["uid"]);
    cluster.delete("pods/web", json!(null)).await.ok();
    cluster.until_event("web", "Killing", "Stopping container app").await;
}
