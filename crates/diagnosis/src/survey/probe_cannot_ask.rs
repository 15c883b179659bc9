//! A probe runs a command that the image does not have, while its container runs on.
//!
//! ## What it looks for
//! Recent events of the kubelet that a liveness or readiness probe could not be run at all because its command is not
//! there, about a container that is ready: the kubelet takes no notice then, and the probe never tells anything.
//!
//! ## What it does not see
//! A container that is not ready for it: its own rules tell that.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Event, Pod};
use types::{AnyFault, Fault, Finding, Severity, Subject};

use super::scene::{Scene, is_over, is_ready, subject};

/// What the kubelet says of a probe that could not be run.
const UNKNOWN: &str = "probe errored and resulted in unknown state";
/// What a runtime says of a command that is not there.
const ABSENT: [&str; 2] = ["executable file not found", "no such file or directory"];
/// Characters of a command that are shown.
const MAX_CHARS: usize = 120;
/// How often it has to be said.
const TIMES: i32 = 2;
/// The kinds, with the field and what is wrong.
const KINDS: [(&str, &str, Fault); 2] = [
    ("liveness", "livenessProbe", Fault::LivenessProbeFailing),
    ("readiness", "readinessProbe", Fault::ReadinessProbeFailing),
];

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    // Each try has a number of its own in its message, so that there is an event for each.
    let mut told: BTreeMap<(Subject, String, usize), Told<'_>> = BTreeMap::new();
    let pods = scene.all.pods.iter().filter(|it| is_ready(it) && !is_over(it));
    for pod in pods {
        let about = subject("Pod", &pod.metadata);
        for event in scene.events(&about).iter().filter(|it| scene.is_recent(it)) {
            let Some((container, kind)) = unasked(event) else { continue };
            let key = (scene.root_of(pod), container.to_owned(), kind);
            let told = told.entry(key).or_insert(Told { pod, event, times: 0 });
            told.times = told.times.saturating_add(event.count.unwrap_or(1));
        }
    }
    let told = told.into_iter().filter(|it| TIMES <= it.1.times);
    let mut found: Vec<_> = told
        .filter_map(|((root, container, kind), it)| finding(root, (&container, kind), &it, scene))
        .collect();
    let of_own_rules = |it: &Finding| {
        scene.workload_findings.iter().any(|own| own.subject == it.subject && own.fault == it.fault)
    };
    found.retain(|it| !of_own_rules(it));
    found
}

/// A probe that could not be run, as its kubelet tells.
struct Told<'a> {
    pod: &'a Pod,
    event: &'a Event,
    times: i32,
}

/// The container and the kind of a probe whose command is not there, by an event.
fn unasked(event: &Event) -> Option<(&str, usize)> {
    let message = event.message.as_deref()?;
    let is_absent = ABSENT.iter().any(|it| message.contains(it));
    if event.reason.as_deref() != Some("Unhealthy") || !message.contains(UNKNOWN) || !is_absent {
        return None;
    }
    let kind = KINDS
        .iter()
        .position(|it| message.to_lowercase().contains(&format!("{} {UNKNOWN}", it.0)))?;
    let field = event.involved_object.field_path.as_deref()?;
    Some((field.split_once('{')?.1.strip_suffix('}')?, kind))
}

fn finding(
    root: Subject,
    (container, kind): (&str, usize),
    told: &Told<'_>,
    scene: &Scene<'_>,
) -> Option<Finding> {
    let (word, field, fault) = KINDS.get(kind)?;
    let spec = told.pod.spec.as_ref()?;
    let index = spec.containers.iter().position(|it| it.name == container)?;
    let message = told.event.message.as_deref()?;
    let command = message.split("exec: \"").nth(1)?.split('"').next()?;
    let command = scene.redact(command);
    let command: String = command.chars().filter(|it| !it.is_control()).take(MAX_CHARS).collect();
    let base = match root.kind.as_str() {
        "Pod" => "/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    };
    let field = format!("{base}/containers/{index}/{field}/exec/command");
    let cause = format!(
        "The {word} probe of container {container} can never tell anything: its command {command} is not in the image."
    );
    let finding = Finding::new(root, Severity::Warning, AnyFault::Workload(*fault), cause);
    let finding = finding.clue(field.clone(), &command).at(field);
    let finding = finding.clue("events[Unhealthy].count", &told.times);
    Some(Finding { container: Some(container.to_owned()), ..finding })
}
