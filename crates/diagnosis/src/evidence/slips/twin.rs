//! What a probe asks for in vain, where pods of another workload run the same image and are ready by another path.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, HTTPGetAction, Pod, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{Edit, ProbeFacts, ProbeKind, SlipKind};

use super::unit::words;
use super::{Slip, edit};
use crate::evidence::failing::Failing;
use crate::evidence::neighbours::{belongs, is_steady};

/// How the field ends that holds the path of a probe.
const PATH: &str = "/httpGet/path";
/// The longest path that is told.
const MAX_PATH: usize = 100;

/// The server knows no such path, and all pods of others with this very image and program that have such a probe at
/// that port are ready by one and the same.
pub(super) fn answers_elsewhere(failing: &Failing<'_>) -> Option<Slip> {
    let asked = |it: &&ProbeFacts| {
        let is_unknown = it.failure.as_ref().is_some_and(|it| it.contains("statuscode: 404"));
        // A container is asked for its life for as long as it has any: that it is there proves less.
        is_unknown && it.host.is_none() && it.kind != ProbeKind::Liveness
    };
    let unanswered = failing.facts.probes.iter().find(asked)?;
    let seen = unanswered.path.as_deref()?;
    let get = http(probe(failing.container, unanswered.kind)?)?;
    let port = number(&get.port, failing.container)?;
    let is_other = |pod: &&Pod| {
        let uid = &pod.metadata.uid;
        !failing.objects.pods.iter().any(|own| &own.metadata.uid == uid)
            && is_steady(pod, failing.objects.taken_at)
    };
    let mut paths: BTreeMap<&str, &Pod> = BTreeMap::new();
    for pod in failing.objects.namespace_pods.iter().map(AsRef::as_ref).filter(is_other) {
        let containers = pod.spec.iter().flat_map(|it| &it.containers);
        for it in containers.filter(|it| is_same_program(it, failing.container)) {
            let asked =
                probe(it, unanswered.kind).and_then(http).filter(|it| it.scheme == get.scheme);
            let asked = asked.filter(|asked| number(&asked.port, it) == Some(port));
            if let Some(path) = asked.and_then(|it| it.path.as_deref()) {
                let told = paths.entry(path).or_insert(pod);
                // The same one is told of whatever their order.
                if pod.metadata.name < told.metadata.name {
                    *told = pod;
                }
            }
        }
    }
    let (meant, pod) = paths.pop_first()?;
    if !paths.is_empty() || meant == seen || !is_plain(meant) {
        return None;
    }
    let owner = failing.objects.workloads.iter().find(|it| belongs(pod, it));
    let path = failing.path.child(unanswered.kind.field()).child("httpGet").child("path");
    let shown_by = format!(
        "{} runs the same image, and is ready by a probe that asks for {meant}.",
        words(owner?)
    );
    let edits = vec![edit(path, seen, meant.to_owned())];
    Some(Slip { kind: SlipKind::Probe, shown_by, edits })
}

/// Whether nothing tells the container to be another thing than its twin: what that is told besides its program is
/// not kept.
pub(super) fn is_alike(failing: &Failing<'_>, kind: SlipKind, edits: &[Edit]) -> bool {
    let is_of_twin = |it: &Edit| it.path.as_str().ends_with(PATH);
    kind == SlipKind::Probe
        && edits.iter().all(is_of_twin)
        && failing.container.args.as_ref().is_none_or(Vec::is_empty)
        && failing.container.command.as_ref().is_none_or(|it| it.len() < 2)
}

/// Of what a healthy pod runs no more than a short first word is kept.
fn is_same_program(it: &Container, own: &Container) -> bool {
    let program = |it: &Container| it.command.as_ref().map(|it| it.first().cloned());
    let is_kept = program(it).is_none_or(|it| it.is_some());
    it.image.is_some() && it.image == own.image && is_kept && program(it) == program(own)
}

/// Whether it names a place and nothing else: a query may be nobody's business.
fn is_plain(path: &str) -> bool {
    let is_letter = |it: char| it.is_ascii_alphanumeric() || "/-_.".contains(it);
    path.starts_with('/') && path.len() <= MAX_PATH && path.chars().all(is_letter)
}

fn probe(container: &Container, kind: ProbeKind) -> Option<&Probe> {
    match kind {
        ProbeKind::Startup => container.startup_probe.as_ref(),
        ProbeKind::Liveness => container.liveness_probe.as_ref(),
        ProbeKind::Readiness => container.readiness_probe.as_ref(),
    }
}

fn http(probe: &Probe) -> Option<&HTTPGetAction> {
    probe.http_get.as_ref().filter(|it| it.host.is_none())
}

/// The number of a port, by itself or by the name that the container gives it.
fn number(port: &IntOrString, container: &Container) -> Option<i32> {
    match port {
        IntOrString::Int(number) => Some(*number),
        IntOrString::String(name) => {
            let mut ports = container.ports.iter().flatten();
            ports.find(|it| it.name.as_ref() == Some(name)).map(|it| it.container_port)
        }
    }
}
