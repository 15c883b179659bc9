//! Point the probe at the port that the container declares.
//!
//! ## When it helps
//! The probe asks a port that no container of the pod declares, nobody answers, and the container
//! declares exactly one port.
//!
//! ## When it does not
//! Somebody answers on the port (then the port is right), or several ports could be meant.
//!
//! ## Risk
//! Auto. Bound: the port of a network probe; path, scheme and host of the probe stay. Undo: the former
//! port. Verified by the pods' health over time. Attack: a container that declares two ports, none, or
//! the port asked for yields no plan.

use serde_json::Value;
use types::{
    ContainerFacts, Diagnosis, Edit, Evidence, Fault, FixPlan, Kind, ProbeFacts, Risk, Strategy,
};

use super::relax_probe;
use crate::place;

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let probes = relax_probe::failing_probes(diagnosis, evidence);
    let edits: Vec<Edit> = probes
        .into_iter()
        .filter_map(|(container, probe)| edit(evidence, container, probe))
        .collect();
    if edits.is_empty() || !is_about_probes(diagnosis.fault) {
        return vec![];
    }
    let because = "The probe asks a port that no container declares.";
    if !place::has_editable_template(evidence.subject.kind) {
        return vec![place::advice(Strategy::FixProbePort, because, evidence, edits)];
    }
    let steps = place::in_template(evidence, edits);
    vec![FixPlan {
        strategy: Strategy::FixProbePort,
        risk: Risk::Auto,
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

fn edit(evidence: &Evidence, container: &ContainerFacts, probe: &ProbeFacts) -> Option<Edit> {
    let asked = probe.port.as_deref()?;
    let declared = evidence.containers.iter().flat_map(|it| &it.ports);
    let is_declared = |(name, number): &(String, u16)| name == asked || number.to_string() == asked;
    let somebody_answers = probe.failure.as_deref().is_some_and(|it| it.contains("statuscode"));
    if declared.into_iter().any(is_declared) || somebody_answers {
        return None;
    }
    let [(_, port)] = container.ports.as_slice() else { return None };
    let path = port_path(evidence.subject.kind, container, probe)?;
    let from = asked.parse::<u16>().map_or_else(|_| Value::from(asked), Value::from);
    Some(place::edit(path, Some(from), *port))
}

fn port_path(
    kind: Kind,
    container: &ContainerFacts,
    probe: &ProbeFacts,
) -> Option<types::FieldPath> {
    let asks = match probe.action.split_whitespace().next()? {
        "GET" => "httpGet",
        "TCP" => "tcpSocket",
        "gRPC" => "grpc",
        _ => return None,
    };
    let probe = place::container_path(kind, container)?.child(relax_probe::field(probe.kind));
    Some(probe.child(asks).child("port"))
}
