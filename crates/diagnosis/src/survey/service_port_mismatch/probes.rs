//! What the probes of a pod, and the words of its template, say about ports.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Container, Pod, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::ProbeFacts;

use super::{Declared, lasting};
use crate::survey::scene::is_ready;

/// How much longer than it has to a pod is up before its liveness probe counts as answered.
const MARGIN: SignedDuration = SignedDuration::from_secs(10);

/// The ports that probes of a pod ask by number.
pub(super) fn probed(pod: &Pod) -> Vec<i32> {
    let probes = lasting(pod).flat_map(|it| {
        [&it.readiness_probe, &it.liveness_probe, &it.startup_probe].into_iter().flatten()
    });
    probes.filter_map(port_of).collect()
}

/// The probes of a ready pod that somebody answers: without an answer it would not be ready, or not be up any more.
pub(super) fn answered(pod: &Pod, now: Timestamp) -> impl Iterator<Item = &Probe> {
    let (is_ready, since) = (is_ready(pod), ready_since(pod));
    let would_have_failed = move |it: &&Probe| {
        since.is_some_and(|since| patience(it) + MARGIN <= now.duration_since(since))
    };
    lasting(pod).filter(move |_| is_ready).flat_map(move |it| {
        let lives = it.liveness_probe.as_ref().filter(would_have_failed);
        [it.readiness_probe.as_ref(), it.startup_probe.as_ref(), lives].into_iter().flatten()
    })
}

fn ready_since(pod: &Pod) -> Option<Timestamp> {
    let conditions = pod.status.iter().flat_map(|it| it.conditions.iter().flatten());
    let ready = conditions.into_iter().find(|it| it.type_ == "Ready" && it.status == "True")?;
    ready.last_transition_time.as_ref().map(|it| it.0)
}

/// How long nobody has to answer a probe until the container is restarted, by the defaults of Kubernetes.
fn patience(probe: &Probe) -> SignedDuration {
    let secs = |it: Option<i32>, default: u32| it.map_or(default.into(), i64::from).max(0);
    let tries = secs(probe.failure_threshold, ProbeFacts::TRIES);
    let each = secs(probe.period_seconds, ProbeFacts::PERIOD)
        .saturating_add(secs(probe.timeout_seconds, ProbeFacts::TIMEOUT));
    let all = tries.saturating_mul(each).saturating_add(secs(probe.initial_delay_seconds, 0));
    SignedDuration::from_secs(all)
}

/// Whether the probe asks this port, by its number or by its name.
pub(super) fn asks(probe: &Probe, port: &Declared<'_>) -> bool {
    match named_port(probe) {
        Some(IntOrString::String(name)) => !name.is_empty() && name == port.name,
        Some(IntOrString::Int(_)) | None => port_of(probe) == Some(port.number),
    }
}

fn named_port(probe: &Probe) -> Option<&IntOrString> {
    let port = probe.http_get.as_ref().map(|it| &it.port);
    port.or(probe.tcp_socket.as_ref().map(|it| &it.port))
}

/// The port that a probe asks by number.
fn port_of(probe: &Probe) -> Option<i32> {
    match named_port(probe) {
        Some(IntOrString::Int(number)) => Some(*number),
        Some(IntOrString::String(_)) => None,
        None => probe.grpc.as_ref().map(|it| it.port),
    }
}

/// The one port at which somebody answers in pods whose containers declare nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) number: i32,
    /// Whether it is a page that is asked for: the front door, and not a port of its own for health.
    pub(super) is_page: bool,
}

/// The one port that all probes of these pods ask, where each is ready by one that is answered there.
pub(super) fn found(pods: &[&Pod], now: Timestamp) -> Option<Found> {
    let all: BTreeSet<_> = pods.iter().flat_map(|it| probed(it)).collect();
    let number = *all.first().filter(|_| all.len() == 1)?;
    // Of two containers, the one without a probe may listen there.
    let is_alone = |it: &&&Pod| lasting(it).count() == 1;
    let front = |pod: &&&Pod| answered(pod, now).any(is_front);
    let page = |pod: &&Pod| answered(pod, now).any(|it| it.http_get.is_some() && is_front(it));
    let is_it = pods.iter().all(|it| is_alone(&it) && front(&it));
    is_it.then(|| Found { number, is_page: pods.iter().all(page) })
}

/// A path such as `/healthz` may be answered at a port of its own.
fn is_front(probe: &Probe) -> bool {
    let path = probe.http_get.as_ref().and_then(|it| it.path.as_deref());
    path.is_none_or(|it| it == "/") && probe.grpc.is_none() && port_of(probe).is_some()
}

/// Whether a container is told this number, by its command, its arguments or its variables, or an annotation tells
/// others: then somebody may well listen there.
pub(super) fn mentions(pod: &Pod, number: i32) -> bool {
    let number = number.to_string();
    let has = |it: &String| it.split(|it: char| !it.is_ascii_digit()).any(|it| it == number);
    let is_told = |it: &Container| {
        let values = it.env.iter().flatten().filter_map(|it| it.value.as_ref());
        it.command.iter().flatten().chain(it.args.iter().flatten()).chain(values).any(has)
    };
    lasting(pod).any(is_told) || pod.metadata.annotations.iter().flatten().any(|it| has(it.1))
}
