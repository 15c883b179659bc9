//! What speaks for a new pod, once more: without it no machine takes one away.

use types::{ContainerFacts, Evidence, FixPlan, Kind, PodFacts, ProbeKind};

use super::Rules;

/// Whether the facts speak for each pod that is taken away, or the operator wrote that they need not.
pub(super) fn spoken_for(plan: &FixPlan, rules: &Rules, evidence: &Evidence) -> bool {
    if plan.strategy.name() != "restart_pod" || rules.says("restart_pod") == "auto" {
        return true;
    }
    plan.steps.iter().filter(|it| it.action == types::Action::Evict).all(|step| {
        let name = step.target.name.as_str();
        is_behind(name, evidence) || has_mark(name, evidence) || hangs(name, evidence)
    })
}

/// One of an ordered set of which no failing pod has the newest template.
fn is_behind(name: &str, evidence: &Evidence) -> bool {
    let waits = |it: &&PodFacts| !it.ready && !it.terminating && it.phase != "Succeeded";
    let mut failing: Vec<&PodFacts> = evidence.pods.iter().filter(waits).collect();
    let number = |it: &PodFacts| it.name.rsplit('-').next().and_then(|it| it.parse::<u32>().ok());
    failing.sort_by_key(|it| number(it));
    evidence.subject.kind == Kind::StatefulSet
        && evidence.workload.ordered
        && failing.iter().all(|it| !it.current)
        && failing.iter().rev().take(2).any(|it| it.name == name)
}

fn has_mark(name: &str, evidence: &Evidence) -> bool {
    let found = |it: &ContainerFacts| it.left_behind.is_some() && it.left_in_scratch;
    evidence.workload.was_ready
        && evidence.containers.iter().any(|it| {
            it.pod == name && it.role == types::ContainerRole::App && !it.ready && found(it)
        })
}

fn hangs(name: &str, evidence: &Evidence) -> bool {
    let workload = &evidence.workload;
    let put_off =
        ["Evicted", "NodeShutdown", "Terminated", "Preempting", "UnexpectedAdmissionError"];
    let is_over = |it: &PodFacts| {
        let reason = it.reason.as_deref().unwrap_or_default();
        let ended = it.phase == "Succeeded" || it.phase == "Failed" && put_off.contains(&reason);
        ended && !it.ready && !it.terminating
    };
    let living: Vec<&PodFacts> = evidence.pods.iter().filter(|it| !is_over(it)).collect();
    let failing: Vec<&&PodFacts> = living.iter().filter(|it| !it.ready).collect();
    let [pod] = failing.as_slice() else { return false };
    let is_whole = u32::try_from(living.len()) == Ok(workload.desired)
        && workload.desired <= workload.updated
        && evidence.pods.iter().all(|it| it.current && !it.terminating);
    let is_calm =
        workload.was_ready && workload.failed_condition.is_none() && workload.maintenance.is_none();
    let shows = |it: &ContainerFacts| {
        has_lost(it, pod, evidence) && !calls_in_vain(it, evidence) && {
            it.wedged.is_some() || !it.at_work && is_alone(pod, &living, evidence)
        }
    };
    pod.name == name
        && is_whole
        && is_calm
        && is_left_in_peace(pod, evidence)
        && evidence.containers.iter().any(shows)
}

fn has_lost(container: &ContainerFacts, pod: &PodFacts, evidence: &Evidence) -> bool {
    let probe = container.probes.iter().find(|it| it.kind == ProbeKind::Readiness);
    let (Some(probe), Some(lost), Some(began)) =
        (probe, pod.unready_since, container.state.running_since)
    else {
        return false;
    };
    let period = i64::from(probe.period_secs.unwrap_or(10));
    let patience = 60.max(2 * period * i64::from(probe.failure_threshold.unwrap_or(3)));
    let all = evidence.containers.iter().filter(|it| it.pod == pod.name);
    container.pod == pod.name
        && probe.host.is_none()
        && pod.phase == "Running"
        && !container.ready
        && began.as_second() + period < lost.as_second()
        && all.filter_map(|it| it.state.running_since).all(|it| it < lost)
        && evidence.workload.rolled_out_at.is_none_or(|it| it < lost)
        && patience <= evidence.taken_at.as_second() - lost.as_second()
}

fn is_left_in_peace(pod: &PodFacts, evidence: &Evidence) -> bool {
    let (Some(node), Some(nodes)) = (&pod.node, &evidence.nodes) else { return false };
    let taken = ["Evicted", "Preempted", "Preempting", "TaintManagerEviction", "NodeNotReady"];
    let mut strains = evidence.node_mates.iter().flat_map(|it| &it.strains);
    !nodes.down.contains(node)
        && !nodes.strained.contains(node)
        && !strains.any(|it| it.node == *node)
        && !pod.cut_off
        && pod.unmet_gates.is_empty()
        && !evidence.events.iter().any(|it| {
            it.object.ends_with(&format!("/{}", pod.name)) && taken.contains(&it.reason.as_str())
        })
}

fn calls_in_vain(container: &ContainerFacts, evidence: &Evidence) -> bool {
    let called = evidence.services.iter().filter(|it| container.calls.contains(&it.name));
    let behind: Vec<&String> = called.flat_map(|it| &it.behind).collect();
    evidence.neighbours.iter().any(|it| {
        it.ready == 0 && behind.contains(&&format!("{} {}", it.object.kind, it.object.name))
    })
}

fn is_alone(pod: &PodFacts, living: &[&PodFacts], evidence: &Evidence) -> bool {
    let alike = match evidence.subject.kind.as_str() {
        "Deployment" => true,
        "DaemonSet" => !evidence.workload.on_delete,
        _ => false,
    };
    let mut others = living.iter().filter(|it| it.ready).peekable();
    let stayed = |it: &&&PodFacts| it.ready_since.is_some() && it.ready_since <= pod.unready_since;
    alike && others.peek().is_some() && others.all(|it| stayed(&it))
}
