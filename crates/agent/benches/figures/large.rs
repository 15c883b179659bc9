//! With 10,000 pods, 2,000 Deployments and 10,000 events, these alone or with as much of other kinds as a cluster of
//! that size has: the agent's memory, and how long a scan of it all takes, of an agent that watches and of `agent scan`
//! on its own.

use std::path::Path;
use std::time::{Duration, Instant};

use sandbox::generated::Size;
use serde_json::{Value, json};

use crate::process::{Program, pause};
use crate::report::{Report, millis, span};
use crate::{REST, http};

/// Pods of the cluster; the sandbox makes all else to match.
const PODS: usize = 10_000;
/// Scans that are measured.
const SCANS: usize = 7;
/// Runs of `agent scan` that are measured.
const RUNS: usize = 3;
/// Goal of an agent that watches.
const REST_MIB: f64 = 128.0;
/// Deployments, with what each of them needs.
pub(crate) const DEPLOYMENTS: Large =
    Large { is_full: false, scanned: Duration::from_secs(2), peak_mib: 256.0 };
/// All there is.
pub(crate) const FULL: Large =
    Large { is_full: true, scanned: Duration::from_secs(3), peak_mib: 320.0 };

/// A cluster, and the goals in it.
pub(crate) struct Large {
    is_full: bool,
    /// Of a scan.
    scanned: Duration,
    /// Of an agent while it scans.
    peak_mib: f64,
}

pub(crate) fn measure(bin: &Path, large: &Large, report: &mut Report) {
    let size = if large.is_full { Size::of_pods } else { Size::of_deployments };
    println!("{}", size(PODS));
    let sandbox = Program::generated_cluster(bin, PODS, large.is_full);
    let agent = Program::agent(bin, &sandbox);
    report.figure("agent: start to ready, 10,000 pods", &millis(agent.ready_after));
    pause(REST);
    report.memory("agent: memory at rest, 10,000 pods", agent.memory_mib(), Some(REST_MIB));
    report.memory("agent: memory at its peak until then", agent.peak_mib(), None);

    scans(&agent, ("scan of 10,000 pods", large.scanned), &json!({}), report);
    report.memory("agent: memory at its peak, scans too", agent.peak_mib(), Some(large.peak_mib));
    let what = "scan of 10,000 pods, notices too";
    scans(&agent, (what, large.scanned), &json!({"notices": true}), report);
    let what = "agent: memory at its peak, scans with notices too";
    report.memory(what, agent.peak_mib(), Some(large.peak_mib));
    pause(REST);
    report.memory("agent: memory at rest after that", agent.memory_mib(), Some(REST_MIB));
    drop(agent);

    runs(bin, &sandbox, ("agent scan, 10,000 pods", &[], large.peak_mib), report);
    let what = "agent scan --notices, 10,000 pods";
    runs(bin, &sandbox, (what, &["--notices"], large.peak_mib), report);
}

/// Scans of an agent that watches.
fn scans(agent: &Program, (what, goal): (&str, Duration), asked: &Value, report: &mut Report) {
    let mut scans: Vec<(Duration, Duration, Value)> =
        (0..SCANS).map(|_| scan(agent, asked)).collect();
    scans.sort_by_key(|it| it.0);
    let (took, worked, answer) = &scans[SCANS / 2];
    let worst = scans.last().map(|it| it.0).unwrap_or_default();
    let words = format!(
        "median {}, worst {}; {} of processor time; {}",
        millis(*took),
        millis(worst),
        millis(*worked),
        found(answer)
    );
    report.held(what, &words, span(*took, goal));
}

/// What a scan of the whole cluster found, in how much of it.
fn found(answer: &Value) -> String {
    let n_found = answer["findings"].as_array().map_or(0, Vec::len);
    assert!(PODS < usize::try_from(answer["n_objects"].as_u64().unwrap()).unwrap(), "{answer}");
    assert!(0 < n_found, "{answer}");
    assert!(answer["unread"].as_array().is_none_or(Vec::is_empty), "not all was read: {answer}");
    format!("{n_found} findings in {} objects", answer["n_objects"])
}

/// How long a scan of everything took, how much the agent worked for it, and what it said.
fn scan(agent: &Program, asked: &Value) -> (Duration, Duration, Value) {
    let (begin, worked) = (Instant::now(), agent.processor_time());
    let path = "/api/v1/scan";
    let (status, text) =
        http::request(&agent.address, "POST", path, Some(("application/json", asked))).unwrap();
    let took = begin.elapsed();
    assert_eq!(status, 200, "{text}");
    (took, agent.processor_time().saturating_sub(worked), serde_json::from_str(&text).unwrap())
}

/// Runs of a command that watches nothing yet: it reads the whole cluster first.
fn runs(
    bin: &Path,
    sandbox: &Program,
    (what, more, goal): (&str, &[&str], f64),
    report: &mut Report,
) {
    let mut runs: Vec<_> = (0..RUNS).map(|_| Program::agent_scan(bin, sandbox, more)).collect();
    runs.sort_by_key(|it| it.took);
    let (median, worst) = (&runs[RUNS / 2], &runs[RUNS - 1]);
    let words = format!(
        "median {}, worst {}; {}",
        millis(median.took),
        millis(worst.took),
        found(&serde_json::from_str(&median.told).unwrap())
    );
    report.figure(&format!("{what}, with reading it"), &words);
    let peak = runs.iter().map(|it| it.peak_mib).fold(0.0, f64::max);
    report.memory(&format!("{what}: memory at its peak"), peak, Some(goal));
}
