//! Discovery: what a client can find out before it asks for anything.

use rstest::rstest;
use serde_json::{Value, json};

use super::cluster::Side::{self, Live, Sandbox};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The entry of a list whose member is this.
fn entry<'a>(list: &'a Value, member: &str, wanted: &str) -> &'a Value {
    let entries = list.as_array().unwrap();
    entries.iter().find(|it| it[member] == wanted).unwrap_or_else(|| panic!("no {wanted}: {list}"))
}

#[rstest]
#[tokio::test]
async fn the_server_says_its_version_and_its_groups(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let version = cluster.get("/version").await.ok();
    assert_eq!(version["major"], "1");
    assert!(version["gitVersion"].as_str().unwrap().starts_with("v1."));
    assert_eq!(cluster.get("/api").await.ok()["versions"], json!(["v1"]));
    let groups = cluster.get("/apis").await.ok();
    let apps = entry(&groups["groups"], "name", "apps");
    assert_eq!(apps["preferredVersion"], json!({"groupVersion": "apps/v1", "version": "v1"}));
    assert_eq!(cluster.get("/apis/apps").await.ok()["kind"], "APIGroup");
}

#[rstest]
#[tokio::test]
async fn a_resource_list_has_what_kubectl_maps_names_with(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let core = cluster.get("/api/v1").await.ok();
    let apps = cluster.get("/apis/apps/v1").await.ok();

    let all =
        json!(["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]);
    let pods = entry(&core["resources"], "name", "pods");
    assert_eq!(pods["verbs"], all);
    assert_eq!((&pods["shortNames"], &pods["categories"]), (&json!(["po"]), &json!(["all"])));
    assert_eq!((&pods["kind"], &pods["namespaced"]), (&json!("Pod"), &json!(true)));
    assert_eq!(pods["singularName"], "pod");
    let resize = entry(&core["resources"], "name", "pods/resize");
    assert_eq!(resize["verbs"], json!(["get", "patch", "update"]));
    let eviction = entry(&core["resources"], "name", "pods/eviction");
    assert_eq!((&eviction["group"], &eviction["kind"]), (&json!("policy"), &json!("Eviction")));
    let scale = entry(&apps["resources"], "name", "deployments/scale");
    assert_eq!((&scale["group"], &scale["kind"]), (&json!("autoscaling"), &json!("Scale")));
    let namespaces = entry(&core["resources"], "name", "namespaces");
    assert!(!namespaces["verbs"].as_array().unwrap().contains(&json!("deletecollection")));
}

#[rstest]
#[tokio::test]
async fn aggregated_discovery_tells_everything_at_once(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let answer = cluster.get_as("/apis", AGGREGATED).await;

    assert_eq!(answer.media, AGGREGATED);
    let list = answer.ok();
    assert_eq!(list["kind"], "APIGroupDiscoveryList");
    assert_eq!(list["apiVersion"], "apidiscovery.k8s.io/v2");
    let apps = list["items"].as_array().unwrap().iter().find(|it| it["metadata"]["name"] == "apps");
    let version = &apps.unwrap()["versions"][0];
    assert_eq!((&version["version"], &version["freshness"]), (&json!("v1"), &json!("Current")));
    let deployments = entry(&version["resources"], "resource", "deployments");
    assert_eq!(deployments["responseKind"]["kind"], "Deployment");
    assert_eq!(deployments["singularResource"], "deployment");
    assert_eq!(deployments["scope"], "Namespaced");
    let scale = entry(&deployments["subresources"], "subresource", "scale");
    let kind = json!({"group": "autoscaling", "version": "v1", "kind": "Scale"});
    assert_eq!(scale["responseKind"], kind);
}

#[rstest]
#[tokio::test]
async fn the_documents_and_the_health_of_the_server_can_be_read(
    #[values(Sandbox, Live)] side: Side,
) {
    let Some(cluster) = side.open().await else { return };

    for path in ["/healthz", "/livez", "/readyz"] {
        let answer = cluster.get(path).await;
        assert_eq!((answer.code, answer.text.as_str()), (200, "ok"), "{path}");
    }
    let documents = cluster.get("/openapi/v3").await.ok();
    let url = documents["paths"]["apis/apps/v1"]["serverRelativeURL"].as_str().unwrap().to_owned();
    let document = cluster.get(&url).await.ok();
    let deployment = &document["components"]["schemas"]["io.k8s.api.apps.v1.Deployment"];
    assert_eq!(deployment["x-kubernetes-group-version-kind"][0]["kind"], "Deployment");
}

#[rstest]
#[tokio::test]
async fn what_is_not_served_is_a_404_without_an_object(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let why = "the server could not find the requested resource";
    let answer = cluster.get(&format!("/api/v1/namespaces/{}/nopes", cluster.namespace)).await;
    answer.refused(404, "NotFound", why);
    assert_eq!(answer.body["details"], json!({}));
    cluster.get("configmaps/a/status").await.refused(404, "NotFound", why);
    for path in ["/apis/nope.example/v1", "/apis/nope.example/v1/things", "/nope"] {
        let answer = cluster.get(path).await;
        assert_eq!((answer.code, answer.text.as_str()), (404, "404 page not found\n"), "{path}");
    }
}

#[rstest]
#[tokio::test]
async fn a_method_that_makes_no_sense_is_a_405(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let why = "the server does not allow this method on the requested resource";
    let attempts = [
        ("POST", "configmaps/a"),
        ("PUT", "configmaps"),
        ("PATCH", "configmaps"),
        ("POST", "/api/v1/configmaps"),
        ("DELETE", "/api/v1/configmaps"),
        ("DELETE", "/api/v1/namespaces"),
        ("POST", "pods/a/log"),
        ("GET", "pods/a/eviction"),
    ];
    for (method, place) in attempts {
        let answer = cluster.say(method, place, "application/json", "{}".to_owned()).await;
        assert_eq!((answer.code, answer.message()), (405, why), "{method} {place}");
        assert_eq!(answer.body["reason"], "MethodNotAllowed");
    }
}
