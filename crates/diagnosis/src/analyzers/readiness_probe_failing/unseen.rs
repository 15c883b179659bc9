//! A container that does not become ready, and no event is left that says how its probe fails.

use jiff::SignedDuration;
use types::{Clue, ContainerFacts, Diagnosis, Evidence, Fault, ProbeFacts, ProbeKind};

use super::{is_overdue, needed};
use crate::analyzers::{probe_reading, running_for, wording};

/// How long a container has to run before the silence about it is trouble.
const LONG: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn silent(evidence: &Evidence) -> Option<Diagnosis> {
    let (container, probe) = evidence.containers.iter().find_map(|container| {
        let probe = container.probes.iter().find(|it| it.kind == ProbeKind::Readiness)?;
        is_unheard(container, probe, evidence).then_some((container, probe))
    })?;
    let read = probe_reading::unseen(container, probe);
    let mut clues = vec![];
    clues.extend(probe_reading::fields(evidence, container, probe, &read));
    clues.push(Clue::new(wording::fact(container, "probes[readiness].action"), &probe.action));
    let more = needed(container, probe, evidence).map(|(address, more, line)| {
        clues.extend(line.map(|it| Clue::new(wording::fact(container, "log"), it)));
        clues.push(Clue::new(wording::fact(container, "needs"), &address));
        more
    });
    clues.extend(wording::rollout(evidence, &probe_reading::CHANGES));
    Some(Diagnosis {
        fault: Fault::ReadinessProbeFailing,
        container: Some(container.name.clone()),
        cause: format!(
            "{} runs, but its readiness probe does not succeed, and no event is left that says why; {}{}.",
            wording::whom(container),
            read.words,
            more.unwrap_or_default()
        ),
        clues,
        confidence: 0.75,
    })
}

/// Whether it has run for long, and is kept from being ready by this probe alone. Where a startup probe is set, that one
/// may be what is still waited for.
fn is_unheard(container: &ContainerFacts, probe: &ProbeFacts, evidence: &Evidence) -> bool {
    let is_alone = container.probes.iter().all(|it| it.kind != ProbeKind::Startup);
    let is_seen = container.probes.iter().any(|it| it.failure.is_some());
    let runs_long = running_for(container, evidence).is_some_and(|it| LONG < it);
    let pod = evidence.pods.iter().find(|it| it.name == container.pod);
    let counts = pod.is_some_and(|it| it.current && !it.terminating && it.phase == "Running");
    is_alone && !is_seen && runs_long && counts && is_overdue(container, probe, evidence)
}
