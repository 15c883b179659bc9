//! A sidecar (`restartPolicy: Always` among the init containers) whose startup probe fails and did not give up yet: no
//! container after it begins before that succeeds.

use jiff::SignedDuration;
use types::{ContainerFacts, ContainerRole, Evidence, ProbeFacts, ProbeKind};

use crate::analyzers::{probe_reading, running_for};
use crate::suspicion::PATIENCE;

/// The part of the time that the probe gives a start after which one that nobody answered is no ordinary start.
const PART: i64 = 2;

/// Whether the containers of the pod wait for this sidecar, and its start takes longer than it should: it answers and
/// says that the question is wrong, or nobody answered for half of the time that the probe gives it.
pub(super) fn holds(container: &ContainerFacts, probe: &ProbeFacts, evidence: &Evidence) -> bool {
    let Some(running) = running_for(container, evidence) else { return false };
    let is_answered = probe_reading::is_wrong_question(probe);
    let patience = if is_answered { PATIENCE } else { PATIENCE.max(half(probe)) };
    is_waited_for(container, evidence) && patience < running
}

/// Whether the containers of a pod wait for a sidecar that is within the time that its startup probe gives it.
pub(in crate::analyzers) fn is_starting(evidence: &Evidence) -> bool {
    evidence.containers.iter().any(|container| {
        let mut probes = container.probes.iter().filter(|it| it.kind == ProbeKind::Startup);
        let running = running_for(container, evidence);
        let is_early =
            |probe: &ProbeFacts| running.is_some_and(|it| it <= PATIENCE.max(half(probe)));
        is_waited_for(container, evidence) && container.restarts == 0 && probes.any(is_early)
    })
}

/// Whether the other containers of its pod begin only after this one.
pub(super) fn is_waited_for(container: &ContainerFacts, evidence: &Evidence) -> bool {
    let waits = |it: &ContainerFacts| {
        let is_held = it.state.waiting.as_deref() == Some("PodInitializing");
        it.role == ContainerRole::App && is_held && it.pod == container.pod
    };
    container.sidecar && !container.ready && evidence.containers.iter().any(waits)
}

/// Half of the time that the probe gives a start.
fn half(probe: &ProbeFacts) -> SignedDuration {
    let (delay, period) = (i64::from(probe.initial_delay()), i64::from(probe.period()));
    let window = period.saturating_mul(i64::from(probe.tries()));
    SignedDuration::from_secs(delay.saturating_add(window / PART))
}
