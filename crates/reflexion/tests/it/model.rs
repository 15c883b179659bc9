//! The OpenAI-compatible endpoint, well and badly behaved.

use std::time::Duration;

use learning::Prompt;
use reflexion::llm::{Llm, LlmError, OpenAi};
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::matchers::{body_partial_json, header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

fn prompt() -> Prompt {
    Prompt {
        name: "advise",
        system: "You advise.".to_owned(),
        user: "What now?".to_owned(),
        schema: json!({"type": "object"}),
    }
}

fn reply(text: &str) -> ResponseTemplate {
    let message = json!({"role": "assistant", "content": text});
    ResponseTemplate::new(200).set_body_json(json!({"choices": [{"message": message}]}))
}

fn model(server: &MockServer) -> OpenAi {
    let key = SecretString::from("sk-secret");
    OpenAi::new(Some(&format!("{}/v1/", server.uri())), Some(&key), "small").unwrap()
}

async fn answering(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(response).mount(&server).await;
    server
}

async fn requests(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

#[tokio::test]
async fn a_question_carries_the_schema_and_the_key() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/chat/completions"))
        .and(header("Authorization", "Bearer sk-secret"))
        .and(body_partial_json(json!({
            "model": "small",
            "response_format": {"type": "json_schema", "json_schema": {"strict": true, "schema": {"type": "object"}}},
        })))
        .respond_with(reply("{}"))
        .mount(&server)
        .await;

    assert_eq!(model(&server).ask(&prompt()).await.unwrap(), "{}");
}

#[tokio::test]
async fn a_server_that_knows_no_schema_is_asked_in_words() {
    let server = MockServer::start().await;
    let refuse = |kind: &str| {
        let error = json!({"error": {"message": "response_format is not supported"}});
        let refusal = ResponseTemplate::new(400).set_body_json(error);
        let format = json!({"response_format": {"type": kind}});
        Mock::given(body_partial_json(format)).respond_with(refusal)
    };
    refuse("json_schema").mount(&server).await;
    refuse("json_object").mount(&server).await;
    Mock::given(method("POST")).respond_with(reply("fine")).mount(&server).await;
    let model = model(&server);

    assert_eq!(model.ask(&prompt()).await.unwrap(), "fine");
    assert_eq!(requests(&server).await.len(), 3);
    assert_eq!(model.ask(&prompt()).await.unwrap(), "fine");

    let requests = requests(&server).await;
    assert_eq!(requests.len(), 4, "what it takes is remembered");
    let last: Value = requests[3].body_json().unwrap();
    assert!(last["messages"][0]["content"].as_str().unwrap().contains(r#"{"type":"object"}"#));
}

#[tokio::test]
async fn an_error_is_one_request_and_no_answer() {
    for status in [500, 429, 401] {
        let body = json!({"error": {"message": "no", "type": "x"}});
        let server = answering(ResponseTemplate::new(status).set_body_json(body)).await;

        let answer = model(&server).ask(&prompt()).await;

        assert!(matches!(answer, Err(LlmError::Failed(_))), "{status}");
        assert_eq!(requests(&server).await.len(), 1, "{status}");
    }
}

#[tokio::test]
async fn nonsense_is_no_answer_and_is_not_repeated_in_the_error() {
    for body in ["<html>SECRET</html>", "{}", r#"{"choices":[]}"#, ""] {
        let server = answering(ResponseTemplate::new(200).set_body_string(body)).await;

        let error = model(&server).ask(&prompt()).await.unwrap_err();

        assert!(!error.to_string().contains("SECRET"), "{error}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = answering(reply("gotcha")).await;
    let moved = ResponseTemplate::new(307).insert_header("Location", target.uri().as_str());
    let server = answering(moved).await;

    assert!(model(&server).ask(&prompt()).await.is_err());
    assert!(requests(&target).await.is_empty());
}

#[tokio::test]
async fn a_reply_without_end_is_cut_off() {
    let server = answering(reply(&"a".repeat(2 * 1024 * 1024))).await;

    let error = model(&server).ask(&prompt()).await.unwrap_err();

    assert!(matches!(error, LlmError::TooLong(_)), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_no_answer() {
    let key = SecretString::from("sk-secret");
    let model = OpenAi::new(Some("http://127.0.0.1:1/v1"), Some(&key), "small").unwrap();

    let error = model.ask(&prompt()).await.unwrap_err().to_string();

    assert!(error.contains("refused"), "{error}");
    assert!(!error.contains("sk-secret"));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let server = answering(reply("late").set_delay(Duration::from_hours(1))).await;
    let model = model(&server).with_patience(Duration::from_millis(20));

    let error = model.ask(&prompt()).await.unwrap_err().to_string();

    assert!(error.contains("no answer within 20ms"), "{error}");
}
