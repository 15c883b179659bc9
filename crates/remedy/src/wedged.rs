//! Whether it is one pod alone that does not answer any more, and what speaks for a process that hangs there: others
//! like it go on, or its own log says so. Never where what it calls may be down: that outlives the pod.

use jiff::SignedDuration;
use types::{
    ContainerFacts, Diagnosis, Evidence, Fault, Kind, NeighbourFacts, NodeFacts, PodFacts,
    ProbeFacts, ProbeKind, ServiceFacts,
};

use crate::needs::{is_need, needed};
use crate::place;

/// How long a pod has to be unready at least: a pause is over sooner, and what others lose as well they have lost by
/// then.
const PATIENCE_SECS: i64 = 60;
/// So many times what its probe takes to find out.
const TIMES: i64 = 2;
/// What is said of a pod that its node, or somebody, is about to take away.
const TAKEN: [&str; 5] =
    ["Evicted", "Preempted", "Preempting", "TaintManagerEviction", "NodeNotReady"];

/// What speaks for a process that hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign<'e> {
    /// So many pods of the same template are ready, and were all the time.
    Alone(usize),
    /// A line of its log says it.
    Said(&'e str),
}

/// What speaks for a process that hangs in the one pod that fails.
pub(crate) fn sign<'e>(diagnosis: &Diagnosis, evidence: &'e Evidence) -> Option<Sign<'e>> {
    let container = place::container(diagnosis, evidence)?;
    let counts =
        diagnosis.fault == Fault::ReadinessProbeFailing && has_its_needs(diagnosis, evidence);
    if counts { sign_in(container, evidence) } else { None }
}

/// The pod that the facts alone say hangs, whatever was diagnosed.
pub(crate) fn hanging(evidence: &Evidence) -> Option<&str> {
    let hangs = |it: &&ContainerFacts| sign_in(it, evidence).is_some();
    evidence.containers.iter().find(hangs).map(|it| it.pod.as_str())
}

/// What speaks for it in this container.
fn sign_in<'e>(container: &'e ContainerFacts, evidence: &'e Evidence) -> Option<Sign<'e>> {
    let (pod, others) = the_one(evidence)?;
    let probe = container.probes.iter().find(|it| it.kind == ProbeKind::Readiness)?;
    let counts = container.pod == pod.name
        && probe.host.is_none()
        && has_lost_readiness(pod, container, probe, evidence)
        && is_undisturbed(pod, evidence)
        && !calls_in_vain(container, evidence);
    if !counts {
        return None;
    }
    let said = container.wedged.as_deref().map(Sign::Said);
    let alone = is_alone(pod, container, &others, evidence).then_some(Sign::Alone(others.len()));
    said.or(alone)
}

/// The one pod that fails, and the others; none where anything is on its way.
fn the_one(evidence: &Evidence) -> Option<(&PodFacts, Vec<&PodFacts>)> {
    let left = evidence.pods.iter().filter(|it| !place::is_over(it));
    let (failing, others): (Vec<_>, Vec<_>) = left.partition(|it| !it.ready);
    let [pod] = failing.as_slice() else { return None };
    let workload = &evidence.workload;
    let n_pods = u32::try_from(others.len()).ok()?.checked_add(1)?;
    let is_whole = workload.desired == n_pods
        && workload.desired <= workload.updated
        && evidence.pods.iter().all(|it| it.current && !it.terminating);
    let is_at_rest = is_whole
        && workload.was_ready
        && workload.failed_condition.is_none()
        && workload.maintenance.is_none();
    is_at_rest.then_some((*pod, others))
}

/// Whether the pod was ready in this very life of its containers, and has not been for longer than a pause takes.
fn has_lost_readiness(
    pod: &PodFacts,
    container: &ContainerFacts,
    probe: &ProbeFacts,
    evidence: &Evidence,
) -> bool {
    let secs = |it: u32| SignedDuration::from_secs(i64::from(it));
    let (Some(lost), Some(began)) = (pod.unready_since, container.state.running_since) else {
        return false;
    };
    let is_older = |it: &ContainerFacts| {
        it.pod != pod.name || it.state.running_since.is_none_or(|began| began < lost)
    };
    let own = secs(probe.period()) * i32::try_from(probe.tries()).unwrap_or(i32::MAX);
    let patience =
        (own * i32::try_from(TIMES).unwrap_or(2)).max(SignedDuration::from_secs(PATIENCE_SECS));
    pod.phase == "Running"
        && !container.ready
        && began + secs(probe.period()) < lost
        && evidence.containers.iter().all(is_older)
        && evidence.workload.rolled_out_at.is_none_or(|it| it < lost)
        && patience <= evidence.taken_at.duration_since(lost)
}

/// Whether nobody else is at it, and its node is well, as far as that is told. A node that nobody can read is not.
fn is_undisturbed(pod: &PodFacts, evidence: &Evidence) -> bool {
    let node = pod.node.as_deref();
    let is_well = |nodes: &NodeFacts| {
        let mut bad = nodes.down.iter().chain(&nodes.strained);
        !bad.any(|it| Some(it.as_str()) == node)
    };
    let mut strains = evidence.node_mates.iter().flat_map(|it| &it.strains);
    let about = format!("/{}", pod.name);
    let is_taken =
        |it: &types::EventFacts| it.object.ends_with(&about) && TAKEN.contains(&it.reason.as_str());
    node.is_some()
        && evidence.nodes.as_ref().is_some_and(is_well)
        && !strains.any(|it| Some(it.node.as_str()) == node)
        && !pod.cut_off
        && pod.unmet_gates.is_empty()
        && !evidence.events.iter().any(is_taken)
}

/// Whether all that it says that it needs is known to be there.
fn has_its_needs(diagnosis: &Diagnosis, evidence: &Evidence) -> bool {
    let is_up = |it: &ServiceFacts| {
        let is_whole =
            |it: &String| stands(it, evidence).any(|it| 0 < it.ready && it.desired <= it.ready);
        it.selects && !it.behind.is_empty() && it.behind.iter().all(is_whole)
    };
    let n_needs = diagnosis.clues.iter().filter(|it| is_need(it)).count();
    let n_up = needed(diagnosis, evidence).filter(|it| is_up(it)).count();
    n_needs <= n_up
}

/// Whether something that it is known to call has nothing ready behind it.
fn calls_in_vain(container: &ContainerFacts, evidence: &Evidence) -> bool {
    let is_down = |name: &String| {
        let mut services = evidence.services.iter().filter(|it| it.name == *name);
        services.any(|it| it.behind.iter().any(|it| stands(it, evidence).any(|it| it.ready == 0)))
    };
    container.calls.iter().any(is_down)
}

/// The workload that a Service takes, as it stands.
fn stands<'e>(behind: &str, evidence: &'e Evidence) -> impl Iterator<Item = &'e NeighbourFacts> {
    let named =
        move |it: &&NeighbourFacts| format!("{} {}", it.object.kind, it.object.name) == behind;
    evidence.neighbours.iter().filter(named)
}

/// Whether others of the same template are ready and were all the time, so that it is this pod and nothing that all of
/// them share. Pods of a StatefulSet have their own data and their own part each, and one may lag behind for good
/// reason; so may one that counts how far it is. Where pods are replaced by hand nobody knows that they are alike.
fn is_alone(
    pod: &PodFacts,
    container: &ContainerFacts,
    others: &[&PodFacts],
    evidence: &Evidence,
) -> bool {
    let are_alike = match evidence.subject.kind {
        Kind::Deployment => true,
        Kind::DaemonSet => !evidence.workload.on_delete,
        Kind::Pod
        | Kind::ReplicaSet
        | Kind::StatefulSet
        | Kind::Job
        | Kind::CronJob
        | Kind::Node
        | Kind::Service
        | Kind::PersistentVolumeClaim
        | Kind::ConfigMap => false,
    };
    let stays =
        |it: &&PodFacts| it.ready_since.zip(pod.unready_since).is_some_and(|it| it.0 <= it.1);
    are_alike && !container.at_work && !others.is_empty() && others.iter().all(stays)
}
