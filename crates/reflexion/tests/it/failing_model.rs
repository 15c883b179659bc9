//! A model that fails: one line in the log, a count of its own, and a word on `/health`.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use actix_web::test::TestRequest;
use reflexion::llm::{Counsel, Guarded, Llm, LlmError, OpenAi};
use reflexion::metrics::Meters;
use secrecy::SecretString;
use serde_json::json;
use tracing::subscriber::DefaultGuard;
use types::{ExecutionState, Strategy};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fakes::ScriptedModel;
use crate::http::{call, get, raw};
use crate::world::World;

const NO_SCRIPT: &[(Strategy, ExecutionState, &str)] = &[];

/// What is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn listen() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(tracing::Level::INFO)
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// The lines about the model.
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|it| it.contains("the model")).map(str::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn prompt() -> learning::Prompt {
    learning::Prompt {
        name: "reflect",
        system: "You reflect.".to_owned(),
        user: "What now?".to_owned(),
        schema: json!({"type": "object"}),
    }
}

async fn counsel(response: ResponseTemplate) -> (Counsel, MockServer) {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(response).mount(&server).await;
    let key = SecretString::from("sk-secret");
    let model = OpenAi::new(Some(&server.uri()), Some(&key), "small").unwrap();
    let model = model.with_patience(std::time::Duration::from_millis(300));
    (Counsel::new(Arc::new(model), Meters::default()), server)
}

#[tokio::test]
async fn every_failure_is_one_short_line_with_its_reason_and_without_the_reply() {
    let no_key = json!({"error": {"message": "Incorrect API key provided: sk-SECRET", "type": "invalid_request_error", "code": "invalid_api_key"}});
    let words = json!({"choices": [{"message": {"content": "SECRET words and no JSON"}}]});
    let late = ResponseTemplate::new(200).set_delay(std::time::Duration::from_hours(1));
    let cases = [
        (
            ResponseTemplate::new(401).set_body_json(no_key),
            "failed",
            "401 Unauthorized, invalid_api_key",
            1,
        ),
        (
            ResponseTemplate::new(200).set_body_string("<html>SECRET</html>"),
            "failed",
            "is not JSON",
            1,
        ),
        (
            ResponseTemplate::new(200).set_body_json(words),
            "unusable",
            "does not fit what was asked",
            2,
        ),
        (late, "timed_out", "no answer within 300ms", 1),
    ];
    for (response, outcome, reason, lines) in cases {
        let (counsel, _server) = counsel(response).await;
        let (log, _listening) = Log::listen();

        assert!(counsel.lesson(prompt()).await.answer.is_err());

        let said = log.lines();
        assert_eq!(said.len(), lines, "{said:#?}");
        for line in said {
            assert!(
                line.contains(&format!("outcome=\"{outcome}\"")) && line.contains(reason),
                "{line}"
            );
            assert!(line.len() < 400 && !line.contains("SECRET"), "{line}");
        }
        let health = counsel.unavailable().unwrap();
        assert!(health.contains("small is failing") && health.contains(reason), "{health}");
        assert!(!health.contains("SECRET"), "{health}");
    }
}

#[actix_web::test]
async fn each_kind_of_failure_is_counted_for_itself_and_an_unusable_answer_is_none() {
    let usable = r#"{"lesson":"It leaks.","insights":[]}"#;
    let world = World::advised(NO_SCRIPT, &["no JSON", "still none", usable]).await;
    let simulate = || TestRequest::post().uri("/api/v1/debug/simulate-reflection?success=false");

    call(&world, simulate()).await;
    let failing = get(&world, "/health").await.1["checks"]["model"].clone();
    call(&world, simulate()).await;
    let well = get(&world, "/health").await.1["checks"]["model"].clone();
    call(&world, simulate()).await;

    let (_, text) = raw(&world, TestRequest::get().uri("/metrics")).await;
    for (outcome, count) in [("unusable", 2), ("answered", 1), ("failed", 1)] {
        let line = format!(
            "reflexion_model_calls_total{{purpose=\"reflect\",outcome=\"{outcome}\"}} {count}"
        );
        assert!(text.contains(&line), "{line} is not in\n{text}");
    }
    assert!(failing.as_str().unwrap().contains("is failing, 2 times in a row"), "{failing}");
    assert_eq!(well, "scripted, asked at depth medium");
}

#[tokio::test]
async fn a_model_that_is_not_asked_has_not_failed_and_was_not_called() {
    let guarded = Guarded::new(ScriptedModel::new(&[]), 1);
    assert!(matches!(guarded.ask(&prompt()).await, Err(LlmError::Failed(_))));
    let counsel = Counsel::new(Arc::new(guarded), Meters::default());

    let outcome = counsel.lesson(prompt()).await;

    assert!(matches!(outcome.answer, Err(LlmError::Spent(1))));
    assert_eq!(outcome.calls, 0);
    assert!(!counsel.unavailable().unwrap().contains("is failing"));
}
