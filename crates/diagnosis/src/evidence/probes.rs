//! The probes of a container, and how they fail.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{ProbeFacts, ProbeKind};

use crate::Objects;
use crate::evidence::events;
use crate::suspicion::RECENT;

/// The probes that the template sets.
pub(super) fn facts(container: &Container) -> Vec<ProbeFacts> {
    [
        (ProbeKind::Startup, &container.startup_probe),
        (ProbeKind::Liveness, &container.liveness_probe),
        (ProbeKind::Readiness, &container.readiness_probe),
    ]
    .into_iter()
    .filter_map(|(kind, probe)| Some(probe_facts(kind, probe.as_ref()?)))
    .collect()
}

fn probe_facts(kind: ProbeKind, probe: &Probe) -> ProbeFacts {
    let seconds = |it: Option<i32>| it.and_then(|it| u32::try_from(it).ok());
    let port = |it: &IntOrString| match it {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(name) => name.clone(),
    };
    let (action, port) = if let Some(http) = &probe.http_get {
        let port = port(&http.port);
        (format!("GET :{port}{}", http.path.as_deref().unwrap_or("/")), Some(port))
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
        initial_delay_secs: seconds(probe.initial_delay_seconds),
        timeout_secs: seconds(probe.timeout_seconds),
        period_secs: seconds(probe.period_seconds),
        failure_threshold: seconds(probe.failure_threshold),
        failure: None,
    }
}

/// The newest recent failure of this probe, from the events of the pod; not redacted.
pub(super) fn failure(
    objects: &Objects,
    pod: &str,
    container: &str,
    kind: ProbeKind,
) -> Option<String> {
    let (begins, field) = match kind {
        ProbeKind::Startup => ("Startup probe", format!("{{{container}}}")),
        ProbeKind::Liveness => ("Liveness probe", format!("{{{container}}}")),
        ProbeKind::Readiness => ("Readiness probe", format!("{{{container}}}")),
    };
    let seen = |it: &Timestamp| objects.taken_at.duration_since(*it) < RECENT;
    objects
        .events
        .iter()
        .filter(|it| it.involved_object.name.as_deref() == Some(pod))
        .filter(|it| it.reason.as_deref() == Some("Unhealthy"))
        .filter(|it| {
            it.involved_object.field_path.as_deref().is_none_or(|path| path.ends_with(&field))
        })
        .filter(|it| it.message.as_deref().is_some_and(|it| it.starts_with(begins)))
        .filter(|it| events::last_seen(it).as_ref().is_none_or(seen))
        .max_by_key(|it| events::last_seen(it))
        .and_then(|it| it.message.clone())
}
