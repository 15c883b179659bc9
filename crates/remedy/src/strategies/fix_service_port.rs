//! Let a port of a Service lead to the one port that its pods declare.
//!
//! ## When it helps
//! The target port is a name or a number that no pod behind the Service declares, and just one port remains: a name
//! that is a letter or two away (`htpp` for `http`), a number that is a digit away, the only one that all of them
//! declare, the one with the number or the name of the Service's own port, or, where they declare nothing, the one
//! at which all their probes find somebody. Or two ports lead to each other's port of the pods.
//!
//! ## When it does not
//! The pods declare several other ones, or none, or differ; or another port of the Service leads there already. Its
//! selector takes no pod: then that is to be mended first, and the port shows what is behind it.
//!
//! ## Risk
//! Auto for the near miss of a name, for a number in which two digits changed places or one is missing or too many,
//! where one port only is left and each pod is ready by a probe that asks it, and for a name that nobody declares
//! where two things of the Service's port speak for the same port, or its number does that no web server is usually
//! at, and nothing speaks for another. A person is asked otherwise: containers need not declare what they listen on.
//! Another protocol is advice: which one the callers speak stands nowhere in the cluster. Bound: one `targetPort`, to
//! a port in the facts, or two that change places, after a person's yes. Undo: the former one. Verified by the
//! endpoints over time. Attack: a port number out of range or a name that is none yields no plan.

use types::{
    Action, Diagnosis, Edit, Evidence, Fault, FixPlan, Kind, PortTarget, Risk, ServicePortFacts,
    Step, Strategy,
};

use crate::service::{crossed_edits, is_port, is_sure, port_field};

pub(super) fn plan(diagnosis: &Diagnosis, evidence: &Evidence) -> Vec<FixPlan> {
    let Some(service) = &evidence.service else { return vec![] };
    let is_about_ports =
        diagnosis.fault == Fault::ServicePortMismatch && evidence.subject.kind == Kind::Service;
    if !is_about_ports || service.pods == 0 {
        return vec![];
    }
    if let Some(edits) = crossed_edits(&service.ports) {
        return vec![crossed(evidence, edits)];
    }
    let made = service.ports.iter().find_map(|port| {
        let (risk, because, edit) = target_of(port).or_else(|| protocol_of(port))?;
        let target = evidence.subject.clone();
        let step = Step { target, subresource: None, action: Action::Edit(vec![edit]) };
        Some(FixPlan { strategy: Strategy::FixServicePort, risk, because, steps: vec![step] })
    });
    made.into_iter().collect()
}

/// Callers get an answer, and whether anybody came to count on it, only a person knows.
fn crossed(evidence: &Evidence, edits: Vec<Edit>) -> FixPlan {
    let because = "Each of the two ports has the name of the one that the other leads to, and the pods declare both.";
    let action = Action::Edit(edits);
    let step = Step { target: evidence.subject.clone(), subresource: None, action };
    let (strategy, risk) = (Strategy::FixServicePort, Risk::Ask);
    FixPlan { strategy, risk, because: because.to_owned(), steps: vec![step] }
}

fn target_of(port: &ServicePortFacts) -> Option<(Risk, String, Edit)> {
    let meant = port.meant.as_ref().filter(|it| is_port(&it.target))?;
    if port.target.as_ref() == Some(&meant.target) {
        return None;
    }
    let is_number = matches!(meant.target, PortTarget::Number(_));
    let because = if meant.near && is_number && meant.proven {
        format!(
            "{} is one digit away, and each pod behind it is ready by a probe that asks it.",
            meant.target
        )
    } else if meant.near && is_number {
        format!("{} is one digit away, and no other port of the pods is as near.", meant.target)
    } else if meant.near {
        format!("All pods behind it declare {}, and no other name is as near.", meant.target)
    } else if meant.proven {
        format!(
            "{} is all that is left, and each pod is ready by a probe that asks it.",
            meant.target
        )
    } else if meant.target == PortTarget::Number(port.port) {
        format!(
            "All pods behind it declare {}, the number of the Service's own port.",
            meant.target
        )
    } else if meant.agreed {
        format!(
            "Two things of the Service's port speak for {}, and nothing for another.",
            meant.target
        )
    } else {
        format!(
            "{} is the only port left that the pods behind it tell of, or the one that the Service's port is named after.",
            meant.target
        )
    };
    let risk = if is_sure(port, meant) { Risk::Auto } else { Risk::Ask };
    let path = port_field(port).child("targetPort");
    let from = port.target.as_ref().map(PortTarget::to_value);
    Some((risk, because, Edit { path, from, to: Some(meant.target.to_value()) }))
}

fn protocol_of(port: &ServicePortFacts) -> Option<(Risk, String, Edit)> {
    let meant =
        port.meant_protocol.as_ref().filter(|it| ["TCP", "UDP", "SCTP"].contains(&&***it))?;
    let because = format!(
        "The pods declare the port for {meant}. Which protocol the callers speak, only a person knows."
    );
    let path = port_field(port).child("protocol");
    let from = Some(port.protocol.clone().into());
    Some((Risk::Advice, because, Edit { path, from, to: Some(meant.clone().into()) }))
}
