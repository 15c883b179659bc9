//! What the analysis of one pod tells from beyond the pod: what nodes hold, and policies of its namespace.

use serde_json::{Value, json};

use crate::agent_process::AgentProcess;
use crate::api_server::{ANY_PORT, ApiServer};

/// How often a log may be read: triage reads it as well.
const READS: usize = 40;

fn pod(image: &str, status: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "shop", "name": "web-1", "uid": "u1", "resourceVersion": "5", "labels": {"app": "web"}},
        "spec": {"nodeName": "n1", "containers": [{"name": "app", "image": image}]},
        "status": {"phase": "Running",
            "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
            "containerStatuses": [status]}})
}

async fn analysis(api: &ApiServer) -> Value {
    let agent = AgentProcess::beside(api).await;
    agent.ready(200).await;
    let body = r#"{"pod_name": "web-1", "namespace": "shop"}"#;
    let (status, mut answer) = agent.post("/api/v1/k8sgpt-analyze", body).await;
    assert_eq!(status, 200, "{answer}");
    answer["analysis"].take()
}

#[actix_web::test]
async fn an_image_that_only_a_node_holds_is_named_and_its_patch_only_shown() {
    let api = ApiServer::start(ANY_PORT);
    let message = "rpc error: code = NotFound desc = failed to pull and unpack image \
                   \"docker.io/library/nginx:1.277\": docker.io/library/nginx:1.277: not found";
    let status = json!({"name": "app", "image": "nginx:1.277", "imageID": "", "ready": false, "restartCount": 0,
        "state": {"waiting": {"reason": "ErrImagePull", "message": message}}});
    api.put("/api/v1/pods", &pod("nginx:1.277", &status));
    let names = ["docker.io/library/nginx@sha256:0123", "docker.io/library/nginx:1.27"];
    api.put(
        "/api/v1/nodes",
        &json!({"metadata": {"name": "n1", "resourceVersion": "2"}, "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "images": [{"names": names, "sizeBytes": 72_099_501}]}}),
    );

    let told = analysis(&api).await;

    assert_eq!(told["evidence"]["on_nodes"], json!([{"image": "nginx:1.27", "node": "n1"}]));
    let cause = told["diagnoses"][0]["cause"].as_str().unwrap();
    assert!(cause.ends_with("; node n1 holds nginx:1.27, which was probably meant."), "{cause}");
    let offers = told["offers"].as_array().unwrap();
    assert!(!offers.is_empty() && offers.iter().all(|it| it["risk"] == "advice"), "{told}");
}

#[actix_web::test]
async fn a_policy_that_keeps_a_pod_from_asking_for_names_is_told_in_its_diagnosis() {
    let api = ApiServer::start(ANY_PORT);
    let status = json!({"name": "app", "image": "web:1", "imageID": "", "ready": false, "restartCount": 6,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 2m40s"}},
        "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": jiff::Timestamp::now().to_string()}}});
    api.put("/api/v1/pods", &pod("web:1", &status));
    api.put(
        "/apis/networking.k8s.io/v1/networkpolicies",
        &json!({"metadata": {"namespace": "shop", "name": "only-db", "resourceVersion": "4"},
            "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"ports": [{"port": 5432}]}]}}),
    );
    for _ in 0..READS {
        let said = json!("dial tcp: lookup db.shop.svc: i/o timeout");
        api.answer_once("/pods/web-1/log", 200, said);
    }

    let told = analysis(&api).await;

    let cause = told["diagnoses"][0]["cause"].as_str().unwrap();
    let expected =
        ", since NetworkPolicy only-db does not let it reach port 53 (UDP) of the name servers.";
    assert!(cause.ends_with(expected), "{cause}");
    assert_eq!(told["findings"][0]["subject"]["kind"], "NetworkPolicy", "{told}");
}

/// A pod that wants Secret `db-creds`, beside a ready one whose containers have these mounts of Secret `db-cred`.
async fn what_was_meant_beside(mounts: &Value, secret: &Value) -> Value {
    let api = ApiServer::start(ANY_PORT);
    let status = json!({"name": "app", "image": "web:1", "imageID": "", "ready": false, "restartCount": 0,
        "state": {"waiting": {"reason": "CreateContainerConfigError", "message": "secret \"db-creds\" not found"}}});
    let mut failing = pod("web:1", &status);
    failing["spec"]["containers"][0]["envFrom"] = json!([{"secretRef": {"name": "db-creds"}}]);
    let status = json!({"name": "app", "image": "api:1", "imageID": "", "ready": true, "restartCount": 0,
        "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}});
    let mut ready = pod("api:1", &status);
    ready["metadata"] =
        json!({"namespace": "shop", "name": "api-1", "uid": "u2", "resourceVersion": "6"});
    ready["spec"]["containers"][0]["volumeMounts"] = mounts.clone();
    ready["spec"]["volumes"] = json!([{"name": "keys", "secret": secret}]);
    ready["status"]["conditions"][0]["status"] = json!("True");
    api.put("/api/v1/pods", &failing);
    api.put("/api/v1/pods", &ready);
    let told = analysis(&api).await;
    let references = told["evidence"]["references"].as_array().unwrap();
    let wanted = references.iter().find(|it| it["name"] == "db-creds").unwrap();
    wanted["near_miss"].clone()
}

#[actix_web::test]
async fn a_secret_is_only_known_by_a_ready_pod_that_mounts_it_and_cannot_do_without() {
    let mounts = json!([{"name": "keys", "mountPath": "/keys"}]);
    let secret = json!({"secretName": "db-cred"});
    let optional = json!({"secretName": "db-cred", "optional": true});

    assert_eq!(what_was_meant_beside(&mounts, &secret).await, "db-cred");
    assert_eq!(what_was_meant_beside(&json!([]), &secret).await, Value::Null);
    assert_eq!(what_was_meant_beside(&mounts, &optional).await, Value::Null);
}
