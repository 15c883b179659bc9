//! What the two probes that kill have in common.

use types::{Clue, ContainerFacts, Diagnosis, Evidence, Fault, ProbeFacts, ProbeKind};

use super::{ended_recently, wording};

/// The container that is killed by this probe.
pub(super) fn diagnose(evidence: &Evidence, kind: ProbeKind, fault: Fault) -> Option<Diagnosis> {
    let (container, probe, failure) = evidence.containers.iter().find_map(|container| {
        let probe = container.probes.iter().find(|it| it.kind == kind)?;
        let failure = probe.failure.as_ref()?;
        was_killed(container, evidence).then_some((container, probe, failure))
    })?;
    let name = &container.name;
    let mut clues = vec![
        Clue::new(
            wording::fact(container, &format!("probes[{}].action", word(kind))),
            &probe.action,
        ),
        Clue::new(wording::fact(container, &format!("probes[{}].failure", word(kind))), failure),
    ];
    clues.extend(wording::last_exit(container));
    clues.extend(wording::rollout(evidence));
    Some(Diagnosis {
        fault,
        container: Some(name.clone()),
        cause: cause(container, probe, kind),
        clues,
        confidence: 0.92,
    })
}

/// The probe's name as the manifest has it.
pub(super) fn word(kind: ProbeKind) -> &'static str {
    match kind {
        ProbeKind::Startup => "startup",
        ProbeKind::Liveness => "liveness",
        ProbeKind::Readiness => "readiness",
    }
}

/// Whether the container was restarted a moment ago, and not for memory.
fn was_killed(container: &ContainerFacts, evidence: &Evidence) -> bool {
    0 < container.restarts
        && container.state.last_exit.as_deref() != Some("OOMKilled")
        && ended_recently(container, evidence)
}

fn cause(container: &ContainerFacts, probe: &ProbeFacts, kind: ProbeKind) -> String {
    let (name, word) = (&container.name, word(kind));
    match undeclared_port(container, probe) {
        Some(port) => format!(
            "The {word} probe of container {name} asks at port {port}, which the container does not declare, \
             and the kubelet kills the container for it."
        ),
        None => format!(
            "The {word} probe of container {name} fails, and the kubelet kills the container for it."
        ),
    }
}

/// The port of the probe, when the container declares ports and this is not one of them.
pub(super) fn undeclared_port<'a>(
    container: &ContainerFacts,
    probe: &'a ProbeFacts,
) -> Option<&'a str> {
    let port = probe.port.as_deref()?;
    let declared =
        container.ports.iter().any(|(name, number)| name == port || number.to_string() == port);
    (!container.ports.is_empty() && !declared).then_some(port)
}
