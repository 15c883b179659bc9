//! The probes of a container, and how they fail.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{ProbeFacts, ProbeKind};

use crate::evidence::events;
use crate::stopped;
use crate::suspicion::RECENT;
use crate::{Objects, Redactor};

/// The probes that the template sets.
pub(super) fn facts(container: &Container, redactor: &Redactor) -> Vec<ProbeFacts> {
    [
        (ProbeKind::Startup, &container.startup_probe),
        (ProbeKind::Liveness, &container.liveness_probe),
        (ProbeKind::Readiness, &container.readiness_probe),
    ]
    .into_iter()
    .filter_map(|(kind, probe)| Some(probe_facts(kind, probe.as_ref()?, redactor)))
    .collect()
}

fn probe_facts(kind: ProbeKind, probe: &Probe, redactor: &Redactor) -> ProbeFacts {
    let seconds = |it: Option<i32>| it.and_then(|it| u32::try_from(it).ok());
    let port = |it: &IntOrString| match it {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(name) => name.clone(),
    };
    let path = probe.http_get.as_ref().and_then(|it| it.path.as_deref());
    let path = path.map(|it| redactor.redact(it));
    let (action, port) = if let Some(http) = &probe.http_get {
        let port = port(&http.port);
        (format!("GET :{port}{}", path.as_deref().unwrap_or("/")), Some(port))
    } else if let Some(tcp) = &probe.tcp_socket {
        let port = port(&tcp.port);
        (format!("TCP :{port}"), Some(port))
    } else if let Some(grpc) = &probe.grpc {
        (format!("gRPC :{}", grpc.port), Some(grpc.port.to_string()))
    } else {
        ("exec".to_owned(), None)
    };
    ProbeFacts {
        kind,
        action,
        port,
        host: host(probe),
        path,
        scheme: probe.http_get.as_ref().and_then(|it| it.scheme.clone()),
        initial_delay_secs: seconds(probe.initial_delay_seconds),
        timeout_secs: seconds(probe.timeout_seconds),
        period_secs: seconds(probe.period_seconds),
        failure_threshold: seconds(probe.failure_threshold),
        failure: None,
        command: probe.exec.as_ref().and_then(|it| it.command.clone()).unwrap_or_default(),
    }
}

/// The host that the probe asks instead of the pod. A gRPC probe always asks the pod.
fn host(probe: &Probe) -> Option<String> {
    let http = probe.http_get.as_ref().and_then(|it| it.host.clone());
    let host = http.or_else(|| probe.tcp_socket.as_ref()?.host.clone());
    host.filter(|it| !it.is_empty())
}

/// The newest failure of this probe that is still news, from the events of the pod; not redacted.
pub(super) fn failure(
    objects: &Objects,
    pod: &str,
    status: &ContainerStatus,
    kind: ProbeKind,
) -> Option<String> {
    let begins = match kind {
        ProbeKind::Startup => "Startup probe",
        ProbeKind::Liveness => "Liveness probe",
        ProbeKind::Readiness => "Readiness probe",
    };
    let field = format!("{{{}}}", status.name);
    objects
        .events
        .iter()
        .filter(|it| it.involved_object.name.as_deref() == Some(pod))
        .filter(|it| it.reason.as_deref() == Some("Unhealthy"))
        .filter(|it| {
            it.involved_object.field_path.as_deref().is_none_or(|path| path.ends_with(&field))
        })
        .filter(|it| events::message(it).starts_with(begins))
        .filter(|it| {
            events::last_seen(it).is_none_or(|at| is_news(at, objects.taken_at, status, kind))
        })
        .max_by_key(|it| events::last_seen(it))
        .map(|it| events::message(it).to_owned())
}

/// Whether a failure that was seen then still tells something.
///
/// A client sends at most one event in five minutes about the same object once it has sent 25, so in a long
/// trouble the newest may be old: as long as the container shows what it led to, it counts.
fn is_news(seen: Timestamp, now: Timestamp, status: &ContainerStatus, kind: ProbeKind) -> bool {
    let state = status.state.as_ref();
    let running = state.and_then(|it| it.running.as_ref()?.started_at.as_ref());
    let lasts = match kind {
        ProbeKind::Readiness => !status.ready && running.is_some_and(|it| it.0 <= seen),
        ProbeKind::Startup | ProbeKind::Liveness => {
            let ended = state.and_then(|it| it.terminated.as_ref());
            let before = status.last_state.as_ref().and_then(|it| it.terminated.as_ref());
            let killed = ended.or(before).filter(|it| stopped::by_signal(it.exit_code));
            let is_killed = killed.is_some_and(|it| it.reason.as_deref() != Some("OOMKilled"));
            // Of this very run, which has not counted as started since.
            let is_starting = kind == ProbeKind::Startup
                && status.started == Some(false)
                && running.is_some_and(|it| it.0 <= seen);
            !status.ready && is_killed || is_starting
        }
    };
    now.duration_since(seen) < RECENT || lasts
}
