//! The three patches that say what differs: JSON, merge and strategic merge.

use rstest::rstest;
use serde_json::{Value, json};

use super::answer::{names, said};
use super::cluster::Side::{self, Live, Sandbox};
use super::cluster::{Cluster, JSON, JSON_PATCH, MERGE, STRATEGIC};
use super::workload::{config_map, deployment};

async fn with_config_map(side: Side) -> Option<Cluster> {
    let cluster = side.open().await?;
    cluster.post("configmaps", &config_map("a", json!({"k": "v"}))).await.ok();
    Some(cluster)
}

/// A deployment without pods, of the container `app` with two variables.
async fn with_deployment(side: Side) -> Option<Cluster> {
    let cluster = side.open().await?;
    let env = json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]);
    let mut object = deployment("web", json!({"env": env}));
    object["spec"]["replicas"] = json!(0);
    cluster.post("deployments", &object).await.ok();
    Some(cluster)
}

fn containers(patch: Value) -> Value {
    json!({"spec": {"template": {"spec": {"containers": patch}}}})
}

fn container(deployment: &Value, index: usize) -> &Value {
    &deployment["spec"]["template"]["spec"]["containers"][index]
}

#[rstest]
#[tokio::test]
async fn a_json_patch_is_done_whole_or_not_at_all(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = with_config_map(side).await else { return };

    let patch = json!([
        {"op": "test", "path": "/data/k", "value": "v"},
        {"op": "add", "path": "/data/n", "value": "1"},
        {"op": "copy", "from": "/data/n", "path": "/data/m"},
        {"op": "remove", "path": "/data/k"},
    ]);
    let object = cluster.patch("configmaps/a", JSON_PATCH, patch).await.ok();
    assert_eq!(object["data"], json!({"m": "1", "n": "1"}));
    let patch = json!([{"op": "add", "path": "/data/x", "value": "1"}, {"op": "test", "path": "/data/n", "value": "2"}]);
    assert_eq!(cluster.patch("configmaps/a", JSON_PATCH, patch).await.code, 422);
    assert_eq!(cluster.get("configmaps/a").await.ok()["data"], json!({"m": "1", "n": "1"}));
}

#[rstest]
#[tokio::test]
async fn a_json_patch_that_does_not_fit_says_which_step(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = with_config_map(side).await else { return };

    let invalid = "the server rejected our request due to an error in our request";
    let steps = [
        json!({"op": "test", "path": "/data/k", "value": "other"}),
        json!({"op": "test", "path": "/metadata/uid", "value": "other"}),
        json!({"op": "remove", "path": "/data/zz"}),
        json!({"op": "add", "path": "/nix/zz", "value": 1}),
    ];
    for step in steps {
        let answer = cluster.patch("configmaps/a", JSON_PATCH, json!([step])).await;
        answer.refused(422, "Invalid", invalid);
        assert_eq!(answer.body["details"], json!({}), "{step}");
    }
    let answer = cluster.patch("configmaps/a", JSON_PATCH, json!({"op": "test"})).await;
    let why = "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp";
    answer.refused(400, "BadRequest", why);
}

#[rstest]
#[tokio::test]
async fn a_merge_patch_sets_members_and_null_removes_them(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = with_config_map(side).await else { return };

    let object =
        cluster.patch("configmaps/a", MERGE, json!({"data": {"k": null, "m": "2"}})).await.ok();
    assert_eq!(object["data"], json!({"m": "2"}));
    let answer = cluster.patch("configmaps/a", MERGE, json!({"data": {"m": 2}})).await;
    assert_eq!((answer.code, said(&answer.body["reason"])), (422, "Invalid"));
    let why = "json: cannot unmarshal number into Go struct field ConfigMap.data of type string";
    assert!(answer.causes()[0].2.ends_with(why), "{}", answer.message());
}

#[rstest]
#[tokio::test]
async fn a_merge_patch_replaces_a_list_as_a_whole(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = with_deployment(side).await else { return };

    let patch = containers(json!([{"name": "only", "image": "busybox:1.36"}]));
    let object = cluster.patch("deployments/web", MERGE, patch).await.ok();
    assert_eq!(container(&object, 0)["name"], "only");
    assert!(container(&object, 1).is_null() && container(&object, 0)["env"].is_null());
}

#[rstest]
#[tokio::test]
async fn a_strategic_patch_merges_containers_and_variables_by_name(
    #[values(Sandbox, Live)] side: Side,
) {
    let Some(cluster) = with_deployment(side).await else { return };

    let patch = containers(json!([
        {"name": "app", "env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]},
        {"name": "side", "image": "busybox:1.36"},
    ]));
    let object = cluster.patch("deployments/web", STRATEGIC, patch).await.ok();
    let app = usize::from(container(&object, 0)["name"] != "app");
    assert_eq!(container(&object, 1 - app)["name"], "side");
    let mut env = container(&object, app)["env"].as_array().unwrap().clone();
    env.sort_by_key(|it| said(&it["name"]).to_owned());
    let wanted = json!([{"name": "A", "value": "1"}, {"name": "B", "value": "3"}, {"name": "C", "value": "4"}]);
    assert_eq!(json!(env), wanted);
    assert_eq!(container(&object, app)["command"], json!(["sleep", "100000"]));
}

#[rstest]
#[tokio::test]
async fn a_strategic_patch_deletes_and_replaces_where_it_says_so(
    #[values(Sandbox, Live)] side: Side,
) {
    let Some(cluster) = with_deployment(side).await else { return };

    let patch = containers(json!([{"name": "app", "env": [{"name": "A", "$patch": "delete"}]}]));
    let object = cluster.patch("deployments/web", STRATEGIC, patch).await.ok();
    assert_eq!(container(&object, 0)["env"], json!([{"name": "B", "value": "2"}]));
    let patch =
        containers(json!([{"$patch": "replace"}, {"name": "new", "image": "busybox:1.36"}]));
    let object = cluster.patch("deployments/web", STRATEGIC, patch).await.ok();
    assert_eq!(container(&object, 0)["name"], "new");
    assert!(container(&object, 1).is_null());
}

#[rstest]
#[tokio::test]
async fn a_strategic_patch_without_sense_is_refused(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = with_deployment(side).await else { return };

    let answer =
        cluster.patch("deployments/web", STRATEGIC, containers(json!([{"image": "x"}]))).await;
    let why = "map: map[image:x] does not contain declared merge key: name";
    assert_eq!((answer.code, answer.message()), (500, why));
    let patch = containers(json!([{"name": "app", "$patch": "foo"}]));
    let answer = cluster.patch("deployments/web", STRATEGIC, patch).await;
    let why = "unknown patch type: foo in map: map[$patch:foo name:app]";
    assert_eq!((answer.code, answer.message()), (500, why));
    let answer = cluster
        .patch("deployments/web", STRATEGIC, containers(json!([{"name": "app", "image": ""}])))
        .await;
    let field = "spec.template.spec.containers[0].image";
    assert_eq!(answer.causes(), [("FieldValueRequired", field, "Required value")]);
}

#[rstest]
#[tokio::test]
async fn a_patch_of_no_known_kind_is_a_415(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = with_config_map(side).await else { return };

    let answer = cluster.patch("configmaps/a", JSON, json!({})).await;
    assert_eq!((answer.code, said(&answer.body["reason"])), (415, "UnsupportedMediaType"));
    assert_eq!(answer.message(), "415: Unsupported Media Type");
    let answer = cluster.patch("configmaps/nope", MERGE, json!({})).await;
    answer.refused(404, "NotFound", "configmaps \"nope\" not found");
}

#[rstest]
#[tokio::test]
async fn a_rehearsed_patch_shows_the_result_and_writes_nothing(
    #[values(Sandbox, Live)] side: Side,
) {
    let Some(cluster) = with_config_map(side).await else { return };

    let patch = json!({"data": {"k": "dry"}});
    let object = cluster.patch("configmaps/a?dryRun=All", MERGE, patch).await.ok();
    assert_eq!(object["data"], json!({"k": "dry"}));
    let kept = cluster.get("configmaps/a").await.ok();
    assert_eq!(kept["data"], json!({"k": "v"}));
    let list = cluster.get("configmaps?fieldSelector=metadata.name%3Da").await.ok();
    assert_eq!(names(&list), ["a"]);
}
