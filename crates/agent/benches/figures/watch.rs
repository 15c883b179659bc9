//! With 1,000 pods: the agent's memory, and how long a changed status takes to be a published incident.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{Program, pause};
use crate::{REST, Report, http, millis, quantile, span};

/// Deployments and the pods of each.
const DEPLOYMENTS: usize = 20;
const PODS_EACH: usize = 50;
/// The goal of what comes out at the 99th percentile.
const PUBLISHED: Duration = Duration::from_millis(250);
/// Incidents that are measured.
const SAMPLES: usize = 300;
/// How long 1,000 pods may take to start, and one incident to appear.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) fn measure(bin: &Path, report: &mut Report) {
    let sandbox = Program::sandbox(bin, DEPLOYMENTS);
    let post = |path: &str, body: &Value| {
        let (status, text) =
            http::request(&sandbox.address, "POST", path, Some(("application/json", body)))
                .unwrap();
        assert_eq!(status, 201, "{path}: {text}");
    };
    post("/api/v1/namespaces", &json!({"metadata": {"name": "bench"}}));
    for n in 0..DEPLOYMENTS {
        post("/apis/apps/v1/namespaces/bench/deployments", &deployment(n));
    }
    wait_for_pods(&sandbox.address);

    let agent = Program::agent(bin, &sandbox);
    report.figure("agent: start to ready, 1,000 pods", &millis(agent.ready_after));
    pause(REST);
    report.memory("agent: memory at rest, 1,000 pods", agent.memory_mib(), None);

    let (sender, published) = mpsc::channel();
    let address = agent.address.clone();
    std::thread::spawn(move || {
        for line in http::lines(&address, "/api/v1/incidents/stream") {
            let Some(data) = line.strip_prefix("data:") else { continue };
            let Ok(message) = serde_json::from_str::<Value>(data) else { continue };
            let name = message["value"]["subject"]["name"].as_str().unwrap_or_default().to_owned();
            if sender.send((name, Instant::now())).is_err() {
                return;
            }
        }
    });
    let mut took: Vec<Duration> = (0..SAMPLES)
        .map(|n| {
            let name = format!("sick-{n}");
            post("/api/v1/namespaces/bench/pods", &pod(&name));
            let status = status();
            let body = Some(("application/merge-patch+json", &status));
            let begin = Instant::now();
            let path = format!("/api/v1/namespaces/bench/pods/{name}/status");
            let (code, text) = http::request(&sandbox.address, "PATCH", &path, body).unwrap();
            assert_eq!(code, 200, "{text}");
            let seen = std::iter::from_fn(|| published.recv_timeout(PATIENCE).ok());
            let (_, at) = seen.into_iter().find(|it| it.0 == name).expect("an incident");
            at - begin
        })
        .collect();
    took.sort();
    let worst = quantile(&took, 0.99);
    let words =
        format!("median {}, p99 {} of {SAMPLES}", millis(quantile(&took, 0.5)), millis(worst));
    let what = "status change to published incident, 1,000 pods, p99";
    report.held(what, &words, span(worst, PUBLISHED));
    report.memory("agent: memory after that", agent.memory_mib(), None);
}

fn deployment(n: usize) -> Value {
    let name = format!("web-{n}");
    json!({"metadata": {"name": name}, "spec": {
        "replicas": PODS_EACH, "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "app", "image": "nginx:1.27",
                "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}}}]}}}})
}

/// No scheduler takes it, so that nobody but this bench writes its status.
fn pod(name: &str) -> Value {
    json!({"metadata": {"name": name}, "spec": {"schedulerName": "nobody",
        "containers": [{"name": "app", "image": "nginx:1.99"}]}})
}

fn status() -> Value {
    let waiting = json!({"reason": "ImagePullBackOff", "message":
        "Back-off pulling image \"nginx:1.99\": ErrImagePull: docker.io/library/nginx:1.99: not found"});
    json!({"status": {"phase": "Pending", "containerStatuses": [{"name": "app", "image": "nginx:1.99",
        "imageID": "", "ready": false, "restartCount": 0, "state": {"waiting": waiting}}]}})
}

fn wait_for_pods(address: &str) {
    let begin = Instant::now();
    loop {
        let (_, text) =
            http::request(address, "GET", "/api/v1/namespaces/bench/pods", None).unwrap();
        let ready = text.matches("\"phase\":\"Running\"").count();
        if DEPLOYMENTS * PODS_EACH <= ready {
            return;
        }
        assert!(begin.elapsed() < PATIENCE, "{ready} pods run");
        pause(Duration::from_millis(200));
    }
}
