//! The cause that the facts have to carry for what a plan writes, found once more by the guard: a yes is to what was
//! shown, and makes no facts.

use std::collections::BTreeSet;

use serde_json::Value;
use types::{ContainerFacts, Evidence, ProbeFacts, ProbeKind, Quantity};

use super::fields::Answer;
use crate::probe::{Answer as Said, answer, called, listened};

/// A container waits for CPU: what it uses was measured and is nine tenths of its limit or more, and one of its probes
/// is answered too late, or by nobody before it is up.
pub(super) fn waits_for_cpu(container: &ContainerFacts) -> Answer {
    let limit = container.cpu_limit.as_ref().and_then(Quantity::milli_units);
    let is_used_up = |limit: u64, used: u64| u128::from(limit) * 9 <= u128::from(used) * 10;
    match (limit, container.cpu_used) {
        (_, None) => return Err("nobody measured that the container uses up its CPU limit"),
        (Some(limit), Some(used)) if is_used_up(limit, used) => {}
        (_, Some(_)) => return Err("the container has CPU to spare"),
    }
    if container.probes.iter().any(is_slow) {
        Ok(())
    } else {
        Err("no probe of the container waits for it")
    }
}

fn is_slow(probe: &ProbeFacts) -> bool {
    match answer(probe) {
        Said::TooLate => true,
        Said::Nobody => probe.kind != ProbeKind::Readiness,
        Said::Troubled | Said::No => false,
    }
}

/// A probe asks a port that nobody declares and nobody answers at, and this is the only other that it can mean: of
/// those that are declared, or that the container or a Service before it speaks for.
pub(super) fn leads_to_the_only_port(
    port: u64,
    from: Option<&Value>,
    (container, probe): (&ContainerFacts, &ProbeFacts),
    evidence: &Evidence,
) -> Answer {
    let asked = probe.port.as_deref().ok_or("the probe asks no port")?;
    let as_seen = asked.parse::<u16>().map_or_else(|_| Value::from(asked), Value::from);
    if from != Some(&as_seen) {
        return Err("the port is not the one that was seen");
    }
    if probe.host.is_some() || probe.failure.as_deref().is_some_and(|it| it.contains("statuscode"))
    {
        return Err("somebody answers the probe where it asks");
    }
    let of_pod = evidence.containers.iter().flat_map(|it| &it.ports);
    let is_declared = of_pod.map(|it| it.1.to_string()).any(|it| it == asked)
        || container.ports.iter().any(|it| it.0 == asked);
    let own = listened(container);
    if is_declared || own.iter().any(|it| it.to_string() == asked) {
        return Err("the port that the probe asks is there");
    }
    let heard = if own.is_empty() { called(evidence, container) } else { own.clone() };
    let declared: BTreeSet<u16> = container.ports.iter().map(|it| it.1).collect();
    let is_bare = declared.is_disjoint(&heard);
    let may_be = |it: &&u16| match (is_bare, own.is_empty() && !declared.is_empty()) {
        (false, _) => declared.contains(it) && heard.contains(it),
        (true, true) => declared.contains(it),
        (true, false) => heard.contains(it),
    };
    let all: BTreeSet<u16> = declared.union(&heard).copied().collect();
    let left: Vec<u64> = all.iter().filter(may_be).map(|it| u64::from(*it)).collect();
    if left != [port] {
        return Err("a probe is led to the only port that it can mean");
    }
    let name = container.ports.iter().find(|it| u64::from(it.1) == port).map(|it| it.0.as_str());
    let is_other_speech = name.is_some_and(|it| !it.is_empty() && !it.contains("grpc"))
        && probe.action.starts_with("gRPC");
    if is_other_speech { Err("the port is called for something else than gRPC") } else { Ok(()) }
}
