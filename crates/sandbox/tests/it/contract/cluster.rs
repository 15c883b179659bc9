//! The cluster that a claim is made about, with a namespace of its own.

use std::time::Duration;

use futures::{AsyncBufReadExt, TryStreamExt};
use http::Request;
use kube::config::{KubeConfigOptions, Kubeconfig};
use sandbox::{Options, resources};
use serde_json::{Value, json};

use super::answer::{Answer, condition};

/// So much faster than life that a claim about minutes takes a second.
const SPEED: f64 = 50.0;
/// The longest wait for anything, on a machine that has much else to do.
const LIMIT: Duration = Duration::from_mins(1);
/// Between two looks at a cluster.
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) const JSON: &str = "application/json";
pub(crate) const JSON_PATCH: &str = "application/json-patch+json";
pub(crate) const MERGE: &str = "application/merge-patch+json";
pub(crate) const STRATEGIC: &str = "application/strategic-merge-patch+json";
pub(crate) const APPLY: &str = "application/apply-patch+yaml";

/// Which cluster a claim is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// One that runs in this process.
    Sandbox,
    /// The cluster of `KUBECONFIG_LIVE`.
    Live,
}

impl Side {
    /// A fresh namespace in the cluster; `None` when there is no such cluster, which is said aloud.
    pub(crate) async fn open(self) -> Option<Cluster> {
        let (kubeconfig, sandbox) = match self {
            Self::Sandbox => {
                let options = Options { speed: SPEED, ..Options::default() };
                let sandbox = sandbox::start(options).await.unwrap();
                (sandbox.kubeconfig(), Some(sandbox))
            }
            Self::Live => (live()?, None),
        };
        let client = connect(&kubeconfig).await;
        let namespace = format!("contract-{}", uuid::Uuid::now_v7().simple());
        let cluster = Cluster { side: self, kubeconfig, client, namespace, sandbox };
        let object = json!({"metadata": {"name": cluster.namespace}});
        cluster.post("/api/v1/namespaces", &object).await.ok();
        // A pod cannot be admitted before its namespace has this account.
        cluster.until("serviceaccounts/default", |it| it["metadata"]["uid"].is_string()).await;
        Some(cluster)
    }
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn live() -> Option<String> {
    let Some(path) = std::env::var_os("KUBECONFIG_LIVE").filter(|it| !it.is_empty()) else {
        eprintln!(
            "SKIPPED: KUBECONFIG_LIVE is not set, so no real cluster was held to this claim."
        );
        return None;
    };
    Some(std::fs::read_to_string(path).unwrap())
}

async fn connect(kubeconfig: &str) -> kube::Client {
    let read = Kubeconfig::from_yaml(kubeconfig).unwrap();
    let options = KubeConfigOptions::default();
    let mut config = kube::Config::from_custom_kubeconfig(read, &options).await.unwrap();
    // A refusal is an answer, not a reason to ask again.
    config.default_retry = false;
    kube::Client::try_from(config).unwrap()
}

/// A cluster, seen from one namespace.
pub(crate) struct Cluster {
    pub(crate) side: Side,
    pub(crate) kubeconfig: String,
    pub(crate) namespace: String,
    client: kube::Client,
    /// What is behind it, when it runs in this process.
    pub(crate) sandbox: Option<sandbox::Sandbox>,
}

impl Drop for Cluster {
    /// Nothing of a claim stays in a real cluster, whether the claim held or not.
    fn drop(&mut self) {
        if self.side == Side::Sandbox {
            return;
        }
        let (kubeconfig, namespace) = (self.kubeconfig.clone(), self.namespace.clone());
        let cleaning = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let client = connect(&kubeconfig).await;
                let path = format!("/api/v1/namespaces/{namespace}");
                let request = Request::delete(path).body(kube::client::Body::empty()).unwrap();
                drop(client.send(request).await);
            });
        });
        drop(cleaning.join());
    }
}

impl Cluster {
    /// The URL of something in the namespace: `deployments/web/scale`. A path stays as it is.
    pub(crate) fn url(&self, place: &str) -> String {
        if place.starts_with('/') {
            return place.to_owned();
        }
        let plural = place.split(['/', '?']).next().unwrap();
        let resource = resources::by_plural(plural).unwrap();
        let root = if resource.group.is_empty() { "api" } else { "apis" };
        let version = resource.api_version();
        if resource.namespaced {
            format!("/{root}/{version}/namespaces/{}/{place}", self.namespace)
        } else {
            format!("/{root}/{version}/{place}")
        }
    }

    /// Sends any request.
    pub(crate) async fn send(&self, request: http::request::Builder, body: String) -> Answer {
        let response = self.client.send(request.body(body.into_bytes().into()).unwrap()).await;
        let (head, body) = response.unwrap().into_parts();
        let header = |name: &str| -> Vec<String> {
            let values = head.headers.get_all(name).iter();
            values.map(|it| it.to_str().unwrap().to_owned()).collect()
        };
        let bytes = body.collect_bytes().await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer {
            code: head.status.as_u16(),
            media: header("content-type").concat(),
            warnings: header("warning"),
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    /// Sends a request with a body of this media type.
    pub(crate) async fn say(&self, method: &str, place: &str, media: &str, body: String) -> Answer {
        let request = Request::builder().method(method).uri(self.url(place));
        let request =
            if media.is_empty() { request } else { request.header("content-type", media) };
        self.send(request, body).await
    }

    pub(crate) async fn get(&self, place: &str) -> Answer {
        self.say("GET", place, "", String::new()).await
    }

    /// Reads with an `Accept` header.
    pub(crate) async fn get_as(&self, place: &str, accept: &str) -> Answer {
        let request = Request::get(self.url(place)).header("accept", accept);
        self.send(request, String::new()).await
    }

    pub(crate) async fn post(&self, place: &str, object: &Value) -> Answer {
        self.say("POST", place, JSON, object.to_string()).await
    }

    pub(crate) async fn put(&self, place: &str, object: &Value) -> Answer {
        self.say("PUT", place, JSON, object.to_string()).await
    }

    pub(crate) async fn patch(&self, place: &str, media: &str, patch: Value) -> Answer {
        self.say("PATCH", place, media, patch.to_string()).await
    }

    /// Deletes with these options; null is none.
    pub(crate) async fn delete(&self, place: &str, options: Value) -> Answer {
        let body = if options.is_null() { String::new() } else { options.to_string() };
        self.say("DELETE", place, JSON, body).await
    }

    /// Looks until something holds of what is there, and answers with it.
    pub(crate) async fn until(&self, place: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let looking = async {
            let mut pauses = tokio::time::interval(PAUSE);
            loop {
                pauses.tick().await;
                last = self.get(place).await.body;
                if holds(&last) {
                    return last.clone();
                }
            }
        };
        let found = tokio::time::timeout(LIMIT, looking).await;
        if let Ok(found) = found {
            return found;
        }
        let events = self.get("events").await.body;
        panic!("never came: {place}\n{last:#}\nevents: {events}")
    }

    /// Waits for an event about an object whose name begins so and whose message begins so.
    pub(crate) async fn until_event(&self, about: &str, reason: &str, message: &str) -> Value {
        let fits = |it: &&Value| {
            let name = it["involvedObject"]["name"].as_str().unwrap_or_default();
            let said = it["message"].as_str().unwrap_or_default();
            name.starts_with(about) && it["reason"] == reason && said.starts_with(message)
        };
        let has = |list: &Value| super::answer::items(list).iter().any(|it| fits(&it));
        let list = self.until("events", has).await;
        super::answer::items(&list).iter().find(fits).unwrap().clone()
    }

    /// Waits until a pod is ready.
    pub(crate) async fn until_ready(&self, pod: &str) -> Value {
        let ready = |it: &Value| condition(it, "Ready")["status"] == "True";
        self.until(&format!("pods/{pod}"), ready).await
    }

    /// Waits until a log says something.
    pub(crate) async fn until_log(&self, place: &str, text: &str) {
        let looking = async {
            let mut pauses = tokio::time::interval(PAUSE);
            while !self.get(place).await.text.contains(text) {
                pauses.tick().await;
            }
        };
        tokio::time::timeout(LIMIT, looking).await.expect("a line of the log");
    }

    /// Opens a watch; each line of it is one change.
    pub(crate) async fn watch(&self, place: &str) -> Watch {
        let request = Request::get(self.url(place)).body(Vec::new()).unwrap();
        let lines = self.client.request_stream(request).await.unwrap();
        Watch { lines: Box::pin(lines.lines().map_err(|it| it.to_string())) }
    }
}

/// Changes as they come.
pub(crate) struct Watch {
    lines: std::pin::Pin<Box<dyn futures::Stream<Item = Result<String, String>>>>,
}

impl Watch {
    /// The next change; `None` when the watch has ended.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let next = tokio::time::timeout(LIMIT, self.lines.try_next()).await;
        let line = next.expect("a change in time").unwrap()?;
        Some(serde_json::from_str(&line).unwrap())
    }

    /// The next changes: their types and the names of their objects.
    pub(crate) async fn told(&mut self, count: usize) -> Vec<(String, String)> {
        let mut told = Vec::new();
        while told.len() < count {
            let change = self.next().await.expect("a change");
            // A real server sends these when it likes.
            if change["type"] == "BOOKMARK" {
                continue;
            }
            let word = |it: &Value| it.as_str().unwrap_or_default().to_owned();
            told.push((word(&change["type"]), word(&change["object"]["metadata"]["name"])));
        }
        told
    }
}
