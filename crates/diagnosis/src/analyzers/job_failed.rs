//! The job gave up.
//!
//! ## What it looks for
//! A job that reports that it failed: its tries or its time are used up. How its container ended is a part of the
//! cause. Asked when no other analyzer answered: an image that is not there explains more than a job that failed.
//!
//! ## What it does not see
//! Jobs of a CronJob before the newest one.

use types::{Clue, ContainerFacts, Diagnosis, Evidence, Fault, Kind};

use super::{crash_loop, wording};

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
        | Kind::PersistentVolumeClaim => return None,
    };
    let condition = evidence.workload.failed_condition.as_deref()?;
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
    clues.extend(failed.into_iter().flat_map(of_container));
    let why =
        failed.map(|it| format!(": {} {}", wording::whose(it), crash_loop::ending(evidence, it)));
    Some(Diagnosis {
        fault: Fault::JobFailed,
        container: failed.map(|it| it.name.clone()),
        cause: format!("The job {gave_up}{}.", why.unwrap_or_default()),
        clues,
        confidence: if failed.is_some() { 0.95 } else { 0.9 },
    })
}

fn of_container(container: &ContainerFacts) -> Vec<Clue> {
    let mut clues = wording::last_exit(container);
    let log = crash_loop::telling_line(container);
    clues.extend(log.map(|it| Clue::new(wording::fact(container, "log"), it)));
    clues.extend(crash_loop::needed(container));
    clues
}
