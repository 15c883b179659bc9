//! The container exits by itself, again and again.
//!
//! ## What it looks for
//! `CrashLoopBackOff`; or an end with another code than 0 a moment ago on a container that was restarted before,
//! even when it happens to run now; or a pod of a job that failed. The last lines of its log say what the
//! application says about it.
//!
//! ## What it does not see
//! A container that is killed by a probe or for memory: those are named as such.

use types::{Clue, ContainerFacts, Diagnosis, Evidence, Fault, Kind};

use super::{ended_recently, wording};

/// Restarts from which a short life counts as a loop even while the container runs.
const LOOP: u32 = 2;
/// What an application says before it ends, and what it means. The first that fits decides.
const MEANINGS: [(&str, &str); 16] = [
    ("forbidden: user", "its service account may not do what it tries"),
    ("address already in use", "its port is in use already"),
    ("permission denied", "it may not read or write something"),
    ("read-only file system", "it writes to a file system that is read-only"),
    ("no space left on device", "its disk is full"),
    ("connection refused", "something that it needs refuses connections"),
    ("no such host", "a host that it needs cannot be resolved"),
    ("could not resolve", "a host that it needs cannot be resolved"),
    ("no such file or directory", "a file that it needs is not there"),
    ("not found in environment", "a variable that it needs is not set"),
    ("is not set", "a variable that it needs is not set"),
    ("is not specified", "a setting that it needs is missing"),
    ("missing required", "a setting that it needs is missing"),
    ("unknown flag", "it does not know a flag that it is given"),
    ("unrecognized option", "it does not know a flag that it is given"),
    ("syntax error", "its command has a syntax error"),
];

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let container = evidence.containers.iter().find(|it| crashes(it, evidence))?;
    let name = &container.name;
    let said = said(container);
    let meaning = said.and_then(|line| {
        let line = line.to_lowercase();
        MEANINGS.iter().find(|it| line.contains(it.0)).map(|it| it.1)
    });
    let mut clues = wording::last_exit(container);
    if let Some(line) = said {
        clues.push(Clue::new(wording::fact(container, "log"), line));
    }
    clues.extend(wording::rollout(evidence));
    Some(Diagnosis {
        fault: Fault::CrashLoopBackOff,
        container: Some(name.clone()),
        cause: cause(name, container.state.exit_code, meaning),
        clues,
        confidence: if meaning.is_some() { 0.85 } else { 0.75 },
    })
}

fn cause(name: &str, code: Option<i32>, meaning: Option<&str>) -> String {
    match (code, meaning) {
        (_, Some(meaning)) => format!("Container {name} starts and ends with an error: {meaning}."),
        (Some(0), None) => format!(
            "Container {name} ends by itself without an error, and is started again each time."
        ),
        (Some(code), None) => format!("Container {name} starts and ends with code {code}."),
        (None, None) => format!("Container {name} ends again and again."),
    }
}

fn crashes(container: &ContainerFacts, evidence: &Evidence) -> bool {
    let state = &container.state;
    if state.waiting.as_deref() == Some("CrashLoopBackOff") {
        return true;
    }
    let failed = state.exit_code.is_some_and(|it| it != 0) && ended_recently(container, evidence);
    let runs = state.running_since.is_some();
    match evidence.subject.kind {
        Kind::Job | Kind::CronJob => {
            let failed_pods = evidence.pods.iter().filter(|it| it.phase == "Failed").count();
            failed && !runs && (evidence.workload.failed_condition.is_some() || 1 < failed_pods)
        }
        Kind::Pod => failed && !runs,
        Kind::Deployment
        | Kind::ReplicaSet
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::Node
        | Kind::Service
        | Kind::PersistentVolumeClaim => {
            failed && (LOOP <= container.restarts || (!runs && 0 < container.restarts))
        }
    }
}

/// The last line of the log that says what went wrong; the last line when none does.
fn said(container: &ContainerFacts) -> Option<&str> {
    let log =
        if container.previous_log.is_empty() { &container.log } else { &container.previous_log };
    let telling = |it: &&String| {
        let line = it.to_lowercase();
        MEANINGS.iter().any(|(words, _)| line.contains(words))
    };
    let lines = || log.iter().rev().filter(|it| !it.trim().is_empty());
    lines().find(telling).or_else(|| lines().next()).map(String::as_str)
}
