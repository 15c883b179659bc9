//! The read side over HTTP: status codes and shapes of the contract.

use serde_json::{Value, json};

use crate::agent_process::{AgentProcess, eventually};
use crate::api_server::{ANY_PORT, ApiServer};

fn pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "shop", "name": "web-1", "uid": "u1", "resourceVersion": "5"},
        "spec": {"nodeName": "n1", "containers": [{"name": "app", "image": "web:1",
            "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True",
            "lastTransitionTime": "2026-01-01T00:00:00Z"}],
            "containerStatuses": [{"name": "app", "image": "web:1", "imageID": "", "ready": true,
                "restartCount": 3, "state": {"running": {}}}]}})
}

fn node() -> Value {
    json!({"metadata": {"name": "n1", "resourceVersion": "2"}, "status": {
        "allocatable": {"cpu": "4", "memory": "8Gi"},
        "conditions": [{"type": "Ready", "status": "True"},
            {"type": "MemoryPressure", "status": "True"}]}})
}

fn event(name: &str, second: u32) -> Value {
    json!({"metadata": {"namespace": "shop", "name": name, "resourceVersion": "3"},
        "type": "Warning", "reason": "BackOff", "message": "Back-off restarting failed container",
        "count": 4, "lastTimestamp": format!("2026-01-01T00:00:{second:02}Z"),
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1"}})
}

async fn agent_with_a_shop() -> (ApiServer, AgentProcess) {
    let api = ApiServer::start(ANY_PORT);
    api.put("/api/v1/pods", &pod());
    api.put("/api/v1/nodes", &node());
    api.put("/api/v1/events", &event("older", 1));
    api.put("/api/v1/events", &event("newer", 2));
    let agent = AgentProcess::beside(&api).await;
    agent.ready(200).await;
    (api, agent)
}

#[actix_web::test]
async fn pod_status_has_the_fields_of_the_contract() {
    let (_api, agent) = agent_with_a_shop().await;

    let (status, body) = agent.get("/api/v1/pod-status/web-1?namespace=shop").await;

    assert_eq!(status, 200);
    assert_eq!(body["status"], "Running");
    assert_eq!(body["containers_ready"], true);
    assert_eq!(body["restart_count"], 3);
    assert_eq!(body["ready_time"], "2026-01-01T00:00:00Z");
    assert_eq!(body["health_checks"]["app/liveness"], "not configured");
    assert!(body["timestamp"].is_string());
}

#[actix_web::test]
async fn without_a_metrics_server_requests_are_counted_and_named_as_the_source() {
    let (_api, agent) = agent_with_a_shop().await;

    let (status, body) = agent.get("/api/v1/cluster-metrics").await;

    assert_eq!(status, 200);
    assert_eq!((&body["cpu_usage"], &body["memory_usage"]), (&json!(25.0), &json!(12.5)));
    assert_eq!((&body["memory_pressure"], &body["concurrent_ops"]), (&json!(true), &json!(0)));
    assert_eq!((&body["node_count"], &body["pod_count"]), (&json!(1), &json!(1)));
    assert_eq!(body["source"], "requests");
}

#[actix_web::test]
async fn with_a_metrics_server_what_is_used_is_told() {
    let (api, agent) = agent_with_a_shop().await;
    let usage = json!({"cpu": "2000000000n", "memory": "1Gi"});
    let list = json!({"metadata": {}, "items": [{"metadata": {"name": "n1"}, "usage": usage}]});
    api.answer_once("/apis/metrics.k8s.io/v1beta1/nodes", 200, list);

    let (_, body) = agent.get("/api/v1/cluster-metrics").await;

    assert_eq!((&body["cpu_usage"], &body["source"]), (&json!(50.0), &json!("metrics-server")));
}

#[actix_web::test]
async fn events_come_newest_first_and_can_be_chosen() {
    let (_api, agent) = agent_with_a_shop().await;

    let (status, all) = agent.get("/api/v1/recent-events").await;
    let (_, one) = agent.get("/api/v1/recent-events?namespace=shop&object=Pod/web-1&limit=1").await;
    let (_, none) = agent.get("/api/v1/recent-events?type=Normal").await;

    assert_eq!((status, &all["count"]), (200, &json!(2)));
    let newest = &all["events"][0];
    assert_eq!(newest["timestamp"], "2026-01-01T00:00:02Z");
    assert_eq!((&newest["type"], &newest["reason"]), (&json!("Warning"), &json!("BackOff")));
    assert_eq!((&newest["object"], &newest["count"]), (&json!("Pod/web-1"), &json!(4)));
    assert_eq!((&one["count"], &none["count"]), (&json!(1), &json!(0)));
}

#[actix_web::test]
async fn what_cannot_be_asked_gets_a_problem_that_says_what_to_do() {
    let (_api, agent) = agent_with_a_shop().await;

    for (path, expected) in [
        ("/api/v1/pod-status/nobody?namespace=shop", 404),
        ("/api/v1/pod-status/Web_1", 400),
        ("/api/v1/pod-status/web-1?namespace=-", 400),
        ("/api/v1/recent-events?limit=51", 400),
        ("/api/v1/recent-events?limit=many", 400),
        ("/api/v1/recent-events?colour=red", 400),
        ("/api/v1/incidents/not-an-id", 400),
        ("/api/v1/incidents/01890000-0000-7000-8000-000000000000", 404),
        ("/api/v1/incidents?state=happy", 400),
        ("/api/v1/nothing", 404),
    ] {
        let (status, body) = agent.get(path).await;
        assert_eq!(status, expected, "{path}: {body}");
        assert!(body["error"].is_string() && body["next"].is_string(), "{path}: {body}");
    }
}

#[actix_web::test]
async fn an_analysis_that_cannot_be_made_says_why() {
    let (_api, agent) = agent_with_a_shop().await;
    let huge = format!(r#"{{"pod_name": "{}"}}"#, "a".repeat(1 << 20));

    for (body, expected) in [
        ("{", 400),
        ("{}", 400),
        (r#"{"pod_name": "a/../b"}"#, 400),
        (r#"{"pod_name": "nobody", "namespace": "shop"}"#, 404),
        (huge.as_str(), 413),
    ] {
        let (status, answer) = agent.post("/api/v1/k8sgpt-analyze", body).await;
        assert_eq!(status, expected, "{answer}");
        assert!(answer["error"].is_string(), "{answer}");
    }
}

#[actix_web::test]
async fn an_analysis_of_a_healthy_pod_says_so() {
    let (_api, agent) = agent_with_a_shop().await;

    let body = r#"{"pod_name": "web-1", "namespace": "shop"}"#;
    let (status, answer) = agent.post("/api/v1/k8sgpt-analyze", body).await;

    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer["success"], &answer["error_type"]), (&json!(true), &json!("")));
    assert_eq!(answer["analysis"]["healthy"], true);
    assert_eq!(answer["analysis"]["on_its_way"], false);
    assert_eq!(answer["analysis"]["findings"], json!([]));
    assert!(answer["confidence"] == 1.0 && answer["timestamp"].is_string());
}

#[actix_web::test]
async fn an_analysis_of_a_pod_that_is_on_its_way_does_not_call_it_healthy() {
    let api = ApiServer::start(ANY_PORT);
    let now = jiff::Timestamp::now().to_string();
    let mut starting = pod();
    starting["metadata"]["creationTimestamp"] = json!(now);
    starting["status"] = json!({"phase": "Pending", "startTime": now,
        "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": now}],
        "containerStatuses": [{"name": "app", "image": "web:1", "imageID": "", "ready": false,
            "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}]});
    api.put("/api/v1/pods", &starting);
    let agent = AgentProcess::beside(&api).await;
    agent.ready(200).await;

    let body = r#"{"pod_name": "web-1", "namespace": "shop"}"#;
    let (status, answer) = agent.post("/api/v1/k8sgpt-analyze", body).await;

    assert_eq!((status, &answer["success"]), (200, &json!(true)), "{answer}");
    let analysis = &answer["analysis"];
    assert_eq!((&analysis["diagnoses"], &analysis["findings"]), (&json!([]), &json!([])));
    assert_eq!((&analysis["healthy"], &analysis["on_its_way"]), (&json!(false), &json!(true)));
    assert_eq!((&answer["confidence"], &answer["error_type"]), (&json!(0.5), &json!("")));
}

#[actix_web::test]
async fn an_analysis_tells_of_a_probe_that_can_never_tell_anything() {
    let api = ApiServer::start(ANY_PORT);
    api.put("/api/v1/pods", &pod());
    for name in ["first", "second"] {
        let message = "Readiness probe errored and resulted in unknown state: rpc error: code = Unknown desc = \
                       failed to exec in container: exec: \"pg_isready\": executable file not found in $PATH: unknown";
        let about = json!({"kind": "Pod", "namespace": "shop", "name": "web-1",
            "fieldPath": "spec.containers{app}"});
        api.put(
            "/api/v1/events",
            &json!({"metadata": {"namespace": "shop", "name": name, "resourceVersion": "3"},
                "type": "Warning", "reason": "Unhealthy", "message": message, "count": 1,
                "lastTimestamp": jiff::Timestamp::now().to_string(), "involvedObject": about}),
        );
    }
    let agent = AgentProcess::beside(&api).await;
    agent.ready(200).await;

    let body = r#"{"pod_name": "web-1", "namespace": "shop"}"#;
    let (_, answer) = agent.post("/api/v1/k8sgpt-analyze", body).await;

    let found = &answer["analysis"]["findings"][0];
    assert_eq!(found["fault"], "ReadinessProbeFailing", "{answer}");
    assert_eq!(found["field"], "/spec/containers/0/readinessProbe/exec/command", "{answer}");
    assert_eq!(answer["analysis"]["diagnoses"], json!([]), "{answer}");
    let said = (&answer["analysis"]["healthy"], &answer["analysis"]["on_its_way"]);
    assert_eq!(said, (&json!(false), &json!(false)), "{answer}");
    assert_eq!(answer["confidence"], found["confidence"], "{answer}");
    assert_eq!(answer["error_type"], "Unhealthy", "{answer}");
}

#[actix_web::test]
async fn the_pages_and_the_probes_are_there() {
    let (_api, agent) = agent_with_a_shop().await;

    let (_, health) = agent.get("/health").await;
    assert_eq!(health["status"], "ok");
    assert!(health["version"].is_string() && health["timestamp"].is_string());
    for path in ["/livez", "/readyz", "/metrics", "/openapi.json", "/docs/", "/api/v1/incidents"] {
        assert_eq!(agent.get_text(path).await.0, 200, "{path}");
    }
    let (_, metrics) = agent.get_text("/metrics").await;
    for name in ["agent_incidents_open", "agent_watch_restarts", "agent_incident_publish_seconds"] {
        assert!(metrics.contains(name), "{name}");
    }
}

#[actix_web::test]
async fn a_pod_that_is_gone_is_forgotten() {
    let (api, agent) = agent_with_a_shop().await;

    api.delete("/api/v1/pods", &pod());

    let path = "/api/v1/pod-status/web-1?namespace=shop";
    assert_eq!(agent.get(path).await.0, 404);
    let forgotten = || agent.agent.cluster.census().namespaces.is_empty();
    eventually("the caches have forgotten it", forgotten).await;
}
