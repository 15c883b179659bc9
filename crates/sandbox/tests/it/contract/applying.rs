//! Server-side apply: who owns which field, and what happens when two want the same.

use rstest::rstest;
use serde_json::{Value, json};

use super::answer::{owned, said};
use super::cluster::Side::{self, Live, Sandbox};
use super::cluster::{APPLY, Cluster, MERGE};
use super::workload::{config_map, deployment};

/// A deployment without pods.
fn wanted(container: Value) -> Value {
    let mut object = deployment("web", container);
    object["spec"]["replicas"] = json!(0);
    object
}

async fn apply(cluster: &Cluster, query: &str, object: Value) -> super::answer::Answer {
    cluster.patch(&format!("deployments/web?{query}"), APPLY, object).await
}

#[rstest]
#[tokio::test]
async fn applying_creates_and_owns_what_was_said(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let answer = apply(&cluster, "fieldManager=one", wanted(json!({}))).await;
    assert_eq!(answer.code, 201);
    let object = answer.ok();
    let entry = &object["metadata"]["managedFields"][0];
    assert_eq!((said(&entry["operation"]), said(&entry["apiVersion"])), ("Apply", "apps/v1"));
    let container = json!({".": {}, "f:name": {}, "f:image": {}, "f:command": {}});
    let spec = &owned(&object, "one")["f:spec"];
    assert_eq!(spec["f:template"]["f:spec"]["f:containers"]["k:{\"name\":\"app\"}"], container);
    // What was only defaulted belongs to nobody.
    assert!(spec["f:progressDeadlineSeconds"].is_null());
    let again = apply(&cluster, "fieldManager=one", wanted(json!({}))).await;
    assert_eq!(again.code, 200);
}

#[rstest]
#[tokio::test]
async fn a_field_of_another_is_a_conflict_until_it_is_forced(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    apply(&cluster, "fieldManager=one", wanted(json!({}))).await.ok();

    let other = wanted(json!({"image": "busybox:latest"}));
    let answer = apply(&cluster, "fieldManager=two", other.clone()).await;
    let field = ".spec.template.spec.containers[name=\"app\"].image";
    answer.refused(
        409,
        "Conflict",
        &format!("Apply failed with 1 conflict: conflict with \"one\": {field}"),
    );
    assert_eq!(answer.causes(), [("FieldManagerConflict", field, "conflict with \"one\"")]);
    let object = apply(&cluster, "fieldManager=two&force=true", other).await.ok();
    assert_eq!(object["spec"]["template"]["spec"]["containers"][0]["image"], "busybox:latest");
    let of_one = &owned(&object, "one")["f:spec"]["f:template"]["f:spec"]["f:containers"];
    assert!(of_one["k:{\"name\":\"app\"}"]["f:image"].is_null());
}

#[rstest]
#[tokio::test]
async fn a_conflict_with_an_update_says_when_and_in_which_version(
    #[values(Sandbox, Live)] side: Side,
) {
    let Some(cluster) = side.open().await else { return };
    let place = |manager: &str| format!("configmaps/a?fieldManager={manager}");
    cluster.patch(&place("one"), APPLY, config_map("a", json!({"k": "1"}))).await.ok();
    cluster.patch(&place("editor"), MERGE, json!({"data": {"k": "2"}})).await.ok();

    let answer = cluster.patch(&place("one"), APPLY, config_map("a", json!({"k": "1"}))).await;
    assert_eq!((answer.code, said(&answer.body["reason"])), (409, "Conflict"));
    let (reason, field, message) = answer.causes()[0];
    assert_eq!((reason, field), ("FieldManagerConflict", ".data.k"));
    assert!(message.starts_with("conflict with \"editor\" using v1"), "{message}");
}

#[rstest]
#[tokio::test]
async fn a_field_that_is_given_up_goes_unless_another_owns_it(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    let place = |manager: &str| format!("configmaps/a?fieldManager={manager}");
    cluster
        .patch(&place("one"), APPLY, config_map("a", json!({"k": "1", "m": "1", "n": "1"})))
        .await
        .ok();
    cluster.patch(&place("two"), APPLY, config_map("a", json!({"m": "1"}))).await.ok();

    let object = cluster.patch(&place("one"), APPLY, config_map("a", json!({"k": "1"}))).await.ok();
    assert_eq!(object["data"], json!({"k": "1", "m": "1"}));

    apply(&cluster, "fieldManager=one", wanted(json!({"env": [{"name": "X", "value": "1"}]})))
        .await
        .ok();
    let object = apply(&cluster, "fieldManager=one", wanted(json!({}))).await.ok();
    assert!(object["spec"]["template"]["spec"]["containers"][0]["env"].is_null());
}

#[rstest]
#[tokio::test]
async fn an_update_takes_over_the_fields_that_it_changes(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    apply(&cluster, "fieldManager=one", wanted(json!({}))).await.ok();

    let patch = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"minReadySeconds": 1}});
    let object = cluster.patch("deployments/web?fieldManager=editor", MERGE, patch).await.ok();
    let fields = json!({"f:metadata": {"f:labels": {".": {}, "f:a": {}}}, "f:spec": {"f:minReadySeconds": {}}});
    assert_eq!(owned(&object, "editor"), &fields);
}

#[rstest]
#[tokio::test]
async fn owners_of_an_object_are_one_field_each(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("deployments", &deployment("web", json!({}))).await.ok();

    let has_one = |it: &Value| it["items"].as_array().is_some_and(|it| it.len() == 1);
    let sets = cluster.until("replicasets", has_one).await;
    let owner = &sets["items"][0]["metadata"]["ownerReferences"][0];
    let key = format!("k:{{\"uid\":\"{}\"}}", said(&owner["uid"]));
    let fields =
        &owned(&sets["items"][0], "kube-controller-manager")["f:metadata"]["f:ownerReferences"];
    assert_eq!(fields, &json!({".": {}, key: {}}));
}

#[rstest]
#[tokio::test]
async fn applying_has_rules_of_its_own(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    apply(&cluster, "fieldManager=one", wanted(json!({}))).await.ok();

    let answer = apply(&cluster, "", wanted(json!({}))).await;
    let why = "Required value: is required for apply patch";
    assert_eq!(answer.causes(), [("FieldValueRequired", "fieldManager", why)]);
    let mut object = wanted(json!({}));
    object["metadata"]["managedFields"] = json!([{"manager": "x"}]);
    let answer = apply(&cluster, "fieldManager=one", object).await;
    answer.refused(400, "BadRequest", "metadata.managedFields must be nil");
    let mut object = wanted(json!({}));
    object["foo"] = json!(1);
    let answer = apply(&cluster, "fieldManager=one", object).await;
    assert_eq!(answer.code, 500);
    assert!(
        answer.message().ends_with(".foo: field not declared in schema"),
        "{}",
        answer.message()
    );
    let answer = cluster.patch("deployments/web?force=true", MERGE, json!({})).await;
    let why = "Forbidden: may not be specified for non-apply patch";
    assert_eq!(answer.causes(), [("FieldValueForbidden", "force", why)]);
}

#[rstest]
#[tokio::test]
async fn a_rehearsed_apply_keeps_nothing(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let answer = apply(&cluster, "fieldManager=one&dryRun=All", wanted(json!({}))).await;
    assert_eq!(answer.code, 201);
    assert_eq!(cluster.get("deployments/web").await.code, 404);
}
