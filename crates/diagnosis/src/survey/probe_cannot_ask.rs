//! A probe runs a command that the image does not have, or asks at a port by a name that its container does not
//! declare, while its container runs on.
//!
//! ## What it looks for
//! Recent events of the kubelet that a liveness or readiness probe could not be run at all because its command or its
//! port is not there, about a container that is ready: the kubelet takes no notice then, and the probe never tells
//! anything.
//!
//! ## What it does not see
//! A container that is not ready for it: its own rules tell that.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, Event, Pod, PodSpec};
use types::{AnyFault, Fault, Finding, Severity, Subject};

use super::scene::{Scene, is_over, is_ready, subject};
use crate::near_miss::near_miss;
use crate::redact::shortened;

/// What the kubelet says of a probe that could not be run.
const UNKNOWN: &str = "probe errored and resulted in unknown state";
/// What a runtime says of a command that is not there.
const ABSENT: [&str; 2] = ["executable file not found", "no such file or directory"];
/// What it says of a name that is no port of the container.
const NO_PORT: &str = "strconv.Atoi: parsing \"";
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
    let is_absent = ABSENT.iter().any(|it| message.contains(it)) || message.contains(NO_PORT);
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
    let quoted = |mark: &str| {
        let text = scene.redact_about(&root, message.split_once(mark)?.1.split('"').next()?);
        Some(shortened(&text, MAX_CHARS))
    };
    let base = match root.kind.as_str() {
        "Pod" => "/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    };
    let field = format!("{base}/containers/{index}/{field}");
    let (value, why, field) = if let Some(port) = quoted(NO_PORT) {
        let probed = spec.containers.get(index)?;
        let more = declared(&port, probed, spec);
        let handler = handler(probed, *fault)?;
        let why =
            format!("it asks at port {port}, a name that the container does not declare{more}");
        (port, why, format!("{field}/{handler}/port"))
    } else {
        let command = quoted("exec: \"")?;
        let why = format!("its command {command} is not in the image");
        (command, why, format!("{field}/exec/command"))
    };
    let cause =
        format!("The {word} probe of container {container} can never tell anything: {why}.");
    let finding = Finding::new(root, Severity::Warning, AnyFault::Workload(*fault), cause);
    let finding = finding.clue(field.clone(), &value).at(field);
    let finding = finding.clue("events[Unhealthy].count", &told.times);
    Some(Finding { container: Some(container.to_owned()), ..finding })
}

/// Which port was probably meant, and which other container has the one that is asked for.
fn declared(wanted: &str, probed: &Container, spec: &PodSpec) -> String {
    let names = |it: &Container| -> Vec<String> {
        it.ports.iter().flatten().filter_map(|it| it.name.clone()).collect()
    };
    let own = names(probed);
    let near = near_miss(wanted, own.iter().map(String::as_str)).or_else(|| match own.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    });
    let near = near.map(|it| format!("; there is {it}, which was probably meant"));
    let mut others = spec.containers.iter().filter(|it| it.name != probed.name);
    let other = others.find(|it| names(it).iter().any(|it| it == wanted));
    let other = other.map(|it| format!(" (container {} does)", it.name));
    other.unwrap_or_default() + &near.unwrap_or_default()
}

/// How the probe of this kind asks.
fn handler(container: &Container, fault: Fault) -> Option<&'static str> {
    let is_liveness = fault == Fault::LivenessProbeFailing;
    let probe = if is_liveness { &container.liveness_probe } else { &container.readiness_probe }
        .as_ref()?;
    Some(if probe.tcp_socket.is_some() { "tcpSocket" } else { "httpGet" })
}
