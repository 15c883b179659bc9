//! The job gave up.
//!
//! ## What it looks for
//! A job that reports that it failed: its tries or its time are used up. How its container ended is a part of the
//! cause. Or a job of an earlier template of its CronJob, that waits in vain and lets no other one start. Or a job
//! whose work is done, and whose pod a helper keeps that never ends by itself, such as a proxy. Asked when no other
//! analyzer answered: an image that is not there explains more than a job that failed.
//!
//! ## What it does not see
//! Jobs of a CronJob before the newest one.

use jiff::SignedDuration;
use types::{Clue, ContainerFacts, ContainerRole, Diagnosis, Evidence, Fault, Kind};

use super::{crash_loop, wording};
use crate::confidence;

/// How long a helper may go on after the work is done.
const LONG: SignedDuration = SignedDuration::from_secs(90);
/// Names of helpers that serve others and never end by themselves.
const HELPERS: [&str; 12] = [
    "proxy",
    "sidecar",
    "envoy",
    "istio",
    "linkerd",
    "fluent",
    "filebeat",
    "promtail",
    "vector",
    "vault",
    "collector",
    "agent",
];

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let field = match evidence.subject.kind {
        Kind::Job => "/spec",
        Kind::CronJob => "/spec/jobTemplate/spec",
        Kind::Pod
        | Kind::Deployment
        | Kind::ReplicaSet
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::Node
        | Kind::Service
        | Kind::PersistentVolumeClaim
        | Kind::ConfigMap => return None,
    };
    if let Some(job) = &evidence.workload.held_by {
        return Some(held(job));
    }
    let Some(condition) = evidence.workload.failed_condition.as_deref() else {
        return held_open(evidence);
    };
    let message = evidence.workload.failed_message.as_deref().unwrap_or_default();
    let failed = evidence.containers.iter().find(|it| it.state.exit_code.is_some_and(|it| it != 0));
    let (gave_up, name) = match condition {
        "BackoffLimitExceeded" => ("used up its tries", Some("backoffLimit")),
        "DeadlineExceeded" => ("took longer than it may", Some("activeDeadlineSeconds")),
        "PodFailurePolicy" => ("ended by its rule for failures", Some("podFailurePolicy")),
        "MaxFailedIndexesExceeded" | "FailedIndexes" => ("has too many failed indexes", None),
        _ => ("gave up", None),
    };
    let mut clues = vec![Clue::new("workload.failed_condition", &format!("{condition} {message}"))];
    // The field is to blame only where no container is.
    if let (None, Some(name)) = (failed, name) {
        clues.push(Clue::new(format!("{field}/{name}"), message));
    }
    clues.extend(failed.into_iter().flat_map(|it| of_container(evidence, it)));
    let limit = evidence.manifest.as_ref();
    let limit = limit.and_then(|it| it.pointer(&format!("{field}/activeDeadlineSeconds")));
    let limit = limit.filter(|_| condition == "DeadlineExceeded");
    let slip = name.and_then(|name| {
        let path = format!("{field}/{name}");
        evidence.slips.iter().find(|it| it.path == path && it.container.is_empty())
    });
    if let (Some(slip), Some(_)) = (slip, failed) {
        clues.push(Clue::new(slip.path.clone(), message));
    }
    let gave_up = match limit {
        Some(secs) => format!("took longer than the {secs} s that it may"),
        None => gave_up.to_owned(),
    };
    let why = failed.map(|it| format!(": {} {}", wording::named(it), ending(evidence, it)));
    Some(Diagnosis {
        fault: Fault::JobFailed,
        container: failed.map(|it| it.name.clone()),
        cause: format!(
            "The job {gave_up}{}{}.",
            why.or_else(|| gone(evidence)).unwrap_or_default(),
            slip.map(|it| format!("; {}", it.shown_by.trim_end_matches('.'))).unwrap_or_default()
        ),
        clues,
        confidence: if failed.is_some() { confidence::SAID } else { confidence::WORDED },
    })
}

/// How the container of its last try ended, as the rest of a sentence.
fn ending(evidence: &Evidence, container: &ContainerFacts) -> String {
    if container.state.last_exit.as_deref() != Some("OOMKilled") {
        return crash_loop::ending(evidence, container);
    }
    let limit = container.memory_limit.as_ref();
    let limit = limit.map(|it| format!(" at its limit of {it}")).unwrap_or_default();
    format!("was killed for memory{limit}")
}

/// A job of an earlier template is in the way of all later ones.
fn held(job: &str) -> Diagnosis {
    Diagnosis {
        fault: Fault::JobFailed,
        container: None,
        cause: format!(
            "No new job is started: Job {job} was made from an earlier template and waits in vain for another image than \
             the present one, and the policy Forbid lets only one run."
        ),
        clues: vec![
            Clue::new("/spec/concurrencyPolicy", "Forbid"),
            Clue::new("workload.held_by", job),
        ],
        confidence: confidence::WORDED,
    }
}

/// That its pods are gone, and what they said with them: a job whose containers are started again in place deletes its
/// pod when it gives up.
fn gone(evidence: &Evidence) -> Option<String> {
    let policy = evidence.manifest.as_ref()?.pointer("/spec/template/spec/restartPolicy")?;
    let is_gone = evidence.pods.is_empty() && policy == "OnFailure";
    is_gone.then(|| {
        "; its pod is gone, and what it logged: with restartPolicy Never its pods would stay"
            .to_owned()
    })
}

/// The work is done, and a helper that knows no end keeps the pod.
fn held_open(evidence: &Evidence) -> Option<Diagnosis> {
    let is_helper = |it: &ContainerFacts| {
        let words = format!("{} {}", it.name, it.image).to_lowercase();
        HELPERS.iter().any(|helper| words.contains(helper))
    };
    let apps = || evidence.containers.iter().filter(|it| it.role == ContainerRole::App);
    let mut running = apps().filter(|it| it.state.running_since.is_some());
    let helper = running.next().filter(|it| is_helper(it) && running.next().is_none())?;
    let mut done = apps().filter(|it| it.name != helper.name);
    let has_ended = |it: &ContainerFacts| {
        let long_ago =
            it.state.exited_at.is_some_and(|at| LONG < evidence.taken_at.duration_since(at));
        it.pod == helper.pod && it.state.exit_code == Some(0) && long_ago
    };
    if apps().count() < 2 || !done.all(has_ended) {
        return None;
    }
    let named = wording::named(helper);
    let mut clues = vec![];
    let path = evidence.subject.kind.container_path(helper.role, helper.index);
    clues.extend(path.map(|it| Clue::new(it.to_string(), "goes on")));
    let ended = apps().filter(|it| it.name != helper.name);
    clues.extend(ended.flat_map(wording::last_exit));
    Some(Diagnosis {
        fault: Fault::JobFailed,
        container: Some(helper.name.clone()),
        cause: format!(
            "The job does not come to its end: its work is done, and {named} goes on; as a sidecar it would stand among \
             the initContainers with restartPolicy Always."
        ),
        clues,
        confidence: confidence::LIKELY,
    })
}

fn of_container(evidence: &Evidence, container: &ContainerFacts) -> Vec<Clue> {
    let mut clues = wording::last_exit(container);
    let log = crash_loop::telling_line(container);
    clues.extend(log.map(|it| Clue::new(crash_loop::told_in(container), it)));
    clues.extend(crash_loop::needed(container));
    clues.extend(crash_loop::spot_of(evidence, container));
    if !clues.iter().any(|it| it.fact.starts_with('/')) {
        clues.extend(crash_loop::blamed_or_itself(evidence, container));
    }
    clues
}
