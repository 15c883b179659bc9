//! What speaks for a port: the container's own words, its other probes, a Service, or a name that begins alike.

use std::collections::BTreeSet;

use types::{ContainerFacts, Evidence, ProbeFacts, ProbeKind};

/// Letters of a name from which on its beginning tells.
const MIN_NAME: usize = 3;

/// The declared name that begins with the one that is asked.
pub(crate) fn begun_name<'a>(container: &'a ContainerFacts, probe: &ProbeFacts) -> Option<&'a str> {
    let asked = probe.port.as_deref().filter(|it| MIN_NAME <= it.len())?;
    let is_declared = container.ports.iter().any(|it| it.0 == asked);
    if is_declared || asked.parse::<u16>().is_ok() || probe.host.is_some() {
        return None;
    }
    let mut names = container.ports.iter().map(|it| &it.0).filter(|it| it.starts_with(asked));
    names.next().filter(|_| names.next().is_none()).map(String::as_str)
}

/// Whether it asks at a name that a container beside it gives a port, and its own does not: it finds none, for a
/// name is one of the container, and whether that one was to be asked is not known.
pub(crate) fn is_of_another(
    evidence: &Evidence,
    container: &ContainerFacts,
    probe: &ProbeFacts,
) -> bool {
    let asked = probe.port.as_deref().unwrap_or_default();
    let has = |it: &ContainerFacts| it.ports.iter().any(|it| it.0 == asked);
    asked.parse::<u16>().is_err() && !has(container) && evidence.containers.iter().any(has)
}

/// Whether something else than a declaration speaks for the port.
pub(crate) fn is_heard_port(port: u64, container: &ContainerFacts, evidence: &Evidence) -> bool {
    let heard = listened(container).into_iter().chain(called(evidence, container));
    heard.map(u64::from).any(|it| it == port)
}

/// Where it says that it listens, and where another of its probes finds it.
pub(crate) fn listened(container: &ContainerFacts) -> BTreeSet<u16> {
    // Until its startup probe succeeds, a container is asked by no other.
    let starts = |it: &ProbeFacts| it.kind == ProbeKind::Startup && it.failure.is_some();
    let is_starting = container.probes.iter().any(starts);
    let succeed = container.probes.iter().filter(|it| {
        let is_asked = it.kind == ProbeKind::Startup
            || !is_starting && container.state.running_since.is_some();
        is_asked && it.failure.is_none() && it.host.is_none()
    });
    let found = succeed.filter_map(|it| number(it.port.as_deref()?, container));
    container.listens.iter().copied().chain(found).collect()
}

/// Where the Services send to behind which the workload stands.
pub(crate) fn called(evidence: &Evidence, container: &ContainerFacts) -> BTreeSet<u16> {
    let subject = &evidence.subject;
    let own = format!("{} {}", subject.kind, subject.name);
    let before = evidence.services.iter().filter(|it| it.selects && it.behind.contains(&own));
    before.flat_map(|it| &it.targets).filter_map(|it| number(it, container)).collect()
}

/// The number of a port, by itself or by the name that the container gives it.
fn number(port: &str, container: &ContainerFacts) -> Option<u16> {
    let named = container.ports.iter().find(|it| it.0 == port).map(|it| it.1);
    named.or_else(|| port.parse().ok())
}
