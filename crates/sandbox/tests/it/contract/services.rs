//! Services: which pods they take, where their ports lead, and whose the fields of that are.

use rstest::rstest;
use serde_json::{Value, json};

use super::answer::{items, owned, said};
use super::cluster::Side::{self, Live, Sandbox};
use super::cluster::{Cluster, JSON_PATCH};
use super::workload::{app, nginx};

/// A ready pod `web` that declares a port `http`, and a Service `front` that is wrong in this way.
async fn with_service(side: Side, selector: Value, target: Value) -> Option<Cluster> {
    let cluster = side.open().await?;
    let mut container = nginx();
    container["ports"] = json!([{"containerPort": 80, "name": "http"}]);
    let pod = json!({
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [app(container)]},
    });
    cluster.post("pods", &pod).await.ok();
    cluster.until_ready("web").await;
    let service = json!({
        "metadata": {"name": "front"},
        "spec": {"selector": selector, "ports": [{"port": 8000, "targetPort": target}]},
    });
    cluster.post("services", &service).await.ok();
    Some(cluster)
}

/// What the executor of a fix sends.
async fn patch(cluster: &Cluster, path: &str, from: &str, to: &str) -> Value {
    let service = cluster.get("services/front").await.ok();
    let patch = json!([
        {"op": "test", "path": "/metadata/uid", "value": service["metadata"]["uid"]},
        {"op": "test", "path": path, "value": from},
        {"op": "replace", "path": path, "value": to},
        {"op": "add", "path": "/metadata/annotations", "value": {"example.com/fix": "1"}},
    ]);
    cluster.patch("services/front?fieldManager=mender", JSON_PATCH, patch).await.ok()
}

const SLICES: &str = "endpointslices?labelSelector=kubernetes.io/service-name%3Dfront";

/// The endpoints and the ports of the only slice of the Service.
fn slice(list: &Value) -> (Vec<Value>, Vec<Value>) {
    let [slice] = items(list) else { return (vec![], vec![]) };
    let of = |name: &str| slice[name].as_array().cloned().unwrap_or_default();
    (of("endpoints"), of("ports"))
}

#[rstest]
#[tokio::test]
async fn a_service_takes_the_pods_that_its_selector_asks_for_now(
    #[values(Sandbox, Live)] side: Side,
) {
    let Some(cluster) = with_service(side, json!({"app": "wbe"}), json!("http")).await else {
        return;
    };

    let before = cluster.until(SLICES, |it| items(it).len() == 1).await;
    assert_eq!(slice(&before), (vec![], vec![]));
    let after = patch(&cluster, "/spec/selector/app", "wbe", "web").await;

    assert_eq!(after["spec"]["selector"], json!({"app": "web"}));
    let list = cluster.until(SLICES, |it| !slice(it).0.is_empty()).await;
    let (endpoints, ports) = slice(&list);
    assert_eq!(endpoints[0]["conditions"]["ready"], true);
    assert_eq!(endpoints[0]["targetRef"]["name"], "web");
    assert_eq!((ports.len(), &ports[0]["port"]), (1, &json!(80)));
    patch(&cluster, "/spec/selector/app", "web", "wbe").await;
    cluster.until(SLICES, |it| slice(it).0.is_empty()).await;
}

#[rstest]
#[tokio::test]
async fn a_pod_without_the_port_that_is_asked_for_is_listed_without_a_port(
    #[values(Sandbox, Live)] side: Side,
) {
    let Some(cluster) = with_service(side, json!({"app": "web"}), json!("htpp")).await else {
        return;
    };

    let list = cluster.until(SLICES, |it| !slice(it).0.is_empty()).await;
    assert_eq!(items(&list)[0]["ports"], Value::Null);
    let endpoints = cluster.get("endpoints/front").await.ok();
    assert!(endpoints["subsets"].is_null(), "{endpoints:#}");
    patch(&cluster, "/spec/ports/0/targetPort", "htpp", "http").await;

    let list = cluster.until(SLICES, |it| !slice(it).1.is_empty()).await;
    assert_eq!(slice(&list).1[0]["port"], 80);
}

#[rstest]
#[tokio::test]
async fn who_changes_a_label_owns_the_selector_and_who_changes_a_target_that_target(
    #[values(Sandbox, Live)] side: Side,
) {
    let Some(cluster) = with_service(side, json!({"app": "wbe"}), json!("htpp")).await else {
        return;
    };

    patch(&cluster, "/spec/selector/app", "wbe", "web").await;
    let service = patch(&cluster, "/spec/ports/0/targetPort", "htpp", "http").await;

    let port = json!({"k:{\"port\":8000,\"protocol\":\"TCP\"}": {"f:targetPort": {}}});
    let wanted = json!({"f:ports": port, "f:selector": {}});
    assert_eq!(owned(&service, "mender")["f:spec"], wanted);
    // Nothing counts the changes of a Service.
    assert!(service["metadata"]["generation"].is_null());
}

#[rstest]
#[tokio::test]
async fn what_is_no_label_and_no_port_is_refused(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = with_service(side, json!({"app": "web"}), json!("http")).await else {
        return;
    };

    for (path, value, field, why) in [
        ("/spec/selector/app", json!("a b"), "spec.selector", "a valid label must be"),
        (
            "/spec/ports/0/targetPort",
            json!("No_Name"),
            "spec.ports[0].targetPort",
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        ),
        (
            "/spec/ports/0/targetPort",
            json!(70_000),
            "spec.ports[0].targetPort",
            "must be between 1 and 65535, inclusive",
        ),
    ] {
        let patch = json!([{"op": "replace", "path": path, "value": value}]);
        let answer = cluster.patch("services/front", JSON_PATCH, patch).await;
        assert_eq!((answer.code, said(&answer.body["reason"])), (422, "Invalid"), "{value}");
        let (_, told, message) = answer.causes()[0];
        assert_eq!(told, field);
        assert!(message.contains(why), "{message}");
    }
}
