//! How the agent treats requests that are foreign, wrong or slow, and who it says that it is.

use serde_json::{Value, json};

use crate::agent_process::AgentProcess;
use crate::api_server::{ANY_PORT, ApiServer};

async fn agent() -> (ApiServer, AgentProcess) {
    let api = ApiServer::start(ANY_PORT);
    let agent = AgentProcess::beside(&api).await;
    agent.ready(200).await;
    (api, agent)
}

#[track_caller]
fn says((status, body): (u16, Value), expected: u16, detail: &str, next: &str) {
    assert_eq!(status, expected, "{body}");
    assert_eq!(body["detail"], detail, "{body}");
    assert_eq!(body["next"], next, "{body}");
}

#[actix_web::test]
async fn without_tokens_a_web_page_of_somebody_else_gets_nothing() {
    let (_api, agent) = agent().await;
    let approve = "/api/v1/executions/0190a000-0000-7000-8000-000000000000/approve";

    let (rebound, body) = agent.send("GET", "/api/v1/mode", &[("Host", "evil.example")]).await;
    let page = agent.send("POST", approve, &[("Origin", "http://evil.example")]).await.0;
    let simple =
        agent.send("POST", approve, &[("Content-Type", "text/plain"), ("Content-Length", "0")]);

    assert_eq!((rebound, page, simple.await.0), (403, 403, 404));
    assert_eq!(body["type"], "about:blank#foreign-request");
    assert_eq!(agent.send("GET", "/api/v1/mode", &[("Host", "localhost:1")]).await.0, 200);
}

#[actix_web::test]
async fn a_query_that_cannot_be_names_the_parameter_and_what_it_may_be() {
    let (_api, agent) = agent().await;

    let get = async |path: &str| agent.get(path).await;
    says(
        get("/api/v1/incidents?state=broken").await,
        400,
        "`state` cannot be `broken`",
        "give `state` `open`, `resolved` or `gone`",
    );
    says(
        get("/api/v1/incidents?colour=red").await,
        400,
        "there is no parameter `colour`",
        "give `state` or `namespace`",
    );
    says(
        get("/api/v1/recent-events?type=Foo").await,
        400,
        "`type` cannot be `Foo`",
        "give `type` `Normal` or `Warning`",
    );
    says(
        get("/api/v1/executions?limit=many").await,
        400,
        "`limit` cannot be `many`",
        "give `limit` a whole number, at least 0",
    );
    says(
        get("/api/v1/incidents?state=open&state=open").await,
        400,
        "`state` is given twice",
        "give it once",
    );
}

#[actix_web::test]
async fn a_path_that_cannot_be_names_its_part() {
    let (_api, agent) = agent().await;

    says(
        agent.get("/api/v1/executions/nonsense").await,
        400,
        "`id` cannot be `nonsense`",
        "give `id` an id as the service gives them: 0190a000-0000-7000-8000-000000000000",
    );
    says(
        agent.get("/api/v1/execute-fix").await,
        405,
        "`/api/v1/execute-fix` is not served under this method",
        "use POST",
    );
    let long = format!("/{}", "x".repeat(20_000));
    says(
        agent.get(&long).await,
        404,
        "there is nothing under what was given",
        "/docs lists what there is",
    );
}

#[actix_web::test]
async fn a_body_that_cannot_be_names_the_field() {
    let (_api, agent) = agent().await;

    says(
        agent.put("/api/v1/mode", r#"{"mode": "berserk"}"#).await,
        400,
        "`mode` cannot be `berserk`",
        "give `observe`, `suggest` or `auto`",
    );
    let order = json!({"pod_name": "web", "strategy": {"type": "wait"}, "wait_seconds": -1});
    says(
        agent.post("/api/v1/execute-fix", &order.to_string()).await,
        400,
        "`wait_seconds` is of the wrong kind",
        "give a whole number, at least 0",
    );
}

#[actix_web::test]
async fn auto_wants_a_reason_and_the_stop_button_does_not() {
    let (_api, agent) = agent().await;

    for body in [r#"{"mode": "auto"}"#, r#"{"mode": "auto", "reason": " "}"#] {
        let (status, problem) = agent.put("/api/v1/mode", body).await;
        assert_eq!((status, &problem["type"]), (400, &json!("about:blank#reason-missing")));
    }
    assert_eq!(agent.put("/api/v1/mode", r#"{"mode": "auto", "reason": "why"}"#).await.0, 409);
    assert_eq!(agent.put("/api/v1/mode", r#"{"mode": "observe"}"#).await.0, 200);
}

#[actix_web::test]
async fn the_mode_can_be_alerted_on() {
    let (_api, agent) = agent().await;
    let is = async |line: &str| agent.get_text("/metrics").await.1.contains(line);

    assert!(is("agent_mode{mode=\"suggest\"} 1\n").await);
    agent.put("/api/v1/mode", r#"{"mode": "observe"}"#).await;

    assert!(is("agent_mode{mode=\"observe\"} 1\n").await);
    assert!(is("agent_mode{mode=\"suggest\"} 0\n").await);
}

#[actix_web::test]
async fn probes_may_ask_with_head() {
    let (_api, agent) = agent().await;

    for path in ["/health", "/livez", "/readyz", "/metrics", "/api/v1/mode"] {
        assert_eq!(agent.send("HEAD", path, &[]).await, (200, Value::Null), "{path}");
    }
    assert_eq!(agent.send("HEAD", "/api/v1/incidents/stream", &[]).await.0, 200);
}

#[actix_web::test]
async fn the_audit_log_of_the_api_server_tells_who_we_are() {
    let (api, agent) = agent().await;

    agent.get("/api/v1/pod-status/web").await;

    assert!(3 < api.callers().len());
    let own = concat!("k8s-reflexion-agent/", env!("CARGO_PKG_VERSION"));
    assert!(api.callers().iter().all(|it| it == own), "{:?}", api.callers());
}

#[actix_web::test]
async fn an_open_stream_does_not_hold_up_the_end() {
    let (_api, mut agent) = agent().await;
    let stream = agent.stream(None).await;

    agent.stop();

    assert!(stream.ends().await);
}
