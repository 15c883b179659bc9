//! The ports of a Service: where in its pods each leads, and where it was probably meant to.

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{Finding, PortTarget, ServicePortFacts};

use crate::survey::service_port_mismatch::{Declared, crossed, declared, meant, protocol, target};

/// The ports, with what was meant where a finding says that one is wrong.
pub(super) fn facts(
    service: &Service,
    (pods, now): (&[&Pod], Timestamp),
    findings: &[Finding],
) -> Vec<ServicePortFacts> {
    let ports: Vec<&ServicePort> =
        service.spec.iter().flat_map(|it| it.ports.iter().flatten()).collect();
    let is_wrong = |index: usize, members: &[&str]| {
        let fields = members.iter().map(|it| format!("/spec/ports/{index}/{it}"));
        fields.into_iter().any(|field| findings.iter().any(|it| it.field.as_ref() == Some(&field)))
    };
    let crossed = crossed(service, pods);
    let of = |(index, port): (usize, &&ServicePort)| {
        let is_crossed = crossed.is_some_and(|it| it.contains(&index));
        let wrong = is_crossed || is_wrong(index, &["targetPort", "port"]);
        let wrong_protocol = is_wrong(index, &["protocol"]);
        ServicePortFacts {
            index,
            name: port.name.clone().unwrap_or_default(),
            port: port.port,
            protocol: protocol(port).to_owned(),
            target: port.target_port.as_ref().map(told),
            meant: wrong.then(|| meant(service, index, pods, now)).flatten(),
            meant_protocol: wrong_protocol.then(|| other_protocol(port, pods)).flatten(),
        }
    };
    ports.iter().enumerate().map(of).collect()
}

fn told(target: &IntOrString) -> PortTarget {
    match target {
        IntOrString::Int(number) => PortTarget::Number(*number),
        IntOrString::String(name) => PortTarget::Name(name.clone()),
    }
}

/// The protocol for which the pods declare the port that is asked for.
fn other_protocol(port: &ServicePort, pods: &[&Pod]) -> Option<String> {
    let wanted = target(port);
    let is_it = |it: &Declared<'_>| match &wanted {
        IntOrString::Int(number) => it.number == *number,
        IntOrString::String(name) => it.name == name,
    };
    let all: BTreeSet<&str> = pods
        .iter()
        .flat_map(|it| declared(it))
        .filter(is_it)
        .map(|it| it.protocol)
        .filter(|it| *it != protocol(port))
        .collect();
    let only = all.first().filter(|_| all.len() == 1)?;
    Some((*only).to_owned())
}
