//! A whole agent beside an API server that is played.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use agent::Agent;
use agent::config::Config;
use agent::start::start;
use clap::Parser;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use types::{Incident, StreamEvent};

use crate::api_server::ApiServer;

/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_mins(1);

/// An agent that runs until it is dropped.
pub(crate) struct AgentProcess {
    /// What its parts share.
    pub(crate) agent: Agent,
    address: SocketAddr,
    http: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    _data: TempDir,
}

impl AgentProcess {
    /// Starts beside this API server.
    pub(crate) async fn beside(api: &ApiServer) -> Self {
        Self::with(&api.kubeconfig(), &[]).await
    }

    /// Starts with this kubeconfig and these flags.
    pub(crate) async fn with(kubeconfig: &str, flags: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join("kubeconfig");
        std::fs::write(&path, kubeconfig).unwrap();
        let mut args = vec!["agent", "--listen", "127.0.0.1:0"];
        if !flags.contains(&"--settle-seconds") {
            args.extend(["--settle-seconds", "0.2"]);
        }
        args.extend(["--kubeconfig", path.to_str().unwrap()]);
        args.extend(["--data", data.path().to_str().unwrap()]);
        args.extend(flags);
        let running = start(&Config::parse_from(args)).await.unwrap();
        let (agent, address) = (running.agent.clone(), running.address);
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(running.until(async {
            let _ = stopped.await;
            "the test is over"
        }));
        let http = service::client::streaming(Duration::from_secs(20)).unwrap();
        Self { agent, address, http, stop: Some(stop), _data: data }
    }

    /// `GET`: status and body.
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let (status, text) = self.get_text(path).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// `GET`: status and text.
    pub(crate) async fn get_text(&self, path: &str) -> (u16, String) {
        let response = self.http.get(format!("http://{}{path}", self.address)).send();
        let response = response.await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// `POST` of raw text as JSON: status and body.
    pub(crate) async fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let url = format!("http://{}{path}", self.address);
        let request = self.http.post(url).header("Content-Type", "application/json");
        let response = request.body(body.to_owned()).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or(Value::Null))
    }

    /// Any request with these headers: status and body.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (u16, Value) {
        let url = format!("http://{}{path}", self.address);
        let mut request = self.http.request(method.parse().unwrap(), url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or(Value::Null))
    }

    /// `PUT` of raw text as JSON: status and body.
    pub(crate) async fn put(&self, path: &str, body: &str) -> (u16, Value) {
        let url = format!("http://{}{path}", self.address);
        let request = self.http.put(url).header("Content-Type", "application/json");
        let response = request.body(body.to_owned()).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or(Value::Null))
    }

    /// Tells it to stop, as a signal does.
    pub(crate) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Opens the stream, with the id that was read last.
    pub(crate) async fn stream(&self, last_event_id: Option<&str>) -> Stream {
        let url = format!("http://{}/api/v1/incidents/stream", self.address);
        let mut request = self.http.get(url);
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        Stream { response: request.send().await.unwrap(), text: String::new() }
    }

    /// Waits until `/readyz` says this status, and answers with its text.
    pub(crate) async fn ready(&self, status: u16) -> String {
        let started = Instant::now();
        loop {
            let (now, text) = self.get_text("/readyz").await;
            if now == status {
                return text;
            }
            assert!(started.elapsed() < PATIENCE, "/readyz still says {now}: {text}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// What is read from the stream.
pub(crate) struct Stream {
    response: reqwest::Response,
    text: String,
}

impl Stream {
    /// Reads to the end, and says whether it comes in time.
    pub(crate) async fn ends(mut self) -> bool {
        let read = async { while matches!(self.response.chunk().await, Ok(Some(_))) {} };
        tokio::time::timeout(Duration::from_secs(3), read).await.is_ok()
    }

    /// The next message that is no comment: its id, and what it tells.
    pub(crate) async fn next(&mut self) -> (Option<String>, StreamEvent) {
        tokio::time::timeout(PATIENCE, self.told()).await.expect("a message in time")
    }

    async fn told(&mut self) -> (Option<String>, StreamEvent) {
        loop {
            let message = self.message().await;
            let part = |name: &str| message.lines().find_map(|it| it.strip_prefix(name));
            if let Some(data) = part("data: ") {
                return (part("id: ").map(str::to_owned), serde_json::from_str(data).unwrap());
            }
        }
    }

    async fn message(&mut self) -> String {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                return self.text.drain(..end + 2).collect();
            }
            let chunk = self.response.chunk().await.unwrap().expect("an open stream");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next incident.
    pub(crate) async fn incident(&mut self) -> Incident {
        match self.next().await.1 {
            StreamEvent::Incident(incident) => *incident,
            StreamEvent::Execution(execution) => panic!("an execution: {execution:?}"),
        }
    }
}

impl Drop for AgentProcess {
    fn drop(&mut self) {
        Self::stop(self);
    }
}

/// Waits until it is true.
pub(crate) async fn eventually(what: &str, is_true: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_true() {
        assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
