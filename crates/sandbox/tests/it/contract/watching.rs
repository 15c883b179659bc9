//! Watching: from a version on, with bookmarks, and what happens when history is gone.

use rstest::rstest;
use serde_json::json;

use super::answer::said;
use super::cluster::Side::{self, Live, Sandbox};
use super::cluster::{Cluster, MERGE};
use super::workload::config_map;

/// Creates a config map that the watches of this file see, and answers with its version.
async fn create(cluster: &Cluster, name: &str) -> String {
    let mut object = config_map(name, json!({"k": "v"}));
    object["metadata"]["labels"] = json!({"seen": "yes"});
    let created = cluster.post("configmaps", &object).await.ok();
    said(&created["metadata"]["resourceVersion"]).to_owned()
}

fn told(kind: &str, name: &str) -> (String, String) {
    (kind.to_owned(), name.to_owned())
}

#[rstest]
#[tokio::test]
async fn a_watch_tells_every_change_since_a_version_in_order(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let since = create(&cluster, "before").await;
    create(&cluster, "a").await;
    cluster.patch("configmaps/a", MERGE, json!({"data": {"k": "w"}})).await.ok();
    cluster.delete("configmaps/a", json!(null)).await.ok();

    let query = format!("configmaps?watch=true&labelSelector=seen&resourceVersion={since}");
    let mut watch = cluster.watch(&query).await;
    let seen = watch.told(3).await;
    assert_eq!(seen, [told("ADDED", "a"), told("MODIFIED", "a"), told("DELETED", "a")]);

    create(&cluster, "later").await;
    assert_eq!(watch.told(1).await, [told("ADDED", "later")]);
}

#[rstest]
#[tokio::test]
async fn a_watch_without_a_version_begins_with_what_is_there(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    create(&cluster, "a").await;

    let mut watch = cluster.watch("configmaps?watch=1&labelSelector=seen").await;
    let first = watch.next().await.unwrap();
    assert_eq!((said(&first["type"]), said(&first["object"]["kind"])), ("ADDED", "ConfigMap"));
    assert_eq!(first["object"]["apiVersion"], "v1");
}

#[rstest]
#[tokio::test]
async fn leaving_a_selection_is_a_deletion(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let since = create(&cluster, "a").await;

    let unlabel = json!({"metadata": {"labels": {"seen": null}}});
    let left = cluster.patch("configmaps/a", MERGE, unlabel).await.ok();
    let query = format!("configmaps?watch=true&labelSelector=seen&resourceVersion={since}");
    let change = cluster.watch(&query).await.next().await.unwrap();
    assert_eq!(change["type"], "DELETED");
    // The object as it was selected, at the version at which it left.
    assert_eq!(change["object"]["metadata"]["labels"], json!({"seen": "yes"}));
    let version = &change["object"]["metadata"]["resourceVersion"];
    assert_eq!(version, &left["metadata"]["resourceVersion"]);
}

#[rstest]
#[tokio::test]
async fn a_streaming_list_ends_its_beginning_with_a_bookmark(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    create(&cluster, "a").await;
    create(&cluster, "b").await;

    let query = "configmaps?watch=true&labelSelector=seen&sendInitialEvents=true\
                 &allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";
    let mut watch = cluster.watch(query).await;
    assert_eq!(watch.told(2).await, [told("ADDED", "a"), told("ADDED", "b")]);
    let bookmark = watch.next().await.unwrap();
    assert_eq!(
        (said(&bookmark["type"]), said(&bookmark["object"]["kind"])),
        ("BOOKMARK", "ConfigMap")
    );
    let metadata = &bookmark["object"]["metadata"];
    assert_eq!(metadata["annotations"], json!({"k8s.io/initial-events-end": "true"}));
    assert!(said(&metadata["resourceVersion"]).parse::<u64>().is_ok());
    assert!(metadata["name"].is_null());

    create(&cluster, "c").await;
    assert_eq!(watch.told(1).await, [told("ADDED", "c")]);
}

#[rstest]
#[tokio::test]
async fn a_streaming_list_has_to_say_how_new_it_must_be(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let answer = cluster.get("configmaps?watch=true&sendInitialEvents=true").await;
    assert_eq!((answer.code, said(&answer.body["reason"])), (422, "Invalid"));
    let why = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
    assert_eq!(answer.causes(), [("FieldValueForbidden", "resourceVersionMatch", why)]);
}

#[rstest]
#[tokio::test]
async fn a_watch_ends_when_its_time_is_up(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    create(&cluster, "a").await;

    let mut watch =
        cluster.watch("configmaps?watch=true&labelSelector=seen&timeoutSeconds=1").await;
    assert_eq!(watch.told(1).await, [told("ADDED", "a")]);
    assert_eq!(watch.next().await, None);
}

#[rstest]
#[tokio::test]
async fn a_version_that_was_forgotten_is_gone(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    create(&cluster, "a").await;
    // A real server has long forgotten its first version.
    forget(&cluster);

    let mut watch = cluster.watch("configmaps?watch=true&resourceVersion=1&timeoutSeconds=5").await;
    let Some(change) = watch.next().await else { return };
    let Some(found) = change["object"]["code"].as_u64() else {
        // A young cluster still has all of its history, and tells it.
        assert_eq!((side, said(&change["type"])), (Live, "ADDED"));
        return;
    };
    assert_eq!((said(&change["type"]), found), ("ERROR", 410));
    let status = &change["object"];
    assert_eq!((said(&status["kind"]), said(&status["reason"])), ("Status", "Expired"));
    assert!(said(&status["message"]).starts_with("too old resource version: 1 ("), "{status}");
    assert_eq!(watch.next().await, None);
}

/// Makes more changes than a sandbox keeps.
fn forget(cluster: &Cluster) {
    let Some(sandbox) = &cluster.sandbox else { return };
    let store = sandbox.store();
    for round in 0.. {
        if store.watch("configmaps", None, 1).is_err() {
            return;
        }
        let change = |it: &mut serde_json::Value| {
            it["data"]["k"] = json!(round.to_string());
            Ok(())
        };
        store.update("configmaps", &cluster.namespace, "a", change).unwrap();
    }
}
