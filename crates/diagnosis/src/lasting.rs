//! How long a revision has to be ready before that says that it works, and not only that it has not ended yet.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod};

/// How long a pod of a revision has to be ready before the revision counts as one that works: without a probe, a
/// program that ends after a second is ready for that second.
pub const LASTING: SignedDuration = SignedDuration::from_secs(10);

/// What ends again and again is ready for as long as it lives; so many lives at a stretch are none of these moments.
const LIVES: i32 = 3;
/// What is ready for so long works, however it ends: the longest pause between two tries.
const LONG: SignedDuration = SignedDuration::from_mins(5);
/// The longest that a restart takes beside the lives before and after it, with room.
const RESTART: SignedDuration = SignedDuration::from_mins(6);
/// Time that no restart explains, from which on a pod must have run well before.
const UNEXPLAINED: SignedDuration = SignedDuration::from_hours(1);

/// How long a revision has to be ready at a stretch to count as one that works although containers of this pod of it
/// start and end again and again; `None` where they do not.
pub fn needed_readiness(pod: &Pod, now: Timestamp) -> Option<SignedDuration> {
    statuses(pod).filter(|it| keeps_ending(it, now)).map(needed).max()
}

/// Whether the pod is older, by hours, than all that its containers did since they end explains: it worked before.
pub(crate) fn worked_before(pod: &Pod, now: Timestamp) -> bool {
    let Some(begun) = begun(pod) else { return false };
    let age = now.duration_since(begun);
    let mut ended = statuses(pod).filter(|it| ends(it).next().is_some()).peekable();
    let is_unexplained = |it: &ContainerStatus| {
        let restarts = it.restart_count.saturating_add(1);
        let explained = (RESTART + needed(it)).checked_mul(restarts);
        explained.is_some_and(|it| UNEXPLAINED < age - it)
    };
    ended.peek().is_some() && ended.all(is_unexplained)
}

/// Since when its containers may run.
fn begun(pod: &Pod) -> Option<Timestamp> {
    let status = pod.status.as_ref()?;
    let mut conditions = status.conditions.iter().flatten();
    let is_it = |it: &&k8s_openapi::api::core::v1::PodCondition| {
        it.type_ == "Initialized" && it.status == "True"
    };
    let initialized = conditions.find(is_it)?.last_transition_time.as_ref()?.0;
    Some(status.start_time.as_ref().map_or(initialized, |it| it.0.max(initialized)))
}

/// The containers that are to run as long as the pod does.
fn statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let runs_on = |name: &str| {
        let mut declared = pod.spec.iter().flat_map(|it| it.init_containers.iter().flatten());
        declared.any(|it| it.name == name && it.restart_policy.as_deref() == Some("Always"))
    };
    let status = pod.status.iter();
    let beside = status.clone().flat_map(|it| it.init_container_statuses.iter().flatten());
    let apps = status.flat_map(|it| it.container_statuses.iter().flatten());
    apps.chain(beside.filter(move |it| runs_on(&it.name)))
}

/// Whether it has ended more than once, and has not run for much longer since.
fn keeps_ending(container: &ContainerStatus, now: Timestamp) -> bool {
    let state = container.state.as_ref();
    let waiting = state.and_then(|it| it.waiting.as_ref()?.reason.as_deref());
    let has_ended = state.is_some_and(|it| it.terminated.is_some());
    // Between two ends it runs, and may even be ready.
    let since = state.and_then(|it| it.running.as_ref()?.started_at.as_ref());
    let is_new = since.is_some_and(|it| now.duration_since(it.0) < needed(container));
    0 < container.restart_count && (waiting == Some("CrashLoopBackOff") || has_ended || is_new)
}

/// How long it has to be ready to be more than between two of its ends. What lived long at once has shown enough.
fn needed(container: &ContainerStatus) -> SignedDuration {
    let life = ends(container).filter_map(life).max().unwrap_or(SignedDuration::ZERO);
    if LONG <= life { LASTING } else { (life * LIVES).clamp(LASTING, LONG) }
}

/// Its newest end, and the one before.
fn ends(container: &ContainerStatus) -> impl Iterator<Item = &ContainerStateTerminated> {
    let states = [container.state.as_ref(), container.last_state.as_ref()];
    states.into_iter().flatten().filter_map(|it| it.terminated.as_ref())
}

fn life(end: &ContainerStateTerminated) -> Option<SignedDuration> {
    let (start, end) = end.started_at.as_ref().zip(end.finished_at.as_ref())?;
    Some(end.0.duration_since(start.0))
}
