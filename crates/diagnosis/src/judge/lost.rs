//! What was lost since a fix, and how near it stands: same owner, same Service, same namespace, same node.

use jiff::{SignedDuration, Timestamp};
use types::{
    Evidence, NeighbourFacts, NodeMateFacts, ObjectRef, PodFacts, ServiceFacts, StrainFacts,
};

use super::is_edited_in_place;

/// A pod that was restarted is ready for good when it has been ready for this long: the longest pause between two
/// tries.
const STEADY: SignedDuration = SignedDuration::from_mins(5);
/// More node mates than this are not remembered.
const MAX_REMEMBERED: usize = 200;

/// What was ready before the fix and is not now, in words that begin with how near it stands; `None` of no loss
/// that a fix can be blamed for. `fails`: whether the workload itself has a fault now.
pub(super) fn lost(
    before: &Evidence,
    now: &Evidence,
    applied_at: Timestamp,
    fails: bool,
) -> Option<String> {
    let lost = lost_neighbour(before, now).or_else(|| lost_node_mate(before, now, applied_at));
    lost.or_else(|| lost_own(before, now, fails))
}

/// Replicas of the workload itself. A rollout goes without some of them for as long as the new ones take to start;
/// where these fail, they are lost.
fn lost_own(before: &Evidence, now: &Evidence, fails: bool) -> Option<String> {
    if now.workload.rolling_out && !fails && !is_edited_in_place(now) {
        return None;
    }
    let passing = before.pods.iter().filter(|it| is_passing(it, before.taken_at)).count();
    let was = before.workload.ready.saturating_sub(u32::try_from(passing).unwrap_or(u32::MAX));
    let is = now.workload.ready;
    (is < was.min(now.workload.desired))
        .then(|| format!("same owner: {is} ready, {was} before the fix"))
}

/// Whether this pod was ready only between two of its ends.
fn is_passing(pod: &PodFacts, taken_at: Timestamp) -> bool {
    let lasts = pod.ready_since.is_some_and(|it| STEADY <= taken_at.duration_since(it));
    pod.ready && 0 < pod.restarts && !lasts
}

/// A neighbour of the namespace. Nobody but the workload was touched there, so that every loss counts.
fn lost_neighbour(before: &Evidence, now: &Evidence) -> Option<String> {
    before.neighbours.iter().filter(|it| is_witness(it)).find_map(|was| {
        let now_it = now.neighbours.iter().find(|it| it.object.is_same(&was.object))?;
        has_lost(was, now_it).then(|| {
            let object = &was.object;
            format!("{}: {object} lost replicas that were ready", nearness(before, was))
        })
    })
}

/// A workload of another namespace on the same node. There a loss counts where the node explains it, since the fix:
/// where the node says so itself, or two namespaces do. What one of them says alone may be said to have the fix
/// taken back.
fn lost_node_mate(before: &Evidence, now: &Evidence, applied_at: Timestamp) -> Option<String> {
    let lost: Vec<_> = before
        .node_mates
        .iter()
        .filter(|it| is_witness(&it.workload))
        .filter_map(|was| {
            let now_it = now.node_mates.iter().find(|it| is_same(it, was))?;
            let is_lost = has_lost(&was.workload, &now_it.workload);
            is_lost.then_some((&was.workload.object, &now_it.strains))
        })
        .flat_map(|(object, strains)| strains.iter().map(move |it| (object, it)))
        .filter(|(_, strain)| applied_at <= strain.at)
        .collect();
    let (object, strain) =
        lost.iter().find(|(_, it)| it.kind.is_said_by_node() || is_said_by_two(it, &lost))?;
    Some(format!("same node: {object} lost replicas that were ready: {strain}"))
}

/// Whether workloads of two namespaces tell of trouble on the node of this one.
fn is_said_by_two(strain: &StrainFacts, lost: &[(&ObjectRef, &StrainFacts)]) -> bool {
    let mut there = lost.iter().filter(|(_, it)| it.node == strain.node).map(|it| it.0);
    let Some(first) = there.next() else { return false };
    there.any(|it| it.namespace != first.namespace)
}

/// Whether it steadily had all its replicas before the fix.
fn is_witness(was: &NeighbourFacts) -> bool {
    was.steady && was.desired <= was.ready
}

/// Whether it lacks some that it had, though nobody changed what it wants.
fn has_lost(was: &NeighbourFacts, now: &NeighbourFacts) -> bool {
    now.generation == was.generation && now.ready < now.desired.min(was.ready)
}

fn is_same(a: &NodeMateFacts, b: &NodeMateFacts) -> bool {
    a.workload.object.is_same(&b.workload.object)
}

/// How near a neighbour of the namespace stands: behind the same Service, or no nearer.
fn nearness(before: &Evidence, neighbour: &NeighbourFacts) -> String {
    let name = |kind: &str, name: &str| format!("{kind} {name}");
    let own = name(before.subject.kind.as_str(), &before.subject.name);
    let its = name(neighbour.object.kind.as_str(), &neighbour.object.name);
    let has_both = |it: &&ServiceFacts| it.behind.contains(&own) && it.behind.contains(&its);
    match before.services.iter().find(has_both) {
        Some(service) => format!("same Service {}", service.name),
        None => "same namespace".to_owned(),
    }
}

/// Adds to what was before the fix the node mates that come into view now: a rollout puts its pods on other nodes,
/// and what was there before them can be seen only when they arrive. What is known already stays as it was.
pub fn meet(before: &mut Evidence, now: &Evidence) {
    let room = MAX_REMEMBERED.saturating_sub(before.node_mates.len());
    let is_new = |it: &&NodeMateFacts| !before.node_mates.iter().any(|was| is_same(it, was));
    let new: Vec<_> = now.node_mates.iter().filter(is_new).take(room).cloned().collect();
    before.node_mates.extend(new);
}
