//! What reflexion itself adds to a heal: no model, and an agent of a few lines whose fixes help at once.
//!
//! A heal asks this agent three times: for an analysis, for a fix, and how it ended. Nothing is taken off
//! the time that is shown: it holds these three answers and every durable write of run and episode.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::Program;
use crate::{Report, http, millis, quantile, span};

/// Heals before the first that counts.
const WARM_UP: usize = 20;
/// The goal of the median.
const PROCESSED: Duration = Duration::from_millis(10);
/// Heals that are measured.
const SAMPLES: usize = 300;

pub(crate) fn measure(bin: &Path, report: &mut Report) {
    let agent = quick_agent();
    let reflexion = Program::reflexion(bin, &agent, false);
    for (what, pod) in [("heals", "sick"), ("finds a healthy pod", "well")] {
        let mut took: Vec<Duration> = (0..WARM_UP + SAMPLES)
            .map(|n| {
                let body = json!({"pod_name": format!("{pod}-{n}"), "namespace": "bench", "error_type": "OOMKilled"});
                let begin = Instant::now();
                let path = "/api/v1/reflexion/process";
                let (status, answer) =
                    http::request(&reflexion.address, "POST", path, Some(("application/json", &body))).unwrap();
                let took = begin.elapsed();
                assert_eq!(status, 200, "{answer}");
                let answer: Value = serde_json::from_str(&answer).unwrap();
                assert_eq!(answer["success"], true, "{answer}");
                took
            })
            .skip(WARM_UP)
            .collect();
        took.sort();
        let median = quantile(&took, 0.5);
        let words = format!(
            "median {}, p99 {} of {SAMPLES}",
            millis(median),
            millis(quantile(&took, 0.99))
        );
        let what = format!("reflexion/process {what}, no model, no cluster");
        report.held(&what, &words, span(median, PROCESSED));
    }
    report.memory("reflexion: memory after that", reflexion.memory_mib(), None);
}

/// An agent that finds every `sick-*` out of memory, and every fix verified.
fn quick_agent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

/// Answers requests on one connection until it ends.
fn serve(mut stream: TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut name = String::new();
    loop {
        let mut first = String::new();
        reader.read_line(&mut first).ok().filter(|it| 0 < *it)?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        if let Ok(body) = serde_json::from_slice::<Value>(&body) {
            body["pod_name"].as_str().unwrap_or_default().clone_into(&mut name);
        }
        let path = first.split_whitespace().nth(1)?;
        let answer = answer(path, &name).to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all((head + &answer).as_bytes()).ok()?;
    }
}

fn answer(path: &str, pod: &str) -> Value {
    let now = "2026-01-01T00:00:00Z";
    let id = "0190a000-0000-7000-8000-000000000001";
    match path {
        "/api/v1/k8sgpt-analyze" => json!({"success": true, "analysis": analysis(pod),
            "confidence": 0.9, "error_type": "OOMKilled", "timestamp": now}),
        "/api/v1/execute-fix" => {
            json!({"success": true, "execution_id": id, "result": {"state": "verifying"}, "timestamp": now})
        }
        _ => {
            json!({"id": id, "cluster": "bench", "subject": subject(pod), "pod": pod, "fault": "OomKilled",
            "context": context(), "spec_hash": pod, "strategy": strategy(), "risk": "auto", "diff": "", "undo": "",
            "state": "verified", "dry_run": false, "requested_by": "reflexion", "requested_at": now,
            "applied_at": now, "finished_at": now, "verdict": "recovered", "checks": []})
        }
    }
}

fn analysis(pod: &str) -> Value {
    let diagnosis = json!({"fault": "OomKilled", "container": "app", "clues": [], "confidence": 0.9,
        "cause": "Container app needs more memory than its limit allows."});
    let offer = json!({"strategy": strategy(), "title": "raise the memory limit", "because": "it was killed",
        "risk": "auto", "diff": "", "reversible": true});
    let sick = pod.starts_with("sick");
    json!({"cluster": "bench", "subject": subject(pod), "context": context(), "spec_hash": pod,
        "diagnoses": if sick { json!([diagnosis]) } else { json!([]) },
        "offers": if sick { json!([offer]) } else { json!([]) }})
}

fn strategy() -> Value {
    json!({"type": "raise_memory_limit", "parameters": {"halves": 1}})
}

fn subject(name: &str) -> Value {
    json!({"kind": "Deployment", "namespace": "bench", "name": name, "uid": name, "resource_version": "1"})
}

fn context() -> Value {
    json!({"owner_kind": "Deployment", "image_family": "web", "workload_class": "service", "since_rollout": false})
}
