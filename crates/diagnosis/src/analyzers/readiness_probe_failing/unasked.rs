//! A probe that is not asked yet, and will not be before the rollout is given up.

use jiff::SignedDuration;
use types::{Clue, ContainerFacts, Diagnosis, Evidence, Fault, ProbeFacts, ProbeKind};

use crate::analyzers::{running_for, wording};
use crate::confidence;

/// How long a container has to run before it is told: whoever mends it at once is not to be disturbed.
const WHILE: SignedDuration = SignedDuration::from_mins(2);

pub(super) fn late(evidence: &Evidence) -> Option<Diagnosis> {
    let deadline = evidence.workload.deadline_secs?;
    let (container, delay) = evidence.containers.iter().find_map(|container| {
        let probe = container.probes.iter().find(|it| it.kind == ProbeKind::Readiness)?;
        let delay = probe.initial_delay_secs.filter(|it| deadline < *it)?;
        is_waited_for(container, probe, (evidence, delay)).then_some((container, delay))
    })?;
    let field = wording::field(evidence, container, "readinessProbe");
    let mut clues = vec![];
    clues.extend(field.map(|it| Clue::new(format!("{it}/initialDelaySeconds"), &delay)));
    clues.push(Clue::new("workload.deadline_secs", &deadline));
    clues.extend(wording::rollout(evidence, &["readinessProbe"]));
    Some(Diagnosis {
        fault: Fault::ReadinessProbeFailing,
        container: Some(container.name.clone()),
        cause: format!(
            "{} runs, but its readiness probe asks nothing for the first {delay} s (initialDelaySeconds), and its \
             rollout is given up after {deadline} s.",
            wording::named_at_start(container)
        ),
        clues,
        confidence: confidence::FOLLOWS,
    })
}

/// Whether this probe alone, which is not asked yet, keeps a container of the newest template from being ready.
fn is_waited_for(
    container: &ContainerFacts,
    probe: &ProbeFacts,
    (evidence, delay): (&Evidence, u32),
) -> bool {
    let Some(running) = running_for(container, evidence) else { return false };
    let gave_up = evidence.workload.failed_condition.as_deref() == Some("ProgressDeadlineExceeded");
    let is_new = evidence.pods.iter().any(|it| {
        it.name == container.pod && it.current && !it.terminating && it.phase == "Running"
    });
    let is_alone = container.probes.iter().all(|it| it.kind != ProbeKind::Startup);
    let is_unasked = running < SignedDuration::from_secs(i64::from(delay));
    let is_long = gave_up || WHILE < running;
    is_new
        && is_alone
        && is_unasked
        && is_long
        && !container.ready
        && !evidence.workload.paused
        && probe.failure.is_none()
}
