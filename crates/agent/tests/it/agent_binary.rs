//! The agent as it is shipped: a process of its own, which can be killed and started again on the same data.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// How long a condition may take to come true. A busy machine with two cores is slow.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
/// The token of the tests' admin.
const TOKEN: &str = "a-token-of-the-tests";

/// A process that ends with the test.
pub(crate) struct AgentBinary {
    child: Child,
    address: String,
    token_file: PathBuf,
    log: Arc<Mutex<Vec<String>>>,
    http: reqwest::Client,
}

impl AgentBinary {
    /// Starts with this data and these flags. The log, when it ends before it listens.
    pub(crate) async fn start(data: &Path, flags: &[&str]) -> Result<Self, String> {
        std::fs::create_dir_all(data).unwrap();
        let tokens = data.join("tokens");
        std::fs::write(&tokens, format!("admin alice {TOKEN}\n")).unwrap();
        let token_file = data.join("token");
        std::fs::write(&token_file, format!("{TOKEN}\n")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_agent"))
            .args(["--listen", "127.0.0.1:0", "--tokens-file", tokens.to_str().unwrap()])
            .args(["--data", data.to_str().unwrap()])
            .args(flags)
            .env("LOG_FORMAT", "json")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let (lines, written) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&log));
        std::thread::spawn(move || {
            lines.lines().map_while(Result::ok).for_each(|it| written.lock().unwrap().push(it));
        });
        let http = service::client::http(Duration::from_secs(90)).unwrap();
        let mut agent = Self { child, address: String::new(), token_file, log, http };
        let started = Instant::now();
        while agent.address.is_empty() {
            let ended = agent.child.try_wait().unwrap().is_some();
            if let Some(address) = agent.address_in_log() {
                agent.address = address;
            } else if ended {
                return Err(agent.log());
            }
            assert!(started.elapsed() < PATIENCE, "it does not listen: {}", agent.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(agent)
    }

    fn address_in_log(&self) -> Option<String> {
        let log = self.log.lock().unwrap();
        let mut lines = log.iter().filter_map(|it| serde_json::from_str::<Value>(it).ok());
        let line = lines.find(|it| it["message"] == "listening")?;
        Some(line["address"].as_str()?.to_owned())
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A file that holds the token of the tests' admin.
    pub(crate) fn token_file(&self) -> PathBuf {
        self.token_file.clone()
    }

    /// All that it has logged.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Kills it, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends it this signal, such as `TERM` or `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Stops it where it is, and returns when none of its threads runs any more.
    pub(crate) async fn pause(&self) {
        self.signal("STOP");
        let tasks = format!("/proc/{}/task", self.child.id());
        let is_stopped = |task: &Path| {
            let text = std::fs::read_to_string(task.join("stat")).unwrap_or_default();
            text.rsplit_once(") ").is_none_or(|it| it.1.starts_with('T'))
        };
        while !std::fs::read_dir(&tasks).unwrap().flatten().all(|it| is_stopped(&it.path())) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Whether it may write.
    pub(crate) async fn leads(&self) -> bool {
        self.get("/leading").await.0 == 200
    }

    /// Waits until it leads, and says how long that took.
    pub(crate) async fn until_leads(&self) -> Duration {
        let started = Instant::now();
        while !self.leads().await {
            assert!(started.elapsed() < PATIENCE, "it does not lead: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        started.elapsed()
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.address);
        self.http.request(method, url).bearer_auth(TOKEN)
    }

    async fn ask(&self, request: RequestBuilder) -> (u16, Value) {
        let response = request.send().await.unwrap_or_else(|it| panic!("{it:?}\n{}", self.log()));
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    /// `GET`: status and body.
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.ask(self.request(Method::GET, path)).await
    }

    /// `GET`: status and text.
    pub(crate) async fn get_text(&self, path: &str) -> (u16, String) {
        let response = self.request(Method::GET, path).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// `POST`: status and body.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.ask(self.request(Method::POST, path).json(body)).await
    }

    /// `DELETE`: the status.
    pub(crate) async fn delete(&self, path: &str) -> u16 {
        self.ask(self.request(Method::DELETE, path)).await.0
    }

    /// `POST` under a caller's own name.
    pub(crate) async fn post_named(&self, key: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = self.request(Method::POST, path).header("Idempotency-Key", key);
        self.ask(request.json(body)).await
    }

    /// Sets the mode.
    pub(crate) async fn set_mode(&self, mode: &str) -> (u16, Value) {
        let body = json!({"mode": mode, "reason": "a test"});
        self.ask(self.request(Method::PUT, "/api/v1/mode").json(&body)).await
    }

    /// Waits until it has seen the whole cluster.
    pub(crate) async fn ready(&self) {
        let started = Instant::now();
        while self.get("/readyz").await.0 != 200 {
            assert!(started.elapsed() < PATIENCE, "it is not ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks again and again until the answer is as it should be.
    pub(crate) async fn until<T>(&self, path: &str, is_so: impl Fn(&Value) -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            let (_, body) = self.get(path).await;
            if let Some(found) = is_so(&body) {
                return found;
            }
            assert!(started.elapsed() < PATIENCE, "{path}: {body:#}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for AgentBinary {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
