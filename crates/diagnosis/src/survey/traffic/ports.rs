//! The ports of a Service: where in its pods each leads, and where it was probably meant to.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Pod, Probe, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{Finding, MeantPort, PortTarget, ServicePortFacts};

use crate::near_miss::near_miss;
use crate::survey::scene::is_ready;
use crate::survey::service_port_mismatch::{Declared, declared, lasting, protocol, target};

/// The ports, with what was meant where a finding says that one is wrong.
pub(super) fn facts(
    service: &Service,
    pods: &[&Pod],
    findings: &[Finding],
) -> Vec<ServicePortFacts> {
    let ports: Vec<&ServicePort> =
        service.spec.iter().flat_map(|it| it.ports.iter().flatten()).collect();
    let is_wrong = |index: usize, members: &[&str]| {
        let fields = members.iter().map(|it| format!("/spec/ports/{index}/{it}"));
        fields.into_iter().any(|field| findings.iter().any(|it| it.field.as_ref() == Some(&field)))
    };
    let of = |(index, port): (usize, &&ServicePort)| {
        let wrong = is_wrong(index, &["targetPort", "port"]);
        let wrong_protocol = is_wrong(index, &["protocol"]);
        let candidates = || candidates(index, &ports, pods);
        ServicePortFacts {
            index,
            name: port.name.clone().unwrap_or_default(),
            port: port.port,
            protocol: protocol(port).to_owned(),
            target: port.target_port.as_ref().map(told),
            meant: wrong.then(|| meant(port, &candidates(), pods)).flatten(),
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

/// The ports that every pod declares for this protocol, and that no other port of the Service leads to.
fn candidates<'a>(index: usize, ports: &[&ServicePort], pods: &[&'a Pod]) -> Vec<Declared<'a>> {
    let Some(port) = ports.get(index) else { return vec![] };
    let of_each: Vec<BTreeSet<Declared<'a>>> =
        pods.iter().map(|it| declared(it).into_iter().collect()).collect();
    let Some(first) = of_each.first() else { return vec![] };
    let others: Vec<_> =
        ports.iter().enumerate().filter(|it| it.0 != index).map(|it| target(it.1)).collect();
    let is_free = |it: &&Declared<'a>| {
        let name = IntOrString::String(it.name.to_owned());
        !others.contains(&IntOrString::Int(it.number)) && !others.contains(&name)
    };
    first
        .iter()
        .filter(|it| it.protocol == protocol(port) && of_each.iter().all(|set| set.contains(it)))
        .filter(is_free)
        .copied()
        .collect()
}

/// The near miss by name, else the only one that there is.
fn meant(port: &ServicePort, candidates: &[Declared<'_>], pods: &[&Pod]) -> Option<MeantPort> {
    let wanted = target(port);
    if let IntOrString::String(wanted) = &wanted {
        let names = candidates.iter().map(|it| it.name).filter(|it| !it.is_empty());
        let near: Vec<_> = names.filter_map(|it| near_miss(wanted, [it])).collect();
        if let [near] = near.as_slice() {
            let target = PortTarget::Name(near.clone());
            return Some(MeantPort { target, near: true, proven: false });
        }
    }
    let [only] = candidates else { return same_number(port, candidates) };
    let by_name = matches!(wanted, IntOrString::String(_)) && !only.name.is_empty();
    let target = if by_name {
        PortTarget::Name(only.name.to_owned())
    } else {
        PortTarget::Number(only.number)
    };
    Some(MeantPort { target, near: false, proven: is_proven(only, pods) })
}

/// Of several ports that with the number of the Service's own.
fn same_number(port: &ServicePort, candidates: &[Declared<'_>]) -> Option<MeantPort> {
    let same = candidates.iter().find(|it| it.number == port.port)?;
    Some(MeantPort { target: PortTarget::Number(same.number), near: false, proven: false })
}

/// Whether the pods declare nothing else, and each is ready because somebody answered its probe there.
fn is_proven(only: &Declared<'_>, pods: &[&Pod]) -> bool {
    pods.iter().all(|pod| {
        let mut containers = lasting(pod);
        let asks = |it: &Probe| {
            let port = it.http_get.as_ref().map(|it| &it.port);
            match port.or(it.tcp_socket.as_ref().map(|it| &it.port)) {
                Some(IntOrString::Int(number)) => *number == only.number,
                Some(IntOrString::String(name)) => !name.is_empty() && name == only.name,
                None => it.grpc.as_ref().is_some_and(|it| it.port == only.number),
            }
        };
        is_ready(pod)
            && declared(pod) == [*only]
            && containers.any(|it| it.readiness_probe.as_ref().is_some_and(asks))
    })
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
