//! Any endpoint that speaks OpenAI's chat completions: one request an answer, capped, in the strictest format it takes.

use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use futures::FutureExt;
use futures::future::BoxFuture;
use learning::Prompt;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{Llm, LlmError};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_mins(1);
/// The largest reply that is read.
const MAX_REPLY: usize = 1024 * 1024;
/// More than this is no answer to our questions.
const MAX_TOKENS: u32 = 1_500;

/// How strictly the endpoint can be held to a schema; the first that it takes is kept.
const SCHEMA: u8 = 0;
const JSON: u8 = 1;
const PLAIN: u8 = 2;

/// An OpenAI-compatible endpoint.
pub struct OpenAi {
    client: Client<OpenAIConfig>,
    model: String,
    format: AtomicU8,
    patience: Duration,
}

impl OpenAi {
    /// The endpoint at `base_url` (OpenAI's own when `None`), with its key and model.
    pub fn new(
        base_url: Option<&str>,
        key: Option<&SecretString>,
        model: &str,
    ) -> reqwest::Result<Self> {
        let http = service::client::http(TIMEOUT)?;
        let key = key.map_or("", |it| it.expose_secret().trim());
        let mut config = OpenAIConfig::new().with_api_key(key);
        if let Some(base_url) = base_url {
            config = config.with_api_base(base_url.trim().trim_end_matches('/'));
        }
        let client = Client::build(http.clone(), config).with_http_service(Capped { http });
        Ok(Self {
            client,
            model: model.to_owned(),
            format: AtomicU8::new(SCHEMA),
            patience: TIMEOUT,
        })
    }

    /// The same endpoint, given up after this time.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    async fn complete(&self, prompt: &Prompt, format: u8) -> Result<String, OpenAIError> {
        let mut request = json!({
            "model": self.model,
            "temperature": 0.1,
            "max_tokens": MAX_TOKENS,
            "messages": [
                { "role": "system", "content": system(prompt, format) },
                { "role": "user", "content": prompt.user },
            ],
        });
        let wanted = match format {
            SCHEMA => Some(json!({
                "type": "json_schema",
                "json_schema": { "name": prompt.name, "strict": true, "schema": prompt.schema },
            })),
            JSON => Some(json!({ "type": "json_object" })),
            _ => None,
        };
        if let (Some(wanted), Some(members)) = (wanted, request.as_object_mut()) {
            members.insert("response_format".to_owned(), wanted);
        }
        let reply: Value = self.client.chat().create_byot(request).await?;
        let text = reply.pointer("/choices/0/message/content").and_then(Value::as_str);
        text.map(str::to_owned)
            .ok_or_else(|| OpenAIError::InvalidArgument("the reply holds no message".to_owned()))
    }

    async fn ask_strictly(&self, prompt: &Prompt) -> Result<String, LlmError> {
        let mut format = self.format.load(Ordering::Relaxed);
        loop {
            match self.complete(prompt, format).await {
                Ok(text) => {
                    self.format.store(format, Ordering::Relaxed);
                    return Ok(text);
                }
                Err(error) if refuses_format(&error) && format < PLAIN => format += 1,
                Err(error) => return Err(words(&error)),
            }
        }
    }
}

/// Without a schema on the wire, the schema stands in the words.
fn system(prompt: &Prompt, format: u8) -> String {
    if format == SCHEMA {
        return prompt.system.clone();
    }
    format!("{}\n\nThe schema:\n{}", prompt.system, prompt.schema)
}

/// A 400 or 422 that speaks of the format: many servers know no schema, some no JSON mode.
fn refuses_format(error: &OpenAIError) -> bool {
    let OpenAIError::ApiError(response) = error else { return false };
    let text = response.to_string().to_lowercase();
    ["response_format", "json_schema", "json_object", "schema", "format"]
        .iter()
        .any(|it| text.contains(it))
}

/// The error in words. Never the reply itself, and not the server's message either: it may repeat the prompt,
/// which holds a cluster's words, or a part of the key.
fn words(error: &OpenAIError) -> LlmError {
    match error {
        OpenAIError::JSONDeserialize(reason, _) => {
            LlmError::Failed(format!("its reply is not JSON: {reason}"))
        }
        OpenAIError::Boxed(source) => source
            .downcast_ref::<TooLong>()
            .map_or_else(|| LlmError::Failed(source.to_string()), |it| LlmError::TooLong(it.0)),
        OpenAIError::Reqwest(error) if error.is_timeout() => LlmError::TimedOut(TIMEOUT),
        OpenAIError::Reqwest(error) => LlmError::Failed(service::telemetry::chain(error)),
        OpenAIError::ApiError(error) => {
            let code = error.api_error.code.as_deref().or(error.api_error.r#type.as_deref());
            let code = code.filter(|it| is_code(it)).map(|it| format!(", {it}"));
            LlmError::Failed(format!("status {}{}", error.status_code, code.unwrap_or_default()))
        }
        OpenAIError::FileSaveError(_)
        | OpenAIError::FileReadError(_)
        | OpenAIError::StreamError(_)
        | OpenAIError::InvalidArgument(_) => {
            LlmError::Failed(learning::fence(&error.to_string(), 300))
        }
    }
}

/// Whether this is a code for machines, such as `invalid_api_key`, and no sentence.
fn is_code(word: &str) -> bool {
    let fits = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_';
    word.len() <= 40 && word.bytes().all(fits)
}

impl Llm for OpenAi {
    fn name(&self) -> &str {
        &self.model
    }

    fn ask<'a>(&'a self, prompt: &'a Prompt) -> BoxFuture<'a, Result<String, LlmError>> {
        async move {
            let answer = tokio::time::timeout(self.patience, self.ask_strictly(prompt)).await;
            answer.unwrap_or(Err(LlmError::TimedOut(self.patience)))
        }
        .boxed()
    }
}

/// A reply that is longer than is read.
#[derive(Debug, thiserror::Error)]
#[error("the reply is longer than {0} bytes")]
struct TooLong(usize);

/// Sends exactly one request (the library's own client retries) and reads at most [`MAX_REPLY`].
#[derive(Clone)]
struct Capped {
    http: reqwest::Client,
}

impl tower::Service<HttpRequestFactory> for Capped {
    type Response = reqwest::Response;
    type Error = OpenAIError;
    type Future = BoxFuture<'static, Result<reqwest::Response, OpenAIError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        let http = self.http.clone();
        async move { capped(http.execute(factory.build().await?).await?).await }.boxed()
    }
}

/// The same response, read whole.
async fn capped(mut response: reqwest::Response) -> Result<reqwest::Response, OpenAIError> {
    let mut whole = http::Response::builder().status(response.status());
    if let Some(kind) = response.headers().get("content-type") {
        whole = whole.header("content-type", kind);
    }
    let mut body = vec![];
    while let Some(bytes) = response.chunk().await? {
        body.extend_from_slice(&bytes);
        if MAX_REPLY < body.len() {
            return Err(OpenAIError::Boxed(Box::new(TooLong(MAX_REPLY))));
        }
    }
    let whole = whole.body(body).map_err(|it| OpenAIError::Boxed(Box::new(it)))?;
    Ok(reqwest::Response::from(whole))
}
