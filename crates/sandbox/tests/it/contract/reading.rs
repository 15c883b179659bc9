//! Getting one object, and listing many: selectors, pages, versions and forms.

use rstest::rstest;
use serde_json::{Value, json};

use super::answer::{items, names, said};
use super::cluster::Cluster;
use super::cluster::Side::{self, Live, Sandbox};
use super::workload::config_map;

/// Config maps of these names, whose label `tier` is the first letter.
async fn fill(cluster: &Cluster, names: &[&str]) {
    for name in names {
        let mut object = config_map(name, json!({"k": "v"}));
        object["metadata"]["labels"] = json!({"tier": &name[..1], "ours": "yes"});
        cluster.post("configmaps", &object).await.ok();
    }
}

#[rstest]
#[tokio::test]
async fn a_missing_object_is_named_in_the_refusal(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let answer = cluster.get("pods/nope").await;
    answer.refused(404, "NotFound", "pods \"nope\" not found");
    assert_eq!(answer.body["details"], json!({"name": "nope", "kind": "pods"}));
    let answer = cluster.get("deployments/nope").await;
    answer.refused(404, "NotFound", "deployments.apps \"nope\" not found");
    let details = json!({"name": "nope", "group": "apps", "kind": "deployments"});
    assert_eq!(answer.body["details"], details);
}

#[rstest]
#[tokio::test]
async fn selectors_choose_by_label_and_by_field(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    fill(&cluster, &["a1", "a2", "b1"]).await;

    let chosen = [
        ("labelSelector=tier%3Da", vec!["a1", "a2"]),
        ("labelSelector=tier!%3Da,ours", vec!["b1"]),
        ("labelSelector=tier%20in%20(a,b),tier%20notin%20(b)", vec!["a1", "a2"]),
        ("labelSelector=ours,!tier", vec![]),
        ("fieldSelector=metadata.name%3Db1", vec!["b1"]),
        ("labelSelector=ours&fieldSelector=metadata.name!%3Db1", vec!["a1", "a2"]),
    ];
    for (query, wanted) in chosen {
        let list = cluster.get(&format!("configmaps?{query}")).await.ok();
        assert_eq!(names(&list), wanted, "{query}");
    }
    let answer = cluster.get("pods?fieldSelector=spec.foo%3Da").await;
    answer.refused(400, "BadRequest", "field label not supported: spec.foo");
    let answer = cluster.get("configmaps?labelSelector=a%20b%20c").await;
    let why = "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt";
    answer.refused(400, "BadRequest", why);
}

#[rstest]
#[tokio::test]
async fn a_long_list_comes_page_by_page(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    fill(&cluster, &["a", "b", "c", "d", "e"]).await;

    let first = cluster.get("configmaps?limit=2").await.ok();
    assert_eq!(names(&first), ["a", "b"]);
    assert!(3 <= first["metadata"]["remainingItemCount"].as_u64().unwrap());
    let token = said(&first["metadata"]["continue"]);
    let second = cluster.get(&format!("configmaps?limit=2&continue={token}")).await.ok();
    assert_eq!(names(&second), ["c", "d"]);
    assert_eq!(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    let all = cluster.get("configmaps?limit=500").await.ok();
    assert!(all["metadata"]["continue"].is_null());

    let answer = cluster.get("configmaps?limit=x").await;
    answer.refused(400, "BadRequest", "strconv.ParseInt: parsing \"x\": invalid syntax");
    let answer = cluster.get("configmaps?limit=2&continue=xx").await;
    assert_eq!((answer.code, said(&answer.body["reason"])), (400, "BadRequest"));
    assert!(answer.message().starts_with("invalid continue token: "), "{}", answer.message());
}

#[rstest]
#[tokio::test]
async fn a_list_says_its_version_and_its_items_leave_out_their_type(
    #[values(Sandbox, Live)] side: Side,
) {
    let Some(cluster) = side.open().await else { return };
    fill(&cluster, &["a"]).await;

    let list = cluster.get("configmaps?labelSelector=ours").await.ok();
    assert_eq!((said(&list["kind"]), said(&list["apiVersion"])), ("ConfigMapList", "v1"));
    assert!(items(&list)[0]["kind"].is_null() && items(&list)[0]["apiVersion"].is_null());
    let of_list: u64 = said(&list["metadata"]["resourceVersion"]).parse().unwrap();
    let of_item: u64 = said(&items(&list)[0]["metadata"]["resourceVersion"]).parse().unwrap();
    assert!(of_item <= of_list);
    let empty = cluster.get("secrets?labelSelector=none").await.ok();
    assert_eq!(empty["items"], json!([]));
}

#[rstest]
#[tokio::test]
async fn a_version_that_cannot_be_answered_for_is_refused(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    fill(&cluster, &["a"]).await;

    let answer = cluster.get("configmaps?resourceVersionMatch=Exact").await;
    assert_eq!((answer.code, said(&answer.body["reason"])), (422, "Invalid"));
    let why = "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided";
    assert_eq!(answer.causes(), [("FieldValueForbidden", "resourceVersionMatch", why)]);
    let answer = cluster.get("configmaps?resourceVersion=4611686018427387904").await;
    assert_eq!((answer.code, said(&answer.body["reason"])), (504, "Timeout"));
    assert_eq!(answer.causes()[0].0, "ResourceVersionTooLarge");
    let answer = cluster.get("configmaps/a?resourceVersion=x").await;
    let why =
        "resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid syntax";
    assert_eq!((answer.code, answer.message()), (500, why));
}

#[rstest]
#[tokio::test]
async fn a_terminal_gets_a_table(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    fill(&cluster, &["a"]).await;

    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    let table = cluster.get_as("configmaps?labelSelector=ours", accept).await.ok();
    assert_eq!((said(&table["kind"]), said(&table["apiVersion"])), ("Table", "meta.k8s.io/v1"));
    let columns: Vec<_> =
        table["columnDefinitions"].as_array().unwrap().iter().map(|it| said(&it["name"])).collect();
    assert_eq!(columns, ["Name", "Data", "Age"]);
    let row = &table["rows"][0];
    assert_eq!((&row["cells"][0], &row["cells"][1]), (&json!("a"), &json!(1)));
    assert_eq!(row["object"]["kind"], "PartialObjectMetadata");
}

#[rstest]
#[tokio::test]
async fn the_form_of_an_answer_is_the_first_that_the_client_accepts(
    #[values(Sandbox, Live)] side: Side,
) {
    let Some(cluster) = side.open().await else { return };
    fill(&cluster, &["a"]).await;

    let accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    let list = cluster.get_as("configmaps?labelSelector=ours", accept).await.ok();
    assert_eq!(list["kind"], "PartialObjectMetadataList");
    assert_eq!((&items(&list)[0]["data"], names(&list)), (&Value::Null, vec!["a"]));
    assert_eq!(cluster.get_as("configmaps/a", "*/*").await.media, "application/json");
    let answer = cluster.get_as("configmaps/a", "text/html").await;
    assert_eq!((answer.code, said(&answer.body["reason"])), (406, "NotAcceptable"));
    let accepted =
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml";
    assert!(answer.message().starts_with(accepted), "{}", answer.message());
}

#[rstest]
#[tokio::test]
async fn an_object_can_be_read_as_yaml(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    fill(&cluster, &["a"]).await;

    let answer = cluster.get_as("configmaps/a", "application/yaml").await;
    assert_eq!((answer.code, answer.media.as_str()), (200, "application/yaml"));
    let object: Value = serde_yaml_ng::from_str(&answer.text).unwrap();
    assert_eq!((&object["kind"], &object["data"]), (&json!("ConfigMap"), &json!({"k": "v"})));
}
