//! The agent over HTTP: its stream, its answers, and its refusals.

use futures::StreamExt;
use reflexion::agent::{Agent, AgentError, HttpAgent, Order};
use secrecy::SecretString;
use serde_json::json;
use types::wire::{ExecuteFixRequest, K8sGptAnalyzeRequest};
use types::{Problem, StreamEvent};
use uuid::Uuid;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fakes::incident;

fn agent(server: &MockServer) -> HttpAgent {
    HttpAgent::new(&server.uri(), Some(SecretString::from("token-of-sixteen"))).unwrap()
}

fn request() -> K8sGptAnalyzeRequest {
    K8sGptAnalyzeRequest { pod_name: "web-1".to_owned(), namespace: "shop".to_owned() }
}

#[tokio::test]
async fn the_stream_is_read_and_resumed() {
    let server = MockServer::start().await;
    let event = StreamEvent::Incident(Box::new(incident("web")));
    let data = serde_json::to_string(&event).unwrap();
    let body = format!(": connected\n\nid: 8\nevent: incident\ndata: {data}\n\n: still here\n\n");
    Mock::given(path("/api/v1/incidents/stream"))
        .and(header("Last-Event-ID", "7"))
        .and(header("Authorization", "Bearer token-of-sixteen"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(body, "text/event-stream"))
        .mount(&server)
        .await;

    let stream = agent(&server).follow(Some("7".to_owned())).await.unwrap();
    let heard: Vec<_> = stream.map(Result::unwrap).collect().await;

    assert_eq!(heard.len(), 1);
    assert_eq!((heard[0].id.as_str(), &heard[0].event), ("8", &event));
}

#[tokio::test]
async fn a_message_that_cannot_be_read_ends_the_stream_with_an_error() {
    let server = MockServer::start().await;
    let body = "id: 1\ndata: {\"kind\":\"unheard_of\"}\n\n";
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(body, "text/event-stream"))
        .mount(&server)
        .await;

    let mut stream = agent(&server).follow(None).await.unwrap();

    assert!(matches!(stream.next().await, Some(Err(AgentError::Unreadable { .. }))));
}

#[tokio::test]
async fn an_order_carries_its_idempotency_key() {
    let server = MockServer::start().await;
    let answer = json!({
        "success": true, "execution_id": Uuid::nil(), "result": {"state": "verifying"}, "timestamp": "t",
    });
    Mock::given(path("/api/v1/execute-fix"))
        .and(header("Idempotency-Key", "a/1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .mount(&server)
        .await;
    let request = ExecuteFixRequest {
        pod_name: "web-1".to_owned(),
        namespace: "shop".to_owned(),
        strategy: json!({"type": "roll_back"}).as_object().unwrap().clone(),
        dry_run: false,
        wait_seconds: 0,
        incident: None,
        reason: None,
        decided_by: None,
        propensity: None,
    };

    let order = Order { idempotency_key: "a/1".to_owned(), request };
    let answer = agent(&server).execute(order).await.unwrap();

    assert_eq!(answer.execution_id, Uuid::nil().to_string());
}

#[tokio::test]
async fn a_no_is_told_from_a_not_now_and_from_nonsense() {
    let server = MockServer::start().await;
    let problem = Problem::new(404, "pod-not-found", "there is no pod", "check the name");
    let refusal = ResponseTemplate::new(404).set_body_json(&problem);
    Mock::given(method("POST")).respond_with(refusal).up_to_n_times(1).mount(&server).await;
    let away = Problem::new(503, "cluster-unreachable", "the API server is away", "try again");
    for answer in [
        ResponseTemplate::new(503).set_body_json(&away),
        ResponseTemplate::new(502).set_body_string("<html>a proxy</html>"),
    ] {
        Mock::given(method("POST")).respond_with(answer).up_to_n_times(1).mount(&server).await;
    }
    let nonsense = ResponseTemplate::new(200).set_body_string("<html>");
    Mock::given(method("POST")).respond_with(nonsense).mount(&server).await;
    let agent = agent(&server);

    let no = agent.analyze(request()).await.unwrap_err();
    let not_now = agent.analyze(request()).await.unwrap_err();
    let proxy = agent.analyze(request()).await.unwrap_err();
    let nonsense = agent.analyze(request()).await.unwrap_err();

    assert!(no.is_not_found() && !no.is_passing());
    assert!(not_now.is_passing() && not_now.to_string().ends_with("the API server is away"));
    assert!(proxy.is_passing() && matches!(proxy, AgentError::Unreachable { .. }));
    assert!(matches!(nonsense, AgentError::Unreadable { .. }));
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_the_end() {
    let server = MockServer::start().await;
    let endless = ResponseTemplate::new(200).set_body_string(" ".repeat(5 * 1024 * 1024));
    Mock::given(method("POST")).respond_with(endless).mount(&server).await;

    let error = agent(&server).analyze(request()).await.unwrap_err();

    assert!(error.to_string().contains("more than"), "{error}");
}
