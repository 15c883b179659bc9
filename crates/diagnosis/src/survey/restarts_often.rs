//! A container that ends with an error every while, and too seldom to be called a crash loop: between two ends it is
//! ready.
//!
//! ## What it looks for
//! At least five restarts in two hours or more, more than one an hour on average and to this day: the last end was
//! within the hour and came within an hour of its start. A warning, one for each workload, with the count and how the
//! last one ended. Where it is killed for memory after about as long each time, that is said as well.
//!
//! ## What it does not see
//! What ended in the last ten minutes and what waits to be started again: the workload's own rules tell that. What
//! ends without an error, since some programs are recycled so; jobs; what went down with its node.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod};
use types::{AnyFault, Clue, Fault, Finding, Severity, Subject};

use super::scene::{Scene, is_over, is_ready, name};
use crate::confidence;
use crate::even_lives::even_life;
use crate::suspicion::RECENT;

/// Fewer restarts than this are told nowhere.
const MANY: i64 = 5;
/// How long a pod has to be there before its restarts are no matter of its start.
const HOURS: SignedDuration = SignedDuration::from_hours(2);
/// How long it may go well before the restarts are over, and how long a run may be before it counts as one that
/// went well.
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// The code with which the runtime says that it knows nothing of an end: the node was started anew.
const WITH_NODE: &str = "Unknown";

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let mut found: Vec<(Subject, Storm<'_>)> = vec![];
    for pod in scene.all.pods.iter().filter(|it| is_ready(it) && !is_over(it)) {
        let Some(storm) = storm(pod, scene) else { continue };
        let root = scene.root_of(pod);
        let is_told = scene.is_in_trouble(&root);
        if is_told || matches!(root.kind.as_str(), "Job" | "CronJob") {
            continue;
        }
        match found.iter_mut().find(|it| it.0 == root) {
            Some((_, known)) if known.restarts < storm.restarts => *known = storm,
            Some(_) => {}
            None => found.push((root, storm)),
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found.into_iter().map(|(root, it)| told(root, &it)).collect()
}

/// The restarts of one container.
struct Storm<'p> {
    pod: &'p str,
    container: &'p str,
    restarts: i64,
    age: SignedDuration,
    end: &'p ContainerStateTerminated,
    created: Option<Timestamp>,
}

/// The container of the pod that is restarted most, if it is restarted too often.
fn storm<'p>(pod: &'p Pod, scene: &Scene<'_>) -> Option<Storm<'p>> {
    let created = pod.metadata.creation_timestamp.as_ref()?.0;
    let age = scene.all.taken_at.duration_since(created);
    let status = pod.status.as_ref()?;
    let sidecars = status.init_container_statuses.iter().flatten();
    let all = status.container_statuses.iter().flatten().chain(sidecars);
    let stormy = all.filter_map(|it| {
        let end = is_stormy(it, age, scene.all.taken_at)?;
        let restarts = i64::from(it.restart_count);
        let (pod, container) = (name(&pod.metadata), it.name.as_str());
        Some(Storm { pod, container, restarts, age, end, created: Some(created) })
    });
    stormy.max_by_key(|it| it.restarts)
}

/// The last end of a container that runs now and ended often enough, up to now.
fn is_stormy(
    container: &ContainerStatus,
    age: SignedDuration,
    now: Timestamp,
) -> Option<&ContainerStateTerminated> {
    container.state.as_ref()?.running.as_ref()?;
    let end = container.last_state.as_ref()?.terminated.as_ref()?;
    let (began, ended) = (end.started_at.as_ref()?.0, end.finished_at.as_ref()?.0);
    let since = now.duration_since(ended);
    let reason = end.reason.as_deref().unwrap_or_default();
    let is_error = (end.exit_code != 0 || reason == "OOMKilled") && reason != WITH_NODE;
    let restarts = i64::from(container.restart_count);
    let is_often = MANY <= restarts && age.as_secs() < restarts.saturating_mul(HOUR.as_secs());
    let is_now = RECENT <= since && since < HOUR && ended.duration_since(began) < HOUR;
    (is_error && is_often && is_now && HOURS <= age).then_some(end)
}

fn told(root: Subject, storm: &Storm<'_>) -> Finding {
    let Storm { pod, container, restarts, age, end, .. } = storm;
    let reason = end.reason.as_deref().unwrap_or_default();
    let code = end.exit_code;
    let is_killed = reason == "OOMKilled";
    let hours = age.as_hours();
    let how = if is_killed {
        "it was killed for memory".to_owned()
    } else {
        format!("it ended with code {code}")
    };
    let even = is_killed.then(|| lives(storm)).flatten().unwrap_or_default();
    let cause = format!(
        "Container {container} is started again and again and is ready in between: {restarts} times in {hours} hours; \
         the last time {how}{even}."
    );
    let fault = if is_killed { Fault::OomKilled } else { Fault::CrashLoopBackOff };
    let finding = Finding::new(root, Severity::Warning, AnyFault::Workload(fault), cause)
        .sure(confidence::FOLLOWS);
    let fact = |it: &str| format!("pods[{pod}].containers[{container}].{it}");
    let mut clues = vec![
        Clue::new(fact("restarts"), restarts),
        Clue::new(fact("last_exit"), &reason),
        Clue::new(fact("exit_code"), &code),
    ];
    let at = end.finished_at.as_ref();
    clues.extend(at.map(|it| Clue::new(fact("exited_at"), &it.0)));
    clues.retain(|it| !it.value.is_empty());
    Finding { container: Some((*container).to_owned()), clues, ..finding }
}

fn lives(storm: &Storm<'_>) -> Option<String> {
    let (began, ended) = (storm.end.started_at.as_ref()?.0, storm.end.finished_at.as_ref()?.0);
    even_life(storm.created?, (began, ended), storm.restarts)
}
