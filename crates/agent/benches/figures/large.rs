//! With 10,000 pods, 2,000 Deployments and 10,000 events: the agent's memory, and how long a scan of it all takes.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{Program, pause};
use crate::{REST, figure, http, millis};

/// Pods of the cluster; the sandbox makes all else to match.
const PODS: usize = 10_000;
/// Scans that are measured.
const SCANS: usize = 7;

pub(crate) fn measure(bin: &Path) {
    let sandbox = Program::generated_cluster(bin, PODS);
    let agent = Program::agent(bin, &sandbox);
    figure("agent: start to ready, 10,000 pods", &millis(agent.ready_after));
    pause(REST);
    memory("agent: memory at rest, 10,000 pods (goal: 128 MiB)", agent.memory_mib());
    memory("agent: memory at its peak until then", agent.peak_mib());

    let mut scans: Vec<(Duration, Duration, Value)> = (0..SCANS).map(|_| scan(&agent)).collect();
    scans.sort_by_key(|it| it.0);
    let (took, worked, answer) = &scans[SCANS / 2];
    let worst = scans.last().map(|it| it.0).unwrap_or_default();
    let n_found = answer["findings"].as_array().map_or(0, Vec::len);
    assert!(PODS < usize::try_from(answer["n_objects"].as_u64().unwrap()).unwrap(), "{answer}");
    assert!(0 < n_found, "{answer}");
    let words = format!(
        "median {}, worst {}; {} of processor time; {n_found} findings in {} objects",
        millis(*took),
        millis(worst),
        millis(*worked),
        answer["n_objects"]
    );
    figure("scan of 10,000 pods (goal: 2,000 ms)", &words);
    memory("agent: memory at its peak, scans too (goal: 256 MiB)", agent.peak_mib());
    pause(REST);
    memory("agent: memory at rest after that", agent.memory_mib());
}

fn memory(what: &str, mib: f64) {
    figure(what, &format!("{mib:.1} MiB"));
}

/// How long a scan of everything took, how much the agent worked for it, and what it said.
fn scan(agent: &Program) -> (Duration, Duration, Value) {
    let (begin, worked) = (Instant::now(), agent.processor_time());
    let body = json!({});
    let path = "/api/v1/scan";
    let (status, text) =
        http::request(&agent.address, "POST", path, Some(("application/json", &body))).unwrap();
    let took = begin.elapsed();
    assert_eq!(status, 200, "{text}");
    (took, agent.processor_time().saturating_sub(worked), serde_json::from_str(&text).unwrap())
}
