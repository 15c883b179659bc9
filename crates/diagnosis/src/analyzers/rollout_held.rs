//! A pod of an earlier template fails, and holds up the newer template.
//!
//! ## What it looks for
//! A StatefulSet that makes its pods in order, of which a pod of an earlier revision fails while no pod of the
//! newest one does: the controller waits for it, whatever the template says now.
//!
//! ## What it does not see
//! Whether the pod would do with the newest template.

use types::{Clue, ContainerFacts, Diagnosis, EventFacts, Evidence, Fault, PodFacts, ProbeKind};

use super::{crash_loop, running_for, wording};
use crate::confidence;
use crate::suspicion::PATIENCE;

pub(super) fn analyze(evidence: &Evidence) -> Option<Diagnosis> {
    let workload = &evidence.workload;
    if !workload.ordered || workload.on_delete || workload.desired <= workload.updated {
        return None;
    }
    // A pod of the newest template that fails is told for itself.
    if evidence.pods.iter().any(|it| it.current && !it.ready && !it.terminating) {
        return None;
    }
    let (pod, container) = evidence.pods.iter().find_map(|pod| {
        let is_old = !pod.current && !pod.ready && !pod.terminating;
        let mut own = evidence.containers.iter().filter(|it| it.pod == pod.name);
        let failing = own.find(|it| !it.ready && how(evidence, it).is_some());
        failing.filter(|_| is_old).map(|it| (pod, it))
    })?;
    let how = how(evidence, container)?;
    let mut clues = vec![Clue::new(format!("pods[{}].current", pod.name), &pod.current)];
    clues.extend(wording::waiting(container));
    clues.extend(wording::last_exit(container));
    let line = crash_loop::telling_line(container);
    clues.extend(line.map(|it| Clue::new(crash_loop::told_in(container), it)));
    Some(Diagnosis {
        fault: Fault::RolloutStuck,
        container: Some(container.name.clone()),
        cause: cause(pod, container, &how),
        clues,
        confidence: confidence::FOLLOWS,
    })
}

fn cause(pod: &PodFacts, container: &ContainerFacts, how: &str) -> String {
    format!(
        "Pod {} is of an earlier template, and its {} {how}; the newest template does not reach it, since an ordered set \
         replaces no pod before this one is ready: somebody has to delete it.",
        pod.name,
        wording::named(container)
    )
}

/// How a container fails, as a part of a sentence.
fn how(evidence: &Evidence, container: &ContainerFacts) -> Option<String> {
    match container.state.waiting.as_deref() {
        Some("CrashLoopBackOff") => Some(crash_loop::ending(evidence, container)),
        Some("ContainerCreating" | "PodInitializing") => {
            lacks_a_volume(evidence, container).then(|| "waits for a volume in vain".to_owned())
        }
        None => {
            runs_unready(evidence, container).then(|| "runs and does not become ready".to_owned())
        }
        Some(reason) => Some(format!("waits with {reason}")),
    }
}

/// Whether the kubelet says again and again that it cannot mount what the pod of this container needs.
fn lacks_a_volume(evidence: &Evidence, container: &ContainerFacts) -> bool {
    let about = format!("/{}", container.pod);
    let is_mount = |it: &EventFacts| ["FailedMount", "FailedAttachVolume"].contains(&&*it.reason);
    let mut events = evidence.events.iter().filter(|it| it.object.ends_with(&about));
    events.any(|it| is_mount(it) && 1 < it.count)
}

/// Whether it has run for long, and its readiness probe fails.
fn runs_unready(evidence: &Evidence, container: &ContainerFacts) -> bool {
    let mut probes = container.probes.iter();
    let fails = probes.any(|it| it.kind == ProbeKind::Readiness && it.failure.is_some());
    fails && running_for(container, evidence).is_some_and(|it| PATIENCE < it)
}
