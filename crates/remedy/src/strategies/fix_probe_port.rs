//! Point the probe at what the container serves: the port that it declares, or the path and scheme that it answers.
//!
//! ## When it helps
//! The probe asks a port that no container of the pod declares, nobody answers, and the container declares exactly one.
//! Or it asks for a path that is not there, or with the wrong scheme, and another probe of the same container, or an
//! earlier revision that was ready, asks for one that is a letter or two away.
//!
//! ## When it does not
//! Somebody answers on the port (then the port is right), or several ports could be meant. A path that nothing near
//! is known of.
//!
//! ## Risk
//! Auto; Ask where no event is left of the probe's failures. Bound: the port of a network probe, or the path or scheme of an HTTP probe; its host and its headers stay. Undo:
//! the former value. Verified by the pods' health over time. Attack: a container that declares two ports, none, or the
//! port asked for yields no plan, and neither does a path that no probe that succeeds asks for.

use serde_json::Value;
use types::{
    ContainerFacts, Diagnosis, Edit, Evidence, Fault, FieldPath, FixPlan, Kind, ProbeFacts,
    ProbeKind, Risk, Strategy,
};

use super::fix_reference::TYPO_DISTANCE;
use super::relax_probe;
use crate::near::distance;
use crate::place;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let probes = relax_probe::failing_probes(diagnosis, evidence);
    let edits: Vec<Edit> = probes
        .into_iter()
        .filter_map(|(container, probe)| {
            port_edit(evidence, container, probe).or_else(|| http_edit(evidence, container, probe))
        })
        .collect();
    if edits.is_empty() || !is_about_probes(diagnosis.fault) {
        return vec![];
    }
    let is_port = edits.iter().all(|it| it.path.as_str().ends_with("/port"));
    let because = if is_port {
        "The probe asks a port that no container declares."
    } else {
        "The container is known to answer to another path or scheme, and nothing else is as near."
    };
    if !place::has_editable_template(evidence.subject.kind) {
        return vec![place::advice(Strategy::FixProbePort, because, evidence, edits)];
    }
    let is_seen =
        || evidence.containers.iter().flat_map(|it| &it.probes).any(|it| it.failure.is_some());
    let is_guess = diagnosis.confidence < relax_probe::SURE && !is_seen();
    let steps = place::in_template(evidence, edits);
    vec![FixPlan {
        strategy: Strategy::FixProbePort,
        risk: if is_guess { Risk::Ask } else { Risk::Auto },
        because: because.to_owned(),
        steps,
    }]
}

fn is_about_probes(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::LivenessProbeFailing | Fault::StartupProbeFailing | Fault::ReadinessProbeFailing
    )
}

fn port_edit(evidence: &Evidence, container: &ContainerFacts, probe: &ProbeFacts) -> Option<Edit> {
    let asked = probe.port.as_deref()?;
    let declared = evidence.containers.iter().flat_map(|it| &it.ports);
    let is_declared = |(name, number): &(String, u16)| name == asked || number.to_string() == asked;
    let somebody_answers = probe.failure.as_deref().is_some_and(|it| it.contains("statuscode"));
    if declared.into_iter().any(is_declared) || somebody_answers {
        return None;
    }
    let [(name, port)] = container.ports.as_slice() else { return None };
    // A port that is called something else hardly speaks gRPC, and a host of its own is not the container.
    let speaks_otherwise =
        probe.action.starts_with("gRPC") && !name.is_empty() && !name.contains("grpc");
    if speaks_otherwise || probe.host.is_some() {
        return None;
    }
    let path = port_path(evidence.subject.kind, container, probe)?;
    let from = asked.parse::<u16>().map_or_else(|_| Value::from(asked), Value::from);
    Some(place::edit(path, Some(from), *port))
}

fn port_path(kind: Kind, container: &ContainerFacts, probe: &ProbeFacts) -> Option<FieldPath> {
    let asks = match probe.action.split_whitespace().next()? {
        "GET" => "httpGet",
        "TCP" => "tcpSocket",
        "gRPC" => "grpc",
        _ => return None,
    };
    let probe = place::container_path(kind, container)?.child(relax_probe::field(probe.kind));
    Some(probe.child(asks).child("port"))
}

/// The path or the scheme, by what the kubelet says of the answer.
fn http_edit(evidence: &Evidence, container: &ContainerFacts, probe: &ProbeFacts) -> Option<Edit> {
    let said = probe.failure.as_deref()?;
    let is_absent = said.contains("statuscode: 404");
    let is_other_scheme =
        ["HTTP response to HTTPS client", "malformed HTTP response", "statuscode: 400"]
            .iter()
            .any(|it| said.contains(it));
    let (field, seen) = if is_absent {
        ("path", probe.path.as_deref()?)
    } else if is_other_scheme {
        ("scheme", probe.scheme.as_deref()?)
    } else {
        return None;
    };
    let path = place::container_path(evidence.subject.kind, container)?;
    let path = path.child(relax_probe::field(probe.kind)).child("httpGet").child(field);
    let mut known = answered(&path, container, probe, evidence);
    known.retain(|it| *it != seen && (field == "scheme" || distance(it, seen) <= TYPO_DISTANCE));
    known.sort_unstable();
    known.dedup();
    let [only] = known.as_slice() else { return None };
    Some(place::edit(path, Some(seen.into()), *only))
}

/// What the container is known to answer to: by its other probes, and by an earlier revision that was ready.
pub(crate) fn answered<'a>(
    path: &FieldPath,
    container: &'a ContainerFacts,
    probe: &ProbeFacts,
    evidence: &'a Evidence,
) -> Vec<&'a str> {
    let is_scheme = path.as_str().ends_with("/scheme");
    // Until its startup probe succeeds, a container is asked by no other.
    let succeed = container.probes.iter().filter(|it| {
        let was_asked = probe.kind != ProbeKind::Startup;
        was_asked && it.kind != probe.kind && it.failure.is_none() && it.port == probe.port
    });
    let siblings =
        succeed.filter_map(|it| if is_scheme { it.scheme.as_deref() } else { it.path.as_deref() });
    let earlier = evidence.revisions.iter().filter(|it| it.was_ready && !it.current);
    let edits = earlier.flat_map(|it| &it.edits).filter(|it| it.path == *path);
    siblings.chain(edits.filter_map(|it| it.to.as_ref()?.as_str())).collect()
}
