//! The watch beside an API server that is slow, old, busy, gone, or forgets.

use serde_json::{Value, json};

use crate::agent_process::{AgentProcess, eventually};
use crate::api_server::{ANY_PORT, ApiServer, status};

fn pod(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "shop", "name": name, "uid": name, "resourceVersion": "5"},
        "spec": {"containers": [{"name": "app", "image": "web:1"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}})
}

async fn n_pods(agent: &AgentProcess) -> i64 {
    agent.get("/api/v1/cluster-metrics").await.1["pod_count"].as_i64().unwrap()
}

#[actix_web::test]
async fn what_the_api_server_holds_is_known_when_the_agent_is_ready() {
    let api = ApiServer::start(ANY_PORT);
    api.put("/api/v1/pods", &pod("web-1"));
    api.put("/api/v1/pods", &pod("web-2"));

    let agent = AgentProcess::beside(&api).await;
    agent.ready(200).await;

    assert_eq!(n_pods(&agent).await, 2);
}

#[actix_web::test]
async fn an_api_server_that_is_not_there_yet_is_waited_for() {
    let earlier = ApiServer::start(ANY_PORT);
    let (address, kubeconfig) = (earlier.address, earlier.kubeconfig());
    earlier.stop().await;

    let agent = AgentProcess::with(&kubeconfig, &[]).await;
    let reason = agent.ready(503).await;
    assert!(reason.contains("pods: "), "{reason}");
    assert_eq!(agent.get_text("/livez").await.0, 200);
    assert_eq!(agent.get("/api/v1/recent-events").await.0, 503);
    assert_eq!(agent.get("/api/v1/pod-status/web").await.0, 503);

    let api = ApiServer::start(address);
    api.put("/api/v1/pods", &pod("web-1"));
    agent.ready(200).await;
    assert_eq!(agent.get("/api/v1/pod-status/web-1?namespace=shop").await.0, 200);
}

#[actix_web::test]
async fn an_older_api_server_is_read_in_pages() {
    let api = ApiServer::start(ANY_PORT);
    api.put("/api/v1/pods", &pod("web-1"));
    let refusal = status(422, "sendInitialEvents is forbidden for watch");
    for _ in agent::cluster::WATCHED {
        api.answer_once("sendInitialEvents=true", 422, refusal.clone());
    }

    let agent = AgentProcess::beside(&api).await;
    agent.ready(200).await;

    assert_eq!(n_pods(&agent).await, 1);
    assert_eq!(api.n_seen("GET /api/v1/pods?&limit=500"), 1);
}

#[actix_web::test]
async fn a_version_that_is_too_old_is_answered_with_a_new_list() {
    let api = ApiServer::start(ANY_PORT);
    api.put("/api/v1/pods", &pod("web-1"));
    api.put("/api/v1/pods", &pod("web-2"));
    let agent = AgentProcess::beside(&api).await;
    agent.ready(200).await;

    api.delete_unseen("/api/v1/pods", &pod("web-1"));
    let gone = status(410, "too old resource version");
    api.say("/api/v1/pods", &json!({"type": "ERROR", "object": gone}));

    agent.ready(503).await;
    agent.ready(200).await;
    assert_eq!(n_pods(&agent).await, 1);
}

#[actix_web::test]
async fn an_api_server_that_was_restored_is_read_anew() {
    let api = ApiServer::start(ANY_PORT);
    api.put("/api/v1/pods", &pod("web-1"));
    let agent = AgentProcess::beside(&api).await;
    agent.ready(200).await;

    let restored = |name: &str| {
        let mut pod = pod(name);
        pod["metadata"]["resourceVersion"] = json!("2");
        pod
    };
    api.restore(3, "/api/v1/pods", &[restored("web-2"), restored("web-3")]);
    api.say("/api/v1/pods", &json!({"type": "ERROR", "object": status(500, "going down")}));

    agent.ready(503).await;
    agent.ready(200).await;
    assert_eq!(n_pods(&agent).await, 2);
}

#[actix_web::test]
async fn a_busy_api_server_is_asked_again() {
    let api = ApiServer::start(ANY_PORT);
    api.put("/api/v1/pods", &pod("web-1"));
    for _ in 0..3 {
        api.answer_once("/api/v1/pods?&watch=true", 429, status(429, "too many requests"));
    }

    let agent = AgentProcess::beside(&api).await;
    agent.ready(200).await;

    assert_eq!(n_pods(&agent).await, 1);
}

#[actix_web::test]
async fn an_object_that_nobody_understands_does_not_stop_the_watch() {
    let api = ApiServer::start(ANY_PORT);
    let agent = AgentProcess::beside(&api).await;
    agent.ready(200).await;

    let strange = json!({"metadata": {"name": "strange", "resourceVersion": "6"}, "spec": 7});
    api.say("/api/v1/pods", &json!({"type": "ADDED", "object": strange}));
    api.put("/api/v1/pods", &pod("web-1"));

    agent.ready(503).await;
    agent.ready(200).await;
    assert_eq!(n_pods(&agent).await, 1);
}

#[actix_web::test]
async fn who_waits_for_a_subject_is_woken_by_its_pods() {
    let api = ApiServer::start(ANY_PORT);
    let agent = AgentProcess::beside(&api).await;
    agent.ready(200).await;
    let subject = types::ObjectRef::named(types::Kind::Pod, "shop", "web-1");
    let changes = agent.agent.cluster.changes(&subject);

    api.put("/api/v1/pods", &pod("web-2"));
    api.put("/api/v1/pods", &pod("web-1"));

    eventually("the counter has grown", || *changes.borrow() == 1).await;
}
