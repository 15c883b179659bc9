//! Creating objects: names, rules, versions of their own, and rehearsals.

use rstest::rstest;
use serde_json::json;

use super::answer::said;
use super::cluster::JSON;
use super::cluster::Side::{self, Live, Sandbox};
use super::workload::{config_map, deployment, pod};

const SUBDOMAIN: &str = "Invalid value: \"A_b\": a lowercase RFC 1123 subdomain must consist of lower \
     case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character \
     (e.g. 'example.com', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

#[rstest]
#[tokio::test]
async fn a_new_object_gets_what_only_a_server_can_give(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let answer = cluster.post("deployments", &deployment("web", json!({}))).await;
    assert_eq!(answer.code, 201);
    let created = answer.ok();
    let metadata = &created["metadata"];
    assert_eq!(
        (&metadata["generation"], said(&metadata["namespace"])),
        (&json!(1), &*cluster.namespace)
    );
    assert_eq!(said(&metadata["uid"]).len(), 36);
    assert!(said(&metadata["creationTimestamp"]).ends_with('Z'));
    assert_eq!(created["status"], json!({}));
    let spec = &created["spec"];
    assert_eq!(
        (&spec["progressDeadlineSeconds"], &spec["revisionHistoryLimit"]),
        (&json!(600), &json!(10))
    );
    let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}});
    assert_eq!(spec["strategy"], rolling);
    let template = &spec["template"]["spec"];
    assert_eq!(
        (said(&template["restartPolicy"]), said(&template["dnsPolicy"])),
        ("Always", "ClusterFirst")
    );
    assert_eq!(template["containers"][0]["imagePullPolicy"], "IfNotPresent");
}

#[rstest]
#[tokio::test]
async fn a_new_pod_is_pending_and_has_a_class(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let created = cluster.post("pods", &pod("web", json!({}))).await.ok();
    assert_eq!(created["status"], json!({"phase": "Pending", "qosClass": "BestEffort"}));
    assert_eq!(created["spec"]["serviceAccountName"], "default");
    let seconds: Vec<_> = created["spec"]["tolerations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (said(&it["key"]), it["tolerationSeconds"].as_i64().unwrap()))
        .collect();
    let keys = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
    assert_eq!(seconds, keys.map(|it| (it, 300)));
}

#[rstest]
#[tokio::test]
async fn a_name_can_be_used_only_once(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };
    cluster.post("configmaps", &config_map("a", json!({}))).await.ok();

    let answer = cluster.post("configmaps", &config_map("a", json!({}))).await;
    answer.refused(409, "AlreadyExists", "configmaps \"a\" already exists");
    assert_eq!(answer.body["details"], json!({"name": "a", "kind": "configmaps"}));
}

#[rstest]
#[tokio::test]
async fn a_prefix_becomes_a_name_of_its_own(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let object = json!({"metadata": {"generateName": "gen-"}});
    let first = cluster.post("configmaps", &object).await.ok();
    let second = cluster.post("configmaps", &object).await.ok();
    let (first, second) = (said(&first["metadata"]["name"]), said(&second["metadata"]["name"]));
    assert_ne!(first, second);
    assert!(first.starts_with("gen-") && first.len() == "gen-".len() + 5, "{first}");
}

#[rstest]
#[tokio::test]
async fn a_name_that_is_none_is_refused_with_its_rule(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let answer = cluster.post("configmaps", &config_map("A_b", json!({}))).await;
    let message = format!("ConfigMap \"A_b\" is invalid: metadata.name: {SUBDOMAIN}");
    answer.refused(422, "Invalid", &message);
    assert_eq!(answer.causes(), [("FieldValueInvalid", "metadata.name", SUBDOMAIN)]);
    assert_eq!(
        (&answer.body["details"]["name"], &answer.body["details"]["kind"]),
        (&json!("A_b"), &json!("ConfigMap"))
    );
    let answer = cluster.post("configmaps", &json!({"metadata": {}})).await;
    let why = "Required value: name or generateName is required";
    assert_eq!(answer.causes(), [("FieldValueRequired", "metadata.name", why)]);
}

#[rstest]
#[tokio::test]
async fn every_missing_field_is_a_cause(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let answer = cluster
        .post("pods", &json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "A"}]}}))
        .await;
    assert_eq!(answer.code, 422);
    let fields: Vec<_> = answer.causes().iter().map(|it| (it.0, it.1)).collect();
    let wanted = [
        ("FieldValueInvalid", "spec.containers[0].name"),
        ("FieldValueRequired", "spec.containers[0].image"),
    ];
    assert_eq!(fields, wanted);
    let answer = cluster.post("deployments", &json!({"metadata": {"name": "d"}, "spec": {}})).await;
    assert_eq!(answer.body["details"]["group"], "apps");
    let causes = answer.causes();
    for field in ["spec.selector", "spec.template.spec.containers"] {
        assert!(
            causes.iter().any(|it| (it.0, it.1) == ("FieldValueRequired", field)),
            "{causes:?}"
        );
    }
}

#[rstest]
#[tokio::test]
async fn a_selector_has_to_select_its_template(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let mut object = deployment("web", json!({}));
    object["spec"]["template"]["metadata"]["labels"] = json!({"app": "other"});
    let answer = cluster.post("deployments", &object).await;
    let why = "Invalid value: {\"app\":\"other\"}: `selector` does not match template `labels`";
    assert_eq!(answer.causes(), [("FieldValueInvalid", "spec.template.metadata.labels", why)]);
}

#[rstest]
#[tokio::test]
async fn an_object_for_another_place_is_refused(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let mut object = config_map("a", json!({}));
    object["metadata"]["namespace"] = json!("other");
    let why =
        "the namespace of the provided object does not match the namespace sent on the request";
    cluster.post("configmaps", &object).await.refused(400, "BadRequest", why);
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}});
    let answer = cluster.post("configmaps", &object).await;
    assert_eq!((answer.code, said(&answer.body["reason"])), (400, "BadRequest"));
    let answer = cluster
        .post("/api/v1/namespaces/no-such-namespace/configmaps", &config_map("a", json!({})))
        .await;
    answer.refused(404, "NotFound", "namespaces \"no-such-namespace\" not found");
    let mut object = config_map("a", json!({}));
    object["metadata"]["resourceVersion"] = json!("1");
    let answer = cluster.post("configmaps", &object).await;
    assert_eq!(
        (answer.code, answer.message()),
        (500, "resourceVersion should not be set on objects to be created")
    );
}

#[rstest]
#[tokio::test]
async fn a_body_of_the_wrong_shape_is_refused_in_the_words_of_its_parser(
    #[values(Sandbox, Live)] side: Side,
) {
    let Some(cluster) = side.open().await else { return };

    let says = async |media: &str, body: &str| {
        cluster.say("POST", "configmaps", media, body.to_owned()).await
    };
    let answer = says(JSON, "{\"x\":").await;
    let unread = "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: ";
    answer.refused(400, "BadRequest", &format!("{unread}unexpected end of JSON input ({{\"x\":)"));
    let answer = says(JSON, "{\"metadata\": {\"name\": \"a\"}, \"data\": {\"k\": 1}}").await;
    let handled = "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: ";
    let why = "json: cannot unmarshal number into Go struct field ConfigMap.data of type string";
    answer.refused(400, "BadRequest", &format!("{handled}{why}"));
    let answer = says("text/xml", "<x/>").await;
    let why = "the body of the request was in an unknown format - accepted media types include: \
               application/json, application/yaml, application/vnd.kubernetes.protobuf";
    answer.refused(415, "UnsupportedMediaType", why);
    says("application/yaml", "metadata: {name: yaml}\ndata: {a: b}\n").await.ok();
    assert_eq!(cluster.get("configmaps/yaml").await.ok()["data"], json!({"a": "b"}));
}

#[rstest]
#[tokio::test]
async fn an_unknown_field_is_dropped_warned_about_or_refused(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let mut object = config_map("a", json!({}));
    object["foo"] = json!(1);
    let answer = cluster.post("configmaps?fieldValidation=Strict", &object).await;
    let why = "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"foo\"";
    answer.refused(400, "BadRequest", why);
    let answer = cluster.post("configmaps?fieldValidation=Warn", &object).await;
    assert_eq!(answer.warnings, ["299 - \"unknown field \\\"foo\\\"\""]);
    assert!(answer.ok()["foo"].is_null());
}

#[rstest]
#[tokio::test]
async fn a_rehearsal_answers_as_if_and_keeps_nothing(#[values(Sandbox, Live)] side: Side) {
    let Some(cluster) = side.open().await else { return };

    let answer = cluster.post("configmaps?dryRun=All", &config_map("dry", json!({"k": "v"}))).await;
    assert_eq!(answer.code, 201);
    assert_eq!(answer.ok()["data"], json!({"k": "v"}));
    assert_eq!(cluster.get("configmaps/dry").await.code, 404);
    let answer = cluster.post("configmaps?dryRun=Some", &config_map("dry", json!({}))).await;
    assert_eq!((answer.code, answer.causes()[0].1), (422, "dryRun"));
}
