//! The agent over HTTP: JSON requests, and its stream as server-sent events.

use std::path::PathBuf;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use reqwest::{RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use types::wire::{ExecuteFixResponse, K8sGptAnalyzeRequest, K8sGptAnalyzeResponse};
use types::{Execution, Incident, Problem};
use uuid::Uuid;

use super::sse::Parser;
use super::{Agent, AgentError, Heard, Order, Stream};

/// How long one request may take: the agent answers when the write was made, not when it was verified.
const REQUEST: Duration = Duration::from_mins(1);
/// The agent sends a comment every 15 seconds: a longer silence is a dead connection.
const SILENCE: Duration = Duration::from_secs(45);
/// The largest answer that is read.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// An agent at an address.
pub struct HttpAgent {
    url: String,
    token: Option<SecretString>,
    /// Where a newer one is found: tokens that a cluster projects are replaced while we run.
    token_file: Option<PathBuf>,
    client: reqwest::Client,
    streams: reqwest::Client,
}

impl HttpAgent {
    /// An agent at this address, called with this token.
    pub fn new(url: &str, token: Option<SecretString>) -> reqwest::Result<Self> {
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            token,
            token_file: None,
            client: service::client::http(REQUEST)?,
            streams: service::client::streaming(SILENCE)?,
        })
    }

    /// The same, called with what stands in this file at the time of a call.
    #[must_use]
    pub fn with_token_of(self, file: Option<PathBuf>) -> Self {
        Self { token_file: file, ..self }
    }

    /// The token of now. A file that cannot be read just then leaves the one of the start.
    async fn token(&self) -> Option<SecretString> {
        let Some(file) = &self.token_file else { return self.token.clone() };
        match tokio::fs::read_to_string(file).await {
            Ok(text) if !text.trim().is_empty() => Some(SecretString::from(text.trim())),
            Ok(_) | Err(_) => self.token.clone(),
        }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn unreachable(
        &self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> AgentError {
        AgentError::Unreachable { url: self.url.clone(), source: source.into() }
    }

    fn unreadable(&self, reason: &dyn std::fmt::Display) -> AgentError {
        AgentError::Unreadable { url: self.url.clone(), reason: reason.to_string() }
    }

    async fn send(&self, mut request: RequestBuilder) -> Result<Response, AgentError> {
        if let Some(token) = self.token().await {
            request = request.bearer_auth(token.expose_secret());
        }
        let response = request.send().await.map_err(|it| self.unreachable(it))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = self.body(response).await?;
        let said = serde_json::from_slice::<Problem>(&body).ok();
        let is_passing = matches!(
            status,
            StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
                | StatusCode::TOO_MANY_REQUESTS
        );
        Err(match said.map(Box::new) {
            Some(problem) if is_passing => AgentError::NotNow { url: self.url.clone(), problem },
            Some(problem) => AgentError::Problem(problem),
            // Something in between, such as a proxy: the agent's own errors are problem bodies.
            None if is_passing => {
                self.unreachable(format!("status {status}, and not from an agent"))
            }
            None => {
                let words = format!("status {status}");
                AgentError::Problem(Box::new(Problem::new(status.as_u16(), "agent", words, "")))
            }
        })
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, AgentError> {
        let mut body = vec![];
        while let Some(bytes) = response.chunk().await.map_err(|it| self.unreachable(it))? {
            body.extend_from_slice(&bytes);
            if MAX_ANSWER < body.len() {
                return Err(self.unreadable(&format!("more than {MAX_ANSWER} bytes")));
            }
        }
        Ok(body)
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, AgentError> {
        let response = self.send(request).await?;
        let body = self.body(response).await?;
        let mut reader = serde_json::Deserializer::from_slice(&body);
        serde_path_to_error::deserialize(&mut reader).map_err(|it| self.unreadable(&it))
    }

    async fn open_stream(&self, after: Option<String>) -> Result<Stream, AgentError> {
        let mut request = self
            .streams
            .get(self.at("/api/v1/incidents/stream"))
            .header("Accept", "text/event-stream");
        if let Some(after) = after {
            request = request.header("Last-Event-ID", after);
        }
        let response = self.send(request).await?;
        Ok(messages(self.url.clone(), response))
    }
}

struct Reading {
    url: String,
    response: Response,
    parser: Parser,
}

/// The messages of a response, until it ends or something in it cannot be read.
fn messages(url: String, response: Response) -> Stream {
    let reading = Reading { url, response, parser: Parser::default() };
    stream::unfold(Some(reading), |reading| async {
        let mut reading = reading?;
        match reading.next().await {
            Ok(Some(heard)) => Some((heard, Some(reading))),
            Ok(None) => None,
            Err(error) => Some((vec![Err(error)], None)),
        }
    })
    .flat_map(stream::iter)
    .boxed()
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Vec<Result<Heard, AgentError>>>, AgentError> {
        let unreachable = |source: reqwest::Error| AgentError::Unreachable {
            url: self.url.clone(),
            source: source.into(),
        };
        let Some(bytes) = self.response.chunk().await.map_err(unreachable)? else {
            return Ok(None);
        };
        let unreadable = |reason: String| AgentError::Unreadable { url: self.url.clone(), reason };
        let messages = self.parser.push(&bytes).map_err(|it| unreadable(it.to_string()))?;
        let heard = messages.into_iter().map(|it| {
            let event =
                serde_json::from_str(&it.data).map_err(|error| unreadable(error.to_string()))?;
            Ok(Heard { id: it.id, event })
        });
        Ok(Some(heard.collect()))
    }
}

impl Agent for HttpAgent {
    fn url(&self) -> &str {
        &self.url
    }

    fn check(&self) -> BoxFuture<'_, Result<(), AgentError>> {
        let request = self.client.get(self.at("/health"));
        async move { self.send(request).await.map(drop) }.boxed()
    }

    fn follow(&self, after: Option<String>) -> BoxFuture<'_, Result<Stream, AgentError>> {
        self.open_stream(after).boxed()
    }

    fn analyze(
        &self,
        request: K8sGptAnalyzeRequest,
    ) -> BoxFuture<'_, Result<K8sGptAnalyzeResponse, AgentError>> {
        let request = self.client.post(self.at("/api/v1/k8sgpt-analyze")).json(&request);
        self.ask(request).boxed()
    }

    fn execute(&self, order: Order) -> BoxFuture<'_, Result<ExecuteFixResponse, AgentError>> {
        let request = self
            .client
            .post(self.at("/api/v1/execute-fix"))
            .header("Idempotency-Key", order.idempotency_key)
            .json(&order.request);
        self.ask(request).boxed()
    }

    fn execution(&self, id: Uuid) -> BoxFuture<'_, Result<Execution, AgentError>> {
        self.ask(self.client.get(self.at(&format!("/api/v1/executions/{id}")))).boxed()
    }

    fn withdraw(&self, id: Uuid) -> BoxFuture<'_, Result<Execution, AgentError>> {
        let path = format!("/api/v1/executions/{id}/reject?superseded=true");
        self.ask(self.client.post(self.at(&path))).boxed()
    }

    fn incident(&self, id: Uuid) -> BoxFuture<'_, Result<Incident, AgentError>> {
        self.ask(self.client.get(self.at(&format!("/api/v1/incidents/{id}")))).boxed()
    }
}
